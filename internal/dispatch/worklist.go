package dispatch

import (
	"context"

	"richiamo/internal/queue"
)

// Close is somebody of the worklist who has dealt with a ticket that could not be
// done by calling: an exhausted one, with its reason. What is not is
// queue.ErrImpossible.
func (s *Tickets) Close(ctx context.Context, tenant, id, outcome, note string) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	now := s.opts.Now()
	_, err = o.changeTicket(ctx, "", id, func(_ *board, t queue.Ticket) (Change, error) {
		done, err := t.Close(now, outcome, note)
		return Change{Tickets: []queue.Ticket{done}}, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.find(ctx, id)
}

// OnLine finds the open ticket that a live call holds, from memory.
func (s *Tickets) OnLine(tenant, call string) (queue.Ticket, bool) {
	o, ok := s.offices[tenant]
	if !ok {
		return queue.Ticket{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil {
		return queue.Ticket{}, false
	}
	return o.board.OnCall(call, queue.Waiting, queue.Dialling, queue.Connected)
}

// Counts is how many tickets of a tenant are open.
type Counts struct {
	States  map[queue.State]int
	Classes map[queue.Class]int
	Capped  int // put off, since number or citizen has had all calls of a day
}

// Counts counts the open tickets, from memory.
func (s *Tickets) Counts(tenant string) Counts {
	c := Counts{States: map[queue.State]int{}, Classes: map[queue.Class]int{}}
	o, ok := s.offices[tenant]
	if !ok {
		return c
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil {
		return c
	}
	c.States, c.Classes, c.Capped = o.board.Counts()
	return c
}
