package ari

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/CyCoreSystems/ari/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
)

// events decodes and maps what Asterisk sends, one after the other.
func events(t *testing.T, l *Line, raw ...string) []call.Event {
	t.Helper()
	list := []call.Event{}
	var m message
	for _, r := range raw {
		ok, err := decode([]byte(r), &m)
		require.NoError(t, err)
		if !ok {
			continue
		}
		if e, ok := l.event(&m, time.Time{}); ok {
			list = append(list, e)
		}
	}
	return list
}

// What Asterisk 22.10.1 sent, shortened by what does not matter.
const (
	dialledChannel = `"channel":{"id":"t-1","state":"Down","caller":{"name":"","number":"800000000"},"dialplan":{"app_name":"Stasis","app_data":"app,dialled"}}`
	dialledStart   = `{"type":"StasisStart","args":["dialled"],` + dialledChannel + `}`
	dialledEnd     = `{"type":"StasisEnd",` + dialledChannel + `}`
	dialledGone    = `{"type":"ChannelDestroyed","cause":17,"cause_txt":"User busy","tech_cause":486,"channel":{"id":"t-1","dialplan":{"app_name":"","app_data":""}}}`
)

func TestEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw  string
		want []call.Event
	}{
		"a citizen comes": {
			`{"type":"StasisStart","args":["in","0212345678","800"],"channel":{"id":"c","caller":{"name":"Maria","number":"0212345678"}}}`,
			[]call.Event{{Kind: call.Entered, Channel: "c", Args: []string{"in", "0212345678", "800"}, Caller: "0212345678"}},
		},
		"an agent comes": {
			`{"type":"StasisStart","args":["agent","agent1","0"],"channel":{"id":"c","caller":{"number":"agent1"}}}`,
			[]call.Event{{Kind: call.Entered, Channel: "c", Args: []string{"agent", "agent1", "0"}, Caller: "agent1"}},
		},
		"a note comes": {
			`{"type":"StasisStart","args":["notebook","1-2","0212345678","1","800"],"channel":{"id":"notebook"}}`,
			[]call.Event{{Kind: call.Entered, Channel: "notebook", Args: []string{"notebook", "1-2", "0212345678", "1", "800"}}},
		},
		"no arguments":         {`{"type":"StasisStart","channel":{"id":"c"}}`, []call.Event{{Kind: call.Entered, Channel: "c"}}},
		"a channel we made":    {dialledStart, []call.Event{{Kind: call.Entered, Channel: "t-1", Args: []string{"dialled"}}}},
		"it leaves":            {dialledEnd, nil},
		"it is gone":           {dialledGone, []call.Event{{Kind: call.Left, Channel: "t-1", Cause: 17, SIP: 486}}},
		"a citizen hangs up":   {`{"type":"StasisEnd","channel":{"id":"c","dialplan":{"app_name":"Stasis","app_data":"app,in,,800"}}}`, []call.Event{{Kind: call.Left, Channel: "c"}}},
		"begins to dial":       {`{"type":"Dial","dialstatus":"","peer":{"id":"t-1","state":"Down"}}`, nil},
		"rings":                {`{"type":"Dial","dialstatus":"RINGING","peer":{"id":"t-1","state":"Ringing"}}`, nil},
		"is answered":          {`{"type":"Dial","dialstatus":"ANSWER","peer":{"id":"t-1","state":"Up"}}`, []call.Event{{Kind: call.Answered, Channel: "t-1"}}},
		"key":                  {`{"type":"ChannelDtmfReceived","timestamp":"2026-11-22T13:11:35.568+0000","digit":"#","duration_ms":100,"channel":{"id":"c"}}`, []call.Event{{Kind: call.Key, Channel: "c", Digit: '#'}}},
		"key at no time":       {`{"type":"ChannelDtmfReceived","digit":"1","channel":{"id":"c"}}`, []call.Event{{Kind: call.Key, Channel: "c", Digit: '1'}}},
		"no key":               {`{"type":"ChannelDtmfReceived","digit":"","channel":{"id":"c"}}`, nil},
		"played":               {`{"type":"PlaybackFinished","playback":{"id":"p","media_uri":"sound:x","target_uri":"channel:c","state":"done"}}`, []call.Event{{Kind: call.Played, Channel: "c", Playback: "p"}}},
		"not played":           {`{"type":"PlaybackFinished","playback":{"id":"p","target_uri":"channel:c","state":"failed"}}`, []call.Event{{Kind: call.Played, Channel: "c", Playback: "p", Failed: true}}},
		"played to a bridge":   {`{"type":"PlaybackFinished","playback":{"id":"p","target_uri":"bridge:b","state":"done"}}`, nil},
		"recorded":             {`{"type":"RecordingFinished","recording":{"name":"r","format":"alaw","state":"done","target_uri":"channel:c","duration":5,"talking_duration":2,"silence_duration":3}}`, []call.Event{{Kind: call.Recording, Channel: "c", Name: "r", Seconds: 2}}},
		"recorded nothing":     {`{"type":"RecordingFinished","recording":{"name":"r","state":"done","target_uri":"channel:c"}}`, []call.Event{{Kind: call.Recording, Channel: "c", Name: "r"}}},
		"not recorded":         {`{"type":"RecordingFailed","recording":{"name":"r","state":"failed","target_uri":"channel:c","cause":"Cannot record channel while in bridge"}}`, []call.Event{{Kind: call.Recording, Channel: "c", Name: "r", Failed: true}}},
		"type stands last":     {`{"cause":16,"channel":{"id":"c"},"type":"ChannelDestroyed"}`, []call.Event{{Kind: call.Left, Channel: "c", Cause: 16}}},
		"written prettily":     {"{\n  \"type\": \"ChannelDestroyed\",\n  \"cause\": 16,\n  \"channel\": {\"id\": \"c\"}\n}", []call.Event{{Kind: call.Left, Channel: "c", Cause: 16}}},
		"not wanted":           {`{"type":"ChannelVarset","channel":{"id":"c"}}`, nil},
		"not known":            {`{"type":"CallBroadcast"}`, nil},
		"a type within":        {`{"userevent":{"type":"StasisStart"},"type":"BridgeCreated"}`, nil},
		"a type in a value":    {`{"value":"\"type\":\"StasisStart\"","type":"ChannelVarset"}`, nil},
		"somebody's userevent": {`{"type":"ChannelUserevent","eventname":"x"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := events(t, New(Config{App: "app"}), tt.raw)
			if len(tt.want) == 0 {
				assert.Empty(t, got)
				return
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestEndOfAChannelThatWeDialledIsToldOnceWithItsCause(t *testing.T) {
	t.Parallel()
	left := call.Event{Kind: call.Left, Channel: "t-1", Cause: 17, SIP: 486}
	const dials = `{"type":"Dial","dialstatus":"","peer":{"id":"t-1"}}`
	assert.Equal(t, []call.Event{left}, events(t, New(Config{App: "app"}), dialledStart, dials, dialledEnd, dialledGone)[1:])

	// Gone before it was dialled: whatever the cause, it is not that of whom it was for.
	assert.Equal(t, []call.Event{{Kind: call.Left, Channel: "t-1", Cause: causeFailure}},
		events(t, New(Config{App: "app"}), dialledStart, dialledEnd, dialledGone)[1:])

	// After another process made it, too.
	assert.Equal(t, []call.Event{left}, events(t, New(Config{App: "app"}), dialledEnd, dialledGone))

	// Given back to the dialplan it leaves us before it is gone.
	l := New(Config{App: "app"})
	events(t, l, dialledStart)
	l.setReleased("t-1", true)
	assert.Equal(t, []call.Event{{Kind: call.Left, Channel: "t-1"}}, events(t, l, dialledEnd, dialledGone))
	assert.Empty(t, l.tracked)
}

// Asterisk 22.10.1 reports a key twice when it follows the one before within
// 45 ms and nothing is being played.
func TestAKeyReportedTwiceIsOneKey(t *testing.T) {
	t.Parallel()
	key := func(channel, digit, at string) string {
		return fmt.Sprintf(`{"type":"ChannelDtmfReceived","timestamp":"2026-11-22T13:11:%s+0000","digit":%q,"channel":{"id":%q}}`, at, digit, channel)
	}
	l := New(Config{App: "app"})
	got := events(t, l,
		key("c", "1", "35.000"), key("c", "1", "35.000"), key("c", "1", "35.045"), key("c", "1", "35.070"), // once
		key("c", "1", "35.080"),                          // pressed again, as fast as can be
		key("c", "2", "35.100"), key("d", "2", "35.100"), // another key, another channel
		key("c", "1", "35.120"))
	keys := ""
	for _, e := range got {
		keys += e.Channel + string(e.Digit) + " "
	}
	assert.Equal(t, "c1 c1 c2 d2 c1 ", keys)
	events(t, l, `{"type":"StasisEnd","channel":{"id":"c"}}`, `{"type":"StasisEnd","channel":{"id":"d"}}`)
	assert.Empty(t, l.tracked, "nothing is remembered of channels that are gone")
}

// An Asterisk 22.10.1 that stood still while keys were pressed, as recorded: it notes
// one millisecond for all of them. While it plays it tells of each once.
func TestKeysOfAnAsteriskThatStoodStill(t *testing.T) {
	t.Parallel()
	key := func(at, digit string, ms int) string {
		return fmt.Sprintf(`{"type":"ChannelDtmfReceived","timestamp":"2026-11-22T23:36:%s+0000","digit":%q,"duration_ms":%d,"channel":{"id":"c"}}`, at, digit, ms)
	}
	const over = `{"type":"PlaybackFinished","playback":{"id":"%s","target_uri":"channel:c","state":"done"}}`
	for name, tt := range map[string]struct {
		before func(*Line)
		events []string
		keys   string
	}{
		"two keys while it plays": {
			func(l *Line) { l.plays("c", "p") },
			[]string{key("31.328", "5", 100), key("31.328", "5", 100)}, "55",
		},
		"four keys while it plays": {
			func(l *Line) { l.plays("c", "p") },
			[]string{key("37.631", "1", 60), key("37.631", "1", 60), key("37.632", "5", 60), key("37.632", "5", 60)}, "1155",
		},
		"two keys while the next one plays": {
			func(l *Line) { l.plays("c", "p"); l.plays("c", "q") },
			[]string{fmt.Sprintf(over, "p"), key("49.928", "5", 100), key("49.928", "5", 100)}, "55",
		},
		"two keys in silence, of which one is told twice": {
			func(*Line) {},
			[]string{key("54.249", "5", 100), key("54.249", "5", 100), key("54.374", "5", 100)}, "55",
		},
		"two keys in silence, behind a playback": {
			func(l *Line) { l.plays("c", "p") },
			[]string{fmt.Sprintf(over, "p"), key("12.451", "5", 100), key("12.451", "5", 100), key("12.576", "5", 100)}, "55",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := New(Config{App: "app"})
			tt.before(l)
			keys := ""
			for _, e := range events(t, l, tt.events...) {
				if e.Kind == call.Key {
					keys += string(e.Digit)
				}
			}
			assert.Equal(t, tt.keys, keys)
			events(t, l, `{"type":"StasisEnd","channel":{"id":"c"}}`)
			assert.Empty(t, l.tracked)
		})
	}
}

func TestMalformedEvents(t *testing.T) {
	t.Parallel()
	var m message
	for _, raw := range []string{"", "{", "null", `"type"`, `{"type":1}`, `{"type":"StasisEnd"`, `{"type":"StasisEnd}`, `{"type":"StasisEnd","channel":7}`, `{"type":"ChannelDestroyed","cause":"16"}`} {
		_, err := decode([]byte(raw), &m)
		assert.ErrorIs(t, err, errMalformed, raw)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{dialledStart, dialledEnd, dialledGone, `{"type":"ChannelUserevent","userevent":{"type":"StasisEnd"}}`, `{"type" : "Dial"}`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m message
		ok, err := decode(raw, &m)
		if !ok {
			return
		}
		require.NoError(t, err)
		require.True(t, json.Valid(raw))
		l := New(Config{App: "app"})
		if e, told := l.event(&m, time.Time{}); told {
			require.NotEmpty(t, e.Kind)
		}
	})
}

// A citizen's StasisStart as long as Asterisk sends it, and an event that
// nobody wants.
const (
	realStart = `{"type":"StasisStart","timestamp":"2026-11-22T13:11:35.568+0000","args":["in","0212345678","800"],"channel":{"id":"ast1-1795353166.19","name":"PJSIP/carrier-00000000","state":"Ring","protocol_id":"e346215b-6f94-4ccb-be57-4ddb203b2524","caller":{"name":"","number":"0212345678"},"connected":{"name":"","number":""},"accountcode":"","dialplan":{"context":"from-carrier","exten":"800","priority":6,"app_name":"Stasis","app_data":"app,in,0212345678,800"},"creationtime":"2026-11-22T13:11:35.568+0000","language":"it"},"asterisk_id":"02:00:00:00:00:01","application":"app"}`
	realOther = `{"variable":"STASISSTATUS","value":"","type":"ChannelVarset","timestamp":"2026-11-22T13:11:35.568+0000","channel":{"id":"ast1-1795353166.19","name":"PJSIP/carrier-00000000","state":"Down","protocol_id":"e346215b-6f94-4ccb-be57-4ddb203b2524","caller":{"name":"","number":""},"connected":{"name":"","number":""},"accountcode":"","dialplan":{"context":"from-carrier","exten":"s","priority":1,"app_name":"Stasis","app_data":"app,in"},"creationtime":"2026-11-22T13:11:35.568+0000","language":"it"},"asterisk_id":"02:00:00:00:00:01","application":"app"}`
)

func BenchmarkDecode(b *testing.B) {
	b.Run("wanted", func(b *testing.B) {
		var m message
		b.ReportAllocs()
		for b.Loop() {
			if ok, err := decode([]byte(realStart), &m); !ok || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unwanted", func(b *testing.B) {
		var m message
		b.ReportAllocs()
		for b.Loop() {
			if ok, err := decode([]byte(realOther), &m); ok || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("wanted, the library's type", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var e ari.StasisStart
			if err := json.Unmarshal([]byte(realStart), &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
