package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// What was promised on the telephone, and how it is kept: the hour, the half-day, the
// three figures, the way without keys.

const (
	rosaPhone = "0302345615"
	luciaCard = "40004"
)

// promise is a promised call as the API shows it.
type promise struct {
	State     string    `json:"state"`
	HalfDay   string    `json:"half_day"`
	Replanned int       `json:"replanned"`
	NotBefore time.Time `json:"not_before"`
	Promised  struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	} `json:"promised"`
	Attempts []struct {
		Kind    string `json:"kind"`
		Outcome string `json:"outcome"`
	} `json:"attempts"`
}

func (w *town) promise(id string) (p promise) {
	w.Helper()
	w.ask(http.MethodGet, "/api/v1/return-calls/"+id, adminKey, nil, &p)
	return p
}

// word is the three figures that are read in a prompt.
func (l *line) word(id speech.ID) (word string) {
	l.Helper()
	l.hears(id)
	l.until("hears three figures of "+string(id), func() bool {
		var b strings.Builder
		within := false
		for _, s := range l.Sounds() {
			digit, ok := strings.CutPrefix(s.Recording, "digit-")
			switch {
			case isOf(s.Recording, id):
				within = true
			case within && ok:
				b.WriteString(strings.TrimSuffix(digit, "-end"))
			}
		}
		word = b.String()
		return len(word) >= 3
	})
	return word[:3]
}

// wantsCall goes from the first word to the question for when to be called.
func (l *line) wantsCall(offer speech.ID) {
	l.Helper()
	l.wantsPerson()
	l.hears(offer)
	l.presses("1")
	l.hears(speech.CallbackWhen)
}

// The agent talks for longer than was thought: the call that was promised can't come
// in time. It is promised anew, the citizen is called once to hear that, with the
// three figures first, and is called within the new time.
func TestALatePromiseIsReplannedAndSaid(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.at(weekday(t, 0, 10, 0, 0))
	w.open()
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	rosa := w.calls(rosaPhone)
	rosa.wantsPerson()
	agent := w.takes(desk)
	asks := w.calls(giovanni)
	asks.wantsCall(speech.PersonOfferFirst)
	asks.presses("1")
	asks.hears(speech.NumberCli, numberCliMark)
	asks.presses("1")
	asks.hears(speech.CallbackPromise)
	asks.leaves()
	id := ""
	for _, x := range w.tickets() {
		if x.Call == "" {
			id = x.ID
		}
	}
	first := w.promise(id)
	require.False(t, first.Promised.To.IsZero())

	w.goesOnAt(first.Promised.To.Add(time.Minute))
	late := w.answers(w.ring(giovanni))
	word := late.word(speech.LateHello)
	late.hears(speech.LateTime, speech.LateKeys)
	late.presses("1")
	late.over()
	var moved promise
	require.True(t, soon(patience, func() bool {
		moved = w.promise(id)
		return len(moved.Attempts) == 1 && moved.Attempts[0].Outcome == "told"
	}), "%+v", moved)
	assert.Equal(t, "late", moved.Attempts[0].Kind)
	assert.Equal(t, 1, moved.Replanned)
	assert.True(t, moved.Promised.To.After(first.Promised.To))
	together(rosa, agent, 1000)

	rosa.leaves()
	agent.over()
	w.agentBecomes("agent1", "wrap-up")
	w.agentIs("agent1", "ready")
	called := w.answers(w.ring(giovanni))
	assert.Equal(t, word, called.word(speech.ReturnHello))
	called.presses("1")
	together(called, w.takes(desk), 1000)
	kept := w.promise(id)
	assert.Equal(t, 1, kept.Replanned, "the new time is kept")
	assert.Equal(t, moved.Promised, kept.Promised)
	assert.Equal(t, 2, w.rung.of(giovanni))
	called.leaves()
}

// askFor hands over a citizen who is to speak with a person.
func (w *town) askFor(code, number string) {
	w.Helper()
	status := w.ask(http.MethodPost, "/api/v1/return-calls", portalKey,
		map[string]string{"fiscal_code": code, "phone": number, "purpose": "person"}, nil)
	require.Equal(w, http.StatusCreated, status)
}

// dialling is how many citizens are being called at this moment.
func (w *town) dialling() (n int) {
	w.Helper()
	for _, t := range w.tickets() {
		if t.State == "dialling" {
			n++
		}
	}
	return n
}

// Citizens are called before an agent is reserved: never more than agents are free,
// and the agent's telephone rings only once the citizen has said to be there.
func TestCitizenFirst(t *testing.T) {
	w := configured(t, demo.Options{}, "dial: agent-first", "dial: citizen-first")
	w.open()
	numbers := []string{giovanni, rosaPhone, "0332234522"}
	for i, n := range numbers {
		w.askFor(registrants()[i], n)
	}
	first := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	one := w.ring(numbers[0])
	assert.Equal(t, 1, w.dialling(), "as many as agents are free")
	second := w.agent("agent2", 1500)
	w.agentIs("agent2", "ready")
	two := w.ring(numbers[1])
	assert.Equal(t, 2, w.dialling())
	assert.Equal(t, "ready", w.agentState("agent1"), "nobody is reserved for a telephone that rings")

	called := w.answers(one)
	called.hears(speech.ReturnHelloPromised)
	assert.Empty(t, first)
	assert.Empty(t, second)
	called.presses("1")
	together(called, w.takes(first), 1000) // who is longest idle
	assert.Empty(t, second, "who is meant for the other call is left to it")
	require.NoError(t, two.Refuse(486))
	three := w.ring(numbers[2]) // the agent is free for the next
	assert.LessOrEqual(t, w.dialling(), 1)
	last := w.answers(three)
	last.hears(speech.ReturnHelloPromised)
	last.presses("1")
	together(last, w.takes(second), 1500)
	assert.Equal(t, []int{1, 1, 1}, []int{w.rung.of(numbers[0]), w.rung.of(numbers[1]), w.rung.of(numbers[2])})
	called.leaves()
	last.leaves()
}

