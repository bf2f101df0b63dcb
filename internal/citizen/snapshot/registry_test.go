package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	summary, problems := mustImport(t, dir, everybody(), small())
	require.Empty(t, problems)
	require.Equal(t, Summary{Rows: 5, Loaded: 5}, summary)
	r := mustOpen(t, dir)
	require.Equal(t, 5, r.Len())
	const same = "2566723524632053" // of two people
	for name, c := range map[string]struct {
		keys    string
		second  citizen.Second
		want    string // the code
		outcome citizen.Outcome
	}{
		"same keys, first by card":       {same, card(t, "11111"), "CLMMRA35A46F205F", citizen.Found},
		"same keys, second by card":      {same, card(t, "22222"), "CLMMRA35B46F205E", citizen.Found},
		"same keys, second by birth":     {same, born(t, "1935-02-06"), "CLMMRA35B46F205E", citizen.Found},
		"same keys, datum of neither":    {same, card(t, "33333"), "", citizen.NotFound},
		"wrong key":                      {"2566723524632054", card(t, "11111"), "CLMMRA35A46F205F", citizen.FoundRepaired},
		"wrong key, datum wrong":         {"2566723524632054", card(t, "33333"), "", citizen.NotFound},
		"missing key":                    {"256672352463205", card(t, "22222"), "CLMMRA35B46F205E", citizen.FoundRepaired},
		"doubled key":                    {"22566723524632053", card(t, "22222"), "CLMMRA35B46F205E", citizen.FoundRepaired},
		"swapped keys":                   {"5266723524632053", card(t, "22222"), "CLMMRA35B46F205E", citizen.FoundRepaired},
		"two wrong keys":                 {"3366723524632053", card(t, "22222"), "", citizen.NotFound},
		"unknown":                        {"7776723624132058", card(t, "22222"), "", citizen.NotFound},
		"nothing keyed":                  {"", card(t, "22222"), "", citizen.NotFound},
		"provisional":                    {"12345678903", card(t, "444444"), "12345678903", citizen.Found},
		"provisional, missing":           {"2345678903", card(t, "444444"), "12345678903", citizen.FoundRepaired},
		"STP":                            {"7870301010000012", born(t, "1931-02-28"), "STP0301010000012", citizen.Found},
		"the code's century is not used": {keysOfRow(t, carlo), born(t, "1920-06-03"), strings.Split(row(carlo), ",")[0], citizen.Found},
		"the other century":              {keysOfRow(t, carlo), born(t, "2020-06-03"), "", citizen.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, outcome, err := r.Identify(keys(t, c.keys), c.second)
			require.NoError(t, err)
			assert.Equal(t, c.outcome.String(), outcome.String())
			assert.Equal(t, c.want, person.Code.Reveal())
		})
	}
}

func keysOfRow(t testing.TB, line string) string {
	t.Helper()
	code, err := fiscalcode.Parse(strings.Split(row(line), ",")[0])
	require.NoError(t, err)
	return code.Keypad().Reveal()
}

func TestAmbiguousIsNoGuess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, register(anna, strings.Replace(bianca, "2222222222", "9999911111", 1)), small())
	person, outcome, err := mustOpen(t, dir).Identify(keys(t, "2566723524632053"), card(t, "11111"))
	require.NoError(t, err)
	assert.Equal(t, citizen.Ambiguous, outcome)
	assert.True(t, person == citizen.Citizen{})
}

func TestRecordsComeBackWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("ò", 127)
	csv := register(anna, bianca, carlo, dario, elena) +
		row("RSSMRA36A41F205,"+long+","+long+",1936-01-01,80380000306666666666,"+long+",it,3471234567\n") +
		row("VRDLGU30A01F205,VERDI,LUIGI "+strings.Repeat("X", 80)+",1930-01-01,80380000307777777777,MILANO,it,\n")
	summary, problems := mustImport(t, dir, csv, small())
	require.Empty(t, problems)
	require.EqualValues(t, 7, summary.Loaded)
	r := mustOpen(t, dir)
	for code, want := range map[string][7]string{
		"CLMMRA35A46F205F":           {"COLOMBO", "MARIA", "1935-01-06", "80380000301111111111", "MILANO", "it", "0212345678"},
		"CLMMRA35B46F205E":           {"COLOMBO", "MARIA", "1935-02-06", "80380000302222222222", "MILANO", "it", "3471234567"},
		row(carlo)[:16]:              {"BIANCHI", "CARLO", "1920-06-03", "80380000303333333333", "ROMA", "", ""},
		"12345678903":                {"DARI", "DARIO", "1940-12-31", "80380000304444444444", "Sant'Angelo Lodigiano", "de", "037112345"},
		"STP0301010000012":           {"ELENI", "ELENA", "1931-02-28", "80380000305555555555", "Gironico, frazione", "fr", "+41441234567"},
		row("RSSMRA36A41F205,")[:16]: {long, long, "1936-01-01", "80380000306666666666", long, "it", "3471234567"},
		row("VRDLGU30A01F205,")[:16]: {"VERDI", "LUIGI " + strings.Repeat("X", 80), "1930-01-01", "80380000307777777777", "MILANO", "it", ""},
	} {
		parsed, err := fiscalcode.Parse(code)
		require.NoError(t, err)
		c, found, err := r.ByCode(parsed)
		require.NoError(t, err)
		require.True(t, found)
		assert.Equal(t, want, [7]string{c.Surname.Reveal(), c.GivenName.Reveal(), c.BirthDate.String(), c.Card.Reveal(), c.Municipality, c.Language, c.Phone.Reveal()})
	}
	stranger, err := fiscalcode.Parse("12345678911")
	require.NoError(t, err)
	_, found, err := r.ByCode(stranger)
	require.NoError(t, err)
	assert.False(t, found)
	_, found, err = r.ByCode(fiscalcode.Code{})
	require.NoError(t, err)
	assert.False(t, found)
}

func TestAnEmptyFolderTakesUpItsFirstImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Open(dir, testKey("a")[:31])
	require.ErrorIs(t, err, ErrKeySize)
	r := mustOpen(t, dir)
	require.Zero(t, r.Len())
	require.Zero(t, r.IndexBytes())
	require.Empty(t, r.Find(keys(t, "1")))
	require.Empty(t, r.FindNear(keys(t, "1")))
	_, _, err = r.Identify(keys(t, "12345678903"), card(t, "44444"))
	require.ErrorIs(t, err, ErrEmpty)
	_, _, err = r.ByCode(fiscalcode.Code{})
	require.ErrorIs(t, err, ErrEmpty)
	changed, err := r.Reload()
	require.NoError(t, err)
	require.False(t, changed)

	mustImport(t, dir, everybody(), small())
	changed, err = r.Reload()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, 5, r.Len())
	require.Positive(t, r.IndexBytes())
	require.Len(t, r.Find(keys(t, "12345678903")), 1)
	require.Len(t, r.FindNear(keys(t, "12345678913")), 1)
	changed, err = r.Reload()
	require.NoError(t, err)
	require.False(t, changed)

	require.NoError(t, os.Remove(filepath.Join(dir, manifestName)))
	_, err = r.Reload()
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, 5, r.Len(), "the old one serves on")
}

// TestCallsGoOnDuringImports asks without pause while registers are swapped.
func TestCallsGoOnDuringImports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, everybody(), small())
	r := mustOpen(t, dir)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				person, outcome, err := r.Identify(keys(t, "2566723524632053"), card(t, "11111"))
				if !assert.NoError(t, err) || !assert.Equal(t, citizen.Found, outcome) {
					return
				}
				assert.Equal(t, "COLOMBO", person.Surname.Reveal())
			}
		})
	}
	for i := range 10 {
		csv := register(anna, bianca)
		if i%2 == 0 {
			csv = everybody()
		}
		mustImport(t, dir, csv, small())
		changed, err := r.Reload()
		require.NoError(t, err)
		require.True(t, changed)
		require.Len(t, listing(t, dir), 2, "the manifest and one snapshot")
	}
	close(stop)
	callers.Wait()
}

func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := mustOpen(t, dir)
	type event struct {
		rows int
		err  error
	}
	events := make(chan event)
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		r.Watch(ctx, time.Millisecond, func(rows int, err error) {
			select {
			case events <- event{rows, err}:
			case <-ctx.Done():
			}
		})
	})
	mustImport(t, dir, everybody(), small())
	require.Equal(t, event{rows: 5}, <-events)

	good, err := os.ReadFile(filepath.Join(dir, manifestName))
	require.NoError(t, err)
	require.NoError(t, replaceManifest(dir, []byte("{")))
	bad := <-events
	require.ErrorIs(t, bad.err, ErrFormat)
	require.Equal(t, 5, bad.rows)
	// The same error is not told again: the next that is told is another.
	require.NoError(t, replaceManifest(dir, []byte(`{"version":1,"snapshot":"citizens-0.snapshot","rows":1}`)))
	require.ErrorIs(t, (<-events).err, ErrDamaged)
	require.NoError(t, replaceManifest(dir, good))
	mustImport(t, dir, register(anna), small())
	require.Equal(t, event{rows: 1}, <-events)
	cancel()
	watching.Wait()
}

