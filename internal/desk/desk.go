package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/citizen"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
)

// Tenant is what the desk knows of one authority.
type Tenant struct {
	Registry Registry
	Campaign string // the name under which registrations are kept
	// BornUntil is the rule of the campaign: whoever was born on or before this
	// day may register, by the date of birth in the register.
	BornUntil citizen.Date
	// FrailUntil gives a head start in the queue to whoever was born on or
	// before it and was identified; zero: to nobody.
	FrailUntil citizen.Date
	Zone       *time.Location // in which days are meant
	// Outcomes are those of a talk, in the order of the feature codes that write them.
	Outcomes []string
	Tries    Tries
}

// Config is what a desk is made of.
type Config struct {
	Tickets       *dispatch.Tickets
	Registrations Registrations
	Limits        Limits
	Recordings    Recordings
	Tenants       map[string]Tenant
	// Secret keys the digests under which tries are counted, so that nobody
	// who reads the store can tell whose they are.
	Secret []byte
}

// Errors of requests. None holds anything of a citizen.
var (
	ErrRequest = errors.New("desk: no such request, or not in this form")
	ErrTenant  = errors.New("desk: no such tenant")
	ErrPhone   = errors.New("desk: the number may not be dialled")
)

// Desk is call.Outside. It is safe for concurrent use.
type Desk struct {
	cfg     Config
	mu      sync.Mutex
	tripped map[string]time.Time // tenants in which nobody is looked up, and until when
	steps   steps
}

var _ call.Outside = (*Desk)(nil)

// New makes a desk.
func New(cfg Config) *Desk {
	return &Desk{cfg: cfg, tripped: map[string]time.Time{}, steps: steps{last: map[string]int{}}}
}

// visit is one question at the desk.
type visit struct {
	*Desk
	call.Question
	Tenant // shadows the question's name of it
	tenant string
}

// Answer answers a question.
func (d *Desk) Answer(ctx context.Context, q call.Question) (json.RawMessage, error) {
	tenant, ok := d.cfg.Tenants[q.Tenant]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrTenant, q.Tenant)
	}
	v := visit{Desk: d, Question: q, Tenant: tenant, tenant: q.Tenant}
	switch q.Name {
	case flow.AskIdentify:
		return answer(ctx, q, v.identify)
	case flow.AskRegister:
		return answer(ctx, q, v.register)
	case flow.AskRephone:
		return answer(ctx, q, v.rephone)
	case flow.AskEnter:
		return answer(ctx, q, v.enter)
	case flow.AskOutlook:
		return answer(ctx, q, v.outlook)
	case flow.AskCallback:
		return answer(ctx, q, v.callback)
	case flow.AskRinging:
		return answer(ctx, q, v.inOrder(v.ringing))
	case flow.AskConnected:
		return answer(ctx, q, v.inOrder(v.connected))
	case flow.AskMissed:
		return answer(ctx, q, v.inOrder(v.missed))
	case flow.AskTalked:
		return answer(ctx, q, v.inOrder(v.talked))
	case flow.AskLeft:
		return answer(ctx, q, v.left)
	case flow.AskAttempt:
		return answer(ctx, q, v.attempt)
	case flow.AskRegistrant:
		return answer(ctx, q, v.registrant)
	case flow.AskConfirm:
		return answer(ctx, q, v.confirm)
	}
	return v.promised(ctx, q)
}

// promised answers what is asked about promised calls and talks.
func (v visit) promised(ctx context.Context, q call.Question) (json.RawMessage, error) {
	switch q.Name {
	case flow.AskHalfDays:
		return answer(ctx, q, v.halfDays)
	case flow.AskChange:
		return answer(ctx, q, v.change)
	case flow.AskCancel:
		return answer(ctx, q, v.cancel)
	case flow.AskAnnounced:
		return answer(ctx, q, v.announced)
	case flow.AskTransfer:
		return answer(ctx, q, v.transfer)
	case flow.AskHelp:
		return answer(ctx, q, v.help)
	case flow.AskDuty:
		return answer(ctx, q, v.duty)
	case flow.AskBack:
		return answer(ctx, q, v.back)
	}
	return nil, fmt.Errorf("%w: %q", ErrRequest, q.Name)
}

// answer reads a request, has it done, and writes what comes of it.
func answer[R, A any](ctx context.Context, q call.Question, do func(context.Context, R) (A, error)) (json.RawMessage, error) {
	var request R
	if err := json.Unmarshal(q.Payload, &request); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrRequest, q.Name) // the cause could hold a part of the payload
	}
	a, err := do(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.Name, err)
	}
	return json.Marshal(a)
}

// dialable reads a number that a citizen gave, and refuses it if it may not be
// dialled, whatever the conversation thought of it.
func dialable(national string) (phone.Number, error) {
	n, err := phone.Parse(national)
	if err != nil {
		return n, fmt.Errorf("%w: %w", ErrPhone, err)
	}
	if err := n.Dialable(); err != nil {
		return n, fmt.Errorf("%w: %w", ErrPhone, err)
	}
	return n, nil
}

// dialableIfAny is dialable for a number that need not be given.
func dialableIfAny(national string) (phone.Number, error) {
	if national == "" {
		return phone.Number{}, nil
	}
	return dialable(national)
}
