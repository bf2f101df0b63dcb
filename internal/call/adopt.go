package call

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"richiamo/internal/dialogue"
)

// adoption is a call found when the exchange was connected: its record, if
// there is one, and its channels at the exchange.
type adoption struct {
	call   string
	record *Record
	deadly bool               // the process before died of it
	there  *Channel           // the citizen's channel; nil: gone
	legs   map[string]Channel // the call's other channels
}

// survey brings together what the store, the exchange and this process have of
// each call.
func (r *Runner) survey(ctx context.Context, channels []Channel) (found map[string]*adoption, records []Record, err error) {
	records, err = r.cfg.Store.Live(ctx, r.cfg.Node)
	if err != nil {
		return nil, nil, fmt.Errorf("list the calls of the exchange: %w", err)
	}
	found = map[string]*adoption{}
	of := func(call string) *adoption {
		if found[call] == nil {
			found[call] = &adoption{call: call, legs: map[string]Channel{}}
		}
		return found[call]
	}
	for _, rec := range records {
		of(rec.ID).record = &rec
	}
	r.live.Range(func(call, _ any) bool {
		of(call.(string))
		return true
	})
	for _, ch := range channels {
		a := of(owner(ch.ID))
		if ch.ID == a.call {
			a.there = &ch
		} else {
			a.legs[ch.ID] = ch
		}
	}
	return found, records, nil
}

// Connected compares what the exchange has with the calls that are known, and
// mends what does not fit: calls that have lost their line are told so, calls of a
// process that died are taken up, channels that belong to nobody are received or
// ended. It is to be called each time the exchange is connected, before its events
// are handed on.
func (r *Runner) Connected(ctx context.Context, channels []Channel) error {
	found, records, err := r.survey(ctx, channels)
	if err != nil {
		return err
	}
	if guilty := found[r.judge(records)]; guilty != nil {
		guilty.deadly = true
	}
	for _, call := range slices.Sorted(maps.Keys(found)) {
		r.worker(call).inbox.put(message{call: call, adopt: found[call]})
	}
	return nil
}

// adopt brings a call and what the exchange has of it together. l is nil when
// the call is not alive here.
func (w *worker) adopt(l *live, a adoption) {
	switch {
	case l != nil:
		w.recall(l, a)
	case a.record != nil && a.record.Unreadable:
		w.unreadable(a)
	case a.record != nil:
		w.takeUp(a)
	case a.there != nil && len(a.there.Args) > 0:
		w.receive(*a.there, true)
	default:
		w.sweep(a)
	}
}

// recall tells a call that lived on here what it missed.
func (w *worker) recall(l *live, a adoption) {
	for _, f := range w.findings(l, a) {
		if w.calls[a.call] == l {
			f.mend()
		}
	}
}

// takeUp adopts a call of a process that died.
func (w *worker) takeUp(a adoption) {
	l := &live{rec: *a.record, kept: true, up: a.there != nil && a.there.Up}
	l.rec.Term = w.r.term.Load()
	w.keep(l)
	if a.there != nil {
		w.hushBefore(l, a.record.Term)
	}
	if a.deadly && !(l.rec.Hand == handAdoption && unanswered(l.rec)) {
		w.setAside(l, a)
		return
	}
	l.rec.Suspect = l.rec.Suspect || a.record.Term != l.rec.Term
	release, ok := w.takeInHand(l, handAdoption)
	if !ok {
		return
	}
	defer release()
	if len(l.rec.Journal.Inputs) == 0 { // the process died when it was to begin
		w.beginAgain(l, a)
		return
	}
	script := w.r.scripts[l.rec.Journal.Script]
	turn, err := dialogue.Look(script, l.rec.Journal)
	if err != nil {
		w.sweepLegs(l, a)
		if a.there == nil || l.rec.Outbound && !l.up { // there is nobody yet to be rescued
			w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
			w.finish(l, "lost")
			return
		}
		w.rescue(l, err)
		return
	}
	l.turn = turn
	w.assemble(l, a, script)
	how := "alive"
	if a.there == nil {
		how = "gone"
	}
	w.r.cfg.Observer.CallAdopted(how)
	w.goOn(l, a)
}

