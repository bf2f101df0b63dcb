package plan_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFailure14TheRestartExhaustsTheMemory: a callback daemon that was started again
// read everything at once, the machine ran out of memory, and the database was killed
// for it (github.com/FreePBX/issue-tracker, issue 111).
//
// Here a board that is made anew takes a known number of bytes for a ticket, what it
// throws away meanwhile included, and twice as many tickets take about twice as much.
// BenchmarkMemory measures what stays.
//
// Not parallel: what others allocate meanwhile would be counted.
func TestFailure14TheRestartExhaustsTheMemory(t *testing.T) {
	const few, many, most = 10_000, 20_000, 4096 // bytes a ticket
	first, second := rebuilt(t, few), rebuilt(t, many)
	t.Logf("%d and %d bytes a ticket", first/few, second/many)
	assert.Less(t, second/many, uint64(most))
	assert.Less(t, second, 3*first, "it grows as the tickets do")
}

// rebuilt is how many bytes are allocated to make the board of so many tickets.
func rebuilt(t *testing.T, tickets int) uint64 {
	t.Helper()
	c := newCrowd(t, tickets)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	board := boardOf("regione", c.cfg, c.now, c.tickets, c.agents)
	runtime.ReadMemStats(&after)
	require.Equal(t, tickets, board.Len())
	return after.TotalAlloc - before.TotalAlloc
}
