package fiscalcode

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Invented codes of every kind.
const (
	maria       = "RSSMRA36A41F205" // + check character, see withCheck
	provisional = "12345678903"
	stp         = "STP0301010000012"
	eni         = "ENI2000990000345"
)

func withCheck(t testing.TB, fifteen string) string {
	t.Helper()
	check, ok := CheckCharacter(fifteen)
	require.True(t, ok)
	return fifteen + string(check)
}

type vector struct {
	code, birth, sex, place, base string
	valid                         bool
}

func vectors(t testing.TB) []vector {
	t.Helper()
	file, err := os.Open("testdata/fiscal_codes.csv")
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	var all []vector
	for _, r := range rows[1:] {
		all = append(all, vector{code: r[0], valid: r[1] == "1", birth: r[2], sex: r[3], place: r[4], base: r[5]})
	}
	return all
}

func TestParseAgreesWithEveryVector(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	require.Len(t, all, 2000)
	wrong := 0
	for i, v := range all {
		code, err := Parse(v.code)
		if (err == nil) != v.valid {
			wrong++
			t.Errorf("row %d: valid is %v, Parse says %v", i+2, v.valid, err)
			continue
		}
		if !v.valid {
			var r *Rejection
			require.ErrorAs(t, err, &r)
			continue
		}
		require.Equal(t, v.code, code.Reveal())
		require.Equal(t, Personal, code.Kind())
		facts, ok := code.Facts()
		require.True(t, ok)
		require.Equal(t, v.place, facts.Place, "row %d", i+2)
		require.Equal(t, v.birth[2:], fmt.Sprintf("%02d-%02d-%02d", facts.Year, facts.Month, facts.Day), "row %d", i+2)
		require.Equal(t, v.sex == "F", facts.Sex == Female, "row %d", i+2)
		base, err := Parse(v.base)
		require.NoError(t, err)
		baseFacts, _ := base.Facts()
		require.True(t, facts == baseFacts, "row %d: letters of omocodia change no fact", i+2)
	}
	require.Zero(t, wrong)
}

func TestParseKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		kind Kind
		keys string
	}{
		{withCheck(t, maria), Personal, "7776723624132058"},
		{strings.ToLower(withCheck(t, maria)), Personal, "7776723624132058"},
		{" " + withCheck(t, maria) + "\r\n", Personal, "7776723624132058"},
		{withCheck(t, "STPNEI50H14I351"), Personal, ""}, // surname letters STP: still a name
		{provisional, Provisional, "12345678903"},
		{stp, STP, "7870301010000012"},
		{eni, ENI, "3642000990000345"},
		{withCheck(t, "RSSMRA00B29F205"), Personal, ""}, // 29 February 2000 existed
		{withCheck(t, "RSSMRA36A41G778"), Personal, ""}, // Pola, ceded in 1947
		{withCheck(t, "RSSMRA36A41Z118"), Personal, ""}, // Yugoslavia
	} {
		code, err := Parse(c.text)
		require.NoError(t, err)
		assert.Equal(t, c.kind, code.Kind())
		assert.Equal(t, strings.ToUpper(strings.TrimSpace(c.text)), code.Reveal())
		assert.False(t, code.IsZero())
		if c.keys != "" {
			assert.Equal(t, c.keys, code.Keypad().Reveal())
		}
		assert.Equal(t, c.kind, code.Keypad().Shape())
		_, hasFacts := code.Facts()
		assert.Equal(t, c.kind == Personal, hasFacts)
	}
}

