package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Invented data that must never come out, in the forms in which it could slip.
func canaries() []string {
	return []string{
		"RSSMRA36A41F205V", "rssmra36a41f205v", "RSSMRAPSALMFNLRV", "STP0300012345678", "ENI0300012345678", "7776723624132058", "12345678903",
		"0212345678", "02 12 34 56 78", "02-12345678", "02/12345678", "3471234567", "347.123.4567", "+390212345678", "+39 347 123 4567",
		"00390212345678", "393471234567", "+41441234567",
	}
}

func TestScrubFindsCanaries(t *testing.T) {
	t.Parallel()
	for _, c := range canaries() {
		for _, form := range []string{"%s", "call %s now", "(%s)", "PJSIP/%s@carrier", "sip:%s@host", `"%s"`, "a=%s,b", "number:%s.", "%s\n"} {
			text := fmt.Sprintf(form, c)
			assert.NotContains(t, scrub(text), c, "in the form %s", form)
		}
	}
	assert.Equal(t, "from *** to ***, twice", scrub("from 0212345678 to +39 347 123 4567, twice"))
}

func TestScrubLetsPass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "nothing special", "127.0.0.1:8080", "2027-02-15T09:30:00.123456Z", "1790000000.1234", "demo-1790000000.17", "took 345.123456ms",
		"rb7qk2m4xw3c6t5n2d4a", "550e8400-e29b-41d4-a716-446655440000", "/api/v1/return-calls/{id}", "cause 17, SIP 486", "20001", "800000000",
		"PSALMNQRSTUVLMNP", // sixteen letters, none where a name stands otherwise
		"internationalizing",
	} {
		if text == "PSALMNQRSTUVLMNP" { // it could be a code with omocodia in all places: masked, to be sure
			assert.Equal(t, mask, scrub(text))
			continue
		}
		assert.Equal(t, text, scrub(text))
	}
}

type number string

func (number) LogValue() slog.Value { return slog.StringValue("******678") }

type named string

func (n named) String() string { return string(n) }

type state string

type record struct{ Phone string }

// Every way of logging, with every canary, in both formats: none comes out.
func TestNoCanaryInTheLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := NewLogger(&out, "debug", format)
		for _, c := range canaries() {
			log.Info("called "+c, "call", c, "phone", c, "err", errors.New("dial "+c+": busy"))
			log.With("ticket", c, "whatever", c).WithGroup("g").Warn("x", "reason", named(c), "other", named(c))
			log.Error("x", slog.Group("inner", "channel", "PJSIP/"+c, "citizen", c), "state", state(c), "word", state(c), "nil", nil, "list", []string{c}, "kind", []string{c})
			log.Debug("x", "record", record{c}, "pointer", &record{c}, "call", record{c}, "map", map[string]string{c: c}, "bytes", []byte(c))
		}
		log.Info("x", "number", int64(3471234567), "u", uint64(393471234567))
		for _, c := range canaries() {
			assert.NotContains(t, strings.ToUpper(out.String()), strings.ToUpper(c), format)
		}
		assert.NotContains(t, out.String(), "3471234567")
	}
}

func TestLogKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, "info", "json").With("tenant", "demo")
	at := time.Date(2027, 2, 15, 10, 0, 0, 0, time.FixedZone("", 3600))
	log.Info("attempt ended", "ticket", "rb7qk2m4", "n", 2, "ok", true, "took", 1500*time.Millisecond, "at", at,
		"phone", number("0212345678"), "err", errors.New("busy"), slog.Group("leg", "cause", "17"), "free", "text", "state", state("due"))
	log.Debug("not at this level")
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	assert.Equal(t, "attempt ended", line["msg"])
	assert.Equal(t, "demo", line["tenant"])
	assert.Equal(t, "rb7qk2m4", line["ticket"])
	assert.EqualValues(t, 2, line["n"])
	assert.Equal(t, true, line["ok"])
	assert.EqualValues(t, 1.5e9, line["took"])
	assert.Equal(t, "2027-02-15T09:00:00Z", line["at"])
	assert.Equal(t, "******678", line["phone"], "a type that masks itself is trusted under any key")
	assert.Equal(t, "busy", line["err"])
	assert.Equal(t, map[string]any{"cause": "17"}, line["leg"])
	assert.Equal(t, "due", line["state"])
	assert.Equal(t, withheld, line["free"])
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for level, lines := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1, "strange": 3} {
		var out bytes.Buffer
		log := NewLogger(&out, level, "text")
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		assert.Equal(t, lines, strings.Count(out.String(), "\n"), level)
	}
}

