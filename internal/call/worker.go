package call

import (
	"container/heap"
	"sync"
	"time"

	"richiamo/internal/dialogue"
)

// message is one thing for a worker to look at.
type message struct {
	call   string
	event  *Event
	input  *dialogue.Input
	place  *Outbound
	adopt  *adoption
	look   *look        // of Sweep
	cancel bool         // end a call of ours
	asked  string       // a request of a suspect has come to its end
	reply  chan<- error // of place
}

// mailbox is a queue without an end: the reader of the exchange's events must
// never wait, and nothing may be lost.
type mailbox struct {
	mu    sync.Mutex
	queue []message
	ready chan struct{}
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

func (m *mailbox) put(msg message) {
	m.mu.Lock()
	m.queue = append(m.queue, msg)
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	queue := m.queue
	m.queue = nil
	return queue
}

// worker does the work of its share of the calls, one thing after the other.
type worker struct {
	r     *Runner
	inbox *mailbox
	calls map[string]*live
	dues  dues

	doubts map[string]doubt // of Sweep: what did not fit at the last look
}

// run works until the Runner stops. It sleeps until there is a message or the
// earliest deadline of its calls has come: deadlines belong to the calls' records,
// the one timer to the worker.
func (w *worker) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		if len(w.dues) > 0 {
			wait = w.dues[0].at.Sub(w.r.now())
		}
		timer.Reset(wait)
		select {
		case <-w.r.ctx.Done():
			return
		case <-w.inbox.ready:
			w.drain()
		case <-timer.C:
		}
		w.tick(w.r.now())
	}
}

// drain handles the messages that there are, and tells whether there were any.
func (w *worker) drain() bool {
	messages := w.inbox.take()
	for _, m := range messages {
		if w.r.ctx.Err() != nil {
			return true
		}
		w.handle(m)
	}
	return len(messages) > 0
}

// handle looks at one message.
func (w *worker) handle(m message) {
	w.contain(m.call, func() {
		l := w.calls[m.call]
		switch {
		case m.place != nil:
			err := errPanicked // unless place comes to its end
			defer func() { m.reply <- err }()
			err = w.place(l, *m.place)
		case l != nil && l.over:
			if m.adopt != nil || m.look != nil {
				w.endAgain(l)
			}
		case m.adopt != nil:
			w.adopt(l, *m.adopt)
		case m.look != nil:
			w.look(l, *m.look)
		case m.event != nil && l == nil:
			w.stranger(*m.event)
		case m.event != nil:
			w.event(l, *m.event)
		case m.cancel && l != nil:
			w.callOff(l)
		case m.asked != "" && l != nil:
			w.heard(l, m.asked)
		case m.input != nil && l != nil:
			w.feed(l, *m.input)
		}
	})
	if l := w.calls[m.call]; l != nil {
		w.schedule(l)
	}
}

// tick feeds what is due.
func (w *worker) tick(now time.Time) {
	for len(w.dues) > 0 && !w.dues[0].at.After(now) {
		d := heap.Pop(&w.dues).(due)
		l := w.calls[d.call]
		if l == nil || !l.due().Equal(d.at) {
			continue // over, or put off meanwhile
		}
		l.scheduled = time.Time{}
		w.contain(d.call, func() { w.overdue(l, now) })
		if l := w.calls[d.call]; l != nil {
			w.schedule(l)
		}
	}
}

// schedule puts a call's next deadline among those of the worker.
func (w *worker) schedule(l *live) {
	at := l.due()
	if at.IsZero() || at.Equal(l.scheduled) {
		return
	}
	l.scheduled = at
	heap.Push(&w.dues, due{at, l.rec.ID})
}

// keep and drop add a call to the worker's, and take it away.
func (w *worker) keep(l *live) {
	if w.calls[l.rec.ID] == l {
		return
	}
	w.calls[l.rec.ID] = l
	w.r.live.Store(l.rec.ID, struct{}{})
	w.r.count.Add(1)
}

func (w *worker) drop(l *live) {
	if w.calls[l.rec.ID] != l {
		return
	}
	delete(w.calls, l.rec.ID)
	if _, alive := w.r.live.LoadAndDelete(l.rec.ID); alive {
		w.r.count.Add(-1)
	}
}

// due is a deadline of a call; dues are ordered by time.
type due struct {
	at   time.Time
	call string
}

type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(x any)        { *d = append(*d, x.(due)) }
func (d *dues) Pop() any {
	old := *d
	x := old[len(old)-1]
	*d = old[:len(old)-1]
	return x
}
