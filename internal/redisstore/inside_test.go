package redisstore

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
)

func testSealer(t testing.TB) *sealer {
	t.Helper()
	s, err := newSealer(bytes.Repeat([]byte{7}, KeySize), []string{"asl", "usl"})
	require.NoError(t, err)
	return s
}

// TestReceiptsAreABijection goes through all serials.
func TestReceiptsAreABijection(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	asl, usl := s.receipts["asl"], s.receipts["usl"]
	seen := make(map[string]bool, serials)
	differ := 0
	for serial := range serials {
		receipt := asl.receipt(serial)
		seen[receipt] = true
		if serial%97 == 0 {
			back, err := asl.serial(receipt)
			require.NoError(t, err)
			require.Equal(t, serial, back)
			if usl.receipt(serial) != receipt {
				differ++
			}
		}
	}
	assert.Len(t, seen, serials)
	assert.Greater(t, differ, 10_000, "each tenant has its own")
}

func TestDigestsAndMarks(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	one := s.digest("asl", "phone", "0255512345")
	assert.Equal(t, one, s.digest("asl", "phone", "0255512345"))
	assert.Len(t, one, 22)
	for _, other := range []string{
		s.digest("usl", "phone", "0255512345"), s.digest("asl", "citizen", "0255512345"), s.digest("asl", "phone", "0255512346"),
	} {
		assert.NotEqual(t, one, other)
	}
	another, err := newSealer(bytes.Repeat([]byte{8}, KeySize), nil)
	require.NoError(t, err)
	assert.NotEqual(t, one, another.digest("asl", "phone", "0255512345"))
	assert.NotEqual(t, s.mark([]byte("a")), s.mark([]byte("b")))
	assert.NotEqual(t, s.mark([]byte("a")), another.mark([]byte("a")))
	assert.NotEqual(t, s.fingerprint(), another.fingerprint())
}

func TestInstantsSortAsTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	last := instant(time.Time{})
	for _, next := range []time.Time{time.Unix(1, 0), at, at.Add(time.Microsecond), at.AddDate(100, 0, 0)} {
		assert.Less(t, last, instant(next))
		assert.Len(t, instant(next), 16)
		last = instant(next)
	}
}

// TestBreaker runs on a bubble's clock: closed, open, one probe at a time, closed.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &db{breaker: breaker{start: time.Now()}}
		gone := errors.New("connection refused")
		fail := func() { require.Error(t, d.report(t.Context(), gone)) }
		for range failuresToOpen - 1 {
			require.NoError(t, d.breaker.allow())
			fail()
		}
		require.NoError(t, d.report(t.Context(), nil)) // one success: it counts from the start again
		for range failuresToOpen {
			require.NoError(t, d.breaker.allow())
			fail()
		}
		require.ErrorIs(t, d.breaker.allow(), errOpen)
		for range 3 {
			time.Sleep(probeEvery) // the bubble's time
			require.NoError(t, d.breaker.allow())
			require.ErrorIs(t, d.breaker.allow(), errOpen, "one probe at a time")
			fail()
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(probeEvery)
		require.NoError(t, d.breaker.allow())
		require.Error(t, d.report(canceled, canceled.Err()), "says nothing of Redis")
		require.ErrorIs(t, d.breaker.allow(), errOpen)
		time.Sleep(probeEvery)
		require.NoError(t, d.breaker.allow())
		require.NoError(t, d.report(t.Context(), nil))
		require.NoError(t, d.breaker.allow())
		require.NoError(t, d.breaker.allow())
	})
}

// FuzzOpen: whatever lies in Redis, opening it gives a record or an error.
func FuzzOpen(f *testing.F) {
	s := testSealer(f)
	place := callKey("asl", "one")
	value, err := s.keep([]byte("1 2 mark\n"), storedCall{ID: "one"}, place)
	require.NoError(f, err)
	f.Add(value)
	f.Add([]byte("1 2 3\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		var r storedCall
		head, err := s.open(string(value), &r, place)
		if err == nil {
			assert.True(t, strings.HasPrefix(string(value), head))
			assert.Equal(t, "one", r.ID, "nobody else can seal")
		}
		var ticket queue.Ticket
		require.Error(t, openPacked(s, string(value), new(packedTicket), &ticket, ticketKey("asl", "one")))
	})
}

// FuzzNames: what passes can neither end a hash tag nor a head, nor be cut
// wrongly out of an index.
func FuzzNames(f *testing.F) {
	f.Add("ticket-1")
	f.Add("a}b")
	f.Add("")
	f.Fuzz(func(t *testing.T, name string) {
		if checkNames(name) != nil {
			return
		}
		assert.NotEmpty(t, name)
		assert.False(t, strings.ContainsAny(name, "{} \n\x00"))
		assert.NoError(t, checkCursor(instant(time.Unix(1, 0))+":"+name))
	})
}

// BenchmarkValue is what a save costs this process before it goes out: a journal
// of 30 inputs, some 3 KB, is encoded, marked and sealed.
func BenchmarkValue(b *testing.B) {
	s := &Calls{&db{seal: testSealer(b)}}
	r := call.Record{ID: "one", Tenant: "asl", Node: "node", Journal: dialogue.Journal{Script: "preregister", Version: 1}}
	for i := range 30 {
		r.Journal.Inputs = append(r.Journal.Inputs, dialogue.Input{
			Kind: dialogue.Answer, At: time.Date(2027, 3, 1, 12, 0, i, 123456789, time.UTC), Serial: i, Answer: []byte(`{"found":true}`),
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		value, _, err := s.value(r, "{asl}:call:one")
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(value)))
	}
}