// goOn lets a conversation that was taken up hear what it missed, and then put its
// open question once more.
func (w *worker) goOn(l *live, a adoption) {
	now, wait := w.r.now(), l.turn.Wait
	switch {
	case l.turn.Ended && l.up: // whether the last words were heard is not known, and they may hold a promise
		w.act(l, l.turn)
		return
	case l.turn.Ended && a.there != nil:
		w.do(l, dialogue.Action{Kind: dialogue.Finish})
		return
	case l.turn.Ended:
		w.finish(l, "ended")
		return
	case a.there == nil && knownGone(l.rec):
		l.gone = true // what was being reported is reported again
	case placing(l):
		w.takeUpDial(l, a)
		return
	case a.there == nil:
		l.gone = true
		w.feed(l, dialogue.Input{Kind: dialogue.Hangup, At: now, Failed: true})
		return
	case wait.For == dialogue.ForTalk && l.parties[wait.Serial] == nil:
		w.feed(l, dialogue.Input{Kind: dialogue.LegDown, At: now, Serial: wait.Serial})
		return
	}
	for _, serial := range wait.Legs {
		if l.parties[serial] == nil && w.calls[l.rec.ID] == l {
			w.feed(l, dialogue.Input{Kind: dialogue.LegDown, At: now, Serial: serial})
		}
	}
	if w.calls[l.rec.ID] == l && !l.turn.Ended {
		w.feed(l, dialogue.Input{Kind: dialogue.Resumed, At: now})
	}
	for _, serial := range l.serials() {
		if p := l.parties[serial]; p != nil && p.up && !p.told && w.calls[l.rec.ID] == l {
			w.partyUp(l, Event{Kind: Answered, At: now, Channel: p.name})
		}
	}
}

// assemble finds the parties of a call that is taken up again: those whom the
// conversation has rung and not let go, and who are there. Others are hung up.
func (w *worker) assemble(l *live, a adoption, script dialogue.Script) {
	l.parties = map[int]*party{}
	steps, err := dialogue.Transcript(script, l.rec.Journal)
	if err != nil { // not reached: it has just been replayed
		w.sweepLegs(l, a)
		return
	}
	for _, step := range steps {
		switch p := l.parties[step.Input.Serial]; step.Input.Kind {
		case dialogue.LegUp:
			if p != nil {
				p.told = true
			}
		case dialogue.LegDown:
			delete(l.parties, step.Input.Serial)
		}
		for _, act := range step.Turn.Actions {
			switch act.Kind {
			case dialogue.Ring:
				if l.parties[act.Serial] == nil {
					l.parties[act.Serial] = &party{serial: act.Serial, name: l.leg(act.Serial), agent: act.Agent}
				}
				l.parties[act.Serial].ring = ring{since: step.Input.At, lasts: act.For}
			case dialogue.Drop:
				delete(l.parties, act.Serial)
			case dialogue.Join:
				l.talk = &dialogue.Action{Kind: dialogue.Connect, Legs: []int{act.Serial}}
			case dialogue.Connect:
				l.talk = &act
			}
		}
	}
	l.bridged = l.talk != nil
	maps.DeleteFunc(l.parties, func(_ int, p *party) bool {
		ch, there := a.legs[p.name]
		p.up = ch.Up
		return !there
	})
	w.sweepLegs(l, a)
}

// sweepLegs hangs up the channels of a call that belong to none of its parties.
func (w *worker) sweepLegs(l *live, a adoption) {
	for _, name := range slices.Sorted(maps.Keys(a.legs)) {
		if l.party(name) == nil {
			w.perform(l, Command{Op: DoHangup, Channel: name})
		}
	}
}

// hushBefore ends what dead processes left playing, which would be heard first:
// of the term that the record was last written under, and of those since, which
// may have gone on from memory.
func (w *worker) hushBefore(l *live, since int64) {
	for term := since; term == since || term < l.rec.Term; term++ {
		for n := range playbackNames {
			w.perform(l, Command{Op: DoStop, Channel: l.rec.ID, Playback: playbackName(l.rec.ID, term, n)})
		}
	}
}

// placing tells whether the citizen of a call of ours is being dialled.
func placing(l *live) bool {
	return l.turn.Wait.For == dialogue.ForLeg && unanswered(l.rec)
}

// unanswered tells whether a call of ours has not been answered, as far as its
// conversations know. All that it has been given is its beginning, which it was
// stepped through before its record was made: taking it up can't be what a process
// died of, and a telephone that rings is let ring.
func unanswered(r Record) bool { return r.Outbound && !answeredIn(r.Journal) && !answeredBefore(r) }

// answeredBefore tells whether a call was answered in a conversation that could not
// go on: the one that leads to a person, which began anew, knows nothing of it.
func answeredBefore(r Record) bool { return slices.ContainsFunc(r.Broken, answeredIn) }

// answeredIn tells whether a conversation of a call of ours has heard that somebody
// has answered: the first who can is the citizen.
func answeredIn(j dialogue.Journal) bool {
	return slices.ContainsFunc(j.Inputs, func(in dialogue.Input) bool { return in.Kind == dialogue.LegUp })
}

