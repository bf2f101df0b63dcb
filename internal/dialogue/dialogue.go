// Package dialogue is the engine of every conversation on the telephone.
//
// A conversation is written as an ordinary function, a Flow, that reads top to
// bottom as it is spoken: it says something, asks something, looks at the
// answer, goes on. It knows no clock, no telephone and no database. Whatever it
// learns it learns from inputs (a finished entry on the keypad, an answer from
// the registry, the agent's turn, a hang-up), and whatever it wants it leaves
// behind as actions (say this, look that up, ring the agent, hang up).
//
// The inputs of a call, in order, are its Journal, and the journal is the whole
// state of the call. Step runs the flow again from its first line with the
// inputs recorded so far plus one new input, and stops at the first question
// that has no answer yet. The actions left since the last answer, and the Wait
// that says which inputs the flow can take next, are the result:
//
//	journal + input ── Step ──▶ journal' + Turn{actions, wait}
//
// So a call can be saved as one JSON value after every step, be taken up by
// another process after a crash, and be read like a transcript.
//
// What a flow must keep to, because it is run again at every step:
//
//   - no defer: the function is unwound at every question. What must happen
//     when the caller hangs up is declared with OnHangup.
//   - no range over a map, no clock, no dice, nothing kept outside: the same
//     inputs must lead to the same questions. Step finds a flow that breaks this
//     by an input that does not fit the question it meets, and refuses it.
//   - when the order of its questions changes, its Version grows: a journal of
//     another version is refused with ErrVersion, never half replayed.
package dialogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"richiamo/internal/speech"
)

// A Flow is a conversation: a function that is run from the top at each step.
type Flow func(c *Conversation)

// A Script is a flow under the name and version by which journals know it.
type Script struct {
	Name    string
	Version int
	Flow    Flow
}

// A Journal is the whole state of a conversation: which script, and all that
// it has learnt, oldest first.
type Journal struct {
	Script  string  `json:"script"`
	Version int     `json:"version"`
	Inputs  []Input `json:"inputs"`
}

// MaxInputs bounds a journal: no honest call comes near it, and a machine that
// keeps a line busy for ever is given to a person instead.
const MaxInputs = 500

// Errors of Step. With any of them the journal is left as it was, and the
// caller of Step hands the citizen to a person.
var (
	ErrVersion  = errors.New("dialogue: the journal was written by another version of the script")
	ErrDiverged = errors.New("dialogue: the journal does not replay: a recorded input does not fit the question it meets")
	ErrTooLong  = errors.New("dialogue: the journal is full")
	ErrPanic    = errors.New("dialogue: the flow panicked")
)

// A Turn is what a step leaves: the actions to perform in order, and what the
// conversation waits for afterwards.
type Turn struct {
	Actions []Action `json:"actions"`
	Wait    Wait     `json:"wait"`

	// Ended is true when the flow has come to its end. Its last action has
	// then hung up, and nothing is waited for.
	Ended bool `json:"ended,omitempty"`

	// Ignored is true when the input did not fit what the flow waits for (it
	// came twice, or late). The journal has not grown and there are no actions.
	Ignored bool `json:"-"`
}

// New returns the empty journal of a script.
func New(s Script) Journal { return Journal{Script: s.Name, Version: s.Version} }

// Step feeds one input to a conversation. It returns the journal grown by the
// input, and the turn. The journal passed in is never changed.
func Step(s Script, j Journal, in Input) (Journal, Turn, error) {
	if j.Script != s.Name || j.Version != s.Version {
		return j, Turn{}, fmt.Errorf("%w: journal %s v%d, script %s v%d", ErrVersion, j.Script, j.Version, s.Name, s.Version)
	}
	if len(j.Inputs) >= MaxInputs && in.Kind != Hangup {
		return j, Turn{}, ErrTooLong
	}
	inputs := make([]Input, 0, len(j.Inputs)+1)
	inputs = append(append(inputs, j.Inputs...), in)
	c := &Conversation{inputs: inputs}
	if err := c.run(s.Flow); err != nil {
		return j, Turn{}, err
	}
	if c.next < len(inputs) { // the last input was met by a question that cannot take it, or by the end
		if c.next < len(inputs)-1 {
			return j, Turn{}, ErrDiverged
		}
		return j, Turn{Wait: c.wait, Ended: c.ended, Ignored: true}, nil
	}
	j.Inputs = inputs
	return j, Turn{Actions: c.actions, Wait: c.wait, Ended: c.ended}, nil
}

