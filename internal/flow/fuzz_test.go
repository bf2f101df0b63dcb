package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// Any sequence of inputs ends or waits: no conversation panics, none says what
// has no recording, none stops without waiting for something, none ends with
// nothing done or promised, and each replays to the same after its journal has been
// through JSON.
func FuzzConversation(f *testing.F) {
	voice, err := italian()
	require.NoError(f, err)
	for script := range Scripts() {
		for seed := range 24 {
			plan := []byte{byte(script), byte(seed)}
			for i := range 60 {
				plan = append(plan, byte(i*i*7+seed*31), byte(seed*i+i))
			}
			f.Add(plan)
		}
	}
	f.Fuzz(func(t *testing.T, plan []byte) { playPlan(t, voice, plan) })
}

// The same for plans that are drawn, and long: what a fuzzer would need hours to
// come to.
func TestRandomConversations(t *testing.T) {
	t.Parallel()
	voice, err := italian()
	require.NoError(t, err)
	for seed := range uint64(400) {
		dice := rand.New(rand.NewPCG(seed, 3))
		plan := make([]byte, 2+2*dice.IntN(120))
		for i := range plan {
			plan[i] = byte(dice.Uint32())
			if i%2 == 0 && i > 0 && dice.IntN(3) > 0 { // mostly what is being waited for
				plan[i] |= 8
			}
		}
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { playPlan(t, voice, plan) }) {
			return
		}
	}
}

