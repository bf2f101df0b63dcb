package speech

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spoken is something composed: its words and its recordings.
type spoken struct {
	words string
	list  []Recording
}

func (s *spoken) add(r Recording) { s.list = append(s.list, r) }

func (s *spoken) pause(ms int) {
	s.list = append(s.list, SilenceFor(time.Duration(ms)*time.Millisecond)...)
}

// join adds what follows as the next word.
func (s *spoken) join(next spoken) {
	s.words = strings.TrimSpace(s.words + " " + next.words)
	s.list = append(s.list, next.list...)
}

// compose turns a slot that is not spoken inside its sentence into words and
// recordings.
func compose(slot Slot) (spoken, error) {
	switch slot.Kind {
	case KindFigures:
		return sayFigures(strings.Split(slot.Value, " "))
	case KindWait:
		return sayWait(slot.Value)
	case KindClock:
		return sayClockRange(slot.Value)
	case KindHalfDay:
		return sayHalfDay(slot.Value)
	case KindHours:
		return sayHalfDayHours(slot.Value)
	case KindDate:
		return sayDate(slot.Value)
	}
	return spoken{}, fmt.Errorf("speech: slots of kind %q are not composed", slot.Kind)
}

// Render turns an utterance into words and recordings. It fails if the
// catalogue does not have the prompt, or the slots are not exactly those of
// its text with values that can be said; the error names no value of figures.
func (c *Catalogue) Render(u Utterance) (Rendered, error) {
	p := c.prompts[u.ID]
	if p == nil {
		return Rendered{}, fmt.Errorf("speech: the catalogue has no prompt %q", u.ID)
	}
	values, err := c.fill(p, u.Slots)
	if err != nil {
		return Rendered{}, fmt.Errorf("%w (prompt %s)", err, u.ID)
	}
	var r Rendered
	r.Before = p.play(p.before, values)
	if len(p.after) > 0 {
		// The pause after the last word before the mark comes after the mark:
		// whoever has heard the number may answer at once.
		r.After = SilenceFor(time.Duration(p.before[len(p.before)-1].pause) * time.Millisecond)
		r.After = append(r.After, p.play(p.after, values)...)
	}
	var pairs []string
	for i, name := range p.slots() {
		pairs = append(pairs, "{"+name+"}", values[i].words)
	}
	pairs = append(pairs, " ‖", "")
	r.Words = strings.NewReplacer(pairs...).Replace(p.text)
	return r, nil
}

// fill composes the value of each slot of the prompt, in the order of
// p.slots. The list of a slot that is spoken inside its sentence is the end
// of the name of the recording.
func (c *Catalogue) fill(p *prompt, given []Slot) ([]spoken, error) {
	names := p.slots()
	if len(given) != len(names) {
		return nil, fmt.Errorf("speech: %d slots given, %d needed: %v", len(given), len(names), names)
	}
	values := make([]spoken, len(names))
	for i, name := range names {
		at := slices.IndexFunc(given, func(s Slot) bool { return s.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("speech: slot {%s} is not filled", name)
		}
		slot := given[at]
		if kind, _ := KindOf(name); slot.Kind != kind {
			return nil, fmt.Errorf("speech: slot {%s} takes %q, not %q", name, kind, slot.Kind)
		}
		var err error
		if values[i], err = c.value(p, slot); err != nil {
			return nil, fmt.Errorf("slot {%s}: %w", name, err)
		}
	}
	if p.less[0] != "" && !p.inOrder(given) {
		return nil, fmt.Errorf("speech: {%s} must be less than {%s}", p.less[0], p.less[1])
	}
	return values, nil
}

// inOrder tells whether the two counts of p.less are in order, where both are
// given.
func (p *prompt) inOrder(given []Slot) bool {
	var n [2]int
	for i, name := range p.less {
		at := slices.IndexFunc(given, func(s Slot) bool { return s.Name == name })
		if at < 0 {
			return true
		}
		n[i], _ = strconv.Atoi(given[at].Value)
	}
	return n[0] < n[1]
}

// value composes one slot.
func (c *Catalogue) value(p *prompt, slot Slot) (spoken, error) {
	switch slot.Kind {
	case KindPhrase:
		phrase, ok := c.phrases[slot.Value]
		if !ok || phrase.slot != slot.Name {
			return spoken{}, fmt.Errorf("speech: the catalogue has no phrase %q for it", slot.Value)
		}
		return spoken{words: phrase.text, list: []Recording{recordingName(slot.Value)}}, nil
	case KindCount:
		n, err := strconv.Atoi(slot.Value)
		at := slices.IndexFunc(p.domains, func(d domain) bool { return d.slot == slot.Name })
		if err != nil || at < 0 || !slices.Contains(p.domains[at].values, n) {
			return spoken{}, fmt.Errorf("speech: %q is not among the values recorded", slot.Value)
		}
		return spoken{words: numberWords(n), list: []Recording{recordingName(strconv.Itoa(n))}}, nil
	}
	return compose(slot)
}

// play lists the recordings of parts.
func (p *prompt) play(parts []part, values []spoken) []Recording {
	names := p.slots()
	var list []Recording
	for i, part := range parts {
		if part.composed != "" {
			list = append(list, values[slices.Index(names, part.composed)].list...)
		} else {
			name := part.recording
			for _, slot := range part.slots {
				name += "-" + values[slices.Index(names, slot)].list[0]
			}
			list = append(list, name)
		}
		if i+1 < len(parts) {
			list = append(list, SilenceFor(time.Duration(part.pause)*time.Millisecond)...)
		}
	}
	return list
}

// Number says a number from 0 to 1,000,000.
func (c *Catalogue) Number(n int) (Rendered, error) { return rendered(sayNumber(n)) }

// Date says a day that is made by [OnDate]: «lunedì quindici febbraio».
func (c *Catalogue) Date(day Day) (Rendered, error) { return rendered(sayDate(string(day))) }

// Time says an hour: «alle nove e trenta».
func (c *Catalogue) Time(t Time) (Rendered, error) { return rendered(sayTime(t, at)) }

// Figures reads figures one by one, in groups.
func (c *Catalogue) Figures(groups ...string) (Rendered, error) { return rendered(sayFigures(groups)) }

// Spell spells letters by cities, and figures.
func (c *Catalogue) Spell(text string) (Rendered, error) { return rendered(saySpelling(text)) }

func rendered(s spoken, err error) (Rendered, error) {
	return Rendered{Words: s.words, Before: s.list}, err
}
