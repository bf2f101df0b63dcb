package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"richiamo/internal/dispatch"
)

const giovanni = "t1-1"

// claimed puts a claimed ticket into the store, and gives the call of it.
func claimed(t *testing.T, s *stage) call.Outbound {
	number, err := phone.Parse("0392345602")
	require.NoError(t, err)
	_, err = s.stores.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{{
		ID: "t1", Tenant: "demo", State: queue.Dialling, Phone: number, Token: 1, Arrived: time.Now(),
	}}})
	require.NoError(t, err)
	begin, err := json.Marshal(flow.Begin{Setup: setup(), Ticket: "t1", Attempt: 1, Number: "0392345602", Word: "471", Agent: "agent1"})
	require.NoError(t, err)
	return call.Outbound{
		Reception: call.Reception{Tenant: "demo", Language: "it", Script: flow.ScriptReturn, Begin: begin},
		ID:        giovanni, Ticket: "t1", Token: 1, Number: "0392345602", Shown: "800000000",
	}
}

// picksUp lets a telephone that rings be answered.
func (s *stage) picksUp(channel string) {
	s.x.mu.Lock()
	ch := s.x.channels[channel]
	s.x.mu.Unlock()
	require.NotNil(s.t, ch, "%s does not ring", channel)
	require.True(s.t, ch.Dialed, "%s was not dialled", channel)
	ch.Up = true
	s.x.tell(call.Event{Kind: call.Answered, Channel: channel})
	synctest.Wait()
}

// leg is the channel of the one party that a call has.
func (s *stage) leg(id string) string {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	var legs []string
	for name := range s.x.channels {
		if strings.HasPrefix(name, id+"~a") {
			legs = append(legs, name)
		}
	}
	require.Len(s.t, legs, 1)
	return legs[0]
}

// hasAsked tells whether something was asked of the outside.
func (s *stage) hasAsked(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.asked, func(asked string) bool { return strings.HasSuffix(asked, " "+name) })
}

// refuses ends a telephone that rings.
func (s *stage) refuses(channel string, cause, sip int) {
	s.x.mu.Lock()
	s.x.end(channel, cause, sip)
	s.x.mu.Unlock()
	synctest.Wait()
}

func TestACallOfOursFromDialToAgent(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		o := claimed(t, s)
		require.NoError(t, s.runner.Place(t.Context(), o))
		require.NoError(t, s.runner.Place(t.Context(), o), "asked twice")
		s.listen(time.Second)
		assert.Equal(t, []string{"creates " + giovanni, "rings " + giovanni}, s.heard())
		s.picksUp(giovanni)
		s.listen(12 * time.Second)
		assert.True(t, has(s.heard(), "return.hello"))
		s.press(giovanni, "1")
		s.listen(4 * time.Second)
		heard := s.heard()
		assert.True(t, has(heard, "agent.here"))
		agent := s.leg(giovanni)
		assert.Contains(t, heard, "rings "+agent)
		s.picksUp(agent)
		s.listen(time.Second)
		assert.Equal(t, []string{"", strings.TrimPrefix(agent, giovanni)}, s.speaking(giovanni))
		s.refuses(agent, 16, 0) // the agent hangs up
		s.listen(3 * time.Second)
		assert.False(t, s.runner.Live(giovanni))
		assert.True(t, s.hasAsked(flow.AskTalked))
		require.NoError(t, s.runner.Place(t.Context(), o), "and once more when it is over")
		s.listen(time.Second)
		assert.Equal(t, 1, s.x.rings[giovanni])
	})
}

func TestHowACallOfOursEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cause, sip int
		want       queue.Outcome
	}{
		{17, 486, queue.Busy}, {19, 480, queue.NoAnswer}, {1, 404, queue.Unreachable}, {21, 603, queue.Rejected},
		{34, 503, queue.OurFault}, {19, 0, queue.NoAnswer}, {0, 0, queue.OurFault},
	} {
		t.Run(fmt.Sprintf("%d/%d", tt.cause, tt.sip), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				var ended flow.AttemptEnded
				s.answer(flow.AskAttempt, func(q call.Question) (any, error) {
					return flow.Empty{}, json.Unmarshal(q.Payload, &ended)
				})
				require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
				s.listen(5 * time.Second)
				s.refuses(giovanni, tt.cause, tt.sip)
				s.listen(time.Second)
				assert.Equal(t, tt.want, ended.Outcome)
				assert.False(t, s.runner.Live(giovanni))
			})
		})
	}
}

