package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// place is where calls live: stores with a tenant, and an exchange of our own.
type place struct {
	Stores
	tenant, node string
	term         int64
}

func newPlace(t *testing.T, open Open) place {
	t.Helper()
	p := place{tenant: Name("tenant"), node: Name("node")}
	p.Stores = open(t, p.tenant)
	p.term = p.take(t)
	return p
}

func (p place) take(t *testing.T) int64 {
	t.Helper()
	term, err := p.Nodes.Take(t.Context(), p.node)
	require.NoError(t, err)
	return term
}

func (p place) record(id string) call.Record {
	return call.Record{
		ID: id, Tenant: p.tenant, Node: p.node, Started: noon(), Term: p.term,
		Journal: dialogue.Journal{Script: "test", Version: 1},
	}
}

func (p place) created(t *testing.T, id string) call.Record {
	t.Helper()
	r := p.record(id)
	require.NoError(t, p.Calls.Create(t.Context(), r))
	r.Version = 1
	return r
}

// grown is the record with one more entry in its journal.
func grown(r call.Record, keys string) call.Record {
	r.Journal.Inputs = append(r.Journal.Inputs[:len(r.Journal.Inputs):len(r.Journal.Inputs)],
		dialogue.Input{Kind: dialogue.Entry, At: noon(), Keys: keys, End: dialogue.Full})
	return r
}

// Calls holds a call.Store to its promises.
func Calls(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, place){
		"what is kept comes back whole":                     callRoundTrip,
		"create keeps version 1 and refuses a second":       callCreate,
		"save counts versions and refuses an old one":       callSave,
		"a repeated save succeeds, another one does not":    callRepeatedSave,
		"an older term can't write":                         callStaleTerm,
		"a newer term takes over a record":                  callTakeOver,
		"of many saves of one version exactly one wins":     callRace,
		"live lists the exchange's calls, the oldest first": callLive,
		"an ended call is kept and no longer live":          callEnded,
		"what was handed in or out is not shared":           callNotShared,
		"an ended context is an unavailable store":          callContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newPlace(t, open))
		})
	}
	t.Run("tenants do not see each other", func(t *testing.T) {
		t.Parallel()
		a, b, node := Name("tenant"), Name("tenant"), Name("node")
		p := place{Stores: open(t, a, b), tenant: a, node: node}
		p.term = p.take(t)
		other := p
		other.tenant = b
		p.created(t, "one")
		_, err := p.Calls.Load(t.Context(), b, "one")
		require.ErrorIs(t, err, call.ErrNotFound)
		other.created(t, "one") // the same name is free there
		live, err := p.Calls.Live(t.Context(), node)
		require.NoError(t, err)
		assert.Len(t, live, 2, "an exchange serves all tenants")
	})
}

func callRoundTrip(t *testing.T, p place) {
	r := filled[call.Record](t)
	r.Tenant, r.Node, r.Term, r.Ended, r.Unreadable = p.tenant, p.node, p.term, time.Time{}, false
	require.NoError(t, p.Calls.Create(t.Context(), r))
	r.Version = 1
	got, err := p.Calls.Load(t.Context(), p.tenant, r.ID)
	require.NoError(t, err)
	same(t, r, got)

	r.Ended = noon().Add(time.Minute)
	require.NoError(t, p.Calls.Save(t.Context(), r))
	r.Version = 2
	got, err = p.Calls.Load(t.Context(), p.tenant, r.ID)
	require.NoError(t, err)
	same(t, r, got)
}

func callCreate(t *testing.T, p place) {
	ctx := t.Context()
	_, err := p.Calls.Load(ctx, p.tenant, "one")
	require.ErrorIs(t, err, call.ErrNotFound)
	p.created(t, "one")
	require.ErrorIs(t, p.Calls.Create(ctx, p.record("one")), call.ErrExists, "even if it is the very same")
	got, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	assert.Equal(t, 1, got.Version)
}

func callSave(t *testing.T, p place) {
	ctx := t.Context()
	r := p.created(t, "one")
	for i := range 5 {
		r = grown(r, fmt.Sprint(i))
		require.NoError(t, p.Calls.Save(ctx, r))
		r.Version++
	}
	old := grown(r, "9")
	old.Version--
	require.ErrorIs(t, p.Calls.Save(ctx, old), call.ErrStale)
	ahead := grown(r, "9")
	ahead.Version++
	require.ErrorIs(t, p.Calls.Save(ctx, ahead), call.ErrStale)
	unknown := p.record("unknown")
	unknown.Version = 1
	require.ErrorIs(t, p.Calls.Save(ctx, unknown), call.ErrStale)
	got, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	same(t, r, got)
}

