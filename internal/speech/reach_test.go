package speech

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// domainOf lists values of a slot that between them need every recording that
// the slot can need.
func domainOf(c *Catalogue, p *prompt, name string) []Slot {
	var list []Slot
	switch kind, _ := KindOf(name); kind {
	case KindFigures:
		for figure := range 10 {
			list = append(list, Slot{name, kind, "0123456789 " + strconv.Itoa(figure)})
		}
	case KindWait:
		for _, w := range waits() {
			list = append(list, EstimateRange(w.low, w.high))
		}
	case KindClock:
		for minute := range 24 * 60 {
			list = append(list, ClockRange(Today, At(minute/60, minute%60), At(23-minute/60, 59-minute%60)), ClockBy(Today, At(minute/60, minute%60)))
		}
		for _, day := range append([]Day{Today, Tomorrow, OnDate(2028, 2, 29)}, weekdays()...) {
			list = append(list, ClockRange(day, At(9, 0), At(9, 30)))
		}
	case KindHalfDay:
		for _, day := range append([]Day{Today, Tomorrow}, weekdays()...) {
			list = append(list, HalfDay(day, Morning), HalfDay(day, Afternoon))
		}
		list = append(list, HalfDay(OnDate(2028, 2, 29), Morning), HalfDay(OnDate(2028, 2, 29), Afternoon))
	case KindHours:
		for _, minute := range []int{0, 30, 45} {
			list = append(list, HalfDayHours(Tomorrow, Morning, At(9, 0), At(12, minute)), HalfDayHours(OnDate(2028, 2, 29), Afternoon, At(13, 0), At(18, minute)))
		}
	case KindDate:
		for day := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
			list = append(list, Date(name, day.Year(), int(day.Month()), day.Day()))
		}
	default:
		list = c.values(p, name)
	}
	return list
}

// sayEverything renders each prompt with every value of every slot, one slot
// at a time, and counts together, and calls heard with what is played.
func sayEverything(t *testing.T, c *Catalogue, heard func(Rendered)) {
	t.Helper()
	for _, id := range c.IDs() {
		p := c.prompts[id]
		names := p.slots()
		base := make([]Slot, len(names))
		for i, name := range names {
			base[i] = domainOf(c, p, name)[0]
		}
		var vary func(i int, slots []Slot)
		vary = func(i int, slots []Slot) {
			if i == len(names) {
				if p.less[0] != "" && !p.inOrder(slots) {
					return
				}
				rendered, err := c.Render(Say(id, slots...))
				require.NoError(t, err, id)
				heard(rendered)
				return
			}
			kind, _ := KindOf(names[i])
			for _, slot := range domainOf(c, p, names[i]) {
				next := append(append([]Slot{}, slots[:i]...), slot)
				vary(i+1, append(next, base[i+1:]...))
				if kind == KindClock && i+1 < len(names) {
					break // two slots with a thousand values each are not multiplied
				}
			}
		}
		vary(0, base)
	}
}

// What can be said and what is recorded are the same set: every recording
// that is played exists, and none exists that is never played.
func TestEverythingSaidIsRecordedAndNothingElse(t *testing.T) {
	t.Parallel()
	c := italian(t)
	used := map[Recording]bool{}
	heard := func(r Rendered) {
		for _, list := range [][]Recording{r.Before, r.After} {
			for _, recording := range list {
				if !used[recording] {
					used[recording] = true
					assert.Positive(t, c.Duration(recording), recording)
				}
			}
		}
	}
	sayEverything(t, c, heard)
	must := func(r Rendered, err error) {
		require.NoError(t, err)
		heard(r)
	}
	for n := 0; n <= maxNumber; n += 1 + n/100 {
		must(c.Number(n))
	}
	must(c.Number(maxNumber))
	for minute := range 24 * 60 {
		must(c.Time(At(minute/60, minute%60)))
	}
	must(c.Spell("abcdefghijklmnopqrstuvwxyz0123456789"))
	must(c.Date(OnDate(2027, 2, 15)))
	must(c.Figures("0123456789"))
	for _, ms := range silences() {
		heard(Rendered{Before: SilenceFor(time.Duration(ms) * time.Millisecond)})
	}
	for _, piece := range c.Pieces() {
		assert.True(t, used[piece.Recording], "%s is never played", piece.Recording)
		delete(used, piece.Recording)
	}
	assert.Empty(t, used, "played but not in the list of pieces")
}

// Before and After of a prompt cover its words once: what follows the mark is
// the question.
func TestOnlyMarkedPromptsHaveAnAfter(t *testing.T) {
	t.Parallel()
	c := italian(t)
	for _, id := range c.IDs() {
		p := c.prompts[id]
		var slots []Slot
		for _, name := range p.slots() {
			slots = append(slots, domainOf(c, p, name)[0])
		}
		rendered, err := c.Render(Say(id, slots...))
		require.NoError(t, err, id)
		assert.NotEmpty(t, rendered.Before, id)
		assert.Equal(t, c.Cut(id) == CutMark, len(rendered.After) > 0, id)
		assert.NotContains(t, rendered.Words, "‖", id)
		assert.NotContains(t, rendered.Words, "{", id)
		assert.Less(t, len(rendered.Before)+len(rendered.After), 128, "an exchange takes at most 127 recordings in one list")
	}
}

func BenchmarkRender(b *testing.B) {
	c := italian(b)
	u := Say(NumberCli, Phone("02", "12", "34", "56", "78"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Render(u); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		italian(b)
	}
}