// playPlan plays the conversation that the bytes of a plan choose.
func playPlan(t *testing.T, voice *speech.Catalogue, plan []byte) {
	if len(plan) < 2 {
		return
	}
	s := Scripts()[int(plan[0])%len(Scripts())]
	first, err := json.Marshal(aBegin(s, plan[1]))
	require.NoError(t, err)
	now, done := time.Date(2027, 2, 15, 9, 0, 0, 0, time.UTC), false
	j := dialogue.New(s)
	in, request := dialogue.Input{Kind: dialogue.Began, At: now, Answer: first}, ""
	for step := 2; ; step += 2 {
		var turn dialogue.Turn
		j, turn, err = dialogue.Step(s, j, in)
		if errors.Is(err, dialogue.ErrTooLong) {
			return
		}
		require.NoError(t, err)
		done = done || in.Kind == dialogue.Hangup
		for i, a := range turn.Actions {
			if a.Kind == dialogue.Connect && a.Apart {
				require.Equal(t, dialogue.Hold, turn.Actions[i+1].Kind, "the caller hears nothing")
			}
			done = done || settles(a)
			if a.Kind == dialogue.Request && !a.Told {
				request = a.Request
			}
			if a.Kind == dialogue.Say {
				_, err := voice.Render(a.Say)
				require.NoError(t, err, "%s", a.Say.ID)
			}
		}
		if turn.Ended {
			require.True(t, done, "a dead end")
		}
		if turn.Ended || step+1 >= len(plan) {
			break
		}
		require.NotEmpty(t, turn.Wait.For, "waits for nothing")
		now = now.Add(time.Duration(plan[step]) * time.Second)
		in = anInput(turn.Wait, request, plan[step], plan[step+1])
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
}

// anInput is some input, most often one that fits.
func anInput(w dialogue.Wait, request string, a, b byte) dialogue.Input {
	switch a % 16 {
	case 4:
		if b%4 == 0 {
			return dialogue.Input{Kind: dialogue.Closing}
		}
	case 6, 12, 13, 14:
		if w.For == dialogue.ForTalk {
			return aWish(b)
		}
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
		return anAnswer(w, request, b)
	case dialogue.ForLeg:
		if b%2 == 0 {
			return dialogue.Input{Kind: dialogue.LegUp, Serial: w.Serial}
		}
		return dialogue.Input{Kind: dialogue.LegDown, Serial: w.Serial, Cause: int(b % 40)}
	case dialogue.ForTalk:
		switch {
		case w.Asked != 0 && b%4 != 0:
			in := dialogue.Input{Kind: dialogue.Answer, Serial: w.Asked, Failed: b%5 == 0}
			in.Answer, _ = json.Marshal(Transferred{Agent: map[bool]string{true: "agent3"}[b%3 == 0], Refused: b%7 == 0})
			return in
		case len(w.Legs) > 0 && b%4 != 0:
			return dialogue.Input{Kind: []dialogue.Kind{dialogue.LegUp, dialogue.LegDown}[b%2], Serial: w.Legs[0], Cause: 19}
		}
		return dialogue.Input{Kind: dialogue.LegDown, Serial: w.Serial, Cause: []int{0, 16, 41}[b%3]}
	case dialogue.ForRecord:
		return dialogue.Input{Kind: dialogue.Recorded, Serial: w.Serial, Failed: b%2 == 0}
	}
	in := dialogue.Input{Kind: dialogue.Entry, End: dialogue.Full}
	if w.Collect == nil {
		return in
	}
	in.Keys = w.Collect.Given
	if w.Collect.Max == 1 && b%7 != 0 {
		in.Keys = string("1112234059"[b%10])
		return in
	}
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

func anAnswer(w dialogue.Wait, request string, b byte) dialogue.Input {
	in := dialogue.Input{Kind: dialogue.Answer, Serial: w.Serial, Failed: b%11 == 5}
	answer := map[string]any{"receipt": "417259", "word": "471", "ticket": "t1"}
	if b%2 == 0 {
		answer = map[string]any{
			"found": b%3 == 0, "citizen": "RSSMRA36A41F205X", "eligible": b%4 == 0, "limited": b%9 == 0, "asked": "2027-02-15",
			"ticket": "t2", "known": b%3 != 0, "minutes": int(b), "ahead": int(b % 30), "offer": b%5 != 0, "word": "471",
			"receipt": map[bool]string{true: "417259"}[b%8 == 0],
			"closed":  b%10 == 4, "closing": b%10 == 6, "full": b%12 == 2, "taken": b%14 == 6, "free": b%18 == 8,
			"next": []string{"", "2027-02-16/am", "no half-day"}[b%3], "slot": []string{"", "2027-02-22/pm"}[b/2%2],
			"halfDays": []string{"2027-02-15/pm", "2027-02-16/am", "broken", "2027-02-16/pm"}[:b%5],
		}
		if b%10 == 2 {
			answer["open"] = anOpen(b)
		}
		if b%14 == 4 {
			answer["from"], answer["to"] = "2027-02-17T13:00:00+01:00", "2027-02-17T18:30:00+01:00"
		}
		if b%22 == 8 {
			answer["agent"] = "agent4"
		}
		if b%8 != 0 {
			answer["receipt"] = ""
		}
	}
	if slices.Contains([]string{AskRegister, AskConfirm, AskRephone}, request) { // these have no other answer
		answer["receipt"] = "417259"
	}
	in.Answer, _ = json.Marshal(answer)
	return in
}

// aBegin is how a call of a script may begin.
func aBegin(s dialogue.Script, b byte) Begin {
	begin := Begin{Setup: demoSetup(), Ticket: "t1", Attempt: 1, Number: "0212345678", Word: "471", Agent: "agent1", NoKeys: b%5 == 0}
	if b%2 == 0 {
		begin.Caller = "0212345678"
	}
	if b%3 == 0 {
		begin.Setup.CardDigits, begin.Setup.Starts = 0, ""
	}
	if s.Name == ScriptCheck && b%2 == 0 {
		begin.Proof = "471052"
	}
	if b%7 == 0 {
		begin.Agent, begin.Slot, begin.Word = "", "2027-02-22/am", ""
	}
	switch s.Name {
	case ScriptInbound:
		if b%4 > 1 {
			begin.Open = anOpen(b)
		}
		fallthrough
	case ScriptRescue, ScriptDuty, ScriptBack:
		begin.Ticket, begin.Attempt, begin.Duty = "", 0, &Duty{Agent: "agent1", Code: "pause"}
	}
	return begin
}

func anOpen(b byte) *Open {
	return &Open{
		Ticket: "t1", Purpose: []queue.Purpose{queue.WantsPerson, queue.Verification, queue.NotEligible, queue.Interrupted}[b/3%4],
		Slot: []queue.HalfDay{"", "2027-02-17/am", "no half-day"}[b%3], Ringing: b%11 == 0, Missed: b%5 == 0, Late: b%7 == 0,
		Dropped: b%13 == 0, Owned: b%2 == 0,
	}
}

func aWish(b byte) dialogue.Input {
	verbs := []dialogue.Verb{dialogue.PutOnHold, dialogue.TakeBack, dialogue.Consult, dialogue.Conference, dialogue.Transfer}
	return dialogue.Input{Kind: dialogue.Wished, Agent: []string{"agent1", "agent2", ""}[b/5%3], Verb: verbs[b%5],
		Target: []string{"agent:agent2", "queue:other", "", "agent:agent1"}[b/16%4]}
}

// settles tells whether an action leaves something behind: a talk, a promise, a
// request, the end of an attempt; or tells the caller what was wanted, or what to
// do in the three cases in which nothing can be promised.
func settles(a dialogue.Action) bool {
	switch a.Kind {
	case dialogue.Request:
		return slices.Contains([]string{AskTalked, AskRegister, AskConfirm, AskRephone, AskAttempt, AskChange, AskCancel, AskDuty, AskBack}, a.Request)
	case dialogue.Say:
		return slices.Contains([]speech.ID{
			speech.CallbackPromise, speech.CallbackPromiseHalfDay, speech.CallbackPromiseSoon, speech.PreregisterSincePromise,
			speech.NokeyHeard, speech.NokeyHeardSoon, speech.NokeyHeardHidden, speech.NokeyNumberOnly, speech.NokeyNumberOnlySoon,
			speech.RecallStatus, speech.RecallStatusHalfDay, speech.RecallStatusSoon, speech.RecallLate, speech.RecallKept,
			speech.PreregisterAlready, speech.PreregisterSinceDate, speech.PreregisterSinceUnknown, speech.ClosedHours, speech.SecondNoCard,
			speech.NokeyCallAgain, speech.DownEnd,
		}, a.Say.ID)
	}
	return false
}
