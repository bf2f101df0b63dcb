package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Backup writes what was promised to the citizens of the tenants: tickets,
// registrations with their receipts, agents, ledgers, numbers that are never
// called, spoken names, the names of changes, and the counts of tries. Calls are not in it:
// their lines do not outlive what a backup is for, and what they led to is there.
//
// It may be made while everything goes on. Each record is whole. What
// was promised before Summary.Began is in it; of what was promised while it was
// written some is. Records that changed meanwhile may be of different moments:
// tickets are not older than the names of the changes that made them, and
// ledgers not older than tickets, so that nothing counts as done that is not, and no
// call as not made. It is held in memory a thousand records at a time.
//
// It fails when a tenant has nothing in this Redis, since one that was emptied
// by mistake must not become the newest backup.
func Backup(ctx context.Context, o Options, w io.Writer, tell func(records int)) (_ Summary, err error) {
	a, err := newArchive(o)
	if err != nil {
		return Summary{}, err
	}
	defer a.endsWith(ctx, &err)()
	h, err := a.header(ctx)
	if err != nil {
		return Summary{}, err
	}
	out, err := newBackupWriter(w, a.seal.backup, h)
	if err != nil {
		return Summary{}, fmt.Errorf("redisstore: write the backup: %w", err)
	}
	save := func(r archived) error {
		if err := out.add(r); err != nil {
			return fmt.Errorf("redisstore: write the backup: %w", err)
		}
		return nil
	}
	if tell == nil {
		tell = func(int) {}
	}
	for i, tenant := range h.Tenants {
		c := copying{archive: a, tenant: tenant, number: i, save: save, tell: func() { tell(out.counts.All()) }}
		if err := c.all(ctx); err != nil {
			return Summary{}, err
		}
	}
	if err := out.finish(w); err != nil {
		return Summary{}, fmt.Errorf("redisstore: write the backup: %w", err)
	}
	return Summary{Began: h.Began, Tenants: h.Tenants, Counts: out.counts}, nil
}

// Summary tells what a backup holds, or what was restored from it.
type Summary struct {
	// Began is when the backup was begun, by the clock of Redis: what was
	// promised until then is in it.
	Began   time.Time
	Tenants []string
	Counts  Counts

	// What restoring left out: what was past its time, and what was damaged
	// already when the backup was made.
	Expired, Damaged int
	// Interrupted are the tickets on whose call somebody was.
	Interrupted int
}

// archive is a Redis as those see it who copy it away and back.
type archive struct {
	rdb     *redis.Client
	seal    *sealer
	tenants []string
	keep    time.Duration
}

func newArchive(o Options) (*archive, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	seal, err := newSealer(o.Key, o.Tenants)
	if err != nil {
		return nil, fmt.Errorf("redisstore: the key can't be used: %w", err)
	}
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	logging.Disable() // see Open
	how := clientOptions(o)
	how.ReadTimeout, how.WriteTimeout, how.PoolSize = patience, patience, 2
	return &archive{rdb: connect(o, how), seal: seal, tenants: slices.Clone(o.Tenants), keep: o.Keep}, nil
}

// endsWith has the end of a context end what is waited for, and be the reason that
// is given. The function that it returns closes everything.
func (a *archive) endsWith(ctx context.Context, err *error) func() {
	stop := context.AfterFunc(ctx, func() { _ = a.rdb.Close() })
	return func() {
		stop()
		_ = a.rdb.Close()
		if *err != nil && ctx.Err() != nil {
			*err = fmt.Errorf("redisstore: broken off: %w", context.Cause(ctx))
		}
	}
}

// patience is how long one answer is waited for: nobody is on the line.
const patience = 30 * time.Second

// header looks whether there is something to be copied under our key.
func (a *archive) header(ctx context.Context) (h backupHeader, err error) {
	now, err := a.rdb.Time(ctx).Result()
	if err != nil {
		return h, withCure(err)
	}
	for _, tenant := range a.tenants {
		kept, err := a.rdb.Get(ctx, sealKey(tenant)).Result()
		switch {
		case errors.Is(err, redis.Nil):
			return h, fmt.Errorf("redisstore: this Redis holds nothing of tenant %s: if it was emptied by mistake, restore the last backup; else start the service once", tenant)
		case err != nil:
			return h, withCure(err)
		case kept == restoring:
			return h, ErrRestoring
		case kept != a.seal.fingerprint():
			return h, wrongKey(tenant, kept, a.seal)
		}
	}
	h = backupHeader{Version: backupVersion, Key: a.seal.fingerprint(), Began: now.UTC(), Tenants: a.tenants}
	if h.Nodes, err = a.named(ctx, "{node:", "}:term"); err != nil {
		return h, err
	}
	h.Leases, err = a.named(ctx, "{lease:", "}")
	return h, err
}

// scanAtOnce is how many keys one SCAN looks at: others are not served meanwhile,
// for a fraction of a millisecond.
const scanAtOnce = 1000

