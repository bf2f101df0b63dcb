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
	c.head(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, of func(Played) string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t\n", what, of(c.Played[0]), of(c.Played[1]))
	}
	row("", func(p Played) string { return string(p.Mode) })
	switch {
	case c.Scenario.Need != nil:
		c.needRows(row)
	case c.Scenario.Backlog > 0:
		c.backlogRows(row)
	default:
		c.rows(row)
	}
	if c.Scenario.searches() {
		fmt.Fprintf(w, "agents needed for the target\t%s\t%s\t\n", c.needs(0), c.needs(1))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if !c.Scenario.searches() {
		return nil
	}
	_, err := fmt.Fprintf(out, "\nTarget: %.0f %% of the citizens who want a person speak with one the same day, and %.0f %% of the promises are kept in time.\n",
		100*TargetSameDay, 100*TargetKept)
	return err
}

// head tells what is played.
func (c Comparison) head(out io.Writer) {
	s := c.Scenario
	fmt.Fprintf(out, "%s\n%s\n\n%s; seed %d.\n", s.Title, s.Story, s.load(), s.Seed)
	if s.Backlog == 0 {
		fmt.Fprintf(out, "%.0f %% want a person, %.0f %% of them take a callback where it is offered.\n", 100*s.Person, 100*s.Accept)
	}
	switch p := c.Played[0]; {
	case s.Scale == 1:
	case s.Need != nil:
		fmt.Fprintf(out, "Played at a scale of %g, with %s registrants and %d agents; the counts below are of the whole.\n", s.Scale, thousands(s.calls()), s.agents())
	case s.Backlog > 0:
		fmt.Fprintf(out, "Played at a scale of %g, with %s registrants and %d lines; the counts below are of the whole.\n", s.Scale, thousands(s.calls()), s.lines())
	default:
		fmt.Fprintf(out, "Played at a scale of %g, with %s first calls and %d agents; the counts below are of the whole.\nSmall teams wait a little longer than large ones: --scale 1 plays the whole day.\n",
			s.Scale, thousands(p.Calls-p.Redials), s.agents())
	}
	fmt.Fprintln(out)
}

// load tells how much there is to do, and who does it.
func (s Scenario) load() string {
	switch {
	case s.Need != nil:
		return fmt.Sprintf("%s registrants and %d more on each of %d days, %d agents, %s a citizen",
			thousands(s.Backlog), s.Need.Later, s.Need.Days, s.Agents, minutes(s.Handle))
	case s.Backlog > 0:
		return fmt.Sprintf("%s registrants to be called on %d lines", thousands(s.Backlog), s.Lines)
	}
	load := fmt.Sprintf("%s calls an hour for %s hours, %d agents, %s a citizen",
		thousands(int(s.CallsPerHour)), strconv.FormatFloat(s.Hours, 'f', -1, 64), s.Agents, minutes(s.Handle))
	if b := s.Beside; b != nil {
		load += fmt.Sprintf(" (next door: %s calls, %d agents)", thousands(int(b.CallsPerHour)), b.Agents)
	}
	return load
}

// needs tells how many agents are needed in one of the ways.
func (c Comparison) needs(way int) string {
	if c.Need[way] == 0 {
		return "more than " + thousands(4*c.Scenario.Agents)
	}
	return thousands(c.Need[way])
}

// backlogRows are what became of registrants who were to be called.
func (c Comparison) backlogRows(row func(what string, of func(Played) string)) {
	s := c.Scenario
	row("confirmed", func(p Played) string { return percent(p.Backlog.Confirmed) })
	row("left to people, after the last attempt", func(p Played) string { return percent(p.Backlog.Left) })
	row("calls to a registrant, in the mean", func(p Played) string { return fmt.Sprintf("%.2f", p.Backlog.Attempts) })
	row("days until half are confirmed", func(p Played) string { return fmt.Sprintf("%.1f", p.Backlog.Half) })
	row("days until all have been called", func(p Played) string { return fmt.Sprintf("%.1f", p.Backlog.Days) })
	row("people to look for who was not reached", func(p Played) string {
		return thousands(int(p.Backlog.Left*float64(s.Backlog) + 0.5))
	})
}

// needRows are what became of registrants who were to be called by agents, by how much
// they need it.
func (c Comparison) needRows(row func(what string, of func(Played) string)) {
	for i, g := range c.Played[0].Groups {
		row(fmt.Sprintf("%s (%s): first rung after, P50 / P90 / longest", g.Name, thousands(int(float64(g.N)/c.Scenario.Scale+0.5))),
			func(p Played) string { return p.Groups[i].Rung.days() })
	}
	for i, g := range c.Played[0].Groups {
		row(g.Name+": spoke with a person in the end", func(p Played) string { return percent(p.Groups[i].Reached) })
	}
	row("centenarians rung before those from 90 to 99, of all pairs", func(p Played) string { return percent(p.Order.HundredFirst) })
	row("over 90 rung before those from 80 to 89, of all pairs", func(p Played) string { return percent(p.Order.NinetyFirst) })
	row("over 90 who came later, before those from 80 to 89 who were there", func(p Played) string { return percent(p.Order.LaterFirst) })
}

// rows are what became of callers.
func (c Comparison) rows(row func(what string, of func(Played) string)) {
	s := c.Scenario
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
	for _, channel := range []string{"phone", "pharmacy", "gp"} {
		if len(s.Counters) > 0 {
			row("registered: "+channel, func(p Played) string { return whole(p.Registered[channel]) })
		}
	}
	c.ownRows(row, whole)
}

// ownRows are what only some days have.
func (c Comparison) ownRows(row func(what string, of func(Played) string), whole func(int) string) {
	s := c.Scenario
	if s.early() > 0 {
		row("calls told that it is closed, and no callback wanted", func(p Played) string { return whole(p.Closed) })
	}
	for i, g := range c.Played[0].Groups {
		row(fmt.Sprintf("%s (%s): to a person, P50 / P90 / longest", g.Name, whole(g.N)), func(p Played) string { return p.Groups[i].Talk.String() })
		row("of them spoke with one, the same day ", func(p Played) string { return percent(p.Groups[i].SameDay) })
	}
	if s.BackEnd != nil {
		row("on the web at once or waiting for it, at the most", func(p Played) string { return whole(p.Shared.Web) })
		row("a talk with an agent takes, in the mean", func(p Played) string { return fmt.Sprintf("%.1f min", p.Shared.Talk) })
		row("citizens who wanted to serve themselves", func(p Played) string { return whole(p.Shared.Selves) })
		row("of them did so, the same day", func(p Played) string { return percent(p.Shared.Alone) })
		row("of them did so or spoke with a person, the same day", func(p Played) string { return percent(p.Shared.Helped) })
	}
}

// String tells the waits in minutes.
func (w Waits) String() string {
	if w.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f / %.0f / %.0f min", w.P50, w.P90, w.Max)
}

// days tells the waits in days.
func (w Waits) days() string {
	if w.N == 0 {
		return "-"
	}
	const day = 24 * 60
	return fmt.Sprintf("%.1f / %.1f / %.1f days", w.P50/day, w.P90/day, w.Max/day)
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
