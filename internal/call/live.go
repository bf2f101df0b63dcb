package call

import (
	"context"
	"errors"
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
	playEnd time.Time // by when the end of the playback is believed without being told
	music   bool
	lead    time.Duration // silence before the next word

	typed  []byte // keys that nobody has asked for yet
	gather *gatherer
	limit  time.Time // when Wait.Limit runs out

	peer      string // the channel of the party that was rung
	joined    bool
	rejoin    time.Time // when a connection with the peer that failed is tried again
	recording string
	turnFor   *dialogue.Input // an agent's turn that came when it could not be taken
	lastKey   Event           // to know an event that is delivered twice
	pressed   time.Time       // when the key came that finished an entry; zero once something was played

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
	earlier(l.rejoin)
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
	case reached(l.rejoin):
		w.join(l)
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
		if e.Channel == l.rec.ID && !l.repeated(e) {
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
	in := dialogue.Input{Kind: dialogue.LegUp, At: e.At, Serial: l.turn.Wait.Serial}
	if e.Channel == l.rec.ID {
		if l.up {
			return
		}
		l.up, l.lead = true, w.r.cfg.AfterAnswer
	} else {
		in.Serial = serialOf(e.Channel)
	}
	w.feed(l, in)
}

// left is news of a line that is no more: the citizen's, or the other party's.
func (w *worker) left(l *live, e Event) {
	if e.Channel != l.rec.ID {
		if e.Channel != l.peer {
			return
		}
		if l.joined {
			w.perform(l, Command{Op: DoPart, Channel: l.rec.ID, Bridge: bridgeName(l.rec.ID)})
		}
		l.peer, l.joined = "", false
		w.feed(l, dialogue.Input{Kind: dialogue.LegDown, At: e.At, Serial: serialOf(e.Channel), Cause: e.Cause, SIP: e.SIP})
		return
	}
	if l.gone {
		return
	}
	in := dialogue.Input{Kind: dialogue.Hangup, At: e.At, Cause: e.Cause, SIP: e.SIP}
	if l.rec.Outbound && !l.up && l.turn.Wait.For == dialogue.ForLeg {
		in.Kind, in.Serial = dialogue.LegDown, l.turn.Wait.Serial
	}
	l.gone = true
	l.parts, l.playing, l.play, l.playEnd, l.gather, l.typed = nil, nil, "", time.Time{}, nil, nil
	if l.turn.Ended {
		w.finish(l, "ended")
		return
	}
	w.feed(l, in)
}

// feed gives an input to the conversation: step, save, act.
func (w *worker) feed(l *live, in dialogue.Input) {
	if in.Kind == dialogue.YourTurn && !l.turn.Wait.Accepts(in) {
		l.turnFor = &in // as soon as the conversation can take it
		return
	}
	began := time.Now()
	journal, turn, err := dialogue.Step(w.r.scripts[l.rec.Journal.Script], l.rec.Journal, in)
	w.r.cfg.Stopwatch.Stepped(time.Since(began))
	switch {
	case err != nil:
		w.rescue(l, err)
		return
	case turn.Ignored:
		return
	}
	l.rec.Journal = journal
	if turn.Ended && l.gone {
		l.rec.Ended = time.Now()
	}
	if !w.save(l) {
		return
	}
	if in.Kind == dialogue.Entry && in.Keys != "" {
		l.lead, l.pressed = w.r.cfg.AfterKey, in.At
	}
	w.act(l, turn)
	if l.turnFor != nil && l.turn.Wait.Accepts(*l.turnFor) && w.calls[l.rec.ID] == l {
		next := *l.turnFor
		l.turnFor = nil
		w.feed(l, next)
	}
}

// lookForLine asks the exchange about a line that was hung up and of which
// nothing was heard since.
func (w *worker) lookForLine(l *live) {
	ctx, cancel := context.WithTimeout(w.r.ctx, commandPatience)
	defer cancel()
	_, err := w.r.cfg.Line.Channel(ctx, l.rec.ID)
	if errors.Is(err, ErrGone) {
		w.left(l, Event{Kind: Left, At: time.Now(), Channel: l.rec.ID})
		return
	}
	w.perform(l, Command{Op: DoHangup, Channel: l.rec.ID})
	l.limit = time.Now().Add(commandPatience)
}

// finish ends a call whose conversation is over and whose line is gone, and
// keeps that.
func (w *worker) finish(l *live, how string) {
	l.rec.Ended = time.Now()
	w.save(l)
	w.close(l, how)
}

// close lets go of a call that has an end.
func (w *worker) close(l *live, how string) {
	if l.peer != "" {
		w.perform(l, Command{Op: DoHangup, Channel: l.peer})
	}
	w.r.cfg.Observer.CallEnded(l.rec.Journal.Script, how)
	w.drop(l)
}