// answer sets the answer to one kind of request.
func (s *stage) answer(name string, by func(call.Question) (any, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[name] = by
}

// The process dies at any moment of a call of ours: the telephone rings once
// for the attempt, and the call comes to an end.
func TestACallOfOursKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"create", "may-dial", "dial", "ringing", "answered", "hello", "agent rings", "talk"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				reached := make(chan struct{})
				var once sync.Once
				hang := func(ctx context.Context) { // the process never gets beyond this point
					once.Do(func() { close(reached) })
					<-ctx.Done()
				}
				died := false
				s.x.fail = func(c call.Command) error {
					if died {
						return nil
					}
					switch {
					case point == "create" && c.Op == call.DoCreate, point == "dial" && c.Op == call.DoDial:
						once.Do(func() { close(reached) })
						return errors.New("the process is dead") // nothing was done
					}
					return nil
				}
				s.stores.Faults.Before(func(ctx context.Context, verb memstore.Verb, _ int) memstore.Fault {
					if point == "may-dial" && verb == memstore.DoMayDial && !died {
						hang(ctx)
						return memstore.Refused
					}
					return memstore.None
				})
				go func() { _ = s.runner.Place(t.Context(), claimed(t, s)) }()
				synctest.Wait()
				switch point {
				case "create", "may-dial", "dial":
					<-reached
				case "ringing":
					s.listen(3 * time.Second)
				default:
					s.listen(time.Second)
					s.picksUp(giovanni)
					if point == "hello" || point == "agent rings" || point == "talk" {
						s.listen(10 * time.Second)
					}
					if point == "agent rings" || point == "talk" {
						s.press(giovanni, "1")
						s.listen(4 * time.Second)
					}
					if point == "talk" {
						s.picksUp(s.leg(giovanni))
						s.listen(time.Second)
					}
				}
				s.kill()
				died = true
				s.listen(500 * time.Millisecond)
				s.heard()
				s.start()
				s.listen(2 * time.Second)
				rings := s.x.rings[giovanni]
				assert.LessOrEqual(t, rings, 1, "rings of one attempt")
				for range 4 { // whoever rings is answered, whoever speaks hangs up in the end
					s.x.mu.Lock()
					ch := s.x.channels[giovanni]
					s.x.mu.Unlock()
					if ch == nil {
						break
					}
					if ch.Dialed && !ch.Up {
						s.picksUp(giovanni)
					}
					s.listen(15 * time.Second)
				}
				if point == "talk" {
					assert.NotContains(t, s.heard(), "hangs up "+giovanni, "the talk goes on")
				}
				s.refuses(giovanni, 16, 0)
				s.listen(10 * time.Second)
				assert.False(t, s.runner.Live(giovanni))
				assert.LessOrEqual(t, s.x.rings[giovanni], 1)
			})
		})
	}
}

// The process dies while it reports how a call ended, of ours or not: the
// successor reports it.
func TestKilledWhileReporting(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"hung up while talking", "not answered"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				reported, dying := 0, true
				report := func(call.Question) (any, error) {
					if dying {
						return nil, errNever
					}
					reported++
					return flow.Empty{}, nil
				}
				s.answer(flow.AskAttempt, report)
				s.answer(flow.AskTalked, report)
				require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
				s.listen(time.Second)
				if how == "not answered" {
					s.refuses(giovanni, 17, 486)
				} else {
					s.picksUp(giovanni)
					s.listen(8 * time.Second)
					s.press(giovanni, "1")
					s.listen(4 * time.Second)
					s.picksUp(s.leg(giovanni))
					s.listen(time.Second)
					s.hangsUp(giovanni)
				}
				s.kill()
				dying = false
				s.start()
				s.listen(time.Second)
				assert.Equal(t, 1, reported)
				assert.False(t, s.runner.Live(giovanni))
				assert.False(t, s.record(giovanni).Ended.IsZero())
			})
		})
	}
}

