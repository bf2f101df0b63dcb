// Package redisstore keeps calls, tickets, agents, registrations, leases and
// limits in Redis.
//
//	stores, err := redisstore.Open(ctx, redisstore.Options{
//		Addr: "/run/redis/redis.sock", Key: key, Tenants: []string{"demo"},
//	})
//	if err != nil { ... }          // options or key: the error names the cure
//	defer stores.Close()
//	stores.Calls.Save(ctx, record) // on disk when it returns
//
// What it promises, and what that rests on:
//
//   - A write that returned without an error is on disk, if Redis runs with
//     appendonly yes and appendfsync always; Durability looks whether it does.
//   - With Options.Replicas it is on so many replicas too, which have to follow for
//     anything to be done at all; see replicas.go.
//   - A change of many records is done whole or not at all: it is one script.
//   - Whoever is no longer the owner can't write: scripts compare versions and
//     terms. They decide nothing else; see scripts.go.
//   - What belongs to a person is sealed, and found by digests, under a key that
//     Redis never sees; see seal.go. All keys are made in keys.go, and how
//     tickets, agents and ledgers are packed stands in packed.go.
//   - Whoever comes while many are writing travels with others, and none waits
//     for that; see convoy.go.
//   - When Redis does not answer, or answers that it can't (it is full, loading,
//     a replica, busy, unable to write its file), the consumer's ErrUnavailable
//     comes back: at once after three failures in a row, since an open breaker
//     asks Redis only every quarter of a second. A Redis that is back is found
//     within about a second. It is then not known whether
//     the write was done.
//
// Nothing is repeated here. The caller may repeat: Save, Commit with a key, Add,
// Change, Acquire and Resign know what was done already; Create answers
// ErrExists; MayDial may be asked again; Take hands out a still higher term; Count counts one try more.
package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options say which Redis, which key file, which tenants.
type Options struct {
	Addr     string   // HOST:PORT, or the path of a unix socket
	Sentinel Sentinel // in place of Addr: it tells the address
	Username string   // of the Redis ACL; empty: the default user
	Password string
	TLS      *tls.Config // nil: none

	// Replicas is how many replicas must have a write before it counts as done:
	// as many as there are that could be promoted. Zero: none. While fewer follow
	// nothing is confirmed, and the stores answer ErrUnavailable.
	Replicas int
	// ReplicaWait is how long they are waited for. Zero: 500 ms; at most 1.5 s.
	ReplicaWait time.Duration

	// Key is 32 random bytes that never go to Redis. Without it the records
	// can't be read again: keep a copy where Redis' backups are not.
	Key []byte
	// Tenants lists all authorities that this process serves.
	Tenants []string

	// Keep is how long ended calls, tickets that are done or withdrawn, and the
	// names of changes are kept. Zero: 7 days.
	Keep time.Duration
	// Connections bounds the requests under way at once. Zero: 100.
	Connections int
}

const (
	defaultKeep        = 7 * 24 * time.Hour
	defaultConnections = 100
	dialTimeout        = time.Second
	// answerTimeout is as long as a caller may be kept waiting for the disk.
	answerTimeout = 2 * time.Second
	// bufferSize of a connection, in each direction: a long journal fits.
	bufferSize = 16 << 10
)

// Stores are the rooms of one Redis, one for each consumer.
type Stores struct {
	Calls         *Calls         // call.Store and call.Nodes
	Tickets       *Tickets       // dispatch.Store
	Leases        *Leases        // dispatch.Leases
	Registrations *Registrations // desk.Registrations
	Limits        *Limits        // desk.Limits
	Blocks        *Blocks        // dispatch.Blocks
	Sweeps        *Sweeps        // dispatch.Sweeps
	Recordings    *Recordings    // what callers say

	db *db
}

// db is what the stores share.
type db struct {
	rdb     *redis.Client
	seal    *sealer
	scripts scripts
	breaker breaker
	convoy  convoy
	tenants []string
	keep    string // Options.Keep in ms

	replicas int // Options.Replicas

	// claimed is true once every tenant is known to be sealed under our key.
	claimed atomic.Bool
	// refused is with what Redis has refused the last write; nil: it has not.
	refused atomic.Pointer[error]
}

// Open makes the stores. It fails when the options or the key can't be
// used, and with ErrWrongKey when the records in Redis are sealed under another
// key. It does not fail when Redis is not there: the stores then answer
// ErrUnavailable, look at the key as soon as Redis answers, and go on.
func Open(ctx context.Context, o Options) (*Stores, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	d := &db{tenants: slices.Clone(o.Tenants), scripts: newScripts()}
	var err error
	if d.seal, err = newSealer(o.Key, d.tenants); err != nil {
		return nil, fmt.Errorf("redisstore: the key can't be used: %w", err)
	}
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	d.keep = milliseconds(o.Keep)
	d.breaker.start = time.Now()
	// The library's own log goes past ours to stderr; all that it tells comes
	// back as an error too.
	logging.Disable()
	d.rdb = Client(o)
	if d.replicas = o.Replicas; d.replicas > 0 {
		follow(d.rdb, o.Replicas, o.ReplicaWait)
	}
	d.convoy.rdb = d.rdb
	if err := d.claim(ctx); errors.Is(err, ErrWrongKey) {
		_ = d.rdb.Close()
		return nil, err
	}
	return &Stores{
		Calls: &Calls{d}, Tickets: &Tickets{d}, Leases: &Leases{d},
		Registrations: &Registrations{d}, Limits: &Limits{d}, Blocks: &Blocks{d}, Sweeps: &Sweeps{d}, Recordings: &Recordings{d}, db: d,
	}, nil
}

