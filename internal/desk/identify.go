package desk

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/flow"
)

// identify tells who keyed a code and a second datum. An unknown code, a wrong
// second datum and two citizens whom both fit have the same answer.
func (v visit) identify(ctx context.Context, r flow.Identify) (flow.Identified, error) {
	keys, err := fiscalcode.ParseKeys(r.Keys)
	if err != nil {
		keys = fiscalcode.Keys{} // fits nobody, and is counted like any other
	}
	on := []subject{{"code", r.Keys, v.Tries.PerCode}}
	if r.Caller != "" {
		on = append(on, subject{"caller", r.Caller, v.Tries.PerCaller})
	}
	if limited, err := v.limited(ctx, append(on, v.meant(keys)...)); err != nil || limited {
		return flow.Identified{Limited: limited}, err
	}
	who, outcome, err := v.Registry.Identify(keys, secondDatum(r.Second, r.Birth))
	if err != nil {
		return flow.Identified{}, err
	}
	if !outcome.OK() {
		return flow.Identified{}, v.failed(ctx)
	}
	return v.identified(ctx, who, time.Time{})
}

// secondDatum reads what was keyed; what can't be one fits nobody.
func secondDatum(keyed string, birth bool) citizen.Second {
	if birth {
		day, err := citizen.ParseKeyedDate(keyed)
		if err != nil {
			return citizen.Second{}
		}
		return citizen.BirthDate(day)
	}
	second, err := citizen.CardDigits(keyed)
	if err != nil {
		return citizen.Second{}
	}
	return second
}

// identified tells a conversation what it needs to know of a citizen. asked is
// when the citizen asked for the registration, if it is not there yet.
func (v visit) identified(ctx context.Context, who citizen.Citizen, asked time.Time) (flow.Identified, error) {
	i := flow.Identified{
		Found: true, Citizen: who.Code.Reveal(), Language: who.Language,
		Eligible: v.Eligible(who),
	}
	i.Open = v.open(i.Citizen)
	kept, err := v.cfg.Registrations.Of(ctx, v.tenant, v.Campaign, i.Citizen)
	switch {
	case err == nil:
		i.Receipt, asked = kept.Receipt, kept.At
	case !errors.Is(err, ErrNotFound):
		return flow.Identified{}, err
	}
	if !asked.IsZero() {
		i.Asked = asked.In(v.Zone).Format(time.DateOnly)
	}
	return i, nil
}
