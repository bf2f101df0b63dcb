package ari

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/sip"
)

// radio carries UDP between one telephone and Asterisk, and can carry nothing: the
// telephone is frozen then, for all that Asterisk can know.
type radio struct {
	socket *net.UDPConn
	pbx    netip.AddrPort

	mu     sync.Mutex
	phone  netip.AddrPort
	silent bool
}

func newRadio(t *testing.T, pbx string) *radio {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	r := &radio{socket: socket, pbx: netip.MustParseAddrPort(pbx)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.carry()
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-done
	})
	return r
}

func (r *radio) addr() string { return r.socket.LocalAddr().String() }

func (r *radio) silence(silent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = silent
}

func (r *radio) carry() {
	packet := make([]byte, 1<<16)
	for {
		n, from, err := r.socket.ReadFromUDPAddrPort(packet)
		if err != nil {
			return
		}
		r.mu.Lock()
		to := r.phone
		if from != r.pbx {
			r.phone, to = from, r.pbx
		}
		if !r.silent && to.IsValid() {
			_, _ = r.socket.WriteToUDPAddrPort(packet[:n], to)
		}
		r.mu.Unlock()
	}
}

// A desk phone that does not answer is not there, whatever its registration says.
func TestFailure13RingingNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	account := b.pbx.Agents[0]
	is := func(there bool, within time.Duration) {
		t.Helper()
		began := time.Now()
		require.Eventually(t, func() bool {
			phones, err := b.line.Phones(t.Context())
			require.NoError(t, err)
			require.Len(t, phones, len(b.pbx.Agents))
			return phones[account.Name] == there
		}, within, 50*time.Millisecond)
		t.Logf("there: %v after %v", there, time.Since(began).Round(100*time.Millisecond))
	}
	is(false, time.Second)
	air := newRadio(t, b.pbx.SIPAddr)
	desk := b.phone(sip.Config{User: account.Name, Password: account.Password, Registrar: air.addr()})
	require.NoError(t, desk.Register(b.soon()))
	is(true, 10*time.Second)
	air.silence(true) // frozen: registered, and deaf
	is(false, 15*time.Second)
	out, err := b.pbx.CLI(t.Context(), "pjsip show contacts")
	require.NoError(t, err)
	t.Log(out)
	air.silence(false)
	is(true, 15*time.Second)
}
