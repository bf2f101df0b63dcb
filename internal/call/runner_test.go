package call_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
)

const maria = "ast1-1.1"

func mariaIsKnown(s *stage) {
	s.answers[flow.AskIdentify] = flow.Identified{Found: true, Citizen: "RSSMRA36A41F205X", Eligible: true}
	s.answers[flow.AskRegister] = flow.Registered{Receipt: "417259"}
}

func TestACallFromWelcomeToGoodbye(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		mariaIsKnown(s)
		s.calls(maria, "0212345678")
		s.listen(2 * time.Second)
		s.press(maria, "1") // in the middle of the welcome
		s.listen(12 * time.Second)
		assert.True(t, has(s.heard(), "identify.card-ready"))
		s.press(maria, "1")
		s.press(maria, "2566723641320520")
		s.listen(4 * time.Second)
		assert.True(t, has(s.heard(), "identify.ask-card-digits"))
		s.press(maria, "40718")
		s.listen(30 * time.Second)
		heard := s.heard()
		assert.True(t, has(heard, "identify.found"))
		assert.True(t, has(heard, "number.cli-2"), "read to its end: %v", heard)
		s.press(maria, "1")
		s.listen(30 * time.Second)
		heard = s.heard()
		assert.True(t, has(heard, "preregister.saved"))
		assert.True(t, has(heard, "digit-4 digit-1 digit-7"), "the receipt: %v", heard)
		s.listen(60 * time.Second) // nothing more is pressed
		assert.True(t, has(s.heard(), "goodbye.thanks"))
		assert.False(t, s.runner.Live(maria))
		assert.False(t, s.record(maria).Ended.IsZero())
	})
}

// A key in a confirmation counts only once what is confirmed has been heard.
func TestKeysBeforeTheMarkAreDropped(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		mariaIsKnown(s)
		s.calls(maria, "0212345678")
		s.press(maria, "1")
		s.listen(time.Second)
		s.press(maria, "12566723641320520")
		s.listen(4 * time.Second)
		s.press(maria, "40718")
		s.listen(7 * time.Second)
		s.press(maria, "1") // while the number is being read
		s.listen(3 * time.Second)
		require.False(t, s.hasAsked(flow.AskRegister))
		s.listen(8 * time.Second)
		s.press(maria, "1")
		s.listen(time.Second)
		require.True(t, s.hasAsked(flow.AskRegister))
	})
}

func TestHangupEndsTheRecord(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.listen(time.Second)
		s.hangsUp(maria)
		assert.False(t, s.runner.Live(maria))
		assert.False(t, s.record(maria).Ended.IsZero())
	})
}

// An event that is delivered twice is one; one that is late or unknown is none.
func TestEventsTwiceLateUnknownMissing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.x.tell(call.Event{Kind: call.Entered, Channel: maria, Args: []string{"in"}})
		s.x.tell(call.Event{Kind: call.Played, Channel: maria, Playback: "of-another"})
		s.x.tell(call.Event{Kind: call.Left, Channel: "nobody's"})
		s.x.tell(call.Event{Kind: call.Answered, Channel: maria + "~a7"})
		s.x.tell(call.Event{Kind: "unheard-of", Channel: maria})
		twice := call.Event{Kind: call.Key, Channel: maria, Digit: '1', At: time.Now()}
		s.runner.Event(twice)
		s.runner.Event(twice)
		s.listen(20 * time.Second)
		require.Len(t, s.record(maria).Journal.Inputs, 2, "the key counted once")
		s.x.mu.Lock()
		s.x.playing[maria].timer.Stop() // the end of this playback is never told
		delete(s.x.playing, maria)
		s.x.mu.Unlock()
		s.listen(100 * time.Second)
		assert.True(t, has(s.heard(), "identify.card-wait"), "the call goes on by itself")
	})
}

