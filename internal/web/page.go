package web

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Exchange is where telephones in browsers speak SIP; ari.Line is.
type Exchange interface {
	// OpenPhone makes the telephone of a name, which a password opens. It replaces the one
	// of before.
	OpenPhone(ctx context.Context, name, password string) error
	// PhoneSocket is where the exchange speaks SIP over WebSocket (RFC 7118).
	PhoneSocket() *url.URL
}

// phonePath is where the page speaks SIP over WebSocket, through us.
const phonePath = "/phone"

// pagePath is where the files of the page are.
const pagePath = "/console/"

// getPage serves the page of the agents.
func (a *api) getPage(w http.ResponseWriter, r *http.Request, _ Key) error {
	return a.servePage(w, r, "index.html")
}

func (a *api) getPageFile(w http.ResponseWriter, r *http.Request, _ Key) error {
	return a.servePage(w, r, r.PathValue("file"))
}

// servePage serves one of the page's files. They are looked at anew each time, which
// costs little: after an upgrade nobody has the page of before.
func (a *api) servePage(w http.ResponseWriter, r *http.Request, name string) error {
	file, err := a.Page.Open(name)
	if err != nil {
		return ErrNotFound
	}
	defer file.Close()
	content, ok := file.(io.ReadSeeker)
	if about, err := file.Stat(); !ok || err != nil || about.IsDir() {
		return ErrNotFound
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
	http.ServeContent(w, r, name, time.Time{}, content)
	return nil
}

// joinPhone connects the SIP of a page with the exchange, which is to be reached in no
// other way: who comes has signed in, and from a page of ours.
func (a *api) joinPhone(w http.ResponseWriter, r *http.Request, who Key) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		return problemUpgrade
	}
	if from, err := url.Parse(r.Header.Get("Origin")); err != nil || from.Host == "" || !strings.EqualFold(from.Host, r.Host) {
		return problemCrossOrigin
	}
	ctx, stop := a.visit(r.Context(), "phone of "+who.Agent, who.ends)
	defer stop()
	socket := a.Exchange.PhoneSocket()
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL, p.Out.Host = socket, socket.Host
			for _, secret := range []string{"Authorization", "Cookie", "Origin"} {
				p.Out.Header.Del(secret)
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // it quotes addresses
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			a.problem(w, problemUnavailable.with("The exchange does not answer. The page tries again by itself."))
		},
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
	return nil
}

// mostVisits bounds what goes on for hours at once of one kind and agent. A page that comes
// back leaves a connection behind when its network was gone, so one is not enough; and
// each is a thread of the exchange's, which commands wait for too.
const mostVisits = 3

// visit is untilClosing for what an agent's pages do. One too many ends the oldest.
func (a *api) visit(ctx context.Context, name string, ends time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := untilClosing(ctx, ends, a.Now)
	v := &visit{cancel}
	a.mu.Lock()
	defer a.mu.Unlock()
	there := append(a.visits[name], v)
	if len(there) > mostVisits {
		there[0].end()
		there = there[1:]
	}
	a.visits[name] = there
	return ctx, func() {
		cancel()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.visits[name] = slices.DeleteFunc(slices.Clone(a.visits[name]), func(other *visit) bool { return other == v })
		if len(a.visits[name]) == 0 {
			delete(a.visits, name)
		}
	}
}

// visit is one that goes on.
type visit struct{ end context.CancelFunc }

// closingKey is the name in a request's context of a channel that is closed when the
// server stops: what goes on for hours ends then, what takes a moment is finished.
type closingKey struct{}

// longestVisit bounds what goes on by a key, which has no end: whoever it is comes back.
const longestVisit = 24 * time.Hour

// untilClosing ends with ctx, when the server stops, and when a session ends; the zero
// time is that of a key.
func untilClosing(ctx context.Context, ends time.Time, now func() time.Time) (context.Context, context.CancelFunc) {
	closing, _ := ctx.Value(closingKey{}).(<-chan struct{})
	left := longestVisit
	if !ends.IsZero() {
		left = ends.Sub(now())
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	go func() {
		defer cancel()
		select {
		case <-closing:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
