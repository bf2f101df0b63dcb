package call

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/dialogue"
)

// savePatience is how long a save may take before the call goes on without it.
const savePatience = 2 * time.Second

// create makes the record of a new call. An inbound call whose record can't be
// made goes on from memory; a call of ours does not begin.
func (w *worker) create(l *live) error {
	err := w.write(l, w.r.cfg.Store.Create)
	if errors.Is(err, ErrStale) { // whoever owns the exchange now finds the channel there
		w.r.superseded()
		return err
	}
	if errors.Is(err, ErrExists) && !l.rec.Outbound { // made after all, when it was said that it was not
		if err = w.reconcile(l); err == nil {
			l.kept = true
			l.rec.Version++
			return nil
		}
	}
	switch {
	case err == nil:
		l.kept, l.rec.Version = true, 1
	case errors.Is(err, ErrUnavailable) && !l.rec.Outbound:
		l.unsaved = true
		return nil
	}
	return err
}

// save keeps the record. It returns false when this process has no right to
// go on with the call.
func (w *worker) save(l *live) bool {
	l.unsaved = false
	if !l.kept { // made while the store was away
		if err := w.create(l); err != nil {
			return !w.stale(l, err)
		}
		return true
	}
	err := w.write(l, w.r.cfg.Store.Save)
	if errors.Is(err, ErrStale) {
		err = w.reconcile(l)
	}
	if err == nil {
		l.rec.Version++
		return true
	}
	return !w.stale(l, err)
}

// reconcile looks why a save was refused. A save that was reported as failed
// may have been done: then the kept record is ours and one version ahead.
func (w *worker) reconcile(l *live) error {
	ctx, cancel := context.WithTimeout(w.r.ctx, savePatience)
	defer cancel()
	kept, err := w.r.cfg.Store.Load(ctx, l.rec.Tenant, l.rec.ID)
	if err != nil {
		return err
	}
	if kept.Term != l.rec.Term {
		return ErrStale
	}
	l.rec.Version = kept.Version
	return w.write(l, w.r.cfg.Store.Save)
}

// stale ends the work here if somebody else owns the exchange.
func (w *worker) stale(l *live, err error) bool {
	if !errors.Is(err, ErrStale) {
		l.unsaved = true
		if !l.over { // the end of one was told when it was tried for the first time
			w.r.cfg.Logger.Warn("call goes on unsaved", "call", l.rec.ID, "error", err)
		}
		return false
	}
	w.drop(l)
	w.r.superseded()
	return true
}

// write does one write to the store, and measures it.
func (w *worker) write(l *live, verb func(context.Context, Record) error) error {
	ctx, cancel := context.WithTimeout(w.r.ctx, savePatience)
	defer cancel()
	began := w.r.now()
	err := verb(ctx, l.rec)
	if err == nil {
		w.r.shown(began)
	}
	w.r.cfg.Stopwatch.Saved(w.r.now().Sub(began), err)
	return err
}

// rescue gives a call whose conversation can't go on to the conversation that
// leads to a person; whoever else was on it is let go. If that one can't go on
// either, the line would be silent for ever: then it is given up.
func (w *worker) rescue(l *live, why error) {
	w.r.cfg.Logger.Error("conversation can't go on", "call", l.rec.ID, "script", l.rec.Journal.Script, "error", why)
	w.disperse(l)
	begin := l.rec.Journal.Inputs
	if l.gone || l.rec.Journal.Script == w.r.cfg.Rescue || len(begin) == 0 {
		w.giveUp(l)
		return
	}
	s := w.r.scripts[w.r.cfg.Rescue]
	journal, turn, err := dialogue.Step(s, dialogue.New(s), dialogue.Input{Kind: dialogue.Began, At: w.r.now(), Answer: begin[0].Answer})
	if err != nil {
		w.giveUp(l)
		return
	}
	l.rec.Broken = append(l.rec.Broken, l.rec.Journal)
	l.rec.Journal = journal
	l.parties, l.later, l.parts = nil, nil, nil
	if w.save(l) {
		w.act(l, turn)
		w.catchUp(l)
	}
}

// apology is the extension at which the dialplan apologises, notes the number of
// a citizen who called, and ends the call.
const apology = "s"

// giveUp ends a call that no conversation can go on with. A citizen who called is
// left to the dialplan: the number is noted there, and comes back as a callback.
func (w *worker) giveUp(l *live) {
	if l.rec.Outbound {
		w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
	} else {
		w.hush(l)
		w.perform(l, Command{Op: DoContinue, Channel: l.rec.ID, Number: apology})
	}
	w.finish(l, "failed")
}
