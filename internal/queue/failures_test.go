package queue_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// The failures of other systems that a ticket, an order or a policy can have.
// Each test says what happened, and where it was reported.

// TestFailure01FiftyOneCallsInsteadOfThree: passes of a scheduler overlapped, each
// with its own old copy of the request, and each dialled (juspay/clairvoyance
// pull request 668). A ticket is claimed once: the copies that were read before
// are told apart by their version, and an attempt that is under way can't be
// claimed.
func TestFailure01FiftyOneCallsInsteadOfThree(t *testing.T) {
	t.Parallel()
	due := inState(t, queue.Due)
	claimed, err := due.Claim(noon, "node", "anna")
	require.NoError(t, err)
	for _, claim := range []func() (queue.Ticket, error){
		func() (queue.Ticket, error) { return claimed.Claim(noon, "node", "bruno") },
		func() (queue.Ticket, error) { return claimed.ClaimFirst(noon, "node") },
		func() (queue.Ticket, error) { return claimed.ClaimNotice(noon, "node") },
	} {
		_, err := claim()
		require.ErrorIs(t, err, queue.ErrImpossible)
	}
	stale, err := due.Claim(noon, "node", "bruno")
	require.NoError(t, err, "whoever holds an old copy may think so")
	assert.Equal(t, claimed.Call, stale.Call, "but would ask the exchange for the same call, which is there already")
	assert.Equal(t, claimed.Version, stale.Version, "and the store keeps one of the two")
}

// TestFailure02TheSecondBeforeTheFirst: a second and a third call were dialled
// while the first one rang (FreePBX issue-tracker 525). No way leads from a call
// that rings to another one but its end.
func TestFailure02TheSecondBeforeTheFirst(t *testing.T) {
	t.Parallel()
	rings := inState(t, queue.Dialling)
	for name, step := range map[string]func() (queue.Ticket, error){
		"ripen":  func() (queue.Ticket, error) { return rings.Ripen(noon.Add(time.Hour)) },
		"claim":  func() (queue.Ticket, error) { return rings.Claim(noon.Add(time.Hour), "node", "anna") },
		"defer":  func() (queue.Ticket, error) { return rings.Defer(noon, noon, queue.ReasonCapped) },
		"replan": func() (queue.Ticket, error) { return rings.Replan(noon, noon, noon.Add(1)) },
		"fix":    func() (queue.Ticket, error) { return rings.Fix(noon, noon) },
		"notice": func() (queue.Ticket, error) { return rings.ClaimNotice(noon, "node") },
	} {
		_, err := step()
		require.ErrorIs(t, err, queue.ErrImpossible, name)
	}
	twice, err := rings.Promise(noon, queue.Terms{Phone: rings.Phone})
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, rings), copyOf(t, twice), "asked again it is the same promise")
}

// TestFailure03NestedRetriesMultiply: the exchange was told to dial up to three
// times, by something that tried three times: nine calls (tcreek/queue_callback).
// Here one thing counts: whatever happens to a ticket, three calls that count are
// made and no more, and what is made for other purposes to the same number is
// under one cap with them.
func TestFailure03NestedRetriesMultiply(t *testing.T) {
	t.Parallel()
	outcomes := []queue.Outcome{queue.NoAnswer, queue.Busy, queue.NoKey, queue.HungUp, queue.Rejected, queue.Unreachable,
		queue.Later, queue.OurFault, queue.NoAgent}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 4))
		x, now := inState(t, queue.Due), noon
		counted := 0
		for range 200 {
			var err error
			if x.State == queue.Pending {
				now = x.NotBefore
				x, err = x.Ripen(now)
				require.NoError(t, err)
			}
			if x, err = x.Claim(now, "node", "anna"); err != nil {
				break
			}
			o := outcomes[rng.IntN(len(outcomes))]
			x, err = x.AttemptEnded(now.Add(time.Minute), len(x.Attempts), queue.Result{Outcome: o},
				queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)})
			require.NoError(t, err)
			if !o.Ours() {
				counted++
			}
		}
		require.Equal(t, queue.Exhausted, x.State, "seed %d", seed)
		require.Equal(t, queue.DefaultPolicy().Attempts, counted, "seed %d", seed)
	}
}

