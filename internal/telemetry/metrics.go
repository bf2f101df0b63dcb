package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is everything that the service counts, on a registry of its own. Its
// methods may be called from any goroutine and do not wait.
type Metrics struct {
	registry *prometheus.Registry

	callsStarted, callsEnded *prometheus.CounterVec
	callsLive                prometheus.Gauge
	stepSeconds              prometheus.Histogram
	saveSeconds              *prometheus.HistogramVec
	requestSeconds           *prometheus.HistogramVec
	keyToSoundSeconds        prometheus.Histogram
	adopted                  *prometheus.CounterVec

	lineUp         *prometheus.GaugeVec
	events         *prometheus.CounterVec
	commandSeconds *prometheus.HistogramVec

	tickets, agents *prometheus.GaugeVec
	attempts        *prometheus.CounterVec
	waits           *prometheus.HistogramVec
	fairness        fairness
	watch           watch
	backups         backups

	identified       *prometheus.CounterVec
	registrations    *prometheus.CounterVec
	citizens         *prometheus.GaugeVec
	storeUp          prometheus.Gauge
	httpSeconds      *prometheus.HistogramVec
	httpAuthFailures prometheus.Counter
}

// NewMetrics makes the metrics of a process of the given version.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.makeCalls()
	m.makeLine()
	m.makeQueue()
	m.makeFairness()
	m.makeEdges()
	m.makeBackups()
	m.gauges("richiamo_build_info", "Always 1; the label names the version.", "version").WithLabelValues(label(version)).Set(1)
	return m
}

// Handler serves the metrics in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) seconds(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// Buckets in seconds: of work inside the process, of work with another process,
// and of what people wait for.
func inside() []float64 { return []float64{10e-6, 30e-6, 100e-6, 300e-6, 1e-3, 3e-3, 10e-3, 0.1, 1} }
func between() []float64 {
	return []float64{0.3e-3, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2, 5, 10}
}
func people() []float64 {
	return []float64{5, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400}
}

func (m *Metrics) makeCalls() {
	m.callsStarted = m.counters("richiamo_calls_started_total", "Calls that began, by conversation.", "script")
	m.callsEnded = m.counters("richiamo_calls_ended_total", "Calls that ended, by conversation and how.", "script", "how")
	m.callsLive = m.gauges("richiamo_calls_live", "Calls in progress on this process.").WithLabelValues()
	m.stepSeconds = m.seconds("richiamo_call_step_seconds", "Time to compute one step of a conversation.", inside()).WithLabelValues().(prometheus.Histogram)
	m.saveSeconds = m.seconds("richiamo_call_save_seconds", "Time to put one step of a conversation on disk.", between(), "result")
	m.requestSeconds = m.seconds("richiamo_call_request_seconds", "Time that the outside took to answer a conversation.", between(), "request", "outcome")
	m.keyToSoundSeconds = m.seconds("richiamo_call_key_to_sound_seconds", "Time from a finished entry to the command that plays what follows.", between()).WithLabelValues().(prometheus.Histogram)
	m.adopted = m.counters("richiamo_calls_adopted_total", "Calls taken up again after a fault, by what became of them.", "result")
}

func (m *Metrics) makeLine() {
	m.lineUp = m.gauges("richiamo_ari_connected", "1 while the exchange's events arrive, else 0.", "node")
	m.events = m.counters("richiamo_ari_events_total", "Events that the exchange sent, by type.", "type")
	m.commandSeconds = m.seconds("richiamo_ari_command_seconds", "Time that the exchange took to answer a command.", between(), "command", "outcome")
}

func (m *Metrics) makeQueue() {
	m.tickets = m.gauges("richiamo_tickets", "Open tickets by state.", "tenant", "state")
	m.agents = m.gauges("richiamo_agents", "Agents by state.", "tenant", "state")
	m.attempts = m.counters("richiamo_call_attempts_total", "Dialled calls that ended, by how they ended.", "outcome")
	m.waits = m.seconds("richiamo_wait_seconds", "Time from arrival to an agent, of those who held the line and of those who were called back.", people(), "kind")
}

func (m *Metrics) makeEdges() {
	m.identified = m.counters("richiamo_identifications_total", "Tries of citizens to be identified, by result.", "result")
	m.registrations = m.counters("richiamo_registrations_total", "Registrations kept, by channel.", "channel")
	m.citizens = m.gauges("richiamo_registry_citizens", "Citizens in the registry that is being served.", "tenant")
	m.storeUp = m.gauges("richiamo_store_connected", "1 while Redis answers and writes, else 0.").WithLabelValues()
	m.httpSeconds = m.seconds("richiamo_http_request_seconds", "Time to answer a request of the API.", between(), "method", "route", "status")
	m.httpAuthFailures = m.counters("richiamo_http_auth_failures_total", "Requests without a known key.").WithLabelValues()
}

