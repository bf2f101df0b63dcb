package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

func TestRestored(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	number, err := phone.Parse("0212345601")
	require.NoError(t, err)
	due := queue.Ticket{ID: "t", State: queue.Due, Phone: number, NeedsAgent: true, Arrived: now.Add(-time.Hour)}
	dialling, err := due.Claim(now, "asterisk", "agent1")
	require.NoError(t, err)
	pressed, err := dialling.Wait(now)
	require.NoError(t, err)
	talking, err := pressed.Connected(now, "agent1")
	require.NoError(t, err)
	notice, err := due.ClaimNotice(now, "asterisk")
	require.NoError(t, err)
	holding, err := queue.Ticket{ID: "t", Call: "c", Phone: number, Arrived: due.Arrived}.Enter(now)
	require.NoError(t, err)
	unknown := holding
	unknown.Phone = phone.Number{}
	later := now.Add(time.Minute)

	for name, c := range map[string]struct {
		was   queue.Ticket
		state queue.State
	}{
		"due": {due, queue.Due}, "dialling": {dialling, queue.Pending}, "a notice": {notice, queue.Pending},
		"pressed 1": {pressed, queue.Pending}, "talking": {talking, queue.Done},
		"holding": {holding, queue.Pending}, "holding, number withheld": {unknown, queue.Withdrawn},
	} {
		got, err := c.was.Restored(later)
		require.NoError(t, err, name)
		assert.Equal(t, c.state, got.State, name)
		assert.Equal(t, due.Arrived, got.Arrived, "%s: the place stays", name)
		if got.State.Open() {
			assert.Empty(t, got.Call+got.Agent+got.Node, name)
		}
		for _, a := range got.Attempts {
			assert.False(t, a.Ended.IsZero(), name)
		}
		if c.was.State == queue.Dialling {
			assert.Greater(t, got.Token, c.was.Token, "%s: the old claim dials no more", name)
			assert.Equal(t, later.Add(queue.LostRest), got.NotBefore, name)
			assert.False(t, got.Attempts[0].Counts, name)
			again, err := got.Ripen(got.NotBefore)
			require.NoError(t, err)
			again, err = again.ClaimFirst(got.NotBefore, "asterisk")
			require.NoError(t, err)
			assert.NotEqual(t, c.was.Call, again.Call, "%s: another attempt", name)
		}
	}
}
