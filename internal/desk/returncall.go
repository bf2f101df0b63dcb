package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

// attempt takes down how a call of ours ended. A verification that was heard
// by another of the same household, who confirmed another request, is not done
// with: it is called again.
func (v visit) attempt(ctx context.Context, r flow.AttemptEnded) (flow.Empty, error) {
	if !r.Outcome.Valid() {
		return flow.Empty{}, fmt.Errorf("%w: outcome %q", ErrRequest, r.Outcome)
	}
	if r.Outcome == queue.Delivered {
		verified, err := v.verified(ctx, r.Ticket)
		if err != nil {
			return flow.Empty{}, err
		}
		if !verified {
			r.Outcome = queue.Later
		}
	}
	return flow.Empty{}, v.cfg.Tickets.AttemptEnded(ctx, v.tenant, r.Ticket, r.Attempt,
		queue.Result{Outcome: r.Outcome, Cause: r.Cause, SIP: r.SIP}, v.Now)
}

// back tells whether a call that came in is the one of ours that tries the trunk.
func (v visit) back(ctx context.Context, r flow.CameBack) (flow.Back, error) {
	if !r.Outcome.Valid() {
		return flow.Back{}, fmt.Errorf("%w: outcome %q", ErrRequest, r.Outcome)
	}
	back, err := v.cfg.Tickets.CameBack(ctx, v.tenant, r.Keys, r.Outcome, v.Now)
	return flow.Back(back), err
}

// verified tells whether a ticket's own citizen has confirmed, if that is what
// the ticket is for. Whose turn it is not has nothing to confirm.
func (v visit) verified(ctx context.Context, ticket string) (bool, error) {
	t, err := v.cfg.Tickets.Ticket(ctx, v.tenant, ticket)
	if errors.Is(err, dispatch.ErrNotFound) {
		return true, nil
	}
	if err != nil || t.Purpose != queue.Verification {
		return true, err
	}
	kept, err := v.cfg.Registrations.Of(ctx, v.tenant, v.Campaign, t.Citizen)
	if errors.Is(err, ErrNotFound) {
		may, err := v.mayRegister(ctx, t.Citizen)
		return !may, err
	}
	return !kept.Confirmed.IsZero(), err
}

// registrant tells who answered a verification call: the citizen whom it is
// for, or another for whom a call to the same number is still to be made. The
// second datum alone decides.
func (v visit) registrant(ctx context.Context, r flow.Registrant) (flow.Identified, error) {
	tickets, err := v.cfg.Tickets.SamePhone(ctx, v.tenant, r.Ticket)
	if err != nil {
		return flow.Identified{}, err
	}
	on := []subject{{"caller", tickets[0].Phone.Reveal(), v.Tries.PerCaller}}
	for _, t := range tickets {
		on = append(on, subject{"registrant", t.Citizen, v.Tries.PerCode})
	}
	if limited, err := v.limited(ctx, on); err != nil || limited {
		return flow.Identified{Limited: limited}, err
	}
	second := secondDatum(r.Second, r.Birth)
	fits := map[fiscalcode.Code]citizen.Citizen{}
	var who fiscalcode.Code
	var asked time.Time
	for _, t := range tickets {
		code, err := fiscalcode.ParseTrustingPlace(t.Citizen)
		if err != nil {
			continue // handed over without a code: nobody can be recognised by it
		}
		person, found, err := v.Registry.ByCode(code)
		if err != nil {
			return flow.Identified{}, err
		}
		if _, twice := fits[code]; found && !twice && second.Fits(person) {
			fits[code], who, asked = person, code, t.Arrived
		}
	}
	if len(fits) != 1 {
		return flow.Identified{}, v.failed(ctx)
	}
	return v.identified(ctx, fits[who], asked)
}
