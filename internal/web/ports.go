package web

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/citizen"
	"richiamo/internal/desk"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Errors that the things below may return besides those of packages dispatch,
// desk, queue and agent, which are understood as they are: not found is 404,
// unavailable 503, changed meanwhile or impossible now 409. Any other error is
// 500, and its text goes to the log and not to who asked.
var (
	ErrNotFound       = errors.New("web: no such thing")
	ErrUnknownCitizen = errors.New("web: nobody in the registry has this code")
	ErrNotEligible    = errors.New("web: it is not this citizen's turn")
)

// Tickets reads what is asked for and promised; *dispatch.Tickets does.
type Tickets interface {
	// Ticket gets one by id, whatever its state.
	Ticket(ctx context.Context, tenant, id string) (queue.Ticket, error)
	// Page lists those in one of the states, newest arrival first. next is
	// empty after the last page.
	Page(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) (page []queue.Ticket, next string, err error)
	// InTurn lists those of a queue, or of all where name is empty, that are not
	// done with, in the order of queue.Compare: up to most behind a mark.
	InTurn(ctx context.Context, tenant, name string, behind dispatch.Mark, most int) ([]dispatch.Placed, error)
}

// ReturnCalls makes and ends them; *dispatch.Tickets does.
type ReturnCalls interface {
	// CreateReturn takes a return call, on disk before it returns, once under
	// its key: the same key from the same channel gives the same ticket, as it
	// is now, whatever else is asked for; that is found out here.
	CreateReturn(ctx context.Context, tenant, key string, r dispatch.ReturnCall) (queue.Ticket, error)
	// Withdraw ends a ticket that is no longer wanted and returns it as it is
	// then; queue.ErrImpossible if it cannot be ended any more.
	Withdraw(ctx context.Context, tenant, id string) (queue.Ticket, error)
	// Change gives a promised call another half-day, if slot is not empty, and
	// another number, if n is not the zero one; once under its key.
	Change(ctx context.Context, tenant, key, id string, slot queue.HalfDay, n phone.Number, at time.Time) (queue.Ticket, error)
}

// Worklist is what people do for citizens whom the telephone does not reach;
// *dispatch.Tickets does.
type Worklist interface {
	// Close takes a ticket off the worklist; queue.ErrImpossible if it is not on
	// it.
	Close(ctx context.Context, tenant, id, outcome, note string) (queue.Ticket, error)
}

// Center is the call center as it stands; *dispatch.Tickets knows it.
type Center interface {
	// Status tells how a queue stands; dispatch.ErrNotFound if there is none of
	// the name.
	Status(ctx context.Context, tenant, queue string) (dispatch.Status, error)
	// Agents lists the agents by id.
	Agents(ctx context.Context, tenant string) ([]agent.Agent, error)
	// SetAgentState asks for a state; agent.ErrState if it is none that can be
	// asked for.
	SetAgentState(ctx context.Context, tenant, id string, s agent.State, reason string) (agent.Agent, error)
	// WroteUp ends a wrap-up with its outcome; agent.ErrImpossible if the agent
	// is in none.
	WroteUp(ctx context.Context, tenant, id, outcome, note string) (agent.Agent, error)
}

// Supervision is what is known of a queue beyond its length, and what can be
// commanded.
type Supervision interface {
	// Standing tells how a queue has served, and whether it can; ErrNotFound or
	// dispatch.ErrNotFound if there is none of the name.
	Standing(ctx context.Context, tenant, queue string) (Standing, error)
	// Sweep turns all callers who wait in a queue into promised calls, and
	// returns how many were told so.
	Sweep(ctx context.Context, tenant, queue string) (told int, err error)
	// HalfDays lists half-days in which a call can still be promised, the
	// earliest first.
	HalfDays(ctx context.Context, tenant string, most int) ([]queue.HalfDay, error)
	// Phones tells of the agents' telephones whether they answer; those that
	// were not probed yet are missing.
	Phones(tenant string) map[string]bool
}

