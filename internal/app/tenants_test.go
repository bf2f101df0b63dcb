package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/config"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

func mornings() config.Tenant {
	week := config.Days{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	return config.Tenant{
		ID: "asl", Queue: "persone", TimeZone: "Europe/Rome",
		CallingWindow:    config.Window{Hours: []config.Hours{{Days: week, From: 540, To: 1200}}},
		NationalHolidays: "italy", PatronSaint: config.YearDay{Month: time.December, Day: 7}, Holidays: []config.Date{{Year: 2027, Month: time.February, Day: 16}},
		Staffing: []config.Shift{{Days: week, From: 540, To: 780, Agents: 6}, {Days: week[:1], From: 600, To: 720, Agents: 2}},
		Agents:   []config.Agent{{ID: "a"}, {ID: "b"}},
		Dial:     "citizen-first", TrunkCheck: config.TrunkCheck{Number: "0212345678"},
		Offer:  config.Offer{Promised: 80, HalfDays: 50, DaysAhead: 6, ClosingMargin: 15 * time.Minute},
		WrapUp: config.WrapUp{OutcomeRequired: true}, Retry: config.Retry{Avoid: 2 * time.Hour, AttemptsMax: 3},
	}
}

// What the configuration says is what decides.
func TestServing(t *testing.T) {
	t.Parallel()
	d, err := serving(&config.Config{}, mornings())
	require.NoError(t, err)
	rome := d.Window.Zone
	at := func(day, hour int) time.Time { return time.Date(2027, time.February, day, hour, 30, 0, 0, rome) }
	assert.Equal(t, 6, d.Office.AgentsAt(at(15, 9)), "Monday")
	assert.Equal(t, 8, d.Office.AgentsAt(at(15, 10)), "shifts that overlap are added")
	assert.Zero(t, d.Office.AgentsAt(at(15, 13)))
	assert.Zero(t, d.Office.AgentsAt(at(16, 10)), "a day of the configuration")
	assert.True(t, d.Window.Contains(at(15, 19)))
	assert.False(t, d.Window.Contains(at(16, 19)))
	assert.False(t, d.Window.Contains(time.Date(2027, time.December, 7, 10, 0, 0, 0, rome)), "the patron saint")
	assert.False(t, d.Window.Contains(time.Date(2027, time.March, 29, 10, 0, 0, 0, rome)), "Easter Monday")
	assert.False(t, d.Window.Contains(time.Date(2027, time.October, 4, 10, 0, 0, 0, rome)), "Saint Francis, a Monday")
	assert.InDelta(t, 0.8, d.PromiseShare, 1e-9)
	assert.InDelta(t, 0.5, d.SlotShare, 1e-9)
	assert.Equal(t, 6, d.SlotDays)
	assert.Equal(t, 15*time.Minute, d.ClosingMargin)
	assert.Equal(t, 2*time.Hour, d.Policy.Avoid)
	assert.True(t, d.CitizenFirst)
	assert.True(t, d.MustWrite)
	assert.Equal(t, "0212345678", d.CheckNumber.Reveal())

	plain := mornings()
	plain.NationalHolidays, plain.Staffing, plain.Dial, plain.TrunkCheck = "none", nil, "agent-first", config.TrunkCheck{}
	d, err = serving(&config.Config{}, plain)
	require.NoError(t, err)
	assert.True(t, d.Office.IsZero(), "all agents, in all hours of the window")
	assert.True(t, d.Window.Contains(time.Date(2027, time.October, 4, 10, 0, 0, 0, rome)))
	assert.False(t, d.CitizenFirst)
	assert.True(t, d.CheckNumber.Withheld())
}

// Every setting decides: none has the value of another, or the one that holds
// without it.
func TestEverySettingServes(t *testing.T) {
	t.Parallel()
	tenant := mornings()
	tenant.Queue, tenant.Language = "sportello", "de"
	tenant.Agents = []config.Agent{{ID: "a", Skills: []string{"sportello", "de"}}, {ID: "b", Skills: []string{"vaccini", "it", "sportello"}}, {ID: "c"}}
	tenant.Campaign.Starts = config.Date{Year: 2027, Month: time.May, Day: 3}
	tenant.Ring = config.Ring{Landline: 41 * time.Second, Mobile: 42 * time.Second, Agent: 43 * time.Second}
	minutes := func(n ...time.Duration) (w config.Waits) {
		for _, m := range n {
			w = append(w, m*time.Minute)
		}
		return w
	}
	tenant.Retry = config.Retry{
		FirstAfter: 7 * time.Minute, AttemptsMax: 5, Busy: minutes(11), NoAnswer: minutes(12, 13), WillCall: minutes(14), OurFault: minutes(15, 16),
		NoAgent: minutes(17), Otherwise: minutes(18, 19), Avoid: 4 * time.Hour,
	}
	tenant.Limits = config.Limits{CallsPerNumber: 8, Requests: 9, Lines: 21, AutomaticLines: 22}
	tenant.Offer = config.Offer{Threshold: 23 * time.Minute, NoAgent: true, Promised: 61, HalfDays: 62, DaysAhead: 24, ClosingMargin: 25 * time.Minute}
	tenant.Estimate = config.Estimate{HandleTime: 26 * time.Minute, Setup: 27 * time.Second}
	cfg := &config.Config{}
	cfg.Asterisk.Node = "node-7"
	got, err := serving(cfg, tenant)
	require.NoError(t, err)

	w, err := window(tenant)
	require.NoError(t, err)
	check, err := phone.Parse("0212345678")
	require.NoError(t, err)
	missed := []time.Duration{12 * time.Minute, 13 * time.Minute}
	want := dispatch.Config{
		Queue: "sportello", Queues: []string{"sportello", "vaccini"}, Language: "de", Node: "node-7",
		Window: w, Office: staffing(tenant, w), PromiseShare: 0.61, SlotShare: 0.62, SlotDays: 24, ClosingMargin: 25 * time.Minute,
		Starts: time.Date(2027, time.May, 3, 0, 0, 0, 0, w.Zone),
		Policy: queue.Policy{
			Attempts: 5, Otherwise: 19 * time.Minute, Avoid: 4 * time.Hour, Landline: 41 * time.Second, Mobile: 42 * time.Second,
			Intervals: map[queue.Outcome][]time.Duration{
				queue.Busy: {11 * time.Minute}, queue.NoAnswer: missed, queue.NoKey: missed, queue.HungUp: missed,
				queue.WillCall: {14 * time.Minute}, queue.OurFault: {15 * time.Minute, 16 * time.Minute}, queue.NoAgent: {17 * time.Minute},
			},
		},
		CitizenFirst: true, CheckNumber: check, MustWrite: true, Lines: 21, AutoLines: 22, PerNumber: 8, Requests: 9,
		MinDelay: 7 * time.Minute, OfferFrom: 23 * time.Minute, OfferAtOnce: true, Handle: 26 * time.Minute, Setup: 27 * time.Second,
	}
	for _, own := range []*dispatch.Config{&want, &got} { // the planner's own, which nobody configures
		d := dispatch.Defaults()
		own.TurnLimit, own.TurnRest, own.RingLimit, own.Grace, own.Again = d.TurnLimit, d.TurnRest, d.RingLimit, d.Grace, d.Again
	}
	assert.Equal(t, want, got)
}

// Each conversation knows which day it is where the offices are.
func TestSetupKnowsTheClock(t *testing.T) {
	t.Parallel()
	summer := time.Date(2027, time.July, 1, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, 2*time.Hour, setup(&config.Config{}, mornings(), summer).East)
	assert.Equal(t, time.Hour, setup(&config.Config{}, mornings(), summer.AddDate(0, 6, 0)).East)
}

func TestScriptOfAnAttempt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		purpose queue.Purpose
		kind    queue.Kind
		want    string
	}{
		{queue.WantsPerson, "", flow.ScriptReturn},
		{queue.Interrupted, "", flow.ScriptReturn},
		{queue.Verification, "", flow.ScriptVerify},
		{queue.WantsPerson, queue.Notice, flow.ScriptLate},
		{queue.TrunkCheck, "", flow.ScriptCheck},
	} {
		assert.Equal(t, tt.want, script(queue.Ticket{Purpose: tt.purpose}, queue.Attempt{Kind: tt.kind}), tt.purpose)
	}
}
