package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"richiamo/internal/ari"
	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// exchange follows the exchange's coming and going.
type exchange struct{ *App }

// Connected compares what the exchange has with the calls that are known. With
// the first connection planning begins; with each, what was noted while nobody
// served is asked for.
func (x exchange) Connected(ctx context.Context, channels []call.Channel) error {
	channels = slices.DeleteFunc(channels, func(c call.Channel) bool { return len(c.Args) > 0 && c.Args[0] == argNotebook })
	if err := x.runner.Connected(ctx, channels); err != nil {
		return err
	}
	x.planning.Do(func() {
		x.loop.Start()
		x.async(x.readNotebook)
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

// moved counts what became of tickets.
func (a *App) moved(m dispatch.Move) {
	if m.Purpose == "" || queue.State(m.To) != queue.Connected {
		return
	}
	kind := "holder"
	if queue.State(m.From) != queue.Waiting {
		kind = "callback"
	}
	a.metrics.Waited(kind, m.Waited)
}

// gaugeEvery is how often states are counted for the metrics.
const gaugeEvery = 5 * time.Second

// gauge counts tickets, agents and calls by state.
func (a *App) gauge(ctx context.Context) {
	for sleep(ctx, gaugeEvery) {
		a.metrics.CallsLive(a.runner.Count())
		a.metrics.StoreUp(a.stores.Ping(ctx) == nil)
		tickets, agents := map[string]int{}, map[string]int{}
		for _, t := range a.cfg.Tenants {
			open, err := a.tickets.Open(ctx, t.ID)
			if err != nil {
				continue
			}
			for _, ticket := range open {
				tickets[string(ticket.State)]++
			}
			team, err := a.tickets.Agents(ctx, t.ID)
			if err != nil {
				continue
			}
			for _, member := range team {
				agents[string(member.State)]++
			}
		}
		for _, s := range []queue.State{queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected} {
			a.metrics.TicketsBy(string(s), tickets[string(s)])
		}
		for state, n := range agents {
			a.metrics.AgentsBy(state, n)
		}
	}
}
