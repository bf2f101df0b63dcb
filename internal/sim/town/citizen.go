package town

import (
	"time"

	"richiamo/internal/speech"
)

// Want is what a citizen calls for.
type Want int

// What citizens call for.
const (
	WantPerson   Want = iota // to speak with somebody
	WantRegister             // to be put on the list
	WantStatus               // to hear what there is under their name
)

// Temper is what a citizen is like.
type Temper struct {
	Wants    Want
	NoKeys   bool          // never presses a key
	Speaks   time.Duration // after the tone; 0: stays silent
	Finds    bool          // the keys, after all, while speaking
	Hidden   bool          // withholds the number
	Callback float64       // the chance of preferring to be called back, when it is offered first; who has given up once does
	Thinks   time.Duration // from a question to the key, about
	Patience time.Duration // on hold; then hangs up
	Talks    time.Duration // with an agent, at the most

	Slip   float64 // the chance of a wrong key at a question
	Dumb   float64 // of not answering a question
	Early  float64 // of pressing before the question is over
	Leaves float64 // of hanging up at a prompt

	Redials     int           // how often at the most, after a call that led nowhere
	RedialAfter time.Duration // about
	Impatient   float64       // the chance of calling again although a call is promised
	// Opens is when the offices open. Who is told before that they are closed, and
	// prefers no call, hangs up and calls again in the half hour after it. Zero: takes
	// what is offered.
	Opens time.Time

	Away, Engaged, Refuses float64       // the chance, when called, of nobody answering, a busy line, a refusal
	OutFrom, OutTill       int           // the hours of every day from and till which nobody is at home; equal: none
	FirstEngaged           int           // so many calls meet a busy line first
	Answers                time.Duration // how long it takes to get to the telephone
	Later, Stranger        float64       // the chance of "not now", and of it being somebody else's telephone
}

// Home is a telephone with a number that people share. Where there are none, it rings
// and nobody answers.
type Home struct {
	Number string // national form
	People []*Citizen
	Two    bool // it can be called, and call, while it is in use or rings

	lines map[*Line]bool
	rung  int
}

// Citizen is one person, in one conversation at a time.
type Citizen struct {
	Name string // for the history; nobody's
	Temper
	Home  *Home
	Dials string // the number of the service
	Keys  string // of the codice fiscale
	Card  string // its last figures
	Born  string // ddmmyyyy

	Clock    *Clock
	Dice     Dice
	Exchange *Exchange
	Told     func(format string, args ...any)

	Calls    int           // made by the citizen
	Redialed int           // of them, because a call led nowhere
	Helped   bool          // has spoken with somebody, is registered, or is promised a call
	Promised int           // how often a call was promised
	Spoken   int           // talks had
	Held     time.Duration // on the line, waiting for a person
	Wanted   int           // calls in which a person was asked for
	GaveUp   int           // of them, hung up before anybody answered, and without a promise
	Closed   int           // calls in which the offices were closed, and no call was wanted instead

	FirstCall, FirstTalk time.Time
	FirstSaved           time.Time       // when the citizen first heard that something is registered
	Answered             []time.Duration // how long each call waited that was answered by a person
	Planned              int             // calls that the citizen is still going to make

	line    *Line
	turn    int       // what was about to be pressed at an earlier turn is not pressed
	waits   time.Time // since when a person is waited for
	joined  bool
	rest    string // keys still to be pressed of an entry that was broken off
	promise bool   // in this call
	prefers bool   // in this call, to be called back
	wants   bool   // in this call, has asked for a person
	closed  bool   // in this call, has been told that the offices are closed
}

// plan lets the citizen call later.
func (c *Citizen) plan(after time.Duration) {
	c.Planned++
	c.Clock.After(after, func() { c.Planned--; c.Dial() })
}

// Dial calls the service now, or as soon as the telephone is free.
func (c *Citizen) Dial() {
	if c.line != nil || (len(c.Home.lines) > 0 && !c.Home.Two) {
		c.plan(c.Dice.Between(20*time.Second, 2*time.Minute))
		return
	}
	if c.Calls++; c.Calls == 1 {
		c.FirstCall = c.Clock.Now()
	}
	number := c.Home.Number
	if c.Hidden {
		number = ""
	}
	c.tell("calls")
	l := c.Exchange.Call(c, number, c.Dials)
	if l == nil {
		c.tell("is not answered")
		c.again(0.7)
		return
	}
	c.begin(l)
	l.up = true // it hears, as soon as it is answered; an exchange that answers late rings meanwhile
	l.cared()
}

