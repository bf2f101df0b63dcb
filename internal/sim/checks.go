package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
	"richiamo/internal/speech"
)

// How long something may be as it must not be for ever. A world without faults
// knows no excuse; with faults a command that got lost is made good by the
// deadline behind it, and a process that died by its successor.
const (
	aloneCalm   = 6 * time.Second
	aloneFaulty = 75 * time.Second
	stuckFor    = 3 * time.Minute
	watchEvery  = 10 * time.Second
	restAfter   = 5 * time.Second
	joinedIn    = 30 * time.Second // the planner looks for doubled requests every ten
)

// checks judges a world.
type checks struct {
	w        *World
	fault    error // the first thing that was wrong
	events   int
	done     bool
	calm     bool // no faults are planned
	single   bool // at no time two processes
	promises map[string]string
	byNumber map[string]*town.Home
	freed    map[string]time.Time // when a line of the number ended
	left     time.Time            // when a line of a call of ours did
	mute     time.Time            // when something could not be played last
	stuck    map[string]stuckAgent
	doubled  string    // two open requests of one number, when it was looked last
	since    time.Time // and since when
	well     time.Time // when something kept the service from working last

	stale   bool      // the view is older than the store
	dueAt   time.Time // until when nothing is due, by the view
	tickets map[string]queue.Ticket
	byCall  map[string]string // the ticket of an attempt
	team    []agent.Agent
}

// stuckAgent is an agent who serves somebody of whom nothing is to be seen.
type stuckAgent struct {
	state  agent.State
	ticket string
	since  time.Time
}

func newChecks(w *World) *checks {
	c := &checks{
		w: w, calm: w.Trunk == 0, single: true, stale: true,
		promises: map[string]string{}, byNumber: map[string]*town.Home{}, stuck: map[string]stuckAgent{},
		freed: map[string]time.Time{},
	}
	for _, d := range w.Plan.Faults {
		c.calm = c.calm && !d.Kind.fault()
		switch d.Kind {
		case TwoProcesses, Freeze, FreezeBefore, FreezeAfter:
			c.single = false
		}
	}
	return c
}

// wrong notes what is not as it must be. The first one counts.
func (c *checks) wrong(format string, args ...any) {
	if c.fault == nil {
		c.fault = fmt.Errorf(format, args...)
		c.w.tell("WRONG: "+format, args...)
	}
}

// look brings the view up to date with the store.
func (c *checks) look() {
	if !c.stale {
		return
	}
	c.stale = false
	c.w.inspect(func() {
		all, _, _ := c.w.stores.Tickets.Tickets(context.Background(), tenant, nil, "", 1<<30)
		kept, _ := c.w.stores.Tickets.Open(context.Background(), tenant)
		c.team = kept.Agents
		c.tickets, c.byCall = make(map[string]queue.Ticket, len(all)), map[string]string{}
		for _, t := range all {
			c.tickets[t.ID] = t
			for _, a := range t.Attempts {
				c.byCall[a.Call] = t.ID
			}
		}
	})
}

// always is checked after every event.
func (c *checks) always() {
	if c.w.Light {
		return
	}
	w, now := c.w, c.w.clock.Now()
	if p := w.alive(); p == nil || !p.connected || now.Before(p.frozen) || !w.exchange.Up() || now.Before(w.awayTill) {
		c.well = now // nobody can look after anybody
		return
	}
	limit := aloneFaulty
	if c.calm {
		limit = aloneCalm
		if w.Slow > 0 {
			limit += 10 * time.Second
		}
	}
	since := now.Add(-limit)
	if c.well.After(since) {
		return
	}
	w.exchange.Each(func(l *town.Line) {
		if l.Number != "" && l.IsUp() && !l.Alone.IsZero() && l.Alone.Before(since) {
			c.wrong("%s hears nothing and is connected with nobody for %s", l.ID, now.Sub(l.Alone).Round(time.Second))
		}
	})
}

// rang is checked when a telephone begins to ring.
func (c *checks) rang(l *town.Line) {
	if c.w.Light {
		return
	}
	x := c.w.exchange
	if n := x.Rings[l.ID]; n > 1 && l.Agent == "" { // an agent may be rung again for one caller
		c.wrong("%s rings for the %dth time", l.ID, n)
	}
	ours := 0
	x.Each(func(other *town.Line) {
		switch {
		case other == l || other.Inbound:
			return
		case l.Agent != "" && other.Agent == l.Agent && (other.Rings() || other.IsUp()) && c.single && c.ticketed(other):
			// A process that stood still and does not know that it is replaced may ring
			// an agent once: nothing at the exchange fences an agent's telephone. And of
			// an agent who was passed on while the store was away nobody knows once the
			// process has died that did it: the telephone says that it is busy.
			c.wrong("agent %s is rung by %s while on %s", l.Agent, l.ID, other.ID)
		case l.Agent == "" && other.Number == l.Number && (other.Rings() || other.IsUp()):
			c.wrong("%s and %s ring the same number", l.ID, other.ID)
		}
		// What an earlier process dialled, and says goodbye now, is not counted by
		// its successor: for these seconds there may be a line too many.
		if other.Number != "" && (other.Rings() || other.IsUp()) && !other.Begun.Before(c.w.born) {
			ours++
		}
	})
	if l.Agent != "" {
		return
	}
	if ours+1 > c.w.serve.Lines {
		c.wrong("%s is call number %d of ours at a time, of %d", l.ID, ours+1, c.w.serve.Lines)
	}
	c.recorded(l)
}

