package ari

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/CyCoreSystems/ari/v5"

	"richiamo/internal/call"
)

// Perform carries out one command.
//
// What is tried again by itself, when it is not known whether it was done, is only
// what is harmless twice. A playback is not: Asterisk plays two of one name one
// after the other, so that it is asked first whether there is one. Nor is DoDial: a
// second dial while the first has not yet rung ends the channel.
//
// Errors: call.ErrGone and call.ErrTaken as the interface says; ErrReplaced when
// another process has the application; *phone.Refusal for a number that is not
// dialled. After any other error it is not known whether the command was done.
func (l *Line) Perform(ctx context.Context, c call.Command) error {
	if l.isFenced() {
		return fmt.Errorf("ari: %s: %w", c.Op, ErrReplaced)
	}
	switch c.Op {
	case call.DoAnswer:
		return l.command(ctx, c.Op, http.MethodPost, channelPath(c.Channel, "/answer"), true)
	case call.DoPlay:
		return l.play(ctx, c)
	case call.DoStop:
		return done(l.command(ctx, c.Op, http.MethodDelete, "/playbacks/"+url.PathEscape(c.Playback), true))
	case call.DoMusic:
		return l.music(ctx, c)
	case call.DoQuiet:
		return l.command(ctx, c.Op, http.MethodDelete, channelPath(c.Channel, "/moh"), true)
	case call.DoCreate:
		return l.create(ctx, c)
	case call.DoDial:
		return l.dial(ctx, c)
	case call.DoJoin:
		return l.seat(ctx, c.Bridge, c.Members)
	case call.DoPart:
		return done(l.command(ctx, c.Op, http.MethodDelete, bridgePath(c.Bridge, ""), true))
	case call.DoPress:
		return l.press(ctx, c)
	case call.DoRecord:
		return l.record(ctx, c)
	case call.DoCease:
		return done(l.command(ctx, c.Op, http.MethodDelete, "/recordings/live/"+url.PathEscape(c.Recording), true))
	case call.DoHangup:
		return done(l.command(ctx, c.Op, http.MethodDelete, channelPath(c.Channel, ""), true))
	case call.DoContinue:
		return l.release(ctx, c)
	}
	return fmt.Errorf("ari: %q is no command that an exchange can carry out", c.Op)
}

func (l *Line) isFenced() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fenced
}

// command is a request without a body whose answer does not matter.
func (l *Line) command(ctx context.Context, op call.Op, method, path string, again bool) error {
	_, err := l.do(ctx, request{operation: string(op), method: method, path: path, again: again})
	return gone(err)
}

// done is for commands that end something: that it is gone already is success.
func done(err error) error {
	if errors.Is(err, call.ErrGone) {
		return nil
	}
	return err
}

// mostQuery bounds the address of a request: Asterisk refuses a first line of
// more than 4096 bytes.
const mostQuery = 3000

// play begins to play all recordings of a command in one go: what Asterisk has
// in one list it plays without a gap. The list goes into the address, which
// costs Asterisk less than a body, while there is room.
func (l *Line) play(ctx context.Context, c call.Command) error {
	if len(c.Media) == 0 {
		return errors.New("ari: play: there is nothing to be played")
	}
	media := make([]string, len(c.Media))
	for i, name := range c.Media {
		if !isName(name) {
			return errors.New("ari: play: a recording's name holds letters, figures, and - _ . / only")
		}
		media[i] = l.sound(c.Language, name)
	}
	r := request{
		operation: string(c.Op), method: http.MethodPost,
		path: channelPath(c.Channel, "/play/"+url.PathEscape(c.Playback)),
	}
	if list := strings.Join(media, ","); len(list) <= mostQuery {
		r.path += "?media=" + list
	} else {
		body, err := json.Marshal(struct {
			Media []string `json:"media"`
		}{media})
		if err != nil {
			return fmt.Errorf("ari: play: %w", err)
		}
		r.body = body
	}
	l.plays(c.Channel, c.Playback)
	_, err := l.do(ctx, r)
	if unknown(err) && ctx.Err() == nil {
		var there ari.PlaybackData
		look := l.get(ctx, "playback", "/playbacks/"+url.PathEscape(c.Playback), &there)
		switch {
		case look == nil:
			return nil // it plays, or is about to
		case says(look, http.StatusNotFound, ""):
			_, err = l.do(ctx, r)
		}
	}
	if err != nil {
		l.played(c.Channel, c.Playback)
	}
	return gone(err)
}

// plays notes that a playback begins: before it is asked for, since its end may be
// told before the answer to that.
func (l *Line) plays(channel, playback string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.track(channel).plays = playback
}

// played notes that a playback has ended, or has not begun: its channel may be gone,
// and then nothing is remembered of it.
func (l *Line) played(channel, playback string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracked[channel]
	if t == nil || t.plays != playback {
		return
	}
	if t.plays = ""; *t == (track{}) {
		delete(l.tracked, channel)
	}
}

// sound is the address of a recording. Silence belongs to no language.
func (l *Line) sound(language, name string) string {
	if strings.HasPrefix(name, "silence/") {
		return "sound:" + name
	}
	return "sound:" + l.cfg.Sounds + "/" + language + "/" + name
}

// isName tells whether a recording's name may stand in an address as it is.
func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_./", c) >= 0) {
			return false
		}
	}
	return name != "" && !strings.Contains(name, "..")
}

