package call

import (
	"fmt"
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// Voice turns utterances into recordings; a *speech.Catalogue is one.
type Voice interface {
	Render(u speech.Utterance) (speech.Rendered, error)
	Cut(id speech.ID) speech.Cut
	Total(list []speech.Recording) time.Duration
}

// keyClass says what becomes of a key that is pressed while a part is played.
type keyClass int

const (
	cuts  keyClass = iota // stops the voice and counts
	waits                 // is kept for the next question
	drops                 // is forgotten
)

// A part is one thing to be done on the line, in its turn: something to play
// in one go, or an action that has to wait for what is said before it.
type part struct {
	action dialogue.Action // when it is not Say

	media []speech.Recording
	class keyClass
	fresh bool          // keys pressed so far are forgotten when it begins
	lasts time.Duration // how long the media is heard
}

// score is what a turn sounds like: the parts of its actions in order.
// Neighbours that a key cuts alike are played in one go, without a gap; lead is
// the silence before the first word, tail the one between the last and the end of
// the call.
func score(v Voice, t dialogue.Turn, lead, tail time.Duration) ([]part, error) {
	var parts []part
	add := func(p part) {
		if n := len(parts); n > 0 && !p.fresh && len(p.media) > 0 && len(parts[n-1].media) > 0 && parts[n-1].class == p.class {
			parts[n-1].media = append(parts[n-1].media, p.media...)
			parts[n-1].lasts += p.lasts
			return
		}
		parts = append(parts, p)
	}
	collect := t.Wait.Collect
	question := lastSaid(t)
	for i, a := range t.Actions {
		if a.Kind == dialogue.Finish && len(parts) > 0 && tail > 0 {
			pause := speech.SilenceFor(tail)
			add(part{media: pause, class: waits, lasts: v.Total(pause)})
		}
		if a.Kind != dialogue.Say {
			if waitsItsTurn(a.Kind) {
				parts = append(parts, part{action: a})
			}
			continue
		}
		r, err := v.Render(a.Say)
		if err != nil {
			return nil, fmt.Errorf("prompt %s: %w", a.Say.ID, err)
		}
		before := part{media: r.Before, class: cuts}
		switch cut := v.Cut(a.Say.ID); {
		case cut == speech.CutNo:
			before.class = waits
		case cut == speech.CutMark && (collect == nil || !collect.Open):
			before.class = drops
		}
		before.fresh = i == question && collect != nil && collect.Fresh
		switch {
		case lead > 0 && before.fresh: // what is pressed before the first word does not count
			pause := speech.SilenceFor(lead)
			add(part{media: pause, class: drops, lasts: v.Total(pause)})
		case lead > 0:
			before.media = append(speech.SilenceFor(lead), before.media...)
		}
		lead = 0
		before.lasts = v.Total(before.media)
		add(before)
		if len(r.After) > 0 {
			add(part{media: r.After, class: cuts, lasts: v.Total(r.After)})
		}
	}
	return parts, nil
}

// lastSaid is the index of the question of a turn: what is said last.
func lastSaid(t dialogue.Turn) int {
	last := -1
	for i, a := range t.Actions {
		if a.Kind == dialogue.Say {
			last = i
		}
	}
	return last
}

// waitsItsTurn tells the actions that are done after what is said before them.
// The others (requests, rings) are done while the voice speaks.
func waitsItsTurn(k dialogue.ActionKind) bool {
	switch k {
	case dialogue.Hold, dialogue.Join, dialogue.Connect, dialogue.Record, dialogue.Finish:
		return true
	}
	return false
}

// guard is the silence played behind a question: digits that are collected in bare
// silence are doubled by the exchange when they come within 45 ms of each other,
// and never while it plays something.
func guard(c dialogue.Collect) []speech.Recording {
	longest := max(c.First, c.Between, c.Grace) + time.Second
	return speech.SilenceFor(longest)
}
