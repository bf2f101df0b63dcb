package sip_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/emiago/sipgo"
	gosip "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sip"
)

// An exchange is the part of one that these tests need: it asks for a password,
// remembers who registered, and answers calls without audio.
type exchange struct {
	addr    string
	granted string // lifetime of a registration in seconds
	refuse  int    // status for everything, if not 0

	mu       sync.Mutex
	seen     []string // method and lifetime of each request that had the right password
	dialogue *sipgo.DialogServerSession
	client   *sipgo.Client
	news     chan struct{}
	up       chan struct{} // closed when a call was answered and acknowledged
}

const (
	exchangeUser     = "agent1"
	exchangePassword = "invented"
)

func newExchange(t *testing.T, granted string, refuse int) *exchange {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	e := &exchange{addr: conn.LocalAddr().String(), granted: granted, refuse: refuse, news: make(chan struct{}, 100), up: make(chan struct{})}
	quiet := slog.New(slog.DiscardHandler)
	ua, err := sipgo.NewUA(
		sipgo.WithUserAgentTransportLayerOptions(gosip.WithTransportLayerLogger(quiet)),
		sipgo.WithUserAgentTransactionLayerOptions(gosip.WithTransactionLayerLogger(quiet)),
	)
	require.NoError(t, err)
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(quiet))
	require.NoError(t, err)
	e.client, err = sipgo.NewClient(ua, sipgo.WithClientLogger(quiet))
	require.NoError(t, err)
	host := conn.LocalAddr().(*net.UDPAddr)
	dialogues := sipgo.DialogUA{Client: e.client, ContactHDR: gosip.ContactHeader{
		Address: gosip.Uri{Scheme: "sip", Host: "127.0.0.1", Port: host.Port},
	}}
	server.OnRegister(func(req *gosip.Request, tx gosip.ServerTransaction) {
		if !e.allowed(req, tx) {
			return
		}
		res := gosip.NewResponseFromRequest(req, 200, "OK", nil)
		res.AppendHeader(gosip.NewHeader("Expires", e.granted))
		_ = tx.Respond(res)
	})
	server.OnInvite(func(req *gosip.Request, tx gosip.ServerTransaction) {
		if !e.allowed(req, tx) {
			return
		}
		dialogue, err := dialogues.ReadInvite(req, tx)
		if err != nil {
			return
		}
		e.mu.Lock()
		e.dialogue = dialogue
		e.mu.Unlock()
		if dialogue.RespondSDP(description(40000)) == nil {
			close(e.up)
		}
	})
	server.OnAck(func(req *gosip.Request, tx gosip.ServerTransaction) {
		e.mu.Lock()
		defer e.mu.Unlock()
		_ = e.dialogue.ReadAck(req, tx)
	})
	server.OnBye(func(req *gosip.Request, tx gosip.ServerTransaction) {
		e.mu.Lock()
		defer e.mu.Unlock()
		_ = e.dialogue.ReadBye(req, tx)
	})
	served := make(chan struct{})
	socket := sip.NewSocket(conn, ua.TransportLayer().Pool("udp"))
	go func() {
		defer close(served)
		_ = server.ServeUDP(socket)
	}()
	t.Cleanup(func() {
		socket.Retire()
		<-served
		ua.TransactionLayer().Close()
		_ = conn.Close()
	})
	return e
}

func description(port int) []byte {
	return fmt.Appendf(nil, "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", port)
}

// allowed answers a request without the right password.
func (e *exchange) allowed(req *gosip.Request, tx gosip.ServerTransaction) bool {
	if e.refuse != 0 {
		_ = tx.Respond(gosip.NewResponseFromRequest(req, e.refuse, "No", nil))
		return false
	}
	challenge := digest.Challenge{Realm: "test", Nonce: "1", Algorithm: "MD5", QOP: []string{"auth"}}
	if h := req.GetHeader("Authorization"); h != nil {
		given, err := digest.ParseCredentials(h.Value())
		if err == nil {
			want, err := digest.Digest(&challenge, digest.Options{
				Method: string(req.Method), URI: given.URI, Username: exchangeUser, Password: exchangePassword,
				Cnonce: given.Cnonce, Count: given.Nc,
			})
			if err == nil && want.Response == given.Response && given.Username == exchangeUser {
				lasting := ""
				if h := req.GetHeader("Expires"); h != nil {
					lasting = " " + h.Value()
				}
				e.mu.Lock()
				e.seen = append(e.seen, string(req.Method)+lasting)
				e.mu.Unlock()
				e.news <- struct{}{}
				return true
			}
		}
	}
	res := gosip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
	res.AppendHeader(gosip.NewHeader("WWW-Authenticate", challenge.String()))
	_ = tx.Respond(res)
	return false
}

