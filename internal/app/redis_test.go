package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// Redis dies in the middle of a call. No promise is spoken; who is keying hears
// the truth and stays; who wants a person is passed to one who is free. When Redis
// is back, what was confirmed is saved, and said.
func TestRedisDiesInTheMiddleOfACall(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	maria := w.calls(mariaPhone)
	maria.keying()
	maria.confirming(mariaCode, mariaCard)

	w.in.Redis.Kill()
	maria.presses("1")
	maria.hears(speech.DownStore)
	w.notReady("redis")
	rosa := w.calls("0302345615")
	rosa.wantsPerson()
	rosa.hears(speech.PersonConnecting)
	agent := w.takes(desk)
	together(rosa, agent, 1000)
	assert.False(t, maria.heardEver(speech.PreregisterSaved), "nothing is called registered that is not")

	require.NoError(t, w.in.Redis.Restart(t.Context()))
	maria.hears(speech.DownSaved, speech.PreregisterSaved)
	assert.Equal(t, 1, w.registered(mariaCode))
	maria.leaves()
	together(rosa, agent, 1000)
	rosa.leaves()
	agent.over()
	w.nobodyWaits()
}

// Redis stands still for five seconds: calls stay up, nothing piles up in the
// service, and what is asked meanwhile is asked again.
func TestRedisStandsStill(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	maria := w.calls(mariaPhone)
	maria.keying()
	usual := w.metric("go_goroutines")

	require.NoError(t, w.in.Redis.Pause())
	resumed := make(chan error, 1)
	time.AfterFunc(5*time.Second, func() { resumed <- w.in.Redis.Resume() })
	maria.presses(keysOf(mariaCode))
	maria.hears(speech.IdentifyAskCardDigits) // the conversation goes on without the store
	assert.Less(t, w.metric("go_goroutines"), usual+100)
	require.NoError(t, <-resumed)

	maria.presses(mariaCard)
	maria.hears(numberCliMark)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	assert.Equal(t, 1, w.registered(mariaCode))
	maria.leaves()
	require.NoError(t, w.in.WaitReady(t.Context()))
}
