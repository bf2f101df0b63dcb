package ari

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/phone"
)

// dialledVariable is set on a channel just before it is dialled. Until the
// other side rings, nothing else tells a channel that was dialled from one that
// was not, and whoever adopts it must not dial it again.
const dialledVariable = "RICHIAMO_DIALLED"

// earlyFor is how long a dial is tried again because the channel, though
// created, has not entered the application yet. It takes well under a
// millisecond.
const earlyFor = 500 * time.Millisecond

// create makes a channel towards a citizen or an agent. It does not ring.
func (l *Line) create(ctx context.Context, c call.Command) error {
	endpoint, err := l.endpoint(c)
	if err != nil {
		return err
	}
	shown := c.Shown
	if shown == "" {
		shown = l.cfg.ServiceNumber
	}
	body, err := json.Marshal(map[string]any{
		"endpoint":  endpoint,
		"app":       l.cfg.App,
		"appArgs":   Dialled,
		"channelId": c.Channel,
		"variables": map[string]string{
			// A created channel calls on behalf of whom it is connected to.
			"CONNECTEDLINE(num,i)": shown,
			"TIMEOUT(absolute)":    seconds(l.cfg.Longest),
		},
	})
	if err != nil {
		return fmt.Errorf("ari: create: %w", err)
	}
	// The number is in the body, so that no log of addresses has it.
	_, err = l.do(ctx, request{operation: string(c.Op), method: http.MethodPost, path: "/channels/create", body: body, again: true, silent: true})
	if says(err, http.StatusConflict, "") {
		return l.taken(ctx, c.Channel, err)
	}
	return err
}

// taken makes sure that a channel of the name exists. Asterisk also answers 409
// when a channel can't be made for another reason, if the thread that serves the
// connection has met a taken name before.
func (l *Line) taken(ctx context.Context, channel string, refused error) error {
	_, err := l.Channel(ctx, channel)
	switch {
	case err == nil:
		return fmt.Errorf("ari: create: %w", call.ErrTaken)
	case errors.Is(err, call.ErrGone):
		return fmt.Errorf("%w: the channel can't be made; is the endpoint there?", refused)
	}
	return err
}

// endpoint is whom a channel is made towards. A citizen's number is checked
// here once more, whatever was decided before: this is the last place before it
// is dialled.
func (l *Line) endpoint(c call.Command) (string, error) {
	if c.Agent != "" {
		if c.Number != "" {
			return "", errors.New("ari: create: a channel goes to an agent or to a number, not to both")
		}
		if !isEndpoint(c.Agent) {
			return "", errors.New("ari: create: the agent's name is no name of an endpoint: letters, figures, - _ and . only")
		}
		return "PJSIP/" + c.Agent, nil
	}
	if !isDigits(c.Number) {
		return "", fmt.Errorf("ari: create: not dialled: %w", phone.ErrCharacter)
	}
	number, err := phone.Parse(c.Number)
	if err == nil {
		err = number.Dialable()
	}
	if err != nil {
		return "", fmt.Errorf("ari: create: %w", err)
	}
	if number.Reveal() != c.Number {
		return "", errors.New("ari: create: not dialled: the number is not in national form")
	}
	return "PJSIP/" + c.Number + "@" + l.cfg.Carrier, nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isEndpoint tells whether s can be the name of an endpoint: nothing in it means
// anything to Asterisk. A dot stands in the name of a telephone in a browser only.
func isEndpoint(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return strings.Trim(s, ".") != ""
}

// dial rings a created channel. That it rings already is success.
func (l *Line) dial(ctx context.Context, c call.Command) error {
	mark := channelPath(c.Channel, "/variable?variable="+dialledVariable+"&value=")
	if err := l.early(ctx, c.Op, mark+"1"); err != nil {
		return err
	}
	l.setGiveUp(c)
	err := l.early(ctx, c.Op, channelPath(c.Channel, "/dial?timeout="+seconds(c.For)))
	switch {
	case says(err, http.StatusConflict, notDown):
		return nil
	case err != nil && !errors.Is(err, call.ErrGone) && l.stands(ctx, c.Channel):
		// Not dialled: whoever looks must not take it for one that rings.
		_ = l.command(ctx, c.Op, http.MethodPost, mark, true)
	}
	return err
}

// tellsWithin is how long Asterisk may take to tell of a dial. It tells of it
// when it has sent the INVITE.
const tellsWithin = 2 * time.Second

// stands tells of a channel that it was not dialled, although it was asked for:
// the request has failed, and Asterisk has told of no dial. While its events do
// not come, or if it can't be asked, nothing is known. The request may still be on
// its way: who learns that it was not done hangs the channel up.
func (l *Line) stands(ctx context.Context, channelID string) bool {
	for deadline := time.Now().Add(l.tells); time.Now().Before(deadline); {
		if l.Ready() != nil || l.hasBegun(channelID) || l.pause(ctx) != nil {
			return false
		}
	}
	var there channel
	return l.get(ctx, "channel", channelPath(channelID, ""), &there) == nil && there.State == down && l.Ready() == nil
}

// hasBegun tells whether Asterisk has told that a channel is dialled, or ended.
func (l *Line) hasBegun(channel string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracked[channel]
	return t == nil || t.begun
}

// ahead is by how much Asterisk's clock may be ahead of ours.
const ahead = 250 * time.Millisecond

// setGiveUp notes when Asterisk will give up ringing, at the earliest. The mark on
// the channel is there, so its end is still to be told.
func (l *Line) setGiveUp(c call.Command) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.track(c.Channel).giveUp = l.cfg.Now().Add(c.For - ahead)
}

// early posts to a channel that may not have entered the application yet.
// Asterisk refuses before it does anything, so that trying again is harmless.
func (l *Line) early(ctx context.Context, op call.Op, path string) error {
	deadline := time.Now().Add(earlyFor)
	for {
		_, err := l.do(ctx, request{operation: string(op), method: http.MethodPost, path: path})
		if !says(err, http.StatusConflict, notInStasis) || time.Now().After(deadline) {
			return gone(err)
		}
		if err := l.pause(ctx); err != nil {
			return fmt.Errorf("ari: %s: %w", op, err)
		}
	}
}

// pause waits a little, and gives why it did not.
func (l *Line) pause(ctx context.Context) error {
	timer := time.NewTimer(l.paused)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
