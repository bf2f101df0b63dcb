package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every route is described, and every description is a route.
func TestDescriptionAndRoutesAgree(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openAPI))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			described = append(described, method+" "+path)
			open := op.Security != nil && len(*op.Security) == 0
			for _, r := range routes() {
				if r.method == method && r.pattern == path {
					assert.Equal(t, r.open, open, "%s %s", method, path)
					for _, c := range r.channels {
						assert.Contains(t, op.Description, string(c), "%s %s names who may", method, path)
					}
				}
			}
		}
	}
	for _, r := range routes() {
		served = append(served, r.method+" "+r.pattern)
	}
	assert.ElementsMatch(t, described, served)
}

// The description knows every problem.
func TestEveryProblemIsDescribed(t *testing.T) {
	t.Parallel()
	for _, p := range []problem{
		problemUnauthorized, problemForbidden, problemNotJudge, problemTooMany, problemCrossOrigin, problemNotFound, problemMethod, problemMediaType, problemTooLarge,
		problemBadRequest, problemInvalid, problemNoKey, problemKeyReused, problemRegistered, problemUnknown, problemNotEligible, problemConflict,
		problemUnavailable, problemInternal, problemWrongPassword, problemUpgrade, problemOutcome, problemNoTalk, problemNotAlone, problemHalfDayFull,
	} {
		assert.Contains(t, string(openAPI), "- urn:richiamo:problem:"+p.name+"\n")
	}
}

func TestWhereNothingIs(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	a := h.do(Admin, "GET", "/api/v2/return-calls", nil)
	assert.Equal(t, "not-found", a.problem())
	assert.Equal(t, "not-found", h.do("", "GET", "/nothing", nil).problem())
	b := h.do(Admin, "PATCH", "/api/v1/return-calls", nil)
	assert.Equal(t, "method-not-allowed", b.problem())
	assert.Equal(t, "GET, HEAD, POST", b.Header.Get("Allow"))
}

func TestHeadersEverywhere(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	for _, url := range []string{"/healthz", "/nowhere", "/api/v1/return-calls", "/api/openapi.yaml", "/metrics"} {
		a := h.do("", "GET", url, nil)
		assert.Equal(t, "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'", a.Header.Get("Content-Security-Policy"), url)
		assert.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), url)
		assert.Equal(t, "no-referrer", a.Header.Get("Referrer-Policy"), url)
		assert.Equal(t, "no-store", a.Header.Get("Cache-Control"), url)
		assert.Empty(t, a.Header.Get("Strict-Transport-Security"), "not over plain HTTP")
		assert.NotEmpty(t, a.Header.Get("X-Request-Id"), url)
	}
	server := httptest.NewTLSServer(h.handler)
	defer server.Close()
	r, err := server.Client().Get(server.URL + "/healthz")
	require.NoError(t, err)
	defer r.Body.Close()
	assert.Equal(t, "max-age=31536000; includeSubDomains", r.Header.Get("Strict-Transport-Security"))
}

// What a page of another site makes a browser send changes nothing, even with a
// key.
func TestPagesOfOtherSites(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			url := map[string]string{"POST": "/api/v1/return-calls", "PUT": "/api/v1/agents/agent1/state", "DELETE": "/api/v1/return-calls/x"}[method]
			a := h.do(Admin, method, url, returnCall(), header...)
			assert.Equal(t, 403, a.Status)
			assert.Equal(t, "cross-origin", a.problem())
		}
		assert.Equal(t, 200, h.do(Admin, "GET", "/api/v1/agents", nil, header...).Status)
	}
	assert.Equal(t, 201, h.do(Admin, "POST", "/api/v1/return-calls", returnCall(), "Idempotency-Key", "k", "Sec-Fetch-Site", "same-origin").Status)
	assert.Len(t, h.tickets, 1)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	a := h.do("", "GET", "/api/v1/agents", nil)
	assert.Equal(t, 401, a.Status)
	assert.Equal(t, `Bearer realm="richiamo"`, a.Header.Get("WWW-Authenticate"))
	for _, header := range []string{"Bearer", "Bearer ", "Basic " + keyOf(Admin), keyOf(Admin), "Bearer " + keyOf(Admin) + "x", "Bearer " + strings.ToUpper(keyOf(Admin))} {
		assert.Equal(t, 401, h.do("", "GET", "/api/v1/agents", nil, "Authorization", header).Status, header)
	}
	assert.Equal(t, 7, h.authFailures)
	assert.Equal(t, 200, h.do("", "GET", "/api/v1/agents", nil, "Authorization", "bearer "+keyOf(Admin)).Status)
}

func TestManyWrongKeys(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	for range wrongKeys {
		require.Equal(t, 401, h.do("wrong", "GET", "/api/v1/agents", nil).Status)
	}
	for _, channel := range []Channel{"wrong", Admin} { // the answer to a guess is no answer
		a := h.do(channel, "GET", "/api/v1/agents", nil)
		assert.Equal(t, 429, a.Status)
		assert.Equal(t, "1", a.Header.Get("Retry-After"))
	}
	assert.Equal(t, 200, h.do("", "GET", "/healthz", nil).Status)
	h.now = h.now.Add(time.Second)
	assert.Equal(t, 200, h.do(Admin, "GET", "/api/v1/agents", nil).Status)
	assert.Equal(t, 401, h.do("wrong", "GET", "/api/v1/agents", nil).Status)
	assert.Equal(t, 429, h.do("wrong", "GET", "/api/v1/agents", nil).Status)
	h.now = h.now.Add(time.Hour)
	for range wrongKeys {
		require.Equal(t, 401, h.do("wrong", "GET", "/api/v1/agents", nil).Status)
	}
	for range 2 * wrongKeys { // without a key nobody guesses
		require.NotEqual(t, 200, h.do("", "GET", "/api/v1/agents", nil).Status)
	}
}

