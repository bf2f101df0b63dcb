package storetest

import (
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/desk"
)

// list is a tenant's registrations.
type list struct {
	desk.Registrations
	tenant string
}

func (l list) registration(citizen string, second int) desk.Registration {
	return desk.Registration{
		Tenant: l.tenant, Campaign: "over-80", Citizen: citizen, Phone: "0255500001", Channel: "phone",
		At: noon().Add(time.Duration(second) * time.Second),
	}
}

func (l list) add(t *testing.T, r desk.Registration) desk.Registration {
	t.Helper()
	kept, added, err := l.Add(t.Context(), r)
	require.NoError(t, err)
	require.True(t, added)
	return kept
}

// Registrations holds a desk.Registrations to its promises.
func Registrations(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, list){
		"what is kept comes back whole":                registrationRoundTrip,
		"a citizen has one for each campaign":          registrationOnce,
		"racing adds keep one":                         registrationRace,
		"receipts are six figures, each another":       registrationReceipts,
		"a receipt that is asked for is given once":    registrationOwnReceipt,
		"change replaces phone and confirmation alone": registrationChange,
		"pages run by time, newest first":              registrationPages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := Name("tenant")
			test(t, list{open(t, tenant).Registrations, tenant})
		})
	}
	t.Run("tenants do not see each other", func(t *testing.T) {
		t.Parallel()
		a, b := Name("tenant"), Name("tenant")
		stores := open(t, a, b).Registrations
		here, there := list{stores, a}, list{stores, b}
		here.add(t, here.registration("citizen", 0))
		_, err := there.Of(t.Context(), b, "over-80", "citizen")
		require.ErrorIs(t, err, desk.ErrNotFound)
		there.add(t, there.registration("citizen", 0))
	})
}

func registrationRoundTrip(t *testing.T, l list) {
	ctx := t.Context()
	r := filled[desk.Registration](t)
	r.Tenant, r.Receipt = l.tenant, ""
	kept := l.add(t, r)
	r.Receipt = kept.Receipt
	same(t, r, kept)
	got, err := l.Of(ctx, l.tenant, r.Campaign, r.Citizen)
	require.NoError(t, err)
	same(t, r, got)
	page, next, err := l.Page(ctx, l.tenant, "", 10)
	require.NoError(t, err)
	assert.Empty(t, next)
	same(t, []desk.Registration{r}, page)
}

func registrationOnce(t *testing.T, l list) {
	ctx := t.Context()
	_, err := l.Of(ctx, l.tenant, "over-80", "citizen")
	require.ErrorIs(t, err, desk.ErrNotFound)
	first := l.add(t, l.registration("citizen", 0))
	again := l.registration("citizen", 60)
	again.Phone = "0255500002"
	kept, added, err := l.Add(ctx, again)
	require.NoError(t, err)
	assert.False(t, added)
	same(t, first, kept)
	other := l.registration("citizen", 60)
	other.Campaign = "booster"
	assert.NotEqual(t, first.Receipt, l.add(t, other).Receipt)
}

