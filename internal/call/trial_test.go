package call_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/speech"
)

// poison is a conversation that ends the goroutine it runs in: of what a process
// does when it dies, all that matters here. What comes after is never done.
type poison struct {
	key    string      // kills when it is pressed
	asks   string      // asks the outside when it is pressed
	tells  string      // tells the outside something, and waits for nothing
	replay string      // kills when it is replayed, once armed
	caller string      // kills before the first word
	armed  atomic.Bool // of replay
	dead   atomic.Bool // nothing is written any more
}

func (p *poison) die() {
	p.dead.Store(true)
	runtime.Goexit()
}

func (p *poison) script() dialogue.Script {
	return dialogue.Script{Name: "poison", Version: 1, Flow: func(c *dialogue.Conversation) {
		in := c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		var begin flow.Begin
		dialogue.Decode(in, &begin)
		if p.caller != "" && begin.Caller == p.caller {
			p.die()
		}
		for {
			ask := func() { c.Say(speech.CommonStillHere) }
			ask()
			in := c.Await(dialogue.Wait{For: dialogue.ForEntry, Collect: &dialogue.Collect{Max: 1, First: time.Hour}}, ask)
			switch {
			case in.Keys == "":
			case in.Keys == p.asks:
				dialogue.Ask[struct{}](c, "poison", struct{}{})
			case in.Keys == p.tells:
				c.Tell("poison", struct{}{})
			case in.Keys == p.key, in.Keys == p.replay && p.armed.Load():
				p.die()
			}
		}
	}}
}

// playPoison runs a test with a conversation that can kill, and innocent callers.
func playPoison(t *testing.T, p *poison, f func(t *testing.T, s *stage)) {
	t.Helper()
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		s.more = []dialogue.Script{p.script()}
		s.script = "poison"
		s.dies = func() {
			s.kill()
			p.dead.Store(false)
			s.start()
			s.listen(time.Second)
		}
		s.stores.Faults.Before(func(context.Context, memstore.Verb, int) memstore.Fault {
			if p.dead.Load() {
				return memstore.Refused
			}
			return memstore.None
		})
		s.start()
		for _, id := range innocents {
			s.calls(id, "0392345602")
			s.replies(id, "1")
		}
		f(t, s)
	})
}

var innocents = []string{"ast1-2.1", "ast1-3.1", "ast1-4.1", "ast1-5.1"}

// replies lets a question be heard, and answers it with one key.
func (s *stage) replies(id, key string) {
	s.listen(5 * time.Second)
	s.press(id, key)
}

// diesOfIt is the death after which it is known of what: the next one, or the one
// after that if others were being taken up too at that moment.
func (s *stage) diesOfIt() {
	s.t.Helper()
	for n := 0; s.aside == 0 && n < 2; n++ {
		s.dies()
	}
	require.Equal(s.t, 1, s.aside)
}

// goOn makes sure that the innocent still talk to their own conversation.
func (s *stage) goOn() {
	s.t.Helper()
	for _, id := range innocents {
		require.True(s.t, s.runner.Live(id))
		before := len(s.record(id).Journal.Inputs)
		s.replies(id, "2")
		r := s.record(id)
		require.Equal(s.t, "poison", r.Journal.Script, "%s has done nothing", id)
		require.Len(s.t, r.Journal.Inputs, before+1)
	}
}

// A process that dies while nothing is being done says nothing about its calls.
func TestDeathsThatNobodyIsToBlameFor(t *testing.T) {
	t.Parallel()
	playPoison(t, &poison{}, func(t *testing.T, s *stage) {
		for range 5 {
			s.dies()
		}
		s.goOn()
		assert.Zero(t, s.aside)
	})
}

// An input that kills twice is not given a third time: its caller goes to a
// person, and the others' calls go on.
func TestMessageOfDeath(t *testing.T) {
	t.Parallel()
	playPoison(t, &poison{key: "5"}, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.replies(maria, "1")
		s.replies(maria, "5")
		s.dies()
		s.goOn()
		require.Equal(t, "poison", s.record(maria).Journal.Script, "it may have been anybody")
		s.heard()
		s.replies(maria, "5")
		s.dies()
		assert.Equal(t, 1, s.aside)
		assert.True(t, has(s.heard(), "resume.person"))
		r := s.record(maria)
		assert.Equal(t, flow.ScriptRescue, r.Journal.Script)
		assert.Len(t, r.Broken, 1, "the old journal is kept with the record")
		s.goOn()
	})
}

// The same of a journal that kills whoever replays it.
func TestARecordOfDeath(t *testing.T) {
	t.Parallel()
	p := &poison{replay: "6"}
	playPoison(t, p, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.replies(maria, "6")
		p.armed.Store(true)
		s.dies() // and the next one dies of taking it up
		s.diesOfIt()
		assert.Equal(t, flow.ScriptRescue, s.record(maria).Journal.Script)
		s.dies()
		s.goOn()
	})
}

// A caller whose conversation kills as it begins is left to the dialplan, which
// notes the number.
func TestACallerOfDeath(t *testing.T) {
	t.Parallel()
	playPoison(t, &poison{caller: "0212345678"}, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.dies() // finds the caller, and dies
		s.diesOfIt()
		assert.Contains(t, s.heard(), "continues at s")
		assert.False(t, s.record(maria).Ended.IsZero())
		s.dies()
		s.goOn()
	})
}

