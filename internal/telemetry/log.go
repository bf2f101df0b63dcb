package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"
)

// NewLogger makes the log: level is debug, info, warn or error (anything else
// is info), format is json or text (anything else is text). Times are UTC.
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: levelOf(level), ReplaceAttr: inUTC}
	var out slog.Handler = slog.NewTextHandler(w, opts)
	if format == "json" {
		out = slog.NewJSONHandler(w, opts)
	}
	return slog.New(masking{out})
}

func levelOf(name string) slog.Level {
	switch name {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

// passes tells the keys under which text goes into the log: what they name is
// an id that this house gave, a word of the code, or a setting of the operator.
// Nothing that a citizen or another system wrote belongs under any of them.
func passes(key string) bool {
	switch key {
	case "action", "address", "agent", "app", "attempt", "bridge", "call", "campaign", "cause", "channel", "check", "command", "component",
		"config", "cure", "decision", "dir", "err", "error", "event", "file", "format", "holder", "how", "id", "input", "key", "kind",
		"language", "lease", "level", "line", "listen", "method", "node", "op", "outcome", "part", "path", "phase", "playback",
		"purpose", "queue", "reason", "recording", "request", "result", "route", "script", "source", "stack", "state", "status", "step",
		"tenant", "ticket", "type", "url", "user", "verb", "version", "wait", "why", "worker":
		return true
	}
	return false
}

// withheld stands in place of text under a key that is not on the list: it
// tells the developer what to do.
const withheld = "(withheld: the key is not on telemetry's list)"

// masking is a slog.Handler that masks, in front of another that writes.
type masking struct{ next slog.Handler }

func (m masking) Enabled(ctx context.Context, l slog.Level) bool { return m.next.Enabled(ctx, l) }

func (m masking) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, scrub(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(maskAttr(a))
		return true
	})
	return m.next.Handle(ctx, clean)
}

func (m masking) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = maskAttr(a)
	}
	return masking{m.next.WithAttrs(clean)}
}

func (m masking) WithGroup(name string) slog.Handler { return masking{m.next.WithGroup(name)} }

// maskAttr makes an attribute fit to be written.
func maskAttr(a slog.Attr) slog.Attr {
	vouched := a.Value.Kind() == slog.KindLogValuer || passes(a.Key)
	return slog.Attr{Key: a.Key, Value: maskValue(a.Value.Resolve(), vouched)}
}

// maskValue masks a resolved value. vouched: its type has a LogValue of its
// own, or its key is on the list.
func maskValue(v slog.Value, vouched bool) slog.Value {
	switch v.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindTime, slog.KindFloat64:
		return v
	case slog.KindInt64, slog.KindUint64:
		if text := v.String(); text[0] == '3' && 9 <= len(text) && len(text) <= 13 { // a mobile as a number
			return slog.StringValue(mask)
		}
		return v
	case slog.KindGroup:
		attrs := v.Group()
		clean := make([]slog.Attr, len(attrs))
		for i, a := range attrs {
			clean[i] = maskAttr(a)
		}
		return slog.GroupValue(clean...)
	case slog.KindString:
		return maskText(v.String(), vouched)
	}
	switch x := v.Any().(type) {
	case error:
		return maskText(x.Error(), true) // errors hold no personal data, by rule
	case time.Duration, time.Time:
		return v
	case fmt.Stringer:
		return maskText(x.String(), vouched)
	case []string:
		return maskText(fmt.Sprint(x), vouched)
	}
	if word := reflect.ValueOf(v.Any()); word.Kind() == reflect.String { // such as a state
		return maskText(word.String(), vouched)
	}
	return slog.StringValue(fmt.Sprintf("(%T)", v.Any())) // its fields are nobody's to show
}

func maskText(text string, vouched bool) slog.Value {
	if !vouched {
		return slog.StringValue(withheld)
	}
	return slog.StringValue(scrub(text))
}
