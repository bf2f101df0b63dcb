package plan_test

import (
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// boardOf is a board of all that is kept, at once.
func boardOf(tenant string, cfg plan.Config, now time.Time, tickets []queue.Ticket, agents []agent.Agent) *plan.Board {
	planting := plan.Plant(tenant, cfg, now, agents, len(tickets))
	planting.Put(tickets)
	return planting.Board()
}