func callRepeatedSave(t *testing.T, p place) {
	ctx := t.Context()
	r := grown(p.created(t, "one"), "1")
	require.NoError(t, p.Calls.Save(ctx, r))
	require.NoError(t, p.Calls.Save(ctx, r), "its answer may have got lost")
	require.ErrorIs(t, p.Calls.Save(ctx, grown(r, "2")), call.ErrStale)
	got, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	assert.Equal(t, 2, got.Version)
	assert.Len(t, got.Journal.Inputs, 1)
	r.Version = 2
	require.NoError(t, p.Calls.Save(ctx, grown(r, "2")))
	r.Version = 1
	require.ErrorIs(t, p.Calls.Save(ctx, r), call.ErrStale, "by now another save has followed")
}

func callStaleTerm(t *testing.T, p place) {
	ctx := t.Context()
	r := p.created(t, "one")
	newer := p.take(t)
	assert.Greater(t, newer, p.term)
	require.ErrorIs(t, p.Calls.Save(ctx, grown(r, "1")), call.ErrStale)
	require.ErrorIs(t, p.Calls.Create(ctx, p.record("two")), call.ErrStale)
	stranger := p.record("three")
	stranger.Node = Name("node") // nobody has taken it
	require.ErrorIs(t, p.Calls.Create(ctx, stranger), call.ErrStale)
	got, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	same(t, r, got)
}

func callTakeOver(t *testing.T, p place) {
	r := p.created(t, "one")
	r.Term = p.take(t)
	r = grown(r, "1")
	require.NoError(t, p.Calls.Save(t.Context(), r))
	got, err := p.Calls.Load(t.Context(), p.tenant, "one")
	require.NoError(t, err)
	r.Version = 2
	same(t, r, got)
}

func callRace(t *testing.T, p place) {
	r := p.created(t, "one")
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			switch err := p.Calls.Save(t.Context(), grown(r, fmt.Sprint(i))); {
			case err == nil:
				won.Add(1)
			case assert.ErrorIs(t, err, call.ErrStale):
				lost.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
	assert.EqualValues(t, 19, lost.Load())
}

func callLive(t *testing.T, p place) {
	ctx := t.Context()
	for i, id := range []string{"third", "first", "second"} {
		r := p.record(id)
		r.Started = noon().Add(time.Duration([]int{3, 1, 2}[i]) * time.Second)
		require.NoError(t, p.Calls.Create(ctx, r))
	}
	elsewhere := p
	elsewhere.node = Name("node")
	elsewhere.term = elsewhere.take(t)
	elsewhere.created(t, "elsewhere")
	live, err := p.Calls.Live(ctx, p.node)
	require.NoError(t, err)
	var ids []string
	for _, r := range live {
		ids = append(ids, r.ID)
	}
	assert.Equal(t, []string{"first", "second", "third"}, ids)
	live, err = p.Calls.Live(ctx, Name("node"))
	require.NoError(t, err)
	assert.Empty(t, live)
}

func callEnded(t *testing.T, p place) {
	ctx := t.Context()
	r := p.created(t, "one")
	p.created(t, "two")
	r.Ended = noon().Add(time.Minute)
	require.NoError(t, p.Calls.Save(ctx, r))
	require.NoError(t, p.Calls.Save(ctx, r), "repeated")
	live, err := p.Calls.Live(ctx, p.node)
	require.NoError(t, err)
	require.Len(t, live, 1)
	assert.Equal(t, "two", live[0].ID)
	got, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	assert.False(t, got.Ended.IsZero())
}

func callNotShared(t *testing.T, p place) {
	ctx := t.Context()
	r := grown(p.record("one"), "1")
	require.NoError(t, p.Calls.Create(ctx, r))
	r.Journal.Inputs[0].Keys = "changed"
	first, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	assert.Equal(t, "1", first.Journal.Inputs[0].Keys)
	first.Journal.Inputs[0].Keys = "changed"
	second, err := p.Calls.Load(ctx, p.tenant, "one")
	require.NoError(t, err)
	assert.Equal(t, "1", second.Journal.Inputs[0].Keys)
}

func callContext(t *testing.T, p place) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := p.Calls.Create(ctx, p.record("one"))
	require.ErrorIs(t, err, call.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	_, err = p.Calls.Load(t.Context(), p.tenant, "one")
	require.ErrorIs(t, err, call.ErrNotFound, "and others are served")
}

// Nodes holds a call.Nodes to its promises.
func Nodes(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, place){
		"terms only grow":                               nodeTerms,
		"racing takers get different terms":             nodeRace,
		"only the present term and claim may dial":      nodeMayDial,
		"a dial is noted for its call and can be asked": nodeDialled,
		"only the present term holds the exchange":      nodeHolds,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newPlace(t, open))
		})
	}
}

