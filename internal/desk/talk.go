package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

// transfer takes a citizen to another agent or queue. Where that can't be, they
// are told so, and go on talking.
func (v visit) transfer(ctx context.Context, r flow.Transfer) (flow.Transferred, error) {
	if r.Helping {
		helper := strings.TrimPrefix(r.To, "agent:")
		return flow.Transferred{Agent: helper}, v.cfg.Tickets.TakenOver(ctx, v.tenant, r.Ticket, r.From, helper, v.Now)
	}
	id, err := v.cfg.Tickets.Transfer(ctx, v.tenant, r.Ticket, r.From, r.To, v.Now)
	return refusable(id, v.taken(r.From, err))
}

// help reserves another agent to help in a talk.
func (v visit) help(ctx context.Context, r flow.Help) (flow.Transferred, error) {
	return refusable(r.Agent, v.cfg.Tickets.Help(ctx, v.tenant, r.Ticket, r.From, r.Agent, v.Now))
}

func refusable(agentID string, err error) (flow.Transferred, error) {
	if errors.Is(err, dispatch.ErrNotFound) || errors.Is(err, queue.ErrImpossible) {
		return flow.Transferred{Refused: true}, nil
	}
	return flow.Transferred{Agent: agentID}, err
}

// helper reports a step of a helper.
func (v visit) helper(ctx context.Context, r flow.AgentStep, step dispatch.HelperStep) (flow.Empty, error) {
	return flow.Empty{}, v.cfg.Tickets.Helper(ctx, v.tenant, r.Ticket, r.Agent, step, r.Cause, v.Now)
}

// byPhone is the reason of a pause that was asked for with a feature code.
const byPhone = "by telephone"

// duty is an agent who dialled a feature code. The answer is what the agent is
// now, or will be when the talk is over. "ready-2" is ready, with the second of the
// outcomes for the talk before.
func (v visit) duty(ctx context.Context, r flow.Duty) (flow.OnDuty, error) {
	states := map[string]agent.State{"ready": agent.Ready, "pause": agent.Paused, "away": agent.Away}
	code, figure, wrote := strings.Cut(r.Code, "-")
	state, ok := states[code]
	n, err := strconv.Atoi(figure)
	switch {
	case !ok || wrote && (code != "ready" || err != nil || n < 1):
		return flow.OnDuty{}, fmt.Errorf("%w: feature code", ErrRequest)
	case wrote && n > len(v.Outcomes):
		return flow.OnDuty{}, nil // there is no such outcome: it is said that it was not done
	case wrote:
		_, err := v.cfg.Tickets.WroteUp(ctx, v.tenant, r.Agent, v.Outcomes[n-1], "")
		if err != nil && !errors.Is(err, agent.ErrImpossible) && !errors.Is(err, dispatch.ErrNotFound) { // written before, or never owed
			return flow.OnDuty{}, err
		}
	}
	if state == agent.Ready { // who takes up duty at the desk phone is rung there
		_, err := v.cfg.Tickets.SetAgentPhone(ctx, v.tenant, r.Agent, "")
		if err != nil && !errors.Is(err, dispatch.ErrNotFound) {
			return flow.OnDuty{}, err
		}
	}
	a, err := v.cfg.Tickets.SetAgentState(ctx, v.tenant, r.Agent, state, byPhone)
	if errors.Is(err, agent.ErrOutcome) || errors.Is(err, dispatch.ErrNotFound) {
		return flow.OnDuty{State: string(a.State)}, nil // as it was: it is said that it was not done
	}
	if err == nil && a.Wish != "" {
		return flow.OnDuty{State: string(a.Wish)}, nil
	}
	return flow.OnDuty{State: string(a.State)}, err
}