// replaceManifest does it in one step, as an import does, so that no reader sees
// half a file.
func replaceManifest(dir string, text []byte) error {
	temporary := filepath.Join(dir, "new-manifest")
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(dir, manifestName))
}

func TestWrongKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, everybody(), small())
	_, err := Open(dir, testKey("another"))
	require.ErrorIs(t, err, ErrWrongKey)
	require.ErrorContains(t, err, "another key")
}

// TestDamageIsSaid cuts and changes a snapshot everywhere: it must not open, or
// must say that a record is damaged; it never answers something else, and a
// registry that serves the old one goes on.
func TestDamageIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("X", 200)
	person := row("RSSMRA36A41F205," + long + ",MARIA,1936-01-01,80380000306666666666,MILANO,it,3471234567\n")
	mustImport(t, dir, everybody()+person, small())
	path := snapshotPath(t, dir)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	second := card(t, "66666")
	check := func(t *testing.T, changed []byte) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		r, err := Open(dir, testKey("a"))
		if err != nil {
			if !assert.Error(t, firstOf(err, ErrDamaged, ErrFormat, ErrWrongKey)) {
				t.Log(err)
			}
			return
		}
		defer r.Close()
		c, outcome, err := r.Identify(keys(t, keysOfRow(t, person)), second)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			require.NotContains(t, err.Error(), "XXX")
			return
		}
		require.Equal(t, citizen.Found, outcome)
		require.Equal(t, long, c.Surname.Reveal())
	}
	for size := 0; size < len(whole); size += 1 + size/40 {
		check(t, whole[:size])
	}
	check(t, append(whole[:len(whole):len(whole)], 0))
	for at := 0; at < len(whole); at += 1 + min(at/8, 61) {
		changed := append([]byte(nil), whole...)
		changed[at] ^= 1
		check(t, changed)
	}
	// Two records in each other's place.
	changed := append([]byte(nil), whole...)
	for i := range 5 {
		at := headerSize + i*slotSize
		copy(changed[at:at+slotSize], whole[at+slotSize:at+2*slotSize])
	}
	check(t, changed)
	check(t, whole)
}

// firstOf gives the first of targets that err is.
func firstOf(err error, targets ...error) error {
	for _, target := range targets {
		if strings.Contains(err.Error(), target.Error()) {
			return target
		}
	}
	return nil
}

func TestADamagedSnapshotIsNotTakenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, everybody(), small())
	r := mustOpen(t, dir)
	mustImport(t, dir, register(anna), small())
	require.NoError(t, os.Truncate(snapshotPath(t, dir), headerSize+slotSize))
	changed, err := r.Reload()
	require.ErrorIs(t, err, ErrDamaged)
	require.False(t, changed)
	_, outcome, err := r.Identify(keys(t, "12345678903"), card(t, "44444"))
	require.NoError(t, err)
	require.Equal(t, citizen.Found, outcome)
}

// TestNothingReadableOnDisk looks for people in every byte that an import
// writes, its passing files included.
func TestNothingReadableOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := &fullDisk{left: 1 << 30}
	options := small()
	options.create = disk.create
	long := row("RSSMRA36A41F205," + strings.Repeat("LUNGHISSIMO ", 20) + ",MARIA,1936-01-01,80380000306666666666,MILANO,it,3471234567\n")
	mustImport(t, dir, everybody()+long, options)
	snapshot, err := os.ReadFile(snapshotPath(t, dir))
	require.NoError(t, err)
	all := string(snapshot) + disk.written.String()
	require.Greater(t, len(all), 2*len(snapshot), "the passing files were seen")
	for _, secret := range []string{"CLMMRA", "COLOMBO", "LUNGHISSIMO", "MILANO", "0212345678", "347123", "1111111111", "1935-01-06", "2566723524632053"} {
		require.NotContains(t, all, secret)
	}
	for _, k := range []string{"2566723524632053", "12345678903"} {
		require.NotContains(t, all, string(bigEndian(keys(t, k).Ordinal())))
		require.NotContains(t, all, string(littleEndian(keys(t, k).Ordinal())))
	}
	again := t.TempDir()
	mustImport(t, again, everybody()+long, small())
	other, err := os.ReadFile(snapshotPath(t, again))
	require.NoError(t, err)
	require.Len(t, other, len(snapshot))
	require.NotEqual(t, snapshot[headerSize:headerSize+slotSize], other[headerSize:headerSize+slotSize], "no two snapshots are sealed alike")
}