// each has batches of keys of a pattern handled. A key that is there all the while
// comes at least once, says the documentation of SCAN, and may come twice.
func (a *archive) each(ctx context.Context, pattern string, handle func(keys []string) error) error {
	for cursor := uint64(0); ; {
		keys, next, err := a.rdb.Scan(ctx, cursor, pattern, scanAtOnce).Result()
		if err != nil {
			return withCure(err)
		}
		if len(keys) > 0 {
			if err := handle(keys); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// named lists what stands between the two ends of keys.
func (a *archive) named(ctx context.Context, before, after string) (names []string, err error) {
	err = a.each(ctx, before+"*"+after, func(keys []string) error {
		for _, key := range keys {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(key, before), after))
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// copying copies one tenant.
type copying struct {
	*archive
	tenant string
	number int // in the header
	save   func(archived) error
	tell   func()
}

func (c copying) all(ctx context.Context) error {
	// The order is that of Backup's promise.
	if err := c.values(ctx, ofName, doneKey(c.tenant, "")); err != nil {
		return err
	}
	if err := c.agents(ctx); err != nil {
		return err
	}
	if err := c.drawn(ctx); err != nil {
		return err
	}
	if err := c.blocks(ctx); err != nil {
		return err
	}
	for _, k := range []struct {
		kind   kind
		prefix string
	}{
		{ofTicket, ticketKey(c.tenant, "")},
		{ofRegistration, registrationKey(c.tenant, "")},
		{ofRecording, recordingKey(c.tenant, "")},
		{ofLimit, limitKey(c.tenant, "")},
		{ofLedger, ledgerKey(c.tenant, "")},
	} {
		if err := c.values(ctx, k.kind, k.prefix); err != nil {
			return err
		}
	}
	return nil
}

// voicesAtOnce is how many recordings are read at once; one is some 50 KB.
const voicesAtOnce = 20

// values copies the strings whose keys begin with prefix, with the time until
// which they are kept.
func (c copying) values(ctx context.Context, k kind, prefix string) error {
	atOnce := readAtOnce
	if k == ofRecording {
		atOnce = voicesAtOnce
	}
	return c.each(ctx, prefix+"*", func(keys []string) error {
		for keys := range slices.Chunk(keys, atOnce) {
			if err := c.read(ctx, k, prefix, keys); err != nil {
				return err
			}
		}
		c.tell()
		return nil
	})
}

func (c copying) read(ctx context.Context, k kind, prefix string, keys []string) error {
	var values *redis.SliceCmd
	var now *redis.TimeCmd
	left := make([]*redis.DurationCmd, len(keys))
	_, err := c.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		values, now = pipe.MGet(ctx, keys...), pipe.Time(ctx)
		for i, key := range keys {
			left[i] = pipe.PTTL(ctx, key)
		}
		return nil
	})
	if err != nil {
		return withCure(err)
	}
	for i, value := range values.Val() {
		text, ok := value.(string)
		until, stays := keptUntil(now.Val(), left[i].Val())
		if !ok || !stays {
			continue // it is gone since it was listed
		}
		r := archived{Kind: k, Tenant: c.number, Name: strings.TrimPrefix(keys[i], prefix), Value: []byte(text), Until: until}
		if err := c.save(r); err != nil {
			return err
		}
	}
	return nil
}

// keptUntil is until when a value is kept, in ms since 1970 and 0 for ever, by what
// PTTL answered for it: -1 for ever, -2 that it is gone. Its last moment may have
// come between the reading of the value and that of its time; what is left is
// then zero, and never means for ever.
func keptUntil(now time.Time, left time.Duration) (until int64, stays bool) {
	const forEver = -1
	switch {
	case left == forEver:
		return 0, true
	case left <= 0:
		return 0, false
	}
	return now.Add(left).UnixMilli(), true
}

func (c copying) agents(ctx context.Context) error {
	kept, err := c.rdb.HGetAll(ctx, agentsKey(c.tenant)).Result()
	if err != nil {
		return withCure(err)
	}
	for id, value := range kept {
		if err := c.save(archived{Kind: ofAgent, Tenant: c.number, Name: id, Value: []byte(value)}); err != nil {
			return err
		}
	}
	return nil
}

// drawn copies which receipt was drawn last; -1 is none.
func (c copying) drawn(ctx context.Context) error {
	value, err := c.rdb.Get(ctx, drawnKey(c.tenant)).Int()
	if errors.Is(err, redis.Nil) {
		value, err = -1, nil
	}
	if err != nil {
		return withCure(err)
	}
	return c.save(archived{Kind: ofDrawn, Tenant: c.number, Value: strconv.AppendInt(nil, int64(value), 10)})
}

func (c copying) blocks(ctx context.Context) error {
	for cursor := uint64(0); ; {
		members, next, err := c.rdb.SScan(ctx, blocksKey(c.tenant), cursor, "", scanAtOnce).Result()
		if err != nil {
			return withCure(err)
		}
		for _, digest := range members {
			if err := c.save(archived{Kind: ofBlock, Tenant: c.number, Name: digest}); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}
