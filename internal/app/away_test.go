package app_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/lab"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// The service is away. The exchange keeps callers for ten seconds, for a service
// that comes back; then it tells the truth, and notes the number. Each note
// becomes one callback, however often the service comes and goes.
func TestTheServiceIsAway(t *testing.T) {
	w := newTown(t, demo.Options{})
	noted := w.calls("0302345615") // answered by the exchange itself, after ten seconds
	hidden := w.calls(sip.Anonymous)
	noted.hears(speech.AwayApologyNotebook)
	hidden.hears(speech.AwayApology)

	waiting := make(chan *sip.Call, 1)
	go func() {
		c, _ := w.dial(context.Background(), mariaPhone)
		waiting <- c
	}()
	require.True(t, soon(patience, func() bool { return len(w.channels()) == 3 }))
	w.open()
	c := <-waiting
	require.NotNil(t, c, "who calls within ten seconds of the service's return is answered")
	maria := &line{T: t, Call: c}
	maria.hears(speech.WelcomeHello)
	maria.leaves()
	noted.over()
	hidden.over()

	callbacks := func() (n int) {
		for _, t := range w.tickets() {
			if t.Purpose == "noted" {
				n++
			}
		}
		return n
	}
	assert.True(t, soon(patience, func() bool { return callbacks() == 1 }), "the number that was noted becomes a callback: %v", w.tickets())
	left, err := w.in.Asterisk.CLI(t.Context(), "database show notebook")
	require.NoError(t, err)
	assert.Contains(t, left, "0 results")
	w.in.Terminate()
	w.open()
	assert.Equal(t, 1, callbacks())
	assert.Len(t, w.tickets(), 1)
}

// Two services on one exchange: the one that came last serves, the other ends
// and dials nobody.
func TestTheNewerServiceServes(t *testing.T) {
	w := newTown(t, demo.Options{})
	port, err := lab.FreeTCP()
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	older := exec.CommandContext(t.Context(), self, "serve", "--config", w.in.Config)
	older.Env = append(append(os.Environ(), w.in.Env...), "RICHIAMO_HTTP_PORT="+strconv.Itoa(port))
	var said strings.Builder
	older.Stderr = &said
	require.NoError(t, older.Start())
	ended := make(chan error, 1)
	go func() { ended <- older.Wait() }()
	first := &town{T: t, in: &demo.Installation{URL: "http://127.0.0.1:" + strconv.Itoa(port)}}
	require.True(t, soon(patience, func() bool { _, err := first.try("GET", "/readyz", "", nil, nil); return err == nil }))
	maria := w.calls(mariaPhone)
	maria.keying()

	w.open()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Contains(t, said.String(), "another process")
	case <-time.After(patience):
		require.Fail(t, "the older service goes on")
	}
	maria.hears(speech.ResumeEntry, speech.IdentifyAskCode)
	w.handOver(luciaCode, luciaPhone)
	lucia := w.answers(w.ring(luciaPhone))
	lucia.hears(speech.VerifyHello)
	assert.Equal(t, 1, w.rung.of(luciaPhone))
	lucia.leaves()
	maria.leaves()
	require.NoError(t, w.in.WaitReady(t.Context()))
}
