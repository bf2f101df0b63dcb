package town

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"richiamo/internal/call"
)

// Perform implements call.Line.
func (x *Exchange) Perform(_ context.Context, c call.Command) error {
	fault := NoFault
	if x.Op != nil {
		fault = x.Op(c.Op, false)
	}
	if !x.up || fault == Refused {
		return fmt.Errorf("%w: %s", ErrFault, c.Op)
	}
	err := x.do(c)
	if x.Op != nil {
		x.Op(c.Op, true)
	}
	if err == nil && fault == Lost {
		return fmt.Errorf("%w: %s", ErrFault, c.Op)
	}
	return err
}

func (x *Exchange) do(c call.Command) error {
	switch c.Op {
	case call.DoCreate:
		return x.create(c)
	case call.DoJoin:
		return x.join(c)
	}
	l := x.lines[c.Channel]
	if l == nil {
		return call.ErrGone
	}
	switch c.Op {
	case call.DoAnswer:
		l.up = true
	case call.DoPlay:
		return x.play(l, c)
	case call.DoStop:
		if l.playing == c.Playback {
			x.stop(l)
		}
	case call.DoMusic:
		x.tell("%s hears music", l.ID)
		l.music = true
	case call.DoQuiet:
		l.music = false
	case call.DoPress:
		x.tell("%s: keys are sent", l.ID)
	case call.DoDial:
		return x.dial(l, c)
	case call.DoPart:
		for _, m := range slices.Clone(x.bridges[c.Bridge]) {
			x.leave(m)
		}
	case call.DoRecord:
		x.record(l, c)
	case call.DoCease:
		if l.recording == c.Recording {
			x.recorded(l, 0)
		}
	case call.DoHangup:
		x.tell("%s is hung up", l.ID)
		if x.Hangs != nil {
			x.Hangs(l)
		}
		x.end(l, 16, 0)
		return nil
	case call.DoContinue: // the dialplan apologises and notes the number
		if l.Number != "" && l.Inbound {
			x.notebook = append(x.notebook, Note{Key: l.ID, Number: l.Number, At: x.clock.Now()})
		}
		x.tell("%s is given back", l.ID)
		x.end(l, 16, 0)
		return nil
	default:
		return fmt.Errorf("town: no command %q", c.Op)
	}
	l.cared()
	return nil
}

// create makes a line towards a citizen or an agent, which does not ring yet.
func (x *Exchange) create(c call.Command) error {
	if x.lines[c.Channel] != nil {
		return call.ErrTaken
	}
	to, ok := x.Who(c)
	if !ok {
		to = nobody{}
	}
	l := x.add(&Line{ID: c.Channel, Phone: to, Number: c.Number, Agent: c.Agent, args: []string{"dialled"}})
	x.event(call.Event{Kind: call.Entered, Channel: l.ID, Args: l.args})
	return nil
}

// dial rings a line that was created.
func (x *Exchange) dial(l *Line, c call.Command) error {
	if l.dialled {
		return fmt.Errorf("town: %s was dialled before", l.ID)
	}
	l.dialled = true
	cause, sip := 0, 0
	if x.Fails != nil {
		cause, sip = x.Fails(call.Command{Op: call.DoCreate, Channel: l.ID, Number: l.Number, Agent: l.Agent})
	}
	if cause != 0 || sip != 0 {
		x.clock.After(200*time.Millisecond, func() { l.Refuse(cause, sip) })
		return nil
	}
	x.Rings[l.ID]++
	x.tell("%s rings", l.ID)
	if x.Rang != nil {
		x.Rang(l)
	}
	l.Phone.Ring(l)
	x.clock.After(c.For, func() { l.Refuse(19, 0) })
	return nil
}

// play begins to play; the line goes on by itself when it is over. A line that
// plays already would play it afterwards: nobody wants that, so it is told.
func (x *Exchange) play(l *Line, c call.Command) error {
	if l.playing != "" {
		if x.Late != nil {
			x.Late(l, c.Playback)
		}
		x.stop(l)
	}
	what, figures, total := x.voice.Listen(c.Media)
	l.playing = c.Playback
	l.plays++
	n := l.plays
	x.clock.After(total, func() {
		if !l.gone && l.plays == n && l.playing == c.Playback {
			x.stop(l)
		}
	})
	l.cared()
	if !silent(what) && x.Told != nil {
		for _, s := range what {
			x.tell("%s hears %s", l.ID, s.Prompt)
		}
	}
	if len(what) > 0 {
		l.Last = what[len(what)-1].Prompt
	}
	if x.Spoke != nil {
		x.Spoke(l, what, figures)
	}
	l.Phone.Hear(l, what, figures)
	return nil
}

// stop ends what is played.
func (x *Exchange) stop(l *Line) {
	name := l.playing
	l.playing = ""
	l.cared()
	x.event(call.Event{Kind: call.Played, Channel: l.ID, Playback: name})
}

// join has exactly these lines connected with each other. Members that are no
// more are left out, and none is missed: their own events tell.
func (x *Exchange) join(c call.Command) error {
	for _, m := range slices.Clone(x.bridges[c.Bridge]) {
		if !slices.Contains(c.Members, m.ID) {
			x.leave(m)
		}
	}
	for _, id := range c.Members {
		m := x.lines[id]
		if m == nil {
			return call.ErrGone
		}
		m.music = false
		if m.bridge != c.Bridge {
			x.leave(m)
			m.bridge = c.Bridge
			x.bridges[c.Bridge] = append(x.bridges[c.Bridge], m)
		}
		m.cared()
	}
	members := x.bridges[c.Bridge]
	x.tell("%s speak with each other", strings.Join(c.Members, ", "))
	if x.Joins != nil {
		x.Joins(members)
	}
	for _, m := range members {
		m.cared()
		m.Talked = m.Talked || len(members) > 1
		m.Phone.Joined(m, len(members) > 1)
	}
	return nil
}

// silenceEnds is how long somebody is silent before a recording ends.
const silenceEnds = 3 * time.Second

// record takes down what is spoken, until nothing is any more.
func (x *Exchange) record(l *Line, c call.Command) {
	l.recording = c.Recording
	spoken := min(l.Phone.Speak(l, c.For), c.For)
	x.clock.After(min(spoken+silenceEnds, c.For), func() {
		if !l.gone && l.recording == c.Recording {
			x.recorded(l, spoken)
		}
	})
}

func (x *Exchange) recorded(l *Line, spoken time.Duration) {
	name := l.recording
	l.recording = ""
	l.cared()
	x.event(call.Event{Kind: call.Recording, Channel: l.ID, Name: name, Seconds: int(spoken / time.Second)})
}

// nobody is a number that no telephone has.
type nobody struct{}

func (nobody) Ring(l *Line)                                      { l.x.clock.After(300*time.Millisecond, func() { l.Refuse(1, 404) }) }
func (nobody) Hear(*Line, []Said, string)                        {}
func (nobody) Speak(*Line, time.Duration) (spoken time.Duration) { return 0 }
func (nobody) Joined(*Line, bool)                                {}
func (nobody) Over(*Line)                                        {}
