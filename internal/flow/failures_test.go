package flow

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// What other systems for callbacks are known to do wrong, as far as a
// conversation can do it; the numbers are those of the project's list of failures.

// playing begins a scene and plays what happens, as it is written in a
// transcript.
func playing(t *testing.T, script, begin string, happens ...string) *scene {
	t.Helper()
	s := newScene(t, []string{"script: " + script, "begin: " + begin})
	s.play(t, happens...)
	return s
}

func (s *scene) play(t *testing.T, happens ...string) {
	t.Helper()
	for _, line := range happens {
		s.feed(t, s.parse(t, line))
		require.False(t, s.turn.Ignored, "> %s", line)
	}
}

// did lists the actions of a whole conversation.
func (s *scene) did(t *testing.T) []dialogue.Action {
	t.Helper()
	steps, err := dialogue.Transcript(s.script, s.journal)
	require.NoError(t, err)
	var all []dialogue.Action
	for _, step := range steps {
		all = append(all, step.Turn.Actions...)
	}
	return all
}

// asked lists the payloads of a request, in order.
func (s *scene) asked(t *testing.T, request string) []string {
	t.Helper()
	var payloads []string
	for _, a := range s.did(t) {
		if a.Kind == dialogue.Request && a.Request == request {
			payloads = append(payloads, string(a.Payload))
		}
	}
	return payloads
}

func (s *scene) said(t *testing.T) []speech.ID {
	t.Helper()
	var ids []speech.ID
	for _, a := range s.did(t) {
		if a.Kind == dialogue.Say {
			ids = append(ids, a.Say.ID)
		}
	}
	return ids
}

const ourCall = `{"ticket":"t1","attempt":1,"number":"0212345679","word":"471","agent":"agent1"}`

// A machine that answers, and a person who presses nothing, are not delivered:
// only a key, or the agent's word where there are no keys, is.
func TestFailure08VoicemailCountedAsSuccess(t *testing.T) {
	t.Parallel()
	outcome := func(s *scene) queue.Outcome {
		ended := s.asked(t, AskAttempt)
		require.Len(t, ended, 1)
		var a AttemptEnded
		require.NoError(t, json.Unmarshal([]byte(ended[0]), &a))
		return a.Outcome
	}
	for _, script := range []string{ScriptReturn, ScriptVerify} {
		s := playing(t, script, ourCall, "answered", "silence", "silence")
		assert.Equal(t, queue.NoKey, outcome(s), script)
		assert.NotContains(t, s.said(t), speech.AgentHere)
		assert.Empty(t, s.asked(t, AskRinging), "no agent hears a machine")

		s = playing(t, script, ourCall, "answered", "hangs up")
		assert.Equal(t, queue.HungUp, outcome(s), script)
	}
	// Nobody's fault and nobody's loss: that we are late was said to whoever
	// answered, and the promise stands.
	assert.Equal(t, queue.Told, outcome(playing(t, ScriptLate, ourCall, "answered", "silence", "silence")))
}

// The wait that is said never rises: not from one announcement to the next, not
// when the estimate does, not after an agent did not answer, not after a crash.
func TestFailure09TheAnnouncedWaitGrows(t *testing.T) {
	t.Parallel()
	look := func(minutes int) string {
		return fmt.Sprintf(`answer {"ticket":"t1","known":true,"minutes":%d,"ahead":30}`, minutes)
	}
	s := playing(t, ScriptInbound, `{"caller":"0212345678"}`, "0", look(12))
	for _, minutes := range []int{14, 40, 9, 11, 60, 10} {
		s.play(t, "timeout", look(minutes))
	}
	s.play(t, "resumed", "turn agent1", "cleared 19", "answer {}", "timeout", "1")
	for _, minutes := range []int{90, 20, 8, 3, 30} {
		s.play(t, "timeout", look(minutes))
	}
	var announced []int
	for _, payload := range s.asked(t, AskAnnounced) {
		var a Announced
		require.NoError(t, json.Unmarshal([]byte(payload), &a))
		announced = append(announced, a.Minutes)
	}
	assert.Equal(t, []int{15, 15, 10, 10, 10, 5}, announced, "12, 14, 9 minutes and so on, each said as the end of its range")
	assert.True(t, slices.IsSortedFunc(announced, func(a, b int) int { return b - a }))
	said := 0
	for _, id := range s.said(t) {
		if slices.Contains([]speech.ID{speech.PersonWaitShort, speech.PersonOfferFirst, speech.WaitEstimate}, id) {
			said++
		}
	}
	assert.Equal(t, len(announced), said, "each wait that is said is told, and none else")
}

