package plan_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/plan"
)

// TestPageCostsWhatItLists: a page of many tickets takes no more memory, and so no
// more time of the planner, than one of few. It runs alone, since it measures what
// is allocated.
func TestPageCostsWhatItLists(t *testing.T) {
	const most, pages = 10, 20
	c := newCrowd(t, 20_000)
	board := boardOf("regione", c.cfg, c.now, c.tickets, c.agents)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range pages {
		require.Len(t, board.Page("", plan.Mark{}, most), most)
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/pages, uint64(100_000), "bytes a page")
}

// BenchmarkPage is how long the planner waits while a page of a million open
// tickets is listed: the first one, and one in the middle.
func BenchmarkPage(b *testing.B) {
	const most = 200
	c := newCrowd(b, million)
	board := boardOf("regione", c.cfg, c.now, c.tickets, c.agents)
	middle := c.tickets[million/2]
	for name, mark := range map[string]plan.Mark{"first": {}, "middle": {At: middle.Place(), ID: middle.ID}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.Len(b, board.Page("", mark, most), most)
			}
		})
	}
}
