package app_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"richiamo/internal/demo"
	"richiamo/internal/lab"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// What can go wrong around the service, on real processes: each test makes one
// thing fail as it does in the field and looks at what citizens hear, and at how
// often their telephones ring. Which fault is shown where stands at the top of
// exchange_faults_test.go.

// A process that was frozen for longer than its rights last, and wakes up while
// its successor serves: it writes nothing, dials nobody and ends.
func TestFrozenProcessWakesUpBesideItsSuccessor(t *testing.T) {
	w := newTown(t, demo.Options{})
	port, err := lab.FreeTCP()
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	zombie := exec.CommandContext(t.Context(), self, "serve", "--config", w.in.Config)
	zombie.Env = append(append(os.Environ(), w.in.Env...), "RICHIAMO_HTTP_PORT="+strconv.Itoa(port))
	var said strings.Builder
	zombie.Stderr = &said
	require.NoError(t, zombie.Start())
	ended := make(chan error, 1)
	go func() { ended <- zombie.Wait() }()
	first := &town{T: t, in: &demo.Installation{URL: "http://127.0.0.1:" + strconv.Itoa(port)}}
	require.True(t, soon(patience, func() bool { _, err := first.try("GET", "/readyz", "", nil, nil); return err == nil }))
	maria := w.calls(mariaPhone)
	maria.keying()
	first.handOver(luciaCode, luciaPhone)
	ringing := w.ring(luciaPhone)

	require.NoError(t, zombie.Process.Signal(syscall.SIGSTOP))
	w.open()
	maria.hears(speech.ResumeEntry, speech.IdentifyAskCode)
	require.NoError(t, zombie.Process.Signal(syscall.SIGCONT))
	select {
	case <-ended:
		assert.Contains(t, said.String(), "another process")
	case <-time.After(patience):
		require.Fail(t, "the frozen process goes on")
	}
	lucia := w.answers(ringing)
	lucia.hears(speech.VerifyHello)
	assert.Equal(t, 1, w.rung.of(luciaPhone), "nobody rings twice")
	maria.confirming(mariaCode, mariaCard)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	maria.leaves()
	lucia.leaves()
}

// Asterisk stands still for longer than its silence is believed, and goes on:
// the service says that it is not ready, tears nothing down, and the callers who
// stayed are served on.
func TestAsteriskStandsStill(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	maria := w.calls(mariaPhone)
	maria.keying()
	require.NoError(t, w.in.Asterisk.Pause())
	w.notReady("asterisk")
	require.NoError(t, w.in.Asterisk.Resume())
	require.NoError(t, w.in.WaitReady(t.Context()))
	maria.confirming(mariaCode, mariaCard)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	assert.Equal(t, 1, w.registered(mariaCode))
	maria.leaves()
}

// Asterisk is told to stop when its last call has ended: the call that is up is
// spoken to its end, and no other is begun.
func TestAsteriskStopsGracefully(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	maria := w.calls(mariaPhone)
	maria.keying()
	go func() { _, _ = w.in.Asterisk.CLI(context.WithoutCancel(t.Context()), "core stop gracefully") }() // it answers when it stops
	require.True(t, soon(patience, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, err := w.dial(ctx, "0302345615")
		if err == nil {
			_ = c.Hangup()
		}
		return err != nil
	}), "no new call is begun")
	maria.confirming(mariaCode, mariaCard)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	maria.leaves()
	require.True(t, soon(patience, func() bool { return !w.in.Asterisk.Running() }))
	w.notReady("asterisk")
	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	require.NoError(t, w.in.WaitReady(t.Context()))
	assert.Equal(t, 1, w.registered(mariaCode))
}

