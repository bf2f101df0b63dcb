package memstore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/storetest"
)

func TestStores(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T, ...string) storetest.Stores {
		s := memstore.New(nil)
		return storetest.Stores{
			Calls: s.Calls, Nodes: s.Calls, Tickets: s.Tickets, Leases: s.Leases,
			Registrations: s.Registrations, Limits: s.Limits, Blocks: s.Blocks, Sweeps: s.Sweeps,
		}
	})
}

// use calls every verb once and gives its error and the consumer's name for a
// store that does not answer.
func use(ctx context.Context, s *memstore.Stores, verb memstore.Verb) (err, unavailable error) {
	switch verb {
	case memstore.DoCreate:
		return s.Calls.Create(ctx, call.Record{}), call.ErrUnavailable
	case memstore.DoSave:
		return s.Calls.Save(ctx, call.Record{}), call.ErrUnavailable
	case memstore.DoLoad:
		_, err = s.Calls.Load(ctx, "", "")
		return err, call.ErrUnavailable
	case memstore.DoLive:
		_, err = s.Calls.Live(ctx, "")
		return err, call.ErrUnavailable
	case memstore.DoTake:
		_, err = s.Calls.Take(ctx, "")
		return err, call.ErrUnavailable
	case memstore.DoMayDial:
		return s.Calls.MayDial(ctx, call.DialNote{}), call.ErrUnavailable
	case memstore.DoHolds:
		return s.Calls.Holds(ctx, "", 0), call.ErrUnavailable
	case memstore.DoDialled:
		_, err = s.Calls.Dialled(ctx, "", "")
		return err, call.ErrUnavailable
	case memstore.DoCommit:
		_, err = s.Tickets.Commit(ctx, dispatch.Change{})
		return err, dispatch.ErrUnavailable
	case memstore.DoOpen:
		_, err = s.Tickets.Open(ctx, "")
		return err, dispatch.ErrUnavailable
	case memstore.DoTicket:
		_, err = s.Tickets.Ticket(ctx, "", "")
		return err, dispatch.ErrUnavailable
	case memstore.DoTickets:
		_, _, err = s.Tickets.Tickets(ctx, "", nil, "", 1)
		return err, dispatch.ErrUnavailable
	case memstore.DoLedgers:
		_, err = s.Tickets.Ledgers(ctx, "", nil)
		return err, dispatch.ErrUnavailable
	case memstore.DoAcquire:
		_, _, err = s.Leases.Acquire(ctx, "", "", false, 0)
		return err, dispatch.ErrUnavailable
	case memstore.DoResign:
		return s.Leases.Resign(ctx, "", "", 0), dispatch.ErrUnavailable
	case memstore.DoAdd:
		_, _, err = s.Registrations.Add(ctx, desk.Registration{})
		return err, desk.ErrUnavailable
	case memstore.DoChange:
		_, err = s.Registrations.Change(ctx, desk.Registration{})
		return err, desk.ErrUnavailable
	case memstore.DoOf:
		_, err = s.Registrations.Of(ctx, "", "", "")
		return err, desk.ErrUnavailable
	case memstore.DoPage:
		_, _, err = s.Registrations.Page(ctx, "", "", 1)
		return err, desk.ErrUnavailable
	case memstore.DoCount:
		_, err = s.Limits.Count(ctx, "", nil, 0)
		return err, desk.ErrUnavailable
	case memstore.DoBlock:
		return s.Blocks.Block(ctx, "", phone.Number{}), dispatch.ErrUnavailable
	case memstore.DoUnblock:
		return s.Blocks.Unblock(ctx, "", phone.Number{}), dispatch.ErrUnavailable
	case memstore.DoBlocked:
		_, err = s.Blocks.Blocked(ctx, "", phone.Number{})
		return err, dispatch.ErrUnavailable
	case memstore.DoSweep:
		return s.Sweeps.Sweep(ctx, "", "", time.Time{}), dispatch.ErrUnavailable
	case memstore.DoSwept:
		_, err = s.Sweeps.Swept(ctx, "")
		return err, dispatch.ErrUnavailable
	}
	return errors.New("a verb without a test"), nil
}

func TestEveryVerbCanBeRefused(t *testing.T) {
	t.Parallel()
	for _, verb := range memstore.Verbs() {
		s := memstore.New(nil)
		s.Faults.Nth(verb, 2, memstore.Refused)
		err, unavailable := use(t.Context(), s, verb)
		require.NotErrorIs(t, err, unavailable, verb)
		err, unavailable = use(t.Context(), s, verb)
		require.ErrorIs(t, err, unavailable, verb)
		require.ErrorIs(t, err, memstore.ErrFault, verb)
		err, _ = use(t.Context(), s, verb)
		require.NotErrorIs(t, err, memstore.ErrFault, verb)
		assert.Equal(t, 3, s.Faults.Count(verb))

		s.Faults.Down(true)
		err, _ = use(t.Context(), s, verb)
		require.ErrorIs(t, err, memstore.ErrFault, verb)
		s.Faults.Down(false)
		err, _ = use(t.Context(), s, verb)
		require.NotErrorIs(t, err, memstore.ErrFault, verb)
	}
}

