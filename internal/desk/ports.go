package desk

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

// Errors of the stores.
var (
	ErrNotFound    = errors.New("desk: no such registration")
	ErrUnavailable = errors.New("desk: the store does not answer")
)

// Registration is a citizen's request on the campaign's list. Citizen and
// Phone are sealed where they are kept.
type Registration struct {
	Tenant    string    `json:"tenant"`
	Campaign  string    `json:"campaign"`
	Citizen   string    `json:"citizen"` // codice fiscale
	Phone     string    `json:"phone"`   // national form
	Channel   string    `json:"channel"` // phone, portal, pharmacy, gp
	Receipt   string    `json:"receipt"` // six figures, unique in the tenant
	At        time.Time `json:"at"`
	Confirmed time.Time `json:"confirmed,omitzero"` // by a verification call
}

// Registrations keeps registrations: one for a citizen and campaign.
type Registrations interface {
	// Add keeps a registration, on disk before it returns. If the citizen has
	// one, that one is returned and nothing changes. The store numbers
	// receipts: it draws the next free one when Receipt is empty.
	Add(ctx context.Context, r Registration) (kept Registration, added bool, err error)
	// Change replaces phone and confirmation of the one that there is.
	Change(ctx context.Context, r Registration) (Registration, error)
	// Of finds a citizen's registration. ErrNotFound if there is none.
	Of(ctx context.Context, tenant, campaign, citizen string) (Registration, error)
	// Page lists by time, newest first.
	Page(ctx context.Context, tenant, cursor string, limit int) (page []Registration, next string, err error)
}

// Limits count tries against guessing.
type Limits interface {
	// Count adds one try under each key (a digest, never the thing itself) and
	// returns how many there were within the window that began with the first.
	Count(ctx context.Context, tenant string, keys []string, window time.Duration) ([]int, error)
}

// Registry is a tenant's register of citizens. An error means that the question
// could not be answered, never that nobody was found.
type Registry interface {
	// Identify recognises the one citizen whose code has these keys, or has
	// them but for one slip, and whom the second datum fits.
	Identify(keys fiscalcode.Keys, second citizen.Second) (citizen.Citizen, citizen.Outcome, error)
	ByCode(code fiscalcode.Code) (person citizen.Citizen, found bool, err error)
	// Find and FindNear give the rows whose code has these keys, and has them
	// but for one slip.
	Find(keys fiscalcode.Keys) []citizen.Candidate
	FindNear(keys fiscalcode.Keys) []citizen.Candidate
}

// Recordings keeps what callers who press no keys say: a name, a date of birth.
type Recordings interface {
	// Keep takes a finished recording from the exchange and keeps it sealed, on
	// disk before it returns. Keeping it twice is as once.
	Keep(ctx context.Context, tenant, name string) error
}
