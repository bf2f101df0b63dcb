package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/queue"
	"richiamo/internal/web"
)

// notice is what is wrong at this moment, as far as a supervisor should know:
// alarms that are on, and telephones that do not answer.
type notice struct {
	mu     sync.Mutex
	alarms map[string]map[string]bool // by tenant and kind: those that are on
	phones map[string]map[string]bool // by tenant and agent: whether the telephone answers
}

func newNotice() *notice {
	return &notice{alarms: map[string]map[string]bool{}, phones: map[string]map[string]bool{}}
}

// alarm turns an alarm on or off.
func (n *notice) alarm(tenant, kind string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alarms[tenant] == nil {
		n.alarms[tenant] = map[string]bool{}
	}
	delete(n.alarms[tenant], kind)
	if on {
		n.alarms[tenant][kind] = true
	}
}

// alarmsOf lists the alarms of a tenant that are on.
func (n *notice) alarmsOf(tenant string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.alarms[tenant]))
}

// probed keeps what a probe of a tenant's telephones has shown.
func (n *notice) probed(tenant string, reachable map[string]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.phones[tenant] = reachable
}

// phonesOf tells of a tenant's telephones whether they answer.
func (n *notice) phonesOf(tenant string) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.phones[tenant])
}

// supervision is web.Supervision.
type supervision struct{ *App }

// Standing tells how a queue has served, and whether it can.
func (s supervision) Standing(ctx context.Context, tenant, name string) (web.Standing, error) {
	st, err := s.tickets.Status(ctx, tenant, name)
	if err != nil {
		return web.Standing{}, err
	}
	days, err := s.HalfDays(ctx, tenant, nextHalfDays)
	if err != nil {
		return web.Standing{}, err
	}
	return web.Standing{
		Fairness: fairness(s.tickets.Fairness(tenant)), Closed: st.Closed, Closing: st.Closing, Full: st.Full,
		HalfDays: days, Alarms: s.notice.alarmsOf(tenant),
	}, nil
}

// nextHalfDays is how many half-days with room are shown with a queue.
const nextHalfDays = 6

func fairness(f dispatch.Fairness) web.Fairness {
	return web.Fairness{
		Holders: web.Spread(f.Holders), Callbacks: web.Spread(f.Callbacks), Announced: web.Spread(f.Announced),
		Kept: f.Promises.Kept, Late: f.Promises.Late, LateBy: web.Spread{N: f.Promises.Late, P50: f.Promises.P50, P90: f.Promises.P90},
	}
}

// Sweep turns the waiting callers of a queue into promised calls.
func (s supervision) Sweep(ctx context.Context, tenant, name string) (int, error) {
	return s.tickets.Sweep(ctx, tenant, name)
}

// HalfDays lists the next half-days with room.
func (s supervision) HalfDays(ctx context.Context, tenant string, most int) ([]queue.HalfDay, error) {
	return s.tickets.HalfDays(ctx, tenant, s.now(), 0, most)
}

// Phones tells of the agents' telephones whether they answer.
func (s supervision) Phones(tenant string) map[string]bool { return s.notice.phonesOf(tenant) }

// rules are what requests of a tenant must keep.
func (a *App) rules(tenant string) web.Rules {
	t := a.host.tenants[tenant]
	return web.Rules{Outcomes: t.WrapUp.Outcomes, OutcomeRequired: t.WrapUp.OutcomeRequired, WrapUpLimit: t.WrapUp.Limit, Queues: queues(t)}
}

// talks is web.Talks.
type talks struct {
	*App
	recordings
}

// OfCall finds the ticket that a call is for: of a live call the one that it
// holds, of a dialled one also when it is over.
func (t talks) OfCall(ctx context.Context, tenant, id string) (queue.Ticket, error) {
	if ticket, ok := t.tickets.OnLine(tenant, id); ok {
		return ticket, nil
	}
	r, err := t.stores.Calls.Load(ctx, tenant, id)
	switch {
	case errors.Is(err, call.ErrNotFound) || err == nil && r.Ticket == "":
		return queue.Ticket{}, web.ErrNotFound
	case err != nil:
		return queue.Ticket{}, err
	}
	return t.tickets.Ticket(ctx, tenant, r.Ticket)
}

// Citizen gives the register's record of a code. That there is no register, or
// not yet, is no reason not to hand a call over.
func (t talks) Citizen(_ context.Context, tenant, code string) (web.Record, error) {
	known, err := fiscalcode.ParseTrustingPlace(code)
	if err != nil {
		return web.Record{}, nil
	}
	person, found, err := t.registries[tenant].ByCode(known)
	if err != nil {
		t.log.Warn("the registry could not be asked for a hand-over", "tenant", tenant, "error", err)
		return web.Record{}, nil
	}
	return web.Record{Found: found, Citizen: person}, nil
}

// Wish hands an agent's wish to the talk.
func (t talks) Wish(_ context.Context, _, id, agentID string, verb dialogue.Verb, target string) error {
	err := t.runner.Wish(id, agentID, verb, target)
	if errors.Is(err, call.ErrNotFound) {
		return web.ErrNotFound
	}
	return err
}

// overdue counts the agents whose wrap-up lasts too long, and those on duty whose
// telephone does not answer.
func (a *App) overdue(tenant string, team []agent.Agent) (wrapUps, unreachable int) {
	limit := a.host.tenants[tenant].WrapUp.Limit
	for _, member := range team {
		if member.Overdue(a.now(), limit) {
			wrapUps++
		}
		if member.State.OnDuty() && !member.Unreached.IsZero() {
			unreachable++
		}
	}
	return wrapUps, unreachable
}
