package sim

import (
	"time"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
)

// Draw makes the plan of a short world: a few agents, a few citizens, and in
// most of them a few things that go wrong. About a third of the worlds are calm.
func Draw(seed uint64) Plan {
	d := town.NewDice(seed, 2)
	p := Plan{
		Seed: seed, Setup: DemoSetup(), Lag: 40 * time.Millisecond, RestartAfter: d.Between(300*time.Millisecond, 6*time.Second),
		Round: 2 * time.Second, drawn: true, // enough, and quick
	}
	p.Start, p.Serve = hours(d)
	for range 1 + d.IntN(3) {
		p.Agents = append(p.Agents, Shift{Manner: manner(d)})
	}
	for range 1 + d.IntN(4) {
		p.Homes = append(p.Homes, d.Chance(0.3))
	}
	for range 2 + d.IntN(3) {
		after := d.Between(0, 4*time.Minute)
		if d.Chance(0.15) {
			after = -1
		}
		p.Callers = append(p.Callers, Caller{Temper: temper(d), Home: d.IntN(len(p.Homes)), After: after})
	}
	for i := range p.Callers {
		if d.Chance(0.15) {
			p.Returns = append(p.Returns, Return{Caller: i, After: d.Between(0, 3*time.Minute)})
		}
	}
	for _, kind := range []Kind{Sweeps, Withdraws, PhoneDead} {
		if d.Chance(0.06) {
			p.Faults = append(p.Faults, Disturbance{Kind: kind, At: d.Between(30*time.Second, 8*time.Minute), For: d.Between(10*time.Second, 2*time.Minute)})
		}
	}
	if d.Chance(0.35) {
		return p
	}
	if d.Chance(0.2) {
		p.Slow = 0.1
	}
	if d.Chance(0.2) {
		p.Trunk = 0.3
	}
	for range 1 + d.IntN(3) {
		p.Faults = append(p.Faults, disturbance(d))
	}
	return p
}

// hours draws when it is, and how the tenant serves.
func hours(d town.Dice) (time.Time, dispatch.Config) {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		zone = time.UTC
	}
	c := dispatch.Defaults()
	c.Node, c.Queue = node, "persone"
	c.Window = queue.Window{Zone: zone, Hours: map[time.Weekday][]queue.Span{}}
	for day := time.Monday; day <= time.Friday; day++ {
		c.Window.Hours[day] = []queue.Span{{From: queue.Clock(9, 0), To: queue.Clock(18, 0)}}
	}
	start := time.Date(2027, 3, 3, 9, 0, 0, 0, zone).Add(d.Between(0, 8*time.Hour))
	switch d.IntN(8) {
	case 0: // the offices are about to close, for the weekend of the summer time too
		start = time.Date(2027, 3, 26, 17, 30, 0, 0, zone).Add(d.Between(0, 30*time.Minute))
	case 1:
		c.Window = queue.Window{Always: true, Zone: zone}
		start = time.Date(2027, 10, 31, 1, 0, 0, 0, zone).Add(d.Between(0, 3*time.Hour))
	}
	c.Lines = town.One(d, 1, 2, 100)
	c.PerNumber = town.One(d, 0, 2, 3)
	c.MinDelay = d.Between(5*time.Second, time.Minute)
	c.OfferFrom = town.One(d, 0, time.Minute, 3*time.Minute)
	c.OfferAtOnce = d.Chance(0.5)
	if d.Chance(0.6) {
		c.Policy = c.Policy.Every(d.Between(20*time.Second, 3*time.Minute))
	}
	c.CitizenFirst = d.Chance(0.25)
	c.MustWrite = d.Chance(0.3)
	if d.Chance(0.15) {
		c.CheckNumber, _ = phone.Parse("0290000000") // our own telephone
	}
	if d.Chance(0.4) {
		c.Office = c.Window.Staffed(1 + d.IntN(3))
	}
	if d.Chance(0.5) {
		c.Starts = start.Add(d.Between(0, 2*time.Hour))
	}
	return start, c
}

// manner draws an agent.
func manner(d town.Dice) town.Manner {
	m := town.Manner{
		Answers: d.Between(time.Second, 6*time.Second), Handles: d.Between(15*time.Second, 2*time.Minute),
		WritesUp: d.Between(time.Second, 20*time.Second),
	}
	if d.Chance(0.4) {
		m.Misses, m.Rejects, m.Busy, m.Dead = 0.2, 0.1, 0.05, 0.05
	}
	if d.Chance(0.3) {
		m.Pauses, m.Leaves = 0.2, 0.1
	}
	if d.Chance(0.3) {
		m.Wishes = 0.5
	}
	return m
}

// temper draws a citizen.
func temper(d town.Dice) town.Temper {
	t := town.Temper{
		Wants: town.One(d, town.WantPerson, town.WantPerson, town.WantRegister, town.WantStatus), Callback: town.One(d, 0, 0.5, 1.0),
		Thinks: d.Between(time.Second, 4*time.Second), Patience: d.Between(30*time.Second, 6*time.Minute),
		Talks: d.Between(20*time.Second, 3*time.Minute), Redials: d.IntN(3), RedialAfter: d.Between(10*time.Second, 3*time.Minute),
		Answers: d.Between(2*time.Second, 20*time.Second), Early: 0.3,
	}
	if d.Chance(0.15) {
		t.NoKeys, t.Speaks = true, town.One(d, 0, 4*time.Second, 9*time.Second)
	}
	t.Hidden = d.Chance(0.1)
	if d.Chance(0.5) {
		t.Slip, t.Dumb, t.Leaves = 0.06, 0.08, 0.02
	}
	if d.Chance(0.4) {
		t.Away, t.Engaged, t.Refuses, t.Later, t.Stranger = 0.3, 0.15, 0.05, 0.1, 0.05
	}
	if d.Chance(0.4) {
		t.Impatient = 0.5
	}
	return t
}

// disturbance draws one thing that goes wrong.
func disturbance(d town.Dice) Disturbance {
	at := d.Between(time.Second, 8*time.Minute)
	switch d.IntN(12) {
	case 0:
		return Disturbance{Kind: StoreAway, At: at, For: d.Between(time.Second, 2*time.Minute)}
	case 1:
		return Disturbance{Kind: ExchangeDies, At: at, For: d.Between(time.Second, 20*time.Second)}
	case 2:
		return Disturbance{Kind: ProcessDies, At: at}
	case 3:
		return Disturbance{Kind: TwoProcesses, At: at}
	case 4:
		return Disturbance{Kind: Freeze, At: at, For: d.Between(2*time.Second, 40*time.Second)}
	case 5:
		return Disturbance{Kind: LineBreaks, At: at}
	}
	return Disturbance{
		Kind: town.One(d, FailedVerb, LostVerb, CrashBefore, CrashAfter, FreezeBefore, FreezeAfter), Nth: 1 + d.IntN(1000),
		For: d.Between(time.Second, 30*time.Second),
	}
}