// check refuses options that can't be used.
func (o Options) check() error {
	if o.Addr == "" && o.Sentinel.Master == "" {
		return errors.New("redisstore: no address: give HOST:PORT, the path of a unix socket, or a Sentinel")
	}
	if len(o.Tenants) == 0 {
		return errors.New("redisstore: no tenant: name at least one")
	}
	if err := checkNames(o.Tenants...); err != nil {
		return err
	}
	if len(o.Key) != KeySize {
		return fmt.Errorf("redisstore: the key has %d bytes instead of %d", len(o.Key), KeySize)
	}
	return nil
}

func clientOptions(o Options) *redis.Options {
	network := "tcp"
	if strings.HasPrefix(o.Addr, "/") {
		network = "unix"
	}
	if o.Connections <= 0 {
		o.Connections = defaultConnections
	}
	return &redis.Options{
		Network: network, Addr: o.Addr, Username: o.Username, Password: o.Password, TLSConfig: o.TLS,
		DialTimeout: dialTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout,
		ContextTimeoutEnabled: true,
		// Whether a write may be repeated is for the caller to know.
		MaxRetries: -1, DialerRetries: 1,
		PoolSize: o.Connections, MaxActiveConns: o.Connections, PoolTimeout: answerTimeout,
		ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// Close ends all connections.
func (s *Stores) Close() error { return s.db.rdb.Close() }

// Ping asks Redis for a sign of life and looks at the key if that was not done
// yet. It fails too when Redis has refused the last write of this process. The
// error says what to do.
func (s *Stores) Ping(ctx context.Context) error {
	if err := s.db.ready(ctx); err != nil {
		return err
	}
	if err := s.db.report(ctx, s.db.rdb.Ping(ctx).Err()); err != nil {
		return err
	}
	return s.db.refuses()
}

// ready must come before every request: it fails at once while the breaker is
// open, and lets nothing be written under a key that is not the one in use.
func (d *db) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.breaker.allow(); err != nil {
		return err
	}
	if d.claimed.Load() {
		return nil
	}
	return d.claim(ctx)
}

// claim makes sure that all tenants are sealed under our key.
func (d *db) claim(ctx context.Context) error {
	for _, tenant := range d.tenants {
		kept, err := d.scripts.claim.Run(ctx, d.rdb, []string{sealKey(tenant)}, d.seal.fingerprint()).Text()
		if err := d.report(ctx, err); err != nil {
			return err
		}
		switch kept {
		case d.seal.fingerprint():
		case restoring:
			return ErrRestoring
		default:
			return wrongKey(tenant, kept, d.seal)
		}
	}
	d.claimed.Store(true)
	return nil
}

func wrongKey(tenant, kept string, ours *sealer) error {
	return fmt.Errorf("%w: tenant %s is sealed under %s, the file is %s: restore that key file, or use an empty Redis",
		ErrWrongKey, tenant, kept, ours.fingerprint())
}

// run runs a script that writes and reports how it went.
func (d *db) run(ctx context.Context, s *redis.Script, keys []string, args ...any) (any, error) {
	if err := d.ready(ctx); err != nil {
		return nil, err
	}
	answer, err := d.convoy.run(ctx, s, keys, args)
	err = d.report(ctx, err)
	d.wrote(err)
	return answer, err
}

// look runs a script that only reads.
func (d *db) look(ctx context.Context, s *redis.Script, keys []string, args ...any) (any, error) {
	if err := d.ready(ctx); err != nil {
		return nil, err
	}
	answer, err := s.Run(ctx, d.rdb, keys, args...).Result()
	return answer, d.report(ctx, err)
}

// runCode runs a script that answers a number.
func (d *db) runCode(ctx context.Context, s *redis.Script, keys []string, args ...any) (int64, error) {
	answer, err := d.run(ctx, s, keys, args...)
	if err != nil {
		return 0, err
	}
	code, ok := answer.(int64)
	if !ok {
		return 0, fmt.Errorf("redisstore: a script answered %T for a number", answer)
	}
	return code, nil
}

// get reads one value; ok is false when there is none.
func (d *db) get(ctx context.Context, key string) (value string, ok bool, err error) {
	if err := d.ready(ctx); err != nil {
		return "", false, err
	}
	value, err = d.rdb.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, d.report(ctx, nil)
	}
	return value, err == nil, d.report(ctx, err)
}

// readAtOnce is how many values are read by one command, for so long others
// are not served: a fraction of a millisecond.
const readAtOnce = 500

// getAll reads many values; those that are gone are empty.
func (d *db) getAll(ctx context.Context, keys []string) ([]string, error) {
	values := make([]string, 0, len(keys))
	for keys := range slices.Chunk(keys, readAtOnce) {
		if err := d.ready(ctx); err != nil {
			return nil, err
		}
		got, err := d.rdb.MGet(ctx, keys...).Result()
		if err := d.report(ctx, err); err != nil {
			return nil, err
		}
		for _, v := range got {
			text, _ := v.(string)
			values = append(values, text)
		}
	}
	return values, nil
}

// tenant refuses what is not a tenant of ours: no term is raised for it, and
// its records would be nobody's.
func (d *db) tenant(name string) error {
	if !slices.Contains(d.tenants, name) {
		return errors.New("redisstore: this tenant is not one that the stores were opened for: add it to the configuration")
	}
	return nil
}

// unavailable gives an error the consumer's name for a store that can't be
// relied on; errors of the key and of records keep their own.
func unavailable(name, err error) error {
	if err == nil || errors.Is(err, ErrWrongKey) || errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", name, err)
}

func milliseconds(d time.Duration) string { return fmt.Sprint(max(d.Milliseconds(), 1)) }
