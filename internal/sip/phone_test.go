package sip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"richiamo/internal/sip"
	"richiamo/internal/sip/ear"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// noise invents the audio of a recording.
func noise(seed uint64, d time.Duration) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	alaw := make([]byte, d*ear.Rate/time.Second)
	for i := range alaw {
		alaw[i] = ear.Encode(int16(r.NormFloat64() * 3000))
	}
	return alaw
}

func hush(d time.Duration) []byte {
	return bytes.Repeat([]byte{ear.Silence}, int(d*ear.Rate/time.Second))
}

// recordings are what the phones of these tests know.
func recordings() map[string][]byte {
	return map[string][]byte{
		"welcome": append(hush(60*ms), noise(1, 400*ms)...),
		"menu":    noise(2, 600*ms),
		"bye":     noise(3, 300*ms),
	}
}

func newEar(t *testing.T) *sip.Ear {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, alaw := range recordings() {
		fsys["it/"+name+".alaw"] = &fstest.MapFile{Data: alaw}
	}
	e, err := sip.NewEar(fsys)
	require.NoError(t, err)
	return e
}

func newPhone(t *testing.T, cfg sip.Config) *sip.Phone {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	p, err := sip.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

// within limits a whole test; it is far longer than anything takes.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// connect makes a call between two phones.
func connect(t *testing.T, ctx context.Context, from, to *sip.Phone) (caller, callee *sip.Call) {
	t.Helper()
	type answer struct {
		call *sip.Call
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		select {
		case inv := <-to.Incoming():
			_ = inv.Ring()
			c, err := inv.Answer()
			answers <- answer{c, err}
		case <-ctx.Done():
			answers <- answer{nil, ctx.Err()}
		}
	}()
	caller, err := from.Dial(ctx, to.URI(), "0212345678")
	require.NoError(t, err)
	a := <-answers
	require.NoError(t, a.err)
	return caller, a.call
}

func TestCallAndHangUp(t *testing.T) {
	t.Parallel()
	for name, calleeHangsUp := range map[string]bool{"the caller": false, "the callee": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{}))
			assert.Equal(t, caller.ID(), callee.ID())
			here, there := caller, callee
			if calleeHangsUp {
				here, there = callee, caller
			}
			_, cause := here.Ended()
			assert.Empty(t, cause)
			require.NoError(t, here.Hangup())
			<-there.Done()
			byUs, cause := here.Ended()
			assert.True(t, byUs)
			assert.Equal(t, "hung up", cause)
			byUs, cause = there.Ended()
			assert.False(t, byUs)
			assert.Equal(t, "hung up", cause)
			assert.NoError(t, there.Hangup(), "the other side has done so")
			assert.ErrorIs(t, there.Press(ctx, "1"), sip.ErrEnded)
			assert.ErrorIs(t, there.WaitHeard(ctx, "menu"), sip.ErrEnded)
		})
	}
}

func TestBothHangUpAtOnce(t *testing.T) {
	t.Parallel()
	caller, callee := connect(t, within(t), newPhone(t, sip.Config{}), newPhone(t, sip.Config{}))
	errs := make(chan error, 2)
	for _, c := range []*sip.Call{caller, callee} {
		go func() { errs <- c.Hangup() }()
	}
	assert.NoError(t, <-errs)
	assert.NoError(t, <-errs)
}

func TestCloseHangsUp(t *testing.T) {
	t.Parallel()
	for name, callerCloses := range map[string]bool{"caller": true, "callee": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
			caller, callee := connect(t, within(t), a, b)
			if callerCloses {
				require.NoError(t, a.Close())
				<-callee.Done()
			} else {
				require.NoError(t, b.Close())
				<-caller.Done()
			}
		})
	}
}

func TestWhoCalls(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"0212345678", "+390212345678", sip.Anonymous} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
			refused := make(chan error, 1)
			go func() {
				_, err := a.Dial(ctx, "sip:800000000@"+b.Addr(), from)
				refused <- err
			}()
			inv := <-b.Incoming()
			assert.Equal(t, from, inv.From())
			assert.Equal(t, "800000000", inv.To())
			require.NoError(t, inv.Refuse(603))
			assert.Error(t, <-refused)
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for status, words := range map[int]string{
		404: "Not Found", 480: "Temporarily Unavailable", 486: "Busy Here", 503: "Service Unavailable", 603: "Decline",
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
			go func() {
				inv := <-b.Incoming()
				_ = inv.Ring()
				_ = inv.Refuse(status)
			}()
			_, err := a.Dial(ctx, b.URI(), "0212345678")
			var refused *sip.Refused
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, status, refused.Status)
			assert.ErrorContains(t, err, words)
		})
	}
}

func TestDecidedOnce(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	go func() { _, _ = a.Dial(ctx, b.URI(), "0212345678") }()
	inv := <-b.Incoming()
	assert.ErrorContains(t, inv.Refuse(200), "300 to 699")
	require.NoError(t, inv.Refuse(486))
	<-inv.Done()
	_, err := inv.Answer()
	assert.ErrorIs(t, err, sip.ErrGone)
	assert.ErrorIs(t, inv.Ring(), sip.ErrGone)
	assert.ErrorIs(t, inv.Refuse(486), sip.ErrGone)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	dialing, giveUp := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		_, err := a.Dial(dialing, b.URI(), "0212345678")
		failed <- err
	}()
	inv := <-b.Incoming()
	require.NoError(t, inv.Ring())
	giveUp()
	assert.ErrorIs(t, <-failed, context.Canceled)
	<-inv.Done()
	_, err := inv.Answer()
	assert.ErrorIs(t, err, sip.ErrGone)
}