// Standing is how a queue has served in the last 24 hours, and whether it can.
type Standing struct {
	Fairness
	Closed, Closing, Full bool
	HalfDays              []queue.HalfDay // the next ones with room
	Alarms                []string        // breaker, trunk, shown, stuck
}

// Fairness is how callers who held the line and those who were called back were
// served, in the last 24 hours.
type Fairness struct {
	Holders, Callbacks Spread // from arrival to an agent
	Announced          Spread // how far announced waits were from the real ones
	Kept, Late         int    // promised times
	LateBy             Spread // of the late ones
}

// Spread is the middle and the ninth tenth of N durations.
type Spread struct {
	N        int
	P50, P90 time.Duration
}

// Rules are a tenant's, as far as requests must keep them.
type Rules struct {
	Outcomes        []string      // of a wrap-up, and of the worklist
	OutcomeRequired bool          // a wrap-up ends with one, and in no other way
	WrapUpLimit     time.Duration // from when on a wrap-up is overdue
	Queues          []string      // that there are
}

// Talks are the calls that go on. ErrNotFound if there is none of the tenant.
type Talks interface {
	// OfCall gives the ticket that a call is, or was, for.
	OfCall(ctx context.Context, tenant, call string) (queue.Ticket, error)
	// Citizen gives the register's record under a code, which may be empty.
	Citizen(ctx context.Context, tenant, code string) (Record, error)
	// SpokenName gives a recording, in A-law.
	SpokenName(ctx context.Context, tenant, recording string) (alaw []byte, err error)
	// Wish hands an agent's wish to the talk.
	Wish(ctx context.Context, tenant, call, agent string, verb dialogue.Verb, target string) error
}

// Record is what the register has of a citizen; Found is false where there is none.
type Record struct {
	Found bool
	citizen.Citizen
}

// Registrations keeps who is on the campaign's list.
type Registrations interface {
	// Register puts a citizen on the list, on disk before it returns. If the
	// citizen is on it, that registration is returned, unchanged, and added is
	// false. ErrUnknownCitizen, ErrNotEligible.
	Register(ctx context.Context, tenant, channel string, citizen fiscalcode.Code, number phone.Number) (kept desk.Registration, added bool, err error)
	// Of finds the citizen's registration; desk.ErrNotFound if there is none.
	Of(ctx context.Context, tenant string, citizen fiscalcode.Code) (desk.Registration, error)
	// Page lists all by time, newest first; next is empty after the last page.
	Page(ctx context.Context, tenant, cursor string, limit int) (page []desk.Registration, next string, err error)
}

// Calls reads calls, live or ended. ErrNotFound if there is none of the tenant.
type Calls interface {
	Call(ctx context.Context, tenant, id string) (Call, error)
}

// Call is a call as it is shown to whoever runs the service.
type Call struct {
	ID         string
	Script     string // the conversation
	Outbound   bool
	Ticket     string // outbound: for whom
	Node       string // the exchange
	Started    time.Time
	Ended      time.Time // zero while it lives
	Adoptions  int       // how often it was taken up after a fault
	Transcript []Line
}

// Line is one thing that happened in a call. Text must be masked by who makes
// it: entries as their length, numbers and codes not at all.
type Line struct {
	At   time.Time
	Who  Who
	Text string
}

// Who speaks or acts in a line of a transcript.
type Who string

// Who can.
const (
	Voice   Who = "voice"
	Citizen Who = "citizen"
	Person  Who = "agent"
	System  Who = "system" // what was looked up, saved, dialled
)

// Health tells how the service's parts are: each with why not. It must answer
// within two seconds.
type Health interface {
	Parts(ctx context.Context) []Part
}

// Part is one thing that the service needs, such as Asterisk or Redis.
type Part struct {
	Name  string
	Ready bool
	Why   string // when not ready: what is wrong and what to do, without secrets
}

// Observer counts requests; telemetry.Metrics does.
type Observer interface {
	// Served: route is the pattern.
	Served(method, route string, status int, d time.Duration)
	// AuthFailed: a request without a known key.
	AuthFailed()
}
