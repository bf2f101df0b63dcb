package sip_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sip"
)

func TestKeysBothWays(t *testing.T) {
	t.Parallel()
	for name, quiet := range map[string]bool{"with audio": false, "quiet": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			caller, callee := connect(t, ctx, newPhone(t, sip.Config{Quiet: quiet}), newPhone(t, sip.Config{Quiet: quiet}))
			fast := sip.KeyTiming{On: 40 * ms, Off: 40 * ms}
			assert.Zero(t, caller.Mark())
			before := time.Now()
			require.NoError(t, caller.PressWith(ctx, "1234567890*#ABCD", fast))
			assert.WithinRange(t, caller.Mark(), before, time.Now())
			require.NoError(t, callee.WaitKeys(ctx, "1234567890*#ABCD"))
			require.NoError(t, callee.PressWith(ctx, "11", fast))
			require.NoError(t, callee.PressWith(ctx, "1", fast))
			require.NoError(t, caller.WaitKeys(ctx, "111"))
			assert.Equal(t, "111", caller.Hears().Keys, "each key is told once")
			assert.ErrorContains(t, caller.Press(ctx, "1x"), "no key")
			assert.Error(t, caller.Press(ctx, ""))
		})
	}
}

func TestKeyWithLostOrRepeatedEnds(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{}))
	for _, ends := range []int{-1, 1, 10} {
		require.NoError(t, caller.PressWith(ctx, "7", sip.KeyTiming{On: 60 * ms, Ends: ends}))
		require.NoError(t, callee.WaitKeys(ctx, "7"))
	}
	assert.Equal(t, "777", callee.Hears().Keys)
	assert.Zero(t, callee.Hears().Lost)
}

func TestPressIsGivenUp(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{}))
	short, cancel := context.WithCancel(ctx)
	go func() {
		_ = callee.WaitKeys(ctx, "1")
		cancel()
	}()
	require.ErrorIs(t, caller.Press(short, "1111111111"), context.Canceled)
	require.NoError(t, caller.Press(ctx, "2"), "the keys that were left are not pressed")
	require.NoError(t, callee.WaitKeys(ctx, "2"))
	assert.Less(t, len(callee.Hears().Keys), 6)
}

func TestTonesBothWays(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{Quiet: true}))
	caller.SendTone(440)
	callee.SendTone(1000)
	require.NoError(t, callee.WaitTone(ctx, 440))
	require.NoError(t, caller.WaitTone(ctx, 1000))
	assert.InDelta(t, 1000, caller.Hears().Tone, 20)
	assert.True(t, caller.Hears().Voice)
	callee.SendTone(600)
	require.NoError(t, caller.WaitTone(ctx, 600))
	callee.Mute()
	require.NoError(t, caller.WaitSilence(ctx, 300*ms))
	assert.Zero(t, caller.Hears().Tone)
	require.NoError(t, callee.Hangup())
	<-caller.Done()
	var tones []float64
	for h := range caller.Events() {
		require.Equal(t, sip.KindTone, h.Kind)
		tones = append(tones, h.Tone)
	}
	require.Len(t, tones, 2)
	assert.InDelta(t, 1000, tones[0], 20)
	assert.InDelta(t, 600, tones[1], 20)
}

func TestRecognisesRecordings(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Ear: newEar(t)}), newPhone(t, sip.Config{}))
	events := caller.Events()
	go func() {
		_ = callee.Play(ctx, recordings()["welcome"])
		_ = callee.Play(ctx, recordings()["menu"])
	}()
	require.NoError(t, caller.WaitHeard(ctx, "welcome"))
	require.NoError(t, caller.WaitHeard(ctx, "menu"))
	assert.Equal(t, "menu", caller.Hears().Recording)
	require.NoError(t, caller.WaitSilence(ctx, 200*ms))
	first, second := <-events, <-events
	assert.Equal(t, "welcome", first.Recording)
	assert.True(t, first.Complete)
	assert.Equal(t, 460*ms, first.To)
	assert.Equal(t, "menu", second.Recording)
	assert.True(t, second.Complete)
	assert.True(t, second.At.After(first.At))
}

