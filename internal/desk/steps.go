package desk

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"richiamo/internal/flow"
)

// steps remembers, of each call and agent, the newest step that was taken down.
// What a conversation merely tells (the telephone rings, they speak) may be told
// late, when the store was slow: after it has asked for what followed. An agent who
// has missed the call, or has handed the citizen over, would be given it again.
type steps struct {
	mu   sync.Mutex
	last map[string]int
}

// mostSteps bounds what is remembered; whoever is forgotten is believed.
const mostSteps = 10_000

// inOrder leaves out a step that was overtaken.
func (v visit) inOrder(do func(context.Context, flow.AgentStep) (flow.Empty, error)) func(context.Context, flow.AgentStep) (flow.Empty, error) {
	return func(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
		if v.overtaken(r.Agent) {
			return flow.Empty{}, nil
		}
		_, err := do(ctx, r)
		return flow.Empty{}, v.taken(r.Agent, err)
	}
}

// overtaken tells whether a later step of the same agent in the same call has been
// taken down.
func (v visit) overtaken(agent string) bool {
	call, n := v.step(agent)
	v.steps.mu.Lock()
	defer v.steps.mu.Unlock()
	return v.steps.last[call] > n
}

// taken notes a step that was taken down, and passes its error on.
func (v visit) taken(agent string, err error) error {
	if err != nil {
		return err
	}
	call, n := v.step(agent)
	v.steps.mu.Lock()
	defer v.steps.mu.Unlock()
	if len(v.steps.last) >= mostSteps {
		clear(v.steps.last)
	}
	v.steps.last[call] = max(n, v.steps.last[call])
	return nil
}

// step is the number of a request in its conversation, and a name for conversation
// and agent. A request without a number is always the first.
func (v visit) step(agent string) (name string, n int) {
	dot := strings.LastIndexByte(v.Key, '.')
	end := dot + 1
	for end < len(v.Key) && '0' <= v.Key[end] && v.Key[end] <= '9' {
		end++
	}
	n, _ = strconv.Atoi(v.Key[dot+1 : end])
	return v.tenant + "/" + v.Key[:dot+1] + v.Key[end:] + "/" + agent, n
}
