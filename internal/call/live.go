package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"richiamo/internal/dialogue"
)

// live is a call that this process owns: its record, and what its line is
// doing. Only its worker touches it.
type live struct {
	rec  Record
	kept bool // the record is in the store
	turn dialogue.Turn
	up   bool // the citizen's line is up
	gone bool // the citizen's line is no more

	parts   []part // what is still to be said and done on the line, in order
	playing *part
	play    string // its playback, while playing; or that of the silence behind a question
	plays   int
	playEnd time.Time     // by when the end of the playback is believed without being told
	lead    time.Duration // silence before the next word

	music      bool      // what is to be heard is music: see music.go
	silent     time.Time // when music that could not be played is tried again
	musicTried int       // how often it was

	typed  []byte // keys that nobody has asked for yet
	gather *gatherer
	limit  time.Time // when Wait.Limit runs out

	ring      ring             // of a call of ours
	parties   map[int]*party   // by serial
	talk      *dialogue.Action // the last Connect; nil: nobody is connected
	bridged   bool             // there is a bridge
	rearrange time.Time        // when a connection that failed is tried again

	recording string
	later     []dialogue.Input // what came when it could not be taken
	lastKey   Event            // to know an event that is delivered twice
	pressed   time.Time        // when the key came that finished an entry; zero once something was played

	unsaved   bool     // the record is behind
	over      bool     // all that is left is the end, to be saved: see over.go
	inHand    *turn    // of a suspect: being given something
	asking    []string // of a suspect: requests under way
	panicked  bool
	scheduled time.Time
}

// due is the earliest of the call's deadlines; zero if it has none.
func (l *live) due() time.Time {
	at := l.limit
	earlier := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	earlier(l.playEnd)
	earlier(l.rearrange)
	earlier(l.silent)
	if l.gather != nil {
		earlier(l.gather.due)
	}
	return at
}

// collecting tells whether keys are an answer to something now.
func (l *live) collecting() bool { return l.turn.Wait.Collect != nil && !l.gone }

// overdue feeds what did not happen in time.
func (w *worker) overdue(l *live, now time.Time) {
	reached := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	switch {
	case l.over:
		w.endAgain(l)
	case reached(l.rearrange):
		w.arrange(l)
	case reached(l.silent):
		w.tryMusic(l)
	case reached(l.playEnd):
		w.played(l)
	case l.gather != nil && reached(l.gather.due):
		w.entry(l, l.gather.silence())
	case reached(l.limit) && l.turn.Ended:
		w.lookForLine(l)
	case reached(l.limit):
		l.limit = time.Time{}
		w.feed(l, dialogue.Input{Kind: dialogue.Timeout, At: now})
	}
}

// event looks at something that happened on a line of the call.
func (w *worker) event(l *live, e Event) {
	switch e.Kind {
	case Key:
		if p := l.party(e.Channel); p != nil {
			w.deskKey(l, p, e)
		} else if e.Channel == l.rec.ID && !l.repeated(e) {
			w.key(l, e.Digit)
		}
	case Played:
		if e.Playback == l.play {
			w.played(l)
		}
	case Recording:
		if e.Name == l.recording {
			l.recording = ""
			w.feed(l, dialogue.Input{Kind: dialogue.Recorded, At: e.At, Serial: serialOf(e.Name), Failed: e.Failed || e.Seconds == 0})
		}
	case Answered:
		w.answered(l, e)
	case Left:
		w.left(l, e)
	case Entered: // of a line that we dialled, or one we know already
	}
}

// repeated tells a key event that was delivered twice from a key pressed twice.
func (l *live) repeated(e Event) bool {
	same := l.lastKey.Digit == e.Digit && l.lastKey.At.Equal(e.At)
	l.lastKey = e
	return same
}

// answered is news of a line that was dialled.
func (w *worker) answered(l *live, e Event) {
	switch {
	case e.Channel != l.rec.ID:
		w.partyUp(l, e)
	case !l.up && !l.gone:
		l.up, l.lead = true, w.r.cfg.AfterAnswer
		w.feed(l, dialogue.Input{Kind: dialogue.LegUp, At: e.At, Serial: l.turn.Wait.Serial})
	}
}

// left is news of a line that is no more: the citizen's, or the other party's.
func (w *worker) left(l *live, e Event) {
	switch {
	case e.Channel != l.rec.ID:
		w.partyLeft(l, e)
		return
	case l.gone:
		return
	}
	in := dialogue.Input{Kind: dialogue.Hangup, At: e.At, Cause: e.Cause, SIP: e.SIP, Failed: e.Lost}
	if l.rec.Outbound && !l.up && l.turn.Wait.For == dialogue.ForLeg {
		in.Failed = false
		in.Kind, in.Serial, in.Cause = dialogue.LegDown, l.turn.Wait.Serial, l.ring.cause(e)
	}
	l.ring.dial.callOff()
	l.gone, l.later = true, nil
	l.endMusic()
	l.parts, l.playing, l.play, l.playEnd, l.gather, l.typed = nil, nil, "", time.Time{}, nil, nil
	if l.turn.Ended {
		w.finish(l, "ended")
		return
	}
	w.feed(l, in)
}

