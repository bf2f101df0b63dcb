package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// Callbacks with telephones: what citizens live through who were promised a
// call.

const giovanni = "0392345602"

// promised is a citizen who calls, takes the callback that is offered, and hangs
// up once it is promised.
func (w *town) promised(number string) {
	w.Helper()
	l := w.calls(number)
	l.wantsPerson()
	l.hears(speech.PersonOfferUnknown)
	l.presses("1")
	l.hears(speech.CallbackWhen)
	l.presses("1")
	l.hears(speech.NumberCli, numberCliMark)
	l.presses("1")
	l.hears(speech.CallbackPen)
	l.leaves()
}

// configured starts an installation with some lines of the demonstration's
// configuration replaced: pairs of old and new.
func configured(t *testing.T, o demo.Options, replace ...string) *town {
	t.Helper()
	w := newTown(t, o)
	text, err := os.ReadFile(w.in.Config)
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(text), replace[i])
		text = []byte(strings.ReplaceAll(string(text), replace[i], replace[i+1]))
	}
	w.in.Config = filepath.Join(w.in.Dir, "richiamo.yaml")
	require.NoError(t, os.WriteFile(w.in.Config, text, 0o600))
	return w
}

// at moves the clock of the service that is started next.
func (w *town) at(when time.Time) {
	kept := w.in.Env[:0]
	for _, e := range w.in.Env {
		if !strings.HasPrefix(e, clockEnv+"=") {
			kept = append(kept, e)
		}
	}
	w.in.Env = append(kept, clockEnv+"="+time.Until(when).Round(time.Millisecond).String())
}

// goesOnAt stops the service, and starts it at another time of its clock.
func (w *town) goesOnAt(when time.Time) {
	w.Helper()
	w.in.Terminate()
	w.at(when)
	w.open()
}

// weekday is an hour of the next Tuesday, days later.
func weekday(t *testing.T, days, hour, minute, second int) time.Time {
	t.Helper()
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	day := time.Now().In(rome).AddDate(0, 0, 1)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	y, m, d := day.Date()
	return time.Date(y, m, d+days, hour, minute, second, 0, rome)
}

// Elsewhere the callback fires although the citizen has called again, is served
// already, or is on that very line: Genesys Cloud does not cancel it. Here
// whoever calls again is recognised, keeps the place, and is not called any more.
func TestFailure04CitizenRingsBackInWhilePending(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	w.promised(giovanni)

	again := w.calls(giovanni)
	again.hears(speech.RecallHello)
	again.presses("1")
	again.hears(speech.RecallStatus)
	again.presses("1")
	assert.True(t, soon(patience, func() bool {
		tickets := w.tickets()
		return len(tickets) == 1 && tickets[0].State == "waiting"
	}), "one request, now on the line: %v", w.tickets())
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	agent := w.takes(desk)
	together(again, agent, 1000)
	again.leaves()
	agent.over()
	w.agentIs("agent1", "ready")
	w.nobodyWaits()
	assert.Zero(t, w.rung.of(giovanni), "nobody calls who has been served")
}

// The same, in the moment in which our call rings: one of the two remains, the
// citizen's own, and the agent who was reserved is there at once.
func TestFailure04CitizenRingsBackInWhileRinging(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	w.promised(giovanni)
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	ringing := w.ring(giovanni)

	again := w.calls(giovanni)
	again.hears(speech.RecallDialling)
	select {
	case <-ringing.Done():
	case <-time.After(patience):
		require.Fail(t, "our call rings on")
	}
	agent := w.takes(desk)
	together(again, agent, 1000)
	again.leaves()
	agent.over()
	w.agentIs("agent1", "ready")
	w.nobodyWaits()
	assert.Equal(t, 1, w.rung.of(giovanni))
}

