package dispatch

import "richiamo/internal/plan"

// Config is how a tenant's citizens are served.
type Config = plan.Config

// Defaults is a configuration for one exchange and one queue. The window is
// still to be set.
func Defaults() Config { return plan.Defaults() }

// Decision is one step of a plan: what is committed, and what is then done on the
// telephone.
type Decision = plan.Decision

// Mark is a place in the order of tickets, behind which a page begins.
type Mark = plan.Mark

// Placed is an open ticket and its position in its queue, from 1.
type Placed = plan.Placed