// label makes a value fit for a metric: a short word that tells nothing of
// anybody. What comes from outside must never make a new series at will.
func label(value string) string {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/{}+ "
	if value == "" {
		return "none"
	}
	if len(value) > 60 || strings.Trim(value, chars) != "" || scrub(value) != value {
		return "other"
	}
	return value
}

func result(err error) string {
	if err != nil {
		return "failed"
	}
	return "done"
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// CallStarted counts a call that began with a conversation.
func (m *Metrics) CallStarted(script string) {
	m.callsStarted.WithLabelValues(label(script)).Inc()
	m.callsLive.Inc()
}

// CallEnded counts a call that ended: how is a word such as "done" or "hangup".
func (m *Metrics) CallEnded(script, how string) {
	m.callsEnded.WithLabelValues(label(script), label(how)).Inc()
	m.callsLive.Dec()
}

// CallAdopted counts a call that was taken up after a fault and is live again:
// outcome is a word such as "resumed" or "gone".
func (m *Metrics) CallAdopted(outcome string) { m.adopted.WithLabelValues(label(outcome)).Inc() }

// CallsLive sets the number of calls in progress, for a process that has taken
// up those of its predecessor.
func (m *Metrics) CallsLive(n int) { m.callsLive.Set(float64(n)) }

// Stepped tells how long one step of a conversation took to compute.
func (m *Metrics) Stepped(d time.Duration) { m.stepSeconds.Observe(d.Seconds()) }

// Saved tells how long one save of a call took, and whether it failed.
func (m *Metrics) Saved(d time.Duration, err error) {
	m.saveSeconds.WithLabelValues(result(err)).Observe(d.Seconds())
}

// Requested tells how long the outside took to answer a conversation's request:
// outcome is a word such as "answered" or "failed".
func (m *Metrics) Requested(name, outcome string, d time.Duration) {
	m.requestSeconds.WithLabelValues(label(name), label(outcome)).Observe(d.Seconds())
}

// Reacted tells how long it took from a finished entry to the next sound.
func (m *Metrics) Reacted(d time.Duration) { m.keyToSoundSeconds.Observe(d.Seconds()) }

// LineUp tells whether the events of an exchange arrive.
func (m *Metrics) LineUp(node string, up bool) { m.lineUp.WithLabelValues(label(node)).Set(truth(up)) }

// EventSeen counts an event of the exchange by its type.
func (m *Metrics) EventSeen(kind string) { m.events.WithLabelValues(label(kind)).Inc() }

// Commanded tells how long the exchange took to answer a command.
func (m *Metrics) Commanded(command, outcome string, d time.Duration) {
	m.commandSeconds.WithLabelValues(label(command), label(outcome)).Observe(d.Seconds())
}

// TicketsBy sets how many tickets of a tenant are in a state.
func (m *Metrics) TicketsBy(tenant, state string, n int) {
	m.tickets.WithLabelValues(label(tenant), label(state)).Set(float64(n))
}

// AgentsBy sets how many agents of a tenant are in a state.
func (m *Metrics) AgentsBy(tenant, state string, n int) {
	m.agents.WithLabelValues(label(tenant), label(state)).Set(float64(n))
}

// AttemptEnded counts a dialled call that ended, by its outcome.
func (m *Metrics) AttemptEnded(outcome string) { m.attempts.WithLabelValues(label(outcome)).Inc() }

// Waited tells how long a citizen waited for an agent: kind is "holder" or
// "callback".
func (m *Metrics) Waited(kind string, d time.Duration) {
	m.waits.WithLabelValues(label(kind)).Observe(d.Seconds())
}

// Identified counts a try to be identified: outcome is a word such as "found",
// "not-found" or "limited".
func (m *Metrics) Identified(outcome string) { m.identified.WithLabelValues(label(outcome)).Inc() }

// Registered counts a registration that was kept.
func (m *Metrics) Registered(channel string) { m.registrations.WithLabelValues(label(channel)).Inc() }

// RegistryLoaded sets how many citizens the registry of a tenant holds.
func (m *Metrics) RegistryLoaded(tenant string, citizens int) {
	m.citizens.WithLabelValues(label(tenant)).Set(float64(citizens))
}

// StoreUp tells whether Redis answers.
func (m *Metrics) StoreUp(up bool) { m.storeUp.Set(truth(up)) }

// Served tells how long a request of the API took. route is the pattern, never
// the path itself.
func (m *Metrics) Served(method, route string, status int, d time.Duration) {
	m.httpSeconds.WithLabelValues(methodLabel(method), label(route), strconv.Itoa(status)).Observe(d.Seconds())
}

// AuthFailed counts a request without a known key.
func (m *Metrics) AuthFailed() { m.httpAuthFailures.Inc() }

// methodLabel keeps a made-up method from making a series.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete:
		return method
	}
	return "other"
}