// feed gives an input to the conversation: step, save, act. One that it can't
// take yet and must not miss is kept.
func (w *worker) feed(l *live, in dialogue.Input) {
	if !l.turn.Wait.Accepts(in) && l.keeps(in) {
		l.keep(in)
		return
	}
	if l.rec.Suspect {
		release, ok := w.takeInHand(l, fmt.Sprintf("%s %d", in.Kind, len(l.rec.Journal.Inputs)))
		if !ok {
			return
		}
		defer release()
	}
	began := w.r.now()
	journal, turn, err := dialogue.Step(w.r.scripts[l.rec.Journal.Script], l.rec.Journal, in)
	w.r.cfg.Stopwatch.Stepped(w.r.now().Sub(began))
	switch {
	case err != nil:
		w.rescue(l, err)
		return
	case turn.Ignored:
		return
	}
	l.rec.Journal = journal
	if turn.Ended && l.gone {
		l.rec.Ended = w.r.now()
	}
	if !w.save(l) {
		return
	}
	if in.Kind == dialogue.Entry && in.Keys != "" {
		l.lead, l.pressed = w.r.cfg.AfterKey, in.At
	}
	w.act(l, turn)
	w.catchUp(l)
}

// keeps tells the inputs that are kept until the conversation can take them: what
// an agent or the planner is told was said, and what became of somebody whom the
// conversation has not let go.
func (l *live) keeps(in dialogue.Input) bool {
	switch in.Kind {
	case dialogue.YourTurn:
		return !l.gone && !l.with(in.Agent)
	case dialogue.Closing, dialogue.LegUp, dialogue.LegDown:
		return !l.gone
	case dialogue.Wished:
		return l.talk != nil
	}
	return false
}

// with tells whether an agent rings or speaks for this call already: then the turn
// was taken, and is merely told once more.
func (l *live) with(agent string) bool {
	for _, p := range l.parties {
		if p.agent == agent && !p.let {
			return true
		}
	}
	return false
}

// mostLater bounds what is kept, wishLasts and turnLasts how long a wish and a turn
// are: the agent keys the wish again, the planner tells the turn again as long as it
// holds. An older one may be of an agent who is another citizen's by now.
const (
	mostLater = 16
	wishLasts = 5 * time.Second
	turnLasts = 3 * time.Second
)

// keep keeps an input; the newest of a kind counts.
func (l *live) keep(in dialogue.Input) {
	l.later = slices.DeleteFunc(l.later, func(old dialogue.Input) bool { return old.Kind == in.Kind && old.Serial == in.Serial })
	if len(l.later) < mostLater {
		l.later = append(l.later, in)
	}
}

// catchUp feeds the first input kept that can be taken now.
func (w *worker) catchUp(l *live) {
	now := w.r.now()
	l.later = slices.DeleteFunc(l.later, func(in dialogue.Input) bool {
		age := now.Sub(in.At)
		return in.Kind == dialogue.Wished && age > wishLasts || in.Kind == dialogue.YourTurn && age > turnLasts
	})
	i := slices.IndexFunc(l.later, l.turn.Wait.Accepts)
	if i < 0 || w.calls[l.rec.ID] != l {
		return
	}
	in := l.later[i]
	l.later = slices.Delete(l.later, i, i+1)
	w.feed(l, in)
}

// lookForLine asks the exchange about a line that was hung up and of which
// nothing was heard since.
func (w *worker) lookForLine(l *live) {
	ctx, cancel := context.WithTimeout(w.r.ctx, commandPatience)
	defer cancel()
	_, err := w.r.cfg.Line.Channel(ctx, l.rec.ID)
	if errors.Is(err, ErrGone) {
		w.left(l, Event{Kind: Left, At: w.r.now(), Channel: l.rec.ID})
		return
	}
	w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
	l.limit = w.r.now().Add(commandPatience)
}

// finish ends a call whose conversation is over and whose line is gone, and
// keeps that.
func (w *worker) finish(l *live, how string) {
	l.rec.Ended = w.r.now()
	w.save(l)
	w.close(l, how)
}

// close lets go of a call that has an end.
func (w *worker) close(l *live, how string) {
	l.ring.dial.callOff()
	w.disperse(l)
	w.r.cfg.Observer.CallEnded(l.rec.Journal.Script, how)
	w.drop(l)
	if l.unsaved && w.r.ctx.Err() == nil {
		w.linger(l)
	}
}
