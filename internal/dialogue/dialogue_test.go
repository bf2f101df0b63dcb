package dialogue_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

var noon = time.Date(2027, 2, 15, 12, 0, 0, 0, time.UTC)

// order is a small conversation with everything in it: two questions, a request,
// a way out, a wish for the hang-up.
func order(c *dialogue.Conversation) {
	c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
	c.OnResume(func(c *dialogue.Conversation, _ dialogue.Wait) { c.Say(speech.ResumeQuestion) })
	c.OnHangup(func(c *dialogue.Conversation) {
		c.Say(speech.GoodbyeThanks) // nobody hears it
		dialogue.Ask[bool](c, "gone", "before the size")
	})
	key := func() string {
		say := func() { c.Say(speech.MenuMain) }
		say()
		return c.Await(dialogue.Wait{For: dialogue.ForEntry, Collect: &dialogue.Collect{Max: 1}}, say).Keys
	}
	size := key()
	if size == "0" {
		c.GoTo(func(c *dialogue.Conversation) {
			c.Say(speech.PersonHold)
			c.Do(dialogue.Action{Kind: dialogue.Finish})
		})
	}
	if price, ok := dialogue.Ask[int](c, "price", size); !ok || price > 9 {
		c.Say(speech.CommonNotUnderstood)
	}
	c.OnHangup(nil)
	key()
	c.Do(dialogue.Action{Kind: dialogue.Finish})
}

var script = dialogue.Script{Name: "order", Version: 1, Flow: order}

// steps feeds inputs and returns the last turn.
func steps(t *testing.T, s dialogue.Script, inputs ...dialogue.Input) (dialogue.Journal, dialogue.Turn) {
	t.Helper()
	j := dialogue.New(s)
	var turn dialogue.Turn
	for i, in := range inputs {
		var err error
		in.At = noon.Add(time.Duration(i) * time.Second)
		j, turn, err = dialogue.Step(s, j, in)
		require.NoError(t, err)
	}
	return j, turn
}

func key(k string) dialogue.Input { return dialogue.Input{Kind: dialogue.Entry, Keys: k} }

var began = dialogue.Input{Kind: dialogue.Began}

func kinds(turn dialogue.Turn) []dialogue.ActionKind {
	var list []dialogue.ActionKind
	for _, a := range turn.Actions {
		list = append(list, a.Kind)
	}
	return list
}

func TestStepGoesToTheNextQuestion(t *testing.T) {
	t.Parallel()
	j, turn := steps(t, script, began)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Say}, kinds(turn))
	assert.Equal(t, dialogue.ForEntry, turn.Wait.For)
	assert.Len(t, j.Inputs, 1)

	j, turn = steps(t, script, began, key("1"))
	require.Equal(t, []dialogue.ActionKind{dialogue.Request}, kinds(turn), "only what follows from the last answer")
	assert.Equal(t, "price", turn.Actions[0].Request)
	assert.JSONEq(t, `"1"`, string(turn.Actions[0].Payload))

	next, turn, err := dialogue.Step(script, j, dialogue.Input{Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("12")})
	require.NoError(t, err)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Say, dialogue.Say}, kinds(turn))
	assert.Len(t, j.Inputs, 2, "the journal passed in is not changed")
	assert.Len(t, next.Inputs, 3)
}

func TestTheEnd(t *testing.T) {
	t.Parallel()
	j, turn := steps(t, script, began, key("1"), dialogue.Input{Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("3")}, key("1"))
	assert.True(t, turn.Ended)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Finish}, kinds(turn))
	_, turn, err := dialogue.Step(script, j, key("1"))
	require.NoError(t, err)
	assert.True(t, turn.Ignored)
	assert.True(t, turn.Ended)
}

func TestGoToLeavesTheRest(t *testing.T) {
	t.Parallel()
	_, turn := steps(t, script, began, key("0"))
	assert.True(t, turn.Ended)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Say, dialogue.Finish}, kinds(turn))
}

