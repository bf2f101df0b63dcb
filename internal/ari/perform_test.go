package ari

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/phone"
)

func commands(t *testing.T, x *exchange) *Line {
	line := New(x.config())
	t.Cleanup(line.Close)
	return line
}

func TestCommandsAsRequests(t *testing.T) {
	t.Parallel()
	long := make([]string, 150)
	for i := range long {
		long[i] = "number-and-hundreds"
	}
	const variables = `"variables":{"CONNECTEDLINE(num,i)":"800000000","TIMEOUT(absolute)":"3600"}}`
	for name, tt := range map[string]struct {
		command call.Command
		want    []string
	}{
		"answer": {call.Command{Op: call.DoAnswer, Channel: "ast1-1.2"}, []string{"POST /channels/ast1-1.2/answer"}},
		"an id that needs escaping": {
			call.Command{Op: call.DoAnswer, Channel: "a/b?c"}, []string{"POST /channels/a%2Fb%3Fc/answer"},
		},
		"play": {
			call.Command{Op: call.DoPlay, Channel: "a", Playback: "a.1", Language: "it", Media: []string{"welcome", "silence/3"}},
			[]string{"POST /channels/a/play/a.1?media=sound:richiamo/it/welcome,sound:silence/3"},
		},
		"play much": {
			call.Command{Op: call.DoPlay, Channel: "a", Playback: "a.1", Language: "it", Media: long},
			[]string{`POST /channels/a/play/a.1 {"media":["sound:richiamo/it/` + strings.Join(long, `","sound:richiamo/it/`) + `"]}`},
		},
		"stop":  {call.Command{Op: call.DoStop, Playback: "a.1"}, []string{"DELETE /playbacks/a.1"}},
		"music": {call.Command{Op: call.DoMusic, Channel: "a"}, []string{"POST /channels/a/moh"}},
		"quiet": {call.Command{Op: call.DoQuiet, Channel: "a"}, []string{"DELETE /channels/a/moh"}},
		"create to a citizen": {
			call.Command{Op: call.DoCreate, Channel: "t-1", Number: "0212345678"},
			[]string{`POST /channels/create {"app":"app","appArgs":"dialled","channelId":"t-1","endpoint":"PJSIP/0212345678@carrier",` + variables},
		},
		"create to an agent": {
			call.Command{Op: call.DoCreate, Channel: "t-1", Agent: "agent1"},
			[]string{`POST /channels/create {"app":"app","appArgs":"dialled","channelId":"t-1","endpoint":"PJSIP/agent1",` + variables},
		},
		"dial": {
			call.Command{Op: call.DoDial, Channel: "t-1", For: 44_500 * time.Millisecond},
			[]string{"POST /channels/t-1/variable?variable=RICHIAMO_DIALLED&value=1", "POST /channels/t-1/dial?timeout=45"},
		},
		"join": {
			call.Command{Op: call.DoJoin, Bridge: "t", Channel: "a", Members: []string{"a", "b"}},
			[]string{"POST /bridges/t?type=mixing", "DELETE /channels/a/moh", "DELETE /channels/b/moh", "POST /bridges/t/addChannel?channel=a,b"},
		},
		"part": {call.Command{Op: call.DoPart, Bridge: "t"}, []string{"DELETE /bridges/t"}},
		"record": {
			call.Command{Op: call.DoRecord, Channel: "a", Recording: "a.name", For: 20 * time.Second},
			[]string{"POST /channels/a/record?format=alaw&ifExists=overwrite&maxDurationSeconds=20&maxSilenceSeconds=3&name=a.name"},
		},
		"cease":    {call.Command{Op: call.DoCease, Channel: "a", Recording: "a.name"}, []string{"DELETE /recordings/live/a.name"}},
		"hang up":  {call.Command{Op: call.DoHangup, Channel: "a"}, []string{"DELETE /channels/a"}},
		"continue": {call.Command{Op: call.DoContinue, Channel: "a", Number: "s"}, []string{"POST /channels/a/continue?context=away&extension=s&priority=1"}},
		"continue elsewhere": {
			call.Command{Op: call.DoContinue, Channel: "a", Number: "notebook,delete"},
			[]string{"POST /channels/a/continue?context=notebook&extension=delete&priority=1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			require.NoError(t, commands(t, x).Perform(t.Context(), tt.command))
			assert.Equal(t, tt.want, x.asked())
		})
	}
}

