// Package doctor looks whether everything that the service needs is there and set
// as it must be, and says of each thing that is not what to do about it.
//
//	findings := doctor.Examine(ctx, cfg, func(f doctor.Finding) { fmt.Println(f) })
//	if doctor.Worst(findings) == doctor.Fail { ... }
//
// Examine may be used beside a running service: it opens no websocket (that
// would take the calls away), places no call, and changes nothing, but that an
// empty Redis learns which key its data will be sealed under, as it does when the
// service starts. To hear whether an Asterisk on another machine finds the
// recordings, it plays one to an empty room.
//
// Where to look: here.go is what lies on this machine, redis.go and asterisk.go
// are the two servers, sounds.go the recordings as Asterisk sees them, backups.go
// the copies of Redis.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"richiamo/internal/config"
)

// Level is how bad a finding is.
type Level int

// The levels, from good to bad.
const (
	OK   Level = iota
	Warn       // the service runs, but not as it should
	Fail       // calls are not served, or promises not kept
)

// String is the word that begins a finding's line.
func (l Level) String() string {
	switch l {
	case OK:
		return "ok"
	case Warn:
		return "WARN"
	}
	return "FAIL"
}

// Finding is one thing that was looked at.
type Finding struct {
	Level  Level
	Name   string // what was looked at: "redis appendfsync"
	Detail string // what was found
	Cure   string // what to do about it; empty when it is well
}

// String is the finding on one line.
func (f Finding) String() string {
	line := fmt.Sprintf("%-4s %s: %s", f.Level, f.Name, f.Detail)
	if f.Cure != "" {
		line += "; " + f.Cure
	}
	return strings.ReplaceAll(line, "\n", " ")
}

// Worst is the worst level among findings.
func Worst(findings []Finding) Level {
	worst := OK
	for _, f := range findings {
		worst = max(worst, f.Level)
	}
	return worst
}

// patience bounds each question to a server.
const patience = 3 * time.Second

// Examine looks at everything, one thing after the other, and tells each finding
// as it comes. It takes seconds; the context ends it early.
func Examine(ctx context.Context, cfg *config.Config, tell func(Finding)) []Finding {
	e := &examination{cfg: cfg, tell: tell}
	e.configuration()
	e.zones()
	e.staffing()
	e.trunkChecks()
	e.prompts()
	e.registries()
	e.redis(ctx)
	ready := e.http(ctx)
	e.backups(ready.running)
	e.asterisk(ctx, ready)
	return e.findings
}

// examination is one run of Examine.
type examination struct {
	cfg      *config.Config
	tell     func(Finding)
	findings []Finding
}

func (e *examination) note(f Finding) {
	e.findings = append(e.findings, f)
	e.tell(f)
}

func (e *examination) ok(name, format string, args ...any) {
	e.note(Finding{OK, name, fmt.Sprintf(format, args...), ""})
}

func (e *examination) warn(name, cure, format string, args ...any) {
	e.note(Finding{Warn, name, fmt.Sprintf(format, args...), cure})
}

func (e *examination) fail(name, cure, format string, args ...any) {
	e.note(Finding{Fail, name, fmt.Sprintf(format, args...), cure})
}

// languages are those of the tenants, each once.
func (e *examination) languages() []string {
	var all []string
	for _, t := range e.cfg.Tenants {
		if !slices.Contains(all, t.Language) {
			all = append(all, t.Language)
		}
	}
	return all
}

// some lists names, but not hundreds of them.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