// exercise calls every method once.
func exercise(m *Metrics, word string) {
	m.CallStarted(word)
	m.CallStarted(word)
	m.CallEnded(word, word)
	m.CallAdopted(word)
	m.Stepped(time.Millisecond)
	m.Saved(time.Millisecond, nil)
	m.Saved(time.Millisecond, errors.New(word))
	m.Requested(word, word, time.Second)
	m.Reacted(time.Millisecond)
	m.LineUp(word, true)
	m.BackupMade(time.Time{})
	m.BackupMade(time.Unix(1, 0))
	m.BackupFailed()
	m.EventSeen(word)
	m.Commanded(word, word, time.Millisecond)
	m.TicketsBy(word, word, 3)
	m.AgentsBy(word, word, 2)
	m.AttemptEnded(word)
	m.Waited(word, time.Minute)
	some := Quantiles{N: 7, P50: time.Minute, P90: 5 * time.Minute}
	m.Waits(word, word, some)
	m.AnnouncedOff(time.Minute)
	m.AnnouncedOff(-time.Minute)
	m.AnnouncedLeft(true)
	m.AnnouncedLeft(false)
	m.PromiseMet(word, -time.Minute)
	m.PromiseMet(word, 10*time.Minute)
	m.TicketsOfClass(word, word, 4)
	m.OfficesOpen(word, true)
	m.TicketsCapped(word, 1)
	m.Worklist(word, 5)
	m.Alarm(word, word, true)
	m.PhonesUnreachable(word, 2)
	m.WrapUpsOverdue(word, 1)
	m.Swept(word)
	m.SweepFailed()
	m.Identified(word)
	m.Registered(word)
	m.RegistryLoaded(word, 41)
	m.StoreUp(true)
	m.Served("GET", "/api/v1/"+word, 200, time.Millisecond)
	m.Served("BREW", word, 405, time.Millisecond)
	m.AuthFailed()
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, rec.Code)
	return rec.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1.2.3")
	exercise(m, "preregister")
	page := scrape(t, m)
	for _, want := range []string{
		`richiamo_build_info{version="v1.2.3"} 1`,
		`richiamo_calls_started_total{script="preregister"} 2`,
		`richiamo_calls_ended_total{how="preregister",script="preregister"} 1`,
		`richiamo_calls_live 1`,
		`richiamo_call_step_seconds_count 1`,
		`richiamo_call_save_seconds_count{result="failed"} 1`,
		`richiamo_call_request_seconds_sum{outcome="preregister",request="preregister"} 1`,
		`richiamo_ari_connected{node="preregister"} 1`,
		`richiamo_tickets{state="preregister",tenant="preregister"} 3`,
		`richiamo_agents{state="preregister",tenant="preregister"} 2`,
		`richiamo_call_attempts_total{outcome="preregister"} 1`,
		`richiamo_wait_percentile_seconds{kind="preregister",percentile="50",tenant="preregister"} 60`,
		`richiamo_wait_percentile_seconds{kind="preregister",percentile="90",tenant="preregister"} 300`,
		`richiamo_announced_wait_error_seconds_sum{direction="longer"} 60`,
		`richiamo_announced_wait_error_seconds_sum{direction="shorter"} 60`,
		`richiamo_announced_waits_left_total{direction="longer"} 1`,
		`richiamo_announced_waits_left_total{direction="unknown"} 1`,
		`richiamo_promises_total{result="kept",tenant="preregister"} 1`,
		`richiamo_promises_total{result="late",tenant="preregister"} 1`,
		`richiamo_promise_late_seconds_sum 600`,
		`richiamo_tickets_by_class{class="preregister",tenant="preregister"} 4`,
		`richiamo_offices_open{tenant="preregister"} 1`,
		`richiamo_tickets_capped{tenant="preregister"} 1`,
		`richiamo_worklist{tenant="preregister"} 5`,
		`richiamo_alarm{kind="preregister",tenant="preregister"} 1`,
		`richiamo_agent_phones_unreachable{tenant="preregister"} 2`,
		`richiamo_wrap_ups_overdue{tenant="preregister"} 1`,
		`richiamo_sweeps_found_total{kind="preregister"} 1`,
		`richiamo_sweeps_failed_total 1`,
		`richiamo_registry_citizens{tenant="preregister"} 41`,
		`richiamo_http_request_seconds_count{method="GET",route="/api/v1/preregister",status="200"} 1`,
		`richiamo_http_request_seconds_count{method="other",route="preregister",status="405"} 1`,
		`richiamo_http_auth_failures_total 1`,
		`go_goroutines`,
	} {
		assert.Contains(t, page, want)
	}
	m.CallsLive(7)
	m.LineUp("preregister", false)
	m.Alarm("preregister", "preregister", false)
	m.Waits("preregister", "preregister", Quantiles{})
	page = scrape(t, m)
	assert.Contains(t, page, `richiamo_alarm{kind="preregister",tenant="preregister"} 0`)
	assert.NotContains(t, page, "richiamo_wait_percentile_seconds{", "of nobody there is no wait, and not one of zero")
	assert.Contains(t, page, "richiamo_calls_live 7")
	assert.Contains(t, page, `richiamo_ari_connected{node="preregister"} 0`)
}

func TestNoCanaryInTheMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics("0212345678")
	for _, c := range append(canaries(), "Zoë", strings.Repeat("x", 100), "") {
		exercise(m, c)
	}
	page := scrape(t, m)
	for _, c := range canaries() {
		assert.NotContains(t, strings.ToUpper(page), strings.ToUpper(c))
	}
	assert.NotContains(t, page, "Zoë")
	assert.Contains(t, page, `richiamo_tickets{state="other",tenant="other"}`)
	assert.Contains(t, page, `richiamo_tickets{state="none",tenant="none"}`)
}

// What is written about metrics names such that there are.
func TestMetricsThatAreWrittenAbout(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1")
	exercise(m, "word")
	families, err := m.registry.Gather()
	require.NoError(t, err)
	there := map[string]bool{}
	for _, f := range families {
		there[f.GetName()] = true
	}
	for _, file := range []string{"../../deploy/prometheus/richiamo.rules.yaml", "../../docs/operations.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		names := regexp.MustCompile(`\brichiamo_[a-z_]+`).FindAllString(string(text), -1)
		require.NotEmpty(t, names, file)
		for _, name := range names {
			name = strings.TrimSuffix(name, "_bucket")
			assert.True(t, there[name], "%s: there is no metric %s", file, name)
		}
	}
}

// The names keep the conventions of Prometheus.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1")
	exercise(m, "word")
	problems, err := testutil.GatherAndLint(m.registry)
	require.NoError(t, err)
	var ours []promlint.Problem
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "richiamo_") {
			ours = append(ours, p)
		}
	}
	assert.Empty(t, ours)
}

func FuzzScrub(f *testing.F) {
	for _, c := range canaries() {
		f.Add("a " + c + " b")
	}
	f.Add("+")
	f.Fuzz(func(t *testing.T, text string) {
		once := scrub(text)
		if !strings.Contains(once, mask) && once != text {
			t.Fatalf("%q changed to %q without a mask", text, once)
		}
	})
}

func BenchmarkLog(b *testing.B) {
	log := NewLogger(&bytes.Buffer{}, "info", "json").With("tenant", "demo")
	b.ReportAllocs()
	for b.Loop() {
		log.Info("step", "call", "rb7qk2m4xw3c6t5n", "n", 12, "took", time.Millisecond)
	}
}
