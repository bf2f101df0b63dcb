package citizen_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
)

func keysOf(t testing.TB, digits string) fiscalcode.Keys {
	t.Helper()
	keys, err := fiscalcode.ParseKeys(digits)
	require.NoError(t, err)
	return keys
}

func indexOf(t testing.TB, digits ...string) *citizen.Index {
	t.Helper()
	var ordinals []uint64
	for _, d := range digits {
		ordinals = append(ordinals, keysOf(t, d).Ordinal())
	}
	slices.Sort(ordinals)
	index, err := citizen.NewIndex(slices.Clip(ordinals))
	require.NoError(t, err)
	return index
}

func TestFindNearKnowsEverySlip(t *testing.T) {
	t.Parallel()
	const whole, short = "7776723624132058", "12345678903"
	index := indexOf(t, whole, short)
	require.Equal(t, []citizen.Candidate{{Row: 1}}, index.Find(keysOf(t, whole)))
	require.Equal(t, []citizen.Candidate{{Row: 0}}, index.Find(keysOf(t, short)))
	for row, code := range []string{short, whole} {
		for i := range code {
			for d := '0'; d <= '9'; d++ {
				if rune(code[i]) == d {
					continue
				}
				assert.Equal(t, []citizen.Candidate{{row, citizen.WrongKey}}, index.FindNear(keysOf(t, code[:i]+string(d)+code[i+1:])))
			}
			assert.Equal(t, []citizen.Candidate{{row, citizen.MissingKey}}, index.FindNear(keysOf(t, code[:i]+code[i+1:])))
			assert.Equal(t, []citizen.Candidate{{row, citizen.DoubledKey}}, index.FindNear(keysOf(t, code[:i]+code[i:i+1]+code[i:])))
			if i > 0 && code[i] != code[i-1] {
				swapped := code[:i-1] + code[i:i+1] + code[i-1:i] + code[i+1:]
				assert.Equal(t, []citizen.Candidate{{row, citizen.SwappedKeys}}, index.FindNear(keysOf(t, swapped)))
			}
		}
	}
}

func TestFindNearStopsAtOneSlip(t *testing.T) {
	t.Parallel()
	index := indexOf(t, "7776723624132058", "12345678903")
	for _, digits := range []string{
		"", "7", "7776723624132058", // exact is not near
		"8876723624132058",   // two wrong
		"77767236241320",     // two missing
		"77767236241320581",  // one more that doubles none
		"777672362413205888", // two more
		"0000012345678903",   // the short code with zeros before it
		"1234567890", "123456789", "1234567890355",
	} {
		assert.NotContains(t, fmt.Sprint(index.FindNear(keysOf(t, digits))), "{1 0}")
		if len(digits) != 10 {
			assert.Empty(t, index.FindNear(keysOf(t, digits)), digits)
		}
		if digits != "7776723624132058" {
			assert.Empty(t, index.Find(keysOf(t, digits)))
		}
	}
}

// TestIndexAgreesWithALinearSearch draws registers of close keys and compares.
func TestIndexAgreesWithALinearSearch(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 5))
	draw := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('2' + dice.IntN(2))
		}
		return string(b)
	}
	for _, size := range []int{0, 1, 63, 64, 65, 128, 1000, 20000} {
		var rows []string
		for range size {
			rows = append(rows, draw(16))
		}
		slices.Sort(rows)
		index := indexOf(t, rows...)
		require.Equal(t, size, index.Len())
		require.LessOrEqual(t, index.Bytes(), 12*size+64)
		for range 50 {
			entry := draw(15 + dice.IntN(3))
			var exact, near []int
			for row, code := range rows {
				if code == entry {
					exact = append(exact, row)
				} else if oneSlip(code, entry) {
					near = append(near, row)
				}
			}
			require.Equal(t, exact, rowsOf(index.Find(keysOf(t, entry))))
			require.Equal(t, near, rowsOf(index.FindNear(keysOf(t, entry))), "no row is missing and none is there twice")
		}
	}
}

func rowsOf(candidates []citizen.Candidate) []int {
	var rows []int
	for _, c := range candidates {
		rows = append(rows, c.Row)
	}
	slices.Sort(rows)
	return rows
}

// oneSlip says by comparison whether code becomes entry by one slip.
func oneSlip(code, entry string) bool {
	switch {
	case len(entry) == len(code):
		var differ []int
		for i := range code {
			if code[i] != entry[i] {
				differ = append(differ, i)
			}
		}
		return len(differ) == 1 || len(differ) == 2 && differ[1] == differ[0]+1 &&
			code[differ[0]] == entry[differ[1]] && code[differ[1]] == entry[differ[0]]
	case len(entry) == len(code)-1:
		for i := range code {
			if code[:i]+code[i+1:] == entry {
				return true
			}
		}
	case len(entry) == len(code)+1:
		for i := range code {
			if code[:i]+code[i:i+1]+code[i:] == entry {
				return true
			}
		}
	}
	return false
}