// Look replays a journal without a new input and returns what the conversation
// waits for, with the actions of its last step: what an adopter starts from.
func Look(s Script, j Journal) (Turn, error) {
	if j.Script != s.Name || j.Version != s.Version {
		return Turn{}, fmt.Errorf("%w: journal %s v%d, script %s v%d", ErrVersion, j.Script, j.Version, s.Name, s.Version)
	}
	c := &Conversation{inputs: j.Inputs}
	if err := c.run(s.Flow); err != nil {
		return Turn{}, err
	}
	if c.next < len(j.Inputs) {
		return Turn{}, ErrDiverged
	}
	return Turn{Actions: c.actions, Wait: c.wait, Ended: c.ended}, nil
}

// Conversation is what a flow speaks and listens through.
type Conversation struct {
	inputs  []Input
	next    int // index of the first input not taken yet
	now     time.Time
	actions []Action // left since the last input
	serial  int      // numbers requests and legs in the order in which the flow asks for them
	resumes int
	wait    Wait
	ended   bool
	gone    bool // the caller has hung up; only requests are still answered
	lost    bool // nobody hung up: the line was lost

	onHangup func(*Conversation)
	onResume func(*Conversation, Wait)
}

// The ways in which a flow is unwound before its end.
type (
	suspended struct{}            // at a question that has no answer yet
	hungUp    struct{}            // at a question that was answered by a hang-up
	elsewhere struct{ then Flow } // at GoTo
)

// run plays the flow, and whatever it goes over to, until it suspends, ends or
// fails.
func (c *Conversation) run(flow Flow) (err error) {
	for flow != nil && err == nil {
		flow, err = c.protect(flow)
	}
	return err
}

// protect runs one function of the conversation and tells its ends apart: it
// returned, it waits, it went over to another function, the caller hung up, it
// broke.
func (c *Conversation) protect(f Flow) (next Flow, err error) {
	c.ended = false
	defer func() {
		switch r := recover().(type) {
		case nil:
			c.ended = true
			c.wait = Wait{}
		case suspended:
		case elsewhere:
			next = r.then
		case hungUp:
			next, c.onHangup = Flow(c.onHangup), nil
			c.ended = next == nil
		case error:
			err = fmt.Errorf("%w: %w", ErrPanic, r)
			if errors.Is(r, ErrDiverged) {
				err = r
			}
		default:
			err = fmt.Errorf("%w: %v", ErrPanic, r)
		}
	}()
	f(c)
	return nil, nil
}

// Now is the time of the input that the flow has just taken.
func (c *Conversation) Now() time.Time { return c.now }

// Resumes counts how often this call was taken up again after a fault.
func (c *Conversation) Resumes() int { return c.resumes }

// Lost tells whether the caller's line was lost: the exchange died with it, and
// nobody hung up.
func (c *Conversation) Lost() bool { return c.lost }

// OnHangup declares what to do when the caller hangs up from here on; it
// replaces what was declared before. The function may make requests; it can
// neither say nor ask.
func (c *Conversation) OnHangup(f func(*Conversation)) { c.onHangup = f }

// OnResume declares what is said when the call is taken up again after a
// fault, before the open question is put once more.
func (c *Conversation) OnResume(f func(*Conversation, Wait)) { c.onResume = f }

// Say leaves an utterance to be said.
func (c *Conversation) Say(id speech.ID, slots ...speech.Slot) {
	c.leave(Action{Kind: Say, Say: speech.Say(id, slots...)})
}

// Do leaves an action that needs no answer.
func (c *Conversation) Do(a Action) { c.leave(a) }

