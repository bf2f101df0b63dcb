package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

// Tries are how often somebody may try to be identified before nobody is
// looked up any more and a person takes over. A codice fiscale can be computed
// from a name and a birthday, and five figures of a card can be guessed by whoever
// may try often enough.
type Tries struct {
	PerCaller int // from one number in 24 hours; 0: any
	PerCode   int // with one code, or one that could be meant for the same citizen, in 24 hours; 0: any
	Failures  int // that failed, of all callers together, in an hour; 0: any
}

// DefaultTries lets husband and wife slip, and stops a machine: with these, five
// figures are guessed once in twenty thousand codes.
func DefaultTries() Tries { return Tries{PerCaller: 10, PerCode: 5, Failures: 3000} }

// Windows of the limits, and how long nobody is looked up once too many failed.
const (
	triesWindow    = 24 * time.Hour
	failuresWindow = time.Hour
	tripFor        = 10 * time.Minute
)

// maxMeant bounds the citizens on whom one try is counted.
const maxMeant = 8

// subject is something on which tries are counted.
type subject struct {
	kind  string
	value string
	limit int
}

// meant are the citizens of whom a try could be: whoever guesses at one does
// not get more tries by slipping on purpose. Their rows are numbered anew by an
// import of the register, which at worst gives a guesser the day's tries once
// more.
func (v visit) meant(keys fiscalcode.Keys) (on []subject) {
	near := append([]citizen.Candidate{}, v.Registry.Find(keys)...)
	near = append(near, v.Registry.FindNear(keys)...)
	seen := map[int]bool{}
	for _, c := range near {
		if len(on) < maxMeant && !seen[c.Row] {
			seen[c.Row] = true
			on = append(on, subject{"citizen", strconv.Itoa(c.Row), v.Tries.PerCode})
		}
	}
	return on
}

// limited counts a try and tells whether it is one too many. A question that is
// asked again, after a crash or because its answer got lost, is one try: it was
// counted when it was asked first.
func (v visit) limited(ctx context.Context, on []subject) (bool, error) {
	v.mu.Lock()
	tripped := v.Now.Before(v.tripped[v.tenant])
	v.mu.Unlock()
	asked, err := v.cfg.Limits.Count(ctx, v.tenant, []string{v.digest("question", v.Key)}, triesWindow)
	if err != nil || tripped || asked[0] > 1 {
		return tripped, err
	}
	keys := make([]string, len(on))
	for i, s := range on {
		keys[i] = v.digest(s.kind, s.value)
	}
	counts, err := v.cfg.Limits.Count(ctx, v.tenant, keys, triesWindow)
	if err != nil {
		return false, err
	}
	for i, s := range on {
		if s.limit > 0 && counts[i] > s.limit {
			return true, nil
		}
	}
	return false, nil
}

// failed counts a try that found nobody.
func (v visit) failed(ctx context.Context) error {
	if v.Tries.Failures == 0 {
		return nil
	}
	counts, err := v.cfg.Limits.Count(ctx, v.tenant, []string{v.digest("failures", "")}, failuresWindow)
	if err != nil {
		return err
	}
	if counts[0] > v.Tries.Failures {
		v.mu.Lock()
		v.tripped[v.tenant] = v.Now.Add(tripFor)
		v.mu.Unlock()
	}
	return nil
}

// digest names something without saying what it is.
func (v visit) digest(kind, value string) string {
	mac := hmac.New(sha256.New, v.cfg.Secret)
	for _, part := range []string{v.tenant, kind, value} {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
