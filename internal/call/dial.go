package call

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/dialogue"
)

// Dialling is done in three steps, because a telephone that rings can't be
// undone: create the channel under the name of ticket and attempt, without
// ringing; ask the store whether this process may still dial, which notes that it
// does; ring. Whoever takes the call up finds the note, and dials only without
// it. The channel is the fence: a process that was frozen between the steps finds the store
// refusing, or the one channel that there is already ringing, and never makes a
// second telephone call.

// dialCitizen dials the citizen of a call of ours, beside the call.
func (w *worker) dialCitizen(l *live, a dialogue.Action) {
	r, rec := w.r, l.rec
	if !l.kept {
		r.deliver(rec.ID, dialogue.Input{Kind: dialogue.LegDown, Serial: a.Serial})
		return
	}
	create := Command{Op: DoCreate, Channel: rec.ID, Number: rec.Number, Shown: rec.Shown, For: a.For}
	fence := func(ctx context.Context) error {
		return r.cfg.Nodes.MayDial(ctx, DialNote{Node: rec.Node, Term: rec.Term, Tenant: rec.Tenant, Ticket: rec.Ticket, Token: rec.Token, Call: rec.ID})
	}
	r.async(func(ctx context.Context) { r.dial(ctx, rec.ID, a.Serial, create, fence) })
}

// dialAgent rings an agent for the call.
func (w *worker) dialAgent(l *live, a dialogue.Action) {
	l.peer, l.joined = legName(l.rec.ID, a.Serial), false
	create := Command{Op: DoCreate, Channel: l.peer, Agent: a.Agent, For: a.For}
	id, r := l.rec.ID, w.r
	r.async(func(ctx context.Context) { r.dial(ctx, id, a.Serial, create, nil) })
}

// dial creates, asks, rings. What comes of it comes as events of the channel;
// only what never rang is told here.
func (r *Runner) dial(ctx context.Context, call string, serial int, create Command, fence func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, 3*commandPatience)
	defer cancel()
	failed := func(step string, err error) {
		r.cfg.Logger.Warn("could not dial", "call", call, "step", step, "error", err)
		r.deliver(call, dialogue.Input{Kind: dialogue.LegDown, Serial: serial})
	}
	err := r.cfg.Line.Perform(ctx, create)
	if errors.Is(err, ErrTaken) {
		ch, look := r.cfg.Line.Channel(ctx, create.Channel)
		switch {
		case look == nil && ch.Up:
			r.deliver(call, dialogue.Input{Kind: dialogue.LegUp, Serial: serial})
			return
		case look == nil && ch.Dialed:
			return // it rings already
		}
		err = look
	}
	if err != nil {
		failed("create", err)
		return
	}
	if fence != nil {
		if err := fence(ctx); err != nil {
			_ = r.cfg.Line.Perform(ctx, Command{Op: DoHangup, Channel: create.Channel}) // it never rang
			failed("fence", err)
			return
		}
	}
	if err := r.cfg.Line.Perform(ctx, Command{Op: DoDial, Channel: create.Channel, For: create.For}); err != nil {
		if ch, look := r.cfg.Line.Channel(ctx, create.Channel); look == nil && ch.Dialed {
			return // done all the same
		}
		_ = r.cfg.Line.Perform(ctx, Command{Op: DoHangup, Channel: create.Channel})
		failed("dial", err)
	}
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
	w.takeUp(adoption{record: &kept})
	return nil
}

// open steps a call for the first time and makes its record.
func (w *worker) open(l *live, script string, begin []byte) error {
	now := time.Now()
	s := w.r.scripts[script]
	l.rec.Started, l.rec.Term = now, w.r.term.Load()
	journal, turn, err := dialogue.Step(s, dialogue.New(s), dialogue.Input{Kind: dialogue.Began, At: now, Answer: begin})
	if err != nil {
		return err
	}
	l.rec.Journal = journal
	if err := w.create(l); err != nil {
		return err
	}
	w.r.cfg.Observer.CallStarted(script)
	w.keep(l)
	w.act(l, turn)
	return nil
}
