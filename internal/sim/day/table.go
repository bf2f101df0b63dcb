package day

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// Table prints a comparison.
func (c Comparison) Table(out io.Writer) error {
	s := c.Scenario
	fmt.Fprintf(out, "%s\n%s\n\n", s.Title, s.Story)
	fmt.Fprintf(out, "%s calls an hour for %s hours, %d agents, %s a citizen; %.0f %% want a person, %.0f %% of them take a callback where it is offered.\n",
		thousands(int(s.CallsPerHour)), strconv.FormatFloat(s.Hours, 'f', -1, 64), s.Agents, minutes(s.Handle), 100*s.Person, 100*s.Accept)
	if s.Scale < 1 {
		fmt.Fprintf(out, "Played at a scale of %g, with %s first calls and %d agents; the counts below are of the whole.\nSmall teams wait a little longer than large ones: --scale 1 plays the whole day.\n",
			s.Scale, thousands(c.Hold.Calls-c.Hold.Redials), s.agents())
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, of func(Played) string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t\n", what, of(c.Hold), of(c.Call))
	}
	row("", func(p Played) string { return string(p.Mode) })
	whole := func(n int) string { return thousands(int(float64(n)/s.Scale + 0.5)) }
	row("citizens who wanted a person", func(p Played) string { return whole(p.Citizens) })
	row("of them spoke with one, the same day", func(p Played) string { return percent(p.SameDay) })
	row("of them spoke with one at all", func(p Played) string { return percent(p.Reached) })
	row("calls for a person that were given up", func(p Played) string { return percent(p.Abandoned) })
	row("redials", func(p Played) string { return whole(p.Redials) })
	row("hours spent on hold, by all together", func(p Played) string { return whole(int(p.OnHold/60 + 0.5)) })
	row("wait on the line, P50 / P90 / longest", func(p Played) string { return p.Holders.String() })
	row("wait for the callback, P50 / P90 / longest", func(p Played) string { return p.Called.String() })
	row("first call to first talk, P50 / P90 / longest", func(p Played) string { return p.Through.String() })
	row("calls promised", func(p Played) string { return whole(p.Promises) })
	row("promises kept in time", func(p Played) string {
		if p.Promises == 0 {
			return "-"
		}
		return percent(p.Kept)
	})
	row("lines in use, at the most", func(p Played) string { return whole(p.MostLines) })
	row("agents' time in talks while citizens call", func(p Played) string { return percent(p.Busy) })
	needed := func(n int) string {
		if n == 0 {
			return "more than " + thousands(4*s.Agents)
		}
		return thousands(n)
	}
	fmt.Fprintf(w, "agents needed for the target\t%s\t%s\t\n", needed(c.NeedHold), needed(c.NeedCall))
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	_, err := fmt.Fprintf(out, "\nTarget: %.0f %% of the citizens who want a person speak with one the same day, and %.0f %% of the promises are kept in time.\n",
		100*TargetSameDay, 100*TargetKept)
	return err
}

// String tells the waits in minutes.
func (w Waits) String() string {
	if w.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f / %.0f / %.0f min", w.P50, w.P90, w.Max)
}

// minutes writes how long something takes.
func minutes(d time.Duration) string {
	return strconv.FormatFloat(d.Minutes(), 'f', -1, 64) + " min"
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// thousands writes a number with its thousands apart.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
