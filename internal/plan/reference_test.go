package plan_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// reference decides what plan.Board decides, by looking at everything, every
// time: slow, and short enough to be seen to be right. It reserves agents first.
type reference struct {
	cfg     plan.Config
	tickets map[string]queue.Ticket // open
	agents  map[string]agent.Agent
	silent  map[string]time.Time // by call
	told    map[string]time.Time // by ticket
	looks   map[string]looked    // by ticket: when its promise was looked after

	now       time.Time
	decisions []plan.Decision
	touched   map[string]bool
	free      []agent.Agent
	lines     int
	auto      int
	engaged   map[phone.Number]bool
}

type looked struct {
	version int
	next    time.Time
}

func (r *reference) decide(now time.Time) []plan.Decision {
	r.now, r.decisions, r.touched, r.free = now, nil, map[string]bool{}, nil
	r.lines, r.auto, r.engaged = 0, 0, map[phone.Number]bool{}
	var open []queue.Ticket
	for _, t := range r.tickets {
		open = append(open, t)
		r.count(t)
	}
	slices.SortFunc(open, queue.Compare)
	for _, a := range r.agents {
		if a.Free(now) {
			r.free = append(r.free, a)
		}
	}
	for _, step := range []func(queue.Ticket){r.recover, r.double, r.misfit, r.turn} {
		for _, t := range open {
			if !r.touched[t.ID] {
				step(t)
			}
		}
	}
	r.strays()
	for _, step := range []func(queue.Ticket){r.promise, r.serve, r.close, r.ripen} {
		for _, t := range open {
			if !r.touched[t.ID] {
				step(t)
			}
		}
	}
	return r.decisions
}

func (r *reference) count(t queue.Ticket) {
	if !t.State.OnLine() {
		return
	}
	r.engaged[t.Phone] = !t.Phone.Withheld()
	if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Ended.IsZero() {
		r.lines++
		if !t.NeedsAgent || t.Attempts[n-1].Kind == queue.Notice {
			r.auto++
		}
	}
}

func (r *reference) changed(v plan.Verb, why string, t queue.Ticket, err error, agents ...agent.Agent) {
	if err != nil {
		return
	}
	r.touched[t.ID] = true
	r.decisions = append(r.decisions, plan.Decision{Verb: v, Reason: why, Ticket: t, Tickets: []queue.Ticket{t}, Agents: agents})
	for _, a := range agents {
		r.free = slices.DeleteFunc(r.free, func(f agent.Agent) bool { return f.ID == a.ID })
	}
}

func (r *reference) effect(v plan.Verb, why string, t queue.Ticket) {
	if r.now.Sub(r.told[t.ID]) >= r.cfg.Again {
		r.touched[t.ID] = true
		r.decisions = append(r.decisions, plan.Decision{Verb: v, Reason: why, Ticket: t})
	}
}

func (r *reference) parted(t queue.Ticket) []agent.Agent {
	if a, ok := plan.Part(r.agents[t.Agent], t.ID, r.now); ok {
		return []agent.Agent{a}
	}
	return nil
}

func (r *reference) recover(t queue.Ticket) {
	since, silent := r.silent[t.Call]
	switch {
	case !silent || !t.State.OnLine():
	case r.now.Sub(since) >= r.cfg.Grace:
		lost, err := t.Lost(r.now, r.cfg.Judge(t, nil))
		r.changed(plan.Recover, "call-lost", lost, err, r.parted(t)...)
	case t.State == queue.Dialling && r.cfg.Window.Contains(r.now):
		r.effect(plan.Dial, plan.WhyRepeat, t)
	}
}

func (r *reference) double(t queue.Ticket) {
	if t.State != queue.Waiting {
		return
	}
	for _, o := range r.tickets {
		if o.State == queue.Waiting && o.Call == t.Call && queue.Before(o, t) {
			gone, err := t.Withdraw(r.now, queue.ReasonDoubled)
			r.changed(plan.Mend, "doubled", gone, err, r.parted(t)...)
			return
		}
	}
}

