package ari

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/CyCoreSystems/ari/v5"

	"richiamo/internal/call"
)

// wanted are the events that Asterisk is asked to send; it leaves out the rest,
// which halves what both sides have to do for a call. ChannelHangupRequest is
// not among them: for a channel that we dial its cause is that of
// ChannelDestroyed (and wrong after a ring timeout), for a citizen's it says no
// more than that they hung up. ChannelStateChange is not: Dial tells of the
// answer.
var wanted = [...]string{
	"StasisStart", "StasisEnd", "ChannelDestroyed", "ChannelDtmfReceived", "Dial",
	"PlaybackFinished", "RecordingFinished", "RecordingFailed", "ChannelUserevent", "ApplicationReplaced",
}

var errMalformed = errors.New("ari: an event can't be read")

// message holds the fields of all wanted events that matter here. Playbacks and
// recordings are the library's types. Channels are not: ari.ChannelData reads
// each channel twice by reflection, and knows neither the arguments that a
// channel came with (app_data) nor the SIP status (tech_cause).
type message struct {
	Type       string
	Timestamp  string
	Args       []string
	Digit      string
	Cause      int
	TechCause  int `json:"tech_cause"`
	Dialstatus string
	Eventname  string
	Channel    channel
	Peer       channel
	Playback   ari.PlaybackData
	Recording  ari.LiveRecordingData
}

// channel is Asterisk's view of a channel, as far as it is needed.
type channel struct {
	ID       string
	State    string
	Caller   struct{ Number string }
	Dialplan struct {
		AppName string `json:"app_name"`
		AppData string `json:"app_data"`
	}
}

// args are the arguments that the channel came into an application with, and
// ok is false if it is in none or in another.
func (c *channel) args(app string) (args []string, ok bool) {
	if c.Dialplan.AppName != "Stasis" {
		return nil, false
	}
	name, rest, more := strings.Cut(c.Dialplan.AppData, ",")
	if name != app {
		return nil, false
	}
	if !more {
		return nil, true
	}
	return strings.Split(rest, ","), true
}

// kind finds the value of an event's "type" without reading the rest, since
// most of what an older filter lets through is of no use. Inside a string
// quotes are escaped, so what is found is a key; whether it is that of the
// event itself is checked once it has been read whole.
func kind(raw []byte) ([]byte, bool) {
	const key = `"type"`
	at := bytes.Index(raw, []byte(key))
	if at < 0 {
		return nil, false
	}
	rest := bytes.TrimLeft(raw[at+len(key):], " \t\r\n:")
	if len(rest) == 0 || rest[0] != '"' {
		return nil, false
	}
	rest = rest[1:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil, false
	}
	return rest[:end], true
}

func isWanted(kind []byte) bool {
	for _, w := range wanted {
		if string(kind) == w {
			return true
		}
	}
	return false
}

// decode reads one event into m. ok is false if it is none that is wanted.
func decode(raw []byte, m *message) (ok bool, err error) {
	k, found := kind(raw)
	if !found {
		return false, errMalformed
	}
	if !isWanted(k) {
		return false, nil
	}
	*m = message{Args: m.Args[:0]}
	if json.Unmarshal(raw, m) != nil {
		return false, errMalformed
	}
	return isWanted([]byte(m.Type)), nil
}

// event makes a call.Event of a message. ok is false for those that tell calls
// nothing, or nothing new.
func (l *Line) event(m *message, now time.Time) (e call.Event, ok bool) {
	e = call.Event{At: now, Channel: m.Channel.ID}
	switch m.Type {
	case "StasisStart":
		l.entered(m, &e)
	case "StasisEnd":
		e.Kind = call.Left
		return e, l.ended(&m.Channel)
	case "ChannelDestroyed":
		e.Kind, e.Cause, e.SIP = call.Left, m.Cause, m.TechCause
		return e, l.destroyed(&e)
	case "ChannelDtmfReceived":
		if len(m.Digit) != 1 {
			return e, false
		}
		e.Kind, e.Digit = call.Key, m.Digit[0]
		return e, l.isNewKey(m)
	case "Dial":
		e.Kind, e.Channel = call.Answered, m.Peer.ID
		l.rings(m)
		return e, m.Dialstatus == "ANSWER"
	case "PlaybackFinished":
		e.Kind, e.Playback, e.Failed = call.Played, m.Playback.ID, m.Playback.State == "failed"
		e.Channel, ok = strings.CutPrefix(m.Playback.TargetURI, "channel:")
		l.played(e.Channel, e.Playback)
		return e, ok
	case "RecordingFinished", "RecordingFailed":
		e.Kind, e.Name = call.Recording, m.Recording.Name
		e.Failed = m.Type == "RecordingFailed"
		e.Seconds = int(time.Duration(m.Recording.Talking) / time.Second)
		e.Channel, ok = strings.CutPrefix(m.Recording.TargetURI, "channel:")
		return e, ok
	default:
		return e, false
	}
	return e, true
}

