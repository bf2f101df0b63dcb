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
