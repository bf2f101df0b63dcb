package lab

import (
	"errors"
	"path"
	"sync"
)

// What a Trap answers besides the statuses of HTTP.
const (
	// Silence is no answer, on a connection that stays open: the application has to lose patience.
	Silence = -1
	// Broken is no answer: the connection is closed.
	Broken = -2
)

// errBroken ends a connection that a trap has broken.
var errBroken = errors.New("lab: broken by a trap")

// errReleased ends what a trap still held when its wire was closed.
var errReleased = errors.New("lab: the wire was closed")

// Trap is what befalls chosen requests on a Wire. The zero Answer is the exchange's own, so that a Trap with
// nothing else in it counts requests and lets them pass.
type Trap struct {
	// Method is for example "POST"; empty: any.
	Method string
	// Path is a pattern of path.Match, below the root of ARI and without the query: "/channels/*/dial".
	Path string
	// Times is how many requests are caught, the first ones; 0: all.
	Times int
	// Hold keeps each request on its way until Release, even when who sent it has died.
	Hold bool
	// Done passes a request on before Answer is given in place of the exchange's: it was done, and nobody knows.
	Done bool
	// Answer is the status that is given: 0 the exchange's own answer, Silence or Broken none.
	Answer int
	// Words is the body of that answer, JSON.
	Words string

	mu       sync.Mutex
	count    int
	sprung   chan struct{}
	released chan struct{}
}

// Sprung is closed when the first request has been caught.
func (t *Trap) Sprung() <-chan struct{} { return t.sprung }

// Count is how many requests have been caught.
func (t *Trap) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// Release lets go of the requests that are held, and holds no more. It is called once.
func (t *Trap) Release() { close(t.released) }

// catches tells whether a request is for the trap, and counts it.
func (t *Trap) catches(method, place string) bool {
	if fits, err := path.Match(t.Path, place); !fits || err != nil || t.Method != "" && t.Method != method {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Times > 0 && t.count == t.Times {
		return false
	}
	t.count++
	if t.count == 1 {
		close(t.sprung)
	}
	return true
}

// hold waits as long as a request is to be held.
func (t *Trap) hold(closed <-chan struct{}) error {
	if !t.Hold {
		return nil
	}
	select {
	case <-t.released:
		return nil
	case <-closed:
		return errReleased
	}
}