// A half-day is chosen by keypad; one that is full is not offered to the next. The
// citizen is called in it, and not before.
func TestHalfDayByKey(t *testing.T) {
	w := configured(t, demo.Options{},
		"calling_window: always", `calling_window: [{days: mon-sun, from: "09:00", to: "18:00"}]
    staffing: [{days: mon-sun, from: "09:00", to: "18:00", agents: 1}]
    estimate: {handle_time: 1h}`,
		"half_day_share: 50%", "half_day_share: 33%")
	w.at(weekday(t, 0, 9, 30, 0))
	w.open()
	// chooses takes the first half-day that is offered, and gives it.
	chooses := func(number string) *line {
		l := w.calls(number)
		l.wantsCall(speech.PersonOfferUnknown)
		l.presses("2")
		l.hears(speech.CallbackHalfDay1)
		l.presses("1")
		l.hears(speech.NumberCli)
		return l
	}
	known := map[string]bool{}
	promised := func() (p promise) {
		require.True(t, soon(patience, func() bool {
			for _, x := range w.tickets() {
				if x.State == "pending" && !known[x.ID] {
					known[x.ID], p = true, w.promise(x.ID)
					return true
				}
			}
			return false
		}), "nothing was promised: %v", w.tickets())
		return p
	}
	first := chooses(giovanni)
	first.hears(numberCliMark)
	first.presses("1")
	first.hears(speech.CallbackPromiseHalfDay)
	first.leaves()
	his := promised()
	chooses(rosaPhone).leaves() // what was chosen is kept
	hers := promised()
	require.NotEmpty(t, his.HalfDay)
	assert.Less(t, his.HalfDay, hers.HalfDay, "the first one is full and is not offered again")

	w.goesOnAt(his.NotBefore.Add(-10 * time.Minute))
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	w.handOver(luciaCode, luciaPhone)
	require.NoError(t, w.ring(luciaPhone).Refuse(480)) // others are called
	assert.Zero(t, w.rung.of(giovanni), "not before the half-day")
	w.goesOnAt(his.NotBefore.Add(time.Second))
	called, _ := w.calledBack(giovanni, desk)
	assert.Zero(t, w.rung.of(rosaPhone), "her half-day is another one")
	called.leaves()
}

// A rotary telephone: the citizen has said a name and is called back without keys.
// Nothing is asked for; the agent is there from the first words on.
func TestCalledBackWithoutKeys(t *testing.T) {
	w := configured(t, demo.Options{}, "key_file:", "keypad: {first_key: 3s}\n\nkey_file:")
	w.open()
	asks := w.calls(giovanni)
	asks.hears(speech.CommonRecordedVoice, speech.CommonRepeatHint, speech.NokeyStart, speech.ToneRecord)
	asks.SendTone(440) // the name
	asks.until("speaks", func() bool { return asks.Hears().Silence > 2*time.Second })
	asks.Mute()
	asks.hears(speech.NokeyHeardSoon)
	asks.leaves()

	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	called := w.answers(w.ring(giovanni))
	agent := w.takes(desk)
	called.word(speech.ReturnHelloNoKeys)
	together(called, agent, 1000)
	assert.NotContains(t, called.last(), "return-hello-1", "no key is asked for")
	called.leaves()
	agent.over()
	w.nobodyWaits()
}

// Whoever calls the number that we showed hears that we called; why, only after it is
// known who it is.
func TestCallsTheNumberThatWasShown(t *testing.T) {
	w := configured(t, demo.Options{}, "no_answer: 30s", "no_answer: 10m")
	w.open()
	id := w.handOver(luciaCode, luciaPhone)
	ringing := w.ring(luciaPhone)
	shown := ringing.From()
	assert.Equal(t, w.in.Asterisk.ServiceNumber, shown)
	require.NoError(t, ringing.Refuse(480))
	require.True(t, soon(patience, func() bool {
		r := w.returnCall(id)
		return len(r.Attempts) == 1 && r.Attempts[0].Outcome == "no-answer"
	}))
	lucia := w.calls(luciaPhone)
	lucia.hears(speech.RecallMissed)
	lucia.presses("2")
	lucia.hears(speech.MenuMain)
	lucia.presses("3")
	lucia.hears(speech.IdentifyCardReady)
	assert.False(t, lucia.heardEver(speech.RecallWhySite))
	lucia.presses("1")
	lucia.hears(speech.IdentifyAskCode)
	lucia.presses(keysOf(luciaCode))
	lucia.hears(speech.IdentifyAskCardDigits)
	assert.False(t, lucia.heardEver(speech.RecallWhySite), "the code is no password")
	lucia.presses(luciaCard)
	lucia.hears(speech.RecallWhySite)
	lucia.leaves()
}
