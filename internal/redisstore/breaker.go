package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// errOpen is what the breaker answers in place of Redis.
var errOpen = errors.New("redisstore: Redis has not answered; it is asked again every quarter of a second")

const (
	// failuresToOpen in a row, with no success between, open the breaker.
	failuresToOpen = 3
	// probeEvery is how often one request is let through an open breaker.
	probeEvery = 250 * time.Millisecond
)

// breaker keeps requests from waiting in line for a Redis that is gone. Closed,
// it lets all through. Open, it lets one through every quarter of a second; the
// first that succeeds closes it.
type breaker struct {
	failures atomic.Int32
	// next is when the next request may go through an open breaker, in
	// nanoseconds since start, on a clock that no clock step moves.
	next  atomic.Int64
	start time.Time
	// cause is why the last request failed.
	cause atomic.Pointer[error]
}

func (b *breaker) since() int64 { return int64(time.Since(b.start)) }

func (b *breaker) allow() error {
	if b.failures.Load() < failuresToOpen {
		return nil
	}
	now, next := b.since(), b.next.Load()
	if now < next || !b.next.CompareAndSwap(next, now+int64(probeEvery)) {
		if cause := b.cause.Load(); cause != nil {
			return fmt.Errorf("%w; the last time: %w", errOpen, *cause)
		}
		return errOpen
	}
	return nil
}

func (b *breaker) succeeded() {
	if b.failures.Load() != 0 {
		b.failures.Store(0)
	}
}

func (b *breaker) failed(err error) {
	b.cause.Store(&err)
	if b.failures.Add(1) >= failuresToOpen {
		b.next.Store(b.since() + int64(probeEvery))
	}
}

// report tells the breaker how a request went and returns the error with what
// to do about it. The answers with which a living Redis refuses a write do not
// open the breaker, since reads go on.
func (d *db) report(ctx context.Context, err error) error {
	if err == nil {
		d.breaker.succeeded()
		return nil
	}
	var answer redis.Error
	switch {
	case errors.As(err, &answer) && !loads(err):
		d.breaker.succeeded()
	case errors.Is(ctx.Err(), context.Canceled): // the caller gave up; that says nothing of Redis
	default:
		err = withCure(err)
		d.breaker.failed(err)
		return err
	}
	return withCure(err)
}

// withCure says of an error of Redis what to do about it.
func withCure(err error) error {
	if errors.Is(err, ErrBehind) {
		return fmt.Errorf("%w (%s)", err, cureBehind)
	}
	if cure := cureFor(err); cure != "" {
		return fmt.Errorf("redisstore: %w (%s)", err, cure)
	}
	return fmt.Errorf("redisstore: %w", err)
}

// wrote notes how the last write went, as it was reported. Reads of a Redis that
// refuses to write succeed, and so does its PING: only writes tell. Whoever plans
// writes every two seconds (the lease), so that what is noted is not older.
func (d *db) wrote(err error) {
	var answer redis.Error
	switch {
	case err == nil:
		d.refused.Store(nil)
	case errors.As(err, &answer) && !loads(err) && cureFor(err) != "":
		d.refused.Store(&err)
	}
}

// refuses is with what Redis has refused the last write; nil: it has not.
func (d *db) refuses() error {
	if err := d.refused.Load(); err != nil {
		return *err
	}
	return nil
}

// loads tells the answers of a Redis that can't even read.
func loads(err error) bool {
	return redis.HasErrorPrefix(err, "LOADING") || redis.HasErrorPrefix(err, "BUSY ")
}

// cureBehind is what to do about replicas that do not follow.
const cureBehind = "nothing is promised until they follow: look into the logs of the replicas, or lower redis.replicas in the configuration"

// cureFor names what the operator has to do, for the answers of a Redis that
// can't serve.
func cureFor(err error) string {
	for prefix, cure := range map[string]string{
		"READONLY":   "this Redis is a replica: give the address of the master",
		"ERR WAIT":   "this Redis is a replica: give the address of the master",
		"OOM":        "Redis is full: raise maxmemory",
		"MISCONF":    "Redis can't write its append-only file: make room on its disk and look into its log",
		"NOREPLICAS": "Redis misses the replicas that min-replicas-to-write asks for",
		"LOADING":    "Redis is loading its append-only file: wait",
		"BUSY ":      "Redis is held up by somebody's script: SCRIPT KILL",
		"NOAUTH":     "set the user and password of Redis",
		"WRONGPASS":  "correct the user and password of Redis",
		"NOPERM":     "let the Redis user run its commands on the keys of every tenant, node and lease",
	} {
		if redis.HasErrorPrefix(err, prefix) {
			return cure
		}
	}
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return "start Redis, or correct its address"
	}
	return ""
}
