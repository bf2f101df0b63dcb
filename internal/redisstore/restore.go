package redisstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"richiamo/internal/agent"
	"richiamo/internal/desk"
	"richiamo/internal/queue"
)

// Restoring does not turn the clock back; it makes a new world that holds what
// was promised in an old one. What keeps the two apart:
//
//   - Ownership is not restored. The terms of exchanges and of leases, and the
//     versions of tickets, agents, ledgers and registrations, go on from the
//     time of the restoring in milliseconds since 1970, which is more than any that
//     counted up by one could have come to. A process that was frozen before, and
//     wakes after, has a term that is nobody's any more: it neither writes nor dials.
//   - No call is restored, and none goes on: whoever was on the line is called back
//     (queue.Ticket.Restored). An attempt that the backup knows of, whether it rang
//     or was about to, has ended: its telephone does not ring for it again.
//   - An attempt that was made after the backup is not known any more. The citizen
//     is called again, by a call that bears the same name. Nothing can mistake one for the
//     other: the notes of the first are gone with what was lost, who made it can't
//     write, and a line of it that is still up is ended, as a line that nobody
//     knows, before anything is planned.
//   - Receipts are drawn further on, so that one that was told after the backup is not
//     given to somebody else.

// Errors of Restore.
var (
	// ErrServing means that a process plans for a tenant: it would write in between.
	ErrServing = errors.New("redisstore: a Richiamo serves on this Redis: stop it, and try again after ten seconds")
	// ErrNotEmpty means that there are tickets or registrations, which restoring
	// would remove.
	ErrNotEmpty = errors.New("redisstore: this Redis is not empty")
	// ErrRestoring is what everybody else gets while a backup is being restored,
	// or when that was broken off.
	ErrRestoring = errors.New("redisstore: a backup is being restored, or that was broken off: wait for its end, or restore again")
)

// restoring stands in place of the key's fingerprint meanwhile: no service begins
// on half of a backup.
const restoring = "restoring"

// skipReceipts is how far on the next receipt is drawn: more than are told
// between two backups.
const skipReceipts = 10_000

// Check tells what a backup was made of and when, without a Redis: that it is whole,
// was made under the key, and holds no tenant that the options do not name.
func Check(o Options, file io.ReadSeeker) (Summary, error) {
	seal, err := newSealer(o.Key, o.Tenants)
	if err != nil {
		return Summary{}, fmt.Errorf("redisstore: the key can't be used: %w", err)
	}
	b, err := checkBackup(file, seal, o.Tenants)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Began: b.header.Began, Tenants: b.header.Tenants}
	for {
		switch r, more, err := b.next(); {
		case err != nil:
			return s, err
		case !more:
			if err := json.Unmarshal(r.Value, &s.Counts); err != nil {
				return s, errTorn()
			}
			return s, nil
		}
	}
}

// Restore puts the tenants of a backup back into Redis. The whole file is checked
// before anything is written. Where there are tickets or registrations
// of a tenant it is refused (ErrNotEmpty), unless they are to be replaced: all that
// the tenant has is then removed. It may be broken off and begun again; until it
// has come to its end nobody serves on this Redis.
func Restore(ctx context.Context, o Options, file io.ReadSeeker, replace bool, tell func(records int)) (_ Summary, err error) {
	a, err := newArchive(o)
	if err != nil {
		return Summary{}, err
	}
	defer a.endsWith(ctx, &err)()
	b, err := checkBackup(file, a.seal, a.tenants)
	if err != nil {
		return Summary{}, err
	}
	now, err := a.vacant(ctx, b.header.Tenants, replace)
	if err != nil {
		return Summary{}, err
	}
	r := &restorer{archive: a, tenants: b.header.Tenants, now: now, era: now.UnixMilli(), pipe: a.rdb.Pipeline(), wait: patience}
	r.Summary = Summary{Began: b.header.Began, Tenants: b.header.Tenants}
	if tell == nil {
		tell = func(int) {}
	}
	if err := r.begin(ctx, b.header); err != nil {
		return Summary{}, err
	}
	for {
		next, more, err := b.next()
		if err == nil && more {
			err = r.put(ctx, next)
		}
		if err == nil && r.pipe.Len() >= writeAtOnce {
			err = r.flush(ctx)
			tell(r.Counts.All())
		}
		if err != nil {
			return Summary{}, err
		}
		if !more {
			break
		}
	}
	return r.Summary, r.end(ctx, o.Replicas)
}

