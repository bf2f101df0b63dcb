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
	a, err := app.New(cfg, app.Options{Now: clock()})
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
const clockEnv = "RICHIAMO_TEST_CLOCK"

func clock() func() time.Time {
	later, err := time.ParseDuration(os.Getenv(clockEnv))
	if err != nil {
		return nil
	}
	return func() time.Time { return time.Now().Add(later) }
}