// What was said and is over is admitted, once.
func TestALateWaitIsAdmittedOnce(t *testing.T) {
	t.Parallel()
	s := playing(t, ScriptInbound, `{"caller":"0212345678"}`, "0", `answer {"ticket":"t1","known":true,"minutes":4,"ahead":3}`)
	for range 8 {
		s.play(t, "timeout", `answer {"ticket":"t1","ahead":3}`)
	}
	late := 0
	for _, id := range s.said(t) {
		if id == speech.WaitLate {
			late++
		}
	}
	assert.Equal(t, 1, late)
}

// 1 asks for a call at every moment of the hold: before the first news and
// between any two, when nothing is known, when the store does not answer, when the
// music is interrupted by a crash, and after "you are the next".
func TestFailure14OfferUnreachable(t *testing.T) {
	t.Parallel()
	happens := [][]string{
		{"timeout", `answer {"ticket":"t1","known":true,"minutes":40,"ahead":12}`},
		{"timeout", "refused"},
		{"resumed"},
		{"5"},
		{"timeout", "timeout", "timeout", "timeout", "timeout"},
		{"timeout", `answer {"ticket":"t1","full":true}`},
		{"timeout", `answer {"ticket":"t1","known":true,"minutes":1}`},
		{"timeout", `answer {"ticket":"t1","known":true,"minutes":1}`},
	}
	for n := range len(happens) + 1 {
		s := playing(t, ScriptInbound, `{"caller":"0212345678"}`, "0", `answer {"ticket":"t1"}`)
		for _, lines := range happens[:n] {
			s.play(t, lines...)
		}
		require.Equal(t, dialogue.ForTurn, s.turn.Wait.For)
		require.NotNil(t, s.turn.Wait.Collect, "keys are heard in the hold")
		s.play(t, "1", "1", "1", `answer {"ticket":"t1","word":"471"}`)
		assert.Contains(t, s.said(t), speech.CallbackPromiseSoon, "after %d of what happens", n)
	}
}

// TestNearMissDoubledKeyAtTheThanks: a key that arrived twice cut the thanks short
// and had the citizen passed on (github.com/Diyarbekoralbaev/emergency_callback_go,
// its troubleshooting page). Here a key that is pressed once too often when
// everything is done changes nothing: the thanks are heard, the promise stands, nobody
// is rung.
func TestNearMissDoubledKeyAtTheThanks(t *testing.T) {
	t.Parallel()
	begin := []string{"0", `answer {"ticket":"t1","offer":true}`, "1", "1", "1", `answer {"ticket":"t1","word":"471"}`}
	for _, key := range []string{"0", "1", "2", "5"} {
		s := playing(t, ScriptInbound, `{"caller":"0212345678"}`, append(slices.Clone(begin), "1", "1", key)...)
		said := s.said(t)
		assert.Len(t, s.asked(t, AskCallback), 1)
		assert.Empty(t, s.asked(t, AskLeft))
		if key == "0" { // at the last question it still is what it always is
			assert.Len(t, s.asked(t, AskEnter), 2)
			continue
		}
		require.True(t, s.turn.Ended)
		assert.Equal(t, speech.GoodbyeThanks, said[len(said)-1])
		s.feed(t, dialogue.Input{Kind: dialogue.Entry, Keys: key, End: dialogue.Full})
		assert.True(t, s.turn.Ignored, "after the thanks")
	}
}

