package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"richiamo/internal/desk"
)

// Registrations is desk.Registrations.
type Registrations struct{ db *db }

var _ desk.Registrations = (*Registrations)(nil)

// ErrReceipts means that all 1,000,000 receipts of a tenant are in use.
var ErrReceipts = errors.New("redisstore: this tenant's receipts of six figures are all in use: open a new tenant for the next campaign")

// ErrReceiptTaken means that the receipt asked for is another registration's.
var ErrReceiptTaken = errors.New("redisstore: the receipt belongs to another registration: leave it empty to get a free one")

func (s *Registrations) unavailable(err error) error { return unavailable(desk.ErrUnavailable, err) }

// key gives the key of a citizen's registration, and its digest.
func (s *Registrations) key(tenant, campaign, citizen string) (key, digest string) {
	digest = s.db.seal.digest(tenant, "registration", campaign+"\x00"+citizen)
	return registrationKey(tenant, digest), digest
}

// Add implements desk.Registrations. An add that is repeated finds what it kept.
func (s *Registrations) Add(ctx context.Context, r desk.Registration) (kept desk.Registration, added bool, err error) {
	if err := s.db.tenant(r.Tenant); err != nil {
		return kept, false, err
	}
	serial := ""
	if r.Receipt != "" {
		n, err := s.db.seal.receipts[r.Tenant].serial(r.Receipt)
		if err != nil {
			return kept, false, err
		}
		serial = strconv.Itoa(n)
	}
	key, digest := s.key(r.Tenant, r.Campaign, r.Citizen)
	body, err := s.db.seal.keep(nil, withoutReceipt(r), key)
	if err != nil {
		return kept, false, err
	}
	answer, err := s.db.run(ctx, s.db.scripts.register,
		[]string{key, registrationsKey(r.Tenant), serialsKey(r.Tenant), drawnKey(r.Tenant)},
		body, instant(r.At)+":"+digest, serial)
	if err != nil {
		return kept, false, s.unavailable(err)
	}
	switch answer := answer.(type) {
	case string:
		kept, _, err = s.open(answer, r.Tenant, key)
		return kept, false, err
	case int64:
		switch {
		case answer == -1:
			return kept, false, ErrReceipts
		case answer == -2:
			return kept, false, ErrReceiptTaken
		case answer >= 0:
			r.Receipt = s.db.seal.receipts[r.Tenant].receipt(int(answer))
			return r, true, nil
		}
	}
	return kept, false, fmt.Errorf("redisstore: a script answered %T for a registration", answer)
}

// withoutReceipt is what is sealed: the receipt follows from the serial, which
// Redis draws after the body was sealed.
func withoutReceipt(r desk.Registration) desk.Registration {
	r.Receipt = ""
	return r
}

// open unseals a kept value.
func (s *Registrations) open(value string, tenant, key string) (r desk.Registration, version int, err error) {
	head, err := s.db.seal.open(value, &r, key)
	if err != nil {
		return desk.Registration{}, 0, err
	}
	before, after, _ := strings.Cut(head, " ")
	version, badVersion := strconv.Atoi(before)
	serial, badSerial := strconv.Atoi(after)
	if badVersion != nil || badSerial != nil || serial < 0 || serial >= serials {
		return desk.Registration{}, 0, ErrDamaged
	}
	r.Receipt = s.db.seal.receipts[tenant].receipt(serial)
	return r, version, nil
}

// Change implements desk.Registrations. It is repeated when somebody else
// changed the registration between reading and writing.
func (s *Registrations) Change(ctx context.Context, r desk.Registration) (desk.Registration, error) {
	if s.db.tenant(r.Tenant) != nil {
		return desk.Registration{}, desk.ErrNotFound
	}
	key, _ := s.key(r.Tenant, r.Campaign, r.Citizen)
	for {
		value, ok, err := s.db.get(ctx, key)
		if err != nil {
			return desk.Registration{}, s.unavailable(err)
		}
		if !ok {
			return desk.Registration{}, desk.ErrNotFound
		}
		kept, version, err := s.open(value, r.Tenant, key)
		if err != nil {
			return desk.Registration{}, err
		}
		kept.Phone, kept.Confirmed = r.Phone, r.Confirmed
		serial, err := s.db.seal.receipts[r.Tenant].serial(kept.Receipt)
		if err != nil {
			return desk.Registration{}, err
		}
		next, err := s.db.seal.keep(fmt.Appendf(nil, "%d %d\n", version+1, serial), withoutReceipt(kept), key)
		if err != nil {
			return desk.Registration{}, err
		}
		code, err := s.db.runCode(ctx, s.db.scripts.reregister, []string{key}, version, next)
		if err != nil {
			return desk.Registration{}, s.unavailable(err)
		}
		if code == written {
			return kept, nil
		}
	}
}

// Of implements desk.Registrations.
func (s *Registrations) Of(ctx context.Context, tenant, campaign, citizen string) (desk.Registration, error) {
	if s.db.tenant(tenant) != nil {
		return desk.Registration{}, desk.ErrNotFound
	}
	key, _ := s.key(tenant, campaign, citizen)
	value, ok, err := s.db.get(ctx, key)
	if err != nil {
		return desk.Registration{}, s.unavailable(err)
	}
	if !ok {
		return desk.Registration{}, desk.ErrNotFound
	}
	r, _, err := s.open(value, tenant, key)
	return r, err
}

// Page implements desk.Registrations.
func (s *Registrations) Page(ctx context.Context, tenant, cursor string, limit int) (page []desk.Registration, next string, err error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, "", err
	}
	newest := redis.ZRangeArgs{Key: registrationsKey(tenant), ByLex: true, Rev: true, Start: "+", Stop: "-"}
	if cursor != "" {
		if err := checkCursor(cursor); err != nil {
			return nil, "", err
		}
		newest.Start = "(" + cursor
	}
	const longest = 1000
	limit = min(max(limit, 1), longest)
	if err := s.db.ready(ctx); err != nil {
		return nil, "", s.unavailable(err)
	}
	newest.Count = int64(limit) + 1
	members, err := s.db.rdb.ZRangeArgs(ctx, newest).Result()
	if err := s.db.report(ctx, err); err != nil {
		return nil, "", s.unavailable(err)
	}
	if len(members) > limit {
		members = members[:limit]
		next = members[limit-1]
	}
	keys := make([]string, len(members))
	for i, member := range members {
		_, digest, _ := strings.Cut(member, ":")
		keys[i] = registrationKey(tenant, digest)
	}
	values, err := s.db.getAll(ctx, keys)
	if err != nil {
		return nil, "", s.unavailable(err)
	}
	page = make([]desk.Registration, 0, len(members))
	for i, value := range values {
		if value == "" {
			continue
		}
		r, _, err := s.open(value, tenant, keys[i])
		if err != nil {
			return nil, "", err
		}
		page = append(page, r)
	}
	return page, next, nil
}
