package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrBehind means that fewer replicas than Options.Replicas have what was
// written, or read, in time: a failover could lose it, so it is as little known
// whether it was done as when Redis had not answered.
var ErrBehind = errors.New("redisstore: too few replicas have it")

const (
	defaultReplicaWait = 500 * time.Millisecond
	// longestReplicaWait leaves room for the writing itself within answerTimeout.
	longestReplicaWait = 1500 * time.Millisecond
)

// following has Redis wait, after each request, until enough replicas have
// all that it knew when it answered; what they do not have in time is not known
// to be done. It asks by WAIT on the connection of the request, right behind it:
// one WAIT serves a whole convoy.
//
// WAIT goes by how far Redis itself had come when the connection's last command
// was done, not by what that command wrote. So a repeated save that finds its own
// write, and writes nothing, is not confirmed either before the first one is on
// the replicas. For the same reason readers wait: what they read, and what is
// said because of it, could still be lost.
//
// WAIT tells that a replica has received a write, not that it is on the replica's
// disk (https://redis.io/docs/latest/commands/wait/). It takes both machines at
// once to lose one.
type following struct {
	rdb      *redis.Client
	replicas int
	wait     time.Duration
}

// follow has the requests of a client wait for replicas.
func follow(rdb *redis.Client, replicas int, wait time.Duration) {
	if wait <= 0 {
		wait = defaultReplicaWait
	}
	rdb.AddHook(following{rdb, replicas, min(wait, longestReplicaWait)})
}

// waits tells whether a command is ours: not one of those that set up a
// connection, and none that asks about Redis itself.
func waits(cmd redis.Cmder) bool {
	switch strings.ToLower(cmd.Name()) {
	case "hello", "auth", "select", "client", "info", "config", "time":
		return false
	}
	return true
}

// DialHook implements redis.Hook.
func (f following) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook: a single request becomes a pair, so that
// WAIT goes on its connection.
func (f following) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !waits(cmd) {
			return next(ctx, cmd)
		}
		pipe := f.rdb.Pipeline()
		_ = pipe.Process(ctx, cmd) // it only queues
		_, err := pipe.Exec(ctx)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (f following) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !waits(cmds[0]) {
			return next(ctx, cmds)
		}
		reached := redis.NewIntCmd(ctx, "wait", f.replicas, f.wait.Milliseconds())
		_ = next(ctx, append(slices.Clip(cmds), reached)) // each command has its error
		short := reached.Err()
		if short == nil && reached.Val() < int64(f.replicas) {
			short = fmt.Errorf("%w: %d of %d within %v", ErrBehind, reached.Val(), f.replicas, f.wait)
		}
		var first error
		for _, cmd := range cmds {
			if err := cmd.Err(); short != nil && (err == nil || errors.Is(err, redis.Nil)) {
				cmd.SetErr(short)
			}
			if first == nil {
				first = cmd.Err()
			}
		}
		return first
	}
}

// ProcessTxPipelineHook has nothing to do: there are no transactions here.
func (f following) ProcessTxPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Sentinel names the master by the name under which Redis Sentinel watches it.
type Sentinel struct {
	Master   string
	Addrs    []string // HOST:PORT of the Sentinels
	Username string   // of the Sentinels' own access list
	Password string
}

// watched is a client that asks Sentinel who is the master, and that lets go of
// it when another one is.
func watched(s Sentinel, o *redis.Options) *redis.Client {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: s.Master, SentinelAddrs: s.Addrs, SentinelUsername: s.Username, SentinelPassword: s.Password,
		Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		ContextTimeoutEnabled: o.ContextTimeoutEnabled, MaxRetries: o.MaxRetries, DialerRetries: o.DialerRetries,
		PoolSize: o.PoolSize, MaxActiveConns: o.MaxActiveConns, PoolTimeout: o.PoolTimeout,
		ReadBufferSize: o.ReadBufferSize, WriteBufferSize: o.WriteBufferSize,
		PipelinePoolSize: -1, // what one connection pool bounds is bounded
		Protocol:         o.Protocol, DisableIdentity: o.DisableIdentity,
	})
}

// Client is a client of the Redis that the options name, with none of what the
// stores add. Close it after use.
func Client(o Options) *redis.Client { return connect(o, clientOptions(o)) }

func connect(o Options, how *redis.Options) *redis.Client {
	if o.Sentinel.Master != "" {
		return watched(o.Sentinel, how)
	}
	return redis.NewClient(how)
}