// knownGone tells whether the conversation has heard already that the citizen's
// line is no more: it hung up, or was dialled and never answered.
func knownGone(r Record) bool {
	answered := !r.Outbound || answeredBefore(r)
	for _, in := range r.Journal.Inputs {
		switch {
		case in.Kind == dialogue.LegUp:
			answered = true
		case in.Kind == dialogue.Hangup, in.Kind == dialogue.LegDown && !answered:
			return true
		}
	}
	return false
}

// takeUpDial goes on with a call of ours that nobody has answered yet. If it has
// no channel and never rang it is dialled, under the same name. If it did ring, how
// it ended is not known: that is the end of this attempt, and not the citizen's
// fault. One that rings is let ring, unless its ticket has gone another way
// meanwhile.
func (w *worker) takeUpDial(l *live, a adoption) {
	ctx, cancel := context.WithTimeout(w.r.ctx, commandPatience)
	defer cancel()
	for _, act := range l.turn.Actions {
		if act.Kind == dialogue.Place {
			l.ring = ring{since: l.rec.Started, lasts: act.For, found: a.there != nil}
		}
	}
	l.up = false // until it is told, however far it is
	in := dialogue.Input{Kind: dialogue.Resumed, At: w.r.now()}
	if a.there != nil {
		if err := w.r.cfg.Nodes.MayDial(ctx, dialNote(l.rec)); errors.Is(err, ErrStale) {
			w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
			w.left(l, Event{Kind: Left, At: in.At, Channel: l.rec.ID})
			return
		}
	} else if rang, err := w.r.cfg.Nodes.Dialled(ctx, l.rec.Tenant, l.rec.ID); rang || err != nil {
		l.gone = true
		in.Kind, in.Serial = dialogue.LegDown, l.turn.Wait.Serial
	}
	w.feed(l, in)
}

// stranger looks at an event of a channel that belongs to no call here.
func (w *worker) stranger(e Event) {
	if e.Kind == Entered && owner(e.Channel) == e.Channel {
		w.receive(Channel{ID: e.Channel, Caller: e.Caller, Args: e.Args}, false)
	}
}

// receive begins the conversation of a channel that has come to us. found: it was
// there when we came.
func (w *worker) receive(ch Channel, found bool) {
	l := &live{rec: Record{ID: ch.ID, Node: w.r.cfg.Node}, up: true}
	welcome, err := w.r.cfg.Host.Receive(ch)
	if err != nil {
		w.r.cfg.Logger.Warn("channel not received", "call", ch.ID, "error", err)
		w.perform(l, Command{Op: DoHangup, Channel: ch.ID})
		return
	}
	l.rec.Tenant, l.rec.Language = welcome.Tenant, welcome.Language
	if welcome.Script == "" { // the host deals with it itself
		return
	}
	w.perform(l, Command{Op: DoAnswer, Channel: ch.ID})
	if found {
		err = w.openFound(l, welcome)
	} else {
		err = w.open(l, welcome.Script, welcome.Begin)
	}
	if err == nil || errors.Is(err, ErrStale) && w.r.ctx.Err() != nil {
		return // whoever owns the exchange now finds the channel there
	}
	w.r.cfg.Logger.Error("call not begun", "call", ch.ID, "error", err)
	if l.kept {
		w.giveUp(l)
		return
	}
	w.perform(l, Command{Op: DoHangup, Channel: ch.ID})
}

// beginAgain begins a conversation that a process was about to begin when it died.
func (w *worker) beginAgain(l *live, a adoption) {
	if a.there == nil {
		w.finish(l, "lost")
		return
	}
	welcome, err := w.r.cfg.Host.Receive(*a.there)
	if err == nil {
		err = w.open(l, welcome.Script, welcome.Begin)
	}
	if err != nil {
		w.rescue(l, err)
	}
}

// unreadable ends what there is of a call whose record can't be read. The record
// is left to the operator; a citizen who called is left to the dialplan.
func (w *worker) unreadable(a adoption) {
	l := &live{rec: *a.record}
	w.r.cfg.Logger.Error("the record of a call can't be read", "call", a.call)
	w.sweepLegs(l, a)
	switch {
	case a.there == nil:
	case len(a.there.Args) > 0 && a.there.Caller != "":
		w.perform(l, Command{Op: DoContinue, Channel: a.call, Number: apology})
	default:
		w.perform(l, Command{Op: DoHangup, Channel: a.call})
	}
}

// sweep ends channels that belong to nobody.
func (w *worker) sweep(a adoption) {
	l := &live{}
	if a.there != nil {
		w.perform(l, Command{Op: DoHangup, Channel: a.there.ID})
	}
	w.sweepLegs(l, a)
}
