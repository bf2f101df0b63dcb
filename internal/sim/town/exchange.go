package town

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/speech"
)

// Telephone is whoever stands at the other end of a line.
type Telephone interface {
	// Ring begins to ring; the telephone answers, refuses, or lets it ring.
	Ring(l *Line)
	// Hear is something that begins to be played on the line. what is empty
	// when it is silence alone; figures are those read out in it.
	Hear(l *Line, what []Said, figures string)
	// Speak is asked for the caller's voice, for most at the most; it tells
	// for how long there was one.
	Speak(l *Line, most time.Duration) time.Duration
	// Joined is the line being connected with another one, or parted.
	Joined(l *Line, with bool)
	// Over is the line being no more.
	Over(l *Line)
}

// Watch hears what the exchange does, so that it can be judged. Each may be nil.
type Watch struct {
	Rang  func(l *Line)                                     // a telephone begins to ring
	Spoke func(l *Line, what []Said, figures string)        // something begins to be played
	Hangs func(l *Line)                                     // the service hangs a line up
	Ended func(l *Line)                                     // a line is no more
	Told  func(format string, args ...any)                  // everything, for a history
	Late  func(l *Line, playback string)                    // something is played while another is heard
	Joins func(members []*Line)                             // these lines are connected from now on
	Op    func(op call.Op, done bool) (fault Fault)         // before a command is done, and after; may panic
	Fails func(create call.Command) (cause, sip int)        // the carrier's own failures; 0, 0: none
	Who   func(create call.Command) (to Telephone, ok bool) // who is at a number, or an agent's telephone
}

// Fault is what befalls a command.
type Fault int

// The faults of a command.
const (
	NoFault Fault = iota
	Refused       // it was not done, and that is not known
	Lost          // it was done, and that is not known
)

// ErrFault is in the error of a command that a fault has befallen.
var ErrFault = errors.New("town: the exchange does not answer")

// Exchange is call.Line in memory.
type Exchange struct {
	Watch
	clock *Clock
	voice *Voice

	up       bool
	listener func(call.Event)
	lines    map[string]*Line
	bridges  map[string][]*Line
	calls    int
	notebook []Note
	// Rings counts how often each channel has rung, for ever.
	Rings map[string]int
	// Most is the most lines that were in use at a time.
	Most int
}

// Note is a number that was taken down while nobody served calls.
type Note struct {
	Key    string
	Number string
	At     time.Time
}

// Line is a channel with the telephone at its other end.
type Line struct {
	ID      string
	Phone   Telephone
	Number  string // of the citizen, national form; empty when withheld, and of an agent
	Agent   string // of an agent's telephone
	Inbound bool
	Begun   time.Time
	// Alone is since when nothing has been played to, recorded from or connected
	// with the line since it is up; zero: something is.
	Alone time.Time
	// Last is the last prompt that was said on the line, Talked whether it was ever
	// connected with another one.
	Last   speech.ID
	Talked bool

	x         *Exchange
	up        bool
	dialled   bool
	gone      bool
	args      []string
	playing   string // the playback
	plays     int    // names the playback that is going on, also when names come again
	music     bool
	recording string
	bridge    string
}

// NewExchange is an exchange that is up, without lines.
func NewExchange(clock *Clock, voice *Voice, watch Watch) *Exchange {
	return &Exchange{
		Watch: watch, clock: clock, voice: voice, up: true,
		lines: map[string]*Line{}, bridges: map[string][]*Line{}, Rings: map[string]int{},
	}
}

// Listen makes somebody the one to whom events are told; nil: nobody.
func (x *Exchange) Listen(listener func(call.Event)) { x.listener = listener }

// Up tells whether the exchange runs.
func (x *Exchange) Up() bool { return x.up }

// Crash ends the exchange, and with it all lines; nobody is told but those on
// the telephone. Until it is started again it answers nothing.
func (x *Exchange) Crash() {
	x.tell("the exchange dies with %d lines", len(x.lines))
	x.up, x.listener = false, nil
	for _, l := range x.Lines() {
		x.forget(l)
	}
	clear(x.bridges)
}

// Start starts an exchange that has died. It has no lines.
func (x *Exchange) Start() {
	x.tell("the exchange is back")
	x.up = true
}

