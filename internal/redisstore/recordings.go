package redisstore

import (
	"context"
	"time"

	"richiamo/internal/desk"
)

// Recordings keeps voices, sealed; they go after a while.
type Recordings struct{ db *db }

// keepRecordings is how long a spoken name is kept: longer than any callback
// waits.
const keepRecordings = 30 * 24 * time.Hour

// Put keeps a voice under its name, on disk before it returns.
func (s *Recordings) Put(ctx context.Context, tenant, name string, alaw []byte) error {
	if err := s.db.tenant(tenant); err != nil {
		return err
	}
	key := recordingKey(tenant, s.db.seal.digest(tenant, "recording", name))
	value, err := s.db.seal.keep([]byte("recording\n"), alaw, key)
	if err != nil {
		return err
	}
	if err := s.db.ready(ctx); err != nil {
		return unavailable(desk.ErrUnavailable, err)
	}
	return unavailable(desk.ErrUnavailable, s.db.report(ctx, s.db.rdb.Set(ctx, key, value, keepRecordings).Err()))
}

// Get gives a voice. desk.ErrNotFound if there is none of this name.
func (s *Recordings) Get(ctx context.Context, tenant, name string) (alaw []byte, err error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, err
	}
	key := recordingKey(tenant, s.db.seal.digest(tenant, "recording", name))
	value, ok, err := s.db.get(ctx, key)
	switch {
	case err != nil:
		return nil, unavailable(desk.ErrUnavailable, err)
	case !ok:
		return nil, desk.ErrNotFound
	}
	_, err = s.db.seal.open(value, &alaw, key)
	return alaw, err
}
