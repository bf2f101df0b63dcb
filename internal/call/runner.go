// Package call is the life of a call: it owns the line, gathers keys, steps
// the conversation, saves, acts, and takes calls up again after a crash.
//
// A call is known by one name everywhere: its record in the Store, its journal,
// the citizen's channel at the exchange, and (with a suffix) everything that it
// makes there. The Runner routes what happens by that name to one of its workers;
// a worker does one thing after the other, so a call has no locks.
//
// One turn of a call:
//
//	event ─▶ worker ─▶ gatherer ─▶ dialogue.Step ─▶ Store.Save ─▶ score ─▶ Line
//	 (key)            (an entry)   (journal', turn)   (on disk)    (parts)  (play)
//
// The journal is saved before anything that follows from it is done. What is to
// be done is not saved: it follows from the journal by replay, so a process that
// adopts the call does what the dead one would have done, by the same code.
//
// Besides the citizen there can be parties on a call: an agent, and a helper of the
// agent's (party.go). The conversation says who is to be connected with whom, as a
// whole and not as a change; one bridge at the exchange is made to fit.
//
// What can go wrong with a process is dealt with in three places: its successor
// takes its calls up (adopt.go); a call that kills processes is set aside, so that
// it ends no other call (trial.go); and what was lost in between, an event or a write,
// is found by comparing the exchange, the store and this process (sweep.go).
//
// When the store is away a call goes on from memory: nobody is cut off, and no
// promise can be made, because a promise is a request that the store itself has
// to answer. Only one thing is never done from memory: dialling a citizen.
//
// The right to write the calls of an exchange is a term, taken at the start and
// named by every write. A process whose term is over is refused by the store and
// falls silent; before a command to the exchange it makes sure of it (right.go).
package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"richiamo/internal/dialogue"
)

// Host receives calls: it knows tenants.
type Host interface {
	// Receive says which conversation an inbound channel gets. An error hangs
	// it up.
	Receive(c Channel) (Reception, error)
	// Voice is the catalogue of a language.
	Voice(language string) Voice
	// Telephone names the telephone at which an agent is to be rung now.
	Telephone(tenant, agent string) string
}

// Reception is how a call begins.
type Reception struct {
	Tenant   string
	Language string
	Script   string
	Begin    json.RawMessage // flow.Begin
}

// Outbound is a call to be made: the ticket's, named ticket-attempt.
type Outbound struct {
	Reception
	ID     string
	Ticket string
	Token  int
	Number string // to be dialled, national form
	Shown  string // the number that the citizen sees, national form
}

// Observer hears what becomes of calls, to be counted. Its methods return at
// once.
type Observer interface {
	CallStarted(script string)
	CallEnded(script, how string)
	// CallAdopted: a call was taken up after a fault; how is what became of it:
	// "alive", "gone", or "aside" when it has killed two processes.
	CallAdopted(how string)
	// Swept: something did not fit and was mended; see Sweep for the kinds.
	Swept(kind string)
}

// Stopwatch hears how long things took. Its methods return at once.
type Stopwatch interface {
	Stepped(d time.Duration)
	Saved(d time.Duration, err error)
	Requested(name, outcome string, d time.Duration)
	// Reacted: from a key to the command that plays what follows it.
	Reacted(d time.Duration)
}

// Config is what a Runner needs. Observer, Stopwatch, Logger, Workers, Now and
// Beside may be left out.
type Config struct {
	Node    string
	Scripts []dialogue.Script
	Rescue  string // the script for a conversation that can't go on

	Host    Host
	Line    Line
	Store   Store
	Nodes   Nodes
	Outside Outside

	// AfterKey is the silence before a prompt that follows a key: the keypad
	// may be in the handset. AfterAnswer is the one before the first word of a
	// call of ours, BeforeEnd the one between the last word and the end of any.
	AfterKey, AfterAnswer, BeforeEnd time.Duration

	Workers   int              // 0: 64
	Now       func() time.Time // nil: time.Now
	Observer  Observer
	Stopwatch Stopwatch
	Logger    *slog.Logger

	// Beside has a function done later by somebody who keeps the time itself,
	// a simulation say; nil: goroutines and timers do. See Work.
	Beside func(after time.Duration, do func())
}

// Errors of a Runner.
var (
	// ErrSuperseded means that another process has taken the exchange.
	ErrSuperseded = errors.New("call: another process has taken the exchange over")
)

// Runner runs the calls of one exchange.
type Runner struct {
	cfg     Config
	scripts map[string]dialogue.Script
	workers []*worker
	seed    maphash.Seed
	term    atomic.Int64
	began   time.Time
	right   atomic.Int64 // since began: when the term was last shown to be the present one

	ctx        context.Context
	cancel     context.CancelCauseFunc
	background sync.WaitGroup
	live       sync.Map // call id -> struct{}
	count      atomic.Int64
	looks      atomic.Int64 // of Sweep

	strict atomic.Bool   // suspects are tried one at a time
	trial  chan struct{} // holds one while one is tried
}

