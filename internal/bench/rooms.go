package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"richiamo/internal/lab"
)

// Measure is one benchmark of a room's tests: its figures by their units.
type Measure struct {
	Room    string             `json:"room"`
	Name    string             `json:"name"`
	Figures map[string]float64 `json:"figures"`

	text string // the figures as they were printed
}

// apart are the benchmarks of rooms that have tables of their own, see
// tickets.go: they take long, and compare.
const apart = "^Benchmark(Transitions|Jobs|Rebuild|Decide|Memory)$"

// rooms runs the benchmarks of the rooms' own tests.
func rooms(ctx context.Context, o *Options) (*Report, error) {
	o.Say("rooms: go test -bench (the registry of ten million citizens takes some minutes)")
	found, err := o.measure(ctx, "-bench", ".", "-skip", apart, "-benchmem", "./internal/...")
	if err != nil {
		return nil, err
	}
	r := &Report{
		About: "what the rooms measure in their own tests", Machine: here(), Figures: found,
		words: true, table: [][]string{{"room", "benchmark", "figures"}}, Targets: registryTargets(found),
	}
	for _, m := range found {
		r.table = append(r.table, []string{m.Room, m.Name, m.text})
	}
	return r, nil
}

// measure runs "go test" for benchmarks alone. It needs Go and the source.
func (o *Options) measure(ctx context.Context, args ...string) ([]Measure, error) {
	root, err := lab.Repository()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder of the figures: %w", err)
	}
	test := exec.CommandContext(ctx, "go", append([]string{"test", "-run", "^$", "-p", "1", "-timeout", "30m"}, args...)...)
	test.Dir = root
	test.Env = append(os.Environ(), "BENCH_DIR="+dir)
	var printed bytes.Buffer
	both := io.MultiWriter(&printed, progress(o.Say))
	test.Stdout, test.Stderr = both, both
	if err := test.Run(); err != nil {
		return nil, fmt.Errorf("go test -bench: %w; it ends: %s", err, printed.Bytes()[max(0, printed.Len()-2000):])
	}
	found := measures(&printed, here().Processors)
	if len(found) == 0 {
		return nil, errors.New("go test -bench: it printed no figures")
	}
	return found, nil
}

// registryTargets are those of the registry index, with the ten million residents
// of a large region.
func registryTargets(found []Measure) (targets []Target) {
	for _, t := range []struct {
		name, measure, unit string
		atMost              float64
	}{
		{"registry: memory of the index", "Registry/load", "index-bytes", 120e6},
		{"registry: import", "Registry/import", "s/import", 60},
		{"registry: exact lookup", "Registry/exact", "ns/op", 1e3},
		{"registry: search with one slip", "Registry/near", "ns/op", 100e3},
	} {
		for _, m := range found {
			if figure, ok := m.Figures[t.unit]; ok && m.Room == "citizen" && m.Name == t.measure {
				targets = append(targets, target(t.name, figure, t.atMost, " "+t.unit))
			}
		}
	}
	return targets
}

// progress tells each package that is done.
type progress func(format string, args ...any)

// Write implements io.Writer.
func (p progress) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "pkg: "); ok {
			p("measuring %s", strings.TrimSpace(name))
		}
	}
	return len(text), nil
}

// measures reads what "go test -bench" printed: lines of a name, the number of
// runs, and pairs of figure and unit (https://go.dev/design/14313-benchmark-format).
// The name ends with the number of processors where there is more than one.
func measures(printed io.Reader, processors int) []Measure {
	var found []Measure
	room := ""
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			room = strings.TrimPrefix(name, "richiamo/internal/")
			continue
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		m := Measure{Room: room, Name: strings.TrimSuffix(strings.TrimPrefix(fields[0], "Benchmark"), "-"+strconv.Itoa(processors)), Figures: map[string]float64{}}
		var text []string
		for i := 2; i+1 < len(fields); i += 2 {
			figure, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			m.Figures[fields[i+1]] = figure
			text = append(text, fields[i]+" "+fields[i+1])
		}
		m.text = strings.Join(text, ", ")
		found = append(found, m)
	}
	return found
}
