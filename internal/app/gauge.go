package app

import (
	"context"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
	"richiamo/internal/telemetry"
)

// How often states are counted for the metrics, and the worklist, which is in the
// store alone.
const (
	gaugeEvery    = 5 * time.Second
	worklistEvery = time.Minute
)

// gauge counts tickets, agents and calls by state.
func (a *App) gauge(ctx context.Context) {
	for _, t := range a.cfg.Tenants {
		for _, kind := range []string{dispatch.AlarmBreaker, dispatch.AlarmTrunk, dispatch.AlarmShown, dispatch.AlarmStuck} {
			a.metrics.Alarm(t.ID, kind, false)
		}
	}
	away := false
	for listed := (time.Time{}); sleep(ctx, gaugeEvery); {
		a.metrics.CallsLive(a.runner.Count())
		away = a.gaugeStore(ctx, away)
		a.gaugeQueues(ctx)
		if now := a.now(); now.Sub(listed) >= worklistEvery {
			listed = now
			a.gaugeWorklists(ctx)
		}
	}
}

// gaugeStore looks whether Redis serves, and says once why it does not.
func (a *App) gaugeStore(ctx context.Context, was bool) (away bool) {
	err := a.stores.Ping(ctx)
	if ctx.Err() != nil {
		return was
	}
	a.metrics.StoreUp(err == nil)
	switch away = err != nil; {
	case away && !was:
		a.log.Warn("Redis does not serve: nothing is promised until it does", "error", err)
	case was && !away:
		a.log.Info("Redis serves again")
	}
	return away
}

// gaugeQueues counts the open tickets and the agents of all tenants, and tells how
// each tenant's citizens were served.
func (a *App) gaugeQueues(ctx context.Context) {
	for _, t := range a.cfg.Tenants {
		a.gaugeTickets(t.ID)
		a.metrics.OfficesOpen(t.ID, a.tickets.InHours(t.ID, a.now()))
		team, err := a.tickets.Agents(ctx, t.ID)
		if err != nil {
			continue
		}
		agents := map[agent.State]int{}
		for _, member := range team {
			agents[member.State]++
		}
		for _, s := range agentStates() {
			a.metrics.AgentsBy(t.ID, string(s), agents[s])
		}
		wrapUps, unreachable := a.overdue(t.ID, team)
		a.metrics.WrapUpsOverdue(t.ID, wrapUps)
		a.metrics.PhonesUnreachable(t.ID, unreachable)
		a.gaugeFairness(t.ID, a.tickets.Fairness(t.ID))
	}
}

func (a *App) gaugeTickets(tenant string) {
	counts := a.tickets.Counts(tenant)
	for _, s := range []queue.State{queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected} {
		a.metrics.TicketsBy(tenant, string(s), counts.States[s])
	}
	for _, c := range []queue.Class{queue.RedFlag, queue.Front, queue.Frail, queue.Returned, queue.Normal} {
		a.metrics.TicketsOfClass(tenant, className(c), counts.Classes[c])
	}
	a.metrics.TicketsCapped(tenant, counts.Capped)
}

func agentStates() []agent.State {
	return []agent.State{agent.Away, agent.Ready, agent.Reserved, agent.Ringing, agent.Talking, agent.WrapUp, agent.Paused}
}

// className is how a class is called where it must have a name.
func className(c queue.Class) string {
	if c == queue.Normal {
		return "normal"
	}
	return string(c)
}

// gaugeFairness shows holders and callbacks side by side.
func (a *App) gaugeFairness(tenant string, f dispatch.Fairness) {
	a.metrics.Waits(tenant, served(false), telemetry.Quantiles(f.Holders))
	a.metrics.Waits(tenant, served(true), telemetry.Quantiles(f.Callbacks))
}

// worklistPages bounds how far a worklist is counted: 1000 are as alarming as
// more.
const worklistPages, worklistPage = 5, 200

// gaugeWorklists counts what waits for a person.
func (a *App) gaugeWorklists(ctx context.Context) {
	for _, t := range a.cfg.Tenants {
		n, cursor := 0, ""
		for range worklistPages {
			page, next, err := a.tickets.Page(ctx, t.ID, []queue.State{queue.Exhausted}, cursor, worklistPage)
			if err != nil {
				n = -1
				break
			}
			n, cursor = n+len(page), next
			if next == "" {
				break
			}
		}
		if n >= 0 {
			a.metrics.Worklist(t.ID, n)
		}
	}
}