// The disk of Redis is full: with a flush at every write Redis ends rather than
// lose one. Nothing is promised meanwhile, a free agent is still reached, and
// when there is room again what was confirmed is saved, and said.
func TestTheDiskOfRedisIsFull(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	maria := w.calls(mariaPhone)
	maria.keying()
	maria.confirming(mariaCode, mariaCard)

	full := unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY} // no file may grow
	require.NoError(t, unix.Prlimit(w.in.Redis.PID(), unix.RLIMIT_FSIZE, &full, nil))
	maria.presses("1")
	maria.hears(speech.DownStore)
	assert.False(t, maria.heardEver(speech.PreregisterSaved))
	w.notReady("redis")

	require.NoError(t, w.in.Redis.Restart(t.Context()))
	maria.hears(speech.DownSaved, speech.PreregisterSaved)
	assert.Equal(t, 1, w.registered(mariaCode))
	maria.leaves()
}

// The log can't be written: calls go on.
func TestTheDiskOfTheLogIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	w := newTown(t, demo.Options{Log: full})
	w.open()
	maria := w.calls(mariaPhone)
	maria.keying()
	maria.confirming(mariaCode, mariaCard)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	maria.leaves()
}

// Whatever the network says of a call that is not answered is told apart: what
// was the citizen's, what was ours, and what is not known.
func TestHowCallsEnd(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	tests := []struct {
		number  string
		status  int
		outcome string
	}{
		{"0212340486", 486, "busy"},
		{"0212340600", 600, "busy"},
		{"0212340480", 480, "no-answer"},
		{"0212340404", 404, "unreachable"},
		{"0212340603", 603, "rejected"},
		{"0212340503", 503, "our-fault"},
		{"0212340500", 500, "our-fault"},
	}
	for i, tt := range tests {
		id := w.handOver(registrants()[i], tt.number)
		require.NoError(t, w.ring(tt.number).Refuse(tt.status))
		assert.True(t, soon(patience, func() bool {
			attempts := w.returnCall(id).Attempts
			return len(attempts) > 0 && attempts[0].Outcome == tt.outcome
		}), "SIP %d: %+v", tt.status, w.returnCall(id))
	}
}

// The carrier does not answer at all: that is no citizen's miss.
func TestTheTrunkIsSilent(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	require.NoError(t, w.homes.Close())
	id := w.handOver(luciaCode, luciaPhone)
	assert.True(t, soon(2*patience, func() bool {
		attempts := w.returnCall(id).Attempts
		return len(attempts) > 0 && attempts[0].Outcome == "our-fault"
	}), "%+v", w.returnCall(id))
}

// A caller hangs up while the agent's telephone rings: it stops ringing, and
// nobody picks up into silence.
func TestFailureZombieAgentRing(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	rings := w.desk("agent1")
	w.agentIs("agent1", "ready")
	rosa := w.calls("0302345615")
	rosa.wantsPerson()
	inv := w.rings(rings)
	rosa.leaves()
	select {
	case <-inv.Done():
	case <-time.After(patience):
		require.Fail(t, "the agent's telephone rings for nobody")
	}
	w.agentBecomes("agent1", "ready")
	assert.Empty(t, w.tickets())
}

// An agent's telephone that does not answer: the next agent is rung, the citizen
// keeps the place, and after the third miss the agent gets no more calls.
func TestAnAgentMisses(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	deaf := w.desk("agent1")
	w.agentIs("agent1", "ready")
	rosa := w.calls("0302345615")
	rosa.wantsPerson()
	missed := w.rings(deaf)
	desk := w.agent("agent2", 1000)
	w.agentIs("agent2", "ready")
	agent := w.takes(desk) // after 15 s
	together(rosa, agent, 1000)
	<-missed.Done()
	rosa.leaves()
	agent.over()
	w.agentBecomes("agent2", "wrap-up")
}

// rings waits until a desk telephone rings.
func (w *town) rings(desk <-chan *sip.Invite) *sip.Invite {
	w.Helper()
	select {
	case inv := <-desk:
		require.NoError(w, inv.Ring())
		return inv
	case <-time.After(patience):
		require.Fail(w, "the agent's telephone did not ring")
		return nil
	}
}
