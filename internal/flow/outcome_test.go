package flow

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
)

// TestOutcomeOf: what the network says of a call that was not answered. That a network
// is full says nothing of the number, whatever status goes with it.
func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sip, cause int
		want       queue.Outcome
	}{
		{486, 17, queue.Busy},
		{600, 17, queue.Busy},
		{480, 19, queue.NoAnswer},
		{408, 18, queue.NoAnswer},
		{404, 1, queue.Unreachable},
		{604, 1, queue.Unreachable},
		{410, 22, queue.Unreachable},
		{0, 28, queue.Unreachable},
		{403, 21, queue.Rejected},
		{603, 21, queue.Rejected},
		{607, 21, queue.Rejected},
		{608, 21, queue.Rejected},
		{606, 58, queue.OurFault},
		{503, 34, queue.OurFault},
		{500, 41, queue.OurFault},
		{0, 102, queue.OurFault},
		{0, 0, queue.OurFault},
		{404, 34, queue.OurFault}, // full, and called "not found"
		{480, 42, queue.OurFault},
		{486, 44, queue.OurFault},
	} {
		assert.Equal(t, tt.want, OutcomeOf(dialogue.Input{SIP: tt.sip, Cause: tt.cause}), "SIP %d, cause %d", tt.sip, tt.cause)
	}
}
