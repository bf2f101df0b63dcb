package call

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"richiamo/internal/dialogue"
)

// Messages of death. What a call is given may be what kills the process: then the
// next one takes the call up, is given the same, and dies too, with all the others'
// calls. So each call that a process has died with is a suspect for the rest of its
// life: what it is given is noted on disk before, and the note is taken away after.
// A process that finds a note left in exactly one call knows what its predecessor
// died of, and sets that call aside: its caller goes to a person. If several
// have one, because several were being worked on at that moment, nobody is blamed: suspects
// are then given something one at a time, so that there is no doubt the next time.
//
// What is asked of the outside for a suspect goes on beside the call. Its note stays
// until it has come to its end, so that a death there has its name too. Where nobody
// is a suspect, nothing of this is written.
//
// A panic does not get that far: it is contained in the work of one call, and in what
// is asked of the outside for it.

// handAdoption is what a call is noted to be given when it is taken up.
const handAdoption = "adoption"

// takeInHand notes what a suspect is about to be given. The function that it
// returns takes the note away; ok is false when this process may not go on.
func (w *worker) takeInHand(l *live, what string) (release func(), ok bool) {
	return w.inHand(l, what, func() bool { return w.save(l) })
}

// inHand is takeInHand with another way to write the note.
func (w *worker) inHand(l *live, what string, write func() bool) (release func(), ok bool) {
	if l.inHand != nil || !l.rec.Suspect {
		return func() {}, true // within something that is noted
	}
	t := &turn{free: func() {}}
	t.users.Store(1)
	if w.r.strict.Load() {
		select {
		case w.r.trial <- struct{}{}:
			t.free = func() { <-w.r.trial }
		case <-w.r.ctx.Done():
			return nil, false
		}
	}
	l.inHand, l.rec.Hand = t, what
	if !write() {
		l.inHand = nil
		t.leave()
		return nil, false
	}
	return func() {
		defer t.leave()
		l.inHand, l.rec.Hand = nil, l.asked()
		if w.calls[l.rec.ID] == l {
			w.save(l)
		}
	}, true
}

// turn is a suspect's: while it is strict no other one has it. It is over when what
// the suspect was given has been worked on, and what was asked for it then.
type turn struct {
	users atomic.Int32
	free  func()
}

func (t *turn) leave() {
	if t.users.Add(-1) == 0 {
		t.free()
	}
}

// asked is the note of what is being asked of the outside; empty if nothing is.
func (l *live) asked() string {
	if len(l.asking) == 0 {
		return ""
	}
	return "request " + l.asking[0]
}

// asks notes that something is about to be asked of the outside for a suspect. The
// function that it returns is to be called when that has come to its end, also with a
// failure. Until the step that asks is over its own note stands on disk.
func (w *worker) asks(l *live, name string) (over func()) {
	t := l.inHand
	if t == nil {
		return func() {}
	}
	call := l.rec.ID
	l.asking = append(l.asking, name)
	if w.r.driven() { // by one goroutine, which can't wait for itself
		t = &turn{free: func() {}}
	}
	t.users.Add(1)
	return func() {
		t.leave()
		w.inbox.put(message{call: call, asked: name})
	}
}

// heard takes the note of a request away that has come to its end.
func (w *worker) heard(l *live, name string) {
	if i := slices.Index(l.asking, name); i >= 0 {
		l.asking = slices.Delete(l.asking, i, i+1)
	}
	if len(l.asking) == 0 && l.rec.Hand != "" {
		l.rec.Hand = ""
		w.save(l)
	}
}

// judge looks for what the process before died of: the one call that it had in
// hand. It returns that call's name, empty if it is not known. Notes of older
// terms are of those whom that process had not come to: they count no more.
func (r *Runner) judge(records []Record) (guilty string) {
	inHand, died := 0, int64(0)
	for _, rec := range records {
		switch {
		case rec.Hand == "" || rec.Term == r.term.Load() || rec.Term < died:
		case rec.Term > died:
			inHand, died, guilty = 1, rec.Term, rec.ID
		default:
			inHand++
		}
	}
	if inHand > 1 {
		r.strict.Store(true)
		guilty = ""
	}
	return guilty
}

// errDeadly is why a call is set aside.
var errDeadly = errors.New("call: two processes died when it was given this")

// setAside gives a call that has killed two processes to a person, without
// looking at what it is.
func (w *worker) setAside(l *live, a adoption) {
	w.r.cfg.Logger.Error("call set aside", "call", l.rec.ID, "script", l.rec.Journal.Script, "input", l.rec.Hand)
	w.r.cfg.Observer.CallAdopted("aside")
	l.rec.Hand, l.rec.Suspect = "", true
	w.sweepLegs(l, a)
	if a.there == nil || l.rec.Outbound && !l.up { // there is nobody yet to be rescued
		w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
		w.finish(l, "lost")
		return
	}
	release, ok := w.takeInHand(l, "rescue")
	if ok {
		defer release()
		w.rescue(l, errDeadly)
	}
}

// errPanicked is what whoever asked hears of work that panicked.
var errPanicked = errors.New("call: the work on the call panicked")

// contain does a piece of work for one call. A panic in it is that call's alone:
// it goes to a person, the others go on. Whoever drives a Runner gets the
// panic: a simulation makes them itself.
func (w *worker) contain(call string, work func()) {
	if w.r.driven() {
		work()
		return
	}
	defer func() {
		if broken := recover(); broken != nil {
			w.broke(call, broken)
		}
	}()
	work()
}

// broke deals with a call whose work panicked: the first time it is rescued, the
// second time given up. What the panic says may hold what the citizen
// keyed, so that only its kind and place are told.
func (w *worker) broke(call string, panicked any) {
	w.r.cfg.Logger.Error("the work on a call panicked", "call", call, "type", fmt.Sprintf("%T", panicked), "stack", where())
	l := w.calls[call]
	if l == nil {
		return // the sweeper finds its channel
	}
	second := l.panicked
	l.panicked = true
	w.contain(call, func() {
		if second {
			w.drop(l)
			w.giveUp(l)
			return
		}
		w.rescue(l, errPanicked)
	})
}

// where tells the functions that a panic came through.
func where() string {
	var pcs [12]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	path := ""
	for {
		f, more := frames.Next()
		path += fmt.Sprintf("%s:%d ", f.Function, f.Line)
		if !more {
			return path
		}
	}
}

// openFound is open for a channel that was there when we came: it may be what the
// process before died of, so the record is made before the conversation begins.
func (w *worker) openFound(l *live, welcome Reception) (err error) {
	l.rec.Started, l.rec.Term = w.r.now(), w.r.term.Load()
	l.rec.Journal = dialogue.New(w.r.scripts[welcome.Script])
	l.rec.Suspect = true
	release, ok := w.inHand(l, string(dialogue.Began)+" 0", func() bool {
		err = w.create(l)
		return err == nil
	})
	if !ok {
		return err
	}
	defer release()
	return w.open(l, welcome.Script, welcome.Begin)
}
