package speech

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Silences between the recordings of an utterance, in milliseconds. Inside a
// recording the renderer keeps the same lengths.
const (
	PauseSentence = 500 // after a full stop
	PauseClause   = 300 // after a colon, and before «prema»
	pauseComma    = 100 // after any other comma: a recording ends in some silence of its own
)

// toneText is the text of the prompt that is a tone.
const toneText = "♪"

// A cutter cuts the text of one prompt into parts and numbers the recordings.
type cutter struct {
	name  string
	count int
	parts []part
	run   string // text not yet given to a part
}

// cut cuts one side of the mark.
func (c *cutter) cut(text string) ([]part, error) {
	c.parts, c.run = nil, ""
	if strings.TrimSpace(text) == toneText {
		return []part{{recording: recordingName(c.name), text: toneText}}, nil
	}
	for _, sentence := range sentences(text) {
		if err := c.sentence(sentence); err != nil {
			return nil, err
		}
	}
	c.flush()
	return c.parts, nil
}

// sentence takes one sentence: with a slot that is spoken inside it, it is a
// recording of its own; at each composed slot it is cut.
func (c *cutter) sentence(sentence string) error {
	inside := false
	for _, name := range slotsIn(sentence) {
		kind, ok := KindOf(name)
		if !ok {
			return fmt.Errorf("there is no slot {%s}", name)
		}
		inside = inside || kind.inSentence()
	}
	if inside {
		c.flush()
	}
	for sentence != "" {
		chunk, name, rest := nextComposed(sentence)
		c.chunk(chunk)
		if name != "" {
			c.flush()
			c.parts = append(c.parts, part{composed: name})
		}
		sentence = rest
	}
	if inside {
		c.flush()
	}
	return nil
}

// chunk takes text between composed slots. Punctuation at its start belongs
// to the slot before it.
func (c *cutter) chunk(text string) {
	trimmed := strings.TrimSpace(text)
	if c.run == "" && len(c.parts) > 0 && trimmed != "" {
		words := strings.TrimLeft(trimmed, ",.:;?! ")
		if last := &c.parts[len(c.parts)-1]; last.composed != "" && len(words) < len(trimmed) {
			last.pause = pauseAt(trimmed[0], words)
			trimmed = words
		}
	}
	c.run = strings.TrimSpace(c.run + " " + trimmed)
}

// flush makes a recording of the text gathered so far.
func (c *cutter) flush() {
	if c.run == "" {
		return
	}
	c.count++
	slots := slotsIn(c.run)
	c.parts = append(c.parts, part{
		recording: recordingName(c.name, strconv.Itoa(c.count)),
		text:      c.run,
		slots:     slices.Compact(slots),
		pause:     pauseAt(c.run[len(c.run)-1], ""),
	})
	c.run = ""
}

// pauseAt is the silence that a sign stands for, before the words next.
func pauseAt(sign byte, next string) int {
	switch sign {
	case '.', '?', '!':
		return PauseSentence
	case ':', ';':
		return PauseClause
	case ',':
		if strings.HasPrefix(next, "prema ") {
			return PauseClause
		}
		return pauseComma
	}
	return 0
}

// sentences splits at full stops, question and exclamation marks.
func sentences(text string) []string {
	var list []string
	start := 0
	for i := range len(text) {
		end := i+1 == len(text)
		if end || strings.IndexByte(".?!", text[i]) >= 0 && text[i+1] == ' ' {
			if s := strings.TrimSpace(text[start : i+1]); s != "" {
				list = append(list, s)
			}
			start = i + 1
		}
	}
	return list
}

// slotsIn lists the names of the slots of a text, in their order.
func slotsIn(text string) []string {
	var names []string
	for {
		_, rest, open := strings.Cut(text, "{")
		name, tail, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return names
		}
		names, text = append(names, name), tail
	}
}

// nextComposed finds the first composed slot of a sentence.
func nextComposed(sentence string) (before, name, after string) {
	for at := 0; ; {
		open := strings.IndexByte(sentence[at:], '{')
		if open < 0 {
			return sentence, "", ""
		}
		open += at
		name, after, closed := strings.Cut(sentence[open+1:], "}")
		if !closed {
			return sentence, "", ""
		}
		if kind, _ := KindOf(name); !kind.inSentence() {
			return sentence[:open], name, after
		}
		at = open + 1
	}
}

// inLetters writes the figures of a text in letters: «prema uno».
func inLetters(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
		switch {
		case end == 0:
			next := strings.IndexFunc(text, unicode.IsDigit)
			if next < 0 {
				next = len(text)
			}
			// A figure in the name of a slot is no figure of the text.
			if open := strings.LastIndexByte(text[:next], '{'); open > strings.LastIndexByte(text[:next], '}') {
				if shut := strings.IndexByte(text[open:], '}'); shut >= 0 {
					next = open + shut + 1
				}
			}
			b.WriteString(text[:next])
			text = text[next:]
		default:
			if end < 0 {
				end = len(text)
			}
			n, err := strconv.Atoi(text[:end])
			if err == nil && n <= maxNumber {
				b.WriteString(numberWords(n))
			} else {
				b.WriteString(text[:end])
			}
			text = text[end:]
		}
	}
	return b.String()
}
