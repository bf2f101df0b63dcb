package ari

import (
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/sip"
)

// rings rings an agent's desk phone as channel id, which answers.
func (b *bench) rings(id string, n int) *sip.Call {
	b.t.Helper()
	account := b.pbx.Agents[n]
	desk := b.phone(sip.Config{User: account.Name, Password: account.Password, Registrar: b.pbx.SIPAddr})
	require.NoError(b.t, desk.Register(b.soon()))
	b.do(call.Command{Op: call.DoCreate, Channel: id, Agent: account.Name})
	b.do(call.Command{Op: call.DoDial, Channel: id, For: 15 * time.Second})
	c, err := receive(b.t, desk.Incoming()).Answer()
	require.NoError(b.t, err)
	b.next(b.t, call.Answered, id)
	return c
}

// Keys go out on a line that we have dialled, each once, however often they are sent.
func TestKeysGoOutOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	other := b.rings("agent", 0)
	for range 2 {
		b.do(call.Command{Op: call.DoPress, Channel: "agent", Keys: "*0011223#"})
		require.NoError(t, other.WaitKeys(b.soon(), "*0011223#"))
	}
	assert.Equal(t, "*0011223#*0011223#", other.Hears().Keys)
	require.NoError(t, other.Hangup())
	b.next(t, call.Left, "agent")
	require.ErrorIs(t, b.line.Perform(t.Context(), call.Command{Op: call.DoPress, Channel: "agent", Keys: "1"}), call.ErrGone)
}

// Hold, consultation, conference and transfer, as they sound.
func TestSeveralPartiesOnAsterisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	channel, citizen := b.calls(b.phone(sip.Config{}), "0212345678")
	agent, helper := b.rings("agent", 0), b.rings("helper", 1)
	voices := map[string]*sip.Call{"citizen": citizen, "agent": agent, "helper": helper}
	channels := map[string]string{"citizen": channel, "agent": "agent", "helper": "helper"}

	// speak connects exactly these, and makes sure that each hears each, and nobody else does.
	speak := func(members ...string) {
		t.Helper()
		var ids []string
		for _, m := range members {
			ids = append(ids, channels[m])
		}
		began := time.Now()
		b.do(call.Command{Op: call.DoJoin, Channel: channel, Bridge: "talk", Members: ids})
		t.Logf("%v connected in %v", members, time.Since(began).Round(100*time.Microsecond))
		in := map[string]bool{}
		for _, m := range members {
			in[m] = true
		}
		for who, voice := range voices {
			for _, other := range voices {
				other.Mute()
			}
			voice.SendTone(1000)
			for whom, ear := range voices {
				if whom != who && in[who] && in[whom] {
					require.Eventually(t, func() bool { return math.Abs(ear.Hears().Tone-1000) < 20 }, patient, 5*time.Millisecond, "%s hears %s", whom, who)
				}
			}
			for whom, ear := range voices {
				if whom != who && !(in[who] && in[whom]) {
					require.Greater(t, math.Abs(ear.Hears().Tone-1000), 20., "%s does not hear %s", whom, who)
				}
			}
			voice.Mute()
			for whom, ear := range voices {
				if whom != who && in[who] && in[whom] {
					require.NoError(t, ear.WaitSilence(b.soon(), 200*time.Millisecond))
				}
			}
		}
	}
	speak("citizen", "agent")
	t.Run("keys are told of the telephone they were pressed on, once", func(t *testing.T) { b.keysIn(t, voices, channels) })
	t.Run("hold", func(t *testing.T) {
		citizen.SendTone(1000)
		agent.SendTone(440)
		require.NoError(t, agent.WaitTone(b.soon(), 1000))
		require.NoError(t, citizen.WaitTone(b.soon(), 440))
		b.do(call.Command{Op: call.DoJoin, Channel: channel, Bridge: "talk", Members: []string{"agent"}})
		require.NoError(t, agent.WaitSilence(b.soon(), 300*time.Millisecond))
		require.NoError(t, citizen.WaitSilence(b.soon(), 300*time.Millisecond))
		b.do(call.Command{Op: call.DoMusic, Channel: channel})
		require.Eventually(t, func() bool { return citizen.Hears().Voice }, patient, 10*time.Millisecond)
	})
	t.Run("music for one who answered and waits", func(t *testing.T) {
		b.do(call.Command{Op: call.DoMusic, Channel: "helper"})
		require.Eventually(t, func() bool { return helper.Hears().Voice }, patient, 10*time.Millisecond)
	})
	t.Run("take back", func(t *testing.T) { speak("citizen", "agent") })
	b.do(call.Command{Op: call.DoQuiet, Channel: "helper"})
	require.NoError(t, helper.WaitSilence(b.soon(), 300*time.Millisecond))
	t.Run("consult", func(t *testing.T) { speak("agent", "helper") })
	t.Run("conference", func(t *testing.T) { speak("citizen", "agent", "helper") })
	t.Run("keys in a conference", func(t *testing.T) { b.keysIn(t, voices, channels) })
	t.Run("transfer", func(t *testing.T) {
		speak("citizen", "helper")
		b.do(call.Command{Op: call.DoHangup, Channel: "agent"})
		b.next(t, call.Left, "agent")
		delete(voices, "agent")
		speak("citizen", "helper")
	})
	t.Run("one is gone", func(t *testing.T) {
		err := b.line.Perform(t.Context(), call.Command{Op: call.DoJoin, Bridge: "talk", Members: []string{channel, "agent", "helper"}})
		require.ErrorIs(t, err, call.ErrGone)
		speak("citizen", "helper")
		require.NoError(t, helper.Hangup())
		b.next(t, call.Left, "helper")
		b.do(call.Command{Op: call.DoPart, Bridge: "talk"})
		b.do(call.Command{Op: call.DoPlay, Channel: channel, Playback: "p1", Language: "it", Media: []string{"short"}})
		require.NoError(t, citizen.WaitTone(b.soon(), shortTone), "the citizen is ours again")
	})
}

