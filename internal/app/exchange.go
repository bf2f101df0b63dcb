package app

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/ari"
	"richiamo/internal/call"
	"richiamo/internal/dispatch"
)

// exchange follows the exchange's coming and going.
type exchange struct{ *App }

// Connected compares what the exchange has with the calls that are known. With
// the first connection planning begins; with each, what was noted while nobody
// served is asked for.
func (x exchange) Connected(ctx context.Context, channels []call.Channel) error {
	if err := x.runner.Connected(ctx, ours(channels)); err != nil {
		return err
	}
	x.planning.Do(func() {
		x.loop.Start()
		x.async(x.readNotebook)
		x.async(x.sweep)
		x.async(x.probe)
	})
	return nil
}

// Event hands on what happened.
func (x exchange) Event(e call.Event) { x.runner.Event(e) }

// Disconnected: the calls go on at the exchange, and are compared when it is
// back. When another process has taken the exchange this one ends: would it
// connect again, the two would take the calls from each other for ever.
func (x exchange) Disconnected(err error) {
	x.log.Warn("the exchange is gone", "node", x.cfg.Asterisk.Node, "error", err)
	if errors.Is(err, ari.ErrReplaced) {
		x.fail(err)
	}
}

// When the notebook is read: a call that was still waiting to be served when we
// connected may be noted some seconds later.
const (
	notebookSoon  = 15 * time.Second
	notebookEvery = time.Minute
	// While the exchange is away, it is looked so often whether it is back.
	untilConnected = 500 * time.Millisecond
)

// readNotebook asks the exchange, again and again, for the numbers of those who
// called while the service was away.
func (a *App) readNotebook(ctx context.Context) {
	for wait := notebookSoon; ; {
		pause := untilConnected
		if a.line.Ready() == nil {
			if err := a.line.OpenNotebook(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("the exchange's notebook could not be read", "error", err)
			}
			pause, wait = wait, notebookEvery
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// measured counts how citizens were served.
func (a *App) measured(m dispatch.Measure) {
	switch m.Kind {
	case dispatch.MeasureWaited:
		a.metrics.Waited(served(m.Callback), m.For)
	case dispatch.MeasureAnnounced:
		a.metrics.AnnouncedOff(m.For)
	case dispatch.MeasureLeft:
		a.metrics.AnnouncedLeft(m.For > 0)
	case dispatch.MeasurePromised:
		a.metrics.PromiseMet(m.Tenant, m.For)
	}
}

// served names how a citizen waited, for metrics.
func served(callback bool) string {
	if callback {
		return "callback"
	}
	return "holder"
}