// TestFailure04TheCallbackFiresAllTheSame: the citizen called in, was served, and
// then the callback came (Genesys Cloud does not cancel it). Here the call that
// came in is the callback: from any state one ticket is left, on one line, and
// when it is served it is done.
func TestFailure04TheCallbackFiresAllTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range []queue.State{queue.Pending, queue.Due, queue.Dialling} {
		x, err := inState(t, s).Rejoin(noon, "in-2", "node")
		require.NoError(t, err)
		assert.Equal(t, "in-2", x.Call)
		assert.Equal(t, inState(t, s).Arrived, x.Arrived, "the place is kept")
		_, err = x.Claim(noon, "node", "anna")
		require.ErrorIs(t, err, queue.ErrImpossible, "who is on the line is not dialled")
		x, err = x.Connected(noon, "anna")
		require.NoError(t, err)
		x, err = x.Talked(noon)
		require.NoError(t, err)
		_, err = x.Ripen(noon.Add(time.Hour))
		require.ErrorIs(t, err, queue.ErrImpossible)
	}
}

// TestFailure05CallbacksSilentlyLost: a request whose call had not been picked up
// in ten seconds was put into an archive (VICIdial, ORPHAN). Here every ticket
// whose call vanishes is open still, or done, or on the worklist.
func TestFailure05CallbacksSilentlyLost(t *testing.T) {
	t.Parallel()
	j := queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)}
	x, now := inState(t, queue.Dialling), noon
	for range 100 {
		var err error
		x, err = x.Lost(now, j)
		require.NoError(t, err)
		require.Equal(t, queue.Pending, x.State, "however often it happens")
		require.True(t, x.NotBefore.After(now))
		now = x.NotBefore
		x, err = x.Ripen(now)
		require.NoError(t, err)
		x, err = x.Claim(now, "node", "anna")
		require.NoError(t, err)
	}
}

// arrivals are tickets of both kinds and all classes, arriving one a minute.
func arrivals(rng *rand.Rand, n int) []queue.Ticket {
	classes := []queue.Class{queue.Normal, queue.Normal, queue.Normal, queue.Normal, queue.Returned, queue.Frail, queue.RedFlag}
	var all []queue.Ticket
	for i := range n {
		s := queue.Waiting
		if rng.IntN(2) == 0 {
			s = queue.Pending
		}
		all = append(all, queue.Ticket{
			ID: fmt.Sprintf("t%04d", i), State: s, NeedsAgent: true, Queue: "persone",
			Arrived: noon.Add(time.Duration(i) * time.Minute), Class: classes[rng.IntN(len(classes))],
		})
	}
	return all
}

// TestFailure06QueueJumping: callbacks came back with priority 5 against 0, and
// whoever held the line waited until none was left (FreePBX 621, Twilio 9). Here
// the state has no say: two of a class are served as they arrived, and hanging up
// for a callback, calling again, or waiting on changes nothing.
func TestFailure06QueueJumping(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		all := arrivals(rand.New(rand.NewPCG(seed, 5)), 200)
		slices.SortFunc(all, queue.Compare)
		last := map[queue.Class]time.Time{}
		for _, x := range all {
			require.False(t, x.Arrived.Before(last[x.Class]), "seed %d: %s before somebody who came earlier", seed, x)
			last[x.Class] = x.Arrived
		}
	}
	caller := inState(t, queue.Waiting)
	callback, err := caller.Promise(noon.Add(time.Hour), queue.Terms{Phone: caller.Phone})
	require.NoError(t, err)
	assert.Zero(t, queue.Compare(caller, callback))
	again, err := callback.Rejoin(noon.Add(2*time.Hour), "in-9", "node")
	require.NoError(t, err)
	assert.Zero(t, queue.Compare(caller, again))
}

// TestFailure07Starvation: callbacks were made only when nobody waited on the
// line, which on a busy line is never (tcreek/queue_callback). Here, with calls
// of all classes coming in for ever, nobody waits for longer than the queue and a
// head start: whoever came more than a head start later goes after.
func TestFailure07Starvation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 6))
		all := arrivals(rng, 1000)
		served := slices.Clone(all)
		slices.SortFunc(served, queue.Compare)
		for i, x := range served {
			for _, later := range served[:i] {
				head := later.Class.HeadStart() - x.Class.HeadStart()
				if later.Arrived.Sub(x.Arrived) > max(head, 0) {
					require.Fail(t, "starved", "seed %d: %s went before %s", seed, later, x)
				}
			}
		}
		// And the order of two is the same for ever: more arrivals do not change it.
		half := slices.DeleteFunc(slices.Clone(all), func(queue.Ticket) bool { return rng.IntN(2) == 0 })
		slices.SortFunc(half, queue.Compare)
		rank := map[string]int{}
		for i, x := range served {
			rank[x.ID] = i
		}
		require.True(t, slices.IsSortedFunc(half, func(a, b queue.Ticket) int { return cmp.Compare(rank[a.ID], rank[b.ID]) }))
	}
}

