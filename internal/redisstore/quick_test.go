package redisstore

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuickReadsAllThatIsOrdinary: a field that packedTicket has and the quick
// reader does not know would make every ticket with it slow.
func TestQuickReadsAllThatIsOrdinary(t *testing.T) {
	t.Parallel()
	left := []string{"Keyed", "Recording", "Also", "Attempts", "Outcome", "Written"} // to the other decoder
	for i := range reflect.TypeFor[packedTicket]().NumField() {
		name := reflect.TypeFor[packedTicket]().Field(i).Name
		var p packedTicket
		fill(reflect.ValueOf(&p).Elem().Field(i))
		body, err := cbor.Marshal(p)
		require.NoError(t, err)
		q := newQuick()
		if slices.Contains(left, name) {
			assert.False(t, q.ticket(body), name)
			continue
		}
		assert.True(t, q.ticket(body), name)
		assert.Equal(t, p, q.packed, name)
	}
}

// fill gives a field some value.
func fill(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString("some text that is too long for the length to stand in one byte")
	case reflect.Int32:
		field.SetInt(1<<30 + 7)
	case reflect.Int, reflect.Int64:
		field.SetInt(1<<40 + 7)
	case reflect.Bool:
		field.SetBool(true)
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
	}
}

// TestQuickLeavesTheRest: what the quick reader does not know is read all the same.
func TestQuickLeavesTheRest(t *testing.T) {
	t.Parallel()
	s, q := testSealer(t), newQuick()
	full, plain := someTicket(t), someTicket(t)
	plain.Attempts = nil
	for range 2 { // nothing is left over from the ticket before
		for _, ticket := range []any{packTicket(&full), packTicket(&plain), map[int]any{1: "asl-1", 9999: []string{"new"}, 33: 4}} {
			value, err := s.keepPacked([]byte{'\n'}, ticket, "here")
			require.NoError(t, err)
			sameTicket(t, s, q, value)
		}
		value, err := s.keep([]byte{'\n'}, full, "here")
		require.NoError(t, err)
		sameTicket(t, s, q, value)
	}
}

// sameTicket holds the quick reader to what the other one reads.
func sameTicket(t *testing.T, s *sealer, q *quick, value []byte) {
	t.Helper()
	slow, fast := someTicket(t), someTicket(t)
	require.NoError(t, openPacked(s, string(value), new(packedTicket), &slow, "here"))
	require.NoError(t, q.openTicket(s, string(value), &fast, "here"))
	sameRecord(t, slow, fast)
}

// FuzzQuick: whatever the quick reader takes for a ticket, the other one reads in
// the same way.
func FuzzQuick(f *testing.F) {
	ticket := someTicket(f)
	ticket.Attempts = nil
	seed, err := cbor.Marshal(packTicket(&ticket))
	require.NoError(f, err)
	f.Add(seed)
	f.Add([]byte{0xa1, 0x07, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0xa1, 0x01, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0xb8})
	mode, err := cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid, DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		q := newQuick()
		var p packedTicket
		if q.ticket(body) && mode.Unmarshal(body, &p) == nil {
			assert.Equal(t, p, q.packed)
		}
	})
}
