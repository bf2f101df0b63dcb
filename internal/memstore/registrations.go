package memstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"richiamo/internal/desk"
)

// Registrations is desk.Registrations.
type Registrations struct{ m *memory }

var _ desk.Registrations = (*Registrations)(nil)

type registrationName struct{ tenant, campaign, citizen string }

type registrationRow struct {
	desk.Registration
	serial int // breaks ties of time
}

const receipts = 1_000_000

// receipt spreads serials over the figures, each to another: the factor and
// 1,000,000 have no divisor in common.
func receipt(serial int) string { return fmt.Sprintf("%06d", (serial*387_421+52_183)%receipts) }

// Add implements desk.Registrations.
func (s *Registrations) Add(ctx context.Context, r desk.Registration) (kept desk.Registration, added bool, err error) {
	err = s.m.do(ctx, DoAdd, desk.ErrUnavailable, func() error {
		key := registrationName{r.Tenant, r.Campaign, r.Citizen}
		if row, ok := s.m.registrations[key]; ok {
			kept = row.Registration
			return nil
		}
		used := func(receipt string) bool {
			_, ok := s.m.receipts[name{r.Tenant, receipt}]
			return ok
		}
		if r.Receipt == "" {
			for r.Receipt == "" || used(r.Receipt) {
				if s.m.drawn[r.Tenant] == receipts {
					return errors.New("memstore: all receipts are in use")
				}
				r.Receipt = receipt(s.m.drawn[r.Tenant])
				s.m.drawn[r.Tenant]++
			}
		} else if _, err := strconv.ParseUint(r.Receipt, 10, 32); err != nil || len(r.Receipt) != 6 {
			return errors.New("memstore: a receipt has six figures")
		} else if used(r.Receipt) {
			return errors.New("memstore: the receipt belongs to another registration")
		}
		s.m.receipts[name{r.Tenant, r.Receipt}] = struct{}{}
		s.m.registrations[key] = registrationRow{r, len(s.m.registrations)}
		kept, added = r, true
		return nil
	})
	if err != nil {
		return desk.Registration{}, false, err
	}
	return kept, added, nil
}

// Change implements desk.Registrations.
func (s *Registrations) Change(ctx context.Context, r desk.Registration) (kept desk.Registration, err error) {
	err = s.m.do(ctx, DoChange, desk.ErrUnavailable, func() error {
		key := registrationName{r.Tenant, r.Campaign, r.Citizen}
		row, ok := s.m.registrations[key]
		if !ok {
			return desk.ErrNotFound
		}
		row.Phone, row.Confirmed = r.Phone, r.Confirmed
		s.m.registrations[key] = row
		kept = row.Registration
		return nil
	})
	if err != nil {
		return desk.Registration{}, err
	}
	return kept, nil
}

// Of implements desk.Registrations.
func (s *Registrations) Of(ctx context.Context, tenant, campaign, citizen string) (kept desk.Registration, err error) {
	err = s.m.do(ctx, DoOf, desk.ErrUnavailable, func() error {
		row, ok := s.m.registrations[registrationName{tenant, campaign, citizen}]
		if !ok {
			return desk.ErrNotFound
		}
		kept = row.Registration
		return nil
	})
	if err != nil {
		return desk.Registration{}, err
	}
	return kept, nil
}

// Page implements desk.Registrations.
func (s *Registrations) Page(ctx context.Context, tenant, cursor string, limit int) (page []desk.Registration, next string, err error) {
	err = s.m.do(ctx, DoPage, desk.ErrUnavailable, func() error {
		var last registrationRow
		if cursor != "" {
			at, serial, _ := strings.Cut(cursor, ":")
			micros, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return errors.New("memstore: the cursor is not one that a page returned")
			}
			if last.serial, err = strconv.Atoi(serial); err != nil {
				return errors.New("memstore: the cursor is not one that a page returned")
			}
			last.At = unixMicro(micros)
		}
		var rows []registrationRow
		for key, row := range s.m.registrations {
			if key.tenant == tenant && (cursor == "" || byTime(row, last) < 0) {
				rows = append(rows, row)
			}
		}
		slices.SortFunc(rows, func(a, b registrationRow) int { return byTime(b, a) })
		if limit = max(limit, 1); len(rows) > limit {
			rows = rows[:limit]
			next = fmt.Sprintf("%d:%d", micro(rows[limit-1].At), rows[limit-1].serial)
		}
		for _, row := range rows {
			page = append(page, row.Registration)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, nil
}

func byTime(a, b registrationRow) int {
	return cmp.Or(cmp.Compare(micro(a.At), micro(b.At)), cmp.Compare(a.serial, b.serial))
}

func micro(t time.Time) int64 { return max(t.UnixMicro(), 0) }

func unixMicro(micros int64) time.Time { return time.UnixMicro(micros) }
