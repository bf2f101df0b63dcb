package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// A kind of short call: who holds it.
type kind string

const (
	byDialplan kind = "dialplan" // the extension "bench"
	byRichiamo kind = "richiamo" // the service's number
)

// to is the address that a kind of call is made to.
func (s *stage) to(k kind) string {
	user := s.Asterisk.ServiceNumber
	if k == byDialplan {
		user = "bench"
	}
	return "sip:" + user + "@" + s.Asterisk.SIPAddr
}

// caller is the invented number of all callers.
const caller = "0212345678"

const (
	// keyAfter is how long the prompt is heard until the key that cuts it ends,
	// keyHeld how long the key is held.
	keyAfter = 640 * time.Millisecond
	keyHeld  = 100 * time.Millisecond
	// patience is how long a step of a call may take.
	patience = 10 * time.Second
)

// hear dials and waits until the first packet of the prompt is heard. The
// dialplan's Answer waits up to half a second for the caller's sound, so the
// answer is no moment to count from.
func (s *stage) hear(ctx context.Context, k kind) (*sip.Call, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.phone.Dial(ctx, s.to(k), caller)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if _, err := c.FirstVoiceAfter(ctx, c.Answered().Add(-time.Second)); err != nil {
		return nil, errors.Join(fmt.Errorf("the prompt is not heard: %w", err), c.Hangup())
	}
	return c, nil
}

// cut presses the key in the middle of the prompt.
func cut(ctx context.Context, c *sip.Call, after time.Duration) error {
	pause := time.NewTimer(after - keyHeld)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.Done():
		return errors.New("hung up before the key")
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.PressWith(ctx, "1", sip.KeyTiming{On: keyHeld})
}

// short makes a whole short call and makes sure that it was one: the prompt was
// cut by the key, the reply was heard to its end, the exchange hung up.
func (s *stage) short(ctx context.Context, k kind) error {
	c, err := s.hear(ctx, k)
	if err != nil {
		return err
	}
	if err := cut(ctx, c, keyAfter); err != nil {
		return errors.Join(err, c.Hangup())
	}
	return s.served(ctx, c, prompt)
}

// served waits until the exchange hangs up, and looks whether the first
// recording was cut and the reply heard whole.
func (s *stage) served(ctx context.Context, c *sip.Call, first speech.Recording) error {
	select {
	case <-c.Done():
	case <-time.After(patience):
		return errors.Join(errors.New("the exchange did not hang up"), c.Hangup())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.Hangup())
	}
	if byUs, _ := c.Ended(); byUs {
		return errors.New("it was not the exchange that hung up")
	}
	sounds := c.Sounds()
	wasCut := func(h sip.Heard) bool { return h.Names(string(first)) && !h.Complete }
	whole := func(h sip.Heard) bool { return h.Names(string(reply)) && h.Complete }
	switch {
	case !slices.ContainsFunc(sounds, wasCut):
		return errors.New("the key did not cut the prompt")
	case !slices.ContainsFunc(sounds, whole):
		return errors.New("the reply was not heard to its end")
	}
	return nil
}

// many makes n short calls, rate of which begin in a second, and waits until all
// are over. It returns how many failed, and the errors, each once.
func (s *stage) many(ctx context.Context, k kind, n, rate int) (failed int, err error) {
	var (
		mu   sync.Mutex
		all  sync.WaitGroup
		seen = map[string]bool{}
		errs []error
	)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for range n {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			err := s.short(ctx, k)
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			failed++
			if !seen[err.Error()] {
				seen[err.Error()] = true
				errs = append(errs, err)
			}
		})
	}
	all.Wait()
	return failed, errors.Join(errs...)
}
