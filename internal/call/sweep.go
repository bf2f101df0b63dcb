package call

import (
	"context"
	"maps"
	"slices"
	"time"
)

// What can be found not to fit, as Observer.Swept hears it.
const (
	sweptEnd       = "end"           // a call whose citizen's line is no more: its end was not heard
	sweptAnswer    = "answer"        // a call of ours that was answered: that was not heard
	sweptUntaken   = "untaken"       // a citizen's call that was to be answered and is not
	sweptLegEnd    = "leg-end"       // a party whose line is no more
	sweptLegAnswer = "leg-answer"    // a party that has answered
	sweptLegKept   = "leg-kept"      // a party that was hung up and is still there
	sweptApart     = "apart"         // citizen and agent who are to speak and are not connected
	sweptStray     = "stray"         // a channel of no call
	sweptStrayLeg  = "stray-leg"     // a channel of a call that knows nothing of it
	sweptUnrun     = "unrun"         // a call in the store that nobody runs
	sweptEnded     = "ended"         // a call here that has an end in the store
	sweptUnsaved   = "unsaved"       // a call here that the store was told nothing of while it was away
	sweepApart     = 5 * time.Second // between two looks at least
)

// look is what one Sweep saw of one call.
type look struct {
	n  int64
	at time.Time
	adoption
}

// doubt is something that did not fit at look n, and since when.
type doubt struct {
	n     int64
	since time.Time
}

// finding is something that does not fit, and how it is mended.
type finding struct {
	kind, name string
	mend       func()
}

// Sweep compares what the exchange has, what the store has and what is alive here,
// and mends what does not fit in two looks in a row, five seconds apart at least:
// what is merely in progress fits by then. channels are all that the exchange has of ours
// (Line.Channels). It is to be called every ten seconds while the exchange is
// connected. Each thing mended is counted by Observer.Swept under its kind:
//
//	end, answer          the citizen's line is gone, or up, and the event of it was lost
//	untaken              a citizen's call that is not answered, although that was asked for: answered
//	leg-end, leg-answer  an agent's line is gone, or up, and the event of it was lost
//	leg-kept             an agent's line that was hung up and is still there
//	apart                citizen and agent who are to speak and are not connected
//	stray, stray-leg     a channel that belongs to nobody: received, or ended
//	unrun                a call in the store that no process runs: taken up
//	ended                a call here that has an end in the store: let go
//	unsaved              a call here whose last save failed: saved
func (r *Runner) Sweep(ctx context.Context, channels []Channel) error {
	found, _, err := r.survey(ctx, channels)
	if err != nil {
		return err
	}
	n, now := r.looks.Add(1), r.now()
	for _, call := range slices.Sorted(maps.Keys(found)) {
		r.worker(call).inbox.put(message{call: call, look: &look{n, now, *found[call]}})
	}
	return nil
}

// look mends what did not fit at the look before either.
func (w *worker) look(l *live, k look) {
	maps.DeleteFunc(w.doubts, func(_ string, d doubt) bool { return d.n < k.n-1 })
	for _, f := range w.findings(l, k.adoption) {
		key := k.call + " " + f.kind + " " + f.name
		d, known := w.doubts[key]
		switch {
		case !known || d.n == k.n:
			w.doubts[key] = doubt{k.n, k.at}
		case k.at.Sub(d.since) < sweepApart:
			w.doubts[key] = doubt{k.n, d.since}
		default:
			delete(w.doubts, key)
			w.r.cfg.Logger.Warn("mended what did not fit", "call", k.call, "kind", f.kind, "channel", f.name)
			w.r.cfg.Observer.Swept(f.kind)
			f.mend()
		}
	}
}

// findings are what does not fit about a call, at this moment.
func (w *worker) findings(l *live, a adoption) []finding {
	if l == nil {
		return w.nobodys(a)
	}
	var list []finding
	add := func(kind, name string, mend func()) { list = append(list, finding{kind, name, mend}) }
	now, id := w.r.now(), l.rec.ID
	switch {
	case a.there == nil && !l.gone && (l.up || l.ring.settled(now)):
		add(sweptEnd, id, func() { w.left(l, Event{Kind: Left, At: now, Channel: id, Lost: true}) })
	case a.there != nil && a.there.Up && !l.up:
		add(sweptAnswer, id, func() { w.answered(l, Event{Kind: Answered, At: now, Channel: id}) })
	case a.there != nil && !a.there.Up && !l.gone && !l.rec.Outbound:
		add(sweptUntaken, id, func() { w.perform(l, Command{Op: DoAnswer, Channel: id}) })
	}
	for _, serial := range l.serials() {
		p := l.parties[serial]
		ch, there := a.legs[p.name]
		switch {
		case !there && p.ring.settled(now):
			add(sweptLegEnd, p.name, func() { w.left(l, Event{Kind: Left, At: now, Channel: p.name}) })
		case there && p.let:
			add(sweptLegKept, p.name, func() { w.letGo(l, serial) })
		case there && ch.Up && !p.told:
			add(sweptLegAnswer, p.name, func() { w.answered(l, Event{Kind: Answered, At: now, Channel: p.name}) })
		}
	}
	if l.apart(a) {
		add(sweptApart, id, func() { w.arrange(l) })
	}
	for _, name := range slices.Sorted(maps.Keys(a.legs)) {
		if l.party(name) == nil {
			add(sweptStrayLeg, name, func() { w.perform(l, Command{Op: DoHangup, Channel: name}) })
		}
	}
	switch {
	case l.unsaved:
		add(sweptUnsaved, id, func() { w.save(l) })
	case l.kept && a.record == nil:
		add(sweptEnded, id, func() { w.endedElsewhere(l) })
	}
	return list
}

// apart tells whether somebody who is to be connected is in no bridge: another
// process, which stood still and did not know that it was replaced, may have taken
// them out of it.
func (l *live) apart(a adoption) bool {
	if l.talk == nil || l.gone || !l.rearrange.IsZero() || a.there == nil {
		return false
	}
	members, _ := l.seats()
	for _, name := range members {
		if ch, there := a.legs[name]; there && ch.Bridge == "" {
			return true
		}
	}
	return len(members) > 0 && !l.talk.Apart && a.there.Bridge == ""
}

// settled tells whether a telephone was made to ring so long ago that its channel
// must be there.
func (r ring) settled(now time.Time) bool {
	return !r.since.IsZero() && !r.dial.busy() && now.Sub(r.since) >= sweepApart
}

// nobodys are what does not fit about a call that is not alive here.
func (w *worker) nobodys(a adoption) []finding {
	switch {
	case a.record != nil && !a.record.Unreadable:
		return []finding{{sweptUnrun, a.call, func() { w.takeUp(a) }}}
	case a.there != nil:
		return []finding{{sweptStray, a.call, func() { w.adopt(nil, a) }}}
	}
	var list []finding
	for _, name := range slices.Sorted(maps.Keys(a.legs)) {
		list = append(list, finding{sweptStrayLeg, name, func() {
			w.perform(&live{}, Command{Op: DoHangup, Channel: name})
		}})
	}
	return list
}

// endedElsewhere lets go of a call that has an end in the store, if it has.
func (w *worker) endedElsewhere(l *live) {
	ctx, cancel := context.WithTimeout(w.r.ctx, savePatience)
	defer cancel()
	kept, err := w.r.cfg.Store.Load(ctx, l.rec.Tenant, l.rec.ID)
	if err != nil || kept.Ended.IsZero() {
		return
	}
	w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
	w.close(l, "ended")
}