func TestWhatTheExchangeAnswers(t *testing.T) {
	t.Parallel()
	const noChannel, noStasis = `{"message":"Channel not found"}`, `{"message":"Channel not in Stasis application"}`
	create := call.Command{Op: call.DoCreate, Channel: "c", Number: "0212345678"}
	join := call.Command{Op: call.DoJoin, Bridge: "b", Channel: "c", Members: []string{"c", "d"}}
	other := errors.New("neither")
	for name, tt := range map[string]struct {
		command call.Command
		answers map[string]answer
		want    error // nil: success; other: an error that is neither of the interface's
	}{
		"answer: gone":        {call.Command{Op: call.DoAnswer, Channel: "c"}, map[string]answer{"POST /channels/c/answer": {status: 404, body: noChannel}}, call.ErrGone},
		"answer: left us":     {call.Command{Op: call.DoAnswer, Channel: "c"}, map[string]answer{"POST /channels/c/answer": {status: 409, body: noStasis}}, call.ErrGone},
		"answer: fails":       {call.Command{Op: call.DoAnswer, Channel: "c"}, map[string]answer{"POST /channels/c/answer": {status: 500, body: "<html>"}}, other},
		"play: gone":          {call.Command{Op: call.DoPlay, Channel: "c", Playback: "p", Media: []string{"m"}}, map[string]answer{"POST /channels/c/play/p": {status: 404, body: noChannel}}, call.ErrGone},
		"stop: over":          {call.Command{Op: call.DoStop, Playback: "p"}, map[string]answer{"DELETE /playbacks/p": {status: 404}}, nil},
		"stop: fails":         {call.Command{Op: call.DoStop, Playback: "p"}, map[string]answer{"DELETE /playbacks/p": {status: 503}}, other},
		"hang up: gone":       {call.Command{Op: call.DoHangup, Channel: "c"}, map[string]answer{"DELETE /channels/c": {status: 404, body: noChannel}}, nil},
		"part: gone":          {call.Command{Op: call.DoPart, Bridge: "b"}, map[string]answer{"DELETE /bridges/b": {status: 404}}, nil},
		"continue: gone":      {call.Command{Op: call.DoContinue, Channel: "c", Number: "s"}, map[string]answer{"POST /channels/c/continue": {status: 409, body: noStasis}}, call.ErrGone},
		"record: gone":        {call.Command{Op: call.DoRecord, Channel: "c", Recording: "r"}, map[string]answer{"POST /channels/c/record": {status: 404, body: noChannel}}, call.ErrGone},
		"dial: gone":          {call.Command{Op: call.DoDial, Channel: "c"}, map[string]answer{"POST /channels/c/dial": {status: 404, body: noChannel}}, call.ErrGone},
		"dial: rings already": {call.Command{Op: call.DoDial, Channel: "c"}, map[string]answer{"POST /channels/c/dial": {status: 409, body: `{"message":"Channel is not in the 'Down' state"}`}}, nil},
		"dial: too early at first": {call.Command{Op: call.DoDial, Channel: "c"}, map[string]answer{
			"POST /channels/c/variable": {status: 409, body: noStasis, once: true}, "POST /channels/c/dial": {status: 409, body: noStasis, once: true}}, nil},
		"dial: never in the application": {call.Command{Op: call.DoDial, Channel: "c"}, map[string]answer{"POST /channels/c/dial": {status: 409, body: noStasis}}, call.ErrGone},
		"create: taken": {create, map[string]answer{
			"POST /channels/create": {status: 409, body: `{"message":"Channel with given unique ID already exists"}`},
			"GET /channels/c":       {status: 200, body: `{"id":"c","state":"Up"}`}}, call.ErrTaken},
		"create: not taken, but impossible": {create, map[string]answer{
			"POST /channels/create": {status: 409}, "GET /channels/c": {status: 404, body: noChannel}}, other},
		"create: conflict, and then no answer": {create, map[string]answer{
			"POST /channels/create": {status: 409}, "GET /channels/c": {status: 500}}, other},
		"create: impossible":  {create, map[string]answer{"POST /channels/create": {status: 500, body: `{"error":"Allocation failed"}`}}, other},
		"join: both there":    {join, map[string]answer{"POST /bridges/b": {status: 409}, "GET /bridges/b": {status: 200, body: `{"channels":["d","c"]}`}, "POST /bridges/b/addChannel": {status: 500}}, nil},
		"join: bridge vanish": {join, map[string]answer{"POST /bridges/b": {status: 409}, "GET /bridges/b": {status: 404}}, other},
		"join: no bridge":     {join, map[string]answer{"POST /bridges/b": {status: 500}}, other},
		"join: one gone":      {join, map[string]answer{"POST /bridges/b/addChannel": {status: 400, body: noChannel}}, call.ErrGone},
		"join: one left us":   {join, map[string]answer{"POST /bridges/b/addChannel": {status: 422, body: noStasis}}, call.ErrGone},
		"unknown command":     {call.Command{Op: "fly"}, nil, other},
		"nothing to play":     {call.Command{Op: call.DoPlay, Channel: "c", Playback: "p"}, nil, other},
		"no recording's name": {call.Command{Op: call.DoPlay, Channel: "c", Playback: "p", Media: []string{"a,sound:b"}}, nil, other},
		"a way out":           {call.Command{Op: call.DoPlay, Channel: "c", Playback: "p", Media: []string{"../secret"}}, nil, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			x.answers = tt.answers
			if x.answers == nil {
				x.answers = map[string]answer{}
			}
			err := commands(t, x).Perform(t.Context(), tt.command)
			switch {
			case tt.want == nil:
				require.NoError(t, err)
			case tt.want == other:
				require.Error(t, err)
				require.NotErrorIs(t, err, call.ErrGone)
				require.NotErrorIs(t, err, call.ErrTaken)
			default:
				require.ErrorIs(t, err, tt.want)
			}
			if err != nil {
				assert.NotContains(t, err.Error(), "212345678")
			}
		})
	}
}

