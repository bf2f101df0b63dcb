package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Channel is in whose name a request is made, and so what it may do.
type Channel string

// The channels of the API.
const (
	Portal   Channel = "portal"
	Pharmacy Channel = "pharmacy"
	GP       Channel = "gp" // family doctors
	Agents   Channel = "agent"
	Admin    Channel = "admin"
)

// Key is one API key. Only its digest is known here.
type Key struct {
	Tenant  string
	Channel Channel
	SHA256  [sha256.Size]byte

	// Agent is who has signed in; empty: a key was shown. ends is when the session does.
	Agent string
	ends  time.Time
}

// owns tells whether a thing that a channel handed over is there for the key.
func (k Key) owns(channel string) bool {
	return k.Channel == Admin || channel == string(k.Channel)
}

// judgesSymptoms tells whether a key may say that a symptom can't wait: a doctor's, or
// one that may do everything. Who only takes down requests may not, or all would.
func (k Key) judgesSymptoms() bool { return k.Channel == GP || k.Channel == Admin }

// authenticate finds the key of a request, or who has signed in. Every known key is compared, each in
// constant time, so that the time tells nothing of them.
func (a *api) authenticate(r *http.Request) (Key, *problem) {
	from := remote(r)
	if wait := a.failed.wait(from); wait > 0 {
		p := problemTooMany
		p.retryAfter = wait
		return Key{}, &p
	}
	if r.Header.Get("Authorization") == "" {
		if who, ok := a.signedIn(r); ok {
			return who, nil
		}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := -1
	for i := range a.Keys {
		if subtle.ConstantTimeCompare(sum[:], a.Keys[i].SHA256[:]) == 1 {
			found = i
		}
	}
	if found < 0 || token == "" {
		if r.Header.Get("Authorization") != "" { // no key at all is no guess
			a.failed.add(from)
		}
		a.Observer.AuthFailed()
		p := problemUnauthorized
		return Key{}, &p
	}
	return a.Keys[found], nil
}

// remote is the address that a request came from, without the port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// How many wrong keys an address may show at once, how soon each is forgiven,
// and how many addresses are remembered.
const (
	wrongKeys   = 50
	forgiveness = time.Second
	addresses   = 10_000
)

// failures counts wrong keys by address, or wrong passwords by agent. After too many
// the address has to wait, whatever it shows: the answer to a guess is then no answer.
// Keys are too long to be guessed anyway; this keeps log and processor calm.
type failures struct {
	now         func() time.Time
	most        int           // at once
	forgiveness time.Duration // of each

	mu sync.Mutex
	at map[string]time.Time // when all that is held against the address is forgiven
}

func newFailures(now func() time.Time, most int, forgiveness time.Duration) *failures {
	return &failures{now: now, most: most, forgiveness: forgiveness, at: map[string]time.Time{}}
}

// wait tells how long an address has to wait; 0 if it may try.
func (f *failures) wait(address string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, ok := f.at[address]
	if !ok {
		return 0
	}
	return max(0, held.Sub(f.now())-time.Duration(f.most-1)*f.forgiveness)
}

func (f *failures) add(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if len(f.at) >= addresses {
		for a, until := range f.at {
			if !until.After(now) {
				delete(f.at, a)
			}
		}
		if len(f.at) >= addresses { // many guess at once: those of before begin anew
			clear(f.at)
		}
	}
	until := f.at[address]
	if until.Before(now) {
		until = now
	}
	f.at[address] = until.Add(f.forgiveness)
}
