package desk

import (
	"context"

	"richiamo/internal/flow"
)

// channelPhone is the channel of whoever registers in a call.
const channelPhone = "phone"

// register puts a citizen on the campaign's list. Who is on it already keeps
// the place and the receipt. Whose turn it is not is refused, whatever the
// conversation believes.
func (v visit) register(ctx context.Context, r flow.Register) (flow.Registered, error) {
	n, err := dialable(r.Phone)
	if err != nil {
		return flow.Registered{}, err
	}
	if may, err := v.mayRegister(ctx, r.Citizen); err != nil || !may {
		return flow.Registered{Refused: !may}, err
	}
	kept, _, err := v.cfg.Registrations.Add(ctx, Registration{
		Tenant: v.tenant, Campaign: v.Campaign, Citizen: r.Citizen, Phone: n.Reveal(), Channel: channelPhone, At: v.Now,
	})
	return flow.Registered{Receipt: kept.Receipt}, err
}

// rephone changes the number of a registration.
func (v visit) rephone(ctx context.Context, r flow.Rephone) (flow.Registered, error) {
	n, err := dialable(r.Phone)
	if err != nil {
		return flow.Registered{}, err
	}
	kept, err := v.cfg.Registrations.Of(ctx, v.tenant, v.Campaign, r.Citizen)
	if err != nil {
		return flow.Registered{}, err
	}
	if kept.Phone != n.Reveal() {
		kept.Phone = n.Reveal()
		if kept, err = v.cfg.Registrations.Change(ctx, kept); err != nil {
			return flow.Registered{}, err
		}
	}
	return flow.Registered{Receipt: kept.Receipt}, nil
}

// confirm is a citizen who confirms, in a call of ours, what was asked for on
// the portal: registered on the day on which it was asked for, if it is the citizen's
// turn. The calls that were still to be made for it are not made.
func (v visit) confirm(ctx context.Context, r flow.Register) (flow.Registered, error) {
	t, err := v.cfg.Tickets.Ticket(ctx, v.tenant, r.Ticket)
	if err != nil {
		return flow.Registered{}, err
	}
	n := t.Phone
	if r.Phone != "" {
		if n, err = dialable(r.Phone); err != nil {
			return flow.Registered{}, err
		}
	}
	switch may, err := v.mayRegister(ctx, r.Citizen); {
	case err != nil:
		return flow.Registered{}, err
	case !may:
		return flow.Registered{Refused: true}, v.cfg.Tickets.Settled(ctx, v.tenant, t.ID, r.Citizen)
	}
	kept, _, err := v.cfg.Registrations.Add(ctx, Registration{
		Tenant: v.tenant, Campaign: v.Campaign, Citizen: r.Citizen, Phone: n.Reveal(), Channel: t.Channel,
		At: t.Arrived, Confirmed: v.Now,
	})
	if err != nil {
		return flow.Registered{}, err
	}
	if kept.Confirmed.IsZero() {
		kept.Confirmed = v.Now
		if kept, err = v.cfg.Registrations.Change(ctx, kept); err != nil {
			return flow.Registered{}, err
		}
	}
	return flow.Registered{Receipt: kept.Receipt}, v.cfg.Tickets.Settled(ctx, v.tenant, t.ID, r.Citizen)
}
