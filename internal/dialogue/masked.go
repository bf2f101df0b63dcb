package dialogue

import (
	"fmt"
	"io"
	"log/slog"
)

// String tells what an input is, and not what it brings: keys may be a codice
// fiscale.
func (in Input) String() string { return string(in.Kind) }

// Format prints the masked form for every verb.
func (in Input) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, in.String()) }

// LogValue is the masked form.
func (in Input) LogValue() slog.Value { return slog.StringValue(in.String()) }

// String names what an action asks for, and not for whom.
func (a Action) String() string { return string(a.Kind) }

// Format prints the masked form for every verb.
func (a Action) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue is the masked form.
func (a Action) LogValue() slog.Value { return slog.StringValue(a.String()) }