func registrationRace(t *testing.T, l list) {
	var added atomic.Int32
	receipts := make([]string, 20)
	var all sync.WaitGroup
	for i := range receipts {
		all.Go(func() {
			kept, ok, err := l.Add(t.Context(), l.registration("citizen", i))
			assert.NoError(t, err)
			receipts[i] = kept.Receipt
			if ok {
				added.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, added.Load())
	for _, receipt := range receipts {
		assert.Equal(t, receipts[0], receipt)
	}
}

func registrationReceipts(t *testing.T, l list) {
	seen := map[string]bool{}
	figures := regexp.MustCompile(`^[0-9]{6}$`)
	inOrder, last := 0, ""
	for i := range 200 {
		receipt := l.add(t, l.registration(fmt.Sprint("citizen-", i), i)).Receipt
		require.Regexp(t, figures, receipt)
		require.False(t, seen[receipt])
		seen[receipt] = true
		if receipt > last {
			inOrder++
		}
		last = receipt
	}
	assert.Less(t, inOrder, 150, "receipts that rise tell how many came before")
}

func registrationOwnReceipt(t *testing.T, l list) {
	ctx := t.Context()
	drawn := l.add(t, l.registration("one", 0))
	taken := l.registration("two", 1)
	taken.Receipt = drawn.Receipt
	_, _, err := l.Add(ctx, taken)
	require.Error(t, err)
	require.NotErrorIs(t, err, desk.ErrUnavailable)
	for _, wrong := range []string{"12345", "1234567", "12345x", "-12345", "+12345"} {
		taken.Receipt = wrong
		_, _, err := l.Add(ctx, taken)
		require.Error(t, err)
	}
	_, err = l.Of(ctx, l.tenant, "over-80", "two")
	require.ErrorIs(t, err, desk.ErrNotFound)

	// Ask for those that would be drawn next: the draw must go round them.
	own := map[string]bool{drawn.Receipt: true}
	for i := 0; len(own) < 20; i++ {
		receipt := fmt.Sprintf("%06d", i*50_021%1_000_000)
		if own[receipt] {
			continue
		}
		own[receipt] = true
		r := l.registration(fmt.Sprint("own-", i), 2)
		r.Receipt = receipt
		assert.Equal(t, receipt, l.add(t, r).Receipt)
		got, err := l.Of(ctx, l.tenant, "over-80", r.Citizen)
		require.NoError(t, err)
		assert.Equal(t, receipt, got.Receipt)
	}
	for i := range 20 {
		receipt := l.add(t, l.registration(fmt.Sprint("drawn-", i), 3)).Receipt
		require.False(t, own[receipt])
		own[receipt] = true
	}
}

func registrationChange(t *testing.T, l list) {
	ctx := t.Context()
	r := l.registration("citizen", 0)
	_, err := l.Change(ctx, r)
	require.ErrorIs(t, err, desk.ErrNotFound)
	want := l.add(t, r)
	want.Phone, want.Confirmed = "0255500003", noon().Add(time.Hour)
	r.Phone, r.Confirmed, r.Channel, r.At = want.Phone, want.Confirmed, "portal", noon().Add(time.Hour)
	for range 2 { // it may be repeated
		got, err := l.Change(ctx, r)
		require.NoError(t, err)
		same(t, want, got)
	}
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			changed := r
			changed.Phone = fmt.Sprintf("02555001%02d", i)
			got, err := l.Change(ctx, changed)
			assert.NoError(t, err)
			assert.Equal(t, changed.Phone, got.Phone)
		})
	}
	all.Wait()
	got, err := l.Of(ctx, l.tenant, "over-80", "citizen")
	require.NoError(t, err)
	assert.Equal(t, want.Receipt, got.Receipt)
	assert.Regexp(t, `^02555001\d\d$`, got.Phone)
}

func registrationPages(t *testing.T, l list) {
	ctx := t.Context()
	want := map[string]bool{}
	for i := range 11 {
		want[l.add(t, l.registration(fmt.Sprint("citizen-", i), i/3)).Receipt] = true
	}
	var last time.Time
	pages := 0
	for cursor := ""; ; pages++ {
		page, next, err := l.Page(ctx, l.tenant, cursor, 4)
		require.NoError(t, err)
		for _, r := range page {
			assert.True(t, last.IsZero() || !r.At.After(last))
			last = r.At
			assert.True(t, want[r.Receipt], "each once")
			delete(want, r.Receipt)
		}
		if next == "" {
			break
		}
		require.Len(t, page, 4)
		cursor = next
	}
	assert.Empty(t, want)
	assert.Equal(t, 2, pages)
	_, _, err := l.Page(ctx, l.tenant, "nonsense", 4)
	require.Error(t, err)
}
