package dispatch_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// guest is somebody who wants a person.
type guest struct {
	ticket   string
	call     string // of who holds the line
	arrived  time.Time
	class    queue.Class
	back     bool      // took the callback
	served   time.Time // an agent was there
	until    time.Time // the talk lasts
	overtook int       // how many of the same class, who could have been served, came before
}

// lobby is a house in which guests arrive, hold or take the callback at random, and
// are served.
type lobby struct {
	*house
	rng    *rand.Rand
	guests []*guest
}

// arrives is one more guest.
func (l *lobby) arrives() {
	l.Helper()
	n := len(l.guests)
	g := &guest{call: fmt.Sprintf("in-%d", n), arrived: time.Now(), back: l.rng.IntN(2) == 0}
	if l.rng.IntN(5) == 0 {
		g.class = queue.Frail
	}
	national := fmt.Sprintf("02%08d", 10000000+n)
	x := l.enterAs(g.call, national, func(e *dispatch.Entry) { e.Class = g.class })
	g.ticket = x.ID
	if l.ticket(x.ID).Agent != "" {
		g.back = false // somebody is there at once: nobody is offered a callback
	}
	if g.back {
		_, err := l.tickets.Promise(l.ctx, dispatch.Asked{
			Tenant: "demo", Key: g.call + ".2", Ticket: x.ID, Purpose: queue.WantsPerson, Phone: x.Phone, At: time.Now(),
		})
		require.NoError(l, err)
		l.calls.hangUp(g.call)
	}
	l.guests = append(l.guests, g)
}

// moves lets those who are reserved for each other meet, and talks end.
func (l *lobby) moves() {
	l.Helper()
	for _, g := range l.guests {
		if !g.served.IsZero() {
			if !g.until.IsZero() && !time.Now().Before(g.until) {
				l.ends(g)
			}
			continue
		}
		x := l.ticket(g.ticket)
		if x.Agent == "" || !x.State.OnLine() {
			continue
		}
		l.counts(g, x)
		require.NoError(l, l.tickets.Ringing(l.ctx, "demo", x.ID, x.Agent, time.Now()))
		require.NoError(l, l.tickets.Connected(l.ctx, "demo", x.ID, x.Agent, time.Now()))
		g.served, g.until = time.Now(), time.Now().Add(time.Duration(60+l.rng.IntN(120))*time.Second)
	}
}

// counts finds those whom a guest has overtaken.
func (l *lobby) counts(g *guest, x queue.Ticket) {
	for _, o := range l.guests {
		t := l.ticket(o.ticket)
		ready := !time.Now().Before(t.NotBefore.Add(2*time.Second)) && t.Agent == ""
		if o.served.IsZero() && ready && o.class == g.class && queue.Before(t, x) {
			g.overtook++
		}
	}
}

func (l *lobby) ends(g *guest) {
	l.Helper()
	x := l.ticket(g.ticket)
	l.calls.hangUp(x.Call)
	if n := len(x.Attempts); n > 0 && x.Attempts[n-1].Ended.IsZero() {
		require.NoError(l, l.tickets.AttemptEnded(l.ctx, "demo", x.ID, n, queue.Result{Outcome: queue.Delivered}, time.Now()))
	}
	require.NoError(l, l.tickets.Talked(l.ctx, "demo", x.ID, x.Agent, time.Now()))
	l.set(x.Agent, agent.Ready)
	g.until = time.Time{}
}

// wait is how long a guest has waited for a person.
func (g *guest) wait() time.Duration { return g.served.Sub(g.arrived) }

// longer is by how much those who were called back have waited longer than those on
// the line who came just before or after them: the differences, in order.
func longer(all []*guest) (by []time.Duration) {
	for i, g := range all[1:] {
		before := all[i]
		switch {
		case g.class != before.class || g.back == before.back:
		case g.back:
			by = append(by, g.wait()-before.wait())
		default:
			by = append(by, before.wait()-g.wait())
		}
	}
	slices.Sort(by)
	return by
}

// TestFairnessProperty: whoever holds the line and whoever has hung up for a callback,
// who arrive alike, wait alike; and nobody is overtaken by one of the same class who
// came later.
func TestFairnessProperty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			in(t, func(t *testing.T) {
				l := &lobby{house: newHouse(t, "anna", "bruno"), rng: rand.New(rand.NewPCG(seed, 3))}
				defer l.loop.Stop()
				for _, id := range []string{"anna", "bruno"} {
					l.set(id, agent.Ready)
				}
				for range 140 * 60 / 5 { // seconds; more come at first than two can serve
					if len(l.guests) < 90 && l.rng.IntN(9) == 0 {
						l.arrives()
					}
					l.wait(5 * time.Second)
					l.moves()
				}
				held, called := 0, 0
				for _, g := range l.guests {
					require.False(t, g.served.IsZero(), "all are served in the end")
					require.Zero(t, g.overtook, "nobody of the same class is overtaken")
					if g.back {
						called++
					} else {
						held++
					}
				}
				require.Greater(t, held, 20)
				require.Greater(t, called, 20)
				by := longer(l.guests)
				longest := slices.MaxFunc(l.guests, func(a, b *guest) int { return cmp.Compare(a.wait(), b.wait()) })
				require.Greater(t, longest.wait(), 10*time.Minute, "there was a queue")
				require.Greater(t, len(by), 15)
				p50, p90 := by[len(by)/2], by[len(by)*9/10]
				assert.InDelta(t, 0, p50.Seconds(), 60, "half of them")
				assert.Less(t, p90, 4*time.Minute, "nine of ten")
				assert.Greater(t, by[len(by)/10], -4*time.Minute)
			})
		})
	}
}