func (r *reference) misfit(t queue.Ticket) {
	if _, silent := r.silent[t.Call]; silent || t.State != queue.Waiting || t.Agent == "" {
		return
	}
	if a := r.agents[t.Agent]; a.Ticket != t.ID || !a.State.Serving() {
		passed, err := t.PassOver(r.now, r.now, queue.ReasonAgentGone)
		r.changed(plan.Mend, "agent-gone", passed, err)
	}
}

func (r *reference) turn(t queue.Ticket) {
	a := r.agents[t.Agent]
	if t.State != queue.Waiting || t.Agent == "" || a.Ticket != t.ID {
		return
	}
	_, silent := r.silent[t.Call]
	switch age := r.now.Sub(a.Since); {
	case a.State == agent.Reserved && age >= r.cfg.TurnLimit:
		passed, err := t.PassOver(r.now, r.now.Add(r.cfg.TurnRest), queue.ReasonNotTaken)
		r.changed(plan.Mend, "turn-not-taken", passed, err, r.parted(t)...)
	case a.State == agent.Reserved && !silent:
		r.effect(plan.Turn, plan.WhyRepeat, t)
	case a.State == agent.Ringing && age >= r.cfg.RingLimit:
		missed, _ := a.Miss(r.now, t.ID, 0)
		first, err := t.Missed(r.now)
		r.changed(plan.Mend, plan.WhyRingsTooLong, first, err, missed)
	}
}

func (r *reference) strays() {
	var ids []string
	for id, a := range r.agents {
		t := r.tickets[a.Ticket]
		fits := t.Agent == id && t.State.OnLine() && (a.State == agent.Talking) == (t.State == queue.Connected)
		if a.State.Serving() && !fits && !r.touched[a.Ticket] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		a, _ := plan.Part(r.agents[id], r.agents[id].Ticket, r.now)
		r.decisions = append(r.decisions, plan.Decision{Verb: plan.Mend, Reason: plan.WhyNoTicket, Agents: []agent.Agent{a}})
	}
}

// promise looks after what was said: from five minutes before its end, every
// half minute.
func (r *reference) promise(t queue.Ticket) {
	if (t.State != queue.Pending && t.State != queue.Due) || !t.NeedsAgent || t.To.IsZero() {
		return
	}
	untold := t.Replans > 0 && !t.Noticed()
	look := r.looks[t.ID]
	if look.version != t.Version {
		if look = (looked{t.Version, t.To.Add(-5 * time.Minute)}); untold {
			look.next = time.Time{}
		}
	}
	r.looks[t.ID] = look
	if r.now.Before(look.next) {
		return
	}
	r.looks[t.ID] = looked{t.Version, r.now.Add(30 * time.Second)}
	if wait, ok := r.wait(t); ok {
		turn, _ := r.cfg.Window.After(r.now, wait)
		if turn.Before(t.NotBefore) {
			turn = t.NotBefore
		}
		if t.Slipping(r.now, turn) {
			from, to := queue.Promised(r.now, wait, true, r.cfg.Window)
			moved, err := t.Replan(r.now, from, to)
			r.changed(plan.Replan, plan.WhyLate, moved, err)
			if err == nil {
				return
			}
		}
	}
	if untold && !r.now.Before(t.NotBefore) && r.mayDial(t, false) && t.Phone.Dialable() == nil && !(r.chosen(t) >= 0 && r.first(t)) {
		called, err := t.ClaimNotice(r.now, r.cfg.Node)
		r.changed(plan.Notice, plan.WhyLate, called, err)
		r.count(called)
	}
}

// first tells whether a ticket is the first of those who are to be called and
// need what it needs.
func (r *reference) first(t queue.Ticket) bool {
	for _, o := range r.tickets {
		if o.NeedsAgent && o.Queue == t.Queue && slices.Equal(r.needs(o), r.needs(t)) && queue.Before(o, t) && !r.touched[o.ID] &&
			(o.State == queue.Pending || o.State == queue.Due) && !r.now.Before(o.NotBefore) && !r.engaged[o.Phone] {
			return false
		}
	}
	return true
}

