package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sip"
	"richiamo/internal/sip/ear"
)

// A sheet is what a command prints, readable while it prints.
type sheet struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newSheet() *sheet { return &sheet{more: make(chan struct{}, 1)} }

func (s *sheet) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *sheet) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// until waits for a line that contains a text and returns the line.
func (s *sheet) until(ctx context.Context, t *testing.T, text string) string {
	t.Helper()
	for {
		for line := range strings.Lines(s.String()) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line)
			}
		}
		select {
		case <-s.more:
		case <-ctx.Done():
			require.Fail(t, "never printed", "%q is not in:\n%s", text, s)
		}
	}
}

func phoneLimit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func inventedPrompts() fstest.MapFS {
	r := rand.New(rand.NewPCG(1, 1))
	alaw := make([]byte, 4000)
	for i := range alaw {
		alaw[i] = ear.Encode(int16(r.NormFloat64() * 3000))
	}
	return fstest.MapFS{"it/welcome.alaw": &fstest.MapFile{Data: alaw}}
}

func TestPhoneCallTellsWhatItHears(t *testing.T) {
	t.Parallel()
	ctx := phoneLimit(t)
	prompts := inventedPrompts()
	other, err := sip.New(sip.Config{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	defer other.Close()
	go func() {
		call, err := (<-other.Incoming()).Answer()
		if err != nil {
			return
		}
		_ = call.Play(ctx, prompts["it/welcome.alaw"].Data)
		_ = call.WaitKeys(ctx, "12#")
		_ = call.Hangup()
	}()
	wav := filepath.Join(t.TempDir(), "heard.wav")
	out, errs := newSheet(), newSheet()
	words := func(recording string) string {
		if recording == "welcome" {
			return "Buongiorno"
		}
		return ""
	}
	code := phoneCommand(prompts, words).run(ctx,
		[]string{"call", "--to", other.URI(), "--from", "0212345678", "--keys", ",12#", "--wav", wav}, stdio{nil, out, errs})
	assert.Equal(t, exitOK, code, errs.String())
	for _, want := range []string{"answered", "heard welcome «Buongiorno»", "press 12#", "the other side ended the call: hung up"} {
		assert.Contains(t, out.String(), want)
	}
	assert.Regexp(t, `^\+\d+\.\ds `, out.String())
	info, err := os.Stat(wav)
	require.NoError(t, err)
	assert.Greater(t, info.Size(), int64(8000))
}

func TestPhoneCallsPhone(t *testing.T) {
	t.Parallel()
	ctx := phoneLimit(t)
	out, errs := newSheet(), newSheet()
	done := make(chan int, 1)
	go func() {
		done <- phoneCommand(nil, nil).run(ctx, []string{"answer", "--ring", "10ms", "--keys", "t440 w300 h", "--times", "2"}, stdio{nil, out, errs})
	}()
	_, addr, _ := strings.Cut(out.until(ctx, t, "listening on "), "listening on ")
	for range 2 {
		heard := newSheet()
		code := phoneCommand(nil, nil).run(ctx, []string{"call", "--to", "sip:citizen@" + addr, "--from", "anonymous"}, stdio{nil, heard, errs})
		assert.Equal(t, exitOK, code, errs.String())
		assert.Contains(t, heard.String(), "heard a tone of 440 Hz")
	}
	assert.Equal(t, exitOK, <-done, errs.String())
	assert.Contains(t, out.String(), "we hung up")
}

func TestPhoneIsRefused(t *testing.T) {
	t.Parallel()
	ctx := phoneLimit(t)
	out, errs := newSheet(), newSheet()
	done := make(chan int, 1)
	go func() {
		done <- phoneCommand(nil, nil).run(ctx, []string{"answer", "--ring", "0s", "--refuse", "486"}, stdio{nil, out, errs})
	}()
	_, addr, _ := strings.Cut(out.until(ctx, t, "listening on "), "listening on ")
	said := newSheet()
	code := phoneCommand(nil, nil).run(ctx, []string{"call", "--to", "sip:citizen@" + addr}, stdio{nil, newSheet(), said})
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, said.String(), "486 Busy Here")
	assert.Equal(t, exitOK, <-done, errs.String())
}

func TestPhoneNobodyAnswers(t *testing.T) {
	t.Parallel()
	ctx := phoneLimit(t)
	out, errs := newSheet(), newSheet()
	done := make(chan int, 1)
	go func() {
		done <- phoneCommand(nil, nil).run(ctx, []string{"answer", "--ring", "1h"}, stdio{nil, out, errs})
	}()
	_, addr, _ := strings.Cut(out.until(ctx, t, "listening on "), "listening on ")
	said := newSheet()
	code := phoneCommand(nil, nil).run(ctx, []string{"call", "--to", "sip:citizen@" + addr, "--timeout", "200ms"}, stdio{nil, newSheet(), said})
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, said.String(), "given up before an answer")
	assert.Equal(t, exitFailed, <-done)
	assert.Contains(t, errs.String(), "the caller gave up")
}

func TestPhoneUsage(t *testing.T) {
	t.Parallel()
	cases := []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "Usage:"},
		{[]string{"--help"}, exitOK, ""},
		{[]string{"dance"}, exitUsage, "neither"},
		{[]string{"call"}, exitUsage, "--to is missing"},
		{[]string{"call", "--help"}, exitOK, "w500"},
		{[]string{"call", "--to", "sip:1@127.0.0.1", "--keys", "x"}, exitUsage, "character 1"},
		{[]string{"call", "--to", "sip:1@127.0.0.1", "--keys", "1", "2"}, exitUsage, "quotes"},
		{[]string{"call", "--nonsense"}, exitUsage, "nonsense"},
		{[]string{"call", "--to", "1"}, exitFailed, "sip:800000000@127.0.0.1:5060"},
		{[]string{"answer", "--listen", "everywhere"}, exitFailed, "IP address and a port"},
		{[]string{"answer", "--prompts", t.TempDir()}, exitFailed, "NAME.alaw"},
	}
	for _, c := range cases {
		errs := newSheet()
		assert.Equal(t, c.code, phoneCommand(nil, nil).run(t.Context(), c.args, stdio{nil, newSheet(), errs}), "%v", c.args)
		assert.Contains(t, errs.String(), c.want)
	}
}
