package sim

import (
	"strings"

	"richiamo/internal/dialogue"
	"richiamo/internal/sim/town"
)

// wishing is what an agent wants in a talk, and what follows it.
type wishing struct {
	first, then dialogue.Verb
	helped      bool // first names a colleague
	queue       bool // first names the queue
}

// wishings are what agents want: a moment for themselves, to be rid of the
// citizen, or a colleague, who then takes over, joins in, or is let go.
func wishings() []wishing {
	return []wishing{
		{first: dialogue.PutOnHold, then: dialogue.TakeBack},
		{first: dialogue.Transfer, queue: true},
		{first: dialogue.Transfer, helped: true},
		{first: dialogue.Consult, helped: true, then: dialogue.Transfer},
		{first: dialogue.Consult, helped: true, then: dialogue.Conference},
		{first: dialogue.Consult, helped: true, then: dialogue.TakeBack},
	}
}

// wish has the wish of an agent done, as the agent's screen would ask for it.
func (w *World) wish(l *town.Line, name string, again bool) {
	call, _, _ := strings.Cut(l.ID, "~")
	if !again {
		w.wanted[l.ID] = town.One(w.dice, wishings()...)
	}
	wanted, target := w.wanted[l.ID], ""
	verb := wanted.first
	switch {
	case again:
		verb = wanted.then
	case wanted.queue:
		target = "queue:"
	case wanted.helped:
		target = "agent:" + w.agents[w.dice.IntN(len(w.agents))].Name
	}
	if verb == "" {
		return
	}
	w.tell("%s wants: %s %s", name, verb, target)
	w.asked(func(p *process) { _ = p.runner.Wish(call, name, verb, target) })
}
