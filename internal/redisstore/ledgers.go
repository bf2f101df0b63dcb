package redisstore

import (
	"context"
	"time"

	"richiamo/internal/queue"
)

// keepLedger is how long a ledger is kept after its last call, whatever
// Options.Keep says: longer than any cap or interval looks back, and no longer
// than a month, since it tells when somebody was called.
const keepLedger = 31 * 24 * time.Hour

// ledgerKey is where the ledger of a subject is kept: under a digest, since the
// subject is a person's number or codice fiscale.
func (s *Tickets) ledgerKey(tenant string, of queue.Subject) string {
	return ledgerKey(tenant, s.db.seal.digest(tenant, "ledger "+string(of.Kind), of.Value))
}

// Ledgers implements dispatch.Store.
func (s *Tickets) Ledgers(ctx context.Context, tenant string, of []queue.Subject) ([]queue.Ledger, error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, err
	}
	keys := make([]string, len(of))
	for i, subject := range of {
		keys[i] = s.ledgerKey(tenant, subject)
	}
	values, err := s.db.getAll(ctx, keys)
	if err != nil {
		return nil, s.unavailable(err)
	}
	ledgers := make([]queue.Ledger, len(of))
	for i, value := range values {
		if value == "" { // there is none, or it has expired
			ledgers[i].Subject = of[i]
			continue
		}
		if err := openPacked(s.db.seal, value, new(packedLedger), &ledgers[i], keys[i]); err != nil {
			return nil, err
		}
	}
	return ledgers, nil
}
