package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"richiamo/internal/dialogue"
)

// maxResumes is how often in a row, without anything heard between, a call is
// taken up by its own conversation. A conversation that has killed two processes
// is not stepped a third time; a telephone that rings is let ring, since nothing
// was said to it that could have killed anybody.
const maxResumes = 2

// adoption is a call found when the exchange was connected: its record, if
// there is one that is not alive here, and its channels at the exchange.
type adoption struct {
	record *Record
	there  *Channel           // the citizen's channel; nil: gone
	legs   map[string]Channel // the call's other channels
}

// Connected compares what the exchange has with the calls that are known, and
// mends what does not fit: calls that have lost their line are told so, calls of a
// process that died are taken up, channels that belong to nobody are received or
// ended. It is to be called each time the exchange is connected, before its events
// are handed on.
func (r *Runner) Connected(ctx context.Context, channels []Channel) error {
	records, err := r.cfg.Store.Live(ctx, r.cfg.Node)
	if err != nil {
		return fmt.Errorf("list the calls of the exchange: %w", err)
	}
	found := map[string]*adoption{}
	of := func(call string) *adoption {
		if found[call] == nil {
			found[call] = &adoption{legs: map[string]Channel{}}
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
		if ch.ID == owner(ch.ID) {
			a.there = &ch
		} else {
			a.legs[ch.ID] = ch
		}
	}
	for call, a := range found {
		r.worker(call).inbox.put(message{call: call, adopt: a})
	}
	return nil
}

// adopt brings a call and what the exchange has of it together. l is nil when
// the call is not alive here.
func (w *worker) adopt(l *live, a adoption) {
	switch {
	case l != nil:
		w.recall(l, a)
	case a.record != nil:
		w.takeUp(a)
	case a.there != nil && len(a.there.Args) > 0:
		w.stranger(Event{Kind: Entered, At: time.Now(), Channel: a.there.ID, Args: a.there.Args, Caller: a.there.Caller})
	default:
		w.sweep(a)
	}
}

// recall tells a call that lived on here what it missed.
func (w *worker) recall(l *live, a adoption) {
	now := time.Now()
	if l.peer != "" {
		if _, ok := a.legs[l.peer]; !ok {
			w.left(l, Event{Kind: Left, At: now, Channel: l.peer})
		}
	}
	if a.there == nil && (l.up || !l.rec.Outbound) {
		w.left(l, Event{Kind: Left, At: now, Channel: l.rec.ID})
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
	turn, err := dialogue.Look(w.r.scripts[l.rec.Journal.Script], l.rec.Journal)
	if err != nil {
		if a.there == nil || l.rec.Outbound && !l.up { // there is nobody yet to be rescued
			w.sweep(a)
			w.finish(l, "lost")
			return
		}
		w.rescue(l, err)
		return
	}
	l.turn = turn
	for name, leg := range a.legs {
		if name == legName(l.rec.ID, turn.Wait.Serial) {
			l.peer, l.joined = name, leg.Bridge != ""
			continue
		}
		w.perform(l, Command{Op: DoHangup, Channel: name})
	}
	if a.there == nil {
		w.r.cfg.Observer.CallAdopted("gone")
	} else {
		w.r.cfg.Observer.CallAdopted("alive")
	}
	now := time.Now()
	switch {
	case turn.Ended && a.there != nil:
		w.do(l, dialogue.Action{Kind: dialogue.Finish})
	case turn.Ended:
		w.finish(l, "ended")
	case a.there == nil && knownGone(l.rec):
		l.gone = true
		w.feed(l, dialogue.Input{Kind: dialogue.Resumed, At: now}) // what was being reported is reported again
	case a.there == nil && placing(l):
		w.takeUpDial(l)
	case a.there == nil:
		l.gone = true
		w.feed(l, dialogue.Input{Kind: dialogue.Hangup, At: now})
	case turn.Wait.For == dialogue.ForTalk && l.peer == "":
		w.feed(l, dialogue.Input{Kind: dialogue.LegDown, At: now, Serial: turn.Wait.Serial})
	case turn.Wait.For != dialogue.ForTalk && !placing(l) && resumesInARow(l.rec.Journal) >= maxResumes:
		w.rescue(l, fmt.Errorf("taken up %d times in a row", maxResumes))
	default:
		w.feed(l, dialogue.Input{Kind: dialogue.Resumed, At: now})
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
	return l.rec.Outbound && l.turn.Wait.For == dialogue.ForLeg &&
		!slices.ContainsFunc(l.rec.Journal.Inputs, func(in dialogue.Input) bool { return in.Kind == dialogue.LegUp })
}

// knownGone tells whether the conversation has heard already that the citizen's
// line is no more: it hung up, or was dialled and never answered.
func knownGone(r Record) bool {
	answered := !r.Outbound
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

// takeUpDial goes on with a call of ours that has no channel. If it never rang
// it is dialled, under the same name. If it did, how it ended is not known: that
// is the end of this attempt, and not the citizen's fault.
func (w *worker) takeUpDial(l *live) {
	ctx, cancel := context.WithTimeout(w.r.ctx, commandPatience)
	defer cancel()
	in := dialogue.Input{Kind: dialogue.Resumed, At: time.Now()}
	if rang, err := w.r.cfg.Nodes.Dialled(ctx, l.rec.Tenant, l.rec.ID); rang || err != nil {
		l.gone = true
		in.Kind, in.Serial = dialogue.LegDown, l.turn.Wait.Serial
	}
	w.feed(l, in)
}

// resumesInARow counts the takings-up at the end of a journal.
func resumesInARow(j dialogue.Journal) int {
	n := 0
	for i := len(j.Inputs) - 1; i >= 0 && j.Inputs[i].Kind == dialogue.Resumed; i-- {
		n++
	}
	return n
}

// stranger looks at a channel that belongs to no call here.
func (w *worker) stranger(e Event) {
	if e.Kind != Entered || owner(e.Channel) != e.Channel {
		return
	}
	ch := Channel{ID: e.Channel, Caller: e.Caller, Args: e.Args}
	l := &live{rec: Record{ID: e.Channel, Node: w.r.cfg.Node}, up: true}
	welcome, err := w.r.cfg.Host.Receive(ch)
	if err != nil {
		w.r.cfg.Logger.Warn("channel not received", "call", e.Channel, "error", err)
		w.perform(l, Command{Op: DoHangup, Channel: e.Channel})
		return
	}
	l.rec.Tenant, l.rec.Language = welcome.Tenant, welcome.Language
	if welcome.Script == "" { // the host deals with it itself
		return
	}
	w.perform(l, Command{Op: DoAnswer, Channel: e.Channel})
	if err := w.open(l, welcome.Script, welcome.Begin); err != nil && !errors.Is(err, ErrStale) {
		w.r.cfg.Logger.Error("call not begun", "call", e.Channel, "error", err)
		w.perform(l, Command{Op: DoHangup, Channel: e.Channel})
	}
}

// sweep ends channels that belong to nobody.
func (w *worker) sweep(a adoption) {
	l := &live{}
	if a.there != nil {
		w.perform(l, Command{Op: DoHangup, Channel: a.there.ID})
	}
	for name := range a.legs {
		w.perform(l, Command{Op: DoHangup, Channel: name})
	}
}