func (e *exchange) requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.seen...)
}

func TestRegister(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	e := newExchange(t, "120", 0)
	p := newPhone(t, sip.Config{User: exchangeUser, Password: exchangePassword, Registrar: e.addr})
	require.NoError(t, p.Register(ctx))
	require.NoError(t, p.Register(ctx), "again")
	require.NoError(t, p.Close())
	assert.Equal(t, []string{"REGISTER 120", "REGISTER 120", "REGISTER 0"}, e.requests())
}

func TestRegistersAgain(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	e := newExchange(t, "1", 0) // taken as ten seconds: a phone renews at half of it
	p := newPhone(t, sip.Config{User: exchangeUser, Password: exchangePassword, Registrar: e.addr})
	require.NoError(t, p.Register(ctx))
	for range 2 {
		select {
		case <-e.news:
		case <-ctx.Done():
			t.Fatal("never registered again")
		}
	}
}

func TestRegisterIsRefused(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	for name, c := range map[string]struct {
		password string
		refuse   int
		status   int
	}{
		"wrong password": {"wrong", 0, 401}, "no password": {"", 0, 401}, "unknown": {exchangePassword, 404, 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t, "120", c.refuse)
			p := newPhone(t, sip.Config{User: exchangeUser, Password: c.password, Registrar: e.addr})
			var refused *sip.Refused
			require.ErrorAs(t, p.Register(ctx), &refused)
			assert.Equal(t, c.status, refused.Status)
			assert.Empty(t, e.requests(), "nothing to unregister")
		})
	}
}

func TestCallWithPassword(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	e := newExchange(t, "120", 0)
	p := newPhone(t, sip.Config{User: exchangeUser, Password: exchangePassword})
	call, err := p.Dial(ctx, "sip:800000000@"+e.addr, "")
	require.NoError(t, err)
	require.NoError(t, call.Hangup())
	stranger := newPhone(t, sip.Config{User: exchangeUser, Password: "wrong"})
	_, err = stranger.Dial(ctx, "sip:800000000@"+e.addr, "")
	var refused *sip.Refused
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 401, refused.Status)
}

// The exchange moves the audio elsewhere within the call, then hangs up with a
// cause.
func TestReinviteAndCause(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	e := newExchange(t, "120", 0)
	p := newPhone(t, sip.Config{User: exchangeUser, Password: exchangePassword})
	call, err := p.Dial(ctx, "sip:800000000@"+e.addr, "")
	require.NoError(t, err)

	elsewhere, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer elsewhere.Close()
	res := e.ask(t, ctx, gosip.INVITE, description(elsewhere.LocalAddr().(*net.UDPAddr).Port))
	require.Equal(t, 200, res.StatusCode)
	assert.Contains(t, string(res.Body()), "PCMA")
	n, _, err := elsewhere.ReadFrom(make([]byte, 1500))
	require.NoError(t, err)
	assert.Equal(t, 172, n, "a packet of 20 ms")
	assert.Equal(t, 488, e.ask(t, ctx, gosip.INVITE, []byte("v=0\r\n")).StatusCode)

	assert.Equal(t, 200, e.ask(t, ctx, gosip.BYE, nil).StatusCode)
	<-call.Done()
	byUs, cause := call.Ended()
	assert.False(t, byUs)
	assert.Equal(t, "Q.850;cause=16", cause)
	assert.Equal(t, 481, e.ask(t, ctx, gosip.INVITE, description(40002)).StatusCode, "the call is no more")
}

// ask sends a request within the call.
func (e *exchange) ask(t *testing.T, ctx context.Context, method gosip.RequestMethod, body []byte) *gosip.Response {
	t.Helper()
	<-e.up
	e.mu.Lock()
	dialogue := e.dialogue
	e.mu.Unlock()
	req := gosip.NewRequest(method, dialogue.InviteRequest.Contact().Address)
	if body != nil {
		req.AppendHeader(gosip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody(body)
	}
	req.AppendHeader(gosip.NewHeader("Reason", "Q.850;cause=16"))
	res, err := dialogue.Do(ctx, req)
	require.NoError(t, err)
	return res
}