// seat makes a bridge hold exactly these channels. Whoever is to leave is out
// before anybody comes in, so that nobody hears what is not for them. Whoever is in
// it already is left there: to be added again would be heard as a gap.
func (l *Line) seat(ctx context.Context, bridge string, members []string) error {
	_, err := l.do(ctx, request{
		operation: "join", method: http.MethodPost, again: true,
		path: bridgePath(bridge, "?type=mixing"),
	})
	var there ari.BridgeData
	if says(err, http.StatusConflict, "") {
		if err := l.get(ctx, "join", bridgePath(bridge, ""), &there); err != nil {
			return err // even a 404 does not say that a channel is gone
		}
	} else if err != nil {
		return err
	}
	for _, c := range there.ChannelIDs {
		if slices.Contains(members, c) {
			continue
		}
		if err := l.unseat(ctx, bridge, c); err != nil {
			return err
		}
	}
	missing := slices.DeleteFunc(slices.Clone(members), func(c string) bool { return slices.Contains(there.ChannelIDs, c) })
	if len(missing) == 0 {
		return nil
	}
	return l.add(ctx, bridge, missing)
}

// notInBridge is what Asterisk says of a channel that has left by itself.
const notInBridge = "not in this bridge"

// unseat takes a channel out of a bridge. That it is not there, or no more at all,
// is success.
func (l *Line) unseat(ctx context.Context, bridge, channel string) error {
	err := l.command(ctx, call.DoJoin, http.MethodPost, bridgePath(bridge, "/removeChannel?channel="+url.QueryEscape(channel)), false)
	if says(err, http.StatusUnprocessableEntity, notInBridge) {
		return nil
	}
	return done(err)
}

// add puts channels into a bridge: all of them, or none. Hold music ends: Asterisk
// would go on with it in the bridge, in place of the others' voices.
func (l *Line) add(ctx context.Context, bridge string, channels []string) error {
	escaped := make([]string, len(channels))
	for i, c := range channels {
		escaped[i] = url.QueryEscape(c)
		if err := done(l.command(ctx, call.DoQuiet, http.MethodDelete, channelPath(c, "/moh"), true)); err != nil {
			return err
		}
	}
	err := l.command(ctx, call.DoJoin, http.MethodPost, bridgePath(bridge, "/addChannel?channel="+strings.Join(escaped, ",")), false)
	if err == nil {
		l.unbridge(channels)
	}
	return err
}

// music plays hold music to a channel.
func (l *Line) music(ctx context.Context, c call.Command) error {
	if err := l.free(ctx, c.Channel); err != nil {
		return err
	}
	return l.command(ctx, c.Op, http.MethodPost, channelPath(c.Channel, "/moh"), true)
}

// press keys something to the other side. The pause between two keys is longer than
// Asterisk asks for, since what hears them may be an exchange as well, which takes
// keys that come faster for one that bounces.
func (l *Line) press(ctx context.Context, c call.Command) error {
	query := url.Values{"dtmf": {c.Keys}, "between": {"150"}, "duration": {"100"}}
	return l.command(ctx, c.Op, http.MethodPost, channelPath(c.Channel, "/dtmf?"+query.Encode()), false)
}

// longestSilence ends a recording, in seconds.
const longestSilence = 3

// record begins to record a channel as A-law, 8000 samples a second, without a
// header. Silence or the time ends it, or DoCease; the tone before it is a prompt.
func (l *Line) record(ctx context.Context, c call.Command) error {
	if err := l.free(ctx, c.Channel); err != nil {
		return err
	}
	query := url.Values{
		"name":               {c.Recording},
		"format":             {"alaw"},
		"maxDurationSeconds": {seconds(c.For)},
		"maxSilenceSeconds":  {strconv.Itoa(longestSilence)},
		"ifExists":           {"overwrite"},
	}
	return l.command(ctx, c.Op, http.MethodPost, channelPath(c.Channel, "/record?"+query.Encode()), false)
}

// seconds rounds up: Asterisk takes zero for "without end".
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// free takes a channel that we dialled out of the hidden bridge in which
// Asterisk keeps it from the dial on, and in which it can't be recorded: through
// a bridge of ours, out of which it comes free.
func (l *Line) free(ctx context.Context, channel string) error {
	l.mu.Lock()
	t := l.tracked[channel]
	free := t == nil || !t.dialled || t.bridged
	l.mu.Unlock()
	if free {
		return nil
	}
	bridge := "free-" + channel
	if err := l.seat(ctx, bridge, []string{channel}); err != nil {
		return err
	}
	// Removed before the bridge is dissolved: only the removal is waited for.
	remove := bridgePath(bridge, "/removeChannel?channel="+url.QueryEscape(channel))
	if err := l.command(ctx, call.DoPart, http.MethodPost, remove, false); err != nil {
		return err
	}
	return done(l.command(ctx, call.DoPart, http.MethodDelete, bridgePath(bridge, ""), true))
}

// unbridge notes that channels have left Asterisk's hidden bridge.
func (l *Line) unbridge(channels []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range channels {
		if t := l.tracked[c]; t != nil {
			t.bridged = true
		}
	}
}

// release gives a channel back to the dialplan. Number is an extension of the
// context Config.Away, or "CONTEXT,EXTENSION".
func (l *Line) release(ctx context.Context, c call.Command) error {
	where, extension, named := strings.Cut(c.Number, ",")
	if !named {
		where, extension = l.cfg.Away, c.Number
	}
	l.setReleased(c.Channel, true)
	query := url.Values{"context": {where}, "extension": {extension}, "priority": {"1"}}
	err := l.command(ctx, c.Op, http.MethodPost, channelPath(c.Channel, "/continue?"+query.Encode()), false)
	if errors.Is(err, call.ErrGone) {
		l.setReleased(c.Channel, false)
	}
	return err
}

// setReleased notes that a channel that we dialled leaves us at StasisEnd.
func (l *Line) setReleased(channel string, released bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.tracked[channel]; t != nil {
		t.released = released
	}
}
