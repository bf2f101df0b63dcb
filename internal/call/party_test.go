package call_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// office is a talk with an agent who can do all that an agent can wish.
var office = dialogue.Script{Name: "office", Version: 1, Flow: func(c *dialogue.Conversation) {
	c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
	o := &desk{Conversation: c, agent: c.Serial()}
	c.OnHangup(func(*dialogue.Conversation) { o.dropAll() })
	o.ring(o.agent, "agent1")
	c.Await(dialogue.Wait{For: dialogue.ForLeg, Serial: o.agent}, func() { o.ring(o.agent, "agent1") })
	o.connect(false, o.agent)
	for o.agent != 0 {
		o.take(c.Await(dialogue.Wait{For: dialogue.ForTalk, Serial: o.agent, Legs: o.helpers()}, func() { c.Do(o.last) }))
	}
	o.dropAll()
	c.Do(dialogue.Action{Kind: dialogue.Finish})
}}

type desk struct {
	*dialogue.Conversation
	agent, helper int
	up            bool // the helper
	last          dialogue.Action
}

func (o *desk) ring(serial int, agent string) {
	o.Do(dialogue.Action{Kind: dialogue.Ring, Serial: serial, Agent: agent, For: 15 * time.Second})
}

func (o *desk) connect(apart bool, legs ...int) {
	o.last = dialogue.Action{Kind: dialogue.Connect, Legs: legs, Apart: apart}
	o.Do(o.last)
}

func (o *desk) helpers() []int {
	if o.helper == 0 {
		return nil
	}
	return []int{o.helper}
}

func (o *desk) drop(serial int) {
	if serial != 0 {
		o.Do(dialogue.Action{Kind: dialogue.Drop, Serial: serial})
	}
}

func (o *desk) dropAll() {
	o.drop(o.agent)
	o.drop(o.helper)
}

func (o *desk) take(in dialogue.Input) {
	switch {
	case in.Kind == dialogue.LegUp:
		o.up = true
		o.connect(true, o.agent, o.helper)
	case in.Kind == dialogue.LegDown && in.Serial == o.helper:
		o.helper, o.up = 0, false
		o.connect(false, o.agent)
	case in.Kind == dialogue.LegDown && o.up:
		o.agent, o.helper, o.up = o.helper, 0, false
		o.connect(false, o.agent)
	case in.Kind == dialogue.LegDown:
		o.agent = 0
	case in.Verb == dialogue.PutOnHold:
		o.connect(true, o.agent)
	case in.Verb == dialogue.TakeBack:
		o.drop(o.helper)
		o.helper, o.up = 0, false
		o.connect(false, o.agent)
	case in.Verb == dialogue.Consult:
		o.helper = o.Serial()
		o.ring(o.helper, in.Target)
		o.connect(true, o.agent)
	case in.Verb == dialogue.Conference:
		o.connect(false, o.agent, o.helper)
	case in.Verb == dialogue.Transfer && in.Target == "queue:":
		o.drop(o.agent)
		o.Say(speech.AgentLost)
		o.GoTo(func(c *dialogue.Conversation) { c.Await(dialogue.Wait{For: dialogue.ForTurn}, nil) })
	case in.Verb == dialogue.Transfer && in.Target != "":
		dialogue.Ask[struct{}](o.Conversation, "transfer", in.Target)
	case in.Verb == dialogue.Transfer:
		o.drop(o.agent)
		o.agent, o.helper = o.helper, 0
		o.connect(false, o.agent)
	}
}

// talks brings a citizen and an agent together.
func talks(t *testing.T, s *stage) {
	s.x.mu.Lock()
	s.script = office.Name
	s.x.mu.Unlock()
	s.calls(maria, "0212345678")
	s.picksUp(maria + "~a1")
	require.Equal(t, []string{"", "~a1"}, s.speaking(maria))
	s.heard()
}

// playOffice runs a test in which citizen and agent talk.
func playOffice(t *testing.T, f func(t *testing.T, s *stage)) {
	t.Helper()
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		s.more = []dialogue.Script{office}
		s.start()
		talks(t, s)
		f(t, s)
	})
}

