package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// problem is an error as it is answered (RFC 9457). It is an error itself, so
// that a handler can return one.
type problem struct {
	name       string // ends the type, urn:richiamo:problem:NAME; stable
	status     int
	title      string // the same for every problem of the name
	detail     string // what to do about this one
	fields     []fieldProblem
	retryAfter time.Duration
}

// fieldProblem is what is wrong with one field of a request.
type fieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Error gives the name: what a log may know.
func (p problem) Error() string { return "web: " + p.name }

// with is the problem with a detail of its own.
func (p problem) with(detail string) problem {
	p.detail = detail
	return p
}

// after is the problem with a time that is to be waited.
func (p problem) after(wait time.Duration) problem {
	p.retryAfter = wait
	return p
}

// The problems that requests meet.
var (
	problemWrongPassword = problem{name: "wrong-password", status: http.StatusUnauthorized, title: "Not signed in", detail: "Name and password do not go together. Both are in the configuration, under agents."}
	problemUpgrade       = problem{name: "upgrade-required", status: http.StatusUpgradeRequired, title: "Not a WebSocket", detail: "Only a telephone in a browser connects here, by WebSocket."}
	problemUnauthorized  = problem{name: "unauthorized", status: http.StatusUnauthorized, title: "No known key", detail: "Send Authorization: Bearer KEY with a key of this installation."}
	problemNotJudge      = problem{name: "class-not-allowed", status: http.StatusForbidden, title: "Not with this key", detail: "The class red-flag is for doctors: keys of the channels gp and admin."}
	problemForbidden     = problem{name: "forbidden", status: http.StatusForbidden, title: "Not with this key", detail: "The channel of this key may not do this."}
	problemTooMany       = problem{name: "too-many-wrong-keys", status: http.StatusTooManyRequests, title: "Too many wrong keys", detail: "Wait as long as Retry-After says, then send the right key."}
	problemCrossOrigin   = problem{name: "cross-origin", status: http.StatusForbidden, title: "Request of another site", detail: "A page of another site may not change anything here."}
	problemNotFound      = problem{name: "not-found", status: http.StatusNotFound, title: "Not found", detail: "There is nothing here for this key."}
	problemMethod        = problem{name: "method-not-allowed", status: http.StatusMethodNotAllowed, title: "Method not allowed", detail: "Use one of the methods in Allow."}
	problemMediaType     = problem{name: "unsupported-media-type", status: http.StatusUnsupportedMediaType, title: "Not JSON", detail: "Send Content-Type: application/json."}
	problemTooLarge      = problem{name: "too-large", status: http.StatusRequestEntityTooLarge, title: "Too large", detail: "Send at most 16384 bytes."}
	problemBadRequest    = problem{name: "bad-request", status: http.StatusBadRequest, title: "Request not understood"}
	problemInvalid       = problem{name: "invalid-fields", status: http.StatusUnprocessableEntity, title: "Fields that cannot be accepted", detail: "Mend the fields listed in errors."}
	problemNoKey         = problem{name: "idempotency-key-missing", status: http.StatusBadRequest, title: "No Idempotency-Key", detail: "Send Idempotency-Key: 1 to 200 visible characters that name this request, the same when it is repeated."}
	problemKeyReused     = problem{name: "idempotency-key-reused", status: http.StatusUnprocessableEntity, title: "Idempotency-Key used for something else", detail: "This key was sent before with another citizen, number, purpose, language or note. Use a new key for a new request."}
	problemRegistered    = problem{name: "already-registered", status: http.StatusConflict, title: "Already registered", detail: "The citizen is on the list already, by another channel."}
	problemUnknown       = problem{name: "unknown-citizen", status: http.StatusUnprocessableEntity, title: "Citizen not found", detail: "Nobody in the registry has this code. Hand the citizen over with POST /api/v1/return-calls and the purpose person."}
	problemNotEligible   = problem{name: "not-eligible", status: http.StatusUnprocessableEntity, title: "Not yet this citizen's turn", detail: "The campaign is not open to this citizen yet."}
	problemConflict      = problem{name: "not-now", status: http.StatusConflict, title: "Not possible in this state", detail: "Read it again: its state does not allow this, or has just changed."}
	problemOutcome       = problem{name: "outcome-required", status: http.StatusConflict, title: "The last talk has no outcome", detail: "A wrap-up ends with an outcome: send the same request with outcome, and note if there is something to say."}
	problemNoTalk        = problem{name: "no-talk", status: http.StatusConflict, title: "No talk to lead", detail: "No agent speaks with the citizen in this call now."}
	problemNotAlone      = problem{name: "asked-by-others", status: http.StatusConflict, title: "Others have asked for it too", detail: "The citizen, or another channel, has asked for this call as well: it is made."}
	problemHalfDayFull   = problem{name: "half-day-full", status: http.StatusConflict, title: "No room in this half-day", detail: "Choose one of GET /api/v1/half-days."}
	problemUnavailable   = problem{name: "unavailable", status: http.StatusServiceUnavailable, title: "Not available now", detail: "Nothing is known to have been done. Repeat the request with the same Idempotency-Key.", retryAfter: 2 * time.Second}
	problemInternal      = problem{name: "internal", status: http.StatusInternalServerError, title: "Fault of the service", detail: "The log has it under the instance of this problem."}
)

// problemOf finds the answer to an error.
func problemOf(err error) problem {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	var p problem
	switch {
	case errors.As(err, &p):
		return p
	case is(ErrNotFound, dispatch.ErrNotFound, desk.ErrNotFound):
		return problemNotFound
	case is(dispatch.ErrUnavailable, desk.ErrUnavailable, context.DeadlineExceeded, context.Canceled):
		return problemUnavailable
	case is(dispatch.ErrStale, queue.ErrImpossible, agent.ErrImpossible):
		return problemConflict
	case is(agent.ErrOutcome):
		return problemOutcome
	case is(dispatch.ErrSlotFull, dispatch.ErrFull):
		return problemHalfDayFull
	case is(agent.ErrState):
		p := problemInvalid
		p.fields = []fieldProblem{{"state", "must be ready, paused or away"}}
		return p
	case is(ErrUnknownCitizen):
		return problemUnknown
	case is(ErrNotEligible):
		return problemNotEligible
	case is(dispatch.ErrNotDialable):
		p := problemInvalid
		p.fields = []fieldProblem{{"phone", "is not called"}}
		return p
	}
	return problemInternal
}

// fail answers with an error, and logs the ones that the operator must see.
func (a *api) fail(w http.ResponseWriter, err error) {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "request", requestID(w), "error", err)
	}
	a.problem(w, p)
}

// problem answers with a problem.
func (a *api) problem(w http.ResponseWriter, p problem) {
	h := w.Header()
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="richiamo"`)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	writeJSON(w, p.status, "application/problem+json", struct {
		Type     string         `json:"type"`
		Title    string         `json:"title"`
		Status   int            `json:"status"`
		Detail   string         `json:"detail"`
		Instance string         `json:"instance"`
		Errors   []fieldProblem `json:"errors,omitempty"`
	}{"urn:richiamo:problem:" + p.name, p.title, p.status, p.detail, "urn:richiamo:request:" + requestID(w), p.fields})
}