func (r *reference) wait(t queue.Ticket) (time.Duration, bool) {
	language, horizon, ahead := r.needs(t)[1], r.now.Add(plan.Horizon), map[string][]queue.Ticket{}
	for _, o := range r.tickets {
		ahead[r.needs(o)[1]] = append(ahead[r.needs(o)[1]], o)
	}
	n := 0.0
	for spoken, tickets := range ahead {
		there := float64(aheadOf(tickets, t, horizon))
		if all := r.staff(t.Queue, spoken).Active; language != "" && all > 0 {
			there *= r.staff(t.Queue, spoken, language).Active / all
		} else if language != "" {
			there = 0
		}
		n += there
	}
	return queue.Estimate(int(math.Ceil(n-1e-9)), r.staff(t.Queue, language))
}

// aheadOf counts the tickets that have their turn before t and need an agent:
// callers on the line and promised callbacks alike, unless their next call is
// not due until after horizon. tickets may be in any order and may hold t.
func aheadOf(tickets []queue.Ticket, t queue.Ticket, horizon time.Time) int {
	n := 0
	for _, o := range tickets {
		if o.ID != t.ID && o.Queue == t.Queue && o.NeedsAgent && o.State.Open() && o.State != queue.Connected &&
			!o.NotBefore.After(horizon) && queue.Before(o, t) {
			n++
		}
	}
	return n
}

func (r *reference) staff(name string, skills ...string) queue.Staff {
	s := queue.Staff{Setup: r.cfg.Setup}
	sum, share := time.Duration(0), 0.0
	needs := append([]string{name}, skills...)
	for _, a := range r.agents {
		if a.OnDuty() && a.Serves(needs...) {
			w := a.Share(r.cfg.Queues)
			s.Active, share = s.Active+w, share+w
			sum += time.Duration(w * float64(cmp.Or(a.Handle, r.cfg.Handle)))
		}
	}
	for _, a := range r.free {
		if a.Serves(needs...) {
			s.Free++
		}
	}
	if share > 0 {
		s.Handle = time.Duration(float64(sum) / share)
	}
	return s
}

func (r *reference) needs(t queue.Ticket) []string {
	if t.Language == r.cfg.Language {
		t.Language = ""
	}
	return []string{t.Queue, t.Language}
}

func (r *reference) chosen(t queue.Ticket) int { return agent.Next(r.free, r.now, r.needs(t)...) }

func (r *reference) mayDial(t queue.Ticket, agent bool) bool {
	return r.cfg.Window.Contains(r.now) && r.lines < r.cfg.Lines && (agent || r.auto < r.cfg.AutoLines) && !r.engaged[t.Phone]
}

func (r *reference) serve(t queue.Ticket) {
	if _, silent := r.silent[t.Call]; silent || t.State.OnLine() && (t.State != queue.Waiting || t.Agent != "") || r.now.Before(t.NotBefore) {
		return
	}
	var agents []agent.Agent
	by, why := "", plan.WhyAutomatic
	if t.NeedsAgent {
		i := r.chosen(t)
		if i < 0 {
			return
		}
		a, _ := r.free[i].Reserve(r.now, t.ID)
		agents, by, why = []agent.Agent{a}, a.ID, plan.WhyFirst
	}
	if t.State == queue.Waiting {
		reserved, err := t.Reserve(r.now, by)
		r.changed(plan.Turn, why, reserved, err, agents...)
		return
	}
	if !r.mayDial(t, t.NeedsAgent) {
		return
	}
	due, _ := t.Ripen(r.now)
	if t.Phone.Dialable() != nil {
		gone, err := due.GiveUp(r.now, queue.ReasonNoNumber)
		r.changed(plan.GiveUp, "not-dialable", gone, err)
		return
	}
	claimed, err := due.Claim(r.now, r.cfg.Node, by)
	r.changed(plan.Dial, why, claimed, err, agents...)
	r.count(claimed)
}

func (r *reference) close(t queue.Ticket) {
	if _, silent := r.silent[t.Call]; !silent && t.State == queue.Waiting && t.Agent == "" && !r.cfg.Office.OpenAt(r.now) {
		r.effect(plan.Close, plan.WhyClosed, t)
	}
}

func (r *reference) ripen(t queue.Ticket) {
	if t.State != queue.Pending || !r.cfg.Window.Contains(r.now) {
		return
	}
	due, err := t.Ripen(r.now)
	r.changed(plan.Ripen, "time-has-come", due, err)
}
