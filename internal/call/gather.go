package call

import (
	"strings"
	"time"

	"richiamo/internal/dialogue"
)

// gatherer turns single keys into one finished entry, as a Collect says. It
// knows no line and no clock: times come in.
type gatherer struct {
	collect dialogue.Collect
	keys    string
	pressed bool      // a key came since the question
	due     time.Time // when silence ends the entry; zero: nothing is waited for
}

// newGatherer begins an entry whose question is heard to its end at the time
// asked.
func newGatherer(c dialogue.Collect, asked time.Time) *gatherer {
	g := &gatherer{collect: c, keys: c.Given}
	if c.First > 0 {
		g.due = asked.Add(c.First)
	}
	return g
}

// key takes one key. done is true when it finishes the entry.
func (g *gatherer) key(k byte, now time.Time) (end dialogue.End, done bool) {
	switch {
	case k == '*' && g.collect.Signs:
		g.keys = ""
		return dialogue.Star, true
	case k == '#' && g.collect.Signs:
		return dialogue.Hash, true
	case k < '0' || k > '9': // * and # where they mean nothing, and the keys A to D
		return "", false
	}
	g.keys += string(k)
	g.pressed = true
	for _, w := range g.collect.Whole {
		if len(g.keys) == w.Len && strings.HasPrefix(g.keys, w.Prefix) {
			return dialogue.Full, true
		}
	}
	switch {
	case len(g.keys) > g.collect.Max, len(g.keys) == g.collect.Max && g.collect.Grace == 0:
		return dialogue.Full, true
	case len(g.keys) == g.collect.Max:
		g.due = now.Add(g.collect.Grace)
	case g.collect.Enough > 0 && len(g.keys) >= g.collect.Enough:
		g.due = now.Add(g.collect.BetweenEnough)
	default:
		g.due = now.Add(g.collect.Between)
	}
	return "", false
}

// silence ends the entry because nothing came.
func (g *gatherer) silence() dialogue.End {
	switch {
	case g.keys == "":
		return dialogue.Silence
	case len(g.keys) >= g.collect.Max:
		return dialogue.Full
	}
	return dialogue.Pause
}