func TestParseGivesTheReason(t *testing.T) {
	t.Parallel()
	good := withCheck(t, maria)
	for name, c := range map[string]struct {
		text string
		want Rejection
	}{
		"nothing":               {"", Rejection{Reason: Empty}},
		"white space":           {" \t", Rejection{Reason: Empty}},
		"15 characters":         {good[:15], Rejection{Reason: WrongLength}},
		"17 characters":         {good + "A", Rejection{Reason: WrongLength}},
		"cut to 11 characters":  {good[:11], Rejection{Reason: WrongLength}},
		"12 digits":             {provisional + "0", Rejection{Reason: WrongLength}},
		"digit in the surname":  {"R5" + good[2:], Rejection{WrongCharacter, 2}},
		"A in the year":         {good[:6] + "A" + good[7:], Rejection{WrongCharacter, 7}},
		"no such month":         {good[:8] + "F" + good[9:], Rejection{WrongCharacter, 9}},
		"no such place letter":  {good[:11] + "K" + good[12:], Rejection{WrongCharacter, 12}},
		"digit as check":        {good[:15] + "7", Rejection{WrongCharacter, 16}},
		"space inside":          {good[:4] + " " + good[5:], Rejection{WrongCharacter, 5}},
		"accent":                {"ROSSÈ" + good[5:], Rejection{WrongCharacter, 5}},
		"long s":                {"ſ" + good[1:], Rejection{WrongCharacter, 1}},
		"Arabic digit":          {good[:6] + "٣" + good[7:], Rejection{WrongCharacter, 7}},
		"another check":         {good[:15] + string('A'+(good[15]-'A'+1)%26), Rejection{Reason: CheckWrong}},
		"30 February":           {withCheck(t, "RSSMRA36B30F205"), Rejection{Reason: ImpossibleDate}},
		"29 February 1937":      {withCheck(t, "RSSMRA37B29F205"), Rejection{Reason: ImpossibleDate}},
		"31 April, woman":       {withCheck(t, "RSSMRA37D71F205"), Rejection{Reason: ImpossibleDate}},
		"day 0":                 {withCheck(t, "RSSMRA37D00F205"), Rejection{Reason: ImpossibleDate}},
		"day 40":                {withCheck(t, "RSSMRA37D40F205"), Rejection{Reason: ImpossibleDate}},
		"day 72":                {withCheck(t, "RSSMRA37A72F205"), Rejection{Reason: ImpossibleDate}},
		"place never given":     {withCheck(t, "RSSMRA36A41M999"), Rejection{Reason: PlaceUnknown}},
		"state never given":     {withCheck(t, "RSSMRA36A41Z999"), Rejection{Reason: PlaceUnknown}},
		"place 000":             {withCheck(t, "RSSMRA36A41A000"), Rejection{Reason: PlaceUnknown}},
		"vowel, then consonant": {withCheck(t, "ARSMRA36A41F205"), Rejection{Reason: NamePattern}},
		"given name":            {withCheck(t, "RSSMAR36A41F205"), Rejection{Reason: NamePattern}},
		"check of provisional":  {"12345678901", Rejection{Reason: CheckWrong}},
		"letter in provisional": {"1234567890A", Rejection{WrongCharacter, 11}},
		"eleven zeros":          {"00000000000", Rejection{Reason: NeverIssued}},
		"letter in STP":         {"STP030101000001A", Rejection{WrongCharacter, 16}},
		"region 000":            {"STP0001010000012", Rejection{Reason: RegionUnknown}},
		"region 201":            {"ENI2011010000012", Rejection{Reason: RegionUnknown}},
		"no such series":        {"STX0301010000012", Rejection{WrongCharacter, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, err := Parse(c.text)
			var got *Rejection
			require.ErrorAs(t, err, &got)
			assert.Equal(t, c.want, *got)
			assert.True(t, code.IsZero())
			if len(c.text) > 4 {
				assert.NotContains(t, err.Error(), c.text[1:5])
			}
		})
	}
	assert.Equal(t, "wrong character at 5", (&Rejection{WrongCharacter, 5}).Error())
	assert.Equal(t, "wrong length", (&Rejection{Reason: WrongLength}).Error())
}