// keysIn presses a key on each telephone of a talk. What is told of it is one
// event, of that telephone's channel: the others get the tone, and no event.
func (b *bench) keysIn(t *testing.T, voices map[string]*sip.Call, channels map[string]string) {
	for i, who := range []string{"citizen", "agent"} {
		digit := byte('1' + i)
		require.NoError(t, voices[who].Press(b.soon(), string(digit)))
		e := b.next(t, call.Key, "")
		assert.Equal(t, channels[who], e.Channel)
		assert.Equal(t, digit, e.Digit)
	}
	require.NoError(t, voices["citizen"].Press(b.soon(), "9"))
	e := b.next(t, call.Key, "")
	assert.Equal(t, channels["citizen"], e.Channel)
	assert.EqualValues(t, '9', e.Digit, "no other event came in between")
}

// network is a carrier that says one thing to every call, or nothing.
func (b *bench) network(status string) {
	b.t.Helper()
	addr, err := net.ResolveUDPAddr("udp4", b.pbx.CarrierAddr)
	require.NoError(b.t, err)
	socket, err := net.ListenUDP("udp4", addr)
	require.NoError(b.t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1<<16)
		for {
			n, from, err := socket.ReadFromUDP(packet)
			if err != nil {
				return
			}
			if lines := strings.Split(string(packet[:n]), "\r\n"); status != "" && strings.HasPrefix(lines[0], "INVITE") {
				_, _ = socket.WriteToUDP([]byte(reply(status, lines)), from)
			}
		}
	}()
	b.t.Cleanup(func() {
		_ = socket.Close()
		<-done
	})
}

// reply answers a request, given by its lines.
func reply(status string, lines []string) string {
	answer := "SIP/2.0 " + status + "\r\n"
	for _, line := range lines {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			answer += line + "\r\n"
		case "To":
			answer += line + ";tag=network\r\n"
		}
	}
	return answer + "Content-Length: 0\r\n\r\n"
}

// A telephone that rings and is not answered, and a network that never says a word,
// end alike for Asterisk. They are told apart: the one is the citizen's affair, the
// other is ours.
func TestFailure10ASilentNetworkIsNoUnansweredCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status     string
		cause, sip int
	}{
		"rings":         {"180 Ringing", 19, 480},
		"lets hear":     {"183 Session Progress", 19, 480},
		"only promises": {"100 Trying", 102, 0},
		"is silent":     {"", 102, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, patient/2)
			b.network(tt.status)
			b.do(call.Command{Op: call.DoCreate, Channel: "t-1", Number: "0212345678"})
			b.do(call.Command{Op: call.DoDial, Channel: "t-1", For: 2 * time.Second})
			e := b.next(t, call.Left, "t-1")
			assert.Equal(t, tt.cause, e.Cause)
			assert.Equal(t, tt.sip, e.SIP)
		})
	}
}