// The process dies at any moment of a call: its successor asks the last
// question again, and the call comes to the same end.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for moment := 500 * time.Millisecond; moment < 46*time.Second; moment += 1500 * time.Millisecond {
		t.Run(moment.String(), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				mariaIsKnown(s)
				began := time.Now()
				killed := false
				until := func(at time.Duration) {
					if !killed && moment < at {
						s.listen(max(moment-time.Since(began), 0))
						s.kill()
						s.listen(700 * time.Millisecond)
						s.start()
						killed = true
					}
					if left := at - time.Since(began); left > 0 {
						s.listen(left)
					}
				}
				press := func(at time.Duration, keys string) {
					for i := range keys {
						until(at + time.Duration(i)*400*time.Millisecond)
						s.press(maria, keys[i:i+1])
					}
				}
				s.calls(maria, "0212345678")
				press(4*time.Second, "1")
				press(10*time.Second, "1")
				press(17*time.Second, "2566723641320520")
				press(30*time.Second, "40718")
				until(48 * time.Second)
				require.True(t, killed)
				s.heard()
				s.listen(time.Minute)
				require.NotEmpty(t, s.heard(), "the voice speaks on")
				s.hangsUp(maria)
				r := s.record(maria)
				require.False(t, r.Ended.IsZero(), "the call comes to its end")
				resumed := 0
				for _, in := range r.Journal.Inputs {
					if in.Kind == dialogue.Resumed {
						resumed++
					}
				}
				require.Equal(t, 1, resumed)
			})
		})
	}
}

// Whoever hung up while no process was there is found gone.
func TestHungUpWhileNobodyWasThere(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.kill()
		s.hangsUp(maria)
		s.start()
		assert.False(t, s.runner.Live(maria))
		assert.False(t, s.record(maria).Ended.IsZero())
	})
}

// A call that came while no process was there is received when one is.
func TestCameWhileNobodyWasThere(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		s.calls(maria, "0212345678")
		s.start()
		assert.True(t, s.runner.Live(maria))
		assert.True(t, has(s.heard(), "welcome.hello"))
	})
}

// A journal of another version of the script is not replayed.
func TestAnotherVersionIsAPerson(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.kill()
		r := s.record(maria)
		r.Journal.Version = 99
		require.NoError(t, s.stores.Calls.Save(t.Context(), r))
		s.start()
		assert.Equal(t, flow.ScriptRescue, s.record(maria).Journal.Script)
	})
}

// A process that was superseded falls silent: the store refuses its writes.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		old := s.runner
		s.start() // and the old one lives on
		defer old.Stop()
		s.heard()
		old.Event(call.Event{Kind: call.Key, Channel: maria, Digit: '0', At: time.Now()})
		synctest.Wait()
		assert.False(t, has(s.heard(), "person"))
		require.ErrorIs(t, old.Err(), call.ErrSuperseded)
		assert.True(t, s.runner.Live(maria))
	})
}

// Each write of a call fails, or is done and reported as failed: the call goes
// on all the same, and what is kept in the end is the whole call.
func TestEachWriteFails(t *testing.T) {
	t.Parallel()
	for _, verb := range []memstore.Verb{memstore.DoCreate, memstore.DoSave} {
		for n := 1; n <= 6; n++ {
			for name, fault := range map[string]memstore.Fault{"refused": memstore.Refused, "lost": memstore.Lost} {
				t.Run(string(verb)+"/"+name, func(t *testing.T) {
					t.Parallel()
					play(t, func(t *testing.T, s *stage) {
						mariaIsKnown(s)
						s.stores.Faults.Nth(verb, n, fault)
						s.calls(maria, "0212345678")
						s.press(maria, "1")
						s.listen(2 * time.Second)
						s.press(maria, "12566723641320520")
						s.listen(3 * time.Second)
						s.press(maria, "40718")
						s.listen(20 * time.Second)
						s.press(maria, "1")
						s.listen(120 * time.Second)
						r := s.record(maria)
						require.False(t, r.Ended.IsZero())
						require.GreaterOrEqual(t, len(r.Journal.Inputs), 9)
						require.True(t, s.hasAsked(flow.AskRegister))
					})
				})
			}
		}
	}
}

// Each command to the exchange fails: nobody is left in silence.
func TestEachCommandFails(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 24; n++ {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				mariaIsKnown(s)
				count := 0
				s.x.fail = func(c call.Command) error {
					if count++; count == n && c.Op != call.DoHangup {
						return errors.New("the exchange does not answer")
					}
					return nil
				}
				s.calls(maria, "0212345678")
				s.press(maria, "1")
				s.listen(2 * time.Second)
				s.press(maria, "12566723641320520")
				s.listen(3 * time.Second)
				s.press(maria, "40718")
				s.listen(20 * time.Second)
				s.press(maria, "1")
				s.listen(time.Minute)
				require.Greater(t, len(s.heard()), 6, "the voice speaks on")
				s.hangsUp(maria)
				require.False(t, s.record(maria).Ended.IsZero())
			})
		})
	}
}