// entered fills in what is known of a channel that came to us.
func (l *Line) entered(m *message, e *call.Event) {
	e.Kind = call.Entered
	e.Args = append([]string(nil), m.Args...)
	e.Caller = caller(e.Args, m.Channel.Caller.Number)
	if isDialled(e.Args) {
		l.mu.Lock()
		l.track(e.Channel).dialled = true
		l.mu.Unlock()
	}
}

// caller is the number that a channel calls from. The dialplan passes it along
// for citizens' calls, empty where it was withheld.
func caller(args []string, number string) string {
	switch {
	case len(args) > 1 && args[0] == "in":
		return args[1]
	case isDialled(args):
		return ""
	}
	return number
}

func isDialled(args []string) bool { return len(args) > 0 && args[0] == Dialled }

// ended tells whether StasisEnd is the end of a channel for us: for one that we
// dialled the end comes a moment later, with its cause.
func (l *Line) ended(c *channel) bool {
	args, _ := c.args(l.cfg.App)
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracked[c.ID]
	if isDialled(args) || t != nil && t.dialled {
		return t != nil && t.released
	}
	delete(l.tracked, c.ID)
	return true
}

// Causes of ITU-T Q.850.
const (
	causeNoAnswer = 19
	causeFailure  = 41  // temporary failure
	causeTimer    = 102 // recovery on timer expiry
)

// rings notes that a telephone is dialled, and whether it rings.
func (l *Line) rings(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.tracked[m.Peer.ID]; t != nil {
		t.begun = true
		t.rang = t.rang || m.Dialstatus == "RINGING" || m.Dialstatus == "PROGRESS"
	}
}

// destroyed tells whether ChannelDestroyed tells something new. It comes only
// for channels that we dialled.
//
// When Asterisk gives up after the time to ring it says "no answer" and 480, as
// if the network had, also when the network never said a word; when SIP gives up
// on it after 32 seconds, that is told as 408 (measured on 22.10.1). A network that
// is silent is no citizen who does not answer: that end is told as the expiry of a
// timer. Nor does a channel that ends before it was dialled, which is told as
// rejected (21), say anything of whom it was for: that is told as a failure.
func (l *Line) destroyed(e *call.Event) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracked[e.Channel]
	delete(l.tracked, e.Channel)
	if t == nil {
		return true
	}
	gaveUp := e.SIP == http.StatusRequestTimeout || e.Cause == causeNoAnswer && !e.At.Before(t.giveUp)
	if gaveUp && !t.rang && !t.giveUp.IsZero() {
		e.Cause, e.SIP = causeTimer, 0
	}
	if t.dialled && !t.begun {
		e.Cause, e.SIP = causeFailure, 0
	}
	return !t.released
}

// twiceWithin is how far apart two reports of one key press can be. Asterisk
// reports a key again when it puts it off, which it does when the pause before
// it was under 45 ms (AST_MIN_DTMF_GAP) and nothing is being played. Two
// presses of one key are never so near: tone and pause last 40 ms each at least
// (ITU-T Q.24).
const twiceWithin = 50 * time.Millisecond

// isNewKey tells whether a key is more than a report of the same press. While
// something is played Asterisk 22.10.1 reports each press once. Then the time that it
// notes says nothing: an exchange that got no processor for a while reads all that was
// pressed meanwhile in one millisecond.
func (l *Line) isNewKey(m *message) bool {
	at, err := time.Parse(ari.DateFormat, m.Timestamp)
	if err != nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.track(m.Channel.ID)
	again := t.plays == "" && t.digit == m.Digit[0] && at.Sub(t.keyed).Abs() < twiceWithin
	if !again {
		t.digit, t.keyed = m.Digit[0], at
	}
	return !again
}
