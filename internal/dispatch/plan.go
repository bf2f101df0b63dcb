package dispatch

import (
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
)

// Config is how a tenant's citizens are served.
type Config = plan.Config

// Defaults is a configuration for one exchange and one queue. The window is
// still to be set.
func Defaults() Config { return plan.Defaults() }

// Decision is one step of a plan: what is committed, and what is then done on the
// telephone.
type Decision = plan.Decision

// The decisions that serve a citizen; the others are in package plan.
const (
	Turn = plan.Turn
	Dial = plan.Dial
)

// part takes a ticket from the agent who serves it.
func part(a agent.Agent, ticket string, now time.Time) (agent.Agent, bool) {
	return plan.Part(a, ticket, now)
}
