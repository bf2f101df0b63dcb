package speech

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Piece is one recording and what it holds: what a renderer has to make.
type Piece struct {
	Recording Recording
	// Text is what the voice says, all in letters; empty for silence and tone.
	Text string
	// Beat is the shortest length of the recording; silence fills it up. For
	// silence it is the length. Zero: as long as the text.
	Beat time.Duration
	// Tone marks the tone after which a caller speaks.
	Tone bool
}

// Fingerprint tells pieces apart that have to be rendered differently; it is
// kept beside the recordings to find those whose text has changed.
func (p Piece) Fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%t", p.Text, p.Beat.Milliseconds(), p.Tone))
	return hex.EncodeToString(sum[:8])
}

// Pieces lists every recording of the language once, in a fixed order: those
// of the prompts with every value of their slots, then the vocabulary that
// the other slots are composed of, then the silences. Nothing else is
// recorded, and nothing else can be played.
func (c *Catalogue) Pieces() []Piece {
	var list []Piece
	for _, id := range c.order {
		p := c.prompts[id]
		for _, part := range slices.Concat(p.before, p.after) {
			if part.recording != "" {
				list = append(list, c.variants(p, part)...)
			}
		}
	}
	list = slices.Concat(list, figureVocabulary(), letterVocabulary(), numberVocabulary(), dayVocabulary(), hourVocabulary())
	for _, ms := range silences() {
		name, _ := Silence(ms)
		list = append(list, Piece{Recording: name, Beat: time.Duration(ms) * time.Millisecond})
	}
	return list
}

// variants lists the recordings of a part, one for each combination of the
// values of the slots that are spoken in it.
func (c *Catalogue) variants(p *prompt, part part) []Piece {
	if part.text == toneText {
		return []Piece{{Recording: part.recording, Beat: PauseClause * time.Millisecond, Tone: true}}
	}
	list := []Piece{{Recording: part.recording, Text: part.text}}
	combinations := [][]Slot{nil}
	for _, name := range part.slots {
		var pieces []Piece
		var next [][]Slot
		for i, piece := range list {
			for _, slot := range c.values(p, name) {
				slots := append(slices.Clone(combinations[i]), slot)
				said, err := c.value(p, slot)
				if err != nil || p.less[0] != "" && len(slots) == len(part.slots) && !p.inOrder(slots) {
					continue
				}
				next = append(next, slots)
				pieces = append(pieces, Piece{
					Recording: piece.Recording + "-" + said.list[0],
					Text:      strings.ReplaceAll(piece.Text, "{"+name+"}", said.words),
				})
			}
		}
		list, combinations = pieces, next
	}
	return list
}

// values lists all values of a slot that is spoken inside its sentence.
func (c *Catalogue) values(p *prompt, name string) []Slot {
	var list []Slot
	for _, key := range c.Phrases(name) {
		list = append(list, Phrase(name, key))
	}
	for _, d := range p.domains {
		if d.slot == name {
			for _, n := range d.values {
				list = append(list, Slot{name, KindCount, strconv.Itoa(n)})
			}
		}
	}
	return list
}
