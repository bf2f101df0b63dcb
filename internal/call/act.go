package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// commandPatience bounds one command to the exchange.
const commandPatience = 5 * time.Second

// act begins a turn: what can be cut of the one before is cut, what must be
// said to its end is; what does not wait for the voice is done at once.
func (w *worker) act(l *live, t dialogue.Turn) {
	l.turn = t
	l.gather, l.limit = nil, time.Time{}
	if t.Wait.Limit > 0 {
		l.limit = w.r.now().Add(t.Wait.Limit)
	}
	if l.recording != "" && t.Wait.For != dialogue.ForRecord {
		w.perform(l, Command{Op: DoCease, Channel: l.rec.ID, Recording: l.recording})
		l.recording = ""
	}
	parts, err := score(w.r.cfg.Host.Voice(l.rec.Language), t, l.lead, w.r.cfg.BeforeEnd)
	if err != nil {
		w.rescue(l, err)
		return
	}
	if len(parts) > 0 {
		l.lead = 0
		w.makeWay(l)
		l.parts = append(l.parts, parts...)
	}
	w.dismiss(l, t)
	if !l.gone {
		w.advance(l)
	}
	for _, a := range t.Actions {
		if !waitsItsTurn(a.Kind) && a.Kind != dialogue.Say {
			w.do(l, a)
		}
	}
	if l.gone && t.Ended {
		w.close(l, "hung-up")
	}
}

// makeWay drops what a new turn overtakes: what a key could have cut.
func (w *worker) makeWay(l *live) {
	rest := l.parts[:0]
	for _, p := range l.parts {
		if len(p.media) > 0 && p.class == waits {
			rest = append(rest, p)
		}
	}
	l.parts = rest
	if l.playing == nil || l.playing.class != waits {
		w.hush(l)
	}
}

// hush stops what is being played.
func (w *worker) hush(l *live) {
	if l.play != "" {
		w.perform(l, Command{Op: DoStop, Channel: l.rec.ID, Playback: l.play})
	}
	l.playing, l.play, l.playEnd = nil, "", time.Time{}
}

// playPart plays a part. The last one before a question's keys goes over into
// silence, in the same request.
func (w *worker) playPart(l *live, p part) {
	media, lasts := p.media, p.lasts
	c := l.turn.Wait.Collect
	if c != nil && l.turn.Wait.For == dialogue.ForEntry && p.class == cuts && !anyMedia(l.parts) {
		media = append(media[:len(media):len(media)], guard(*c)...)
		l.gather = newGatherer(*c, w.r.now().Add(lasts))
		lasts = w.r.cfg.Host.Voice(l.rec.Language).Total(media)
	}
	l.playing = &p
	w.start(l, media, lasts)
}

func anyMedia(parts []part) bool {
	for _, p := range parts {
		if len(p.media) > 0 {
			return true
		}
	}
	return false
}

// playSilence keeps the exchange playing while keys are gathered.
func (w *worker) playSilence(l *live, c dialogue.Collect) {
	media := guard(c)
	w.start(l, media, w.r.cfg.Host.Voice(l.rec.Language).Total(media))
}

// start plays media as the call's next playback.
func (w *worker) start(l *live, media []speech.Recording, lasts time.Duration) {
	if l.music {
		w.perform(l, Command{Op: DoQuiet, Channel: l.rec.ID})
		l.endMusic()
	}
	l.plays++
	l.play = playbackName(l.rec.ID, l.rec.Term, l.plays)
	l.playEnd = w.r.now().Add(lasts + 2*time.Second)
	names := make([]string, len(media))
	for i, m := range media {
		names[i] = string(m)
	}
	w.perform(l, Command{Op: DoPlay, Channel: l.rec.ID, Playback: l.play, Media: names, Language: l.rec.Language})
	if !l.pressed.IsZero() {
		w.r.cfg.Stopwatch.Reacted(w.r.now().Sub(l.pressed))
		l.pressed = time.Time{}
	}
}

// played goes on after a playback has ended, or should have.
func (w *worker) played(l *live) {
	l.playing, l.play, l.playEnd = nil, "", time.Time{}
	w.advance(l)
}