// What comes twice, late, or for somebody else changes nothing.
func TestWhatDoesNotFitIsIgnored(t *testing.T) {
	t.Parallel()
	j, before := steps(t, script, began, key("1"))
	for _, in := range []dialogue.Input{
		began, key("1"), {Kind: dialogue.Answer, Serial: 7}, {Kind: dialogue.YourTurn}, {Kind: dialogue.LegUp, Serial: 1},
		{Kind: dialogue.LegDown, Serial: 1}, {Kind: dialogue.Recorded, Serial: 1}, {Kind: "unheard-of"},
	} {
		after, turn, err := dialogue.Step(script, j, in)
		require.NoError(t, err, in.Kind)
		assert.True(t, turn.Ignored, in.Kind)
		assert.Equal(t, j, after, in.Kind)
		assert.Equal(t, before.Wait, turn.Wait, in.Kind)
		assert.Empty(t, turn.Actions, in.Kind)
	}
}

func TestRequestsThatTakeLong(t *testing.T) {
	t.Parallel()
	late := dialogue.Input{Kind: dialogue.Timeout}
	_, turn := steps(t, script, began, key("1"), late, late, late)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Say}, kinds(turn))
	assert.Equal(t, speech.CommonMoment, turn.Actions[0].Say.ID)
	_, turn = steps(t, script, began, key("1"), late, late, late, late)
	assert.Equal(t, dialogue.ForEntry, turn.Wait.For, "the fourth time it counts as refused")
}

func TestHangup(t *testing.T) {
	t.Parallel()
	hangup := dialogue.Input{Kind: dialogue.Hangup}
	j, turn := steps(t, script, began, hangup)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Request}, kinds(turn), "a caller who has gone hears nothing")
	assert.False(t, turn.Ended)
	_, turn, err := dialogue.Step(script, j, dialogue.Input{Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("true")})
	require.NoError(t, err)
	assert.True(t, turn.Ended)
	_, turn, err = dialogue.Step(script, j, dialogue.Input{Kind: dialogue.Resumed})
	require.NoError(t, err)
	assert.Equal(t, []dialogue.ActionKind{dialogue.Request}, kinds(turn), "asked again by whoever takes the call up")

	_, turn = steps(t, script, began, key("1"), dialogue.Input{Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("3")}, hangup)
	assert.True(t, turn.Ended, "nothing was declared for here")
}

func TestResumedAsksAgain(t *testing.T) {
	t.Parallel()
	_, turn := steps(t, script, began, dialogue.Input{Kind: dialogue.Resumed})
	require.Len(t, turn.Actions, 2)
	assert.Equal(t, speech.ResumeQuestion, turn.Actions[0].Say.ID)
	assert.Equal(t, speech.MenuMain, turn.Actions[1].Say.ID)
	_, turn = steps(t, script, began, key("1"), dialogue.Input{Kind: dialogue.Resumed})
	assert.Equal(t, 1, turn.Actions[len(turn.Actions)-1].Serial, "the same request under the same name")
}

// A journal of yesterday either replays or is refused, never something in
// between.
func TestJournalsOfOthers(t *testing.T) {
	t.Parallel()
	j, _ := steps(t, script, began, key("1"))
	newer := script
	newer.Version = 2
	_, _, err := dialogue.Step(newer, j, key("1"))
	require.ErrorIs(t, err, dialogue.ErrVersion)
	_, err = dialogue.Look(newer, j)
	require.ErrorIs(t, err, dialogue.ErrVersion)

	changed := script
	changed.Flow = func(c *dialogue.Conversation) {
		c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		c.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true}, nil)
	}
	_, _, err = dialogue.Step(changed, j, key("1"))
	require.ErrorIs(t, err, dialogue.ErrDiverged)
	_, err = dialogue.Look(changed, j)
	require.ErrorIs(t, err, dialogue.ErrDiverged)
}