func (s *stage) wishes(verb dialogue.Verb, target string) {
	require.NoError(s.t, s.runner.Wish(maria, "agent1", verb, target))
	s.listen(time.Millisecond)
}

func TestHoldConsultConferenceTransfer(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.wishes(dialogue.PutOnHold, "")
		assert.Equal(t, []string{"~a1"}, s.speaking(maria), "the citizen does not hear the agent")
		assert.Equal(t, []string{"joins a1", "music"}, s.heard())
		s.wishes(dialogue.TakeBack, "")
		assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
		s.wishes(dialogue.Consult, "agent2")
		assert.Equal(t, []string{"~a1"}, s.speaking(maria))
		s.picksUp(maria + "~a2")
		assert.Equal(t, []string{"~a1", "~a2"}, s.speaking(maria), "the citizen does not hear what they say of her")
		s.wishes(dialogue.Conference, "")
		assert.Equal(t, []string{"", "~a1", "~a2"}, s.speaking(maria))
		s.heard()
		s.wishes(dialogue.Transfer, "")
		assert.Equal(t, []string{"", "~a2"}, s.speaking(maria))
		assert.Contains(t, s.heard(), "hangs up "+maria+"~a1")
		s.refuses(maria+"~a2", 16, 0)
		s.listen(2 * time.Second)
		assert.False(t, s.runner.Live(maria))
	})
}

// Whoever is left alone with the voice hears it outside of the bridge: a word that
// began in it would break off with it.
func TestLeftWithTheVoice(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.wishes(dialogue.Transfer, "queue:")
		heard := s.heard()
		assert.Equal(t, []string{"hangs up " + maria + "~a1", "parts"}, heard[:2])
		assert.True(t, has(heard[2:], "agent.lost"))
		assert.Empty(t, s.speaking(maria))
	})
}

// The one who is asked does not answer, refuses, or is asked no more: agent and
// citizen speak on.
func TestTheHelperIsNotThere(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.wishes(dialogue.Consult, "agent2")
		s.refuses(maria+"~a2", 17, 486)
		assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
		s.wishes(dialogue.Consult, "agent3")
		s.wishes(dialogue.TakeBack, "")
		assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
		assert.Contains(t, s.heard(), "hangs up "+maria+"~a3")
		s.wishes(dialogue.Consult, "agent4")
		s.picksUp(maria + "~a4")
		s.wishes(dialogue.Conference, "")
		s.refuses(maria+"~a4", 16, 0) // has said what there was to say
		assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
	})
}

// Whoever is connected last: nobody rings on, and no bridge is left.
func TestTheCitizenHangsUpInTheMiddleOfIt(t *testing.T) {
	t.Parallel()
	for _, at := range situations {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			playOffice(t, func(t *testing.T, s *stage) {
				s.situation(at)
				s.hangsUp(maria)
				s.listen(2 * time.Second)
				assert.False(t, s.runner.Live(maria))
				assert.Empty(t, s.x.channels, "nobody is left on a dead line, and nobody rings")
				assert.Empty(t, s.speaking(maria))
			})
		})
	}
}

// situations are the moments of a talk with several.
var situations = []string{"talking", "on hold", "helper rings", "consulting", "conference"}

func (s *stage) situation(at string) (speaking []string) {
	if at == "talking" {
		return []string{"", "~a1"}
	}
	if at == "on hold" {
		s.wishes(dialogue.PutOnHold, "")
		return []string{"~a1"}
	}
	s.wishes(dialogue.Consult, "agent2")
	if at == "helper rings" {
		return []string{"~a1"}
	}
	s.picksUp(maria + "~a2")
	if at == "consulting" {
		return []string{"~a1", "~a2"}
	}
	s.wishes(dialogue.Conference, "")
	return []string{"", "~a1", "~a2"}
}