func TestOnlyTheMissingOneIsAdded(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	x.answer("POST /bridges/b", 409, "{}")
	x.answer("GET /bridges/b", 200, `{"channels":["c"]}`)
	require.NoError(t, commands(t, x).Perform(t.Context(), call.Command{Op: call.DoJoin, Bridge: "b", Channel: "c", Members: []string{"c", "d"}}))
	assert.Equal(t, []string{"DELETE /channels/d/moh", "POST /bridges/b/addChannel?channel=d"}, x.asked()[2:])
}

// What is dialled is decided here for the last time, whoever asks for it.
func TestNumbersThatAreNotDialled(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	line := commands(t, x)
	for name, number := range map[string]string{
		"empty": "", "premium": "899123456", "emergency": "112", "toll-free": "800123456", "abroad": "0041446681800",
		"with country code": "+390212345678", "with 00": "00390212345678", "a dial string": "0212345678@agent1", "two": "0212345678&899123456",
		"San Marino": "0549123456", "separators": "02-12345678", "letters": "02abcdef", "other digits": "٠٢١٢٣٤٥٦", "lost zero": "212345678",
		"variable": "${EXTEN}", "withheld": "anonymous",
	} {
		t.Run(name, func(t *testing.T) {
			err := line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-1", Number: number})
			require.Error(t, err)
			if number != "" {
				assert.NotContains(t, err.Error(), number)
			}
			assert.Contains(t, err.Error(), "not dialled")
		})
	}
	var refusal *phone.Refusal
	err := line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-1", Number: "899123456"})
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, phone.ReasonCost, refusal.Reason)

	for _, agent := range []string{"agent1&carrier", "0899123456@carrier", "a/b", "agent 1"} {
		require.Error(t, line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-1", Agent: agent}))
	}
	require.Error(t, line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-1", Agent: "agent1", Number: "0212345678"}))
	assert.Empty(t, x.asked(), "Asterisk never heard of any of them")
}

func TestWhatIsTriedTwice(t *testing.T) {
	t.Parallel()
	number := "0212345678"
	for name, tt := range map[string]struct {
		command call.Command
		broken  string
		want    int
	}{
		"answer":   {call.Command{Op: call.DoAnswer, Channel: "c"}, "POST /channels/c/answer", 2},
		"hang up":  {call.Command{Op: call.DoHangup, Channel: "c"}, "DELETE /channels/c", 2},
		"create":   {call.Command{Op: call.DoCreate, Channel: "c", Number: number}, "POST /channels/create", 2},
		"play":     {call.Command{Op: call.DoPlay, Channel: "c", Playback: "p", Media: []string{"m"}}, "POST /channels/c/play/p", 1},
		"dial":     {call.Command{Op: call.DoDial, Channel: "c"}, "POST /channels/c/dial", 1},
		"record":   {call.Command{Op: call.DoRecord, Channel: "c", Recording: "r"}, "POST /channels/c/record", 1},
		"continue": {call.Command{Op: call.DoContinue, Channel: "c", Number: "s"}, "POST /channels/c/continue", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			x.answers[tt.broken] = answer{drop: true}
			err := commands(t, x).Perform(t.Context(), tt.command)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), number)
			require.NotErrorIs(t, err, call.ErrGone)
			count := 0
			for _, asked := range x.asked() {
				if line, _, _ := strings.Cut(asked, " {"); strings.HasPrefix(line, tt.broken) {
					count++
				}
			}
			assert.Equal(t, tt.want, count)
		})
	}
	t.Run("and then it works", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t)
		x.answers["DELETE /playbacks/p"] = answer{drop: true, once: true}
		require.NoError(t, commands(t, x).Perform(t.Context(), call.Command{Op: call.DoStop, Playback: "p"}))
	})
}

