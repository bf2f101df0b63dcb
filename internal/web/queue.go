package web

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// queueJSON is a queue at a glance.
type queueJSON struct {
	Name      string              `json:"name"`
	Waiting   int                 `json:"waiting"`              // callers on the line
	Callbacks int                 `json:"callbacks"`            // promised calls that need an agent
	Longest   int                 `json:"longest_wait_seconds"` // of the callers on the line
	Estimate  *estimateJSON       `json:"estimate,omitempty"`
	Agents    map[agent.State]int `json:"agents"`
	Overdue   int                 `json:"wrap_ups_overdue"`

	Closed   bool          `json:"closed"`  // nobody is staffed now
	Closing  bool          `json:"closing"` // whoever calls now would have the turn too late
	Full     bool          `json:"full"`    // no more calls can be promised for today
	HalfDays []halfDayJSON `json:"half_days"`
	Alarms   []string      `json:"alarms"`

	Fairness fairnessJSON `json:"fairness"`
	AsOf     *time.Time   `json:"as_of"`
}

type estimateJSON struct {
	Seconds int `json:"seconds"`
	Minutes int `json:"minutes"` // as it is said: rounded up to five
}

// spreadJSON is how durations spread. Of none there are no percentiles.
type spreadJSON struct {
	Count int  `json:"count"`
	P50   *int `json:"p50_seconds,omitempty"`
	P90   *int `json:"p90_seconds,omitempty"`
}

// fairnessJSON shows callers who held the line and those who were called back
// side by side, over the last 24 hours.
type fairnessJSON struct {
	Holders   spreadJSON   `json:"holders"`
	Callbacks spreadJSON   `json:"callbacks"`
	Announced spreadJSON   `json:"announced_error"` // of the waits that were said
	Promises  promisesJSON `json:"promises"`
}

type promisesJSON struct {
	Kept int        `json:"kept"`
	Late int        `json:"late"`
	By   spreadJSON `json:"late_by"`
}

func spread(s Spread) spreadJSON {
	if s.N == 0 {
		return spreadJSON{}
	}
	p50, p90 := seconds(s.P50), seconds(s.P90)
	return spreadJSON{s.N, &p50, &p90}
}

func showFairness(f Fairness) fairnessJSON {
	return fairnessJSON{
		Holders: spread(f.Holders), Callbacks: spread(f.Callbacks), Announced: spread(f.Announced),
		Promises: promisesJSON{f.Kept, f.Late, spread(f.LateBy)},
	}
}

func seconds(d time.Duration) int { return int(d.Round(time.Second) / time.Second) }

func agentStates() []agent.State {
	return []agent.State{agent.Away, agent.Ready, agent.Reserved, agent.Ringing, agent.Talking, agent.WrapUp, agent.Paused}
}

func (a *api) getQueue(w http.ResponseWriter, r *http.Request, who Key) error {
	st, err := a.Center.Status(r.Context(), who.Tenant, r.PathValue("name"))
	if err != nil {
		return err
	}
	standing, err := a.Supervision.Standing(r.Context(), who.Tenant, st.Queue)
	if err != nil {
		return err
	}
	team, err := a.Center.Agents(r.Context(), who.Tenant)
	if err != nil {
		return err
	}
	shown := queueJSON{
		Name: st.Queue, Waiting: st.Waiting, Callbacks: st.Callbacks, Longest: seconds(st.Longest),
		Agents: map[agent.State]int{}, AsOf: since(a.Now()),
		Closed: standing.Closed, Closing: standing.Closing, Full: standing.Full,
		HalfDays: showHalfDays(standing.HalfDays), Alarms: append([]string{}, standing.Alarms...),
		Fairness: showFairness(standing.Fairness),
	}
	for _, s := range agentStates() {
		shown.Agents[s] = st.Agents[s]
	}
	for _, one := range team {
		if a.overdue(who.Tenant, one) {
			shown.Overdue++
		}
	}
	if st.Known {
		shown.Estimate = &estimateJSON{seconds(st.Wait), queue.Minutes(st.Wait)}
	}
	return reply(w, http.StatusOK, shown)
}

