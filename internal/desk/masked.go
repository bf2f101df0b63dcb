package desk

import (
	"fmt"
	"io"
	"log/slog"
)

// String tells the channel that the registration came by, and not whose it is.
func (r Registration) String() string { return "registration by " + r.Channel }

// Format prints the masked form for every verb.
func (r Registration) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is the masked form.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.String()) }
