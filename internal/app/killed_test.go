package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// Six citizens are each at another point of a call when the service is killed.
// Nobody's line drops, and each goes on: who spoke speaks on, who was asked is asked
// again, who confirmed is registered once, and the telephone that rang rings on.
func TestKilledInTheMiddleOfSixCalls(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	desk := w.agent("agent1", 1000)
	speaks, agent := w.talk(desk)

	waits := w.calls("0332234522") // with music, for the one agent
	waits.wantsPerson()
	waits.hears(speech.PersonOfferFirst)
	waits.presses("2")

	promised := w.calls("0392345602")
	promised.wantsPerson()
	promised.hears(speech.PersonOfferFirst)
	promised.presses("1")
	promised.hears(speech.CallbackWhen)
	promised.presses("1")
	confirms := w.calls(mariaPhone)
	confirms.keying()
	lucia := w.handOver(luciaCode, luciaPhone)
	promised.hears(speech.NumberCli, numberCliMark)
	promised.presses("1")
	promised.hears(speech.CallbackPromise, speech.CallbackPen) // has no pen yet
	ringing := w.ring(luciaPhone)
	keys := w.calls("0212345604")
	keys.keying()
	confirms.confirming(mariaCode, mariaCard)
	keys.presses("2767")

	// The store stands still, so that the request is under way for sure when the
	// key has cut the voice.
	require.NoError(t, w.in.Redis.Pause())
	confirms.presses("1")
	confirms.until("the voice is cut", func() bool { return confirms.Hears().Silence > 300*time.Millisecond })
	w.in.Kill()
	require.NoError(t, w.in.Redis.Resume())
	together(speaks, agent, 1000)
	require.NoError(t, w.in.Serve(t.Context()))

	called := w.answers(ringing)
	called.hears(speech.VerifyHello)
	confirms.confirmedOrAskedAgain()
	keys.hears(speech.ResumeEntry, speech.IdentifyAskCode)
	assert.Equal(t, 1, w.registered(mariaCode), "asked twice, registered once")
	promised.hears(speech.ResumeSaved, speech.CallbackPen)
	waits.hears(speech.ResumeWait)
	assert.Equal(t, 1, w.rung.of(luciaPhone))
	assert.Len(t, w.returnCall(lucia).Attempts, 1)
	together(speaks, agent, 1000)

	speaks.leaves()
	agent.over()
	w.agentBecomes("agent1", "wrap-up")
	for _, l := range []*line{waits, confirms, promised, called, keys} {
		l.leaves()
	}
}

// confirmedOrAskedAgain: a key that was on its way to the disk when the service died
// has come there, or has not; then it is asked for again.
func (l *line) confirmedOrAskedAgain() {
	l.Helper()
	saved := func() bool { return l.heardEver(speech.PreregisterSaved) }
	l.until("goes on", func() bool { return saved() || l.heardEver(speech.ResumeQuestion) })
	if !saved() {
		l.hears(speech.ResumeQuestion, speech.NumberCli, numberCliMark)
		l.presses("1")
		l.hears(speech.PreregisterSaved)
	}
}

// The service is killed again and again while calls are being made: at no moment
// is a telephone rung twice for one attempt, and each citizen is called.
func TestKilledWhileCallsAreMade(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	const rounds = 10
	ids, numbers := map[string]string{}, []string{}
	for round := range rounds {
		number := fmt.Sprintf("02123457%02d", round)
		numbers = append(numbers, number)
		ids[number] = w.handOver(registrants()[round], number)
		pause := time.NewTimer(time.Duration(round) * 4 * time.Millisecond) // each round a little later in the making of the call
		<-pause.C
		w.in.Kill()
		w.open()
	}
	// A process that dies just before its command to ring leaves it unknown whether
	// the telephone rang: that attempt is waited for like one that rings (45 s and 15
	// s), and the next one is made 10 s later. The others do not wait for it.
	missing := slices.Clone(numbers)
	all := soon(3*patience, func() bool {
		missing = slices.DeleteFunc(missing, func(number string) bool {
			inv := w.rung.next(number)
			if inv == nil {
				return false
			}
			called := w.answers(inv)
			called.hears(speech.VerifyHello)
			called.leaves()
			return true
		})
		return len(missing) == 0
	})
	assert.True(t, all, "each citizen is called: %d are not", len(missing))
	for _, number := range numbers {
		assert.LessOrEqual(t, w.rung.of(number), len(w.returnCall(ids[number]).Attempts), "one attempt, one ring")
	}
}
