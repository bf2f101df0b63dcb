package ari

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mouth answers each request on each connection with the same bytes, and closes
// the connection after an answer, or keeps it.
type mouth struct {
	address string
	asked   atomic.Int32
	opened  atomic.Int32
}

func newMouth(t testing.TB, says string, closes bool) *mouth {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	m := &mouth{address: "http://" + listener.Addr().String() + "/ari"}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			m.opened.Add(1)
			go m.serve(conn, says, closes)
		}
	}()
	return m
}

func (m *mouth) serve(conn net.Conn, says string, closes bool) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		asked, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, asked.Body)
		m.asked.Add(1)
		if _, err := io.WriteString(conn, says); err != nil || closes {
			return
		}
	}
}

func ask(t *testing.T, c *client, r request) (status int, body []byte, err error) {
	t.Helper()
	return c.exchange(t.Context(), time.Now().Add(patient), &r)
}

func (c *client) idling() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, tt := range map[string]struct {
		says   string
		closes bool
		status int
		body   string
		kept   int // connections that are used again
	}{
		"no body":              {"HTTP/1.1 204 No Content\r\nServer: \r\nContent-Length: 0\r\n\r\n", false, 204, "", 1},
		"no length, no body":   {"HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", 1},
		"a body":               {ok + "Content-length: 2\r\n\r\n[]", false, 200, "[]", 1},
		"a refusal":            {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", false, 404, "{}", 1},
		"in chunks":            {ok + "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n", false, 200, "[]", 1},
		"the last":             {ok + "Connection: close\r\nContent-Length: 2\r\n\r\n[]", false, 200, "[]", 0},
		"of an older protocol": {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]", false, 200, "[]", 0},
		"as long as it lasts":  {ok + "\r\n[]", true, 200, "[]", 0},
		"after an interim one": {"HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 2\r\n\r\n[]", false, 200, "[]", 1},
		"and more than asked":  {"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", false, 204, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMouth(t, tt.says, tt.closes)
			c := newClient(m.address, "user", "secret")
			t.Cleanup(c.closeIdle)
			for range 2 {
				status, body, err := ask(t, c, request{method: http.MethodPost, path: "/x", body: []byte("{}")})
				require.NoError(t, err)
				assert.Equal(t, tt.status, status)
				assert.Equal(t, tt.body, string(body))
				assert.Equal(t, tt.kept, c.idling())
			}
			assert.EqualValues(t, 2-tt.kept, m.opened.Load())
		})
	}
}

func TestNoAnswers(t *testing.T) {
	t.Parallel()
	const number = "0212345678"
	for name, tt := range map[string]struct {
		says string
		want error
	}{
		"nothing":        {"", io.ErrUnexpectedEOF},
		"half a header":  {"HTTP/1.1 200 OK\r\nX: " + number, io.ErrUnexpectedEOF},
		"half a body":    {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + number, io.ErrUnexpectedEOF},
		"no HTTP":        {number + "\r\n\r\n", errNoHTTP},
		"no header":      {"HTTP/1.1 200 OK\r\n" + number + "\r\n\r\n", errNoHTTP},
		"no length":      {"HTTP/1.1 200 OK\r\nContent-Length: " + number + "x\r\n\r\n", errNoHTTP},
		"no chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + number + "x\r\n", errNoHTTP},
		"too long":       {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + strings.Repeat(number, mostAnswer/10), errMuch},
		"a header, ever": {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+number+"\r\n", mostAnswer/15+1), errMuch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMouth(t, tt.says, true)
			c := newClient(m.address, "user", "secret")
			_, _, err := ask(t, c, request{method: http.MethodGet, path: "/x"})
			require.ErrorIs(t, err, tt.want)
			assert.NotContains(t, err.Error(), number)
			assert.Zero(t, c.idling())
			assert.EqualValues(t, 1, m.asked.Load(), "asked once: it may have been carried out")
		})
	}
}

// A connection that the exchange has closed meanwhile is seen before a request is
// lost on it.
func TestConnectionsThatWereClosedMeanwhile(t *testing.T) {
	t.Parallel()
	m := newMouth(t, "HTTP/1.1 204 No Content\r\n\r\n", true)
	c := newClient(m.address, "user", "secret")
	t.Cleanup(c.closeIdle)
	for n := range 3 {
		_, _, err := ask(t, c, request{method: http.MethodPost, path: "/x"})
		require.NoError(t, err)
		assert.EqualValues(t, n+1, m.asked.Load())
		require.Eventually(t, func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.idle) == 1 && !c.idle[0].isOpen()
		}, patient, time.Millisecond)
	}
}