// TestNearMissBookingLostOnEarlyHangup: callers of a national line who hung up
// before the last prompt was over lost what they had booked (NHS 119, user research of
// December 2025). Here who hangs up early keeps what was chosen: from the moment at
// which a call was asked for on, it is promised.
func TestNearMissBookingLostOnEarlyHangup(t *testing.T) {
	t.Parallel()
	days := `answer {"halfDays":["2027-02-16/am","2027-02-16/pm"]}`
	asked := []string{"0", `answer {"ticket":"t1","offer":true}`, "1"}
	for _, c := range []struct {
		then []string
		slot queue.HalfDay
	}{
		{nil, ""},
		{[]string{"1"}, ""},
		{[]string{"2", days}, ""},
		{[]string{"2", days, "2"}, "2027-02-16/pm"},
		{[]string{"2", days, "2", "1"}, "2027-02-16/pm"},
		{[]string{"2", days, "2", "2"}, "2027-02-16/pm"},
		{[]string{"2", days, "1", "1", "timeout", "timeout"}, "2027-02-16/am"},
	} {
		s := playing(t, ScriptInbound, `{"caller":"0212345678"}`, append(append(slices.Clone(asked), c.then...), "hangs up")...)
		require.NotEmpty(t, s.turn.Actions, c.then)
		a := s.turn.Actions[len(s.turn.Actions)-1]
		require.Equal(t, AskCallback, a.Request, c.then)
		var ask Callback
		require.NoError(t, json.Unmarshal(a.Payload, &ask))
		assert.Equal(t, Callback{Ticket: "t1", Purpose: queue.WantsPerson, Phone: "0212345678", Slot: c.slot}, ask, c.then)
		s.play(t, `answer {"ticket":"t1","word":"471"}`)
		assert.True(t, s.turn.Ended)
		assert.Empty(t, s.asked(t, AskLeft), "the place is not given up")
	}
}

// To whoever calls from a number that we owe a call nothing is said of a
// citizen, a reason, the three figures or a receipt, before the second datum was
// right; and a call that belongs to a citizen is neither changed nor cancelled.
func TestACallerKnownByTheNumberHearsNothingOfACitizen(t *testing.T) {
	t.Parallel()
	allowed := []string{"recall.", "dropped.", "welcome.", "menu.", "common.", "privacy.", "identify.", "verify.again", "person.", "wait.", "goodbye.",
		"callback.half-day", "callback.taken", "number.", "agent.", "away.later", "preregister.phone-changed", "callback.promise"}
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	seen := 0
	for _, path := range paths {
		tr := readTranscript(t, path)
		if !strings.Contains(strings.Join(tr.head, "\n"), `"open":`) {
			continue
		}
		seen++
		s := newScene(t, tr.head)
		var begin Begin
		dialogue.Decode(s.journal.Inputs[0], &begin)
		proved := false
		for i := 0; ; i++ {
			for _, a := range s.turn.Actions {
				switch {
				case a.Kind == dialogue.Say && !proved:
					id := string(a.Say.ID)
					assert.False(t, strings.HasPrefix(id, "recall.why"), "%s: %s", path, id)
					assert.True(t, slices.ContainsFunc(allowed, func(p string) bool { return strings.HasPrefix(id, p) }), "%s: %s", path, id)
					for _, slot := range a.Say.Slots {
						assert.NotContains(t, []string{"word", "receipt", "request-date"}, slot.Name, path)
					}
				case a.Kind == dialogue.Request && begin.Open.Owned && !proved:
					assert.NotContains(t, []string{AskChange, AskCancel}, a.Request, path)
				}
			}
			if i == len(tr.inputs) || s.turn.Ended {
				break
			}
			s.feed(t, s.parse(t, tr.inputs[i]))
			proved = proved || strings.Contains(tr.inputs[i], `"found":true`)
		}
	}
	assert.Greater(t, seen, 10)
}

// A journal of an earlier version is refused, whole, and its caller goes to a
// person: the order of the questions has changed.
func TestJournalsOfYesterday(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/journals/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var j dialogue.Journal
		require.NoError(t, json.Unmarshal(raw, &j), path)
		i := slices.IndexFunc(Scripts(), func(s dialogue.Script) bool { return s.Name == j.Script })
		require.GreaterOrEqual(t, i, 0, path)
		s := Scripts()[i]
		require.Less(t, j.Version, s.Version, path)
		_, err = dialogue.Look(s, j)
		require.ErrorIs(t, err, dialogue.ErrVersion, path)
		_, _, err = dialogue.Step(s, j, dialogue.Input{Kind: dialogue.Hangup, At: time.Now()})
		require.ErrorIs(t, err, dialogue.ErrVersion, path)
	}
}