// NewRunner makes a Runner; Start sets it to work.
func NewRunner(cfg Config) *Runner {
	switch {
	case cfg.Beside != nil:
		cfg.Workers = 1 // one order, whatever the calls are named
	case cfg.Workers == 0:
		cfg.Workers = 64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	if cfg.Stopwatch == nil {
		cfg.Stopwatch = nobody{}
	}
	r := &Runner{cfg: cfg, scripts: map[string]dialogue.Script{}, seed: maphash.MakeSeed(), trial: make(chan struct{}, 1)}
	for _, s := range cfg.Scripts {
		r.scripts[s.Name] = s
	}
	return r
}

// Start takes the exchange and begins to work. It fails if the store does not
// give the exchange's term.
func (r *Runner) Start(ctx context.Context) error {
	r.began = r.now()
	term, err := r.cfg.Nodes.Take(ctx, r.cfg.Node)
	if err != nil {
		return fmt.Errorf("take the exchange %s: %w", r.cfg.Node, err)
	}
	r.term.Store(term)
	r.ctx, r.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	for range r.cfg.Workers {
		w := &worker{r: r, inbox: newMailbox(), calls: map[string]*live{}, doubts: map[string]doubt{}}
		r.workers = append(r.workers, w)
		if r.driven() {
			continue
		}
		r.background.Add(1)
		go func() {
			defer r.background.Done()
			w.run()
		}()
	}
	return nil
}

// Stop lets go of all calls and returns when nothing of them is going on in
// this process. The callers stay on the line: whoever starts next adopts them.
func (r *Runner) Stop() {
	if r.cancel == nil {
		return
	}
	r.cancel(errors.New("stopped"))
	r.background.Wait()
}

// Done is closed when the Runner has stopped by itself: see Err.
func (r *Runner) Done() <-chan struct{} { return r.ctx.Done() }

// Err says why the Runner stopped: ErrSuperseded, or that it was told to.
func (r *Runner) Err() error { return context.Cause(r.ctx) }

// Live tells whether a call is alive here.
func (r *Runner) Live(call string) bool {
	_, ok := r.live.Load(call)
	return ok
}

// Count is the number of calls that are alive here.
func (r *Runner) Count() int { return int(r.count.Load()) }

// Event takes something that happened on a line. It never drops and never
// blocks.
func (r *Runner) Event(e Event) {
	id := owner(e.Channel)
	if e.Channel == "" {
		id = owner(e.Playback + e.Name)
	}
	r.worker(id).inbox.put(message{call: id, event: &e})
}

// Turn tells a waiting call that an agent is reserved for it. Saying it twice
// is harmless. ErrNotFound if the call is over.
func (r *Runner) Turn(call, agent string) error {
	if !r.Live(call) {
		return ErrNotFound
	}
	r.deliver(call, dialogue.Input{Kind: dialogue.YourTurn, Agent: agent})
	return nil
}

// Close tells a waiting call that the offices close. Saying it twice is
// harmless. ErrNotFound if the call is over.
func (r *Runner) Close(call string) error {
	if !r.Live(call) {
		return ErrNotFound
	}
	r.deliver(call, dialogue.Input{Kind: dialogue.Closing})
	return nil
}

// Cancel ends a call of ours: its citizen is on the line in another one. Nothing
// happens if it is over.
func (r *Runner) Cancel(call string) {
	if r.Live(call) {
		r.worker(call).inbox.put(message{call: call, cancel: true})
	}
}

// Wish tells a talk what its agent wants. ErrNotFound if the call is over.
func (r *Runner) Wish(call, agent string, verb dialogue.Verb, target string) error {
	if !r.Live(call) {
		return ErrNotFound
	}
	r.deliver(call, dialogue.Input{Kind: dialogue.Wished, Agent: agent, Verb: verb, Target: target})
	return nil
}

// Place begins a call of ours. It returns when the call is on disk; asking
// again for the same call is harmless.
func (r *Runner) Place(ctx context.Context, o Outbound) error {
	reply := make(chan error, 1)
	m := message{call: o.ID, place: &o, reply: reply}
	if r.driven() {
		r.worker(o.ID).handle(m)
	} else {
		r.worker(o.ID).inbox.put(m)
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return r.Err()
	}
}

// deliver hands an input to a call.
func (r *Runner) deliver(call string, in dialogue.Input) {
	in.At = r.now()
	r.worker(call).inbox.put(message{call: call, input: &in})
}

func (r *Runner) worker(call string) *worker {
	return r.workers[maphash.String(r.seed, call)%uint64(len(r.workers))]
}

// superseded ends all work here: the exchange is somebody else's.
func (r *Runner) superseded() { r.cancel(ErrSuperseded) }

// nobody is an Observer and a Stopwatch that hears nothing.
type nobody struct{}

func (nobody) CallStarted(string)                      {}
func (nobody) CallEnded(string, string)                {}
func (nobody) CallAdopted(string)                      {}
func (nobody) Swept(string)                            {}
func (nobody) Reacted(time.Duration)                   {}
func (nobody) Stepped(time.Duration)                   {}
func (nobody) Saved(time.Duration, error)              {}
func (nobody) Requested(string, string, time.Duration) {}

// Script is a conversation by the name that journals know it by; the zero
// Script if there is none.
func (r *Runner) Script(name string) dialogue.Script { return r.scripts[name] }
