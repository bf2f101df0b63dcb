package flow

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// Any sequence of inputs ends or waits: no conversation panics, none says what
// has no recording, none stops without waiting for something, and each replays to
// the same after its journal has been through JSON.
func FuzzConversation(f *testing.F) {
	voice, err := speech.Load(prompts.FS(), "it")
	require.NoError(f, err)
	for script := range Scripts() {
		for seed := range 12 {
			plan := []byte{byte(script), byte(seed)}
			for i := range 60 {
				plan = append(plan, byte(i*i*7+seed*31), byte(seed*i+i))
			}
			f.Add(plan)
		}
	}
	f.Fuzz(func(t *testing.T, plan []byte) {
		if len(plan) < 2 {
			return
		}
		s := Scripts()[int(plan[0])%len(Scripts())]
		begin := Begin{Setup: demoSetup(), Ticket: "t1", Attempt: 1, Number: "0212345678", Word: "471", Agent: "agent1", NoKeys: plan[1]%5 == 0}
		if plan[1]%2 == 0 {
			begin.Caller = "0212345678"
		}
		if plan[1]%3 == 0 {
			begin.Setup.CardDigits, begin.Setup.Starts = 0, ""
		}
		if s.Name == ScriptInbound || s.Name == ScriptRescue {
			begin.Ticket, begin.Attempt = "", 0
		}
		first, err := json.Marshal(begin)
		require.NoError(t, err)
		now := time.Date(2027, 2, 15, 9, 0, 0, 0, time.UTC)
		j := dialogue.New(s)
		in := dialogue.Input{Kind: dialogue.Began, At: now, Answer: first}
		for step := 2; ; step += 2 {
			var turn dialogue.Turn
			j, turn, err = dialogue.Step(s, j, in)
			if errors.Is(err, dialogue.ErrTooLong) {
				return
			}
			require.NoError(t, err)
			for _, a := range turn.Actions {
				if a.Kind == dialogue.Say {
					_, err := voice.Render(a.Say)
					require.NoError(t, err, "%s", a.Say.ID)
				}
			}
			if turn.Ended || step+1 >= len(plan) {
				break
			}
			require.NotEmpty(t, turn.Wait.For, "waits for nothing")
			now = now.Add(time.Duration(plan[step]) * time.Second)
			in = anInput(turn.Wait, plan[step], plan[step+1])
			in.At = now
		}
		raw, err := json.Marshal(j)
		require.NoError(t, err)
		var copied dialogue.Journal
		require.NoError(t, json.Unmarshal(raw, &copied))
		look, err := dialogue.Look(s, j)
		require.NoError(t, err)
		again, err := dialogue.Look(s, copied)
		require.NoError(t, err)
		require.Equal(t, look, again)
	})
}

// anInput is some input, most often one that fits.
func anInput(w dialogue.Wait, a, b byte) dialogue.Input {
	switch a % 16 {
	case 0:
		return dialogue.Input{Kind: dialogue.Resumed}
	case 1:
		if b%8 == 0 {
			return dialogue.Input{Kind: dialogue.Hangup, Cause: 16}
		}
	case 2:
		return dialogue.Input{Kind: dialogue.YourTurn, Agent: "agent2"}
	case 3:
		return dialogue.Input{Kind: dialogue.Timeout}
	}
	switch w.For {
	case dialogue.ForAnswer:
		return anAnswer(w, b)
	case dialogue.ForLeg:
		if b%2 == 0 {
			return dialogue.Input{Kind: dialogue.LegUp, Serial: w.Serial}
		}
		return dialogue.Input{Kind: dialogue.LegDown, Serial: w.Serial, Cause: int(b % 40)}
	case dialogue.ForTalk:
		return dialogue.Input{Kind: dialogue.LegDown, Serial: w.Serial, Cause: []int{0, 16, 41}[b%3]}
	case dialogue.ForRecord:
		return dialogue.Input{Kind: dialogue.Recorded, Serial: w.Serial, Failed: b%2 == 0}
	}
	in := dialogue.Input{Kind: dialogue.Entry, End: dialogue.Full}
	if w.Collect == nil {
		return in
	}
	in.Keys = w.Collect.Given
	for len(in.Keys) < w.Collect.Max && (b%4 != 0 || len(in.Keys) < int(b%16)) {
		in.Keys += string('0' + (b+byte(len(in.Keys)))%10)
	}
	switch {
	case b%7 == 0:
		in.Keys, in.End = w.Collect.Given, dialogue.Silence
		if in.Keys != "" {
			in.End = dialogue.Pause
		}
	case b%11 == 0 && w.Collect.Signs:
		in.Keys, in.End = "", dialogue.Star
	case len(in.Keys) == 0:
		in.End = dialogue.Silence
	case len(in.Keys) < w.Collect.Max:
		in.End = dialogue.Pause
	}
	return in
}

func anAnswer(w dialogue.Wait, b byte) dialogue.Input {
	in := dialogue.Input{Kind: dialogue.Answer, Serial: w.Serial, Failed: b%6 == 0}
	answer := map[string]any{"receipt": "417259", "word": "471", "ticket": "t1"}
	if b%2 == 0 {
		answer = map[string]any{
			"found": b%3 == 0, "citizen": "RSSMRA36A41F205X", "eligible": b%4 == 0, "limited": b%9 == 0, "asked": "2027-02-15",
			"ticket": "t2", "known": b%3 != 0, "minutes": int(b), "ahead": int(b % 30), "offer": b%5 != 0, "word": "471",
			"receipt": map[bool]string{true: "417259"}[b%8 == 0],
		}
		if b%8 != 0 {
			answer["receipt"] = ""
		}
	}
	if w.Serial%2 == 0 {
		answer["receipt"] = "417259"
	}
	in.Answer, _ = json.Marshal(answer)
	return in
}