// An answer and a CANCEL may cross; whatever wins, no call stays up on one side.
func TestCancelCrossesAnswer(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	for range 25 {
		dialing, giveUp := context.WithCancel(ctx)
		type result struct {
			call *sip.Call
			err  error
		}
		results := make(chan result, 1)
		go func() {
			c, err := a.Dial(dialing, b.URI(), "0212345678")
			results <- result{c, err}
		}()
		inv := <-b.Incoming()
		require.NoError(t, inv.Ring())
		go giveUp()
		call, err := inv.Answer()
		r := <-results
		switch {
		case r.err == nil && err == nil:
			require.NoError(t, r.call.Hangup())
			<-call.Done()
		case err == nil:
			select {
			case <-call.Done():
			case <-ctx.Done():
				t.Fatal("answered, though the caller has given up")
			}
		default:
			require.ErrorIs(t, err, sip.ErrGone)
			require.Error(t, r.err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	ctx, cancel := context.WithTimeout(within(t), 300*ms)
	defer cancel()
	go func() { _ = (<-b.Incoming()).Ring() }()
	_, err := a.Dial(ctx, b.URI(), "0212345678")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCloseWhileRinging(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	failed := make(chan error, 1)
	go func() {
		_, err := a.Dial(ctx, b.URI(), "0212345678")
		failed <- err
	}()
	require.NoError(t, (<-b.Incoming()).Ring())
	require.NoError(t, b.Close())
	var refused *sip.Refused
	require.ErrorAs(t, <-failed, &refused)
	assert.Equal(t, 480, refused.Status)
	_, more := <-b.Incoming()
	assert.False(t, more)
	_, err := b.Dial(ctx, a.URI(), "")
	assert.ErrorIs(t, err, sip.ErrClosed)
	require.NoError(t, b.Close(), "again")
}

func TestCloseWhileDialling(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a, b := newPhone(t, sip.Config{}), newPhone(t, sip.Config{})
	failed := make(chan error, 1)
	go func() {
		_, err := a.Dial(ctx, b.URI(), "0212345678")
		failed <- err
	}()
	inv := <-b.Incoming()
	require.NoError(t, inv.Ring())
	require.NoError(t, a.Close())
	assert.ErrorIs(t, <-failed, sip.ErrClosed)
	<-inv.Done()
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"": "IP address and a port", "localhost": "IP address and a port", "0.0.0.0:0": "one interface",
	} {
		_, err := sip.New(sip.Config{Listen: listen})
		assert.ErrorContains(t, err, want)
	}
	a := newPhone(t, sip.Config{})
	_, err := sip.New(sip.Config{Listen: a.Addr()})
	assert.ErrorContains(t, err, "port taken")
	_, err = a.Dial(within(t), "800000000", "")
	assert.ErrorContains(t, err, "sip:800000000@127.0.0.1:5060")
	assert.ErrorContains(t, a.Register(within(t)), "Registrar")
}

func TestOptionsAndUnknownRequests(t *testing.T) {
	t.Parallel()
	p := newPhone(t, sip.Config{})
	conn, err := net.Dial("udp", p.Addr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	for method, want := range map[string]string{
		"OPTIONS": "SIP/2.0 200 OK", "INFO": "SIP/2.0 405", "BYE": "SIP/2.0 481", "CANCEL": "SIP/2.0 481",
	} {
		_, err = conn.Write([]byte(method + " " + p.URI() + " SIP/2.0\r\n" +
			"Via: SIP/2.0/UDP " + conn.LocalAddr().String() + ";branch=z9hG4bK" + method + "\r\n" +
			"From: <sip:exchange@127.0.0.1>;tag=1\r\nTo: <" + p.URI() + ">;tag=2\r\nCall-ID: " + method + "\r\n" +
			"CSeq: 1 " + method + "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"))
		require.NoError(t, err)
		buf := make([]byte, 2000)
		n, err := conn.Read(buf)
		require.NoError(t, err)
		assert.Contains(t, string(buf[:n]), want)
	}
}

func TestWAV(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	caller, callee := connect(t, ctx, newPhone(t, sip.Config{}), newPhone(t, sip.Config{Quiet: true}))
	require.NoError(t, callee.Play(ctx, recordings()["bye"]))
	require.NoError(t, caller.WaitSilence(ctx, 200*ms))
	require.NoError(t, caller.Hangup())
	var file bytes.Buffer
	require.NoError(t, caller.WAV(&file))
	b := file.Bytes()
	assert.Equal(t, "RIFF", string(b[:4]))
	assert.Equal(t, "WAVEfmt ", string(b[8:16]))
	assert.EqualValues(t, 8000, binary.LittleEndian.Uint32(b[24:]))
	assert.EqualValues(t, len(b)-44, binary.LittleEndian.Uint32(b[40:]))
	bye := recordings()["bye"]
	pcm := make([]byte, 0, 2*len(bye))
	for _, x := range bye {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(ear.Decode(x)))
	}
	assert.True(t, bytes.Contains(b, pcm), "the recording is in the file byte by byte")
	assert.Greater(t, len(b), len(pcm)+2*8000/8, "and the silence after it")
}
