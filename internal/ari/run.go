package ari

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"richiamo/internal/call"
)

// Handler is told of the connection and of what happens on the exchange. All
// its methods are called by the one goroutine that runs Run.
type Handler interface {
	// Connected says that events are coming in, and which channels of ours there
	// are now. Events that arrive meanwhile are kept until it returns; they may
	// tell of channels that are in the list already, or no more. ctx ends when
	// the connection does. After an error the connection is given up and made
	// again.
	Connected(ctx context.Context, channels []call.Channel) error
	// Event delivers one event, in the order in which Asterisk sent them. It may
	// block; none is dropped.
	Event(e call.Event)
	// Disconnected says that no more events come until the next Connected, and
	// why. It is called once for each Connected that returned no error.
	Disconnected(err error)
}

// Waiting times between two tries to connect: doubled each time from the first
// to the last, each by chance up to half shorter, so that the processes of many
// exchanges don't knock in step.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 2 * time.Second
	mostYield = 8 // times Config.Yield
)

// Run connects and stays connected until ctx ends; then it returns ctx's error.
func (l *Line) Run(ctx context.Context, h Handler) error {
	wait := patience{yield: l.cfg.Yield}
	for {
		served, err := l.session(ctx, h)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			l.setState(err)
			return fmt.Errorf("ari: the connection was ended: %w", err)
		}
		l.setState(err)
		pause := wait.after(served, err)
		l.log.Warn("not connected to the exchange", "error", err, "again_in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// setState notes what Ready returns, and reports the change.
func (l *Line) setState(err error) {
	old := l.state.Swap(&err)
	if observe := l.cfg.Observe.Connection; observe != nil && (old == nil || (*old == nil) != (err == nil)) {
		observe(err)
	}
}

// patience decides how long to wait before the next try.
type patience struct {
	yield    time.Duration
	failures int // in a row
	replaced int // in a row
}

// after counts how a session went. served: it had been connected.
func (p *patience) after(served bool, err error) time.Duration {
	longest, n := lastWait, p.failures
	base := firstWait
	switch {
	case errors.Is(err, ErrReplaced):
		// The other process has the application. If both came back at once they
		// would take it from each other for ever, and calls would be torn.
		base, longest, n = p.yield, mostYield*p.yield, p.replaced
		p.replaced++
	case served:
		p.failures, p.replaced, n = 0, 0, 0
	default:
		p.failures++
	}
	pause := longest
	if n < 16 {
		pause = min(base<<n, longest)
	}
	return pause - rand.N(pause/2+1)
}
