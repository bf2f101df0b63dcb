package ari

import (
	"sync"

	"richiamo/internal/call"
)

// queue holds the events that wait for the handler: in order, and as many as
// come. One goroutine puts, one takes.
type queue struct {
	mu      sync.Mutex
	waiting []call.Event
	spare   []call.Event  // what was taken before, to be used again
	wake    chan struct{} // holds one token while something may be waiting
}

// keepQueue is the longest slice that is kept for reuse.
const keepQueue = 1024

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) put(e call.Event) {
	q.mu.Lock()
	q.waiting = append(q.waiting, e)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns everything that waits. The slice is valid until the next take.
func (q *queue) take() []call.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	used := q.spare
	if cap(used) > keepQueue {
		used = nil
	}
	clear(used) // let go of what it pointed to
	q.waiting, q.spare = used[:0], q.waiting
	return q.spare
}
