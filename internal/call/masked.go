package call

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds a citizen's number or words prints as its name alone.

// String names the call.
func (r Record) String() string { return "call " + r.ID }

// Format prints the name under every verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is the name.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String names the call.
func (o Outbound) String() string { return "call " + o.ID }

// Format prints the name under every verb.
func (o Outbound) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// LogValue is the name.
func (o Outbound) LogValue() slog.Value { return slog.StringValue(o.String()) }

// String names operation and channel.
func (c Command) String() string { return string(c.Op) + " " + c.Channel }

// Format prints operation and channel under every verb.
func (c Command) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is operation and channel.
func (c Command) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names the channel.
func (c Channel) String() string { return "channel " + c.ID }

// Format prints the name under every verb.
func (c Channel) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is the name.
func (c Channel) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names kind and channel; a key is not told.
func (e Event) String() string { return string(e.Kind) + " " + e.Channel }

// Format prints kind and channel under every verb.
func (e Event) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue is kind and channel.
func (e Event) LogValue() slog.Value { return slog.StringValue(e.String()) }
