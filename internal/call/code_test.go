package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
)

// wished are the wishes that a call has heard, as VERB TARGET AGENT.
func (s *stage) wished(id string) []string {
	list := []string{}
	for _, in := range s.record(id).Journal.Inputs {
		if in.Kind == dialogue.Wished {
			list = append(list, string(in.Verb)+" "+in.Target+" "+in.Agent)
		}
	}
	return list
}

func TestCodesOfTheDeskPhone(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string][]string{
		"**":               {"hold  agent1"},
		"****":             {"hold  agent1", "resume  agent1"},
		"*712#":            {"consult agent:agent12 agent1"},
		"*712#*9":          {"consult agent:agent12 agent1", "conference  agent1"},
		"*4":               {"transfer queue: agent1"},
		"123*1**":          {"hold  agent1"},
		"*7#":              {},
		"*7*":              {},
		"*71234567890123#": {},
		"*5#9 8":           {},
		"12345":            {},
	} {
		t.Run(keys, func(t *testing.T) {
			t.Parallel()
			playOffice(t, func(t *testing.T, s *stage) {
				s.press(maria+"~a1", keys)
				assert.Equal(t, want, s.wished(maria))
			})
		})
	}
}

func TestCodesAreTheAgentsAlone(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.press(maria, "***712#*4*8*9")
		assert.Empty(t, s.wished(maria), "the citizen's keys mean nothing")
		s.situation("conference")
		before := len(s.wished(maria))
		s.press(maria+"~a2", "***8*4")
		assert.Len(t, s.wished(maria), before, "nor do the helper's")
		assert.Equal(t, []string{"", "~a1", "~a2"}, s.speaking(maria))
	})
}

// TestNearMissKeysFromEveryLegOfABridge: a key that was heard on every leg of a bridge
// was taken for a second one, and cut the thanks short
// (github.com/Diyarbekoralbaev/emergency_callback_go, its troubleshooting page). Here
// what comes through to the other legs is no key of theirs, and the talk goes on.
func TestNearMissKeysFromEveryLegOfABridge(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		s.situation("conference")
		before := len(s.wished(maria))
		for _, key := range "171" {
			for _, leg := range []string{maria, maria + "~a1", maria + "~a2"} {
				s.runner.Event(call.Event{Kind: call.Key, Channel: leg, Digit: byte(key), At: time.Now()})
			}
		}
		s.listen(10 * time.Second)
		assert.Len(t, s.wished(maria), before)
		assert.Equal(t, []string{"", "~a1", "~a2"}, s.speaking(maria), "nobody is cut off")
		assert.True(t, s.runner.Live(maria))
	})
}

// Keys that are told twice count once; a code that was begun long ago is forgotten.
func TestCodesAreKeyedDeliberately(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		leg := maria + "~a1"
		twice := call.Event{Kind: call.Key, Channel: leg, Digit: '*', At: time.Now()}
		s.runner.Event(twice)
		s.runner.Event(twice)
		synctest.Wait()
		assert.Empty(t, s.wished(maria))
		s.listen(5 * time.Second)
		s.press(leg, "*")
		assert.Empty(t, s.wished(maria))
		s.press(leg, "*")
		assert.Len(t, s.wished(maria), 1)
	})
}
