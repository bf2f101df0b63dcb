package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// TestFirstTo: however often the promised time was moved, it is known what was
// promised first; what is promised anew begins anew.
func TestFirstTo(t *testing.T) {
	t.Parallel()
	x := promised(t)
	assert.Equal(t, x.To, x.FirstTo())
	assert.True(t, inState(t, queue.Pending).FirstTo().IsZero(), "no time was said")
	moved := x
	for i, to := range []time.Duration{30 * time.Minute, 2 * time.Hour, 26 * time.Hour, time.Hour} {
		var err error
		moved, err = moved.Replan(x.To, x.To, x.To.Add(to))
		require.NoError(t, err)
		assert.Equal(t, int32(i+1), moved.Replans)
		assert.Equal(t, x.To, moved.FirstTo())
	}
	open, err := inState(t, queue.Pending).Replan(noon, noon, noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, noon.Add(time.Hour), open.FirstTo(), "nothing was promised before")

	onLine, err := moved.Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, x.To, onLine.FirstTo(), "calling again changes nothing")
	tomorrow := noon.Add(24 * time.Hour)
	anew, err := onLine.Promise(noon, queue.Terms{Phone: x.Phone, NotBefore: tomorrow, From: tomorrow, To: tomorrow.Add(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, []any{int32(0), anew.To}, []any{anew.Replans, anew.FirstTo()}, "another time was promised")
	otherwise, err := moved.Change(noon, queue.Change{NotBefore: tomorrow, From: tomorrow, To: tomorrow.Add(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, []any{int32(0), otherwise.To}, []any{otherwise.Replans, otherwise.FirstTo()}, "another time was wanted")
	other, err := moved.Change(noon, queue.Change{Phone: number(t, "0276543210")})
	require.NoError(t, err)
	assert.Equal(t, x.To, other.FirstTo(), "another number is no other time")
}

// TestAskedAt: whoever calls again, wants it otherwise or asks for more has asked
// once more; what we do has not.
func TestAskedAt(t *testing.T) {
	t.Parallel()
	x := promised(t)
	assert.Equal(t, noon, x.AskedAt())
	at := noon.Add(90*time.Minute + 200*time.Millisecond)
	asked := noon.Add(90*time.Minute + time.Second)
	again, err := x.Rejoin(at, "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, asked, again.AskedAt())
	otherwise, err := x.Change(at, queue.Change{Phone: number(t, "0276543210")})
	require.NoError(t, err)
	assert.Equal(t, asked, otherwise.AskedAt())
	joined, err := x.Join(noon.Add(3*time.Hour), queue.Request{Purpose: queue.NotedAway, At: at})
	require.NoError(t, err)
	assert.Equal(t, asked, joined.AskedAt(), "when it was asked for, not when it was heard of")
	before, err := joined.Join(noon.Add(3*time.Hour), queue.Request{Purpose: queue.RegistryDown, At: noon.Add(-time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, asked, before.AskedAt())
	later, err := inState(t, queue.Waiting).Promise(at, queue.Terms{Phone: x.Phone})
	require.NoError(t, err)
	assert.Equal(t, asked, later.AskedAt(), "has waited on the line until then")
	moved, err := x.Replan(at, at, at.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, noon, moved.AskedAt())
	assert.Equal(t, noon, inState(t, queue.Dialling).AskedAt())
}