// Each store verb of a call of ours is refused, or done and reported as
// failed: nobody is dialled without a record, and nobody twice.
func TestACallOfOursWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	for _, verb := range []memstore.Verb{memstore.DoCreate, memstore.DoSave, memstore.DoMayDial, memstore.DoLoad} {
		for name, fault := range map[string]memstore.Fault{"refused": memstore.Refused, "lost": memstore.Lost} {
			t.Run(string(verb)+" "+name, func(t *testing.T) {
				t.Parallel()
				play(t, func(t *testing.T, s *stage) {
					o := claimed(t, s)
					s.stores.Faults.Nth(verb, 1, fault)
					err := s.runner.Place(t.Context(), o)
					if verb == memstore.DoCreate {
						require.ErrorIs(t, err, call.ErrUnavailable)
						s.listen(time.Second)
						assert.Empty(t, s.heard(), "nobody is dialled without a record")
						require.NoError(t, s.runner.Place(t.Context(), o), "the planner asks again")
					}
					s.listen(2 * time.Second)
					s.x.mu.Lock()
					rings := s.x.rings[giovanni]
					s.x.mu.Unlock()
					if verb == memstore.DoMayDial {
						assert.NotContains(t, s.heard(), "rings "+giovanni, "not known whether it may: it does not ring")
						assert.False(t, s.runner.Live(giovanni))
						return
					}
					assert.Equal(t, 1, rings)
					s.picksUp(giovanni)
					s.refuses(giovanni, 16, 0)
					s.listen(time.Second)
					assert.False(t, s.runner.Live(giovanni))
				})
			})
		}
	}
}

// A claim that is not the newest does not ring.
func TestAnOldClaimDoesNotRing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		o := claimed(t, s)
		o.Token = 0
		require.NoError(t, s.runner.Place(t.Context(), o))
		s.listen(time.Second)
		heard := s.heard()
		assert.NotContains(t, heard, "rings "+giovanni)
		assert.Contains(t, heard, "hangs up "+giovanni)
		assert.False(t, s.runner.Live(giovanni))
	})
}

// A connection that fails is tried again: nobody is left in silence.
func TestAFailedConnectionIsTriedAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		s.picksUp(giovanni)
		s.listen(8 * time.Second)
		s.press(giovanni, "1")
		s.listen(4 * time.Second)
		failures := 0
		s.x.mu.Lock()
		s.x.fail = func(c call.Command) error {
			if c.Op == call.DoJoin && failures < 3 {
				failures++
				return errors.New("the exchange does not answer")
			}
			return nil
		}
		s.x.mu.Unlock()
		s.picksUp(s.leg(giovanni))
		s.listen(2 * time.Second)
		assert.Equal(t, 3, failures)
		assert.Len(t, s.speaking(giovanni), 2)
	})
}

// Whoever can't take the exchange over does not begin.
func TestStartNeedsTheTerm(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.stores.Faults.Nth(memstore.DoTake, 1, memstore.Refused)
		r := call.NewRunner(call.Config{Node: "ast1", Scripts: flow.Scripts(), Host: s, Line: s.x, Store: s.stores.Calls, Nodes: s.stores.Calls, Outside: s})
		require.ErrorIs(t, r.Start(t.Context()), call.ErrUnavailable)
		r.Stop()
		s.stores.Faults.Nth(memstore.DoLive, 1, memstore.Refused)
		require.ErrorIs(t, s.runner.Connected(t.Context(), nil), call.ErrUnavailable)
	})
}

// An agent's turn that comes when it can't be taken is taken as soon as it can.
func TestAgentAndCaller(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.answers[flow.AskEnter] = flow.Outlook{Ticket: "t9", Known: true, Minutes: 4, Ahead: 1}
		s.calls(maria, "0212345678")
		s.press(maria, "0")
		s.listen(12 * time.Second)
		assert.Contains(t, s.heard(), "music")
		require.NoError(t, s.runner.Turn(maria, "agent1"))
		require.NoError(t, s.runner.Turn(maria, "agent1"), "twice is as once")
		s.listen(4 * time.Second)
		heard := s.heard()
		assert.True(t, has(heard, "person.connecting"))
		leg := s.leg(maria)
		assert.Contains(t, heard, "rings "+leg)
		s.refuses(leg, 19, 480) // the agent does not answer
		s.listen(time.Second)
		assert.Contains(t, s.heard(), "music")
		require.NoError(t, s.runner.Turn(maria, "agent2"))
		s.listen(3 * time.Second)
		leg = s.leg(maria)
		s.picksUp(leg)
		s.listen(time.Second)
		assert.Len(t, s.speaking(maria), 2)
		s.hangsUp(maria)
		s.listen(time.Second)
		assert.Contains(t, s.heard(), "hangs up "+leg, "the agent is not left on a dead line")
		assert.False(t, s.runner.Live(maria))
		require.ErrorIs(t, s.runner.Turn(maria, "agent1"), call.ErrNotFound)
	})
}
