package app

import (
	"context"
	"errors"
	"fmt"

	"richiamo/internal/ari"
	"richiamo/internal/call"
	"richiamo/internal/redisstore"
)

// recordings takes what callers said from the exchange to the store. At the
// exchange nothing of it stays: there it would lie in the clear.
type recordings struct {
	line  *ari.Line
	store *redisstore.Recordings
}

// Keep implements desk.Recordings.
func (r recordings) Keep(ctx context.Context, tenant, name string) error {
	sound, err := r.line.Recording(ctx, name)
	if errors.Is(err, call.ErrGone) { // it was taken before
		_, err = r.store.Get(ctx, tenant, name)
		return err
	}
	if err != nil {
		return fmt.Errorf("fetch a recording: %w", err)
	}
	if err := r.store.Put(ctx, tenant, name, sound); err != nil {
		return err
	}
	return r.line.DeleteRecording(ctx, name)
}

// SpokenName gives a kept recording, in A-law.
func (r recordings) SpokenName(ctx context.Context, tenant, name string) ([]byte, error) {
	return r.store.Get(ctx, tenant, name)
}