func TestParseTrustingPlace(t *testing.T) {
	t.Parallel()
	_, err := ParseTrustingPlace(withCheck(t, "RSSMRA36A41M999"))
	require.NoError(t, err)
	_, err = ParseTrustingPlace(withCheck(t, "RSSMRA36B30M999"))
	require.ErrorContains(t, err, string(ImpossibleDate))
}

func TestEveryFormOfOmocodiaIsValid(t *testing.T) {
	t.Parallel()
	places := [...]int{6, 7, 9, 10, 12, 13, 14}
	seen := map[Code]bool{}
	for mask := range 1 << len(places) {
		b := []byte(maria)
		for bit, at := range places {
			if mask>>bit&1 == 1 {
				b[at] = digitLetters[b[at]-'0']
			}
		}
		code, err := Parse(withCheck(t, string(b)))
		require.NoError(t, err)
		facts, _ := code.Facts()
		require.True(t, facts == Facts{Day: 1, Month: 1, Year: 36, Sex: Female, Place: "F205"})
		seen[code] = true
	}
	require.Len(t, seen, 128)
}

func TestCheckCharacterCatchesEverySingleSlip(t *testing.T) {
	t.Parallel()
	good := withCheck(t, maria)
	for i := range 15 {
		for c := byte('A'); c <= 'Z'; c++ {
			if !isUpper(good[i]) || c == good[i] {
				continue
			}
			got, _ := CheckCharacter(good[:i] + string(c) + good[i+1:15])
			require.NotEqual(t, good[15], got)
		}
	}
	for _, bad := range []string{"", "RSS", maria + "X", "rssmra36a41f205", maria[:14] + "È"} {
		_, ok := CheckCharacter(bad)
		assert.False(t, ok)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	counts := map[bool]int{}
	for _, letter := range placeLetters {
		for n := range 1000 {
			if PlaceKnown(fmt.Sprintf("%c%03d", letter, n)) {
				counts[letter == 'Z']++
			}
		}
	}
	assert.Equal(t, map[bool]int{false: 9841, true: 222}, counts)
	for _, known := range []string{
		"F205", "H501", "L219", "M438", "Z404", // Milano, Roma, Torino, the newest, United States
		"G778", "D620", "M149", "B665", // Pola, Fiume, Zara, Capodistria: ceded
		"Z105", "Z111", "Z118", "Z135", "Z157", "Z250", // states that are gone
	} {
		assert.True(t, PlaceKnown(known), known)
	}
	for _, unknown := range []string{"", "F20", "F2055", "K100", "f205", "A000", "M999", "Z000", "FLNR"} {
		assert.False(t, PlaceKnown(unknown), unknown)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		digits string
		kind   Kind
	}{
		{"", None}, {"0", None}, {"12345678903", Provisional}, {"00000000000", Provisional},
		{"7776723624132058", Personal}, {"7870301010000012", STP}, {"3642000990000345", ENI},
		{"7870001010000012", None}, {"7872011010000012", None}, {"7876721624132057", Personal},
		{"0776723624132057", None}, {"777672362413205", None}, {"77767236241320587", None},
	} {
		keys, err := ParseKeys(c.digits)
		require.NoError(t, err)
		assert.Equal(t, c.digits, keys.Reveal())
		assert.Equal(t, len(c.digits), keys.Len())
		assert.Equal(t, c.kind, keys.Shape(), c.digits)
	}
	seven, err := ParseKeys("007")
	require.NoError(t, err)
	assert.Equal(t, uint64(1007), seven.Ordinal())
	assert.Zero(t, Keys{}.Ordinal())
	assert.Equal(t, Keys{}, Code{}.Keypad())
	_, err = ParseKeys(strings.Repeat("9", MaxKeys))
	require.NoError(t, err)
	_, err = ParseKeys(strings.Repeat("9", MaxKeys+1))
	require.ErrorIs(t, err, ErrTooManyKeys)
	for _, bad := range []string{"12#", "*", "1 2", "٣", "A"} {
		_, err = ParseKeys(bad)
		require.ErrorIs(t, err, ErrNotKeys)
	}
}

func TestNothingPrintsWhole(t *testing.T) {
	t.Parallel()
	code, err := Parse(withCheck(t, maria))
	require.NoError(t, err)
	facts, _ := code.Facts()
	hidden := struct {
		code  Code
		keys  Keys
		inner any
	}{code, code.Keypad(), code}
	for _, value := range []any{code, &code, code.Keypad(), facts, []Code{code}, map[Code]Keys{code: code.Keypad()}, hidden, Code{}, Keys{}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
			fmt.Fprintf(&out, verb, value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", value)
		if _, nested := value.(map[Code]Keys); !nested && fmt.Sprintf("%T", value) != "[]fiscalcode.Code" {
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", value)
		}
		for _, secret := range []string{"RSSMRA", "36A41", "F205", "7776723", "RSSM"} {
			assert.NotContains(t, out.String(), secret)
		}
	}
	assert.Equal(t, "***************"+code.Reveal()[15:], code.String())
	assert.Equal(t, "(no code)", Code{}.String())
	for _, k := range []Kind{None, Personal, Provisional, STP, ENI} {
		assert.NotEmpty(t, k.String())
	}
}

func TestTextWayBack(t *testing.T) {
	t.Parallel()
	type record struct {
		Code Code
		Keys Keys
	}
	for _, text := range []string{"", withCheck(t, maria), withCheck(t, "RSSMRA36A41M999"), provisional, stp, eni} {
		var in record
		if text != "" {
			var err error
			in.Code, err = ParseTrustingPlace(text)
			require.NoError(t, err)
			in.Keys = in.Code.Keypad()
		}
		stored, err := json.Marshal(in)
		require.NoError(t, err)
		var out record
		require.NoError(t, json.Unmarshal(stored, &out))
		assert.True(t, in == out)
	}
	var out record
	var rejected *Rejection
	require.True(t, errors.As(json.Unmarshal([]byte(`{"Code":"RSS"}`), &out), &rejected))
	require.ErrorIs(t, json.Unmarshal([]byte(`{"Keys":"12a"}`), &out), ErrNotKeys)
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f)[:200] {
		f.Add(v.code)
	}
	f.Add(provisional)
	f.Add(stp)
	f.Add(eni)
	f.Fuzz(func(t *testing.T, text string) {
		code, err := Parse(text)
		if err != nil {
			var r *Rejection
			require.ErrorAs(t, err, &r)
			require.True(t, code.IsZero())
			return
		}
		whole := code.Reveal()
		require.True(t, strings.EqualFold(strings.Trim(text, " \t\r\n"), whole))
		again, err := Parse(whole)
		require.NoError(t, err)
		require.True(t, again == code)
		keys := code.Keypad()
		require.Equal(t, len(whole), keys.Len())
		require.Equal(t, code.Kind(), keys.Shape())
		back, err := ParseKeys(keys.Reveal())
		require.NoError(t, err)
		require.True(t, back == keys)
		require.NotContains(t, fmt.Sprintf("%v%+v%#v%s%x", code, code, code, code, code), whole[:8])
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add("7776723624132058")
	f.Add("007")
	f.Fuzz(func(t *testing.T, digits string) {
		keys, err := ParseKeys(digits)
		if err != nil {
			return
		}
		require.Equal(t, digits, keys.Reveal())
		require.Equal(t, len(digits), keys.Len())
		if len(digits) > 0 {
			ordinal, err := strconv.ParseUint("1"+digits, 10, 64)
			require.NoError(t, err)
			require.Equal(t, ordinal, keys.Ordinal())
		}
		_ = keys.Shape()
	})
}

func BenchmarkParse(b *testing.B) {
	code := withCheck(b, maria)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(code); err != nil {
			b.Fatal(err)
		}
	}
}