// The process dies in each of them, and while it is dead one of the parties goes,
// or answers: the successor connects those who are there, as it was.
func TestKilledWithSeveralPartiesOnTheLine(t *testing.T) {
	t.Parallel()
	for _, at := range situations {
		for _, meanwhile := range []string{"nothing", "agent leaves", "helper leaves", "helper answers", "a stranger's leg", "wrong bridge"} {
			t.Run(at+", "+meanwhile, func(t *testing.T) {
				t.Parallel()
				playOffice(t, func(t *testing.T, s *stage) {
					want := s.situation(at)
					helper := s.x.channels[maria+"~a2"]
					s.kill()
					switch meanwhile {
					case "agent leaves":
						s.refuses(maria+"~a1", 16, 0)
						want = []string{}
						if helper != nil && helper.Up {
							want = []string{"", "~a2"}
						}
					case "helper leaves":
						if helper != nil {
							s.refuses(maria+"~a2", 16, 0)
							want = []string{"", "~a1"}
						}
					case "helper answers":
						if helper != nil && !helper.Up {
							helper.Up = true
							want = []string{"~a1", "~a2"}
						}
					case "a stranger's leg":
						s.x.channels[maria+"~a9"] = &call.Channel{ID: maria + "~a9", Up: true, Dialed: true, Bridge: maria + "~b"}
					case "wrong bridge":
						for _, ch := range s.x.channels {
							ch.Bridge = maria + "~b"
						}
					}
					s.start()
					s.listen(time.Second)
					assert.Equal(t, want, s.speaking(maria))
					assert.Nil(t, s.x.channels[maria+"~a9"])
					if meanwhile != "agent leaves" {
						s.wishes(dialogue.TakeBack, "")
						assert.Equal(t, []string{"", "~a1"}, s.speaking(maria), "the talk goes on from there")
					}
					s.hangsUp(maria)
					s.listen(2 * time.Second)
					assert.Empty(t, s.x.channels)
				})
			})
		}
	}
}

// What becomes of a party while the conversation asks something is not lost.
func TestAnAgentWhoLeavesWhileSomethingIsAsked(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		asked := make(chan struct{})
		s.answer("transfer", func(call.Question) (any, error) {
			<-asked
			return nil, errors.New("no such queue")
		})
		s.wishes(dialogue.Transfer, "queue:x")
		s.refuses(maria+"~a1", 16, 0)
		assert.True(t, s.runner.Live(maria))
		close(asked)
		s.listen(2 * time.Second)
		assert.False(t, s.runner.Live(maria), "the end of the agent's line was heard")
	})
}

// Two agents never get one citizen: the one who answers too late finds nobody.
func TestTwoAgentsAnsweringOneCall(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.wishes(dialogue.Consult, "agent2")
		s.x.mu.Lock()
		s.x.fail = func(c call.Command) error { // the hang-up is lost on its way
			if c.Op == call.DoHangup && c.Channel == maria+"~a2" {
				s.x.fail = nil
				return errors.New("the exchange does not answer")
			}
			return nil
		}
		s.x.mu.Unlock()
		s.wishes(dialogue.TakeBack, "")
		s.picksUp(maria + "~a2") // at this very moment
		s.listen(time.Second)
		assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
		assert.Nil(t, s.x.channels[maria+"~a2"])
	})
}

// Each command to the exchange fails once: those who are to speak do, and nobody
// else, a moment later.
func TestEachCommandOfATalkFails(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 16; n++ {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			playOffice(t, func(t *testing.T, s *stage) {
				count := 0
				s.x.mu.Lock()
				s.x.fail = func(c call.Command) error {
					if count++; count == n && slices.Contains([]call.Op{call.DoJoin, call.DoMusic, call.DoPart}, c.Op) {
						return errors.New("the exchange does not answer")
					}
					return nil
				}
				s.x.mu.Unlock()
				want := s.situation("conference")
				s.listen(time.Second)
				require.Equal(t, want, s.speaking(maria))
				s.wishes(dialogue.PutOnHold, "")
				s.listen(time.Second)
				require.Equal(t, []string{"~a1"}, s.speaking(maria))
				s.hangsUp(maria)
				s.listen(2 * time.Second)
				require.Empty(t, s.x.channels)
			})
		})
	}
}