// Busy means that somebody is at home: soon again, and then the talk.
func TestBusyThenAnswered(t *testing.T) {
	w := configured(t, demo.Options{}, "busy: 30s", "busy: 2s")
	w.open()
	w.promised(giovanni)
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	require.NoError(t, w.ring(giovanni).Refuse(486))
	called, agent := w.calledBack(giovanni, desk)
	called.leaves()
	agent.over()
	assert.Equal(t, 2, w.rung.of(giovanni))
	w.nobodyWaits()
}

// Nobody answers on two days: each time at another part of the day, and then
// a person looks at it. Elsewhere whoever does not answer three times is struck
// off the list.
func TestFailure15DidNotAnswerOnTwoDays(t *testing.T) {
	w := configured(t, demo.Options{},
		"calling_window: always", "calling_window: [{days: mon-sun, from: \"09:00\", to: \"19:00\"}]",
		"no_answer: 30s", "no_answer: 1m", "avoid: 0s", "avoid: 2h")
	w.at(weekday(t, 0, 10, 0, 0))
	w.open()
	id := w.handOver(luciaCode, luciaPhone)
	require.NoError(t, w.ring(luciaPhone).Refuse(480))
	missed := func(n int) {
		t.Helper()
		require.True(t, soon(patience, func() bool {
			r := w.returnCall(id)
			return len(r.Attempts) == n && r.Attempts[n-1].Outcome == "no-answer"
		}), "%+v", w.returnCall(id))
	}
	missed(1)

	w.goesOnAt(weekday(t, 0, 11, 0, 0)) // an hour later: too near to the miss
	assert.Equal(t, "pending", w.returnCall(id).State)
	w.goesOnAt(weekday(t, 0, 15, 0, 0))
	require.NoError(t, w.ring(luciaPhone).Refuse(480))
	missed(2)
	w.goesOnAt(weekday(t, 0, 18, 0, 0)) // the last attempt is on another day
	assert.Equal(t, "pending", w.returnCall(id).State)
	w.goesOnAt(weekday(t, 1, 12, 30, 0)) // more than two hours from both misses, but no other part of the day
	assert.Equal(t, "pending", w.returnCall(id).State)
	w.goesOnAt(weekday(t, 1, 17, 30, 0))
	require.NoError(t, w.ring(luciaPhone).Refuse(480))
	missed(3)
	assert.True(t, soon(patience, func() bool { return w.returnCall(id).State == "exhausted" }))

	list := w.worklist()
	require.Len(t, list, 1, "a person looks at it")
	assert.Equal(t, id, list[0].ID)
	assert.Equal(t, "attempts-used-up", list[0].Reason)
	assert.Equal(t, 3, w.rung.of(luciaPhone))
	status := w.ask(http.MethodPost, "/api/v1/worklist/"+id, adminKey, map[string]string{"outcome": "resolved", "note": "raggiunta di persona"}, nil)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, w.worklist())
}

// entry is a row of the worklist.
type entry struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

