package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// A call of ours is ended at whatever point it is: nothing rings afterwards, and
// its end is reported once.
func TestCancelAtAnyPoint(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"before it is made", "while it is made", "while it is asked", "while it is dialled", "ringing", "answered", "agent rings", "over"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				reported := 0
				s.answer(flow.AskAttempt, func(call.Question) (any, error) {
					reported++
					return flow.Empty{}, nil
				})
				cancel := func() {
					s.runner.Cancel(giovanni)
					s.runner.Cancel(giovanni) // twice is as once
				}
				s.cancelDuring(point, cancel)
				require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
				if point == "before it is made" {
					cancel()
				}
				s.listen(time.Second)
				switch point {
				case "ringing":
					cancel()
				case "answered", "agent rings":
					s.picksUp(giovanni)
					s.listen(10 * time.Second)
					if point == "agent rings" {
						s.press(giovanni, "1")
						s.listen(4 * time.Second)
					}
					cancel()
				case "over":
					s.refuses(giovanni, 17, 486)
					cancel()
				}
				s.listen(time.Second)
				rings := s.x.rings[giovanni]
				s.listen(30 * time.Second)
				assert.False(t, s.runner.Live(giovanni))
				assert.Empty(t, s.x.channels)
				assert.Equal(t, rings, s.x.rings[giovanni], "it does not ring again")
				assert.Equal(t, 1, reported)
			})
		})
	}
}

// cancelDuring has a call cancelled while one step of its dial is under way.
func (s *stage) cancelDuring(point string, cancel func()) {
	during := map[string]call.Op{"while it is made": call.DoCreate, "while it is dialled": call.DoDial}
	s.x.fail = func(c call.Command) error {
		if c.Op == during[point] {
			cancel()
		}
		return nil
	}
	s.stores.Faults.Before(func(_ context.Context, verb memstore.Verb, _ int) memstore.Fault {
		if point == "while it is asked" && verb == memstore.DoMayDial {
			cancel()
		}
		return memstore.None
	})
}

// A citizen who calls is not hung up by a name that is taken for one of ours.
func TestCancelIsForOurCallsOnly(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.runner.Cancel(maria)
		s.listen(time.Second)
		assert.True(t, s.runner.Live(maria))
	})
}

// The ticket goes another way, and the process dies before it could end the call
// that rings: the successor does.
func TestASupersededCallThatIsTakenUpIsEnded(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		s.kill()
		ticket, err := s.stores.Tickets.Ticket(t.Context(), "demo", "t1")
		require.NoError(t, err)
		ticket.Token++
		_, err = s.stores.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{ticket}})
		require.NoError(t, err)
		s.start()
		s.listen(time.Second)
		assert.Empty(t, s.x.channels)
		assert.False(t, s.runner.Live(giovanni))
	})
}

// The caller hangs up while the agent's telephone is being made to ring, at any
// step of it: it does not ring for nobody.
func TestNearMissZombieAgentRing(t *testing.T) {
	t.Parallel()
	for _, at := range []call.Op{call.DoCreate, call.DoDial, ""} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				s.kill()
				s.more, s.script = []dialogue.Script{office}, office.Name
				s.start()
				s.x.fail = func(c call.Command) error {
					if at != "" && c.Op == at {
						s.x.end(maria, 16, 0)
					}
					return nil
				}
				s.calls(maria, "0212345678")
				if at == "" {
					s.hangsUp(maria)
				}
				s.listen(2 * time.Second)
				assert.False(t, s.runner.Live(maria))
				assert.Empty(t, s.x.channels, "the agent's telephone is still")
			})
		})
	}
}

// The offices close: a call that can't be told now is told as soon as it can.
func TestClosingIsKept(t *testing.T) {
	t.Parallel()
	closing := dialogue.Script{Name: "closing", Version: 1, Flow: func(c *dialogue.Conversation) {
		c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		dialogue.Ask[struct{}](c, "slow", nil)
		in := c.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true}, nil)
		if in.Kind == dialogue.Closing {
			dialogue.Ask[struct{}](c, "told", nil)
		}
		c.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true}, nil) // and not twice
	}}
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		s.more, s.script = []dialogue.Script{closing}, "closing"
		s.start()
		slow := make(chan struct{})
		s.answer("slow", func(call.Question) (any, error) {
			<-slow
			return nil, errors.New("no")
		})
		s.calls(maria, "0212345678")
		require.NoError(t, s.runner.Close(maria))
		require.NoError(t, s.runner.Close(maria))
		s.listen(100 * time.Millisecond)
		close(slow)
		s.listen(100 * time.Millisecond)
		assert.Contains(t, s.asked, maria+".2 told")
		assert.True(t, s.runner.Live(maria))
		require.ErrorIs(t, s.runner.Close("nobody's"), call.ErrNotFound)
		require.ErrorIs(t, s.runner.Wish("nobody's", "agent1", dialogue.PutOnHold, ""), call.ErrNotFound)
	})
}

// Exchanges have been seen to end a telephone that rang to the end without a
// cause. Nobody answered: that is what is reported. A call that ends without a
// cause before, is our fault; one that was answered is never unanswered.
func TestFailure10NoAnswerReportedAsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after    time.Duration
		answered bool
		cause    int
		want     queue.Outcome
	}{
		"no cause at the end of the ring": {46 * time.Second, false, 0, queue.NoAnswer},
		"no answer at the end":            {46 * time.Second, false, 19, queue.NoAnswer},
		"no cause before":                 {5 * time.Second, false, 0, queue.OurFault},
		"answered, no cause":              {50 * time.Second, true, 0, queue.HungUp},
		"answered, cause 19":              {50 * time.Second, true, 19, queue.HungUp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				var ended flow.AttemptEnded
				s.answer(flow.AskAttempt, func(q call.Question) (any, error) {
					return flow.Empty{}, json.Unmarshal(q.Payload, &ended)
				})
				require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
				if tt.answered {
					s.listen(44 * time.Second)
					s.picksUp(giovanni)
					s.listen(tt.after - 44*time.Second)
				} else {
					s.listen(tt.after)
				}
				s.refuses(giovanni, tt.cause, 0)
				s.listen(2 * time.Second)
				assert.Equal(t, tt.want, ended.Outcome)
			})
		})
	}
}
