package town

import "time"

// Manner is what an agent is like.
type Manner struct {
	Answers  time.Duration // how long the telephone rings, about
	Handles  time.Duration // a citizen, about
	WritesUp time.Duration // afterwards, about

	Misses, Rejects, Busy, Dead float64 // the chance of each when the telephone rings
	Pauses                      float64 // of a pause after a talk
	Leaves                      float64 // of logging out in the middle of a talk, to be gone after it
	Wishes                      float64 // of wanting more than to talk: hold, a colleague, another queue
}

// Office is where agents say what they do. It may fail; then it is tried again.
type Office interface {
	// State is what the office believes that an agent does; ok is false when it
	// can't be asked.
	State(agent string) (state string, ok bool)
	Ready(agent string) error
	Pause(agent string) error
	Away(agent string) error
	WroteUp(agent string) error
}

// Agent is a person of the call center, with a telephone. It is a Telephone.
type Agent struct {
	Name string
	Manner
	Clock  *Clock
	Dice   Dice
	Office Office
	// Wish has something done in a talk, and what follows it some seconds later
	// (again). It may be nil.
	Wish func(l *Line, agent string, again bool)
	// Pace is how many times as long as Handles a citizen takes, who is put through
	// now. It may be nil.
	Pace func() float64

	Works  bool          // logs in again when found away
	Silent bool          // the telephone is dead
	Talks  int           // had
	Talk   time.Duration // in all

	line   *Line
	joined bool
	began  time.Time
	last   string // the state when it was last looked at
	looks  int
	apart  bool // has asked for something that may part the lines for a while
}

// How often agents look at their screens: when something is going on, and when
// they wait for a call.
const (
	lookEvery  = 20 * time.Second
	lookSeldom = 10 * time.Minute
)

// LogIn begins the day.
func (a *Agent) LogIn() {
	a.Works = true
	_ = a.Office.Ready(a.Name) // found away, it is tried again
	a.Clock.After(lookEvery, a.look)
}

// LogOut ends it, after the talk that goes on.
func (a *Agent) LogOut() {
	a.Works = false
	if a.Office.Away(a.Name) != nil {
		a.Clock.After(5*time.Second, a.LogOut)
	}
}

// look mends what went past the agent: a state that lasts too long.
func (a *Agent) look() {
	if !a.Works {
		return
	}
	state, ok := a.Office.State(a.Name)
	next := lookEvery
	if ok && state == "ready" && state == a.last {
		next = lookSeldom
	}
	a.looks++
	this := a.looks
	a.Clock.After(next, func() {
		if a.looks == this {
			a.look()
		}
	})
	if !ok || a.line != nil {
		return
	}
	if state == a.last {
		switch state {
		case "wrap-up":
			_ = a.Office.WroteUp(a.Name)
		case "paused", "away":
			_ = a.Office.Ready(a.Name)
		}
	}
	a.last = state
}

// Ring implements Telephone. Whatever comes of it, the agent looks at the screen
// afterwards.
func (a *Agent) Ring(l *Line) {
	a.last = ""
	a.looks++
	this := a.looks
	a.Clock.After(2*lookEvery, func() {
		if a.looks == this {
			a.look()
		}
	})
	switch d := a.Dice; {
	case a.Silent, d.Chance(a.Dead):
		a.Clock.After(100*time.Millisecond, func() { l.Refuse(20, 0) })
	case a.line != nil, d.Chance(a.Busy):
		a.Clock.After(100*time.Millisecond, func() { l.Refuse(17, 486) })
	case d.Chance(a.Rejects):
		a.Clock.After(d.Around(a.Answers, 0.5), func() { l.Refuse(21, 603) })
	case d.Chance(a.Misses):
	default:
		a.line, a.joined = l, false
		a.Clock.After(d.Around(a.Answers, 0.5), func() {
			if a.line == l {
				l.Answer()
			}
		})
	}
}

// Hear implements Telephone.
func (a *Agent) Hear(*Line, []Said, string) {}

// Speak implements Telephone.
func (a *Agent) Speak(*Line, time.Duration) (spoken time.Duration) { return 0 }

// Speaks tells whether the agent is in a talk.
func (a *Agent) Speaks() bool { return a.line != nil && a.joined }

// Joined implements Telephone. An agent who is left alone hangs up.
func (a *Agent) Joined(l *Line, with bool) {
	switch {
	case l != a.line:
	case with && !a.joined:
		a.joined, a.began = true, a.Clock.Now()
		handles := a.Dice.Around(a.Handles, 0.4)
		if a.Pace != nil {
			handles = time.Duration(float64(handles) * a.Pace())
		}
		a.Clock.After(handles, func() {
			if a.line == l {
				l.HangUp()
			}
		})
		if a.Dice.Chance(a.Leaves) {
			a.Clock.After(time.Second, func() { _ = a.Office.Away(a.Name) })
		}
		if a.Wish != nil && a.Dice.Chance(a.Wishes) {
			a.wishes(l, false, a.Dice.Between(2*time.Second, 10*time.Second))
		}
	case !with:
		a.Clock.After(a.Dice.Between(time.Second, 3*time.Second), func() {
			if a.line == l && !l.Talks() && !a.apart {
				l.HangUp()
			}
		})
	}
}

// wishes has something done in a talk, and some seconds later what follows it.
func (a *Agent) wishes(l *Line, again bool, after time.Duration) {
	a.Clock.After(after, func() {
		if a.line != l || l.gone {
			return
		}
		a.apart = true
		a.Wish(l, a.Name, again)
		if !again {
			a.wishes(l, true, a.Dice.Between(5*time.Second, 25*time.Second))
			return
		}
		a.Clock.After(20*time.Second, func() {
			if a.line == l {
				a.apart = false
				a.Joined(l, l.Talks())
			}
		})
	})
}

// Over implements Telephone.
func (a *Agent) Over(l *Line) {
	if l != a.line {
		return
	}
	a.line, a.apart = nil, false
	if !a.joined {
		return
	}
	a.Talks++
	a.Talk += a.Clock.Now().Sub(a.began)
	a.Clock.After(a.Dice.Around(a.WritesUp, 0.4), func() {
		if a.line != nil {
			return
		}
		_ = a.Office.WroteUp(a.Name)
		if a.Dice.Chance(a.Pauses) {
			_ = a.Office.Pause(a.Name)
		}
	})
}