func TestNewIndexRefusesDisorder(t *testing.T) {
	t.Parallel()
	_, err := citizen.NewIndex([]uint64{2, 1})
	require.ErrorIs(t, err, citizen.ErrUnsorted)
	index, err := citizen.NewIndex([]uint64{12, 12, 12})
	require.NoError(t, err)
	require.Len(t, index.Find(keysOf(t, "2")), 3)
}

func invented(t testing.TB, card, birth string) citizen.Citizen {
	t.Helper()
	c := citizen.Citizen{Surname: citizen.NewName("Colombo"), GivenName: citizen.NewName("Maria Pia"), Municipality: "Milano", Language: "it"}
	var err error
	c.Code, err = fiscalcode.Parse("CLMMRA35A46F205F")
	require.NoError(t, err)
	c.Card, err = citizen.ParseCard(card)
	require.NoError(t, err)
	c.BirthDate, err = citizen.ParseDate(birth)
	require.NoError(t, err)
	c.Phone, err = phone.Parse("0212345678")
	require.NoError(t, err)
	return c
}

func TestDecide(t *testing.T) {
	t.Parallel()
	a := invented(t, "80380000301234512345", "1935-01-06")
	b := invented(t, "80380000301234567890", "1935-02-06")
	twin := invented(t, "80380000309999912345", "1935-01-06")
	card := func(digits string) citizen.Second {
		s, err := citizen.CardDigits(digits)
		require.NoError(t, err)
		return s
	}
	exact := func(c citizen.Citizen) citizen.Match { return citizen.Match{Citizen: c} }
	near := func(c citizen.Citizen) citizen.Match {
		return citizen.Match{Citizen: c, Slip: citizen.SwappedKeys}
	}
	for name, c := range map[string]struct {
		matches []citizen.Match
		second  citizen.Second
		person  citizen.Citizen
		outcome citizen.Outcome
	}{
		"one, datum right":                 {[]citizen.Match{exact(a)}, card("12345"), a, citizen.Found},
		"one, six digits":                  {[]citizen.Match{exact(a)}, card("512345"), a, citizen.Found},
		"one, ten digits":                  {[]citizen.Match{exact(a)}, card("1234512345"), a, citizen.Found},
		"one, date of birth":               {[]citizen.Match{exact(a)}, citizen.BirthDate(a.BirthDate), a, citizen.Found},
		"one, datum wrong":                 {[]citizen.Match{exact(a)}, card("12346"), citizen.Citizen{}, citizen.NotFound},
		"nobody":                           {nil, card("12345"), citizen.Citizen{}, citizen.NotFound},
		"no datum":                         {[]citizen.Match{exact(a)}, citizen.Second{}, citizen.Citizen{}, citizen.NotFound},
		"no date on either side":           {[]citizen.Match{exact(citizen.Citizen{})}, citizen.BirthDate(citizen.Date{}), citizen.Citizen{}, citizen.NotFound},
		"no card in the record":            {[]citizen.Match{exact(citizen.Citizen{})}, card("12345"), citizen.Citizen{}, citizen.NotFound},
		"two with the same keys":           {[]citizen.Match{exact(a), exact(b)}, card("67890"), b, citizen.Found},
		"two whom the datum fits":          {[]citizen.Match{exact(a), exact(twin)}, card("12345"), citizen.Citizen{}, citizen.Ambiguous},
		"two told apart by more digits":    {[]citizen.Match{exact(a), exact(twin)}, card("512345"), a, citizen.Found},
		"a slip mended":                    {[]citizen.Match{near(a), near(b)}, card("67890"), b, citizen.FoundRepaired},
		"a slip, datum wrong":              {[]citizen.Match{near(a), near(b)}, card("00000"), citizen.Citizen{}, citizen.NotFound},
		"two slips away that both fit":     {[]citizen.Match{near(a), near(twin)}, card("12345"), citizen.Citizen{}, citizen.Ambiguous},
		"exact comes before near":          {[]citizen.Match{near(twin), exact(a)}, card("12345"), a, citizen.Found},
		"a slip that lands on a stranger":  {[]citizen.Match{exact(a), near(b)}, card("67890"), b, citizen.FoundRepaired},
		"ambiguous is not saved by a near": {[]citizen.Match{exact(a), exact(twin), near(b)}, card("12345"), citizen.Citizen{}, citizen.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, outcome := citizen.Decide(c.matches, c.second)
			assert.Equal(t, c.outcome.String(), outcome.String())
			assert.True(t, c.person == person)
			assert.Equal(t, c.person != citizen.Citizen{}, outcome.OK())
		})
	}
	for _, bad := range []string{"", "1234", "12345678901", "1234a", "12 45"} {
		_, err := citizen.CardDigits(bad)
		require.ErrorIs(t, err, citizen.ErrCardDigits)
	}
	for slip := citizen.Exact; slip <= citizen.SwappedKeys; slip++ {
		assert.NotEmpty(t, slip.String())
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for text, keyed := range map[string]string{
		"1936-01-31": "31011936", "1900-01-01": "01011900", "2000-02-29": "29022000", "1936-02-29": "29021936", "2025-12-31": "31122025",
	} {
		d, err := citizen.ParseDate(text)
		require.NoError(t, err)
		assert.Equal(t, text, d.String())
		k, err := citizen.ParseKeyedDate(keyed)
		require.NoError(t, err)
		assert.Equal(t, d, k)
		assert.False(t, d.IsZero())
	}
	for _, bad := range []string{"", "1936-1-31", "1936-02-30", "1900-02-29", "1936-04-31", "1936-13-01", "1936-00-01", "1936-01-00", "1799-01-01",
		"3000-01-01", "31-01-1936", "1936/01/31", "193a-01-31", "1936-01-31 ", "١٩٣٦-01-31"} {
		_, err := citizen.ParseDate(bad)
		require.ErrorIs(t, err, citizen.ErrDate, bad)
	}
	for _, bad := range []string{"", "310136", "19360131", "30021936", "3101193a", "310119366"} {
		_, err := citizen.ParseKeyedDate(bad)
		require.ErrorIs(t, err, citizen.ErrDate, bad)
	}
	last, err := citizen.NewDate(1941, 12, 31)
	require.NoError(t, err)
	next, err := citizen.NewDate(1942, 1, 1)
	require.NoError(t, err)
	assert.True(t, last.Before(next))
	assert.False(t, next.Before(last))
	assert.False(t, last.Before(last))
	assert.Equal(t, [3]int{1941, 12, 31}, [3]int{last.Year(), last.Month(), last.Day()})
	assert.Equal(t, "", citizen.Date{}.String())
}

