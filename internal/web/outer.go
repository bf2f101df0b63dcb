package web

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// Headers that go with every answer. The content is data, never a page; what
// the browser may do with it is nothing.
func secure(h http.Header, tls bool) {
	h.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if tls { // over plain HTTP the header must not be sent (RFC 6797, 7.2)
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

const requestIDHeader = "X-Request-Id"

// requestID names a request in answer and log.
func requestID(w http.ResponseWriter) string { return w.Header().Get(requestIDHeader) }

// observed remembers what was answered, and to whom.
type observed struct {
	http.ResponseWriter
	now    func() time.Time
	status int
	at     time.Time // when the answer began: an answer may go on for hours
	who    Key
}

func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status, o.at = status, o.now()
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status, o.at = http.StatusOK, o.now()
	}
	return o.ResponseWriter.Write(b)
}

// Hijack gives the connection to a WebSocket.
func (o *observed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if o.status == 0 {
		o.status, o.at = http.StatusSwitchingProtocols, o.now()
	}
	return http.NewResponseController(o.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// noteKey keeps whose request it is, for the log.
func noteKey(w http.ResponseWriter, who Key) {
	if o, ok := w.(*observed); ok {
		o.who = who
	}
}

// outer is around every route: headers, protection against pages of other
// sites, log, metrics, and an answer when the code breaks.
func (a *api) outer(pattern string, next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.problem(w, problemCrossOrigin) }))
	next = cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := a.Now()
		o := &observed{ResponseWriter: w, now: a.Now}
		secure(w.Header(), r.TLS != nil)
		w.Header().Set(requestIDHeader, rand.Text())
		defer func() {
			if broken := recover(); broken != nil {
				// The value may hold anything; its type and the stack do not.
				a.Log.Error("request broke the code", "request", requestID(w), "route", pattern, "type", fmt.Sprintf("%T", broken), "stack", string(debug.Stack()))
				if o.status == 0 {
					a.problem(o, problemInternal)
				}
			}
			if o.at.IsZero() { // nobody was there any more to be answered
				o.at = a.Now()
			}
			took := o.at.Sub(began)
			a.Observer.Served(r.Method, pattern, o.status, took)
			a.Log.Info("request", "request", requestID(w), "method", shownMethod(r.Method), "route", pattern, "status", o.status,
				"took", took, "tenant", o.who.Tenant, "channel", string(o.who.Channel))
		}()
		next.ServeHTTP(o, r)
	})
}

// shownMethod keeps what was made up out of the log.
func shownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return method
	}
	return "other"
}

func reply(w http.ResponseWriter, status int, v any) error {
	writeJSON(w, status, "application/json", v)
	return nil
}

// writeJSON writes an answer. What is written here is made of strings, numbers
// and times, which always can be; and who has gone cannot be told of an error.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// since tells a time as answers do: UTC, and nothing for none.
func since(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}