// ticketed tells whether the call of an agent's line is one of a ticket.
func (c *checks) ticketed(l *town.Line) bool {
	c.look()
	call, _, _ := strings.Cut(l.ID, "~")
	for _, t := range c.tickets {
		if t.Call == call {
			return true
		}
	}
	return false
}

// ended notes that a line is no more.
func (c *checks) ended(l *town.Line) {
	if l.Number != "" && !c.w.Light {
		c.freed[l.Number] = c.w.clock.Now()
	}
	if l.Number != "" && !l.Inbound {
		c.left = c.w.clock.Now()
	}
}

// recorded checks that an attempt that rings is on disk, in the hours in which
// citizens are called, and within the cap of its number.
func (c *checks) recorded(l *town.Line) {
	c.look()
	now := c.w.clock.Now()
	t, ok := c.tickets[c.byCall[l.ID]]
	if !ok {
		c.wrong("%s rings, and no ticket has such an attempt", l.ID)
		return
	}
	i := slices.IndexFunc(t.Attempts, func(a queue.Attempt) bool { return a.Call == l.ID })
	if i != len(t.Attempts)-1 || t.State != queue.Dialling {
		c.wrong("%s rings, and is not the attempt that is under way: %s", l.ID, t)
	}
	if w := c.w.serve.Window; !w.Contains(now) && !w.Contains(now.Add(-2*time.Minute)) {
		c.wrong("%s rings at %s, when nobody is called", l.ID, now)
	}
	if i >= 0 {
		c.entered(l, t, t.Attempts[i])
	}
}

// entered checks that an attempt stands in the ledger of its number, and is
// within the number's cap.
func (c *checks) entered(l *town.Line, t queue.Ticket, a queue.Attempt) {
	ledger := c.ledger(t.Phone)
	if !slices.ContainsFunc(ledger.Entries, func(e queue.Entry) bool { return e.Ticket == t.ID && e.Attempt == a.N }) {
		c.wrong("%s rings, and the ledger of its number does not know of it", l.ID)
	}
	if most := c.w.serve.PerNumber; most > 0 && a.Counts {
		if n := ledger.Counted(c.w.clock.Now(), queue.CapSpan); n > most {
			c.wrong("%s is attempt %d to its number in 24 hours, of %d", l.ID, n, most)
		}
	}
}

// ledger reads what is kept of the calls to a number.
func (c *checks) ledger(n phone.Number) (ledger queue.Ledger) {
	subject, ok := queue.PhoneSubject(n)
	if !ok {
		return queue.Ledger{}
	}
	c.w.inspect(func() {
		all, err := c.w.stores.Tickets.Ledgers(context.Background(), tenant, []queue.Subject{subject})
		if err == nil && len(all) == 1 {
			ledger = all[0]
		}
	})
	return ledger
}

// spoke is checked when something begins to be said: what is told as done must
// be on disk.
func (c *checks) spoke(l *town.Line, what []town.Said, figures string) {
	if c.w.Light {
		return
	}
	for _, s := range what {
		switch s.Prompt {
		case speech.CallbackWord:
			c.told(l, figures)
		case speech.ReceiptSay:
			c.receipt(l, figures)
		}
	}
}

// told checks the three figures of a promise.
func (c *checks) told(l *town.Line, figures string) {
	if len(figures) < 3 {
		c.wrong("%s is told a word of %d figures", l.ID, len(figures))
		return
	}
	c.look()
	for _, t := range c.tickets {
		// Who has called again meanwhile waits on the line, and the promise is kept beside.
		if t.Word == figures[:3] && (t.State != queue.Waiting || !t.Resume.IsZero()) {
			c.promised(t.ID, l.ID)
			return
		}
	}
	c.wrong("%s is promised a call that is not on disk", l.ID)
}

// promised notes that somebody was promised a call: by whom.
func (c *checks) promised(ticket, by string) {
	c.w.tell("%s is promised to %s", ticket, by)
	c.promises[ticket] = by
}

