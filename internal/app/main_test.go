package app_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/app"
	"richiamo/internal/config"
)

// TestMain lets the test binary be Richiamo: the installations that tests start
// run it as "serve", a process of its own that can be killed.
//
// More tests run side by side than there are processors: they spend their time
// listening to what is said.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		os.Exit(serve(os.Args[3]))
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "9")
	os.Exit(m.Run())
}

// serve is the command of that name.
func serve(file string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a, err := app.New(cfg, app.Options{Now: clock(), Adjust: poison()})
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer a.Stop()
	select {
	case <-ctx.Done():
		return 0
	case <-a.Done():
		fmt.Fprintln(os.Stderr, a.Err())
		return 1
	}
}

// clockEnv moves the clock of the service that tests start: it is then as much
// later as it says, so that a test can see the evening, and the next day.
// clockFileEnv names a file that moves it by what it holds while the service runs.
const (
	clockEnv     = "RICHIAMO_TEST_CLOCK"
	clockFileEnv = "RICHIAMO_TEST_CLOCK_FILE"
)

func clock() func() time.Time {
	later, err := time.ParseDuration(os.Getenv(clockEnv))
	file := os.Getenv(clockFileEnv)
	switch {
	case file != "":
		return func() time.Time {
			text, err := os.ReadFile(file)
			if err != nil {
				panic(err)
			}
			step, err := time.ParseDuration(string(text))
			if err != nil {
				panic(err)
			}
			return stepped(time.Now().Add(later), step)
		}
	case err != nil:
		return nil
	}
	return func() time.Time { return time.Now().Add(later) }
}

// stepped is an instant as it is seen on a machine whose clock was set by d: the
// clock on the wall has moved, the monotonic one has not. There is no way to make
// such a Time but to write into one: its second word is the monotonic clock (see
// the type Time in the source of package time).
func stepped(t time.Time, d time.Duration) time.Time {
	moved := t.Add(d) // both clocks
	(*[2]int64)(unsafe.Pointer(&moved))[1] = (*[2]int64)(unsafe.Pointer(&t))[1]
	return moved
}

// The clock of these tests moves as a machine's does.
func TestStepped(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{0, time.Hour, -time.Hour, 90 * 24 * time.Hour, 700*time.Millisecond + 1} {
		now := time.Now()
		moved := stepped(now, step)
		assert.Zero(t, moved.Sub(now), "the monotonic clock stays")
		assert.Equal(t, step, moved.Round(0).Sub(now.Round(0)), "the clock on the wall is set")
	}
}