// TestFailure08VoicemailCountedAsSuccess: an answering machine took the callback,
// and it was done (Puzzel). Here an answer without a key is a call that nobody
// took, tried again at another time of the day.
func TestFailure08VoicemailCountedAsSuccess(t *testing.T) {
	t.Parallel()
	x, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: queue.NoKey},
		queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)})
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, x.State)
	assert.Equal(t, noon.Add(2*time.Hour), x.NotBefore.UTC())
}

// TestFailure09TheAnnouncedWaitGrows: the wait that was said was the distance of
// the time waited from the average, so after the average it grew (Asterisk,
// app_queue.c). Here it is computed from who is before the caller: while the same
// agents serve the queue and their talks last as long, it never grows.
func TestFailure09TheAnnouncedWaitGrows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		staff := queue.Staff{Active: float64(1+rng.IntN(20)) / 2, Handle: time.Duration(1+rng.IntN(600)) * time.Second, Setup: queue.SeedSetup}
		tickets := arrivals(rng, 60)
		me := tickets[40]
		last := time.Duration(1<<62 - 1)
		for len(tickets) > 0 {
			ahead := 0
			for _, x := range tickets {
				if queue.Before(x, me) {
					ahead++
				}
			}
			wait, known := queue.Estimate(ahead, staff)
			require.True(t, known)
			require.LessOrEqual(t, wait, last, "seed %d", seed)
			require.LessOrEqual(t, queue.Minutes(wait), queue.Minutes(last))
			require.GreaterOrEqual(t, time.Duration(queue.Minutes(wait))*time.Minute, wait, "what is said is rounded up")
			last = wait
			first := slices.MinFunc(tickets, queue.Compare)
			tickets = slices.DeleteFunc(tickets, func(x queue.Ticket) bool { return x.ID == first.ID }) // served, or has left
			if rng.IntN(2) == 0 {
				newcomer := queue.Ticket{ID: "later", State: queue.Waiting, NeedsAgent: true, Queue: "persone", Arrived: noon.Add(20 * time.Hour)}
				tickets = append(tickets, newcomer)
			}
			if first.ID == me.ID {
				break
			}
		}
	}
	_, known := queue.Estimate(10, queue.Staff{Handle: time.Minute})
	assert.False(t, known, "with no agent nothing is said")
}

// TestFailure10EachOutcomeHasItsWay: a no-answer was told as nothing and an
// answer as a no-answer, and what followed was wrong (asterisk 963, 1660). Here
// no outcome is without its way, an outcome that nobody knows is tried again, and
// an end that is told after citizen and agent have spoken does not undo the talk.
func TestFailure10EachOutcomeHasItsWay(t *testing.T) {
	t.Parallel()
	j := queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)}
	for _, o := range []queue.Outcome{"", "unheard-of", queue.NoAnswer, queue.Busy} {
		x, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: o}, j)
		require.NoError(t, err)
		assert.Equal(t, queue.Pending, x.State, o)
		spoke, err := inState(t, queue.Connected).AttemptEnded(noon, 1, queue.Result{Outcome: o}, j)
		require.NoError(t, err)
		assert.Equal(t, queue.Done, spoke.State, o)
	}
}

// TestFailure11LiveNumbersDeclaredDead: a carrier answered "unallocated" for
// telephones that merely rang out, and they were never called again (surveda
// 1073). Here a number is dead when the network has said so on two days and the
// telephone was not heard of since, on whatever ticket; then a person looks at it.
func TestFailure11LiveNumbersDeclaredDead(t *testing.T) {
	t.Parallel()
	gone := queue.Result{Outcome: queue.Unreachable, Cause: 1, SIP: 404}
	j := queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)}
	x, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, gone, j)
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, x.State, "once says nothing")

	call := func(x queue.Ticket, at time.Time, r queue.Result, ledgers ...queue.Ledger) queue.Ticket {
		x, err := x.Ripen(at)
		require.NoError(t, err)
		x, err = x.Claim(at, "node", "anna")
		require.NoError(t, err)
		j.Ledgers = ledgers
		x, err = x.AttemptEnded(at, len(x.Attempts), r, j)
		require.NoError(t, err)
		return x
	}
	sameDay := call(x, x.NotBefore, gone)
	assert.Equal(t, queue.Pending, sameDay.State, "twice on one day says nothing either")
	nextDay := call(sameDay, sameDay.NotBefore, gone)
	assert.Equal(t, queue.Exhausted, nextDay.State)
	assert.Equal(t, queue.ReasonDead, nextDay.Reason)

	subject, _ := queue.PhoneSubject(x.Phone)
	before := queue.Ledger{Subject: subject}.Begin(queue.Entry{
		Ticket: "t0", Attempt: 1, At: noon.Add(-24 * time.Hour), Outcome: queue.Unreachable, Cause: 1, Counts: true,
	})
	first := call(inState(t, queue.Due), noon, gone, before)
	assert.Equal(t, queue.ReasonDead, first.Reason, "yesterday's call was for another ticket, to the same number")
	rang := before.Begin(queue.Entry{Ticket: "t0", Attempt: 2, At: noon.Add(-time.Hour), Outcome: queue.NoAnswer, Counts: true})
	first = call(inState(t, queue.Due), noon, gone, rang)
	assert.Equal(t, queue.Pending, first.State, "it rang this morning")
}