// vacant looks whether the tenants may be written, and what time it is.
func (a *archive) vacant(ctx context.Context, tenants []string, replace bool) (now time.Time, err error) {
	if now, err = a.rdb.Time(ctx).Result(); err != nil {
		return now, withCure(err)
	}
	leases, err := a.named(ctx, "{lease:", "}")
	if err != nil {
		return now, err
	}
	for _, name := range leases {
		kept, err := a.rdb.Get(ctx, leaseKey(name)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return now, withCure(err)
		}
		_, held, _ := strings.Cut(kept, " ") // see leaseKey
		end, holder, _ := strings.Cut(held, " ")
		if till, _ := strconv.ParseInt(end, 10, 64); holder != "" && till > now.UnixMilli() {
			return now, ErrServing
		}
	}
	for _, tenant := range tenants {
		kept, err := a.rdb.Get(ctx, sealKey(tenant)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return now, withCure(err)
		}
		n, err := a.rdb.Exists(ctx, placesKey(tenant), registrationsKey(tenant), blocksKey(tenant)).Result()
		if err != nil {
			return now, withCure(err)
		}
		if n > 0 && !replace && kept != restoring {
			return now, fmt.Errorf("%w: tenant %s has tickets, registrations or numbers that are never called, which would be removed: say so, or use another Redis", ErrNotEmpty, tenant)
		}
	}
	return now.UTC(), nil
}

// restorer puts records back, many at once.
type restorer struct {
	*archive
	Summary
	tenants []string
	now     time.Time
	era     int64 // now in ms: what terms and versions go on from
	pipe    redis.Pipeliner
	wait    time.Duration // for replicas
}

// writeAtOnce is how many commands go to Redis at once.
const writeAtOnce = 500

func (r *restorer) flush(ctx context.Context) error {
	if _, err := r.pipe.Exec(ctx); err != nil {
		return withCure(err)
	}
	return nil
}

// begin locks the tenants, removes what they have, and raises all terms.
func (r *restorer) begin(ctx context.Context, h backupHeader) error {
	for _, tenant := range r.tenants {
		if err := r.rdb.Set(ctx, sealKey(tenant), restoring, 0).Err(); err != nil {
			return withCure(err)
		}
		err := r.each(ctx, "{"+tenant+"}:*", func(keys []string) error {
			keys = slices.DeleteFunc(keys, func(key string) bool {
				return key == sealKey(tenant) || strings.HasPrefix(key, "{"+tenant+"}:node:") && strings.HasSuffix(key, ":term")
			})
			if len(keys) == 0 {
				return nil
			}
			return r.rdb.Unlink(ctx, keys...).Err()
		})
		if err != nil {
			return withCure(err)
		}
	}
	nodes, err := r.terms(ctx, "{node:", "}:term", h.Nodes)
	if err != nil {
		return err
	}
	leases, err := r.terms(ctx, "{lease:", "}", h.Leases)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		r.pipe.Set(ctx, nodeKey(node), r.era, 0)
		for _, tenant := range r.tenants {
			r.pipe.Set(ctx, termKey(tenant, node), r.era, 0)
		}
	}
	for _, name := range leases {
		r.pipe.Set(ctx, leaseKey(name), strconv.FormatInt(r.era, 10)+" 0 ", 0) // resigned
	}
	return r.flush(ctx)
}

// terms lists the names of which there are terms, here or in the backup, and has
// the era begin after those that are here: a clock may have been set back.
func (r *restorer) terms(ctx context.Context, before, after string, more []string) ([]string, error) {
	names, err := r.named(ctx, before, after)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kept, err := r.rdb.Get(ctx, before+name+after).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, withCure(err)
		}
		text, _, _ := strings.Cut(kept, " ")
		term, _ := strconv.ParseInt(text, 10, 64)
		r.era = max(r.era, term+1)
	}
	names = append(names, more...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// end lets the tenants be served, and waits for replicas. Those may be receiving
// everything anew; if that takes long it is told, and is theirs to end: whoever serves
// waits for them as well.
func (r *restorer) end(ctx context.Context, replicas int) error {
	for _, tenant := range r.tenants {
		r.pipe.Set(ctx, sealKey(tenant), r.seal.fingerprint(), 0)
	}
	if err := r.flush(ctx); err != nil || replicas == 0 {
		return err
	}
	began := time.Now()
	conn := r.rdb.Conn()
	defer conn.Close()
	for reached := int64(0); reached < int64(replicas); {
		if time.Since(began) > r.wait {
			return fmt.Errorf("%w: all is restored, but %d of %d replicas have it after %v; %s",
				ErrBehind, reached, replicas, r.wait, cureBehind)
		}
		err := conn.Ping(ctx).Err() // WAIT goes by what came before it on its connection
		if err == nil {
			reached, err = conn.Wait(ctx, replicas, time.Second).Result()
		}
		if err != nil {
			return withCure(err)
		}
	}
	return nil
}

// put queues what a record becomes. What has had its time is left out, and what
// was damaged before it came into the backup.
func (r *restorer) put(ctx context.Context, a archived) error {
	tenant := r.tenants[a.Tenant]
	var keep time.Duration
	if a.Until != 0 {
		if keep = time.UnixMilli(a.Until).Sub(r.now); keep < time.Millisecond {
			r.Expired++
			return nil
		}
	}
	var err error
	switch a.Kind {
	case ofName:
		r.pipe.Set(ctx, doneKey(tenant, a.Name), a.Value, keep)
	case ofTicket:
		err = r.ticket(ctx, tenant, a, keep)
	case ofAgent:
		err = r.agent(ctx, tenant, a)
	case ofRegistration:
		err = r.registration(ctx, tenant, a)
	case ofDrawn:
		err = r.draw(ctx, tenant, string(a.Value))
	case ofBlock:
		r.pipe.SAdd(ctx, blocksKey(tenant), a.Name)
	case ofRecording:
		r.pipe.Set(ctx, recordingKey(tenant, a.Name), a.Value, keep)
	case ofLimit:
		r.pipe.Set(ctx, limitKey(tenant, a.Name), a.Value, keep)
	case ofLedger:
		err = r.ledger(ctx, tenant, a, keep)
	default:
		return fmt.Errorf("%w: it holds a record of the kind %d, which this Richiamo does not know", ErrBackup, a.Kind)
	}
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrWrongKey):
		// The key of the file is ours: a record that names another one is damaged
		// where it names it.
		r.Damaged++
		return nil
	case err == nil:
		r.Counts.add(a.Kind)
	}
	return err
}

