package redisstore

import (
	"math"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Tickets, agents and ledgers are kept as CBOR (RFC 8949), each field under a
// small number. A number is for ever: a field that is given up leaves its number
// unused, and a new field takes a new one. What is not set is left out, and a
// number that this program does not know is passed over, so that an older
// and a newer one can read each other. The suite of package storetest fills
// every field of what is kept, and so misses the one that is forgotten here.

// packedTicket is queue.Ticket.
type packedTicket struct {
	ID         string          `cbor:"1,keyasint,omitempty"`
	Tenant     string          `cbor:"2,keyasint,omitempty"`
	Queue      string          `cbor:"3,keyasint,omitempty"`
	Purpose    queue.Purpose   `cbor:"4,keyasint,omitempty"`
	State      queue.State     `cbor:"5,keyasint,omitempty"`
	Reason     queue.Reason    `cbor:"6,keyasint,omitempty"`
	Arrived    stamp           `cbor:"7,keyasint,omitempty"`
	Class      queue.Class     `cbor:"8,keyasint,omitempty"`
	NotBefore  stamp           `cbor:"9,keyasint,omitempty"`
	From       stamp           `cbor:"10,keyasint,omitempty"`
	To         stamp           `cbor:"11,keyasint,omitempty"`
	Slot       queue.HalfDay   `cbor:"12,keyasint,omitempty"`
	Replans    int32           `cbor:"13,keyasint,omitempty"`
	Phone      string          `cbor:"14,keyasint,omitempty"`
	Citizen    string          `cbor:"15,keyasint,omitempty"`
	Keyed      string          `cbor:"16,keyasint,omitempty"`
	Recording  string          `cbor:"17,keyasint,omitempty"`
	Word       string          `cbor:"18,keyasint,omitempty"`
	Language   string          `cbor:"19,keyasint,omitempty"`
	Note       string          `cbor:"20,keyasint,omitempty"`
	Channel    string          `cbor:"21,keyasint,omitempty"`
	NoKeys     bool            `cbor:"22,keyasint,omitempty"`
	NeedsAgent bool            `cbor:"23,keyasint,omitempty"`
	Call       string          `cbor:"24,keyasint,omitempty"`
	Agent      string          `cbor:"25,keyasint,omitempty"`
	Also       []packedRequest `cbor:"26,keyasint,omitempty"`
	Attempts   []packedAttempt `cbor:"27,keyasint,omitempty"`
	Token      int             `cbor:"28,keyasint,omitempty"`
	Node       string          `cbor:"29,keyasint,omitempty"`
	Claimed    stamp           `cbor:"30,keyasint,omitempty"`
	Since      stamp           `cbor:"31,keyasint,omitempty"`
	Updated    stamp           `cbor:"32,keyasint,omitempty"`
	Version    int             `cbor:"33,keyasint,omitempty"`
	Resume     stamp           `cbor:"34,keyasint,omitempty"`
	Outcome    string          `cbor:"35,keyasint,omitempty"`
	Written    string          `cbor:"36,keyasint,omitempty"` // OutcomeNote
	Slipped    int32           `cbor:"37,keyasint,omitempty"`
	Asked      int32           `cbor:"38,keyasint,omitempty"`
}

// packedRequest is queue.Request.
type packedRequest struct {
	Purpose queue.Purpose `cbor:"1,keyasint,omitempty"`
	Channel string        `cbor:"2,keyasint,omitempty"`
	At      stamp         `cbor:"3,keyasint,omitempty"`
	Citizen string        `cbor:"4,keyasint,omitempty"`
	Note    string        `cbor:"5,keyasint,omitempty"`
}

// packedAttempt is queue.Attempt.
type packedAttempt struct {
	N       int           `cbor:"1,keyasint,omitempty"`
	Call    string        `cbor:"2,keyasint,omitempty"`
	At      stamp         `cbor:"3,keyasint,omitempty"`
	Ended   stamp         `cbor:"4,keyasint,omitempty"`
	Outcome queue.Outcome `cbor:"5,keyasint,omitempty"`
	Cause   int           `cbor:"6,keyasint,omitempty"`
	SIP     int           `cbor:"7,keyasint,omitempty"`
	Counts  bool          `cbor:"8,keyasint,omitempty"`
	Kind    queue.Kind    `cbor:"9,keyasint,omitempty"`
}

// stamp is an instant in nanoseconds since 1970, which reaches from 1678 to 2262;
// zero is the zero time, and what lies beyond it is queue.NoDate.
type stamp int64

const noDate stamp = math.MaxInt64

func stampOf(t time.Time) stamp {
	switch {
	case t.IsZero():
		return 0
	case t.Year() > 2261: // as far as it reaches
		return noDate
	}
	return stamp(t.UnixNano())
}

func (s stamp) time() time.Time {
	switch s {
	case 0:
		return time.Time{}
	case noDate:
		return queue.NoDate()
	}
	return time.Unix(0, int64(s)).UTC()
}

func packTicket(t *queue.Ticket) *packedTicket {
	p := &packedTicket{
		ID: t.ID, Tenant: t.Tenant, Queue: t.Queue, Purpose: t.Purpose, State: t.State, Reason: t.Reason,
		Arrived: stampOf(t.Arrived), Class: t.Class, NotBefore: stampOf(t.NotBefore),
		From: stampOf(t.From), To: stampOf(t.To), Slot: t.Slot, Replans: t.Replans,
		Citizen: t.Citizen, Keyed: t.Keyed, Recording: t.Recording, Word: t.Word, Language: t.Language,
		Note: t.Note, Channel: t.Channel, NoKeys: t.NoKeys, NeedsAgent: t.NeedsAgent, Call: t.Call, Agent: t.Agent,
		Token: t.Token, Node: t.Node, Claimed: stampOf(t.Claimed), Since: stampOf(t.Since), Updated: stampOf(t.Updated),
		Version: t.Version, Resume: stampOf(t.Resume), Outcome: t.Outcome, Written: t.OutcomeNote,
		Slipped: t.Slipped, Asked: t.Asked,
	}
	if !t.Phone.Withheld() {
		p.Phone = t.Phone.Reveal()
	}
	for _, r := range t.Also {
		p.Also = append(p.Also, packedRequest{Purpose: r.Purpose, Channel: r.Channel, At: stampOf(r.At), Citizen: r.Citizen, Note: r.Note})
	}
	for _, a := range t.Attempts {
		p.Attempts = append(p.Attempts, packedAttempt{
			N: a.N, Kind: a.Kind, Call: a.Call, At: stampOf(a.At), Ended: stampOf(a.Ended),
			Outcome: a.Outcome, Cause: a.Cause, SIP: a.SIP, Counts: a.Counts,
		})
	}
	return p
}

func (p *packedTicket) unpack(t *queue.Ticket) error {
	*t = queue.Ticket{
		ID: p.ID, Tenant: p.Tenant, Queue: p.Queue, Purpose: p.Purpose, State: p.State, Reason: p.Reason,
		Arrived: p.Arrived.time(), Class: p.Class, NotBefore: p.NotBefore.time(),
		From: p.From.time(), To: p.To.time(), Slot: p.Slot, Replans: p.Replans,
		Citizen: p.Citizen, Keyed: p.Keyed, Recording: p.Recording, Word: p.Word, Language: p.Language,
		Note: p.Note, Channel: p.Channel, NoKeys: p.NoKeys, NeedsAgent: p.NeedsAgent, Call: p.Call, Agent: p.Agent,
		Token: p.Token, Node: p.Node, Claimed: p.Claimed.time(), Since: p.Since.time(), Updated: p.Updated.time(),
		Version: p.Version, Resume: p.Resume.time(), Outcome: p.Outcome, OutcomeNote: p.Written,
		Slipped: p.Slipped, Asked: p.Asked,
	}
	if p.Phone != "" {
		var err error
		if t.Phone, err = phone.Parse(p.Phone); err != nil {
			return err
		}
	}
	for _, r := range p.Also {
		t.Also = append(t.Also, queue.Request{Purpose: r.Purpose, Channel: r.Channel, At: r.At.time(), Citizen: r.Citizen, Note: r.Note})
	}
	for _, a := range p.Attempts {
		t.Attempts = append(t.Attempts, queue.Attempt{
			N: a.N, Kind: a.Kind, Call: a.Call, At: a.At.time(), Ended: a.Ended.time(),
			Outcome: a.Outcome, Cause: a.Cause, SIP: a.SIP, Counts: a.Counts,
		})
	}
	return nil
}

// packedAgent is agent.Agent.
type packedAgent struct {
	ID         string        `cbor:"1,keyasint,omitempty"`
	Tenant     string        `cbor:"2,keyasint,omitempty"`
	State      agent.State   `cbor:"3,keyasint,omitempty"`
	Reason     string        `cbor:"4,keyasint,omitempty"`
	Since      stamp         `cbor:"5,keyasint,omitempty"`
	Idle       stamp         `cbor:"6,keyasint,omitempty"`
	Ticket     string        `cbor:"7,keyasint,omitempty"`
	Misses     int           `cbor:"8,keyasint,omitempty"`
	Skills     []string      `cbor:"9,keyasint,omitempty"`
	Version    int           `cbor:"10,keyasint,omitempty"`
	Rest       stamp         `cbor:"11,keyasint,omitempty"`
	Wish       agent.State   `cbor:"12,keyasint,omitempty"`
	WishReason string        `cbor:"13,keyasint,omitempty"`
	Began      stamp         `cbor:"14,keyasint,omitempty"`
	Handle     time.Duration `cbor:"15,keyasint,omitempty"`
	Helping    bool          `cbor:"16,keyasint,omitempty"`
	MustWrite  bool          `cbor:"17,keyasint,omitempty"`
	After      string        `cbor:"18,keyasint,omitempty"`
	Outcome    string        `cbor:"19,keyasint,omitempty"`
	Unreached  stamp         `cbor:"20,keyasint,omitempty"`
	Page       string        `cbor:"21,keyasint,omitempty"`
}

func packAgent(a *agent.Agent) *packedAgent {
	return &packedAgent{
		ID: a.ID, Tenant: a.Tenant, State: a.State, Reason: a.Reason, Since: stampOf(a.Since), Idle: stampOf(a.Idle),
		Ticket: a.Ticket, Misses: a.Misses, Skills: a.Skills, Version: a.Version, Rest: stampOf(a.Rest),
		Wish: a.Wish, WishReason: a.WishReason, Began: stampOf(a.Began), Handle: a.Handle,
		Helping: a.Helping, MustWrite: a.MustWrite, After: a.After, Outcome: a.Outcome, Unreached: stampOf(a.Unreached), Page: a.Page,
	}
}

func (p *packedAgent) unpack(a *agent.Agent) error {
	*a = agent.Agent{
		ID: p.ID, Tenant: p.Tenant, State: p.State, Reason: p.Reason, Since: p.Since.time(), Idle: p.Idle.time(),
		Ticket: p.Ticket, Misses: p.Misses, Skills: p.Skills, Version: p.Version, Rest: p.Rest.time(),
		Wish: p.Wish, WishReason: p.WishReason, Began: p.Began.time(), Handle: p.Handle,
		Helping: p.Helping, MustWrite: p.MustWrite, After: p.After, Outcome: p.Outcome, Unreached: p.Unreached.time(), Page: p.Page,
	}
	return nil
}

// packedLedger is queue.Ledger, its subject included: who opens what a change
// left has no other way to know whose it is.
type packedLedger struct {
	Kind    queue.SubjectKind `cbor:"1,keyasint,omitempty"`
	Value   string            `cbor:"2,keyasint,omitempty"`
	Entries []packedEntry     `cbor:"3,keyasint,omitempty"`
	Version int               `cbor:"4,keyasint,omitempty"`
	Asked   []stamp           `cbor:"5,keyasint,omitempty"`
}

// packedEntry is queue.Entry.
type packedEntry struct {
	Ticket  string        `cbor:"1,keyasint,omitempty"`
	Attempt int           `cbor:"2,keyasint,omitempty"`
	Purpose queue.Purpose `cbor:"3,keyasint,omitempty"`
	At      stamp         `cbor:"4,keyasint,omitempty"`
	Ended   stamp         `cbor:"5,keyasint,omitempty"`
	Outcome queue.Outcome `cbor:"6,keyasint,omitempty"`
	Cause   int           `cbor:"7,keyasint,omitempty"`
	SIP     int           `cbor:"8,keyasint,omitempty"`
	Counts  bool          `cbor:"9,keyasint,omitempty"`
}

func packLedger(l *queue.Ledger) *packedLedger {
	p := &packedLedger{Kind: l.Subject.Kind, Value: l.Subject.Value, Version: l.Version}
	for _, e := range l.Entries {
		p.Entries = append(p.Entries, packedEntry{
			Ticket: e.Ticket, Attempt: e.Attempt, Purpose: e.Purpose, At: stampOf(e.At), Ended: stampOf(e.Ended),
			Outcome: e.Outcome, Cause: e.Cause, SIP: e.SIP, Counts: e.Counts,
		})
	}
	for _, at := range l.Asked {
		p.Asked = append(p.Asked, stampOf(at))
	}
	return p
}

func (p *packedLedger) unpack(l *queue.Ledger) error {
	*l = queue.Ledger{Subject: queue.Subject{Kind: p.Kind, Value: p.Value}, Version: p.Version}
	for _, e := range p.Entries {
		l.Entries = append(l.Entries, queue.Entry{
			Ticket: e.Ticket, Attempt: e.Attempt, Purpose: e.Purpose, At: e.At.time(), Ended: e.Ended.time(),
			Outcome: e.Outcome, Cause: e.Cause, SIP: e.SIP, Counts: e.Counts,
		})
	}
	for _, at := range p.Asked {
		l.Asked = append(l.Asked, at.time())
	}
	return nil
}

// left is what a change left, kept under the change's name.
type left struct {
	Tickets []queue.Ticket `json:"tickets"`
	Agents  []agent.Agent  `json:"agents"`
	Ledgers []queue.Ledger `json:"-"` // none is kept as JSON
}

type packedLeft struct {
	Tickets []*packedTicket `cbor:"1,keyasint,omitempty"`
	Agents  []*packedAgent  `cbor:"2,keyasint,omitempty"`
	Ledgers []*packedLedger `cbor:"3,keyasint,omitempty"`
}

// packChange packs what a change leaves.
func packChange(c dispatch.Change) *packedLeft {
	p := &packedLeft{}
	for i := range c.Tickets {
		p.Tickets = append(p.Tickets, packTicket(&c.Tickets[i]))
	}
	for i := range c.Agents {
		p.Agents = append(p.Agents, packAgent(&c.Agents[i]))
	}
	for i := range c.Ledgers {
		p.Ledgers = append(p.Ledgers, packLedger(&c.Ledgers[i]))
	}
	return p
}

func (p *packedLeft) unpack(l *left) (err error) {
	if l.Tickets, err = unpackAll[queue.Ticket](p.Tickets); err != nil {
		return err
	}
	if l.Agents, err = unpackAll[agent.Agent](p.Agents); err != nil {
		return err
	}
	l.Ledgers, err = unpackAll[queue.Ledger](p.Ledgers)
	return err
}

// packed is what a record of type R is kept as.
type packed[R any] interface{ unpack(r *R) error }

func unpackAll[R any, P packed[R]](kept []P) (records []R, err error) {
	if len(kept) == 0 {
		return nil, nil
	}
	records = make([]R, len(kept))
	for i, p := range kept {
		if err := p.unpack(&records[i]); err != nil {
			return nil, err
		}
	}
	return records, nil
}
