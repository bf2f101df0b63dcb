package plan

import (
	"slices"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Config is how a tenant's citizens are served.
type Config struct {
	Queue    string   // the name of the queue that callers enter
	Queues   []string // all queues among which agents are shared; Queue is always one of them
	Language string   // the tenant's, which every agent speaks
	Node     string   // the exchange that dials

	Window queue.Window // when citizens are called
	// Office is when agents are there, and how many; zero: all agents, whenever
	// citizens may be called.
	Office queue.Staffing
	// PromiseShare of what the agents can still do today is promised, SlotShare
	// of what they can do in a half-day; half-days are offered of so many days
	// that are open, besides today.
	PromiseShare, SlotShare float64
	SlotDays                int
	// ClosingMargin is how long before the offices close a caller's turn must
	// come at the latest.
	ClosingMargin time.Duration
	// Starts is when those are called who asked to be once it is their turn;
	// zero: not known yet.
	Starts time.Time
	Policy queue.Policy // how those are called again who were not reached

	// CitizenFirst calls citizens before an agent is reserved, as many as there
	// are agents free; zero reserves the agent first. A citizen who can't press
	// keys always finds an agent reserved.
	CitizenFirst bool
	// CheckNumber is called before the first citizen of a day, to see that calls
	// go out and that their number is accepted; withheld: nobody is. A carrier may
	// block numbers that it takes for forged, and would say so to nobody but
	// whoever is called (Italy's regulator has calls from abroad that show an
	// Italian number blocked since August 2025, AGCOM 106/25/CONS).
	CheckNumber phone.Number
	// MustWrite: agents write down the outcome of a talk before the next one.
	MustWrite bool

	// Lines is how many calls of ours may be up at a time, AutoLines how many
	// of them may be calls that need no agent, so that reminders and
	// verifications leave room for people.
	Lines, AutoLines int
	// PerNumber is how many attempts a number, or a citizen, may have had in 24
	// hours before they are left alone; 0: any. Our own faults are not counted.
	PerNumber int
	// Requests is how many calls a citizen, or a number that nobody was identified
	// at, may have asked for in 24 hours; a further request is left to a person. 0:
	// any.
	Requests int

	// MinDelay is from a promise to its first call: the line must be free.
	MinDelay time.Duration
	// OfferFrom is the expected wait from which a callback is offered before
	// the music; OfferAtOnce offers it whenever no agent is ready.
	OfferFrom   time.Duration
	OfferAtOnce bool
	// Handle is how long a citizen is taken to need before agents have talked;
	// Setup how long it takes to connect the two.
	Handle, Setup time.Duration

	// TurnLimit is how long an agent stays reserved for a waiting caller who
	// does not take the turn (who is keying a number, say); TurnRest how long
	// others go first then.
	TurnLimit, TurnRest time.Duration
	// RingLimit is after how long an agent who is said to be ringing is not.
	RingLimit time.Duration
	// Grace is how long a call may not be seen alive before it is lost.
	Grace time.Duration
	// Again is how often an effect is repeated that was not taken up.
	Again time.Duration
}

// Defaults is a configuration for one exchange and one queue. The window is
// still to be set.
func Defaults() Config {
	return Config{
		Queue: "persone", Language: "it", Node: "asterisk",
		Policy: queue.DefaultPolicy(),
		Lines:  100, AutoLines: 30, PerNumber: 3, Requests: queue.RequestsAtMost,
		PromiseShare: queue.CapShare, SlotShare: queue.SlotShare, SlotDays: 6, ClosingMargin: 15 * time.Minute,
		MinDelay: time.Minute, OfferFrom: 3 * time.Minute,
		Handle: queue.SeedHandle, Setup: queue.SeedSetup,
		TurnLimit: 20 * time.Second, TurnRest: 10 * time.Second, RingLimit: time.Minute,
		Grace: 20 * time.Second, Again: 2 * time.Second,
	}
}

// Has tells whether there is a queue of a name.
func (c Config) Has(queue string) bool { return queue == c.Queue || slices.Contains(c.Queues, queue) }

// Clock is that of the tenant's offices.
func (c Config) Clock() *time.Location {
	switch {
	case c.Office.Zone != nil:
		return c.Office.Zone
	case c.Window.Zone != nil:
		return c.Window.Zone
	}
	return time.UTC
}

// Hours is when both are: agents there, and citizens to be called.
func (c Config) Hours() queue.Window {
	if c.Office.IsZero() {
		return c.Window
	}
	office, w := c.Office.Hours(), c.Window
	switch {
	case office.Always:
		return w
	case w.Always:
		return office
	}
	both := queue.Window{Zone: w.Zone, Hours: map[time.Weekday][]queue.Span{}, Holidays: queue.Calendar{
		National: w.Holidays.National || office.Holidays.National,
		Yearly:   slices.Concat(w.Holidays.Yearly, office.Holidays.Yearly),
		Days:     slices.Concat(w.Holidays.Days, office.Holidays.Days),
	}}
	for day, spans := range w.Hours {
		for _, a := range spans {
			for _, b := range office.Hours[day] {
				if s := (queue.Span{From: max(a.From, b.From), To: min(a.To, b.To)}); s.From < s.To {
					both.Hours[day] = append(both.Hours[day], s)
				}
			}
		}
	}
	return both
}

// Judge is what decides about the next call after an attempt of a ticket.
// ledgers are those of its number and citizen, where they are known. The call
// that tries the trunk has a rule of its own.
func (c Config) Judge(t queue.Ticket, ledgers []queue.Ledger) queue.Judge {
	if t.Purpose == queue.TrunkCheck {
		return queue.Judge{Policy: queue.CheckPolicy()}
	}
	return queue.Judge{Policy: c.Policy, Window: c.Window, Ledgers: ledgers}
}