func TestFewFailedAddressesAreKept(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	f := newFailures(func() time.Time { return now }, wrongKeys, forgiveness)
	for i := range 3 * addresses {
		f.add(net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)).String())
		if i%1000 == 0 {
			now = now.Add(time.Second)
		}
	}
	assert.LessOrEqual(t, len(f.at), addresses)
}

// A handler that breaks is answered, and the log does not repeat what it broke
// on.
func TestBrokenHandler(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.calls = nil
	a := &api{Deps: Deps{Log: slog.New(slog.NewTextHandler(h.log, nil)), Now: time.Now, Observer: h.world}}
	rec := httptest.NewRecorder()
	a.outer("/x", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret " + lucia) })).
		ServeHTTP(rec, httptest.NewRequest("GET", "/x", nil))
	assert.Equal(t, 500, rec.Code)
	assert.Contains(t, rec.Body.String(), "urn:richiamo:problem:internal")
	assert.Contains(t, h.log.String(), "type=string")
	assert.NotContains(t, h.log.String(), lucia)
}

// No personal data and no path in the log, whatever was sent.
func TestLogNamesThePattern(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.do(Portal, "POST", "/api/v1/return-calls", returnCall("note", "segreto"), "Idempotency-Key", "segreto")
	h.do(Admin, "GET", "/api/v1/registrations?fiscal_code="+lucia, nil)
	h.do(Admin, "GET", "/api/v1/calls/"+luciaPhone, nil)
	h.do(Admin, "GET", "/"+lucia, nil)
	h.do("segreto", "GET", "/api/v1/agents", nil)
	log := h.log.String()
	for _, secret := range []string{lucia, luciaPhone, "segreto", "fiscal_code"} {
		assert.NotContains(t, log, secret)
	}
	assert.Contains(t, log, "route=/api/v1/calls/{id} status=404")
	assert.Contains(t, log, "tenant=demo channel=portal")
	assert.Contains(t, h.served, "GET /api/v1/calls/{id} 404")
	assert.Contains(t, h.served, "GET (none) 404")
}

// The server starts, answers, and lets the request in hand finish.
func TestServe(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "done")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, handler, TLS{}) }()
	got := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}()
	<-entered
	stop()
	close(leave)
	assert.Equal(t, "done", <-got)
	assert.NoError(t, <-served)
}

func TestServeTellsThatItCannot(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	assert.ErrorContains(t, Serve(t.Context(), l, http.NotFoundHandler(), TLS{}), "the server stopped")
	l, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	assert.ErrorContains(t, Serve(t.Context(), l, http.NotFoundHandler(), TLS{"none.pem", "none.pem"}), "none.pem")
	_ = l.Close()
}

// pipes is a listener whose connections live in memory, so that time in the test
// can be virtual.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p.conns); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// Whoever sends a byte now and then, to keep a connection for ever, is cut off.
func TestSlowSenderIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn)}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- Serve(ctx, l, http.NotFoundHandler(), TLS{}) }()
		client, server := net.Pipe()
		l.conns <- server
		began := time.Now()
		gaveUp := make(chan struct{})
		go func() {
			defer close(gaveUp)
			for _, c := range []byte("GET / HTTP/1.1\r\nX-Slow: " + strings.Repeat("a", 1000)) {
				if _, err := client.Write([]byte{c}); err != nil {
					return
				}
				<-time.After(time.Second)
			}
		}()
		_, err := io.Copy(io.Discard, bufio.NewReader(client))
		assert.NoError(t, err, "the server has closed")
		assert.LessOrEqual(t, time.Since(began), headerTimeout+time.Second)
		_ = client.Close()
		<-gaveUp
		stop()
		assert.NoError(t, <-served)
	})
}

func BenchmarkGetReturnCall(b *testing.B) {
	w := &world{now: time.Now(), byKey: map[string]string{}}
	_, err := w.CreateReturn(b.Context(), "demo", "k", handedOver(b))
	require.NoError(b, err)
	handler := New(Deps{
		Keys:    []Key{{Tenant: "demo", Channel: Portal, SHA256: sha256.Sum256([]byte(keyOf(Portal)))}},
		Tickets: w, ReturnCalls: w, Center: w, Registrations: list{w}, Calls: w, Health: w, Observer: quiet{},
		Metrics: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("GET", "/api/v1/return-calls/t000", nil)
		r.Header.Set("Authorization", "Bearer "+keyOf(Portal))
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code != 200 {
			b.Fatal(rec.Code)
		}
	}
}

func handedOver(tb testing.TB) dispatch.ReturnCall {
	number, err := phone.Parse(luciaPhone)
	require.NoError(tb, err)
	return dispatch.ReturnCall{Citizen: lucia, Phone: number, Purpose: queue.Verification, Channel: string(Portal)}
}

type quiet struct{}

func (quiet) Served(string, string, int, time.Duration) {}
func (quiet) AuthFailed()                               {}
