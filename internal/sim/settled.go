package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
)

// watch looks now and then at what must not last, and whether all is quiet.
func (w *World) watch() {
	w.agentsStuck()
	w.oneRequest()
	if w.unsettled() == "" {
		w.done = true
		return
	}
	every := max(watchEvery, w.stride())
	if w.Light {
		every = 6 * watchEvery
	}
	w.clock.After(every, w.watch)
}

// agentsStuck checks that nobody is kept for a citizen who is not there.
func (w *World) agentsStuck() {
	if w.Light {
		return
	}
	w.look()
	now := w.clock.Now()
	for _, a := range w.team {
		if !a.State.Serving() || w.serves(a) {
			delete(w.stuck, a.ID)
			continue
		}
		s, ok := w.stuck[a.ID]
		if !ok || s.state != a.State || s.ticket != a.Ticket {
			w.stuck[a.ID] = stuckAgent{a.State, a.Ticket, now}
			continue
		}
		since := s.since
		if w.well.After(since) {
			since = w.well
		}
		if now.Sub(since) > stuckFor {
			w.wrong("agent %s is %s for %s, without a call, for %s", a.ID, a.State, a.Ticket, now.Sub(since).Round(time.Second))
		}
	}
}

// oneRequest checks that a number has one call by a person to come, and not two:
// a second one is joined to the first, at once or soon.
func (w *World) oneRequest() {
	if w.Light {
		return
	}
	w.look()
	first := map[phone.Number]queue.Ticket{}
	doubled := ""
	for _, t := range w.Tickets() {
		promised := t.State == queue.Pending || t.State == queue.Due || t.State == queue.Dialling
		if !t.NeedsAgent || !promised || t.Phone.Withheld() {
			continue
		}
		if other, ok := first[t.Phone]; ok {
			doubled = other.ID + " and " + t.ID
		}
		first[t.Phone] = t
	}
	now := w.clock.Now()
	switch {
	case doubled != w.doubled:
		w.doubled, w.since = doubled, now
	case doubled != "" && now.Sub(w.since) > joinedIn && now.Sub(w.well) > time.Minute:
		w.wrong("%s are two requests of one number", doubled)
	}
}

// serves tells whether something of what an agent is kept for is to be seen at
// the exchange.
func (w *World) serves(a agent.Agent) bool {
	there := false
	t := w.tickets[a.Ticket]
	w.exchange.Each(func(l *town.Line) {
		there = there || l.Agent == a.ID || t.Call != "" && l.ID == t.Call
	})
	return there
}

// nextDue is how long nothing is due, as far as tickets tell.
func (w *World) nextDue() time.Duration {
	now := w.clock.Now()
	if w.stale || !now.Before(w.dueAt) {
		w.look()
		w.dueAt = now.Add(w.findDue(now))
	}
	return w.dueAt.Sub(now)
}

func (w *World) findDue(now time.Time) time.Duration {
	next := 10 * time.Minute
	open, ok := w.serve.Window.Next(now)
	if wait := open.Sub(now); ok && wait > 0 && wait < next {
		next = wait
	}
	for _, t := range w.tickets {
		switch {
		case !t.State.Open():
		case t.State.OnLine():
			return 0
		default:
			for _, at := range []time.Time{t.NotBefore, t.To.Add(-5 * time.Minute), t.To} {
				if d := at.Sub(now); d > 0 && d < next {
					next = d
				}
			}
		}
	}
	return next
}

// mostGoing is how much of what goes on is told.
const mostGoing = 5

// unsettled tells what is still going on; empty: nothing.
func (w *World) unsettled() string {
	var going []string
	add := func(is bool, format string, args ...any) {
		if is && len(going) < mostGoing {
			going = append(going, fmt.Sprintf(format, args...))
		}
	}
	add(w.expected > 0, "%d calls are still to come", w.expected)
	add(w.pending > 0, "%d disturbances are still to come", w.pending)
	add(w.exchange.Count() > 0, "%d lines are up", w.exchange.Count())
	add(len(w.exchange.Notes()) > 0, "%d numbers are in the notebook", len(w.exchange.Notes()))
	planned := 0
	for _, c := range w.citizens {
		planned += c.Planned
	}
	add(planned > 0, "%d citizens call again", planned)
	p := w.alive()
	add(p == nil || !p.connected, "the service is not there")
	if len(going) > 0 && w.Light { // enough is known, and there are many tickets to go through
		return strings.Join(going, ", ")
	}
	w.inspect(func() {
		for _, of := range w.tenants() {
			kept, _ := w.stores.Tickets.Open(context.Background(), of)
			open, _ := kept.All()
			for _, t := range open {
				add(!t.NotBefore.Equal(queue.NoDate()), "%s, %s", t, t.Reason)
			}
			for _, a := range kept.Agents {
				add(a.State.Serving(), "agent %s is %s", a.ID, a.State)
			}
		}
	})
	if len(going) == 0 {
		w.inspect(func() {
			live, _ := w.stores.Calls.Live(context.Background(), node)
			for _, r := range live {
				add(true, "%s has no end in the store", r)
			}
		})
	}
	return strings.Join(going, ", ")
}

// finally checks what must hold once all is quiet.
func (w *World) finally() {
	if w.Light {
		return
	}
	w.stale = true
	w.look()
	for id, by := range w.promises {
		t, ok := w.tickets[id]
		switch {
		case !ok:
			w.wrong("%s was promised by %s and is lost", id, by)
		case t.NotBefore.Equal(queue.NoDate()): // waits for a day that nobody knows
		case t.State != queue.Done && t.State != queue.Exhausted && t.State != queue.Withdrawn:
			w.wrong("%s was promised by %s and is not done with", t, by)
		case t.Reason == "":
			w.wrong("%s was promised by %s and ended without a reason", t, by)
		}
	}
	for call, n := range w.exchange.Rings {
		if strings.Contains(call, "~") {
			continue // an agent's telephone
		}
		if _, ok := w.byCall[call]; !ok {
			w.wrong("%s has rung %d times, and no ticket knows of it", call, n)
		}
	}
	for _, t := range w.tickets {
		w.closed(t)
	}
}

// closed checks what a ticket that is done with tells.
func (w *World) closed(t queue.Ticket) {
	for _, a := range t.Attempts {
		switch {
		case a.Ended.IsZero():
			w.wrong("%s: attempt %d has no end", t, a.N)
		case a.Outcome == "":
			w.wrong("%s: attempt %d has no outcome", t, a.N)
		}
	}
	if t.Agent != "" && t.State.Open() || t.Call != "" && t.State.Open() {
		w.wrong("%s is open and holds an agent or a call", t)
	}
}
