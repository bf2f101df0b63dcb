package app

import (
	"fmt"
	"slices"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/config"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// setup is how a tenant speaks, as a conversation needs it that begins now.
func setup(cfg *config.Config, t config.Tenant, now time.Time) flow.Setup {
	_, east := now.In(t.Location()).Zone()
	s := flow.Setup{
		Authority: t.Phrases.Authority, Service: t.Phrases.Service, Campaign: t.Phrases.Campaign,
		Eligible: t.Phrases.Eligible, Hours: t.Phrases.Hours,
		ServicePhone: t.ServicePhone, East: time.Duration(east) * time.Second,
		Starts: t.Campaign.Starts.String(),
		Ring:   t.Ring.Landline, RingMobile: t.Ring.Mobile, RingAgent: t.Ring.Agent,
		Tempo: flow.Tempo{Menu: cfg.Keypad.FirstKey, Long: cfg.Keypad.LongEntry},
	}
	if t.SecondDatum.Kind == "card" {
		s.CardDigits = t.SecondDatum.Digits
	}
	return s
}

// serving is how a tenant's citizens are served.
func serving(cfg *config.Config, t config.Tenant) (dispatch.Config, error) {
	d := dispatch.Defaults()
	w, err := window(t)
	if err != nil {
		return d, err
	}
	d.Queue, d.Language, d.Node, d.Window = t.Queue, t.Language, cfg.Asterisk.Node, w
	d.Queues = queues(t)
	if day := t.Campaign.Starts; !day.IsZero() {
		d.Starts = time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, w.Zone)
	}
	d.Policy = queue.Policy{
		Attempts: t.Retry.AttemptsMax,
		Intervals: map[queue.Outcome][]time.Duration{
			queue.Busy: t.Retry.Busy, queue.NoAnswer: t.Retry.NoAnswer, queue.NoKey: t.Retry.NoAnswer,
			queue.HungUp: t.Retry.NoAnswer, queue.WillCall: t.Retry.WillCall,
			queue.OurFault: t.Retry.OurFault, queue.NoAgent: t.Retry.NoAgent,
		},
		Otherwise: last(t.Retry.Otherwise),
		Avoid:     t.Retry.Avoid,
		Landline:  t.Ring.Landline,
		Mobile:    t.Ring.Mobile,
	}
	d.Lines, d.AutoLines = t.Limits.Lines, t.Limits.AutomaticLines
	d.PerNumber, d.Requests = t.Limits.CallsPerNumber, t.Limits.Requests
	d.MinDelay = t.Retry.FirstAfter
	d.OfferFrom, d.OfferAtOnce = t.Offer.Threshold, t.Offer.NoAgent
	d.Handle, d.Setup = t.Estimate.HandleTime, t.Estimate.Setup
	d.Office = staffing(t, w)
	d.PromiseShare, d.SlotShare, d.SlotDays = t.Offer.Promised.Of(), t.Offer.HalfDays.Of(), t.Offer.DaysAhead
	d.ClosingMargin = t.Offer.ClosingMargin
	d.CitizenFirst = t.Dial == "citizen-first"
	d.MustWrite = t.WrapUp.OutcomeRequired
	if n := t.TrunkCheck.Number; n != "" {
		if d.CheckNumber, err = phone.Parse(n); err != nil {
			return d, fmt.Errorf("trunk_check: %w", err)
		}
	}
	return d, nil
}

// queues are a tenant's queues: the one that callers enter, and those to which they
// can be transferred, which are the agents' skills that are no languages.
func queues(t config.Tenant) []string {
	all := []string{t.Queue}
	for _, a := range t.Agents {
		for _, skill := range a.Skills {
			if !config.IsLanguage(skill) {
				all = append(all, skill)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// date is a day of the configuration, which has checked it; zero where none is
// given.
func date(d config.Date) citizen.Date {
	day, err := citizen.NewDate(d.Year, int(d.Month), d.Day)
	if err != nil {
		return citizen.Date{}
	}
	return day
}

func last(w config.Waits) time.Duration {
	if len(w) == 0 {
		return time.Hour
	}
	return w[len(w)-1]
}

// window is when a tenant's citizens may be called.
func window(t config.Tenant) (queue.Window, error) {
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		return queue.Window{}, err
	}
	w := queue.Window{Always: t.CallingWindow.Always, Zone: zone, Hours: map[time.Weekday][]queue.Span{}}
	for _, h := range t.CallingWindow.Hours {
		for _, day := range h.Days {
			w.Hours[day] = append(w.Hours[day], queue.Span{From: queue.Minute(h.From), To: queue.Minute(h.To)})
		}
	}
	w.Holidays = holidays(t)
	return w, nil
}

// holidays are the days on which a tenant's offices are closed.
func holidays(t config.Tenant) queue.Calendar {
	c := queue.Calendar{National: t.NationalHolidays == "italy"}
	if saint := t.PatronSaint; !saint.IsZero() {
		c.Yearly = append(c.Yearly, queue.MonthDay{Month: saint.Month, Day: saint.Day})
	}
	for _, d := range t.Holidays {
		c.Days = append(c.Days, queue.Day{Year: d.Year, Month: d.Month, Day: d.Day})
	}
	return c
}

// staffing is when how many people answer, as configured; without shifts the zero
// Staffing, which is all agents whenever citizens may be called.
func staffing(t config.Tenant, w queue.Window) queue.Staffing {
	if len(t.Staffing) == 0 {
		return queue.Staffing{}
	}
	s := queue.Staffing{Zone: w.Zone, Holidays: w.Holidays, Shifts: map[time.Weekday][]queue.Shift{}}
	for _, shift := range t.Staffing {
		for _, day := range shift.Days {
			s.Shifts[day] = append(s.Shifts[day], queue.Shift{
				Span: queue.Span{From: queue.Minute(shift.From), To: queue.Minute(shift.To)}, Agents: shift.Agents,
			})
		}
	}
	return s
}
