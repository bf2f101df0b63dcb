package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/web"
)

// TestWhoIsHandedOverGoesByAge: a return call that another system asks for has the
// place that the register's date of birth gives it, like a citizen who calls; who may
// not register is not called to confirm a registration.
func TestWhoIsHandedOverGoesByAge(t *testing.T) {
	t.Parallel()
	const frail, old, nobody = "CLMMRA35A46F205F", "CLMMRA35B46F205E", "RSSMRA36A41F205A"
	csv := "fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone\n"
	csv += frail + ",COLOMBO,MARIA,1935-01-06,80380000301111111111,MILANO,it,0212345678\n" +
		old + ",COLOMBO,MARIA,1935-02-06,80380000302222222222,MILANO,it,0212345679\n"
	dir, key := t.TempDir(), make([]byte, snapshot.KeySize)
	summary, err := snapshot.Import(t.Context(), dir, key, strings.NewReader(csv), snapshot.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 2, summary.Loaded)
	registry, err := snapshot.Open(dir, key)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, registry.Close()) })

	stores, serve := memstore.New(nil), dispatch.Defaults()
	serve.Window = queue.Window{Always: true, Zone: time.UTC}
	tickets := dispatch.New(stores.Tickets, stores.Blocks, stores.Sweeps, map[string]dispatch.Config{"asl": serve}, dispatch.Options{})
	rules := desk.Tenant{BornUntil: day(t, "1935-01-31"), FrailUntil: day(t, "1935-01-31")}
	r := returnCalls{tickets, &App{
		registries: map[string]*snapshot.Registry{"asl": registry}, desks: map[string]desk.Tenant{"asl": rules},
	}}
	for i, c := range []struct {
		name, citizen string
		purpose       queue.Purpose
		class         queue.Class
		err           error
	}{
		{"frail", frail, queue.Verification, queue.Frail, nil},
		{"not frail, wants a person", old, queue.WantsPerson, queue.Normal, nil},
		{"may not register", old, queue.Verification, queue.Normal, web.ErrNotEligible},
		{"not in the register", nobody, queue.WantsPerson, queue.Normal, nil},
	} {
		n, err := phone.Parse(fmt.Sprintf("021234567%d", i))
		require.NoError(t, err)
		x, err := r.CreateReturn(t.Context(), "asl", fmt.Sprint(i), dispatch.ReturnCall{Citizen: c.citizen, Phone: n, Purpose: c.purpose, Channel: "portal"})
		require.ErrorIs(t, err, c.err, c.name)
		assert.Equal(t, c.class, x.Class, c.name)
	}
}

func day(t *testing.T, text string) citizen.Date {
	t.Helper()
	d, err := citizen.ParseDate(text)
	require.NoError(t, err)
	return d
}
