package lab_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line is the least that can be called a telephone: it sends SIP requests word by word, so that a test can
// say exactly what stands in them, and reads what comes back. It sends no sound.
type line struct {
	t      *testing.T
	socket *net.UDPConn
	pbx    *net.UDPAddr
	callID string
	cseq   int
	// user is the user part of From.
	user string
	// more are further header lines of every request, each ended by \r\n.
	more string
}

// message is a SIP request or response.
type message struct {
	first  string
	header textproto.MIMEHeader
}

const waitForSIP = 20 * time.Second

func newLine(t *testing.T, pbx, user, more string) *line {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp4", pbx)
	require.NoError(t, err)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	return &line{t: t, socket: socket, pbx: to, user: user, more: more, callID: fmt.Sprintf("%x", rand.Uint64())}
}

// send sends a request and returns its branch, by which the answers are known.
func (l *line) send(method, uri, to, body, more string) string {
	l.t.Helper()
	if method != "ACK" {
		l.cseq++
	}
	branch := fmt.Sprintf("z9hG4bK%x", rand.Uint64())
	here := l.socket.LocalAddr().String()
	contentType := ""
	if body != "" {
		contentType = "Content-Type: application/sdp\r\n"
	}
	text := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%s@127.0.0.1>;tag=line\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n%s%s%sContent-Length: %d\r\n\r\n%s",
		method, uri, here, branch, l.user, to, l.callID, l.cseq, method, l.user, here, l.more, more, contentType, len(body), body)
	_, err := l.socket.WriteToUDP([]byte(text), l.pbx)
	require.NoError(l.t, err)
	return branch
}

// read returns the next message for which accept holds; others are passed over.
func (l *line) read(accept func(message) bool) message {
	l.t.Helper()
	require.NoError(l.t, l.socket.SetReadDeadline(time.Now().Add(waitForSIP)))
	packet := make([]byte, 65536)
	for {
		n, err := l.socket.Read(packet)
		require.NoError(l.t, err, "no SIP message of the kind awaited came")
		if m := parse(l.t, packet[:n]); accept(m) {
			return m
		}
	}
}

func parse(t *testing.T, packet []byte) message {
	t.Helper()
	reader := textproto.NewReader(bufio.NewReader(bytes.NewReader(packet)))
	first, err := reader.ReadLine()
	require.NoError(t, err)
	header, err := reader.ReadMIMEHeader()
	require.NoError(t, err)
	return message{first: first, header: header}
}

// status is the three figures of a response, "" for a request.
func (m message) status() string {
	if rest, ok := strings.CutPrefix(m.first, "SIP/2.0 "); ok {
		return rest[:3]
	}
	return ""
}

func (l *line) final(branch string) message {
	l.t.Helper()
	return l.read(func(m message) bool {
		return strings.Contains(m.header.Get("Via"), branch) && m.status() >= "200"
	})
}

func (l *line) provisional(branch, status string) message {
	l.t.Helper()
	return l.read(func(m message) bool { return strings.Contains(m.header.Get("Via"), branch) && m.status() == status })
}

func (l *line) uri(number string) string { return fmt.Sprintf("sip:%s@%s", number, l.pbx) }

// invite dials and returns at once.
func (l *line) invite(number, more string) (branch string) {
	l.t.Helper()
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio 9 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	return l.send("INVITE", l.uri(number), "<"+l.uri(number)+">", sdp, more)
}

// ack confirms a final answer to an INVITE.
func (l *line) ack(number string, answer message) {
	l.t.Helper()
	l.send("ACK", l.uri(number), answer.header.Get("To"), "", "")
}

// hungUp waits until the exchange ends the call.
func (l *line) hungUp() {
	l.t.Helper()
	l.read(func(m message) bool { return strings.HasPrefix(m.first, "BYE ") })
}

// ring answers a call that comes in with 180 Ringing.
func (l *line) ring(call message) {
	l.t.Helper()
	text := "SIP/2.0 180 Ringing\r\n"
	for _, name := range []string{"Via", "From", "Call-ID", "CSeq"} {
		text += name + ": " + call.header.Get(name) + "\r\n"
	}
	text += "To: " + call.header.Get("To") + ";tag=citizen\r\nContent-Length: 0\r\n\r\n"
	_, err := l.socket.WriteToUDP([]byte(text), l.pbx)
	require.NoError(l.t, err)
}

var quoted = regexp.MustCompile(`(\w+)="([^"]*)"`)

// prove answers a digest challenge (RFC 2617, MD5 with qop=auth).
func prove(challenge message, method, uri, user, password string) string {
	asked := map[string]string{}
	for _, pair := range quoted.FindAllStringSubmatch(challenge.header.Get("WWW-Authenticate"), -1) {
		asked[pair[1]] = pair[2]
	}
	hash := func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) }
	response := hash(strings.Join([]string{
		hash(user + ":" + asked["realm"] + ":" + password), asked["nonce"], "00000001", "0a", "auth", hash(method + ":" + uri),
	}, ":"))
	return fmt.Sprintf("Authorization: Digest username=%q,realm=%q,nonce=%q,uri=%q,response=%q,qop=auth,nc=00000001,cnonce=\"0a\",opaque=%q,algorithm=MD5\r\n",
		user, asked["realm"], asked["nonce"], uri, response, asked["opaque"])
}
