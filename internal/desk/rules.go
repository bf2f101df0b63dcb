package desk

import (
	"context"
	"errors"
	"fmt"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/queue"
)

// Who may register, and who goes first, is decided here for every way in: the
// conversations, the calls that verify, and the API. In Sicily, in February 2021, the
// call center booked people whom the web refused (palermo.repubblica.it, 12 February
// 2021), because each had rules of its own.

// Eligible tells whether a citizen of the registry may register for the campaign. Of
// whom no date of birth is known it is not known either, and the answer is no: a
// person looks into it.
func (t Tenant) Eligible(who citizen.Citizen) bool {
	return bornBy(who, t.BornUntil)
}

// Class is the head start of a citizen of the registry in the queue.
func (t Tenant) Class(who citizen.Citizen) queue.Class {
	if bornBy(who, t.FrailUntil) {
		return queue.Frail
	}
	return queue.Normal
}

func bornBy(who citizen.Citizen, until citizen.Date) bool {
	return !until.IsZero() && !who.BirthDate.IsZero() && !until.Before(who.BirthDate)
}

// mayRegister looks a citizen up once more before a registration is kept, whatever the
// conversation believes: it may have begun before the rule was changed, or have been
// for another one of the household. Who is on the list stays on it. That the registry
// can't be read is an error, and the caller is asked to wait.
func (v visit) mayRegister(ctx context.Context, code string) (bool, error) {
	c, err := fiscalcode.ParseTrustingPlace(code)
	if err != nil {
		return false, fmt.Errorf("%w: nobody to register", ErrRequest)
	}
	who, found, err := v.Registry.ByCode(c)
	if err != nil || found && v.Eligible(who) {
		return err == nil, err
	}
	_, err = v.cfg.Registrations.Of(ctx, v.tenant, v.Campaign, code)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