func (c *Citizen) begin(l *Line) {
	c.line, c.waits, c.joined, c.rest, c.promise, c.wants, c.closed = l, time.Time{}, false, "", false, false, false
	c.prefers = c.Dice.Chance(c.Callback) || c.GaveUp > 0 && c.Callback > 0
	c.turn++
	c.Home.use(l)
}

func (h *Home) use(l *Line) {
	if h.lines == nil {
		h.lines = map[*Line]bool{}
	}
	h.lines[l] = true
}

// Ring implements Telephone: somebody of the house goes to the telephone. Who keyed a
// number with a wrong figure in it may have named a house in which nobody lives.
func (h *Home) Ring(l *Line) {
	if len(h.People) == 0 {
		return
	}
	c := h.whose()
	l.Phone = c
	h.rung++
	busy := len(h.lines) > 0
	d := c.Dice
	switch {
	case busy && !h.Two, h.rung <= c.FirstEngaged, d.Chance(c.Engaged):
		c.Clock.After(300*time.Millisecond, func() { l.Refuse(17, 486) })
	case d.Chance(c.Refuses):
		c.Clock.After(d.Between(time.Second, 10*time.Second), func() { l.Refuse(21, 603) })
	case busy, c.out(), d.Chance(c.Away):
		c.tell("does not answer")
	default:
		h.use(l)
		c.Clock.After(d.Around(c.Answers, 0.5), func() {
			if l.gone || c.line != nil {
				return
			}
			c.begin(l)
			l.Answer()
		})
	}
}

// out tells whether it is an hour at which nobody is at home.
func (c *Citizen) out() bool {
	hour := c.Clock.Now().Hour()
	return c.OutFrom <= hour && hour < c.OutTill
}

// whose is who goes to the telephone: a free hand, whoever expects a call first.
func (h *Home) whose() *Citizen {
	who := h.People[0]
	for _, c := range h.People {
		if c.line == nil && (who.line != nil || c.Promised > who.Promised) {
			who = c
		}
	}
	return who
}

// Hear, Speak, Joined and Over make a Home a Telephone; its calls are passed on
// to whoever answers.
func (h *Home) Hear(*Line, []Said, string) {}

// Speak implements Telephone.
func (h *Home) Speak(*Line, time.Duration) (spoken time.Duration) { return 0 }

// Joined implements Telephone.
func (h *Home) Joined(*Line, bool) {}

// Over implements Telephone.
func (h *Home) Over(l *Line) { delete(h.lines, l) }

// Ring implements Telephone; calls come to the home.
func (c *Citizen) Ring(*Line) {}

// Speak implements Telephone.
func (c *Citizen) Speak(_ *Line, most time.Duration) time.Duration {
	if c.Finds {
		c.NoKeys = false
		c.Clock.After(2*time.Second, c.during(c.line, func() { c.press(c.line, "1") }))
	}
	if c.Speaks == 0 || c.Dice.Chance(c.Dumb) {
		return 0
	}
	return min(c.Dice.Around(c.Speaks, 0.4), most)
}

// Joined implements Telephone.
func (c *Citizen) Joined(l *Line, with bool) {
	if l != c.line || !with || c.joined {
		return
	}
	if l.Inbound && !c.waits.IsZero() {
		c.Answered = append(c.Answered, c.Clock.Now().Sub(c.waits))
	}
	c.stopWaiting()
	c.joined, c.Helped = true, true
	if c.Spoken++; c.Spoken == 1 {
		c.FirstTalk = c.Clock.Now()
	}
	c.turn++
	c.Clock.After(c.Dice.Around(c.Talks, 0.5), c.during(l, l.HangUp))
}

// Over implements Telephone.
func (c *Citizen) Over(l *Line) {
	delete(c.Home.lines, l)
	if l != c.line {
		return
	}
	if !c.waits.IsZero() && !c.joined && !c.promise {
		c.GaveUp++
	}
	c.stopWaiting()
	c.line = nil
	c.turn++
	switch {
	case !c.Helped && l.Inbound:
		c.again(1)
	case c.promise && c.Dice.Chance(c.Impatient):
		c.plan(c.Dice.Around(c.RedialAfter, 1))
	}
}

// again redials, if there is any patience left; who has been told that the offices are
// closed, once they are open.
func (c *Citizen) again(chance float64) {
	if opens := c.Opens.Sub(c.Clock.Now()); c.closed && opens > 0 {
		c.Redialed++
		c.plan(opens + c.Dice.Between(0, 30*time.Minute))
		return
	}
	if c.Redialed >= c.Redials || !c.Dice.Chance(chance) {
		return
	}
	c.Redialed++
	c.plan(c.Dice.Around(c.RedialAfter, 0.7))
}

