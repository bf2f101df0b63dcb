package desk

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/flow"
)

// TestStepsAreTakenInOrder: what is told late, of an agent of whom a later step was
// taken down, changes nothing any more.
func TestStepsAreTakenInOrder(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	done := 0
	tell := func(key, agent string, fails error) {
		v := visit{Desk: d, Question: call.Question{Key: key}, tenant: "example"}
		_, err := v.inOrder(func(context.Context, flow.AgentStep) (flow.Empty, error) {
			done++
			return flow.Empty{}, fails
		})(t.Context(), flow.AgentStep{Ticket: "t1", Agent: agent})
		require.ErrorIs(t, err, fails)
	}
	for _, step := range []struct {
		what, key, agent string
		fails            error
		done             bool
	}{
		{"the first", "in1.5", "anna", nil, true},
		{"once more", "in1.5", "anna", nil, true},
		{"told late", "in1.4", "anna", nil, false},
		{"another agent's", "in1.4", "bruno", nil, true},
		{"another call's", "in2.4", "anna", nil, true},
		{"of the conversation that came after it", "in1.4~g1", "anna", nil, true},
		{"not taken down", "in1.9", "anna", errors.New("the store is away"), true},
		{"so this one is not late", "in1.6", "anna", nil, true},
		{"without a number", "noted", "anna", nil, true},
	} {
		before := done
		tell(step.key, step.agent, step.fails)
		assert.Equal(t, step.done, done > before, step.what)
	}
}

func TestStepsForgetSomeDay(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	for i := range mostSteps + 5 {
		v := visit{Desk: d, Question: call.Question{Key: fmt.Sprintf("in.%d", i)}, tenant: "example"}
		require.NoError(t, v.taken(string(rune('a'+i%26))+fmt.Sprintf("agent.%d", i), nil))
	}
	assert.LessOrEqual(t, len(d.steps.last), mostSteps)
}