func TestAnExchangeThatHangs(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	line := commands(t, x)
	line.limit = 50 * time.Millisecond
	x.freeze()
	started := time.Now()
	err := line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "c"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, call.ErrGone)
	assert.Less(t, time.Since(started), patient)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, line.Perform(ctx, call.Command{Op: call.DoAnswer, Channel: "c"}), context.Canceled)
	x.thaw()
	require.NoError(t, line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "c"}))
}

// One TCP connection is one thread of Asterisk, which has no more than
// sessionlimit of them.
func TestConnectionsAreBoundedAndUsedAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	x.answer("POST /channels/gone/answer", 404, `{"message":"Channel not found"}`)
	line := commands(t, x)
	for range 100 {
		require.ErrorIs(t, line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "gone"}), call.ErrGone)
	}
	assert.EqualValues(t, 1, x.opened.Load())
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() {
			assert.NoError(t, line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "c"}))
		})
	}
	all.Wait()
	assert.LessOrEqual(t, x.opened.Load(), int32(maxConnections))
}

func TestAskingForWhatThereIs(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	line := commands(t, x)
	x.answer("GET /asterisk/info", 200, `{"system":{"version":"22.10.1","entity_id":"02:00"},"config":{"name":"ast1"}}`)
	version, name, entity, err := line.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"22.10.1", "ast1", "02:00"}, []string{version, name, entity})

	x.answer("GET /channels/c", 200, `{"id":"c","state":"Ringing","dialplan":{"app_name":"Stasis","app_data":"app,dialled"}}`)
	c, err := line.Channel(t.Context(), "c")
	require.NoError(t, err)
	assert.Equal(t, call.Channel{ID: "c", Dialed: true, Args: []string{"dialled"}}, c)
	x.answer("GET /channels/d", 404, `{"message":"Channel not found"}`)
	_, err = line.Channel(t.Context(), "d")
	require.ErrorIs(t, err, call.ErrGone)

	x.answer("GET /recordings/stored/a%2Fb/file", 200, "sound")
	sound, err := line.Recording(t.Context(), "a/b")
	require.NoError(t, err)
	assert.Equal(t, "sound", string(sound))
	x.answer("GET /recordings/stored/none/file", 404, "")
	_, err = line.Recording(t.Context(), "none")
	require.ErrorIs(t, err, call.ErrGone)
	x.answer("DELETE /recordings/stored/none", 404, "")
	require.NoError(t, line.DeleteRecording(t.Context(), "none"))

	x.answer("POST /channels", 409, "")
	require.NoError(t, line.OpenNotebook(t.Context()), "it is open already")
	x.answer("POST /channels", 500, "")
	require.Error(t, line.OpenNotebook(t.Context()))

	for _, broken := range []answer{{status: 500}, {status: 200, body: "<html>"}, {drop: true}} {
		x.mu.Lock()
		x.answers["GET /channels"] = broken
		x.mu.Unlock()
		_, err = line.Channels(t.Context())
		require.Error(t, err)
	}
}
