package day

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// The measures of the picture, in pixels. Two panels, one above the other.
const (
	chartWidth  = 900
	panelHeight = 300
	marginLeft  = 80
	marginRight = 30
	titleSpace  = 86
	panelTitle  = 58 // and its legend
	axisSpace   = 58
	chartHeight = titleSpace + 2*(panelTitle+panelHeight+axisSpace)
)

// The colours tell the two ways apart for colour-blind eyes too (Okabe and Ito,
// "Color Universal Design", 2008), and the lines are drawn differently.
const (
	holdColour     = "#D55E00"
	callColour     = "#0072B2"
	promisedColour = "#009E73"
)

// curve is one line of a panel, with a value at equal intervals; a negative one is
// a gap.
type curve struct {
	name   string
	colour string
	dash   string
	values []float64
	rises  bool // from nothing at the start
}

// panel is one drawing with its axes.
type panel struct {
	title, unit string
	most        float64 // of the axis; 0: as high as the curves
	every       time.Duration
	curves      []curve
}

// Chart draws a comparison as an SVG picture.
func (c Comparison) Chart(out io.Writer) error {
	b := bufio.NewWriter(out)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="#222">`+"\n",
		chartWidth, chartHeight, chartWidth, chartHeight)
	fmt.Fprintf(b, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", escape(c.Scenario.Title))
	text(b, marginLeft, 30, `font-size="18" font-weight="bold"`, c.Scenario.Title)
	s := c.Scenario
	text(b, marginLeft, 52, "", s.load())
	text(b, marginLeft, 70, `fill="#555"`, c.finding())
	for i, p := range c.panels() {
		p.draw(b, s, c.hours(), float64(titleSpace+i*(panelTitle+panelHeight+axisSpace)))
	}
	fmt.Fprintln(b, "</svg>")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	return nil
}

// finding is the day in a line.
func (c Comparison) finding() string {
	one, two := c.Played[0], c.Played[1]
	switch s := c.Scenario; {
	case s.Need != nil:
		return fmt.Sprintf("over 90 rung before those from 80 to 89, of all pairs: %s %s, %s %s; seed %d",
			percent(one.Order.NinetyFirst), one.Mode, percent(two.Order.NinetyFirst), two.Mode, s.Seed)
	case s.Backlog > 0:
		return fmt.Sprintf("confirmed: %s %s after %.1f days, %s %s after %.1f days; seed %d",
			percent(one.Backlog.Confirmed), one.Mode, one.Backlog.Days, percent(two.Backlog.Confirmed), two.Mode, two.Backlog.Days, s.Seed)
	case s.searches():
		return fmt.Sprintf("agents needed for %.0f %% to speak with a person the same day: %s if all hold the line, %s with callbacks; seed %d",
			100*TargetSameDay, c.needs(0), c.needs(1), s.Seed)
	default:
		return fmt.Sprintf("spoke with a person the same day: %s %s, %s %s; seed %d", percent(one.SameDay), one.Mode, percent(two.SameDay), two.Mode, s.Seed)
	}
}

// panels are what is drawn. Counts of people are those of the whole call center.
func (c Comparison) panels() []panel {
	people := func(counts []int) (values []float64) {
		for _, n := range counts {
			values = append(values, float64(n)/c.Scenario.Scale)
		}
		return values
	}
	if c.Scenario.Need != nil {
		return c.needPanels()
	}
	one, two := c.Played[0], c.Played[1]
	named := func(mode Mode) string { return strings.Replace(string(mode), string(Callbacks), "with callbacks", 1) }
	first, second := named(one.Mode), named(two.Mode)
	if c.Scenario.Backlog > 0 {
		return []panel{
			{"Registrants whose number is confirmed", "per cent", 100, time.Hour, []curve{
				{first, holdColour, "", percents(one.Backlog.ByHour), true}, {second, callColour, "", percents(two.Backlog.ByHour), true},
			}},
			{"Registrants who are still to be called", "people", 0, time.Hour, []curve{
				{first, holdColour, "", people(one.Backlog.Open), false}, {second, callColour, "", people(two.Backlog.Open), false},
			}},
		}
	}
	waiting := []curve{{"on the line, " + first, holdColour, "", people(one.Waiting), false}, {"on the line, " + second, callColour, "", people(two.Waiting), false}}
	if c.Scenario.searches() {
		waiting = append(waiting, curve{"at home for their call, " + second, promisedColour, "7 4", people(two.Promised), false})
	}
	if c.Scenario.BackEnd != nil {
		return []panel{
			{"Citizens who wait, on the line or at home for their call", "people", 0, Step, []curve{
				{first, holdColour, "", people(sums(one.Waiting, one.Promised)), false}, {second, callColour, "", people(sums(two.Waiting, two.Promised)), false},
			}},
			{"How long a talk with an agent takes, in the mean of half an hour", "minutes", 0, Step, []curve{
				{first, holdColour, "", one.Shared.ByStep, false}, {second, callColour, "", two.Shared.ByStep, false},
			}},
		}
	}
	return []panel{
		{"Citizens who wait", "people", 0, Step, waiting},
		{"Citizens who spoke with a person the same day, by when they called first", "per cent", 100, Span, []curve{
			{first, holdColour, "", percents(one.Served), false}, {second, callColour, "", percents(two.Served), false},
		}},
	}
}

// needPanels show in each way when whose telephone rang.
func (c Comparison) needPanels() (panels []panel) {
	colours, dashes := []string{holdColour, promisedColour, callColour}, []string{"", "7 4", ""}
	for _, p := range c.Played {
		drawn := panel{title: "Registrants whose telephone has rung, in " + string(p.Mode), unit: "per cent", most: 100, every: time.Hour}
		for i, g := range p.Groups[:eighties+1] {
			values := percents(g.ByHour)
			for len(values) > 0 && len(values) < int(c.hours()) { // it stays so
				values = append(values, values[len(values)-1])
			}
			drawn.curves = append(drawn.curves, curve{g.Name, colours[i], dashes[i], values, true})
		}
		panels = append(panels, drawn)
	}
	return panels
}

// draw draws a panel with its title, axes and legend from a height on.
func (p panel) draw(b *bufio.Writer, s Scenario, hours, top float64) {
	text(b, marginLeft, top+20, `font-size="15" font-weight="bold"`, p.title)
	at := float64(marginLeft)
	for _, c := range p.curves {
		line(b, at, top+40, at+28, top+40, c.stroke())
		text(b, at+34, top+44, "", c.name)
		at += 34 + 7.2*float64(len(c.name)) + 18 // as wide as its letters are, about
	}
	top += panelTitle
	left, right, bottom := float64(marginLeft), float64(chartWidth-marginRight), top+panelHeight
	highest := max(p.most, 1)
	for _, c := range p.curves {
		for _, v := range c.values {
			highest = max(highest, v)
		}
	}
	tick := niceTick(highest / 5)
	highest = tick * math.Ceil(highest/tick)
	y := func(v float64) float64 { return bottom - v/highest*panelHeight }
	x := func(hour float64) float64 { return left + hour/hours*(right-left) }
	for v := 0.0; v <= highest+tick/2; v += tick {
		line(b, left, y(v), right, y(v), `stroke="#ddd"`)
		text(b, left-8, y(v)+4, `text-anchor="end"`, thousands(int(v)))
	}
	fmt.Fprintf(b, `<text x="22" y="%.1f" transform="rotate(-90 22 %.1f)" text-anchor="middle">%s</text>`+"\n", top+panelHeight/2, top+panelHeight/2, p.unit)
	p.clock(b, s, hours, x, bottom)
	line(b, left, bottom, right, bottom, `stroke="#222"`)
	for _, c := range p.curves {
		c.draw(b, p.every, x, y)
	}
}

// hours is how long the day is that is drawn: as long as somebody waits.
func (c Comparison) hours() float64 {
	one, two := c.Played[0], c.Played[1]
	if c.Scenario.Need != nil {
		longest := 0
		for _, g := range append(one.Groups[:eighties+1:eighties+1], two.Groups[:eighties+1]...) {
			longest = max(longest, len(g.ByHour))
		}
		return float64(longest)
	}
	if c.Scenario.Backlog > 0 {
		return float64(max(len(one.Backlog.ByHour), len(two.Backlog.ByHour)))
	}
	return max(c.Scenario.Hours, Step.Hours()*float64(max(len(one.Waiting), len(two.Waiting))))
}

// sums adds two rows, step by step.
func sums(a, b []int) (all []int) {
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]+b[i])
	}
	return all
}

func percents(shares []float64) (values []float64) {
	for _, s := range shares {
		values = append(values, 100*s)
	}
	return values
}

// clock writes the time of day under a panel, or the days where there are many.
func (p panel) clock(b *bufio.Writer, s Scenario, hours float64, x func(float64) float64, bottom float64) {
	if hours > 48 {
		every := 24 * max(1, int(hours/24+11)/12)
		for h := 24 - s.Start.Hour(); float64(h) <= hours; h += every {
			at := x(float64(h))
			line(b, at, bottom, at, bottom+5, `stroke="#222"`)
			text(b, at, bottom+20, `text-anchor="middle"`, s.Start.Add(time.Duration(h)*time.Hour).Format("2 Jan"))
		}
		text(b, x(hours/2), bottom+40, `text-anchor="middle" fill="#555"`, "days, from midnight")
		return
	}
	every := max(1, int(hours+11)/12)
	for h := 0; float64(h) <= hours; h += every {
		at := x(float64(h))
		line(b, at, bottom, at, bottom+5, `stroke="#222"`)
		text(b, at, bottom+20, `text-anchor="middle"`, fmt.Sprintf("%d:00", (s.Start.Hour()+h)%24))
	}
	text(b, x(hours/2), bottom+40, `text-anchor="middle" fill="#555"`, "time of day")
}

func (c curve) stroke() string {
	s := fmt.Sprintf(`stroke="%s" stroke-width="2.5" fill="none" stroke-linejoin="round"`, c.colour)
	if c.dash != "" {
		s += fmt.Sprintf(` stroke-dasharray="%s"`, c.dash)
	}
	return s
}

// draw draws the line, with its gaps. A value stands at the end of its interval.
func (c curve) draw(b *bufio.Writer, every time.Duration, x, y func(float64) float64) {
	var path strings.Builder
	pen := "M"
	if c.rises {
		fmt.Fprintf(&path, "M%.1f %.1f", x(0), y(0))
		pen = "L"
	}
	for i, v := range c.values {
		if v < 0 {
			pen = "M"
			continue
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", pen, x(float64(i+1)*every.Hours()), y(v))
		pen = "L"
	}
	fmt.Fprintf(b, "<path d=\"%s\" %s/>\n", path.String(), c.stroke())
}

// niceTick rounds up to 1, 2 or 5 times a power of ten.
func niceTick(at float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(at, 0.2))))
	for _, times := range []float64{1, 2, 5} {
		if at <= times*power {
			return max(1, times*power)
		}
	}
	return 10 * power
}

func text(b *bufio.Writer, x, y float64, attributes, words string) {
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes, escape(words))
}

func line(b *bufio.Writer, x1, y1, x2, y2 float64, attributes string) {
	fmt.Fprintf(b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, attributes)
}

func escape(words string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(words)
}