// reportJSON is the fairness of a queue as it is filed.
type reportJSON struct {
	Queue string     `json:"queue"`
	From  *time.Time `json:"from"`
	To    *time.Time `json:"to"`
	fairnessJSON
}

// reportSpan is what a report covers.
const reportSpan = 24 * time.Hour

// getReport tells how callers and callbacks were served in the last 24 hours, as
// JSON or, for a spreadsheet, as CSV.
func (a *api) getReport(w http.ResponseWriter, r *http.Request, who Key) error {
	q, err := query(r, "format")
	if err != nil {
		return err
	}
	var f fields
	f.oneOf("format", q.Get("format"), "", "json", "csv")
	if err := f.err(); err != nil {
		return problemBadRequest.with("format must be json or csv.")
	}
	standing, err := a.Supervision.Standing(r.Context(), who.Tenant, r.PathValue("name"))
	if err != nil {
		return err
	}
	now := a.Now()
	report := reportJSON{r.PathValue("name"), since(now.Add(-reportSpan)), since(now), showFairness(standing.Fairness)}
	if q.Get("format") == "csv" || !q.Has("format") && strings.HasPrefix(r.Header.Get("Accept"), "text/csv") {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		out := csv.NewWriter(w)
		_ = out.WriteAll(report.rows()) // who has gone cannot be told of an error
		return nil
	}
	return reply(w, http.StatusOK, report)
}

// rows are a report as a table: one figure a line.
func (r reportJSON) rows() [][]string {
	rows := [][]string{{"queue", "from", "to", "figure", "count", "p50_seconds", "p90_seconds"}}
	add := func(figure string, s spreadJSON) {
		row := []string{r.Queue, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), figure, strconv.Itoa(s.Count), "", ""}
		if s.P50 != nil {
			row[5], row[6] = strconv.Itoa(*s.P50), strconv.Itoa(*s.P90)
		}
		rows = append(rows, row)
	}
	add("wait-of-holders", r.Holders)
	add("wait-of-callbacks", r.Callbacks)
	add("error-of-announced-waits", r.Announced)
	add("promises-kept", spreadJSON{Count: r.Promises.Kept})
	add("promises-late", spreadJSON{Count: r.Promises.Late})
	add("promises-late-by", r.Promises.By)
	return rows
}

// sweepQueue turns all waiting callers into promised calls, at once.
func (a *api) sweepQueue(w http.ResponseWriter, r *http.Request, who Key) error {
	told, err := a.Supervision.Sweep(r.Context(), who.Tenant, r.PathValue("name"))
	if err != nil {
		return err
	}
	a.Log.Info("a queue's callers are promised calls, by command", "request", requestID(w), "tenant", who.Tenant, "told", told)
	return reply(w, http.StatusAccepted, struct {
		Told int `json:"told"`
	}{told})
}

// halfDayJSON is a half-day in which a call can still be promised.
type halfDayJSON struct {
	HalfDay queue.HalfDay `json:"half_day"`
	Date    string        `json:"date"`
	Part    string        `json:"part"` // morning, afternoon
}

func showHalfDays(list []queue.HalfDay) []halfDayJSON {
	shown := make([]halfDayJSON, len(list))
	for i, h := range list {
		shown[i] = showHalfDay(h)
	}
	return shown
}

func showHalfDay(h queue.HalfDay) halfDayJSON {
	date, part, _ := strings.Cut(string(h), "/")
	shown := halfDayJSON{h, date, "morning"}
	if part == "pm" {
		shown.Part = "afternoon"
	}
	return shown
}

// mostHalfDays is how many half-days are told at most.
const mostHalfDays = 60

func (a *api) listHalfDays(w http.ResponseWriter, r *http.Request, who Key) error {
	if _, err := query(r); err != nil {
		return err
	}
	list, err := a.Supervision.HalfDays(r.Context(), who.Tenant, mostHalfDays)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, listOf(list, "", showHalfDay))
}

// halfDay reads a half-day as it was told.
func (f *fields) halfDay(name, text string) queue.HalfDay {
	h, err := queue.ParseHalfDay(text)
	if err != nil {
		f.add(name, "must be a half-day as /api/v1/half-days tells it, such as 2027-03-04/am")
	}
	return h
}
