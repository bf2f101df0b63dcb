package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fairness is what tells whether callers and callbacks are served alike and
// whether what was said to them was true.
type fairness struct {
	waits     *prometheus.GaugeVec // percentiles, of holders and callbacks side by side
	announced *prometheus.HistogramVec
	left      *prometheus.CounterVec // callers to whom a wait was announced, and who did not wait for its end
	promises  *prometheus.CounterVec
	lateness  prometheus.Histogram
}

// watch is what a supervisor or an operator has to act upon.
type watch struct {
	classes     *prometheus.GaugeVec
	capped      *prometheus.GaugeVec
	worklist    *prometheus.GaugeVec
	alarms      *prometheus.GaugeVec
	phones      *prometheus.GaugeVec
	wrapUps     *prometheus.GaugeVec
	open        *prometheus.GaugeVec
	swept       *prometheus.CounterVec
	sweepFailed prometheus.Counter
}

func (m *Metrics) makeFairness() {
	m.fairness = fairness{
		waits:     m.gauges("richiamo_wait_percentile_seconds", "Half (50) and nine tenths (90) of the citizens of the last 24 hours waited at most so long for an agent: of those who held the line (holder) and of those who were called back (callback).", "tenant", "kind", "percentile"),
		announced: m.seconds("richiamo_announced_wait_error_seconds", "How far announced waits were from the real ones, on the line and on through a callback, by whether the caller waited longer or shorter.", people(), "direction"),
		left:      m.counters("richiamo_announced_waits_left_total", "Announced waits whose real length is never known, since the caller hung up or chose another day: longer than announced (it was over by then) or unknown (it was not).", "direction"),
		promises:  m.counters("richiamo_promises_total", "Promised times for which the call was made, by whether they were kept.", "tenant", "result"),
		lateness:  m.seconds("richiamo_promise_late_seconds", "By how much the promised times were missed that were.", people()).WithLabelValues().(prometheus.Histogram),
	}
	m.watch = watch{
		classes:     m.gauges("richiamo_tickets_by_class", "Open tickets by class of priority.", "tenant", "class"),
		open:        m.gauges("richiamo_offices_open", "1 within the hours in which agents should be there and citizens may be called.", "tenant"),
		capped:      m.gauges("richiamo_tickets_capped", "Open tickets that wait because their number or citizen was called as often as allowed in 24 hours.", "tenant"),
		worklist:    m.gauges("richiamo_worklist", "Citizens who could not be reached and for whom a person has to do something.", "tenant"),
		alarms:      m.gauges("richiamo_alarm", "1 while there is reason to act: breaker (calls fail for one cause, dialling is stopped), trunk (the check of the trunk was not answered, or has not come back), shown (it came back with another number than ours), stuck (citizens are due and agents free, and nobody is called).", "tenant", "kind"),
		phones:      m.gauges("richiamo_agent_phones_unreachable", "Telephones of agents on duty that do not answer the exchange's probe.", "tenant"),
		wrapUps:     m.gauges("richiamo_wrap_ups_overdue", "Agents whose wrap-up lasts longer than its limit.", "tenant"),
		swept:       m.counters("richiamo_sweeps_found_total", "What was found not to fit between store and exchange, by kind.", "kind"),
		sweepFailed: m.counters("richiamo_sweeps_failed_total", "Comparisons of store and exchange that could not be made.").WithLabelValues(),
	}
}

// Quantiles are the middle and the ninth tenth of N durations.
type Quantiles struct {
	N        int
	P50, P90 time.Duration
}

// set shows the quantiles under labels; of nothing there is no quantile, and a
// zero would say that all were served at once.
func (q Quantiles) set(v *prometheus.GaugeVec, labels ...string) {
	for _, one := range []struct {
		name string
		d    time.Duration
	}{{"50", q.P50}, {"90", q.P90}} {
		under := append(labels[:len(labels):len(labels)], one.name)
		if q.N == 0 {
			v.DeleteLabelValues(under...)
			continue
		}
		v.WithLabelValues(under...).Set(one.d.Seconds())
	}
}

// Waits sets how long citizens waited in the last 24 hours: kind is "holder" or
// "callback".
func (m *Metrics) Waits(tenant, kind string, q Quantiles) {
	q.set(m.fairness.waits, label(tenant), label(kind))
}

// AnnouncedOff tells by how much the wait of a caller was longer than the one that
// was announced; negative: shorter.
func (m *Metrics) AnnouncedOff(d time.Duration) {
	direction := "longer"
	if d <= 0 {
		direction = "shorter"
	}
	m.fairness.announced.WithLabelValues(direction).Observe(d.Abs().Seconds())
}

// AnnouncedLeft counts an announced wait that the caller did not wait for. longer: it
// was over by then.
func (m *Metrics) AnnouncedLeft(longer bool) {
	direction := "unknown"
	if longer {
		direction = "longer"
	}
	m.fairness.left.WithLabelValues(direction).Inc()
}

// PromiseMet tells by how much the call that was promised for a time came after
// it; not more than zero: the promise was kept.
func (m *Metrics) PromiseMet(tenant string, late time.Duration) {
	if late <= 0 {
		m.fairness.promises.WithLabelValues(label(tenant), "kept").Inc()
		return
	}
	m.fairness.promises.WithLabelValues(label(tenant), "late").Inc()
	m.fairness.lateness.Observe(late.Seconds())
}

// OfficesOpen sets whether a tenant's agents should be there, and citizens may be
// called.
func (m *Metrics) OfficesOpen(tenant string, open bool) {
	m.watch.open.WithLabelValues(label(tenant)).Set(truth(open))
}

// TicketsOfClass sets how many open tickets of a tenant are of a class.
func (m *Metrics) TicketsOfClass(tenant, class string, n int) {
	m.watch.classes.WithLabelValues(label(tenant), label(class)).Set(float64(n))
}

// TicketsCapped sets how many open tickets wait for the end of a cap.
func (m *Metrics) TicketsCapped(tenant string, n int) {
	m.watch.capped.WithLabelValues(label(tenant)).Set(float64(n))
}

// Worklist sets how many tickets wait for a person to do something.
func (m *Metrics) Worklist(tenant string, n int) {
	m.watch.worklist.WithLabelValues(label(tenant)).Set(float64(n))
}

// Alarm sets whether there is reason to act: kind is "breaker", "trunk",
// "shown" or "stuck".
func (m *Metrics) Alarm(tenant, kind string, on bool) {
	m.watch.alarms.WithLabelValues(label(tenant), label(kind)).Set(truth(on))
}

// PhonesUnreachable sets how many agents on duty have a telephone that does not
// answer.
func (m *Metrics) PhonesUnreachable(tenant string, n int) {
	m.watch.phones.WithLabelValues(label(tenant)).Set(float64(n))
}

// WrapUpsOverdue sets how many agents should have ended their wrap-up.
func (m *Metrics) WrapUpsOverdue(tenant string, n int) {
	m.watch.wrapUps.WithLabelValues(label(tenant)).Set(float64(n))
}

// Swept counts something that did not fit between store and exchange.
func (m *Metrics) Swept(kind string) { m.watch.swept.WithLabelValues(label(kind)).Inc() }

// SweepFailed counts a comparison of store and exchange that could not be made.
func (m *Metrics) SweepFailed() { m.watch.sweepFailed.Inc() }