func TestAFlowThatPanics(t *testing.T) {
	t.Parallel()
	s := dialogue.Script{Name: "bad", Version: 1, Flow: func(c *dialogue.Conversation) {
		c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		var list []int
		_ = list[1]
	}}
	j := dialogue.New(s)
	after, _, err := dialogue.Step(s, j, began)
	require.ErrorIs(t, err, dialogue.ErrPanic)
	assert.Equal(t, j, after)
	_, err = dialogue.Look(s, dialogue.Journal{Script: "bad", Version: 1, Inputs: []dialogue.Input{began}})
	require.ErrorIs(t, err, dialogue.ErrPanic)
}

func TestAJournalHasAnEnd(t *testing.T) {
	t.Parallel()
	s := dialogue.Script{Name: "for ever", Version: 1, Flow: func(c *dialogue.Conversation) {
		c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		for {
			c.Await(dialogue.Wait{For: dialogue.ForEntry, Collect: &dialogue.Collect{Max: 1}}, nil)
		}
	}}
	j := dialogue.Journal{Script: s.Name, Version: 1, Inputs: []dialogue.Input{began}}
	for len(j.Inputs) < dialogue.MaxInputs {
		j.Inputs = append(j.Inputs, key("1"))
	}
	_, _, err := dialogue.Step(s, j, key("1"))
	require.ErrorIs(t, err, dialogue.ErrTooLong)
	_, turn, err := dialogue.Step(s, j, dialogue.Input{Kind: dialogue.Hangup})
	require.NoError(t, err, "the end of the call is always heard")
	assert.True(t, turn.Ended)
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	j, last := steps(t, script, began, key("1"), dialogue.Input{Kind: dialogue.Resumed})
	told, err := dialogue.Transcript(script, j)
	require.NoError(t, err)
	require.Len(t, told, 3)
	assert.Equal(t, last, told[2].Turn)
	look, err := dialogue.Look(script, j)
	require.NoError(t, err)
	assert.Equal(t, last, look, "an adopter sees the turn of the last step")
}

// However the inputs fall, a step ends, waits or refuses; the journal goes
// through JSON at every step without changing what it replays to.
func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{0, 2, 7, 2, 8})
	f.Fuzz(func(t *testing.T, plan []byte) {
		all := []dialogue.Input{
			began, key("0"), key("1"), {Kind: dialogue.Timeout}, {Kind: dialogue.Resumed}, {Kind: dialogue.Hangup},
			{Kind: dialogue.Answer, Serial: 1, Failed: true}, {Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("3")},
			{Kind: dialogue.Answer, Serial: 2, Answer: json.RawMessage("true")}, {Kind: dialogue.YourTurn},
		}
		j := dialogue.New(script)
		for _, b := range plan[:min(len(plan), 60)] {
			next, turn, err := dialogue.Step(script, j, all[int(b)%len(all)])
			if err != nil {
				require.ErrorIs(t, err, dialogue.ErrPanic) // an answer of another type
				return
			}
			raw, err := json.Marshal(next)
			require.NoError(t, err)
			var copied dialogue.Journal
			require.NoError(t, json.Unmarshal(raw, &copied))
			if !turn.Ignored {
				look, err := dialogue.Look(script, copied)
				require.NoError(t, err)
				require.Equal(t, turn, look)
			}
			j = copied
		}
	})
}

func BenchmarkStep(b *testing.B) {
	j := dialogue.New(script)
	for _, in := range []dialogue.Input{began, key("1")} {
		var err error
		if j, _, err = dialogue.Step(script, j, in); err != nil {
			b.Fatal(err)
		}
	}
	answer := dialogue.Input{Kind: dialogue.Answer, Serial: 1, Answer: json.RawMessage("3")}
	for b.Loop() {
		if _, _, err := dialogue.Step(script, j, answer); err != nil {
			b.Fatal(err)
		}
	}
}