// GoTo leaves the function that is running, from however deep, and makes f the
// rest of the conversation: a caller who presses 0 goes to a person from
// wherever that was.
func (c *Conversation) GoTo(f Flow) { panic(elsewhere{f}) }

// leave keeps an action for the turn; a caller who has gone hears no more.
func (c *Conversation) leave(a Action) {
	if c.gone && a.Kind != Request && a.Kind != Drop {
		return
	}
	c.actions = append(c.actions, a)
}

// Serial gives the next number of the conversation: requests and legs are
// named by it, so that a repeated step names them the same.
func (c *Conversation) Serial() int {
	c.serial++
	return c.serial
}

// Await suspends the flow until an input comes that w accepts. A call that is
// taken up again after a fault runs again, which must leave the actions that put
// the open question once more; it may be nil where nothing needs repeating.
func (c *Conversation) Await(w Wait, again func()) Input {
	c.wait = w
	for {
		if c.next == len(c.inputs) {
			panic(suspended{})
		}
		in := c.inputs[c.next]
		switch {
		case in.Kind == Hangup && !c.gone:
			c.take(in)
			c.gone, c.lost = true, in.Failed
			panic(hungUp{})
		case in.Kind == Resumed && !c.gone:
			c.take(in)
			c.resumes++
			if c.onResume != nil {
				c.onResume(c, w)
			}
			if again != nil {
				again()
			}
			continue
		case in.Kind == Resumed: // only requests are open once the caller has gone
			c.take(in)
			if again != nil {
				again()
			}
			continue
		case !w.Accepts(in):
			if c.next < len(c.inputs)-1 {
				panic(ErrDiverged)
			}
			panic(suspended{})
		}
		c.take(in)
		return in
	}
}

// take accepts the next input: what was left before it has been done.
func (c *Conversation) take(in Input) {
	c.next++
	c.now = in.At
	c.actions = nil
}

// NewRequest names a request to the outside, without making it yet. However
// often it is made, it is one request and gets one answer.
func (c *Conversation) NewRequest(name string, body any) Action {
	payload, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Errorf("request %s: %w", name, err))
	}
	c.serial++
	return Action{Kind: Request, Request: name, Serial: c.serial, Payload: payload}
}

// Tell makes a request whose answer nobody waits for: it is made again until it
// succeeds or the call is over.
func (c *Conversation) Tell(name string, body any) {
	a := c.NewRequest(name, body)
	a.Told = true
	c.leave(a)
}

// Ask makes a request and waits for its answer; see Try.
func Ask[A any](c *Conversation, name string, body any) (answer A, ok bool) {
	return Try[A](c, c.NewRequest(name, body))
}

// Try makes a request and waits for its answer, saying now and then that it
// takes a moment. When the outside does not answer in time, or says that it
// can't, ok is false.
func Try[A any](c *Conversation, request Action) (answer A, ok bool) {
	again := func() { c.leave(request) }
	again()
	w := Wait{For: ForAnswer, Serial: request.Serial, Limit: Patience}
	for said := 0; ; said++ {
		in := c.Await(w, again)
		switch {
		case in.Kind == Timeout && said < maxMoments:
			c.Say(speech.CommonMoment)
			w.Limit = MomentEvery
		case in.Kind == Timeout || in.Failed:
			return answer, false
		default:
			Decode(in, &answer)
			return answer, true
		}
	}
}

// How long a request may take: after Patience the caller is told that it takes
// a moment, again every MomentEvery, three times; then it counts as refused.
const (
	Patience    = time.Second
	MomentEvery = 6 * time.Second
	maxMoments  = 3
)

// An Exchange is one step of a conversation that is over: what was heard, and
// what was done of it.
type Exchange struct {
	Input Input
	Turn  Turn
}

// Transcript replays a journal step by step.
func Transcript(s Script, j Journal) ([]Exchange, error) {
	steps := make([]Exchange, 0, len(j.Inputs))
	at := New(s)
	at.Version = j.Version
	for _, in := range j.Inputs {
		next, turn, err := Step(s, at, in)
		if err != nil {
			return steps, err
		}
		at = next
		steps = append(steps, Exchange{in, turn})
	}
	return steps, nil
}
