package call

import (
	"richiamo/internal/dialogue"
)

// key takes a key of the citizen's.
func (w *worker) key(l *live, k byte) {
	if l.playing != nil && l.playing.class == drops {
		return
	}
	if len(l.typed) < 64 { // a telephone in a bag
		l.typed = append(l.typed, k)
	}
	if l.playing != nil && l.playing.class == waits {
		return
	}
	if l.collecting() && meaningless(k, l.turn.Wait.Collect) {
		l.typed = l.typed[:len(l.typed)-1]
		return
	}
	if l.collecting() {
		w.advance(l)
	}
}

// meaningless tells the keys * and # where they are not signs: they do not even
// cut the voice.
func meaningless(k byte, c *dialogue.Collect) bool {
	return (k < '0' || k > '9') && !(c.Signs && (k == '*' || k == '#'))
}

// consume lets what was typed answer the question. It returns false when the
// entry is not finished.
func (w *worker) consume(l *live) bool {
	now := w.r.now()
	for len(l.typed) > 0 {
		k := l.typed[0]
		l.typed = l.typed[1:]
		if end, done := l.gather.key(k, now); done {
			w.entry(l, end)
			return true
		}
	}
	return false
}

// entry feeds a finished entry.
func (w *worker) entry(l *live, end dialogue.End) {
	in := dialogue.Input{Kind: dialogue.Entry, At: w.r.now(), Keys: l.gather.keys, End: end}
	l.gather = nil
	w.hush(l)
	w.feed(l, in)
}

// advance does the next parts of the turn, until one has to be waited for.
// Once everything is said, or a key has cut what can be cut, what was typed
// answers the question.
func (w *worker) advance(l *live) {
	for {
		if l.playing != nil {
			if l.playing.class != cuts || len(l.typed) == 0 || !l.collecting() {
				return
			}
			w.hush(l)
		}
		for len(l.typed) > 0 && l.collecting() && len(l.parts) > 0 && skipped(l.parts[0]) {
			l.parts = l.parts[1:] // the key answers it before it is said
		}
		if len(l.parts) == 0 {
			break
		}
		next := l.parts[0]
		l.parts = l.parts[1:]
		if len(next.media) == 0 {
			w.do(l, next.action)
			continue
		}
		if next.class == drops || next.fresh {
			l.typed = nil
		}
		w.playPart(l, next)
	}
	w.listen(l)
}

// skipped tells the parts that a key already pressed cuts before they begin.
func skipped(p part) bool { return len(p.media) > 0 && p.class == cuts && !p.fresh }

// listen gathers keys once the question has been said.
func (w *worker) listen(l *live) {
	w.comfort(l)
	c := l.turn.Wait.Collect
	if c == nil || l.gone {
		return
	}
	if l.gather == nil {
		l.gather = newGatherer(*c, w.r.now())
	}
	if len(l.typed) > 0 && w.consume(l) {
		return
	}
	if l.play == "" && l.turn.Wait.For == dialogue.ForEntry {
		w.playSilence(l, *c)
	}
}
