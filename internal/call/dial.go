package call

import (
	"context"
	"errors"

	"richiamo/internal/dialogue"
)

// Dialling is done in three steps, because a telephone that rings can't be
// undone: create the channel under the name of ticket and attempt, without
// ringing; ask the store whether this process may still dial, which notes that it
// does; ring. Whoever takes the call up finds the note, and dials only without
// it. The channel is the fence: a process that was frozen between the steps finds the store
// refusing, or the one channel that there is already ringing, and never makes a
// second telephone call. Nor does one that takes a call up whose channel was there and
// ends in that moment: it makes none anew.
//
// What comes of a dial comes as events of its channel; of one that never had a
// channel, or whose channel is there already, the event is made here. A dial that
// is called off meanwhile stops at its next step and hangs up what it made: nothing
// rings that nobody waits for.

// dialCitizen dials the citizen of a call of ours, beside the call.
func (w *worker) dialCitizen(l *live, a dialogue.Action) {
	r, rec := w.r, l.rec
	l.ring = ring{dial: &dialling{found: l.ring.found}, since: r.now(), lasts: a.For}
	d := l.ring.dial
	if !l.kept {
		d.over.Store(true)
		r.Event(Event{Kind: Left, At: r.now(), Channel: rec.ID})
		return
	}
	create := Command{Op: DoCreate, Channel: rec.ID, Number: rec.Number, Shown: rec.Shown, For: a.For}
	fence := func(ctx context.Context) error { return r.cfg.Nodes.MayDial(ctx, dialNote(rec)) }
	r.beside(0, func(ctx context.Context) { r.dial(ctx, d, create, fence) })
}

func dialNote(rec Record) DialNote {
	return DialNote{Node: rec.Node, Term: rec.Term, Tenant: rec.Tenant, Ticket: rec.Ticket, Token: rec.Token, Call: rec.ID}
}

// dialAgent rings an agent for the call. One who rings already rings on.
func (w *worker) dialAgent(l *live, a dialogue.Action) {
	p := l.parties[a.Serial]
	if p == nil {
		p = &party{serial: a.Serial, name: l.leg(a.Serial)}
		if l.parties == nil {
			l.parties = map[int]*party{}
		}
		l.parties[a.Serial] = p
	}
	p.agent, p.ring = a.Agent, ring{dial: &dialling{}, since: w.r.now(), lasts: a.For}
	d, create, r := p.ring.dial, Command{Op: DoCreate, Channel: p.name, Agent: w.r.cfg.Host.Telephone(l.rec.Tenant, a.Agent), For: a.For}, w.r
	r.beside(0, func(ctx context.Context) { r.dial(ctx, d, create, r.stillOurs) })
}

// errCalledOff is why a dial did not ring that nobody waits for any more.
var errCalledOff = errors.New("call: nobody waits for it any more")

// dial creates, asks, rings.
func (r *Runner) dial(ctx context.Context, d *dialling, create Command, fence func(context.Context) error) {
	defer d.over.Store(true)
	ctx, cancel := context.WithTimeout(ctx, 3*commandPatience)
	defer cancel()
	step, made, err := r.steps(ctx, d, create, fence)
	if err == nil {
		return
	}
	if made {
		_ = r.cfg.Line.Perform(ctx, Command{Op: DoHangup, Channel: create.Channel})
	}
	if !errors.Is(err, errCalledOff) {
		r.cfg.Logger.Warn("could not dial", "call", owner(create.Channel), "step", step, "error", err)
	}
	r.Event(Event{Kind: Left, At: r.now(), Channel: create.Channel})
}

// steps takes the steps of a dial. made tells whether a channel may have come of
// it; without an error it rings, or has been answered.
func (r *Runner) steps(ctx context.Context, d *dialling, create Command, fence func(context.Context) error) (step string, made bool, err error) {
	if d.off.Load() {
		return "create", false, errCalledOff
	}
	if err = ErrTaken; !d.found {
		err = r.cfg.Line.Perform(ctx, create)
	}
	if err != nil { // it is there already, or it is not known whether it is
		ch, look := r.cfg.Line.Channel(ctx, create.Channel)
		switch {
		case look == nil && d.off.Load():
			return "create", true, errCalledOff
		case look == nil && ch.Up:
			r.Event(Event{Kind: Answered, At: r.now(), Channel: create.Channel})
			return "create", true, nil
		case look == nil && ch.Dialed:
			return "create", true, nil // it rings already
		case look == nil || errors.Is(err, ErrTaken):
			err = look
		}
	}
	switch {
	case d.off.Load():
		return "create", true, errCalledOff
	case err != nil:
		return "create", false, err
	}
	if err := fence(ctx); err != nil {
		return "fence", true, err // it never rang
	}
	if d.off.Load() {
		return "dial", true, errCalledOff
	}
	if err := r.cfg.Line.Perform(ctx, Command{Op: DoDial, Channel: create.Channel, For: create.For}); err != nil {
		if ch, look := r.cfg.Line.Channel(ctx, create.Channel); look != nil || !ch.Dialed {
			return "dial", true, err
		} // else done all the same
	}
	if d.off.Load() {
		return "dial", true, errCalledOff
	}
	return "dial", true, nil
}

// callOff ends a call of ours that another call with its citizen has overtaken,
// however far it is: made, ringing, or answered. The conversation is told of it as
// of any end, so that it reports once, as ever.
func (w *worker) callOff(l *live) {
	if !l.rec.Outbound {
		return
	}
	l.ring.dial.callOff()
	w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
}

// place begins a call of ours: the record is on disk before anything rings.
func (w *worker) place(l *live, o Outbound) error {
	if l != nil {
		return nil // it is on its way
	}
	l = &live{rec: Record{
		ID: o.ID, Tenant: o.Tenant, Node: w.r.cfg.Node, Language: o.Language,
		Outbound: true, Ticket: o.Ticket, Token: o.Token, Number: o.Number, Shown: o.Shown,
	}}
	err := w.open(l, o.Script, o.Begin)
	if errors.Is(err, ErrExists) { // another try of ours made it
		return w.placed(l.rec)
	}
	return err
}

// placed goes on with a call of ours whose record was made although that was
// reported as failed. If it has an end there is nothing to do.
func (w *worker) placed(rec Record) error {
	ctx, cancel := context.WithTimeout(w.r.ctx, savePatience)
	defer cancel()
	kept, err := w.r.cfg.Store.Load(ctx, rec.Tenant, rec.ID)
	if err != nil || !kept.Ended.IsZero() {
		return err
	}
	w.takeUp(adoption{call: kept.ID, record: &kept})
	return nil
}

// open steps a call for the first time and makes its record, if it has none yet.
func (w *worker) open(l *live, script string, begin []byte) error {
	now := w.r.now()
	s := w.r.scripts[script]
	if l.rec.Started.IsZero() {
		l.rec.Started, l.rec.Term = now, w.r.term.Load()
	}
	journal, turn, err := dialogue.Step(s, dialogue.New(s), dialogue.Input{Kind: dialogue.Began, At: now, Answer: begin})
	if err != nil {
		return err
	}
	l.rec.Journal = journal
	switch {
	case l.kept:
		if !w.save(l) {
			return ErrStale
		}
	default:
		if err := w.create(l); err != nil {
			return err
		}
	}
	w.r.cfg.Observer.CallStarted(script)
	w.keep(l)
	w.act(l, turn)
	w.catchUp(l)
	return nil
}