// Lines lists what lines there are, in the order of their names.
func (x *Exchange) Lines() []*Line {
	all := slices.Collect(maps.Values(x.lines))
	slices.SortFunc(all, func(a, b *Line) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Each goes through the lines, in any order.
func (x *Exchange) Each(f func(*Line)) {
	for _, l := range x.lines {
		f(l)
	}
}

// Count is how many lines there are.
func (x *Exchange) Count() int { return len(x.lines) }

// Line finds a line; nil if there is none.
func (x *Exchange) Line(id string) *Line { return x.lines[id] }

// Bridged lists the lines that are connected with a line, itself included.
func (x *Exchange) Bridged(l *Line) []*Line { return x.bridges[l.bridge] }

// Notes lists what is noted.
func (x *Exchange) Notes() []Note { return slices.Clone(x.notebook) }

// Erase takes a note out, once it is kept elsewhere.
func (x *Exchange) Erase(key string) {
	x.notebook = slices.DeleteFunc(x.notebook, func(n Note) bool { return n.Key == key })
}

// Call is a telephone that calls the service at its number dialled. number is the
// caller's, empty when withheld. nil comes back when there is no line: the exchange is down, or nobody serves calls,
// in which case it has noted the number.
func (x *Exchange) Call(from Telephone, number, dialled string) *Line {
	if !x.up {
		return nil
	}
	x.calls++
	id := "in" + strconv.Itoa(x.calls)
	if x.listener == nil {
		if number != "" {
			x.notebook = append(x.notebook, Note{Key: id, Number: number, At: x.clock.Now()})
		}
		return nil
	}
	l := x.add(&Line{ID: id, Phone: from, Number: number, Inbound: true, args: []string{"in", number, dialled}})
	x.event(call.Event{Kind: call.Entered, Channel: id, Args: l.args, Caller: number})
	return l
}

func (x *Exchange) add(l *Line) *Line {
	l.x, l.Begun = x, x.clock.Now()
	x.lines[l.ID] = l
	x.Most = max(x.Most, len(x.lines))
	return l
}

// eventAfter is how long an event takes to be told.
const eventAfter = 2 * time.Millisecond

// event tells whoever listens then.
func (x *Exchange) event(e call.Event) {
	e.At = x.clock.Now()
	x.clock.After(eventAfter, func() {
		if x.listener != nil {
			x.listener(e)
		}
	})
}

func (x *Exchange) tell(format string, args ...any) {
	if x.Told != nil {
		x.Told(format, args...)
	}
}

// cared notes whether the line is looked after now.
func (l *Line) cared() {
	switch {
	case !l.up || l.playing != "" || l.music || l.recording != "" || len(l.x.bridges[l.bridge]) > 1:
		l.Alone = time.Time{}
	case l.Alone.IsZero():
		l.Alone = l.x.clock.Now()
	}
}

// end takes a line away and tells so.
func (x *Exchange) end(l *Line, cause, sip int) {
	if l.gone {
		return
	}
	x.forget(l)
	x.event(call.Event{Kind: call.Left, Channel: l.ID, Cause: cause, SIP: sip})
}

// forget takes a line away.
func (x *Exchange) forget(l *Line) {
	l.gone = true
	x.leave(l)
	delete(x.lines, l.ID)
	if x.Ended != nil {
		x.Ended(l)
	}
	l.Phone.Over(l)
}

// leave takes a line out of its bridge.
func (x *Exchange) leave(l *Line) {
	if l.bridge == "" {
		return
	}
	name := l.bridge
	members := slices.DeleteFunc(slices.Clone(x.bridges[name]), func(m *Line) bool { return m == l })
	l.bridge = ""
	if len(members) == 0 {
		delete(x.bridges, name)
		return
	}
	x.bridges[name] = members
	for _, m := range members {
		m.cared()
		if len(members) == 1 {
			m.Phone.Joined(m, false)
		}
	}
}

// Gone tells whether the line is no more.
func (l *Line) Gone() bool { return l == nil || l.gone }

// IsUp tells whether the line is up.
func (l *Line) IsUp() bool { return l.up }

// Rings tells whether the line was dialled and is not up.
func (l *Line) Rings() bool { return l.dialled && !l.up }

// Talks tells whether the line is connected with another one.
func (l *Line) Talks() bool { return len(l.x.bridges[l.bridge]) > 1 }

// Answer takes a call that rings.
func (l *Line) Answer() {
	if l.gone || l.up || !l.dialled {
		return
	}
	l.up = true
	l.cared()
	l.x.tell("%s is answered", l.ID)
	l.x.event(call.Event{Kind: call.Answered, Channel: l.ID})
}

// Press presses a key.
func (l *Line) Press(key byte) {
	if !l.gone && l.up {
		l.x.event(call.Event{Kind: call.Key, Channel: l.ID, Digit: key})
	}
}

// HangUp ends the line from its far end.
func (l *Line) HangUp() {
	if !l.gone {
		l.x.tell("%s hangs up", l.ID)
		l.x.end(l, 16, 0)
	}
}

// Refuse ends a call that rings, with what the network says of it.
func (l *Line) Refuse(cause, sip int) {
	if !l.gone && !l.up {
		l.x.tell("%s is refused (%d, %d)", l.ID, cause, sip)
		l.x.end(l, cause, sip)
	}
}

// Break is a line that breaks, by nobody's will.
func (l *Line) Break() {
	if !l.gone {
		l.x.tell("%s breaks", l.ID)
		l.x.end(l, 41, 0)
	}
}

func (l *Line) channel() call.Channel {
	return call.Channel{ID: l.ID, Up: l.up, Dialed: l.dialled, Bridge: l.bridge, Caller: l.caller(), Args: l.args}
}

func (l *Line) caller() string {
	if l.Inbound {
		return l.Number
	}
	return ""
}

// Channels implements call.Line.
func (x *Exchange) Channels(context.Context) ([]call.Channel, error) {
	if !x.up {
		return nil, ErrFault
	}
	var all []call.Channel
	for _, l := range x.Lines() {
		all = append(all, l.channel())
	}
	return all, nil
}

// Channel implements call.Line.
func (x *Exchange) Channel(_ context.Context, id string) (call.Channel, error) {
	if !x.up {
		return call.Channel{}, ErrFault
	}
	if l := x.lines[id]; l != nil {
		return l.channel(), nil
	}
	return call.Channel{}, call.ErrGone
}

// silent tells recordings in which nobody says anything.
func silent(what []Said) bool {
	return !slices.ContainsFunc(what, func(s Said) bool { return s.Prompt != speech.ToneRecord })
}