// When several calls were being worked on, none is blamed; from then on they are
// worked on one at a time, and the next death tells.
func TestNobodyIsBlamedInDoubt(t *testing.T) {
	t.Parallel()
	p := &poison{key: "5"}
	playPoison(t, p, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.dies()
		s.kill()
		p.dead.Store(false)
		for _, id := range append(slices.Clone(innocents), maria) {
			r := s.record(id)
			r.Hand = "entry 3"
			require.NoError(t, s.stores.Calls.Save(t.Context(), r))
		}
		s.start()
		s.listen(time.Second)
		assert.Zero(t, s.aside)
		s.goOn()
		s.replies(maria, "5")
		s.dies()
		assert.Equal(t, 1, s.aside)
		s.goOn()
	})
}

// What is asked of the outside kills, beside the call: that is blamed on the call that
// asked, and its caller goes to a person. While nobody is a suspect nothing more is
// written than always, and a note ends with the request.
func TestARequestOfDeath(t *testing.T) {
	t.Parallel()
	p := &poison{asks: "5", tells: "7"}
	playPoison(t, p, func(t *testing.T, s *stage) {
		deadly := false
		s.answer("poison", func(q call.Question) (any, error) {
			if deadly && q.Call == maria {
				p.die()
			}
			return struct{}{}, nil
		})
		saves := func(id, key string) (n int) {
			before := s.record(id).Version
			s.replies(id, key)
			s.listen(time.Second)
			require.Empty(t, s.record(id).Hand)
			return s.record(id).Version - before
		}
		s.calls(maria, "0212345678")
		assert.Equal(t, 2, saves(maria, "5"), "the key, and the answer")
		assert.Equal(t, 1, saves(maria, "7"), "the key")
		deadly = true
		s.replies(maria, "5")
		s.dies() // asks again, and dies
		s.diesOfIt()
		assert.Equal(t, flow.ScriptRescue, s.record(maria).Journal.Script)
		s.dies()
		s.goOn()
		assert.Greater(t, saves(innocents[0], "5"), 2, "a suspect")
		assert.Greater(t, saves(innocents[0], "7"), 1)
		assert.Equal(t, 1, s.aside, "and nobody else")
	})
}

// When it is not known which of several calls it was, what is asked for one of them
// comes to its end before another is given anything.
func TestRequestsOfSuspectsOneAtATime(t *testing.T) {
	t.Parallel()
	playPoison(t, &poison{asks: "5"}, func(t *testing.T, s *stage) {
		answer := make(chan struct{})
		s.answer("poison", func(call.Question) (any, error) {
			<-answer
			return struct{}{}, nil
		})
		s.kill()
		for _, id := range innocents {
			r := s.record(id)
			r.Hand = "entry 3"
			require.NoError(t, s.stores.Calls.Save(t.Context(), r))
		}
		s.start()
		s.listen(time.Second)
		asks, waits := innocents[0], innocents[1]
		s.replies(asks, "5")
		s.replies(waits, "2")
		s.listen(time.Second)
		assert.Equal(t, "request poison", s.record(asks).Hand)
		before := len(s.record(waits).Journal.Inputs)
		answer <- struct{}{}
		s.listen(time.Second)
		assert.Empty(t, s.record(asks).Hand)
		assert.Len(t, s.record(waits).Journal.Inputs, before+1, "it has waited")
	})
}

// A panic is one call's alone, and is rescued; a second one is given up.
func TestAPanicIsContained(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		on   string
		want string
	}{
		"in the conversation's words": {"common.still-here", "resume-person"},
		"in every word":               {"", "continues at s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playPoison(t, &poison{}, func(t *testing.T, s *stage) {
				hoarse := &hoarse{Voice: s.x.voice, on: tt.on}
				s.voiced = hoarse
				hoarse.now.Store(true)
				s.calls(maria, "0212345678")
				hoarse.now.Store(false)
				s.listen(time.Second)
				assert.Contains(t, strings.Join(s.heard(), " "), tt.want)
				s.goOn()
			})
		})
	}
}

// What is asked of the outside panics: that is a request that has failed, and the
// conversation goes another way.
func TestAPanicOutsideIsContained(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.answer(flow.AskEnter, func(call.Question) (any, error) { panic("a place that nobody thought of") })
		s.calls(maria, "0212345678")
		s.press(maria, "0")
		s.listen(12 * time.Second)
		assert.True(t, s.hasAsked(flow.AskEnter))
		assert.True(t, s.runner.Live(maria))
		assert.Contains(t, strings.Join(s.heard(), " "), "down")
	})
}

// hoarse is a voice that panics at a prompt, or at all.
type hoarse struct {
	call.Voice
	on  string
	now atomic.Bool
}

func (h *hoarse) Render(u speech.Utterance) (speech.Rendered, error) {
	if h.now.Load() && (h.on == "" || string(u.ID) == h.on) {
		panic("a slot that nobody thought of")
	}
	return h.Voice.Render(u)
}

// A record that can't be read keeps nobody else from being taken up; its caller is
// left to the dialplan.
func TestARecordThatCantBeRead(t *testing.T) {
	t.Parallel()
	playPoison(t, &poison{}, func(t *testing.T, s *stage) {
		s.calls(maria, "0212345678")
		s.kill()
		s.store = torn{s.stores.Calls, maria}
		s.start()
		s.listen(time.Second)
		assert.False(t, s.runner.Live(maria))
		assert.Contains(t, s.heard(), "continues at s")
		s.goOn()
	})
}

// torn is a store that can't read one call.
type torn struct {
	call.Store
	id string
}

func (s torn) Live(ctx context.Context, node string) ([]call.Record, error) {
	live, err := s.Store.Live(ctx, node)
	for i, r := range live {
		if r.ID == s.id {
			live[i] = call.Record{ID: r.ID, Tenant: r.Tenant, Node: r.Node, Unreadable: true}
		}
	}
	return live, err
}
