package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// convoy is how scripts that write go to Redis. A few go alone and at once, each
// on a connection of its own; those that come while so many are under way wait
// for the first to be back and then travel together, in one write and one read.
// Under load that spares Redis and this process half of their work, and Redis
// waits for the disk once for all that came together. Nothing waits in order to
// become more.
//
// Each script is still answered by itself, and only once its own writing is on
// disk.
type convoy struct {
	rdb *redis.Client

	mu      sync.Mutex
	abroad  int // scripts alone and convoys that are under way
	waiting []*passenger
}

const (
	// abroadAtOnce is how many may be under way: enough that Redis has the next
	// at hand while others are on their way back, and few enough that a convoy
	// is worth it.
	abroadAtOnce = 4
	// convoySize bounds a convoy, so that Redis serves others in between.
	convoySize = 128
)

// passenger is a script that waits for its convoy.
type passenger struct {
	ctx    context.Context
	script *redis.Script
	keys   []string
	args   []any

	back   chan struct{} // closed when the answer is there
	answer any
	err    error
}

func (p *passenger) arrive(answer any, err error) {
	p.answer, p.err = answer, err
	close(p.back)
}

// run runs a script and waits for its answer, or until ctx ends: it is then not
// known whether it was run.
func (c *convoy) run(ctx context.Context, script *redis.Script, keys []string, args []any) (any, error) {
	c.mu.Lock()
	if c.abroad < abroadAtOnce {
		c.abroad++
		c.mu.Unlock()
		answer, err := script.Run(ctx, c.rdb, keys, args...).Result()
		if next := c.next(ctx, err); next != nil {
			go c.travel(next)
		}
		return answer, err
	}
	p := &passenger{ctx: ctx, script: script, keys: keys, args: args, back: make(chan struct{})}
	c.waiting = append(c.waiting, p)
	c.mu.Unlock()
	select {
	case <-p.back:
		return p.answer, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// next gives those who go now that somebody is back, with this error; nil, and
// one less abroad, when nobody waits. If Redis was not reached, those who wait
// are not made to wait for it again: their scripts have not been run. Who was
// in more haste than Redis is given tells nothing of it.
func (c *convoy) next(ctx context.Context, err error) []*passenger {
	c.mu.Lock()
	defer c.mu.Unlock()
	var answer redis.Error
	if err != nil && !errors.As(err, &answer) && !over(ctx) {
		for _, p := range c.waiting {
			p.arrive(nil, err)
		}
		c.waiting = nil
	}
	n := min(len(c.waiting), convoySize)
	if n == 0 {
		c.abroad--
		return nil
	}
	next := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return next
}

// over tells whether a context has ended. The connection's deadline is the
// context's, and may be noticed first.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// travel goes as long as somebody waits.
func (c *convoy) travel(next []*passenger) {
	for next != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*answerTimeout) // the connection's own ends before
		next = c.next(ctx, c.exec(ctx, next))
		cancel()
	}
}

// exec has the scripts of a convoy run and gives everybody the answer. The error
// is that Redis was not reached, or one of its answers.
func (c *convoy) exec(ctx context.Context, all []*passenger) error {
	cmds := make([]*redis.Cmd, len(all))
	_, err := c.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, p := range all {
			if p.ctx.Err() == nil { // else nobody waits for it
				cmds[i] = p.script.EvalSha(ctx, pipe, p.keys, p.args...)
			}
		}
		return nil
	})
	for i, p := range all {
		if cmds[i] == nil {
			p.arrive(nil, p.ctx.Err())
			continue
		}
		answer, err := cmds[i].Result()
		if redis.HasErrorPrefix(err, "NOSCRIPT") { // Redis has forgotten it, and did not run it
			answer, err = p.script.Eval(ctx, c.rdb, p.keys, p.args...).Result()
		}
		p.arrive(answer, err)
	}
	return err
}