func TestConnectionsThatAreTooMany(t *testing.T) {
	t.Parallel()
	m := newMouth(t, "HTTP/1.1 204 No Content\r\n\r\n", false)
	c := newClient(m.address, "user", "secret")
	t.Cleanup(c.closeIdle)
	for range 3 {
		w, err := c.dial(t.Context(), time.Now().Add(patient))
		require.NoError(t, err)
		c.put(w)
	}
	c.mu.Lock()
	oldest := c.idle[0]
	oldest.used = oldest.used.Add(-2 * idleTimeout)
	c.mu.Unlock()
	_, _, err := ask(t, c, request{method: http.MethodGet, path: "/x"})
	require.NoError(t, err)
	assert.Equal(t, 2, c.idling())
	require.ErrorIs(t, oldest.SetDeadline(time.Now()), net.ErrClosed)
	assert.EqualValues(t, 3, m.opened.Load())
}

func TestWaitingForAConnection(t *testing.T) {
	t.Parallel()
	c := newClient("http://127.0.0.1:1/ari", "user", "secret")
	for range maxConnections {
		require.NoError(t, enter(t.Context(), time.Time{}, c.slots))
	}
	_, _, err := c.exchange(t.Context(), time.Now().Add(10*time.Millisecond), &request{method: http.MethodGet, path: "/x"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(io.ErrClosedPipe) })
	_, _, err = c.exchange(ctx, time.Now().Add(patient), &request{method: http.MethodGet, path: "/x"})
	require.ErrorIs(t, err, io.ErrClosedPipe, "why the caller gave up")
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	c := newClient("http://[::1]:8088/ari/", "user", "secret")
	assert.Equal(t, "[::1]:8088", c.address)
	const head = " HTTP/1.1\r\nHost: [::1]:8088\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n"
	for name, tt := range map[string]struct {
		request request
		want    string
	}{
		"a question":    {request{method: "GET", path: "/channels"}, "GET /ari/channels" + head + "\r\n"},
		"a command":     {request{method: "POST", path: "/x?y=1"}, "POST /ari/x?y=1" + head + "Content-Length: 0\r\n\r\n"},
		"one with more": {request{method: "PUT", path: "/x", body: []byte("{}")}, "PUT /ari/x" + head + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, string(c.write(nil, &tt.request)))
		})
	}
	for _, path := range []string{"/x y", "/x\r\nEvil: 1", "/x\x00", "/è"} {
		_, _, err := ask(t, c, request{method: http.MethodGet, path: path})
		require.ErrorIs(t, err, errUnfit)
	}
	for _, root := range []string{"", "127.0.0.1:8088", "ftp://127.0.0.1/ari", "http://", "http://a b/"} {
		_, _, err := ask(t, newClient(root, "user", "secret"), request{method: http.MethodGet, path: "/x"})
		require.ErrorIs(t, err, errNoAddress, root)
	}
	assert.Equal(t, "pbx.example:80", newClient("http://pbx.example/ari", "", "").address)
	assert.Equal(t, "pbx.example:443", newClient("https://pbx.example/ari", "", "").address)
}

func TestSecureExchange(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	t.Cleanup(server.Close)
	c := newClient(server.URL+"/ari", "user", "secret")
	t.Cleanup(c.closeIdle)
	_, _, err := ask(t, c, request{method: http.MethodGet, path: "/x"})
	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, err, &unknown, "not the exchange's certificate")
	c.secure.RootCAs = x509.NewCertPool()
	c.secure.RootCAs.AddCert(server.Certificate())
	for range 2 {
		_, body, err := ask(t, c, request{method: http.MethodGet, path: "/x"})
		require.NoError(t, err)
		assert.Equal(t, "/ari/x", string(body))
		assert.Equal(t, 1, c.idling())
	}
}

// Whatever comes is an answer or an error, and an answer after which another may
// follow ends where it ends.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nrest",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := bufio.NewReader(bytes.NewReader(raw))
		status, body, again, err := readAnswer(in)
		if err != nil {
			return
		}
		require.NotEqual(t, 1, status/100)
		require.LessOrEqual(t, len(body), len(raw))
		rest, err := io.ReadAll(in)
		require.NoError(t, err)
		if !again || len(rest) > 0 {
			return
		}
		in = bufio.NewReader(io.MultiReader(bytes.NewReader(raw), bytes.NewReader(raw)))
		for range 2 {
			status2, body2, again2, err := readAnswer(in)
			require.NoError(t, err)
			require.Equal(t, status, status2)
			require.Equal(t, body, body2)
			require.True(t, again2)
		}
	})
}
