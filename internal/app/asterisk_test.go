package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// Asterisk is not there when the service starts: it keeps trying, says why it is
// not ready, takes what other systems hand over, and does it when Asterisk comes.
func TestAsteriskComesLater(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.in.Asterisk.Kill()
	require.NoError(t, w.in.Serve(t.Context()))
	w.notReady("asterisk")
	id := w.handOver(luciaCode, luciaPhone)
	assert.Equal(t, "pending", w.returnCall(id).State)

	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	require.NoError(t, w.in.WaitReady(t.Context()))
	maria := w.calls(mariaPhone)
	maria.hears(speech.WelcomeHello)
	lucia := w.answers(w.ring(luciaPhone))
	lucia.hears(speech.VerifyHello)
	assert.Equal(t, 1, w.rung.of(luciaPhone))
	lucia.leaves()
	maria.leaves()
}

// A number is dialled that no tenant has: the call is refused, the number of
// whoever dialled it is not told, and others are served on.
func TestUnknownNumberIsRefused(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	const stranger = "0299887766"
	_, err := w.homes.Dial(t.Context(), "sip:800999999@"+w.in.Asterisk.SIPAddr, stranger)
	var refused *sip.Refused
	require.ErrorAs(t, err, &refused)
	assert.True(t, soon(5*time.Second, func() bool { return len(w.log()) > 0 }))
	assert.NotContains(t, w.log(), stranger)
	maria := w.calls(mariaPhone)
	maria.hears(speech.WelcomeHello)
	maria.leaves()
}

// Asterisk dies with its calls: their records end, the agent is free again, both
// citizens are to be called back, and new calls are served as soon as it is back.
func TestAsteriskDiesWithItsCalls(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	desk := w.agent("agent1", 1000)
	maria := w.calls(mariaPhone)
	maria.keying()
	rosa, agent := w.talk(desk)
	var citizens []string
	require.True(t, soon(5*time.Second, func() bool { citizens = w.channels(); return len(citizens) == 2 }))

	w.in.Asterisk.Kill()
	w.notReady("asterisk")
	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	require.NoError(t, w.in.WaitReady(t.Context()))
	for _, id := range citizens {
		assert.True(t, soon(10*time.Second, func() bool { return w.ended(id) }), "the record of a lost call has an end")
	}
	assert.True(t, soon(10*time.Second, func() bool { return w.agentState("agent1") != "talking" }), "the agent is not kept by a call that is lost")
	assert.True(t, soon(10*time.Second, func() bool { return len(w.tickets()) == 2 }), "%v", w.tickets())

	giovanni := w.calls("0392345602")
	giovanni.keying()
	giovanni.leaves()
	cutOff(maria, rosa, agent)
}

// cutOff has telephones hang up whose exchange has died and come back: nobody told
// them, and what they go on sending could meet a new call on an old port.
func cutOff(lines ...*line) {
	for _, l := range lines {
		l.Helper()
		if err := l.Hangup(); err != nil {
			assert.ErrorAs(l, err, new(*sip.Refused), "no such call")
		}
	}
}
