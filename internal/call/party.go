package call

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"richiamo/internal/dialogue"
)

// party is somebody besides the citizen on a call: an agent, or a helper of the
// agent's.
type party struct {
	serial int
	name   string // its channel
	agent  string
	up     bool // has answered
	told   bool // the conversation knows that it has
	music  bool
	let    bool // go: hung up by us, and not to be connected any more
	ring   ring
	code   code // what is being keyed on its telephone
}

// ring is a telephone that was made to ring.
type ring struct {
	dial  *dialling // nil: another process did it
	since time.Time
	lasts time.Duration
	found bool // its channel was there when the call was taken up
}

// cause is the cause of a telephone's end. Exchanges have been seen to give none
// when it rang to the end: that is nobody answering, and not a fault.
func (r ring) cause(e Event) int {
	if e.Cause == 0 && e.SIP == 0 && r.lasts > 0 && !e.At.Before(r.since.Add(r.lasts-ahead)) {
		return noAnswer
	}
	return e.Cause
}

// ahead is by how much the exchange's clock may be ahead of ours.
const ahead = 250 * time.Millisecond

// noAnswer is Q.850's "no answer from user".
const noAnswer = 19

// dialling is a dial that goes on beside the call.
type dialling struct {
	found bool        // the channel was there: none is made
	off   atomic.Bool // nobody wants it any more
	over  atomic.Bool // from here on everything is told by events of the channel
}

// callOff ends the dial at its next step, and hangs up what it made.
func (d *dialling) callOff() {
	if d != nil {
		d.off.Store(true)
	}
}

// busy tells whether the dial has not come to its end yet.
func (d *dialling) busy() bool { return d != nil && !d.over.Load() }

// serials are the numbers of the parties, in order.
func (l *live) serials() []int { return slices.Sorted(maps.Keys(l.parties)) }

// party finds a party by its channel; nil if there is none.
func (l *live) party(channel string) *party {
	p := l.parties[serialOf(channel)]
	if p == nil || p.name != channel {
		return nil
	}
	return p
}

// leg names the channel of a party of the present conversation.
func (l *live) leg(serial int) string { return legName(l.rec.ID, len(l.rec.Broken), serial) }

// rearrangeAfter is when a connection that failed is tried again: citizen and
// agent must not be left in silence.
const rearrangeAfter = 200 * time.Millisecond

// connect connects exactly the parties that a names, and the citizen unless they
// are to be apart. It holds until the next one.
func (w *worker) connect(l *live, a dialogue.Action) {
	l.talk = &a
	w.arrange(l)
}

// arrange brings the exchange to what the last Connect says, as far as those it
// names are there. There is one bridge in a call: nobody can be in the wrong one,
// and whoever is not to hear something leaves it before who is to speak comes in.
func (w *worker) arrange(l *live) {
	l.rearrange = time.Time{}
	if l.talk == nil || l.gone {
		return
	}
	members, aside := l.seats()
	if len(members) == 0 {
		w.part(l)
		return
	}
	if !l.talk.Apart {
		members = append([]string{l.rec.ID}, members...)
		w.hush(l)
		l.endMusic() // the exchange ends the music of whom it connects
		l.typed = nil
	}
	l.bridged = true
	err := w.try(l, Command{Op: DoJoin, Channel: l.rec.ID, Bridge: bridgeName(l.rec.ID), Members: members})
	if err != nil && !errors.Is(err, ErrGone) {
		l.rearrange = w.r.now().Add(rearrangeAfter)
		return
	}
	for _, p := range l.parties {
		p.music = p.music && !slices.Contains(members, p.name)
	}
	for _, p := range aside {
		if !p.music {
			p.music = true
			w.perform(l, Command{Op: DoMusic, Channel: p.name})
		}
	}
	w.comfort(l)
}

// seats tells which parties are connected, and which have answered and are left
// aside.
func (l *live) seats() (members []string, aside []*party) {
	for _, serial := range l.serials() {
		switch p := l.parties[serial]; {
		case !p.up || p.let:
		case slices.Contains(l.talk.Legs, serial):
			members = append(members, p.name)
		default:
			aside = append(aside, p)
		}
	}
	return members, aside
}

// comfort plays music to a citizen whom agent and helper have put aside, as long as
// nothing is said.
func (w *worker) comfort(l *live) {
	if l.talk != nil && l.talk.Apart && l.play == "" && !l.gone {
		w.playMusic(l)
	}
}

// part ends what the last Connect began.
func (w *worker) part(l *live) {
	l.talk, l.rearrange = nil, time.Time{}
	if l.bridged {
		l.bridged = false
		w.perform(l, Command{Op: DoPart, Channel: l.rec.ID, Bridge: bridgeName(l.rec.ID)})
	}
}

// letGo hangs a party up.
func (w *worker) letGo(l *live, serial int) {
	p := l.parties[serial]
	if p == nil {
		return
	}
	p.let = true
	p.ring.dial.callOff()
	w.perform(l, Command{Op: DoHangup, Channel: p.name})
}

// dismiss hangs up the parties that a turn drops: before anything is said, and
// before others are connected.
func (w *worker) dismiss(l *live, t dialogue.Turn) {
	dropped, connects := false, false
	for _, a := range t.Actions {
		switch a.Kind {
		case dialogue.Drop:
			w.letGo(l, a.Serial)
			dropped = true
		case dialogue.Join, dialogue.Connect:
			connects = true
		}
	}
	if dropped && !connects && l.talk != nil {
		w.arrange(l)
	}
}

// disperse hangs up everybody but the citizen.
func (w *worker) disperse(l *live) {
	for _, serial := range l.serials() {
		w.letGo(l, serial)
	}
	w.part(l)
}

// partyUp is news of a party that has answered.
func (w *worker) partyUp(l *live, e Event) {
	p := l.party(e.Channel)
	switch {
	case p == nil || p.told:
		return
	case p.let: // it answered at the moment at which it was let go
		w.perform(l, Command{Op: DoHangup, Channel: p.name})
		return
	}
	p.up, p.told = true, true
	w.feed(l, dialogue.Input{Kind: dialogue.LegUp, At: e.At, Serial: p.serial})
}

// partyLeft is news of a party that is no more. Those who are left stay
// connected.
func (w *worker) partyLeft(l *live, e Event) {
	p := l.party(e.Channel)
	if p == nil {
		return
	}
	p.ring.dial.callOff()
	delete(l.parties, p.serial)
	if l.talk != nil && slices.Contains(l.talk.Legs, p.serial) {
		w.arrange(l)
	}
	in := dialogue.Input{Kind: dialogue.LegDown, At: e.At, Serial: p.serial, Cause: p.ring.cause(e), SIP: e.SIP}
	if p.let && !l.turn.Wait.Accepts(in) {
		return // the conversation has done with it
	}
	w.feed(l, in)
}