// during is a deed in this conversation; nothing once it is over.
func (c *Citizen) during(l *Line, do func()) func() {
	return func() {
		if c.line == l && !l.gone {
			do()
		}
	}
}

// Hear implements Telephone: a prompt is listened to, and its question answered.
func (c *Citizen) Hear(l *Line, what []Said, figures string) {
	if l != c.line || silent(what) {
		return
	}
	c.turn++
	for _, s := range what {
		c.note(l, s.Prompt)
		if c.Dice.Chance(c.Leaves) {
			c.Clock.After(c.Dice.Between(0, s.Till+c.Thinks), c.during(l, l.HangUp))
			return
		}
	}
	if c.NoKeys {
		return
	}
	last := what[len(what)-1]
	keys, ok := c.answer(l, last.Prompt)
	switch {
	case !ok || c.Dice.Chance(c.Dumb):
		return
	case c.Dice.Chance(c.Slip):
		keys = c.slip(keys)
	}
	if keys == hangsUp {
		c.Clock.After(last.Till+c.Dice.Around(c.Thinks, 0.5), c.during(l, l.HangUp))
		return
	}
	after := last.Till + c.Dice.Around(c.Thinks, 0.5)
	if c.Dice.Chance(c.Early) {
		after = c.Dice.Between(0, last.Till)
	}
	turn := c.turn
	c.Clock.After(after, c.during(l, func() {
		if c.turn == turn {
			c.press(l, keys)
		}
	}))
}

// press presses keys one after the other, about two in a second. A long entry
// may be broken off, and gone on with when the voice asks for it.
func (c *Citizen) press(l *Line, keys string) {
	c.turn++
	turn := c.turn
	if len(keys) > 4 && c.Dice.Chance(c.Dumb) {
		cut := 1 + c.Dice.IntN(len(keys)-1)
		keys, c.rest = keys[:cut], keys[cut:]
	}
	c.tell("presses %d keys", len(keys))
	var next func(i int)
	next = func(i int) {
		if c.turn != turn {
			return // something was said meanwhile
		}
		l.Press(keys[i])
		if i+1 < len(keys) {
			c.Clock.After(c.Dice.Between(250*time.Millisecond, 900*time.Millisecond), c.during(l, func() { next(i + 1) }))
		}
	}
	next(0)
}

// slip makes a mistake: a wrong key, one too many, one too few.
func (c *Citizen) slip(keys string) string {
	if keys == hangsUp {
		return keys
	}
	wrong := string("0123456789*#"[c.Dice.IntN(12)])
	if len(keys) == 1 {
		return wrong
	}
	at := c.Dice.IntN(len(keys))
	switch c.Dice.IntN(3) {
	case 0:
		return keys[:at] + wrong + keys[at+1:]
	case 1:
		return keys[:at] + wrong + keys[at:]
	}
	return keys[:at] + keys[at+1:]
}

// note takes in what a prompt tells.
func (c *Citizen) note(l *Line, p speech.ID) {
	switch kindOf(p) {
	case promising:
		c.stopWaiting()
		if !c.promise {
			c.Promised++
		}
		c.promise, c.Helped = true, true
	case saving:
		if c.Helped = true; c.FirstSaved.IsZero() {
			c.FirstSaved = c.Clock.Now()
		}
	case waiting:
		c.want()
		c.wait(l)
	case offering:
		c.want()
		if !c.prefers {
			c.wait(l)
		}
	}
}

// want counts a call in which a person is asked for, once.
func (c *Citizen) want() {
	if !c.wants && c.line.Inbound {
		c.wants = true
		c.Wanted++
	}
}

// wait begins to wait for a person, as long as patience lasts.
func (c *Citizen) wait(l *Line) {
	if !c.waits.IsZero() || c.joined {
		return
	}
	c.waits = c.Clock.Now()
	since := c.waits
	c.Clock.After(c.Dice.Around(c.Patience, 0.6), c.during(l, func() {
		if c.waits.Equal(since) {
			c.tell("has waited enough")
			l.HangUp()
		}
	}))
}

func (c *Citizen) stopWaiting() {
	if !c.waits.IsZero() {
		c.Held += c.Clock.Now().Sub(c.waits)
		c.waits = time.Time{}
	}
}

// ServesSelf tells whether the citizen is in a call, and waits for nobody.
func (c *Citizen) ServesSelf() bool {
	return c.line != nil && !c.wants && !c.joined && !c.promise
}

// Line is the line that the citizen is on; nil: none.
func (c *Citizen) Line() *Line { return c.line }

func (c *Citizen) tell(format string, args ...any) {
	if c.Told != nil {
		c.Told(c.Name+" "+format, args...)
	}
}
