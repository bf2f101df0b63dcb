package dispatch

import (
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// mind is what a process remembers of a tenant beside the board: nothing of it
// has to outlive the process. The office's lock guards it.
type mind struct {
	held, called, promised, off day                       // see Fairness
	said                        map[string][]announcement // waits said to callers, by ticket, until it is known how long they were

	// spoken are open tickets whose citizen waits once more, having spoken with an agent:
	// the wait was measured before.
	spoken map[string]bool

	// unreached are tickets by number that nobody answered as often as they were
	// to be called: who sees our calls and calls back has them go on.
	unreached map[phone.Number]queue.Ticket

	alarms map[string]bool // that are on, by kind

	breaker queue.Breaker
	refunds []queue.Ended // attempts to be given back

	served  time.Time                  // when somebody was last put through or dialled, or nobody wanted to be
	swept   map[string]time.Time       // the last sweep of each queue, as far as it is known: see Sweeps
	calling map[phone.Number][]arrival // calls with a number, ours and the citizen's, as far as they may be up

	hours queue.Window // when agents are there and citizens may be called
}

func newMind(cfg Config) mind {
	return mind{
		calling: map[phone.Number][]arrival{}, hours: cfg.Hours(),
		said: map[string][]announcement{}, spoken: map[string]bool{},
		unreached: map[phone.Number]queue.Ticket{}, alarms: map[string]bool{}, swept: map[string]time.Time{},
	}
}

// maxUnreached bounds the tickets that are remembered for whoever calls back.
const maxUnreached = 10_000

// reach takes note of a ticket that was left to a person because nobody answered,
// and forgets one that goes on.
func (m *mind) reach(t queue.Ticket) {
	missed := t.State == queue.Exhausted && t.NeedsAgent && (t.Reason == queue.ReasonUsedUp || t.Reason == queue.ReasonDead)
	switch {
	case missed:
		if len(m.unreached) >= maxUnreached {
			clear(m.unreached)
		}
		m.unreached[t.Phone] = t
	case m.unreached[t.Phone].ID == t.ID:
		delete(m.unreached, t.Phone)
	}
}

// missedCall is the ticket of a number that was called in vain not long ago.
func (m *mind) missedCall(n phone.Number, now time.Time) (queue.Ticket, bool) {
	t, ok := m.unreached[n]
	return t, ok && now.Sub(t.Updated) < missedFor
}
