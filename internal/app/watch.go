package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
)

// How often store and exchange are compared, and agents' telephones looked at.
const (
	sweepEvery = 10 * time.Second
	probeEvery = 5 * time.Second
)

// ours leaves out the channels that bring notes: they are no calls.
func ours(channels []call.Channel) []call.Channel {
	return slices.DeleteFunc(channels, func(c call.Channel) bool { return len(c.Args) > 0 && c.Args[0] == argNotebook })
}

// sweep compares what the exchange has with the calls that are known, again and
// again, and has mended what does not fit.
func (a *App) sweep(ctx context.Context) {
	failing := false
	for sleep(ctx, sweepEvery) {
		if a.line.Ready() != nil {
			continue // what has changed meanwhile is looked at when it is back
		}
		err := a.sweepOnce(ctx)
		if err != nil && ctx.Err() == nil {
			a.metrics.SweepFailed()
		}
		if failed := err != nil; failed != failing && ctx.Err() == nil {
			failing = failed
			if failed {
				a.log.Warn("store and exchange can't be compared; tried again", "wait", sweepEvery.String(), "error", err)
			} else {
				a.log.Info("store and exchange are compared again")
			}
		}
	}
}

func (a *App) sweepOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepEvery)
	defer cancel()
	channels, err := a.line.Channels(ctx)
	if err != nil {
		return err
	}
	return a.runner.Sweep(ctx, ours(channels))
}

// probe asks the exchange which of the agents' telephones answer: one that does
// not is given no citizens, whatever its registration says.
func (a *App) probe(ctx context.Context) {
	failing := false
	for sleep(ctx, probeEvery) {
		if a.line.Ready() != nil {
			continue
		}
		err := a.probeOnce(ctx)
		if failed := err != nil; failed != failing && ctx.Err() == nil {
			failing = failed
			if failed {
				a.log.Warn("what is known of the agents' telephones is old", "error", err)
			}
		}
	}
}

func (a *App) probeOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeEvery)
	defer cancel()
	reachable, err := a.line.Phones(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, t := range a.cfg.Tenants {
		team := map[string]bool{}
		for _, member := range t.Agents {
			if answers, known := reachable[a.tickets.Telephone(t.ID, member.ID)]; known {
				team[member.ID] = answers
			}
		}
		a.notice.probed(t.ID, team)
		failed = append(failed, a.tickets.Phones(ctx, t.ID, team))
	}
	return errors.Join(failed...)
}

// alarm tells that there is reason to act, or no more.
func (a *App) alarm(tenant, kind string, on bool) {
	a.notice.alarm(tenant, kind, on)
	a.metrics.Alarm(tenant, kind, on)
	if on {
		a.log.Error("alarm", "tenant", tenant, "kind", kind, "cure", cure(kind))
	} else {
		a.log.Info("the alarm is over", "tenant", tenant, "kind", kind)
	}
}

func cure(kind string) string {
	switch kind {
	case dispatch.AlarmBreaker:
		return "calls fail for one and the same cause, and none is dialled: look at the trunk"
	case dispatch.AlarmTrunk:
		return "the call to the number of trunk_check in the configuration was not answered, or has not come back in with its keys: look at the trunk, at that number, and whether keys that are pressed come through"
	case dispatch.AlarmShown:
		return "the call to the number of trunk_check has come back in with another number than service_phone, or with none: have the carrier show service_phone, or correct it in the configuration"
	case dispatch.AlarmStuck:
		return "nothing is dialled although citizens and agents are there: look for what else the log says"
	}
	return "look for what else the log says"
}
