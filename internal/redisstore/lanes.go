package redisstore

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"richiamo/internal/queue"
)

// How all open tickets are read: the places at which they are kept are known, and
// are gone along in blocks. While one block is looked at by whoever wants them,
// others are unsealed and one is at Redis, so that both, and Redis, work at once;
// and a million tickets are never here all at a time besides those on the board.
// The blocks are dealt to lanes in turn and taken from them in turn, so they come
// in order.

// block is what one lane has read of its next places.
type block struct {
	tickets []queue.Ticket
	err     error
}

// along reads the open tickets at these places, in order.
func (s *Tickets) along(ctx context.Context, tenant string, places []string) iter.Seq2[[]queue.Ticket, error] {
	return func(yield func([]queue.Ticket, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		lanes := make([]chan block, runtime.GOMAXPROCS(0)+1) // one of them waits for Redis
		for i := range lanes {
			lanes[i] = make(chan block)
			running.Go(func() { s.lane(ctx, tenant, places[min(i*readAtOnce, len(places)):], len(lanes), lanes[i]) })
		}
		for n := 0; n*readAtOnce < len(places); n++ {
			b, ok := <-lanes[n%len(lanes)]
			if !ok { // its last word was an error, or nobody listened any more
				b.err = s.unavailable(context.Cause(ctx))
			}
			if !yield(b.tickets, b.err) || b.err != nil {
				return
			}
		}
	}
}

// lane reads the first block of places, and then each that comes so many blocks
// after the one before. It has two buffers: when the second is taken from it, the
// first is not needed any more.
func (s *Tickets) lane(ctx context.Context, tenant string, places []string, lanes int, to chan<- block) {
	defer close(to)
	open, with := openStates(), newQuick()
	read, taken := make([]queue.Ticket, readAtOnce), make([]queue.Ticket, readAtOnce)
	for len(places) > 0 {
		tickets := read[:min(readAtOnce, len(places))]
		clear(tickets)
		err := s.read(ctx, tenant, places[:len(tickets)], open, with, tickets)
		select {
		case to <- block{present(tickets), err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		read, taken = taken, read
		places = places[min(lanes*readAtOnce, len(places)):]
	}
}
