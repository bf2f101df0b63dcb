package app

import (
	"context"
	"encoding/json"

	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/flow"
	"richiamo/internal/telemetry"
)

// outside is the desk, counted.
type outside struct {
	*desk.Desk
	metrics *telemetry.Metrics
}

// Answer implements call.Outside.
func (o outside) Answer(ctx context.Context, q call.Question) (json.RawMessage, error) {
	answer, err := o.Desk.Answer(ctx, q)
	if err != nil {
		return nil, err
	}
	switch q.Name {
	case flow.AskIdentify, flow.AskRegistrant:
		o.metrics.Identified(found(answer))
	case flow.AskRegister:
		o.metrics.Registered("phone")
	case flow.AskAttempt:
		var ended flow.AttemptEnded
		if json.Unmarshal(q.Payload, &ended) == nil {
			o.metrics.AttemptEnded(string(ended.Outcome))
		}
	case flow.AskBack:
		var came flow.CameBack
		var back flow.Back
		if json.Unmarshal(q.Payload, &came) == nil && json.Unmarshal(answer, &back) == nil && back.Ended {
			o.metrics.AttemptEnded(string(came.Outcome))
		}
	}
	return answer, nil
}

// found names what came of a try to be identified.
func found(answer json.RawMessage) string {
	var who flow.Identified
	switch err := json.Unmarshal(answer, &who); {
	case err != nil:
		return "unreadable"
	case who.Found:
		return "found"
	case who.Limited:
		return "limited"
	}
	return "not-found"
}
