package call

import (
	"errors"
	"time"
)

// How often hold music that the exchange refused is tried again before the caller
// hears from us by the next news, and how long after the first time; each pause is
// twice the one before.
const (
	musicTries = 5
	musicAgain = time.Second
)

// playMusic plays music to the citizen until something else is heard.
func (w *worker) playMusic(l *live) {
	if !l.music {
		l.music, l.musicTried = true, 0
		w.tryMusic(l)
	}
}

// tryMusic asks for the music. Whoever waits must not be left in silence, and
// nothing else is said before the next news: music that can't be played now is
// tried again.
func (w *worker) tryMusic(l *live) {
	l.silent = time.Time{}
	err := w.try(l, Command{Op: DoMusic, Channel: l.rec.ID})
	if err != nil && !errors.Is(err, ErrGone) && l.musicTried < musicTries {
		l.silent = w.r.now().Add(musicAgain << l.musicTried)
		l.musicTried++
	}
}

// endMusic notes that the citizen hears something else now, or is gone.
func (l *live) endMusic() { l.music, l.silent = false, time.Time{} }
