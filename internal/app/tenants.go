package app

import (
	"time"

	"richiamo/internal/config"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

// setup is how a tenant speaks, as its conversations need it.
func setup(cfg *config.Config, t config.Tenant) flow.Setup {
	s := flow.Setup{
		Authority: t.Phrases.Authority, Service: t.Phrases.Service, Campaign: t.Phrases.Campaign,
		Eligible: t.Phrases.Eligible, Hours: t.Phrases.Hours,
		ServicePhone: t.ServicePhone,
		Starts:       t.Campaign.Starts.String(),
		Ring:         t.Ring.Landline, RingMobile: t.Ring.Mobile, RingAgent: t.Ring.Agent,
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
		Landline:  t.Ring.Landline,
		Mobile:    t.Ring.Mobile,
	}
	d.Lines, d.AutoLines, d.PerNumber = t.Limits.Lines, t.Limits.AutomaticLines, t.Limits.CallsPerNumber
	d.MinDelay = t.Retry.FirstAfter
	d.OfferFrom, d.OfferAtOnce = t.Offer.Threshold, t.Offer.NoAgent
	d.Handle, d.Setup = t.Estimate.HandleTime, t.Estimate.Setup
	return d, nil
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
	for _, d := range t.Holidays {
		w.Holidays = append(w.Holidays, queue.Day{Year: d.Year, Month: d.Month, Day: d.Day})
	}
	return w, nil
}
