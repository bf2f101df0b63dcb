package call

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"richiamo/internal/dialogue"
)

// Record is a call as it is kept: which line it is on, who may write it, and
// its journal. The journal alone is the state of the conversation; what has to
// be done and what is waited for follow from it by replay.
type Record struct {
	ID       string // names the call for ever, and the citizen's channel at the exchange; of a dialled call ticket-attempt
	Tenant   string
	Node     string // the exchange that the call lives on
	Language string // of the recordings, ISO 639-1

	Outbound bool
	Ticket   string // outbound: the ticket that is being called
	Token    int    // outbound: the claim under which the ticket may be dialled
	Number   string // outbound: the citizen's number, national form
	Shown    string // outbound: the number that the citizen sees

	Started time.Time
	Ended   time.Time // zero while the call lives

	Journal dialogue.Journal
	// Broken are the journals of conversations that could not go on; the
	// present one is the rescue.
	Broken []dialogue.Journal

	// Suspect is set once a process has died while it ran the call. From then on
	// what the call is given is noted before it is given: Hand is the kind of the
	// input and its number in the journal, or a request that goes on beside, empty in
	// between. A process that dies of it leaves it here.
	Suspect bool
	Hand    string
	// Unreadable is set by a Store that has a call and can't read it: only ID,
	// Tenant and Node are known then.
	Unreadable bool

	// Version counts the saves. Term is the exchange's term under which the
	// record was last written; a writer of an older term is refused.
	Version int
	Term    int64
}

// Errors of a Store.
var (
	ErrExists   = errors.New("call: a call of this name exists")
	ErrNotFound = errors.New("call: no such call")
	// ErrStale means that another process owns the exchange, or another save
	// came first: whoever gets it falls silent.
	ErrStale = errors.New("call: written by somebody else meanwhile")
	// ErrUnavailable means that the store did not answer, or answered that it
	// can't: whether the write was done is not known.
	ErrUnavailable = errors.New("call: the store does not answer")
)

// Store keeps calls. It compares and writes; it never decides.
type Store interface {
	// Create keeps a new call at version 1, on disk before it returns.
	// ErrExists if there is one of this name, ErrStale if term is not the
	// exchange's present one.
	Create(ctx context.Context, r Record) error
	// Save replaces a call whose kept version is r.Version and whose
	// exchange's term is r.Term, on disk before it returns; the kept version
	// is then r.Version+1. A call with an end leaves the live ones.
	Save(ctx context.Context, r Record) error
	// Load gets one call, live or ended (ended ones are kept for some days).
	Load(ctx context.Context, tenant, id string) (Record, error)
	// Live lists the calls of an exchange that have no end, oldest first. One that
	// can't be read is Unreadable, and does not keep the others from being listed.
	Live(ctx context.Context, node string) ([]Record, error)
}

// Nodes hands out the ownership of exchanges. A process that takes one gets a
// term higher than any before; the terms before it can no longer write.
type Nodes interface {
	Take(ctx context.Context, node string) (term int64, err error)
	// MayDial notes, on disk before it returns, that a call is about to ring,
	// if term is the exchange's present one and token the newest claim of the
	// ticket; otherwise it fails with ErrStale. It may be asked again.
	MayDial(ctx context.Context, d DialNote) error
	// Holds fails with ErrStale if term is not the exchange's present one.
	Holds(ctx context.Context, node string, term int64) error
	// Dialled tells whether MayDial has noted a call.
	Dialled(ctx context.Context, tenant, call string) (bool, error)
}

// DialNote is what the store compares before a citizen's telephone rings.
type DialNote struct {
	Node   string
	Term   int64
	Tenant string
	Ticket string
	Token  int
	Call   string
}

// Outside answers what conversations request. Each request is named by key;
// asked again under the same key it gives the same answer. An error means that
// the outside could not do it; the conversation then goes another way.
type Outside interface {
	Answer(ctx context.Context, q Question) (json.RawMessage, error)
}

// Question is one request of a call to the outside.
type Question struct {
	Tenant  string
	Call    string
	Key     string // names the request: call and number in the call
	Name    string // one of flow.Ask...
	Payload json.RawMessage
	Now     time.Time
}

// Line is an exchange as calls use it.
type Line interface {
	// Perform carries out one command. ErrGone: the channel is no more.
	// ErrTaken: a channel of that name exists. Any other error: it is not
	// known whether it was done.
	Perform(ctx context.Context, c Command) error
	// Channels lists what the exchange has of ours.
	Channels(ctx context.Context) ([]Channel, error)
	// Channel looks one channel up. ErrGone if there is none.
	Channel(ctx context.Context, id string) (Channel, error)
}

// Errors of a Line.
var (
	ErrGone  = errors.New("call: the channel is gone")
	ErrTaken = errors.New("call: the channel's name is taken")
)

// Op is what a command does.
type Op string

// The commands of a Line.
const (
	DoAnswer   Op = "answer"    // take the citizen's call
	DoPlay     Op = "play"      // Media in one go, as Playback
	DoStop     Op = "stop"      // end Playback
	DoMusic    Op = "music-on"  // hold music on Channel, which is in no bridge
	DoQuiet    Op = "music-off" //
	DoCreate   Op = "create"    // make Channel towards Number or Agent, without ringing it
	DoDial     Op = "dial"      // ring the created Channel for at most For
	DoJoin     Op = "join"      // from now on exactly Members are connected, in the bridge Bridge; their music ends
	DoPart     Op = "part"      // dissolve Bridge
	DoPress    Op = "press"     // key Keys to the other side of Channel
	DoRecord   Op = "record"    // record Channel as Recording, until For or 3 s of silence
	DoCease    Op = "cease"     // end Recording
	DoHangup   Op = "hangup"    // end Channel
	DoContinue Op = "continue"  // give Channel back to the dialplan at extension Number
)

// A Command asks a Line for one thing. Only the fields that Op names matter.
type Command struct {
	Op        Op
	Channel   string
	Playback  string
	Media     []string // recordings by name, in order
	Language  string   // of the recordings
	Number    string   // Create towards a citizen: national form, checked once more before it is dialled
	Shown     string   // Create towards a citizen: the number that the citizen sees
	Keys      string   // Press: figures, * and #
	Agent     string   // Create towards the telephone of this name, which is an agent's
	Bridge    string
	Members   []string // Join: whoever is not among them leaves the bridge first
	Recording string
	For       time.Duration
}

// Channel is a channel of ours as the exchange sees it.
type Channel struct {
	ID     string
	Up     bool
	Dialed bool     // ringing or further: Dial was done
	Bridge string   // the bridge it is in, if any
	Caller string   // as the network gave it, empty when withheld
	Args   []string // what the dialplan passed along
}

// EventKind tells what happened on a line.
type EventKind string

// The events of a Line.
const (
	Entered   EventKind = "entered"  // a channel came to us, with Args; one that we dial when it is created
	Answered  EventKind = "answered" // a dialled channel is up
	Key       EventKind = "key"
	Played    EventKind = "played"    // a playback ended
	Recording EventKind = "recording" // a recording ended
	Left      EventKind = "left"      // the channel left us or is gone
)

// Event is one thing that happened on a line.
type Event struct {
	Kind     EventKind
	At       time.Time
	Channel  string
	Playback string
	Digit    byte
	Args     []string
	Caller   string // Entered: as the network gave it
	Lost     bool   // Left: nobody told so; the channel was simply not there when it was looked for
	Cause    int    // Left: Q.850
	SIP      int    // Left: final SIP status
	Failed   bool   // Played, Recording: it could not be done
	Name     string // Recording
	Seconds  int    // Recording: how long there was a voice
}