func TestParseCard(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "80380000301234567890", "00000000000000000000"} {
		card, err := citizen.ParseCard(text)
		require.NoError(t, err)
		assert.Equal(t, text, card.Reveal())
	}
	for _, bad := range []string{"1", "8038000030123456789", "803800003012345678901", "8038000030123456789a", "a0380000301234567890", "+0380000301234567890"} {
		_, err := citizen.ParseCard(bad)
		require.ErrorIs(t, err, citizen.ErrCard, bad)
	}
}

func TestNothingPrintsWhole(t *testing.T) {
	t.Parallel()
	c := invented(t, "80380000301234567890", "1935-01-06")
	second, err := citizen.CardDigits("67890")
	require.NoError(t, err)
	hidden := struct {
		c     citizen.Citizen
		n     citizen.Name
		card  citizen.Card
		datum citizen.Second
		inner any
	}{c, c.Surname, c.Card, second, c}
	var out strings.Builder
	for _, value := range []any{c, &c, []citizen.Citizen{c}, c.Surname, c.GivenName, c.Card, second, hidden, citizen.Match{Citizen: c}, citizen.Name{}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb, value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", value)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "c", c, "n", c.Surname, "card", c.Card, "second", second)
	for _, secret := range []string{"Colombo", "Maria", "CLMMRA", "67890", "0212345", "436f6c", "1935-01"} {
		assert.NotContains(t, out.String(), secret)
	}
}

func TestCitizenWayBack(t *testing.T) {
	t.Parallel()
	for _, in := range []citizen.Citizen{{}, invented(t, "80380000301234567890", "1935-01-06")} {
		stored, err := json.Marshal(in)
		require.NoError(t, err)
		var out citizen.Citizen
		require.NoError(t, json.Unmarshal(stored, &out))
		assert.True(t, in == out)
	}
	var out citizen.Citizen
	require.ErrorIs(t, json.Unmarshal([]byte(`{"birth_date":"x"}`), &out), citizen.ErrDate)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"card_number":"x"}`), &out), citizen.ErrCard)
}

func FuzzDates(f *testing.F) {
	f.Add("1936-01-31")
	f.Add("31011936")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := citizen.ParseDate(s); err == nil {
			require.Equal(t, s, d.String())
		}
		if d, err := citizen.ParseKeyedDate(s); err == nil {
			again, err := citizen.ParseDate(d.String())
			require.NoError(t, err)
			require.Equal(t, s, fmt.Sprintf("%02d%02d%04d", again.Day(), again.Month(), again.Year()))
		}
	})
}