// do performs an action that is not said.
func (w *worker) do(l *live, a dialogue.Action) {
	id := l.rec.ID
	switch a.Kind {
	case dialogue.Request:
		w.request(l, a)
	case dialogue.Place:
		w.dialCitizen(l, a)
	case dialogue.Ring:
		w.dialAgent(l, a)
	case dialogue.Hold:
		w.playMusic(l)
	case dialogue.Join:
		w.connect(l, dialogue.Action{Kind: dialogue.Connect, Legs: []int{a.Serial}})
	case dialogue.Connect:
		w.connect(l, a)
	case dialogue.Press:
		w.perform(l, Command{Op: DoPress, Channel: id, Keys: a.Keys})
	case dialogue.Record:
		l.recording = RecordingName(id, a.Serial)
		err := w.try(l, Command{Op: DoRecord, Channel: id, Recording: l.recording, For: a.For})
		if err != nil && !errors.Is(err, ErrGone) {
			l.recording = ""
			w.r.deliver(id, dialogue.Input{Kind: dialogue.Recorded, Serial: a.Serial, Failed: true})
		}
	case dialogue.Finish:
		w.perform(l, Command{Op: DoHangup, Channel: id})
		l.limit = w.r.now().Add(commandPatience) // by then the exchange has told that it is gone
	}
}

// perform carries out a command now. A channel that is gone will be told by
// its own event; a command whose outcome is not known is made good by the
// deadline behind every wait.
func (w *worker) perform(l *live, c Command) { _ = w.try(l, c) }

// try is perform for a command whose failure matters.
func (w *worker) try(l *live, c Command) error {
	ctx, cancel := context.WithTimeout(w.r.ctx, commandPatience)
	defer cancel()
	if err := w.r.stillOurs(ctx); err != nil {
		return err
	}
	err := w.r.cfg.Line.Perform(ctx, c)
	if err != nil && !errors.Is(err, ErrGone) {
		w.r.cfg.Logger.Warn("command to the exchange failed", "call", l.rec.ID, "op", string(c.Op), "error", err)
	}
	return err
}

// How long a request to the outside may take at the most, and how long one that
// nobody waits for is tried again.
const (
	requestPatience = 25 * time.Second
	tellEvery       = time.Second
	tellTries       = 120
)

// request asks the outside, beside the call. The answer comes back as an
// input.
func (w *worker) request(l *live, a dialogue.Action) {
	r, id := w.r, l.rec.ID
	q := Question{Tenant: l.rec.Tenant, Call: id, Key: requestName(id, len(l.rec.Broken), a.Serial), Name: a.Request, Payload: a.Payload, Now: r.now()}
	over := w.asks(l, a.Request) // see trial.go
	if a.Told {
		r.tell(q, 0, tellTries, over)
		return
	}
	r.beside(0, func(ctx context.Context) {
		answer, err := r.answer(ctx, q)
		over()
		r.deliver(id, dialogue.Input{Kind: dialogue.Answer, Serial: a.Serial, Answer: answer, Failed: err != nil})
	})
}

// tell makes a request that nobody waits for, until it is heard or was made
// often enough. over is called when it was made for the first time.
func (r *Runner) tell(q Question, after time.Duration, tries int, over func()) {
	r.beside(after, func(ctx context.Context) {
		_, err := r.answer(ctx, q)
		over()
		if err != nil && tries > 1 && ctx.Err() == nil {
			r.tell(q, tellEvery, tries-1, func() {})
		}
	})
}

// answer asks the outside once.
func (r *Runner) answer(ctx context.Context, q Question) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	began := r.now()
	answer, err := r.askOutside(ctx, q)
	outcome := "answered"
	if err != nil {
		outcome = "failed"
		r.cfg.Logger.Warn("request failed", "call", q.Call, "request", q.Name, "error", err)
	}
	r.cfg.Stopwatch.Requested(q.Name, outcome, r.now().Sub(began))
	return answer, err
}

// askOutside asks. A panic there is a request that has failed, and no more: it
// would be met again by each process that takes the call up.
func (r *Runner) askOutside(ctx context.Context, q Question) (answer json.RawMessage, err error) {
	if r.driven() {
		return r.cfg.Outside.Answer(ctx, q)
	}
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%w: %T at %s", errPanicked, broken, where())
		}
	}()
	return r.cfg.Outside.Answer(ctx, q)
}