func (r *restorer) ticket(ctx context.Context, tenant string, a archived, keep time.Duration) error {
	var t queue.Ticket
	key := ticketKey(tenant, a.Name)
	if err := openPacked(r.seal, string(a.Value), new(packedTicket), &t, key); err != nil {
		return err
	}
	if t.State.OnLine() {
		r.Interrupted++
	}
	t, err := t.Restored(r.now)
	if err != nil {
		return fmt.Errorf("redisstore: restore a ticket: %w", err)
	}
	t.Version = int(r.era)
	p := packTicket(&t)
	value, err := r.seal.keepPacked(ticketHead(p, place(&t)), p, key)
	if err != nil {
		return err
	}
	r.pipe.ZAdd(ctx, placesKey(tenant), redis.Z{Member: place(&t)})
	if !expires(t.State) {
		r.pipe.Set(ctx, key, value, 0)
		return nil
	}
	if keep == 0 {
		keep = r.keep
	}
	closed := r.now.Add(keep - r.keep)
	r.pipe.ZAdd(ctx, closedKey(tenant), redis.Z{Score: float64(closed.UnixMilli()), Member: place(&t)})
	r.pipe.Set(ctx, key, value, keep)
	return nil
}

func (r *restorer) agent(ctx context.Context, tenant string, a archived) error {
	var member agent.Agent
	if err := openPacked(r.seal, string(a.Value), new(packedAgent), &member, agentPlace(tenant, a.Name)); err != nil {
		return err
	}
	member.Version = int(r.era)
	value, err := r.seal.keepPacked(versionHead(member.Version), packAgent(&member), agentPlace(tenant, a.Name))
	if err == nil {
		r.pipe.HSet(ctx, agentsKey(tenant), a.Name, value)
	}
	return err
}

func (r *restorer) ledger(ctx context.Context, tenant string, a archived, keep time.Duration) error {
	var l queue.Ledger
	key := ledgerKey(tenant, a.Name)
	if err := openPacked(r.seal, string(a.Value), new(packedLedger), &l, key); err != nil {
		return err
	}
	l.Version = int(r.era)
	value, err := r.seal.keepPacked(versionHead(l.Version), packLedger(&l), key)
	if err == nil {
		r.pipe.Set(ctx, key, value, keep)
	}
	return err
}

// registration puts a registration back, with its receipt.
func (r *restorer) registration(ctx context.Context, tenant string, a archived) error {
	var kept desk.Registration
	key := registrationKey(tenant, a.Name)
	head, err := r.seal.open(string(a.Value), &kept, key)
	if err != nil {
		return err
	}
	_, text, _ := strings.Cut(head, " ")
	serial, err := strconv.Atoi(text)
	if err != nil || serial < 0 || serial >= serials {
		return ErrDamaged
	}
	_, body, _ := bytes.Cut(a.Value, []byte{'\n'})
	r.pipe.Set(ctx, key, append(fmt.Appendf(nil, "%d %d\n", r.era, serial), body...), 0)
	r.pipe.ZAdd(ctx, registrationsKey(tenant), redis.Z{Member: instant(kept.At) + ":" + a.Name})
	r.pipe.SetBit(ctx, serialsKey(tenant), int64(serial), 1)
	return nil
}

// draw has the next receipt drawn further on, as long as half of those that are
// left stay.
func (r *restorer) draw(ctx context.Context, tenant, value string) error {
	drawn, err := strconv.Atoi(value)
	if err != nil || drawn < -1 || drawn >= serials {
		return ErrDamaged
	}
	drawn += min(skipReceipts, (serials-1-drawn)/2)
	r.pipe.Set(ctx, drawnKey(tenant), drawn, 0)
	return nil
}
