package flow

import (
	"strings"
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// Begin is what a conversation knows when it begins. It comes with the first
// input and so stands in the journal: a configuration that changes does not change
// a call that is going on.
type Begin struct {
	Setup Setup `json:"setup"`

	// Caller is the number that calls, national form; empty when it is
	// withheld or may not be dialled.
	Caller string `json:"caller,omitempty"`
	// Open is the promised call of the number that calls, if there is one.
	Open *Open `json:"open,omitempty"`

	// Shown is the number of a call that comes in while the trunk is being tried,
	// as the network gave it: it may be our own call.
	Shown string `json:"shown,omitempty"`

	// The rest is for our own calls.
	Ticket  string `json:"ticket,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Number  string `json:"number,omitempty"`  // to be dialled, national form
	Word    string `json:"word,omitempty"`    // three figures; empty where none were given
	Dropped bool   `json:"dropped,omitempty"` // the citizen was on the line when it broke
	Agent   string `json:"agent,omitempty"`   // reserved for this call
	NoKeys  bool   `json:"noKeys,omitempty"`  // the citizen asked without keys
	Asked   string `json:"asked,omitempty"`   // verify: the day of the request, 2006-01-02

	// Proof are the figures that a check of the trunk keys when it is answered,
	// and that it comes back in with; empty where it does not come back.
	Proof string `json:"proof,omitempty"`

	// Late: the time for which the call is promised now, in place of the one
	// that can't be kept.
	From time.Time     `json:"from,omitzero"`
	To   time.Time     `json:"to,omitzero"`
	Slot queue.HalfDay `json:"slot,omitempty"`

	Duty *Duty `json:"duty,omitempty"` // the feature code, and whose telephone dialled it
}

// Setup is how a tenant speaks and works, as far as a conversation needs it.
// The first five are names of recorded phrases of the catalogue.
type Setup struct {
	Authority string `json:"authority"`
	Service   string `json:"service"`
	Campaign  string `json:"campaign"`
	Eligible  string `json:"eligible"`
	Hours     string `json:"hours"`

	ServicePhone string `json:"servicePhone"` // figures only

	// East is how far the offices' clock is ahead of UTC when the call begins:
	// which day is today.
	East time.Duration `json:"east,omitempty"`

	// CardDigits is how many last figures of the card are the second datum; 0:
	// the date of birth is.
	CardDigits int `json:"cardDigits,omitempty"`
	// Starts is the day from which those not eligible yet will be, 2006-01-02;
	// empty: it is not known yet.
	Starts string `json:"starts,omitempty"`

	// Ring is how long a landline rings, RingMobile a mobile, RingAgent an
	// agent's telephone. An eighty-year-old needs the time to get to it.
	Ring       time.Duration `json:"ring"`
	RingMobile time.Duration `json:"ringMobile"`
	RingAgent  time.Duration `json:"ringAgent"`

	Tempo Tempo `json:"tempo"`
}

// Tempo is how long the service waits for keys.
type Tempo struct {
	Menu time.Duration `json:"menu"` // for the key of a question
	Long time.Duration `json:"long"` // between the keys of a long entry
}

// DefaultTempo is for callers over eighty: ten seconds for the first key,
// eight between the keys of a long entry.
func DefaultTempo() Tempo { return Tempo{Menu: 10 * time.Second, Long: 8 * time.Second} }

// servicePhone is our own number, to be read in threes.
func (s Setup) servicePhone() speech.Slot {
	var groups []string
	for n := s.ServicePhone; n != ""; {
		cut := min(3, len(n))
		groups, n = append(groups, n[:cut]), n[cut:]
	}
	return speech.ServicePhone(groups...)
}

func (s Setup) authority() speech.Slot { return speech.Phrase("authority", s.Authority) }

// secondDatum is what the second datum is called.
func (s Setup) secondDatum(birth bool) speech.Slot {
	if birth {
		return speech.BirthDate()
	}
	return speech.CardDigits()
}

// phoneSlot is a citizen's number as it is read out.
func phoneSlot(national string) speech.Slot {
	n, err := phone.Parse(national)
	if err != nil {
		return speech.Phone(strings.Split(national, "")...)
	}
	return speech.Phone(n.Groups()...)
}

// dateSlot fills a slot with a day written 2006-01-02.
func dateSlot(name, day string) (speech.Slot, bool) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return speech.Slot{}, false
	}
	return speech.Date(name, t.Year(), int(t.Month()), t.Day()), true
}

// begin takes the first input.
func begin(c *dialogue.Conversation) *talk {
	t := &talk{Conversation: c}
	dialogue.Decode(c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil), &t.Begin)
	if t.Setup.Tempo == (Tempo{}) {
		t.Setup.Tempo = DefaultTempo()
	}
	c.OnResume(t.resume)
	c.OnHangup(func(*dialogue.Conversation) { t.broken() })
	return t
}

// today is the day on the offices' clock.
func (t *talk) today() time.Time {
	return t.Now().In(time.FixedZone("", int(t.Setup.East/time.Second)))
}

// halfDaySlot is a half-day as it is spoken of today; false for what is none.
func (t *talk) halfDaySlot(h queue.HalfDay) (speech.Slot, bool) {
	day, part, ok := t.halfDay(h)
	return speech.HalfDay(day, part), ok
}

// halfDay names a half-day as one would today.
func (t *talk) halfDay(h queue.HalfDay) (day speech.Day, part speech.Part, ok bool) {
	d, today := h.Day(), t.today()
	part = speech.Morning
	if h.Afternoon() {
		part = speech.Afternoon
	}
	day = speech.NearDay(d.Year, int(d.Month), d.Day, today.Year(), int(today.Month()), today.Day())
	return day, part, d != queue.Day{}
}
