package ari

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
)

// A request fails in a way that leaves open whether it was carried out. What is
// harmless twice is tried again, once; for the rest it is asked first.
func TestWhenItIsNotKnownWhetherItWasDone(t *testing.T) {
	t.Parallel()
	const variable, dial = "POST /channels/c/variable", "POST /channels/c/dial"
	hangup := call.Command{Op: call.DoHangup, Channel: "c"}
	play := call.Command{Op: call.DoPlay, Channel: "c", Playback: "p", Language: "it", Media: []string{"m"}}
	const hangs, plays, asks = "DELETE /channels/c", "POST /channels/c/play/p?media=sound:richiamo/it/m", "GET /playbacks/p"
	for name, tt := range map[string]struct {
		command call.Command
		answers map[string]answer
		asked   []string
		failed  bool
	}{
		"hang up: in trouble once":     {hangup, map[string]answer{hangs: {status: 503, once: true}}, []string{hangs, hangs}, false},
		"hang up: broken once":         {hangup, map[string]answer{hangs: {drop: true, once: true}}, []string{hangs, hangs}, false},
		"hang up: in trouble":          {hangup, map[string]answer{hangs: {status: 500}}, []string{hangs, hangs}, true},
		"hang up: refused":             {hangup, map[string]answer{hangs: {status: 400}}, []string{hangs}, true},
		"play: never heard of":         {play, map[string]answer{"POST /channels/c/play/p": {status: 500, once: true}, asks: {status: 404}}, []string{plays, asks, plays}, false},
		"play: it plays":               {play, map[string]answer{"POST /channels/c/play/p": {status: 500, once: true}, asks: {status: 200, body: "{}"}}, []string{plays, asks}, false},
		"play: nothing can be asked":   {play, map[string]answer{"POST /channels/c/play/p": {drop: true}, asks: {status: 503}}, []string{plays, asks, asks}, true},
		"play: refused":                {play, map[string]answer{"POST /channels/c/play/p": {status: 404}}, []string{plays}, true},
		"play: in trouble for a while": {play, map[string]answer{"POST /channels/c/play/p": {status: 503}, asks: {status: 404}}, []string{plays, asks, plays}, true},
		"dial: nothing would tell of it": {
			call.Command{Op: call.DoDial, Channel: "c", For: time.Minute},
			map[string]answer{dial: {status: 503}}, []string{variable + "?variable=RICHIAMO_DIALLED&value=1", dial + "?timeout=60"}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			x.answers = tt.answers
			err := commands(t, x).Perform(t.Context(), tt.command)
			assert.Equal(t, tt.failed, err != nil, err)
			assert.Equal(t, tt.asked, x.asked())
		})
	}
}

// A dial fails, and it is not known whether it was done. The exchange tells of
// every dial: if it does not, the mark is taken from the channel, so that nobody
// believes that it rings.
func TestWhetherAFailedDialWasDone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dialled bool   // the exchange did it
		state   string // of the channel
		dial    answer
		stands  bool
	}{
		"not done":                    {false, "Down", answer{status: 503}, true},
		"not done, and no answer":     {false, "Down", answer{drop: true}, true},
		"done":                        {true, "Down", answer{status: 500}, false},
		"done, and the event is late": {false, "Ringing", answer{status: 500}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			x.answer("GET /channels", 200, `[{"id":"c","state":"Down","dialplan":{"app_name":"Stasis","app_data":"app,dialled"}}]`)
			x.answer("GET /channels/c/variable", 404, "")
			x.answer("GET /channels/c", 200, `{"id":"c","state":"`+tt.state+`"}`)
			x.answers["POST /channels/c/dial"] = tt.dial
			l := newListener()
			line := run(t, x.config(), l)
			receive(t, l.connected)
			require.Eventually(t, func() bool { return line.Ready() == nil }, patient, time.Millisecond)
			if tt.dialled {
				x.send(`{"type":"Dial","dialstatus":"","peer":{"id":"c"}}`)
			}
			require.Error(t, line.Perform(t.Context(), call.Command{Op: call.DoDial, Channel: "c", For: time.Minute}))
			const unmark = "POST /channels/c/variable?variable=RICHIAMO_DIALLED&value="
			if tt.stands {
				assert.Contains(t, x.asked(), unmark)
			} else {
				assert.NotContains(t, x.asked(), unmark)
			}
		})
	}
}