func (w *town) worklist() []entry {
	w.Helper()
	var list struct {
		Items []entry `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/worklist", adminKey, nil, &list)
	return list.Items
}

// The offices close while a citizen waits: nobody is cut off. Staying in line is
// a yes; the place is kept for the next morning.
func TestClosingTime(t *testing.T) {
	w := configured(t, demo.Options{},
		"calling_window: always", "calling_window: [{days: mon-sun, from: \"09:00\", to: \"19:00\"}]")
	w.at(weekday(t, 0, 17, 0, 0))
	w.open()
	waits := w.calls(giovanni)
	waits.wantsPerson()
	waits.hears(speech.PersonOfferUnknown)
	waits.presses("2")
	w.in.Kill()
	w.at(weekday(t, 0, 18, 59, 57))
	w.open()
	waits.hears(speech.ClosingWaiting) // and stays
	waits.hears(speech.NumberCli)
	waits.hears(speech.CallbackPromiseHalfDay)
	tickets := w.tickets()
	require.Len(t, tickets, 1)
	assert.Equal(t, "pending", tickets[0].State)
	waits.leaves()

	late := w.calls("0302345615")
	late.wantsPerson()
	late.hears(speech.ClosedPerson)
	late.leaves()
	assert.Zero(t, w.rung.of(giovanni), "not before the morning")
}

// A supervisor sends the waiting home: all are promised a call at once, who
// hangs up at the first word too.
func TestSupervisorsSweep(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	holds := func(number string) *line {
		l := w.calls(number)
		l.wantsPerson()
		l.hears(speech.PersonOfferUnknown)
		l.presses("2")
		l.music()
		return l
	}
	stays, leaves := holds(giovanni), holds("0302345615")
	require.True(t, soon(patience, func() bool { return len(w.tickets()) == 2 }))
	status := w.ask(http.MethodPost, "/api/v1/queues/persone/sweep", adminKey, nil, nil)
	assert.Less(t, status, 300)
	leaves.hears(speech.ClosingWaitingSoon)
	leaves.leaves()
	stays.hears(speech.ClosingWaitingSoon, speech.NumberCli, speech.CallbackPromiseSoon) // the offices are open still
	stays.leaves()
	assert.True(t, soon(patience, func() bool {
		tickets := w.tickets()
		return len(tickets) == 2 && tickets[0].State == "due" && tickets[1].State == "due" // as soon as somebody is there
	}), "%v", w.tickets())
}

// An agent passes a citizen on: first with music and a word to the colleague,
// then for good. Nobody is lost on the way.
func TestTransfer(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	first, second := w.agent("agent1", 1000), w.agent("agent2", 1500)
	rosa, anna := w.talk(first)
	w.agentIs("agent2", "ready")
	call := w.tickets()[0].Call

	w.wish(call, "hold", "")
	rosa.until("the agent's tone is gone", func() bool { return rosa.Hears().Tone != 1000 })
	w.wish(call, "resume", "")
	together(rosa, anna, 1000)
	w.wish(call, "consult", "agent:agent2")
	bruno := w.takes(second)
	together(anna, bruno, 1500) // between themselves
	anna.SendTone(1000)
	bruno.Mute() // an ear makes out one tone at a time
	w.wish(call, "conference", "")
	together(rosa, anna, 1000)
	bruno.SendTone(1500)
	w.transfers(call, rosa, anna, bruno)
}

// An agent without a browser comes and goes by telephone, and a telephone that
// is dead gets nobody, whatever its registration says.
func TestAgentsByTelephone(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	w.agent("agent1", 1000)
	dial := func(code string) *line {
		t.Helper()
		c, err := w.desks["agent1"].Dial(t.Context(), "sip:"+code+"@"+w.in.Asterisk.SIPAddr, "agent1")
		require.NoError(t, err)
		return &line{T: t, Call: c}
	}
	for _, step := range []struct{ code, state string }{{"*60", "ready"}, {"*61", "paused"}, {"*60", "ready"}, {"*62", "away"}} {
		l := dial(step.code)
		l.over()
		w.agentBecomes("agent1", step.state)
	}
}

// Asterisk dies in the middle of a talk and of a conversation: both citizens are
// called back, and told why.
func TestAsteriskIsKilledInMidCall(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	desk := w.agent("agent1", 1000)
	keying := w.calls(mariaPhone)
	keying.keying()
	rosa, agent := w.talk(desk)

	w.in.Asterisk.Kill()
	w.notReady("asterisk")
	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	require.NoError(t, w.in.WaitReady(t.Context()))
	cutOff(keying, rosa, agent)
	assert.True(t, soon(patience, func() bool {
		interrupted := 0
		for _, x := range w.tickets() {
			if x.Purpose == "interrupted" {
				interrupted++
			}
		}
		return interrupted == 2
	}), "both become callbacks: %v", w.tickets())
	w.desks["agent1"].Close()
	desk = w.agent("agent2", 1500)
	w.agentIs("agent2", "ready")
	again := w.answers(w.ring(mariaPhone)) // after the minute that an old line needs to be free
	again.hears(speech.ReturnHelloDropped)
	again.presses("1")
	together(again, w.takes(desk), 1500)
	again.leaves()
}