// TestFailure12RetryBeforeTheFirstCall: retries were put on the list for calls
// that had not been dialled yet (surveda 672), and one computed for today's window
// was made in the next one (verboice 288). Here a retry follows from the end of a
// call and from nothing else, and while the day is open it is on that day.
func TestFailure12RetryBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	j := queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)}
	for _, s := range []queue.State{queue.Waiting, queue.Pending, queue.Due} {
		_, err := inState(t, s).AttemptEnded(noon, 1, queue.Result{Outcome: queue.NoAnswer}, j)
		require.ErrorIs(t, err, queue.ErrNoAttempt)
	}
	rings := inState(t, queue.Dialling)
	assert.Len(t, rings.Attempts, 1, "while it lasts nothing is planned after it")

	for minute := range 11 * 60 {
		at := clock(t, "2027-03-03T09:00").Add(time.Duration(minute) * time.Minute)
		if !j.Window.Contains(at) {
			continue
		}
		for o, most := range map[queue.Outcome]time.Duration{queue.Busy: 5 * time.Minute, queue.NoAnswer: 2 * time.Hour} {
			x := rings
			x.Attempts = []queue.Attempt{{N: 1, Call: "t1-1", At: at, Counts: true}}
			x, err := x.AttemptEnded(at, 1, queue.Result{Outcome: o}, j)
			require.NoError(t, err)
			want, _ := j.Window.Next(at.Add(most))
			require.True(t, want.Equal(x.NotBefore), "%s after %s: %s, not %s", at, o, x.NotBefore, want)
		}
	}
}

// TestFailure15DidNotAnswerThreeTimes: who did not answer three times was struck
// off the list (ASL Lecce). Here the three calls are on two days at least and at
// three times of the day, and then the ticket is a person's: it keeps its place,
// its word and all that is known, and can be closed by a person only.
func TestFailure15DidNotAnswerThreeTimes(t *testing.T) {
	t.Parallel()
	j := queue.Judge{Policy: queue.DefaultPolicy(), Window: office(t)}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 8))
		start, ok := j.Window.Next(clock(t, "2027-02-01T00:00").Add(time.Duration(rng.IntN(60*24*60)) * time.Minute))
		require.True(t, ok)
		x, now := inState(t, queue.Due), start
		var at []time.Time
		for range 3 {
			var err error
			if x.State == queue.Pending {
				now = x.NotBefore
				x, err = x.Ripen(now)
				require.NoError(t, err)
			}
			x, err = x.Claim(now, "node", "anna")
			require.NoError(t, err)
			at = append(at, now.In(rome(t)))
			x, err = x.AttemptEnded(now.Add(45*time.Second), len(x.Attempts), queue.Result{Outcome: queue.NoAnswer}, j)
			require.NoError(t, err)
		}
		require.Equal(t, queue.Exhausted, x.State)
		require.Equal(t, queue.ReasonUsedUp, x.Reason)
		require.NotEqual(t, queue.DayOf(at[0]), queue.DayOf(at[2]), "seed %d: %s", seed, at)
		for i, a := range at {
			require.GreaterOrEqual(t, nearest(rome(t), a, slices.Delete(slices.Clone(at), i, i+1)), 2*time.Hour, "seed %d: %s", seed, at)
		}
		require.Equal(t, "471", x.Word)
		require.Equal(t, noon, x.Arrived)
		_, err := x.Withdraw(now, queue.ReasonLeft)
		require.ErrorIs(t, err, queue.ErrImpossible, "nobody is dropped")
	}
}
