// Package storetest holds every set of stores to the same promises. The tests
// of a store package hand it a function that opens stores, and run
//
//	func TestStores(t *testing.T) { storetest.Run(t, open) }
//
// Each test opens stores of its own, with tenants, exchanges and leases of names
// that no other test has, so that many may share one server and run in parallel.
// No test knows the store's clock: where time has to pass, it waits until what
// must happen has happened.
package storetest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
)

// Stores are the stores under test, over the same records.
type Stores struct {
	Calls         call.Store
	Nodes         call.Nodes
	Tickets       dispatch.Store
	Leases        dispatch.Leases
	Registrations desk.Registrations
	Limits        desk.Limits
	Blocks        dispatch.Blocks
	Sweeps        dispatch.Sweeps
}

// Open opens stores for these tenants; they must be empty for them.
type Open func(t *testing.T, tenants ...string) Stores

// Run runs all suites.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Run("Calls", func(t *testing.T) { t.Parallel(); Calls(t, open) })
	t.Run("Nodes", func(t *testing.T) { t.Parallel(); Nodes(t, open) })
	t.Run("Tickets", func(t *testing.T) { t.Parallel(); Tickets(t, open) })
	t.Run("Ledgers", func(t *testing.T) { t.Parallel(); Ledgers(t, open) })
	t.Run("Leases", func(t *testing.T) { t.Parallel(); Leases(t, open) })
	t.Run("Registrations", func(t *testing.T) { t.Parallel(); Registrations(t, open) })
	t.Run("Limits", func(t *testing.T) { t.Parallel(); Limits(t, open) })
	t.Run("Blocks", func(t *testing.T) { t.Parallel(); Blocks(t, open) })
	t.Run("Sweeps", func(t *testing.T) { t.Parallel(); Sweeps(t, open) })
}

// Name makes a name that no other test has.
func Name(kind string) string { return kind + "-" + strings.ToLower(rand.Text()[:12]) }

// noon is the time of all records; it is not the store's clock.
func noon() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// same asks for equality as far as a store has to keep it: instants may change
// their zone and lose their monotonic reading.
func same(t *testing.T, want, got any) {
	t.Helper()
	w, err := json.Marshal(want)
	require.NoError(t, err)
	g, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(w), string(g))
}

// filled gives a value with every field set, however deep, so that a field that
// a store forgets shows.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon().Add(time.Duration(*n) * time.Millisecond)))
		return
	case phone.Number:
		number, err := phone.Parse(fmt.Sprintf("02%08d", 55000000+*n))
		require.NoError(t, err)
		v.Set(reflect.ValueOf(number))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"n":%d}`, *n))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", *n))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		require.Failf(t, "a kind of field that this test cannot fill", "%s", v.Type())
	}
}

const (
	patience = 10 * time.Second
	often    = 5 * time.Millisecond
)
