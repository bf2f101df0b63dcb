package ari

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"richiamo/internal/call"
)

// A request is one HTTP request to ARI.
type request struct {
	operation string // for metrics and errors
	method    string
	path      string // below the root, its parts escaped, with the query
	body      []byte // JSON; nil: none
	again     bool   // harmless if done twice: tried once more when it is unknown whether it was done
	silent    bool   // Asterisk's words may hold a number: keep them out of the error
}

// A refusal is an answer of Asterisk that says no.
type refusal struct {
	operation string
	status    int
	words     string // Asterisk's own
}

func (r *refusal) Error() string {
	if r.words == "" {
		return fmt.Sprintf("ari: %s: the exchange answers %d", r.operation, r.status)
	}
	return fmt.Sprintf("ari: %s: the exchange answers %d %q", r.operation, r.status, r.words)
}

// Words of Asterisk that tell refusals of one status apart.
const (
	notInStasis = "not in Stasis" // the channel is in the dialplan: not yet, or no more, ours
	notDown     = "not in the 'Down' state"
	notFound    = "not found"
)

// says tells whether err is a refusal of that status whose words contain text.
func says(err error, status int, text string) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == status && strings.Contains(r.words, text)
}

// unknown tells of a request that has failed whether it may have been carried out
// all the same, or may be when it is tried again: nothing was answered, or that the
// exchange, or what stands before it, is in trouble itself.
func unknown(err error) bool {
	var no *refusal
	return err != nil && (!errors.As(err, &no) || no.status >= http.StatusInternalServerError)
}

// gone turns the answers that mean that a channel is no more into call.ErrGone.
func gone(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	switch {
	case r.status == http.StatusNotFound,
		r.status == http.StatusBadRequest && strings.Contains(r.words, notFound),
		(r.status == http.StatusConflict || r.status == http.StatusUnprocessableEntity) && strings.Contains(r.words, notInStasis):
		return fmt.Errorf("%w (%w)", call.ErrGone, err)
	}
	return err
}

// do sends a request and returns the body of a good answer.
func (l *Line) do(ctx context.Context, r request) ([]byte, error) {
	started := time.Now()
	body, err := l.try(ctx, r)
	if r.again && unknown(err) && ctx.Err() == nil {
		body, err = l.try(ctx, r)
	}
	if observe := l.cfg.Observe.Request; observe != nil {
		observe(r.operation, time.Since(started), err)
	}
	return body, err
}

// try sends a request once.
func (l *Line) try(ctx context.Context, r request) ([]byte, error) {
	status, answer, err := l.http.exchange(ctx, time.Now().Add(l.limit), &r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ari: %s: %w", r.operation, err)
	case status/100 == 2:
		return answer, nil
	}
	no := &refusal{operation: r.operation, status: status}
	if !r.silent {
		no.words = words(answer)
	}
	return nil, no
}

// words finds Asterisk's explanation in the body of a refusal.
func words(body []byte) string {
	var no struct{ Message, Error string }
	if json.Unmarshal(body, &no) != nil {
		return ""
	}
	if no.Message == "" {
		return no.Error
	}
	return no.Message
}

// get asks for something and reads the JSON that comes.
func (l *Line) get(ctx context.Context, operation, path string, into any) error {
	body, err := l.do(ctx, request{operation: operation, method: http.MethodGet, path: path, again: true})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("ari: %s: the exchange's answer can't be read", operation)
	}
	return nil
}

// channelPath is the path of a channel; below begins with a slash or is empty.
func channelPath(id, below string) string { return "/channels/" + url.PathEscape(id) + below }

func bridgePath(id, below string) string { return "/bridges/" + url.PathEscape(id) + below }
