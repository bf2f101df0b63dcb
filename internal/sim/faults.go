package sim

import (
	"context"
	"maps"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
)

// faults makes stores and exchange fail as the plan says.
type faults struct {
	w       *World
	n       int                   // verbs and commands so far
	counts  map[memstore.Verb]int // of each
	due     []Disturbance         // of verbs and commands, not happened yet
	dying   bool                  // the process dies when the verb under way is done
	still   time.Duration         // the process stands still for so long then
	freezes int                   // disturbances of that kind that are still to come

	muteTill   time.Time // until when nothing can be said
	awayTill   time.Time // until when every verb of the stores is refused
	shutTill   time.Time // until when nobody is found in the register, because it is shut
	inspecting bool      // the checks look: nothing befalls them, and nothing is counted
	pending    int       // disturbances that are still to come
	struck     time.Time // when something went wrong last
	committed  time.Time // when something was committed last
}

func newFaults(w *World) *faults {
	f := &faults{w: w, counts: map[memstore.Verb]int{}}
	for _, d := range w.Plan.Faults {
		if d.Nth > 0 {
			f.due = append(f.due, d)
			if d.Kind == FreezeBefore || d.Kind == FreezeAfter {
				f.freezes++
			}
		}
	}
	w.stores.Faults.Before(f.before)
	w.stores.Faults.After(f.after)
	return f
}

// before is the hook of the stores: what befalls a verb.
func (f *faults) before(_ context.Context, verb memstore.Verb, _ int) memstore.Fault {
	if f.inspecting {
		return memstore.None
	}
	if f.w.clock.Now().Before(f.awayTill) {
		f.struck = f.w.clock.Now()
		return memstore.Refused
	}
	return f.next(verb)
}

// after is the hook of the stores once a verb is done.
func (f *faults) after(_ context.Context, verb memstore.Verb, _ int) {
	if f.inspecting {
		return
	}
	if verb == memstore.DoCommit {
		f.committed = f.w.clock.Now()
		f.w.stale = true
		if f.w.running != nil {
			f.w.running.dirty = true
		}
	}
	f.dies()
}

// op is the hook of the exchange.
func (f *faults) op(op call.Op, done bool) town.Fault {
	if done {
		if op == call.DoContinue { // a number is in the notebook now
			f.w.clock.After(notesEvery, func() { f.w.asked((*process).readNotes) })
		}
		f.dies()
		return town.NoFault
	}
	switch f.next(memstore.Verb("line " + op)) {
	case memstore.Refused:
		return town.Refused
	case memstore.Lost:
		return town.Lost
	}
	return town.NoFault
}

// next counts a verb or command and gives the fault that is due.
func (f *faults) next(verb memstore.Verb) memstore.Fault {
	f.n++
	n := f.n
	f.counts[verb]++
	if len(f.due) == 0 {
		return memstore.None
	}
	for i, d := range f.due {
		if d.Verb == "" && d.Nth != n || d.Verb != "" && (d.Verb != verb || d.Nth != f.counts[verb]) {
			continue
		}
		f.due = append(f.due[:i:i], f.due[i+1:]...)
		f.struck = f.w.clock.Now()
		if verb == "line play" {
			f.w.mute = f.struck
		}
		f.w.tell("%s: %s", d.Kind, verb)
		switch d.Kind {
		case FailedVerb:
			return memstore.Refused
		case LostVerb:
			return memstore.Lost
		case CrashBefore:
			panic(crashed{f.w.running})
		case CrashAfter:
			f.dying = true
		case FreezeBefore:
			f.w.running.standStill(d.For)
		case FreezeAfter:
			f.still = d.For
		}
		break
	}
	return memstore.None
}

// dies ends the process that has just done what it was to die after.
func (f *faults) dies() {
	if f.dying {
		f.dying = false
		panic(crashed{f.w.running})
	}
	if still := f.still; still > 0 {
		f.still = 0
		f.w.running.standStill(still)
	}
}

// Used counts how often each verb of the stores and each command ("line NAME")
// was used.
func (f *faults) Used() map[memstore.Verb]int { return maps.Clone(f.counts) }

// inspect lets the checks look into the stores.
func (f *faults) inspect(look func()) {
	f.inspecting = true
	look()
	f.inspecting = false
}

// disturb puts the disturbances that have a time on the clock.
func (w *World) disturb() {
	for _, d := range w.Plan.Faults {
		if d.Nth > 0 {
			continue
		}
		w.pending++
		w.clock.After(d.At, func() {
			w.pending--
			w.struck = w.clock.Now()
			w.tell("%s", d.Kind)
			w.befall(d)
		})
	}
}

func (w *World) befall(d Disturbance) {
	p := w.alive()
	switch d.Kind {
	case StoreAway:
		w.awayTill = w.clock.Now().Add(d.For)
	case VoiceAway:
		w.muteTill = w.clock.Now().Add(d.For)
	case RegisterAway:
		w.shutTill = w.clock.Now().Add(d.For)
	case ExchangeDies:
		w.exchange.Crash()
		for _, p := range w.processes {
			if !p.dead && p.connected {
				p.disconnected()
			}
		}
		w.listener = nil
		w.pending++
		w.clock.After(d.For, func() { w.pending--; w.exchange.Start() })
	case ProcessDies:
		if p != nil {
			p.die("is killed")
		}
	case TwoProcesses:
		w.start()
	case Freeze:
		if p != nil {
			p.frozen = w.clock.Now().Add(d.For)
		}
		w.clock.After(w.restartAfter, w.start)
	case Sweeps:
		w.asked(func(p *process) { _, _ = p.tickets.Sweep(context.Background(), tenant, w.serve.Queue) })
	case Withdraws:
		w.withdraw()
	case PhoneDead:
		w.agents[0].Silent = true
		w.probe()
		w.pending++
		w.clock.After(d.For, func() { w.pending--; w.agents[0].Silent = false; w.probe() })
	case LineBreaks:
		if lines := w.exchange.Lines(); len(lines) > 0 {
			lines[w.dice.IntN(len(lines))].Break()
		}
	}
}

// withdraw is another system that takes back a call that is still to be made.
func (w *World) withdraw() {
	for _, t := range w.Tickets() {
		if t.State == queue.Pending || t.State == queue.Due {
			w.asked(func(p *process) { _, _ = p.tickets.Withdraw(context.Background(), tenant, t.ID) })
			return
		}
	}
}

// probe tells whether the first agent's telephone answers, until that is heard.
func (w *World) probe() {
	err := errNobody
	w.asked(func(p *process) {
		err = p.tickets.Phones(context.Background(), tenant, map[string]bool{w.agents[0].Name: !w.agents[0].Silent})
	})
	if err != nil {
		w.clock.After(5*time.Second, w.probe)
	}
}

// trunk is the carrier that fails.
func (w *World) trunk(c call.Command) (cause, sip int) {
	if c.Agent != "" || !w.dice.Chance(w.Trunk) {
		return 0, 0
	}
	w.tell("the trunk fails")
	return 38, 503
}

// who is at a number, or an agent's telephone.
func (w *World) who(c call.Command) (town.Telephone, bool) {
	for _, a := range w.agents {
		if c.Agent == a.Name {
			return a, true
		}
	}
	h, ok := w.byNumber[c.Number]
	return h, ok
}
