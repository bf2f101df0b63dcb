package ari

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/asterisk"
	"richiamo/internal/call"
	"richiamo/internal/lab"
	"richiamo/internal/sip"
)

// Tones of the two recordings that tests play, in Hz.
const (
	longTone  = 600 // "long", twenty seconds
	shortTone = 900 // "short", one second
)

// bench is a real Asterisk with a line to it, through a cable that can be cut.
type bench struct {
	t    *testing.T
	pbx  *lab.Asterisk
	wire *cable
	cfg  Config
	line *Line
	heard
}

// heard is the listener of the line.
type heard = *listener

func newBench(t *testing.T, probe time.Duration) *bench {
	t.Helper()
	prompts := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(prompts, "it"), 0o755))
	pbx, err := lab.StartAsterisk(t.Context(), lab.Options{Adjust: func(v *asterisk.Values) { v.Prompts = prompts }})
	require.NoError(t, err)
	t.Cleanup(pbx.Stop)
	for name, from := range map[string]string{"long": "bench-2s", "short": "bench-1s"} {
		sound, err := os.ReadFile(filepath.Join(pbx.SoundsDir, from+".alaw"))
		require.NoError(t, err)
		if name == "long" {
			sound = bytes.Repeat(sound, 10)
		}
		require.NoError(t, os.WriteFile(filepath.Join(prompts, "it", name+".alaw"), sound, 0o644))
	}
	b := &bench{t: t, pbx: pbx, wire: newCable(t, strings.TrimSuffix(strings.TrimPrefix(pbx.ARIURL, "http://"), "/ari")), heard: newListener()}
	b.cfg = Config{
		URL: "http://" + b.wire.addr() + "/ari", User: pbx.ARIUser, Password: pbx.ARIPassword,
		App: pbx.App, Node: "lab", ServiceNumber: pbx.ServiceNumber, Probe: probe, Yield: time.Hour,
	}
	b.line = run(t, b.cfg, b.heard)
	assert.Empty(t, receive(t, b.connected))
	return b
}

func (b *bench) do(c call.Command) {
	b.t.Helper()
	require.NoError(b.t, b.line.Perform(b.t.Context(), c))
}

func (b *bench) phone(cfg sip.Config) *sip.Phone {
	b.t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	p, err := sip.New(cfg)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = p.Close() })
	return p
}

// citizens is where calls to citizens arrive.
func (b *bench) citizens() *sip.Phone { return b.phone(sip.Config{Listen: b.pbx.CarrierAddr}) }

// calls lets a citizen call and returns the channel, answered, and the call.
func (b *bench) calls(from *sip.Phone, number string) (channel string, c *sip.Call) {
	b.t.Helper()
	answered := make(chan *sip.Call, 1)
	go func() {
		c, err := from.Dial(b.t.Context(), "sip:"+b.pbx.ServiceNumber+"@"+b.pbx.SIPAddr, number)
		assert.NoError(b.t, err)
		answered <- c
	}()
	e := b.next(b.t, call.Entered, "")
	wanted := []string{"in", number, b.pbx.ServiceNumber}
	if number == sip.Anonymous {
		wanted[1] = ""
	}
	require.Equal(b.t, wanted, e.Args)
	require.Equal(b.t, wanted[1], e.Caller)
	b.do(call.Command{Op: call.DoAnswer, Channel: e.Channel})
	c = receive(b.t, answered)
	require.NotNil(b.t, c)
	return e.Channel, c
}

func (b *bench) soon() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), patient)
	b.t.Cleanup(cancel)
	return ctx
}

func TestACitizenCallsOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	require.Eventually(t, func() bool { return b.line.Ready() == nil }, patient, time.Millisecond)
	version, name, entity, err := b.line.Info(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, version)
	assert.NotEmpty(t, name)
	assert.NotEmpty(t, entity)
	telephone := b.phone(sip.Config{})
	channel, citizen := b.calls(telephone, "0212345678")

	t.Run("prompt, key, prompt", func(t *testing.T) {
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p1", Language: "it", Media: []string{"short", "long"}})
		require.NoError(t, citizen.WaitTone(b.soon(), shortTone))
		require.NoError(t, citizen.WaitTone(b.soon(), longTone), "one request plays them all")
		require.NoError(t, citizen.Press(b.soon(), "5"))
		assert.EqualValues(t, '5', b.next(t, call.Key, channel).Digit)
		b.do(call.Command{Op: call.DoStop, Channel: channel, Playback: "p1"})
		b.do(call.Command{Op: call.DoStop, Channel: channel, Playback: "p1"})
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p2", Language: "it", Media: []string{"short"}})
		e := b.next(t, call.Played, channel)
		assert.Equal(t, "p1", e.Playback)
		assert.False(t, e.Failed)
		require.NoError(t, citizen.WaitTone(b.soon(), shortTone))
		assert.Equal(t, "p2", b.next(t, call.Played, channel).Playback)
	})
	t.Run("keys pressed while it stands still", func(t *testing.T) {
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p2b", Language: "it", Media: []string{"long"}})
		require.NoError(t, citizen.WaitTone(b.soon(), longTone))
		require.NoError(t, b.pbx.Pause())
		assert.NoError(t, citizen.Press(b.soon(), "55"))
		require.NoError(t, b.pbx.Resume())
		assert.EqualValues(t, '5', b.next(t, call.Key, channel).Digit)
		assert.EqualValues(t, '5', b.next(t, call.Key, channel).Digit)
		b.do(call.Command{Op: call.DoStop, Channel: channel, Playback: "p2b"})
		b.next(t, call.Played, channel)
	})
	t.Run("a recording that is not there", func(t *testing.T) {
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p3", Language: "it", Media: []string{"nothing"}})
		e := b.next(t, call.Played, channel)
		assert.Equal(t, "p3", e.Playback)
		assert.True(t, e.Failed)
	})
	t.Run("a long list", func(t *testing.T) {
		media := make([]string, 127)
		for i := range media {
			media[i] = "no-recording-has-a-name-like-this"
		}
		media[126] = "short"
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p4", Language: "it", Media: media})
		require.NoError(t, citizen.WaitTone(b.soon(), shortTone))
		assert.False(t, b.next(t, call.Played, channel).Failed)
	})
	t.Run("fast keys in silence count once each", func(t *testing.T) {
		assert.Equal(t, "1234", b.fastKeys(t, channel, citizen))
	})
	t.Run("music", func(t *testing.T) {
		b.do(call.Command{Op: call.DoMusic, Channel: channel})
		require.Eventually(t, func() bool { return citizen.Hears().Voice }, patient, 10*time.Millisecond)
		b.do(call.Command{Op: call.DoQuiet, Channel: channel})
		require.NoError(t, citizen.WaitSilence(b.soon(), 300*time.Millisecond))
	})
	t.Run("recording", func(t *testing.T) { b.records(t, channel, citizen) })
	t.Run("seen and gone", func(t *testing.T) {
		want := call.Channel{ID: channel, Up: true, Dialed: true, Caller: "0212345678", Args: []string{"in", "0212345678", b.pbx.ServiceNumber}}
		list, err := b.line.Channels(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []call.Channel{want}, list)
		require.NoError(t, citizen.Hangup())
		b.next(t, call.Left, channel)
		require.Eventually(t, func() bool {
			_, err := b.line.Channel(t.Context(), channel)
			return err != nil
		}, patient, time.Millisecond)
		for _, op := range []call.Op{call.DoAnswer, call.DoMusic, call.DoQuiet, call.DoDial, call.DoRecord, call.DoContinue} {
			require.ErrorIs(t, b.line.Perform(t.Context(), call.Command{Op: op, Channel: channel, Recording: "r", Number: "s"}), call.ErrGone, op)
		}
		require.ErrorIs(t, b.line.Perform(t.Context(), call.Command{Op: call.DoPlay, Channel: channel, Playback: "p", Media: []string{"x"}}), call.ErrGone)
		b.do(call.Command{Op: call.DoHangup, Channel: channel})
	})
	t.Run("withheld number, given to the dialplan", func(t *testing.T) {
		channel, _ := b.calls(telephone, sip.Anonymous)
		b.do(call.Command{Op: call.DoContinue, Channel: channel, Number: "s"})
		b.next(t, call.Left, channel)
		require.Eventually(t, func() bool { // Asterisk tells before it is done
			return errors.Is(b.line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: channel}), call.ErrGone)
		}, patient, time.Millisecond)
	})
}

// records lets somebody speak for a second, and fetches what was said.
func (b *bench) records(t *testing.T, channel string, citizen *sip.Call) {
	b.do(call.Command{Op: call.DoRecord, Channel: channel, Recording: "name-" + channel, For: 10 * time.Second})
	citizen.SendTone(440)
	tone := time.NewTimer(1200 * time.Millisecond)
	<-tone.C
	citizen.Mute()
	e := b.next(t, call.Recording, channel)
	assert.Equal(t, "name-"+channel, e.Name)
	require.False(t, e.Failed)
	assert.InDelta(t, 1, e.Seconds, 1)
	sound, err := b.line.Recording(t.Context(), e.Name)
	require.NoError(t, err)
	assert.Greater(t, len(sound), 8000, "a second of A-law at least")
	require.NoError(t, b.line.DeleteRecording(t.Context(), e.Name))
	require.NoError(t, b.line.DeleteRecording(t.Context(), e.Name))
	_, err = b.line.Recording(t.Context(), e.Name)
	require.ErrorIs(t, err, call.ErrGone)
}

func TestWeCallOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	citizens := b.citizens()
	create := func(t *testing.T, id string) {
		t.Helper()
		b.do(call.Command{Op: call.DoCreate, Channel: id, Number: "0212345678"})
		assert.Equal(t, []string{Dialled}, b.next(t, call.Entered, id).Args)
	}
	for _, tt := range []struct{ status, cause int }{{486, 17}, {480, 19}, {404, 1}, {503, 34}, {603, 21}} {
		t.Run("refused "+strconv.Itoa(tt.status), func(t *testing.T) {
			id := "t-" + strconv.Itoa(tt.status)
			create(t, id)
			b.do(call.Command{Op: call.DoDial, Channel: id, For: 10 * time.Second})
			in := receive(t, citizens.Incoming())
			assert.Equal(t, "0212345678", in.To())
			assert.Equal(t, b.pbx.ServiceNumber, in.From())
			require.NoError(t, in.Refuse(tt.status))
			e := b.next(t, call.Left, id)
			assert.Equal(t, tt.status, e.SIP)
			assert.Equal(t, tt.cause, e.Cause)
		})
	}
	t.Run("no answer", func(t *testing.T) {
		create(t, "t-none")
		b.do(call.Command{Op: call.DoDial, Channel: "t-none", For: time.Second})
		in := receive(t, citizens.Incoming())
		require.NoError(t, in.Ring())
		e := b.next(t, call.Left, "t-none")
		assert.Equal(t, 19, e.Cause)
		receive(t, in.Done())
	})
	t.Run("made, not dialled, hung up", func(t *testing.T) {
		create(t, "t-down")
		c, err := b.line.Channel(t.Context(), "t-down")
		require.NoError(t, err)
		assert.Equal(t, call.Channel{ID: "t-down", Args: []string{Dialled}}, c)
		require.ErrorIs(t, b.line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-down", Number: "0212345678"}), call.ErrTaken)
		b.do(call.Command{Op: call.DoHangup, Channel: "t-down"})
		b.next(t, call.Left, "t-down")
	})
	t.Run("no such agent", func(t *testing.T) {
		// After the taken name above, on the same connection, Asterisk answers 409 here too.
		err := b.line.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-agent", Agent: "nobody"})
		require.Error(t, err)
		require.NotErrorIs(t, err, call.ErrTaken)
	})
	t.Run("answered", func(t *testing.T) {
		id := "t-up"
		create(t, id)
		b.do(call.Command{Op: call.DoDial, Channel: id, For: 30 * time.Second})
		in := receive(t, citizens.Incoming())
		c, err := b.line.Channel(t.Context(), id)
		require.NoError(t, err)
		assert.False(t, c.Up)
		assert.True(t, c.Dialed, "dialled, although nothing rings yet")
		require.NoError(t, in.Ring())
		citizen, err := in.Answer()
		require.NoError(t, err)
		b.next(t, call.Answered, id)
		c, err = b.line.Channel(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, c.Up)
		b.do(call.Command{Op: call.DoDial, Channel: id, For: 30 * time.Second})
		b.do(call.Command{Op: call.DoPlay, Channel: id, Playback: "up.1", Language: "it", Media: []string{"long"}})
		require.NoError(t, citizen.WaitTone(b.soon(), longTone))
		require.NoError(t, citizen.Press(b.soon(), "1"))
		assert.EqualValues(t, '1', b.next(t, call.Key, id).Digit)
		b.do(call.Command{Op: call.DoStop, Channel: id, Playback: "up.1"})
		b.next(t, call.Played, id)
		b.records(t, id, citizen)
		b.do(call.Command{Op: call.DoHangup, Channel: id})
		e := b.next(t, call.Left, id)
		assert.Equal(t, 16, e.Cause)
		receive(t, citizen.Done())
	})
	t.Run("answered, and hung up by the citizen", func(t *testing.T) {
		id := "t-bye"
		create(t, id)
		b.do(call.Command{Op: call.DoDial, Channel: id, For: 30 * time.Second})
		citizen, err := receive(t, citizens.Incoming()).Answer()
		require.NoError(t, err)
		b.next(t, call.Answered, id)
		require.NoError(t, citizen.Hangup())
		assert.Equal(t, 16, b.next(t, call.Left, id).Cause)
	})
	t.Run("answered, and recorded until a key", func(t *testing.T) {
		for i := range 5 {
			id := "t-record-" + strconv.Itoa(i)
			create(t, id)
			b.do(call.Command{Op: call.DoDial, Channel: id, For: 30 * time.Second})
			citizen, err := receive(t, citizens.Incoming()).Answer()
			require.NoError(t, err)
			b.next(t, call.Answered, id)
			b.do(call.Command{Op: call.DoRecord, Channel: id, Recording: id, For: 10 * time.Second})
			require.NoError(t, citizen.Press(b.soon(), "#"))
			assert.EqualValues(t, '#', b.next(t, call.Key, id).Digit)
			b.do(call.Command{Op: call.DoCease, Channel: id, Recording: id})
			b.next(t, call.Recording, id)
			require.NoError(t, citizen.Hangup())
			b.next(t, call.Left, id)
		}
	})
	t.Run("answered, and given to the dialplan", func(t *testing.T) {
		create(t, "t-away")
		b.do(call.Command{Op: call.DoDial, Channel: "t-away", For: 30 * time.Second})
		citizen, err := receive(t, citizens.Incoming()).Answer()
		require.NoError(t, err)
		b.next(t, call.Answered, "t-away")
		b.do(call.Command{Op: call.DoContinue, Channel: "t-away", Number: "s"})
		b.next(t, call.Left, "t-away")
		require.NoError(t, citizen.Hangup())
		require.Eventually(t, func() bool {
			_, err := b.line.Channel(t.Context(), "t-away")
			return errors.Is(err, call.ErrGone)
		}, patient, time.Millisecond)
	})
	t.Run("answered, and forgotten by everybody", func(t *testing.T) {
		cfg := b.cfg
		cfg.Longest = time.Second
		forgetful := New(cfg)
		t.Cleanup(forgetful.Close)
		require.NoError(t, forgetful.Perform(t.Context(), call.Command{Op: call.DoCreate, Channel: "t-long", Number: "0212345678"}))
		b.do(call.Command{Op: call.DoDial, Channel: "t-long", For: 30 * time.Second})
		citizen, err := receive(t, citizens.Incoming()).Answer()
		require.NoError(t, err)
		b.next(t, call.Left, "t-long")
		receive(t, citizen.Done())
	})
	t.Run("created and dialled at once, many times", func(t *testing.T) {
		for i := range 30 {
			id := "t-race-" + strconv.Itoa(i)
			b.do(call.Command{Op: call.DoCreate, Channel: id, Number: "0212345678"})
			b.do(call.Command{Op: call.DoDial, Channel: id, For: 30 * time.Second})
			require.NoError(t, receive(t, citizens.Incoming()).Refuse(486))
			e := b.next(t, call.Left, id)
			assert.Equal(t, 17, e.Cause)
		}
		assert.Empty(t, b.disconnected)
	})
}

func TestTwoAreConnectedOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	account := b.pbx.Agents[0]
	desk := b.phone(sip.Config{User: account.Name, Password: account.Password, Registrar: b.pbx.SIPAddr})
	require.NoError(t, desk.Register(b.soon()))
	channel, citizen := b.calls(b.phone(sip.Config{}), "0212345678")
	b.do(call.Command{Op: call.DoMusic, Channel: channel})

	b.do(call.Command{Op: call.DoCreate, Channel: "leg", Agent: account.Name})
	b.do(call.Command{Op: call.DoDial, Channel: "leg", For: 15 * time.Second})
	in := receive(t, desk.Incoming())
	assert.Equal(t, b.pbx.ServiceNumber, in.From())
	agent, err := in.Answer()
	require.NoError(t, err)
	b.next(t, call.Answered, "leg")

	join := call.Command{Op: call.DoJoin, Bridge: "talk", Channel: channel, Members: []string{channel, "leg"}}
	b.do(join)
	citizen.SendTone(440)
	agent.SendTone(1000)
	require.NoError(t, citizen.WaitTone(b.soon(), 1000))
	require.NoError(t, agent.WaitTone(b.soon(), 440))
	b.do(join)
	c, err := b.line.Channel(t.Context(), "leg")
	require.NoError(t, err)
	assert.Equal(t, "talk", c.Bridge)

	b.do(call.Command{Op: call.DoPart, Bridge: "talk"})
	b.do(call.Command{Op: call.DoPart, Bridge: "talk"})
	require.NoError(t, citizen.WaitSilence(b.soon(), 300*time.Millisecond))
	b.do(call.Command{Op: call.DoPlay, Channel: "leg", Playback: "leg.1", Language: "it", Media: []string{"short"}})
	require.NoError(t, agent.WaitTone(b.soon(), shortTone), "whoever was parted is ours again")

	require.NoError(t, agent.Hangup())
	b.next(t, call.Left, "leg")
	require.ErrorIs(t, b.line.Perform(t.Context(), join), call.ErrGone)
	require.NoError(t, citizen.Hangup())
	b.next(t, call.Left, channel)
}

func TestTheNotebookOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	for _, note := range []string{"1700000000-a.1 0212345678-800", "1700000001-a.2 3471234567-800"} {
		_, err := b.pbx.CLI(t.Context(), "database put notebook "+note)
		require.NoError(t, err)
	}
	require.NoError(t, b.line.OpenNotebook(t.Context()))
	require.NoError(t, b.line.OpenNotebook(t.Context()), "it is open already")
	for _, want := range [][]string{
		{"notebook", "1700000000-a.1", "0212345678", "1700000000", "800"},
		{"notebook", "1700000001-a.2", "3471234567", "1700000001", "800"},
	} {
		assert.Equal(t, want, b.next(t, call.Entered, "notebook").Args)
		b.do(call.Command{Op: call.DoContinue, Channel: "notebook", Number: "notebook,delete"})
	}
	assert.Equal(t, []string{"notebook"}, b.next(t, call.Entered, "notebook").Args)
	b.do(call.Command{Op: call.DoHangup, Channel: "notebook"})
	for b.next(t, call.Left, "notebook"); len(b.events) > 0; {
		b.next(t, call.Left, "notebook") // of the notes before
	}
	out, err := b.pbx.CLI(t.Context(), "database show notebook")
	require.NoError(t, err)
	assert.Contains(t, out, "0 results")
}

func TestTheConnectionFailsOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3*time.Second)
	channel, citizen := b.calls(b.phone(sip.Config{}), "0212345678")
	b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p1", Language: "it", Media: []string{"long"}})
	again := func(t *testing.T) {
		t.Helper()
		list := receive(t, b.connected)
		require.Len(t, list, 1)
		assert.Equal(t, channel, list[0].ID)
		assert.True(t, list[0].Up)
		require.NoError(t, citizen.Press(b.soon(), "7"))
		assert.EqualValues(t, '7', b.next(t, call.Key, channel).Digit)
	}
	t.Run("cut, again and again", func(t *testing.T) {
		for range 20 {
			b.wire.cut()
			require.Error(t, receive(t, b.disconnected))
			again(t)
		}
	})
	t.Run("half open", func(t *testing.T) {
		b.wire.hang(true)
		require.ErrorIs(t, receive(t, b.disconnected), ErrSilent)
		b.wire.hang(false)
		again(t)
	})
	t.Run("Asterisk stands still", func(t *testing.T) {
		require.NoError(t, b.pbx.Pause())
		require.ErrorIs(t, receive(t, b.disconnected), ErrSilent)
		require.Error(t, b.line.Ready())
		require.NoError(t, b.pbx.Resume())
		again(t)
	})
	t.Run("a newer process", func(t *testing.T) {
		l := newListener()
		line := run(t, b.cfg, l)
		require.Len(t, receive(t, l.connected), 1)
		require.ErrorIs(t, receive(t, b.disconnected), ErrReplaced)
		require.ErrorIs(t, b.line.Perform(t.Context(), call.Command{Op: call.DoStop, Playback: "p1"}), ErrReplaced)
		require.NoError(t, line.Perform(t.Context(), call.Command{Op: call.DoStop, Playback: "p1"}))
		assert.Equal(t, "p1", l.next(t, call.Played, channel).Playback)
		require.NoError(t, citizen.Hangup())
		l.next(t, call.Left, channel)
		assert.Empty(t, b.connected, "the older one keeps away")
	})
}

func TestAsteriskIsRestarted(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3*time.Second)
	_, citizen := b.calls(b.phone(sip.Config{}), "0212345678")
	b.pbx.Kill()
	require.Error(t, receive(t, b.disconnected))
	require.Eventually(t, func() bool { return strings.Contains(b.line.Ready().Error(), "is Asterisk running") }, patient, time.Millisecond)
	require.NoError(t, b.pbx.Restart(t.Context()))
	assert.Empty(t, receive(t, b.connected), "its calls died with it")
	require.NoError(t, citizen.Hangup())
	channel, citizen := b.calls(b.phone(sip.Config{}), "3471234567")
	require.NoError(t, citizen.Hangup())
	b.next(t, call.Left, channel)
}
