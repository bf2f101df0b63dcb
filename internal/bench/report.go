package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a benchmark found, as it is written to its file.
type Report struct {
	Benchmark string    `json:"benchmark"`
	About     string    `json:"about"` // what was measured
	At        time.Time `json:"at"`
	Seconds   float64   `json:"seconds"` // how long it took
	Machine   Machine   `json:"machine"`
	Figures   any       `json:"figures"`
	Targets   []Target  `json:"targets,omitempty"`

	table [][]string // the first row is the head
	words bool       // the cells are words, not figures: aligned on the left
}

// Machine is what the figures depend on.
type Machine struct {
	Processors int    `json:"processors"`
	System     string `json:"system"`
	Go         string `json:"go"`
	Asterisk   string `json:"asterisk,omitempty"`
	// Fsync is how long the disk takes to keep a page, in milliseconds: what every
	// save waits for. A median; next to nothing means a disk in memory.
	Fsync float64 `json:"fsync_ms,omitempty"`
}

func here() Machine {
	return Machine{Processors: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
}

// Target is a bound that a figure is not to be above, or not below.
type Target struct {
	Name    string   `json:"name"`
	Figure  float64  `json:"figure"`
	AtMost  *float64 `json:"at_most,omitempty"`
	AtLeast *float64 `json:"at_least,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Met     bool     `json:"met"`
}

func target(name string, figure, atMost float64, unit string) Target {
	return Target{Name: name, Figure: figure, AtMost: &atMost, Unit: unit, Met: figure <= atMost}
}

func floor(name string, figure, atLeast float64, unit string) Target {
	return Target{Name: name, Figure: figure, AtLeast: &atLeast, Unit: unit, Met: figure >= atLeast}
}

// bound tells the bound in words.
func (t Target) bound() string {
	if t.AtLeast != nil {
		return fmt.Sprintf("at least %.4g%s", *t.AtLeast, t.Unit)
	}
	return fmt.Sprintf("at most %.4g%s", *t.AtMost, t.Unit)
}

// publish prints the table and the targets, and writes the file.
func (r *Report) publish(out io.Writer, dir string) error {
	fmt.Fprintf(out, "\n%s: %s\n\n", r.Benchmark, r.About)
	aligned := tabwriter.AlignRight
	if r.words {
		aligned = 0
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', aligned)
	for _, row := range r.table {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	for _, t := range r.Targets {
		verdict := "met"
		if !t.Met {
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "\n  %s: %.4g%s, target %s: %s", t.Name, t.Figure, t.Unit, t.bound(), verdict)
	}
	fmt.Fprintln(out)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, r.Benchmark+".json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return nil
}

// Spread is how measured times are spread, in milliseconds.
type Spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P90 float64 `json:"p90_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// spread sorts times and describes them.
func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	// The smallest time that so many per cent are not above.
	at := func(percent int) float64 { return milliseconds(times[(len(times)*percent+99)/100-1]) }
	return Spread{N: len(times), P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}

func (s Spread) row(name string) []string {
	cell := func(f float64) string { return fmt.Sprintf("%.1f", f) }
	return []string{name, fmt.Sprint(s.N), cell(s.P50), cell(s.P90), cell(s.P99), cell(s.Max)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