func TestBargeIn(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Ear: newEar(t)}), newPhone(t, sip.Config{}))
	// The callee plays the menu until a key comes, then says goodbye.
	go func() {
		playing, stop := context.WithCancel(ctx)
		go func() {
			_ = callee.WaitKeys(ctx, "1")
			stop()
		}()
		_ = callee.Play(playing, append(recordings()["menu"], noise(77, 20*time.Second)...))
		_ = callee.Play(ctx, recordings()["bye"])
	}()
	require.NoError(t, caller.WaitHeard(ctx, "menu"))
	before := time.Now() // the callee takes a key at its first packet
	require.NoError(t, caller.Press(ctx, "1"))
	took, err := caller.FirstVoiceAfter(ctx, before)
	require.NoError(t, err)
	assert.Positive(t, took)
	require.NoError(t, caller.WaitHeard(ctx, "bye"))
	require.NoError(t, caller.WaitSilence(ctx, 200*ms))
	sounds := caller.Sounds()
	require.NotEmpty(t, sounds)
	assert.Equal(t, "menu", sounds[0].Recording)
	last := sounds[len(sounds)-1]
	assert.Equal(t, "bye", last.Recording)
	assert.True(t, last.Complete)
}

// What stops without anything after it is told as cut short all the same.
func TestCutShortBySilence(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Ear: newEar(t)}), newPhone(t, sip.Config{Quiet: true}))
	events := caller.Events()
	require.NoError(t, callee.Play(ctx, recordings()["menu"][:1600]))
	h := <-events
	assert.Equal(t, "menu", h.Recording)
	assert.Equal(t, 200*ms, h.To)
	assert.False(t, h.Complete)
}

func TestWaitsForTheSecondTime(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Ear: newEar(t)}), newPhone(t, sip.Config{}))
	require.NoError(t, callee.Play(ctx, recordings()["bye"]))
	require.NoError(t, caller.WaitHeard(ctx, "bye"))
	short, cancel := context.WithTimeout(ctx, 100*ms)
	defer cancel()
	require.ErrorIs(t, caller.WaitHeard(short, "bye"), context.DeadlineExceeded)
	require.NoError(t, callee.Play(ctx, recordings()["bye"]))
	require.NoError(t, caller.WaitHeard(ctx, "bye"))
}

func TestDeafPhone(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Deaf: true, Quiet: true}), newPhone(t, sip.Config{}))
	require.NoError(t, caller.Press(ctx, "5"))
	require.NoError(t, callee.WaitKeys(ctx, "5"))
	_, err := caller.FirstVoiceAfter(ctx, caller.Mark())
	assert.ErrorContains(t, err, "deaf")
	assert.Zero(t, caller.Hears().Packets)
}

func TestSeveralCallsAtOnce(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	var calls [4][2]*sip.Call
	for i := range calls {
		calls[i][0], calls[i][1] = connect(t, ctx, a, b)
		calls[i][0].SendTone(float64(500 + 100*i))
	}
	for i := range calls {
		require.NoError(t, calls[i][1].WaitTone(ctx, float64(500+100*i)))
	}
}

func TestScriptRuns(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{Ear: newEar(t)}), newPhone(t, sip.Config{}))
	go func() {
		_ = callee.Play(ctx, recordings()["welcome"])
		_ = callee.WaitKeys(ctx, "12")
		_ = callee.Play(ctx, recordings()["menu"])
		_ = callee.WaitKeys(ctx, "#")
		_ = callee.Play(ctx, recordings()["bye"])
	}()
	script, err := sip.ParseScript(",12 ?menu # t440 w100 ?bye,h")
	require.NoError(t, err)
	var steps sip.Script
	require.NoError(t, script.Run(ctx, caller, func(s sip.Step) { steps = append(steps, s) }))
	assert.Equal(t, script, steps)
	<-callee.Done()
	assert.Equal(t, "12#", callee.Hears().Keys)
	sounds := caller.Sounds()
	require.Len(t, sounds, 3)
	assert.True(t, sounds[0].Complete, "the welcome was heard out")
	assert.True(t, sounds[2].Complete, "so was the goodbye")
}

func TestScriptEndsWithTheCall(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{}))
	script, err := sip.ParseScript("1,2")
	require.NoError(t, err)
	go func() {
		_ = callee.WaitKeys(ctx, "1")
		_ = callee.Hangup()
	}()
	assert.ErrorIs(t, script.Run(ctx, caller, nil), sip.ErrEnded)
}