// receipt checks the six figures of a registration.
func (c *checks) receipt(l *town.Line, figures string) {
	found := false
	c.w.inspect(func() {
		page, _, _ := c.w.stores.Registrations.Page(context.Background(), tenant, "", 1<<30)
		for _, r := range page {
			found = found || len(figures) >= 6 && r.Receipt == figures[:6]
		}
	})
	if !found {
		c.wrong("%s is told a receipt that is not on disk", l.ID)
	}
}

// hangs is checked when the service hangs a line up: a citizen is talked with, or
// told goodbye, before that. Who was cut off because a process died was not
// adopted.
func (c *checks) hangs(l *town.Line) {
	if c.w.Light || l.Number == "" || !l.IsUp() || l.Talked || c.w.clock.Now().Sub(c.mute) < time.Minute {
		return
	}
	if !c.single { // a process that stood still may have said one thing more than it should
		return
	}
	elsewhere := false // on another line with the number: one of the two is enough
	c.w.exchange.Each(func(other *town.Line) { elsewhere = elsewhere || other != l && other.Number == l.Number })
	if elsewhere {
		return
	}
	name := string(l.Last)
	for _, end := range []string{"goodbye.", "check.", "down.end", "away.", "wrong.", "return.no-key"} {
		if strings.HasPrefix(name, end) {
			return
		}
	}
	c.wrong("%s is hung up after %q", l.ID, name)
}

// behind is checked when something is played while another is heard: no key would
// cut what is heard.
func (c *checks) behind(l *town.Line, playback string) {
	if c.calm {
		c.wrong("%s is played behind another on %s", playback, l.ID)
	}
}

// joins is checked when lines are connected: one citizen, with the agents who
// serve this citizen.
func (c *checks) joins(members []*town.Line) {
	citizens, names := 0, ""
	for _, m := range members {
		names += " " + m.ID
		if m.Agent == "" {
			citizens++
		}
	}
	if citizens > 1 || len(members) > citizens+2 {
		c.wrong("%d citizens and %d others are connected:%s", citizens, len(members)-citizens, names)
	}
}

// decided is checked when the planner has decided: nobody who was there before,
// and could have been served, is passed over.
func (c *checks) decided(p *process, d dispatch.Decision) {
	c.w.tell("process %d: %s %s, %s", p.n, d.Verb, d.Ticket.ID, d.Reason)
	first := d.Verb == plan.Turn || d.Verb == plan.Dial
	if c.w.Light || !first || !d.Ticket.NeedsAgent || len(d.Tickets) == 0 || !c.single {
		return
	}
	c.look()
	for _, t := range c.tickets {
		if queue.Before(t, d.Ticket) && c.couldBeServed(p, t) {
			c.wrong("%s %s, although %s has waited for longer", d.Verb, d.Ticket, t)
		}
	}
}

// couldBeServed tells whether a ticket could have been given an agent now.
func (c *checks) couldBeServed(p *process, t queue.Ticket) bool {
	now := c.w.clock.Now()
	if !t.NeedsAgent || t.Agent != "" || now.Before(t.NotBefore) || t.Updated.Equal(now) {
		return false // what has changed at this instant is seen at the planner's next look
	}
	switch t.State {
	case queue.Waiting:
		return p.runner.Live(t.Call)
	case queue.Pending, queue.Due:
		return c.couldBeDialled(p, t)
	}
	return false
}

// couldBeDialled tells whether nothing forbids that a promised call is made now.
func (c *checks) couldBeDialled(p *process, t queue.Ticket) bool {
	w, now := c.w, c.w.clock.Now()
	if !w.serve.Window.Contains(now) || !p.connected || now.Sub(w.struck) < 10*time.Second || t.Phone.Dialable() != nil {
		return false
	}
	if w.Trunk > 0 || !w.serve.CheckNumber.Withheld() || w.serve.CitizenFirst { // held back for all
		return false
	}
	if most := w.serve.PerNumber; most > 0 && c.ledger(t.Phone).Counted(now, queue.CapSpan) >= most {
		return false
	}
	if now.Sub(c.freed[t.Phone.Reveal()]) < restAfter {
		return false // it was up a moment ago, and whether it is free is not known yet
	}
	lines, engaged := 0, false
	if now.Sub(c.left) < restAfter {
		lines++ // likewise the line
	}
	up := 0 // also those whose attempt has ended and who hear the rest of it
	w.exchange.Each(func(l *town.Line) {
		engaged = engaged || l.Number == t.Phone.Reveal()
		if l.Agent == "" && l.Number != "" && (l.Rings() || l.IsUp()) {
			up++
		}
	})
	for _, other := range c.tickets {
		if other.State.OnLine() {
			engaged = engaged || other.Phone == t.Phone
			if n := len(other.Attempts); n > 0 && other.Attempts[n-1].Ended.IsZero() {
				lines++
			}
		}
	}
	return !engaged && max(lines, up) < w.serve.Lines
}