func TestRefusedIsNotDoneLostIs(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memstore.New(nil)
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	r := call.Record{ID: "one", Tenant: "t", Node: "node", Term: term}
	s.Faults.Nth(memstore.DoCreate, 1, memstore.Refused)
	s.Faults.Nth(memstore.DoCreate, 2, memstore.Lost)
	require.ErrorIs(t, s.Calls.Create(ctx, r), call.ErrUnavailable)
	_, err = s.Calls.Load(ctx, "t", "one")
	require.ErrorIs(t, err, call.ErrNotFound)
	require.ErrorIs(t, s.Calls.Create(ctx, r), call.ErrUnavailable)
	kept, err := s.Calls.Load(ctx, "t", "one")
	require.NoError(t, err)
	s.Faults.Nth(memstore.DoSave, 1, memstore.Lost)
	require.ErrorIs(t, s.Calls.Save(ctx, kept), call.ErrUnavailable)
	require.NoError(t, s.Calls.Save(ctx, kept), "the repeated save finds itself")
	s.Faults.Nth(memstore.DoLoad, 1, memstore.Lost)
	lost, err := s.Calls.Load(ctx, "t", "one")
	require.ErrorIs(t, err, call.ErrUnavailable)
	assert.Zero(t, lost)
	s.Faults.Nth(memstore.DoCreate, 1, memstore.Lost)
	require.ErrorIs(t, s.Calls.Create(ctx, r), call.ErrExists, "an error is not lost")
}

// A change of a ticket and its ledgers, as it is made when a citizen is dialled,
// is refused whole or done whole; under its key it finds itself, without one its
// versions are used up.
func TestRefusedAndLostChangesOfLedgers(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memstore.New(nil)
	subjects := []queue.Subject{{Kind: queue.OfPhone, Value: "+390255512345"}, {Kind: queue.OfCitizen, Value: "RSSMRA36A41F205S"}}
	c := dispatch.Change{Tenant: "t", Key: "claim", Tickets: []queue.Ticket{{ID: "one", Tenant: "t", State: queue.Due}}}
	for _, of := range subjects {
		c.Ledgers = append(c.Ledgers, queue.Ledger{Subject: of, Entries: []queue.Entry{{Ticket: "one", Attempt: 1}}})
	}
	kept := func() (versions []int) {
		ledgers, err := s.Tickets.Ledgers(ctx, "t", subjects)
		require.NoError(t, err)
		for _, l := range ledgers {
			versions = append(versions, l.Version, len(l.Entries))
		}
		return versions
	}
	s.Faults.Nth(memstore.DoCommit, 1, memstore.Refused)
	_, err := s.Tickets.Commit(ctx, c)
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	assert.Equal(t, []int{0, 0, 0, 0}, kept())
	s.Faults.Nth(memstore.DoCommit, 1, memstore.Lost)
	lost, err := s.Tickets.Commit(ctx, c)
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	assert.Zero(t, lost)
	assert.Equal(t, []int{1, 1, 1, 1}, kept())
	after, err := s.Tickets.Commit(ctx, c)
	require.NoError(t, err, "the repeated change finds itself")
	assert.Equal(t, subjects[1], after.Ledgers[1].Subject)
	assert.Equal(t, []int{1, 1, 1, 1}, kept())

	after.Key = ""
	s.Faults.Nth(memstore.DoCommit, 1, memstore.Lost)
	_, err = s.Tickets.Commit(ctx, after)
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	_, err = s.Tickets.Commit(ctx, after)
	require.ErrorIs(t, err, dispatch.ErrStale, "without a key one has to look again")
	assert.Equal(t, []int{2, 1, 2, 1}, kept())

	s.Faults.Nth(memstore.DoLedgers, 1, memstore.Lost)
	ledgers, err := s.Tickets.Ledgers(ctx, "t", subjects)
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	assert.Empty(t, ledgers)
}

func TestHooksPanicAndBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(nil)
		s.Faults.Before(func(_ context.Context, verb memstore.Verb, n int) memstore.Fault {
			if verb == memstore.DoTake && n == 1 {
				panic("crash")
			}
			return memstore.None
		})
		assert.Panics(t, func() { _, _ = s.Calls.Take(t.Context(), "node") })
		s.Faults.Before(func(ctx context.Context, _ memstore.Verb, _ int) memstore.Fault {
			<-ctx.Done()
			return memstore.None
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Calls.Take(ctx, "node")
		require.ErrorIs(t, err, call.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		s.Faults.Before(nil)

		s.Faults.After(func(context.Context, memstore.Verb, int) { panic("crash after") })
		assert.Panics(t, func() { _, _ = s.Calls.Take(t.Context(), "node") })
		s.Faults.After(nil)
		term, err := s.Calls.Take(t.Context(), "node")
		require.NoError(t, err)
		assert.EqualValues(t, 2, term, "the one that crashed after was done, those before were not")
	})
}

func TestLeasesRunByTheGivenClock(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
	s := memstore.New(func() time.Time { return now })
	_, ok, err := s.Leases.Acquire(ctx, "l", "one", true, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	now = now.Add(time.Minute - 1)
	_, ok, _ = s.Leases.Acquire(ctx, "l", "two", true, time.Minute)
	assert.False(t, ok)
	now = now.Add(1)
	term, ok, _ := s.Leases.Acquire(ctx, "l", "two", true, time.Minute)
	assert.True(t, ok)
	assert.EqualValues(t, 2, term)
}
