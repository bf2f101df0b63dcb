package console_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// exchange is the other end of the page's telephone: it takes registrations, rings,
// and writes down what it is told. There is no sound behind it; that is tested with a
// real one in internal/app.
type exchange struct {
	mu      sync.Mutex
	socket  *websocket.Conn
	told    []string // first lines, each with Reason and CSeq
	refuse  int      // registrations to refuse
	call    int
	answers map[string]string // the To of the answer, by Call-ID
}

// offer is one of PCMA over DTLS, as from a telephone that is nowhere (RFC 5737).
const offer = `v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 8 101
c=IN IP4 192.0.2.1
a=mid:0
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=rtcp-mux
a=sendrecv
a=setup:actpass
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=candidate:1 1 UDP 2130706431 192.0.2.1 9 typ host
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
`

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		return
	}
	defer socket.CloseNow()
	x.mu.Lock()
	x.socket = socket
	x.mu.Unlock()
	for {
		_, message, err := socket.Read(r.Context())
		if err != nil {
			return
		}
		x.hear(string(message))
	}
}

// header finds a header of a message, with its name.
func header(message, name string) string {
	for line := range strings.SplitSeq(message, "\r\n") {
		if strings.HasPrefix(line, name+":") {
			return line
		}
	}
	return ""
}

// hear does what an exchange does with a message, in order.
func (x *exchange) hear(message string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	method, _, _ := strings.Cut(message, " ")
	first, _, _ := strings.Cut(message, "\r\n")
	x.told = append(x.told, strings.TrimSpace(first+" "+header(message, "Reason")+" "+header(message, "CSeq")))
	switch method {
	case "REGISTER":
		status, contact := "200 OK", header(message, "Contact")
		if x.refuse > 0 {
			x.refuse--
			status, contact = "403 Forbidden", "X-Why: test"
		}
		x.reply(message, status, contact)
	case "BYE":
		x.reply(message, "200 OK", "X-Why: test")
	case "SIP/2.0":
		if strings.HasPrefix(first, "SIP/2.0 200") && strings.Contains(header(message, "CSeq"), "INVITE") {
			x.answers[header(message, "Call-ID")] = header(message, "To")
			x.send(request("ACK", 1, header(message, "Call-ID"), header(message, "To"), ""))
		}
	}
}

func (x *exchange) reply(message, status, more string) {
	lines := []string{"SIP/2.0 " + status}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		line := header(message, name)
		if name == "To" && !strings.Contains(line, "tag=") {
			line += ";tag=exchange"
		}
		lines = append(lines, line)
	}
	x.send(strings.Join(append(lines, more, "Content-Length: 0", "", ""), "\r\n"))
}

func request(method string, number int, call, to, body string) string {
	lines := []string{
		method + " sip:agent1.browser@richiamo.invalid SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/WS exchange.invalid;branch=z9hG4bK%s%d%d", method, number, time.Now().UnixNano()),
		"Max-Forwards: 70", "From: <sip:richiamo@exchange.invalid>;tag=exchange", to, call, fmt.Sprintf("CSeq: %d %s", number, method),
		"Contact: <sip:richiamo@exchange.invalid;transport=ws>",
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body), "\r\n")
}

// send gives the page a message. Who has the lock calls it; what a socket that is
// gone makes of it is no matter of the exchange's.
func (x *exchange) send(message string) {
	ctx, cancel := contextOf(patience)
	defer cancel()
	_ = x.socket.Write(ctx, websocket.MessageText, []byte(message))
}

// rings calls the page and gives the call's name.
func (x *exchange) rings() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.call++
	call := fmt.Sprintf("Call-ID: call-%d", x.call)
	x.send(request("INVITE", 1, call, "To: <sip:agent1.browser@richiamo.invalid>", strings.ReplaceAll(offer, "\n", "\r\n")))
	return call
}

// hangsUp ends a call that was answered.
func (x *exchange) hangsUp(call string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.send(request("BYE", 2, call, x.answers[call], ""))
}

// drops cuts the page's WebSocket, as a service does that dies.
func (x *exchange) drops() {
	x.mu.Lock()
	defer x.mu.Unlock()
	_ = x.socket.CloseNow()
}

// count tells how many messages it was told begin so.
func (x *exchange) count(first string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, one := range x.told {
		if strings.HasPrefix(one, first) {
			n++
		}
	}
	return n
}

// isTold waits for the nth message that begins so, and gives the last.
func (x *exchange) isTold(t *testing.T, n int, first string) string {
	t.Helper()
	require.Eventually(t, func() bool { return x.count(first) >= n }, patience, 20*time.Millisecond, "%d times %q", n, first)
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, one := range slices.Backward(x.told) {
		if strings.HasPrefix(one, first) {
			return one
		}
	}
	return ""
}