func nodeTerms(t *testing.T, p place) {
	last := p.term
	for range 5 {
		term := p.take(t)
		require.Greater(t, term, last)
		last = term
	}
	other := p
	other.node = Name("node")
	other.take(t)
	p.term = last
	p.created(t, "still-ours") // another exchange's term is its own
}

func nodeRace(t *testing.T, p place) {
	terms := make([]int64, 20)
	var all sync.WaitGroup
	for i := range terms {
		all.Go(func() {
			var err error
			terms[i], err = p.Nodes.Take(t.Context(), p.node)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	seen := map[int64]bool{}
	highest := int64(0)
	for _, term := range terms {
		assert.False(t, seen[term])
		seen[term] = true
		highest = max(highest, term)
	}
	for _, term := range terms {
		r := p.record(fmt.Sprint("by-", term))
		r.Term = term
		if err := p.Calls.Create(t.Context(), r); term == highest {
			assert.NoError(t, err)
		} else {
			assert.ErrorIs(t, err, call.ErrStale)
		}
	}
}

// claimed keeps a ticket under a token and gives the note of its dial.
func claimed(t *testing.T, p place) (queue.Ticket, call.DialNote) {
	t.Helper()
	ticket := queue.Ticket{ID: "ticket", Tenant: p.tenant, State: queue.Dialling, Arrived: noon(), Token: 7}
	change, err := p.Tickets.Commit(t.Context(), dispatch.Change{Tenant: p.tenant, Tickets: []queue.Ticket{ticket}})
	require.NoError(t, err)
	return change.Tickets[0], call.DialNote{
		Node: p.node, Term: p.term, Tenant: p.tenant, Ticket: "ticket", Token: 7, Call: "ticket-1",
	}
}

func nodeMayDial(t *testing.T, p place) {
	ctx := t.Context()
	ticket, note := claimed(t, p)
	require.NoError(t, p.Nodes.MayDial(ctx, note))
	require.NoError(t, p.Nodes.MayDial(ctx, note), "it may be asked again")

	for _, spoil := range []func(*call.DialNote){
		func(n *call.DialNote) { n.Token = 6 },
		func(n *call.DialNote) { n.Token = 8 },
		func(n *call.DialNote) { n.Term++ },
		func(n *call.DialNote) { n.Term-- },
		func(n *call.DialNote) { n.Ticket = "unknown" },
		func(n *call.DialNote) { n.Node = Name("node") },
	} {
		wrong := note
		wrong.Call = "wrong"
		spoil(&wrong)
		require.ErrorIs(t, p.Nodes.MayDial(ctx, wrong), call.ErrStale)
	}
	dialled, err := p.Nodes.Dialled(ctx, p.tenant, "wrong")
	require.NoError(t, err)
	assert.False(t, dialled)

	ticket.Token++ // somebody else claims it
	_, err = p.Tickets.Commit(ctx, dispatch.Change{Tenant: p.tenant, Tickets: []queue.Ticket{ticket}})
	require.NoError(t, err)
	require.ErrorIs(t, p.Nodes.MayDial(ctx, note), call.ErrStale)
	note.Token++
	require.NoError(t, p.Nodes.MayDial(ctx, note))
	p.take(t) // somebody else takes the exchange
	require.ErrorIs(t, p.Nodes.MayDial(ctx, note), call.ErrStale)
}

func nodeHolds(t *testing.T, p place) {
	ctx := t.Context()
	require.NoError(t, p.Nodes.Holds(ctx, p.node, p.term))
	require.ErrorIs(t, p.Nodes.Holds(ctx, p.node, p.term+1), call.ErrStale)
	require.ErrorIs(t, p.Nodes.Holds(ctx, p.node, 0), call.ErrStale)
	require.ErrorIs(t, p.Nodes.Holds(ctx, Name("node"), p.term), call.ErrStale)
	next := p.take(t)
	require.ErrorIs(t, p.Nodes.Holds(ctx, p.node, p.term), call.ErrStale)
	require.NoError(t, p.Nodes.Holds(ctx, p.node, next))
}

func nodeDialled(t *testing.T, p place) {
	ctx := t.Context()
	_, note := claimed(t, p)
	dialled, err := p.Nodes.Dialled(ctx, p.tenant, note.Call)
	require.NoError(t, err)
	assert.False(t, dialled)
	require.NoError(t, p.Nodes.MayDial(ctx, note))
	p.take(t)
	dialled, err = p.Nodes.Dialled(ctx, p.tenant, note.Call)
	require.NoError(t, err)
	assert.True(t, dialled, "whoever took the exchange learns it")
	dialled, err = p.Nodes.Dialled(ctx, p.tenant, "ticket-2")
	require.NoError(t, err)
	assert.False(t, dialled)
}
