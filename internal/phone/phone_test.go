package phone

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t testing.TB, s string) Number {
	t.Helper()
	n, err := Parse(s)
	require.NoError(t, err)
	return n
}

func TestParseNormalForm(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"0212345678":       "0212345678",
		"+390212345678":    "0212345678",
		"00390212345678":   "0212345678",
		"3471234567":       "3471234567",
		"+393471234567":    "3471234567",
		"00393471234567":   "3471234567",
		"+39272021234":     "272021234", // the zero is not invented
		"112":              "112",
		"+41441234567":     "+41441234567",
		"0041441234567":    "+41441234567",
		"+3780549881234":   "+3780549881234",
		"3901234567":       "3901234567", // a mobile, not country code 39
		"390212345678":     "390212345678",
		"0":                "0",
		"123456789012345":  "123456789012345",
		"+123456789012345": "+123456789012345",
	} {
		n := parse(t, given)
		assert.Equal(t, want, n.Reveal())
		assert.True(t, parse(t, n.Reveal()) == n)
		assert.False(t, n.Withheld())
	}
}

func TestParseWithheld(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "anonymous", "Anonymous", "unavailable", "Unavailable", "restricted", "RESTRICTED", "private", "withheld", "unknown"} {
		n := parse(t, s)
		assert.True(t, n.Withheld())
		assert.Equal(t, NoNumber, n.Class())
		assert.Equal(t, "", n.Reveal())
		assert.Empty(t, n.Groups())
		assert.Equal(t, "(withheld)", n.String())
		var refused *Refusal
		require.ErrorAs(t, n.Dialable(), &refused)
		assert.Equal(t, ReasonWithheld, refused.Reason)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]error{
		"+":                          ErrLength,
		"00":                         ErrLength,
		"+39":                        ErrLength,
		"0039":                       ErrLength,
		"1234567890123456":           ErrLength,
		"+391234567890123456":        ErrLength,
		"0000000000":                 ErrPrefix,
		"+0212345678":                ErrPrefix,
		"+39001234567":               ErrPrefix,
		"02 12345678":                ErrCharacter,
		"02/12345678":                ErrCharacter,
		"02-12345678":                ErrCharacter,
		"0212345678;ext=12":          ErrCharacter,
		"0212345678 int 12":          ErrCharacter,
		"0212345678#":                ErrCharacter,
		"0212345678*":                ErrCharacter,
		"0212345678\n":               ErrCharacter,
		"0212345678\r\n":             ErrCharacter,
		" 0212345678":                ErrCharacter,
		"0212345678&PJSIP/x":         ErrCharacter,
		"0212345678@example.org":     ErrCharacter,
		"sip:0212345678@example.org": ErrCharacter,
		"٠٢١٢٣٤٥٦٧٨":                 ErrCharacter,
		"０２１２３４５６７８":                 ErrCharacter,
		"++390212345678":             ErrCharacter,
		"39+0212345678":              ErrCharacter,
		"-1":                         ErrCharacter,
		"1_000":                      ErrCharacter,
		"anonymous ":                 ErrCharacter,
		"mario":                      ErrCharacter,
	} {
		n, err := Parse(given)
		require.ErrorIs(t, err, want, "%q", given)
		assert.True(t, n.Withheld())
	}
}

// TestDialable holds the allow rule against every range of the numbering plan
// and every number that a library or a hasty rule takes for an ordinary one.
func TestDialable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number string
		class  Class
		reason Reason // "" may be dialled
	}{
		// Ordinary numbers.
		{"0212345678", Landline, ""},
		{"02123456", Landline, ""},
		{"02123456789", Landline, ""},
		{"0612345678", Landline, ""},
		{"035123456", Landline, ""},
		{"0541123456", Landline, ""},
		{"+390212345678", Landline, ""},
		{"3471234567", Mobile, ""},
		{"347123456", Mobile, ""}, // nine digits, of the first years
		{"3201234567", Mobile, ""},
		{"3901234567", Mobile, ""}, // not 39 and 01234567
		// The look of a landline.
		{"0549881234", SanMarino, ReasonAbroad},
		{"+390549881234", SanMarino, ReasonAbroad},
		{"0669812345", Vatican, ReasonAbroad},
		{"066982", Vatican, ReasonAbroad},
		{"087812345", Premium, ReasonCost},
		{"0878123456", Premium, ReasonCost},
		{"0369123456", MassCall, ReasonCost},
		{"0769123456", MassCall, ReasonCost},
		{"021234567890", Unknown, ReasonNotIssued},
		{"02123", Unknown, ReasonNotIssued},
		{"0", Unknown, ReasonNotIssued},
		// The look of a mobile.
		{"3101234567", Network, ReasonService},
		{"3111234567", Network, ReasonService},
		{"3001234567", Unknown, ""}, // see below: no zero to offer
		{"34712345678", Voicemail, ReasonService},
		{"347123456789", Voicemail, ReasonService},
		{"390212345678", Voicemail, ReasonService}, // 39 without +: refused, not guessed
		{"34712345", Unknown, ""},
		{"4312345678", Network, ReasonService},
		{"4112345678", Network, ReasonService},
		{"+881612345678", GlobalNetwork, ReasonAbroad},
		{"00881612345678", GlobalNetwork, ReasonAbroad},
		{"+882161234567", GlobalNetwork, ReasonAbroad},
		{"+870773123456", GlobalNetwork, ReasonAbroad},
		{"+979123456789", GlobalNetwork, ReasonAbroad},
		// Services by first digits.
		{"48123", Premium, ReasonCost},
		{"5512345678", Nomadic, ReasonNomadic},
		{"7001234567", Internet, ReasonService},
		{"70212345", Internet, ReasonService},
		{"800123456", TollFree, ReasonService},
		{"803123", TollFree, ReasonService},
		{"840123456", SharedCost, ReasonCost},
		{"848123456", SharedCost, ReasonCost},
		{"841123", SharedCost, ReasonCost},
		{"847123", SharedCost, ReasonCost},
		{"199123456", PersonalCode, ReasonCost},
		{"1781234567", PersonalCode, ReasonCost},
		{"144123456", Premium, ReasonCost},
		{"166123456", Premium, ReasonCost},
		{"163123456", Premium, ReasonCost},
		{"164123456", Premium, ReasonCost},
		{"892123", Premium, ReasonCost},
		{"893123", Premium, ReasonCost},
		{"8931234567", Premium, ReasonCost},
		{"894123", Premium, ReasonCost},
		{"89412345", Premium, ReasonCost},
		{"895123", Premium, ReasonCost},
		{"8951234567", Premium, ReasonCost},
		{"899123456", Premium, ReasonCost},
		// Short codes.
		{"112", Emergency, ReasonService},
		{"+39112", Emergency, ReasonService},
		{"0039118", Emergency, ReasonService},
		{"113", Emergency, ReasonService},
		{"114", Emergency, ReasonService},
		{"115", Emergency, ReasonService},
		{"117", Emergency, ReasonService},
		{"118", Emergency, ReasonService},
		{"1500", Emergency, ReasonService},
		{"1515", Emergency, ReasonService},
		{"1522", Emergency, ReasonService},
		{"1530", Emergency, ReasonService},
		{"116117", Emergency, ReasonService},
		{"116000", Emergency, ReasonService},
		{"1533", ShortCode, ReasonService},
		{"1055", ShortCode, ReasonService},
		{"10555", ShortCode, ReasonService},
		{"1254", ShortCode, ReasonService},
		{"187", ShortCode, ReasonService},
		{"190", ShortCode, ReasonService},
		// Other countries.
		{"+3780549881234", SanMarino, ReasonAbroad},
		{"+37966982123", Vatican, ReasonAbroad},
		{"+41441234567", Foreign, ReasonAbroad},
		{"0041441234567", Foreign, ReasonAbroad},
		{"+12025550123", Foreign, ReasonAbroad},
		{"+88", Foreign, ReasonAbroad},
		// Reserved digits, and the zero left out.
		{"272021234", Unknown, ReasonLostZero},
		{"+39272021234", Unknown, ReasonLostZero},
		{"612345678", Unknown, ReasonLostZero},
		{"9", Unknown, ReasonNotIssued},
	} {
		n := parse(t, c.number)
		assert.Equal(t, c.class.String(), n.Class().String(), c.number)
		err := n.Dialable()
		if c.reason == "" && (c.class == Landline || c.class == Mobile) {
			require.NoError(t, err, c.number)
			continue
		}
		var refused *Refusal
		require.ErrorAs(t, err, &refused, c.number)
		assert.Equal(t, c.class, refused.Class, c.number)
		assert.NotEmpty(t, refused.Reason)
		assert.NotContains(t, err.Error(), c.number)
		if c.reason != "" {
			assert.Equal(t, c.reason, refused.Reason, c.number)
		}
	}
	assert.Equal(t, "unknown", Class(200).String())
}

// TestNoShortOrLongNumberIsDialable tries every prefix of three digits with
// every length: only landlines of 6 to 11 and mobiles of 9 or 10 digits pass.
func TestNoShortOrLongNumberIsDialable(t *testing.T) {
	t.Parallel()
	for prefix := range 1000 {
		head := fmt.Sprintf("%03d", prefix)
		if strings.HasPrefix(head, "00") {
			continue
		}
		for length := 3; length <= 13; length++ {
			digits := (head + "4123456789")[:length]
			if parse(t, digits).Dialable() != nil {
				continue
			}
			switch digits[0] {
			case '0':
				require.True(t, 6 <= length && length <= 11, digits)
			case '3':
				require.True(t, length == 9 || length == 10, digits)
				require.GreaterOrEqual(t, digits[1], byte('2'))
			default:
				require.Fail(t, "dialable", digits)
			}
		}
	}
}

func TestWithZero(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"272021234":    "0272021234",
		"+39272021234": "0272021234",
		"612345678":    "0612345678",
		"9112345678":   "", // 091 and seven digits: still a landline of Palermo
		"892123":       "", // a premium number is not read as Salerno's 089
		"3471234567":   "",
		"0212345678":   "",
		"112":          "",
		"669812345":    "", // would be the Vatican
		"+41441234567": "",
		"":             "",
		"999999999999": "",
	} {
		n, ok := parse(t, given).WithZero()
		if given == "9112345678" {
			want = "09112345678"
		}
		assert.Equal(t, want != "", ok, given)
		assert.Equal(t, want, n.Reveal())
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"0212345678":   "02 12 34 56 78",
		"021234567":    "02 12 34 567",
		"02123456":     "02 12 34 56",
		"0612345678":   "06 12 34 56 78",
		"035123456":    "035 12 34 56",
		"03512345":     "035 12 345",
		"0541123456":   "0541 12 34 56",
		"0541123":      "0541 123",
		"3471234567":   "347 123 4567",
		"347123456":    "347 123 456",
		"112":          "112",
		"800123456":    "80 01 23 456",
		"+41441234567": "41 44 12 34 567",
		"021":          "021",
		"9":            "9",
	} {
		groups := parse(t, given).Groups()
		assert.Equal(t, want, strings.Join(groups, " "))
	}
}

func TestNothingPrintsWhole(t *testing.T) {
	t.Parallel()
	n := parse(t, "3471234567")
	hidden := struct {
		number Number
		inner  any
	}{n, n}
	var out strings.Builder
	timeless := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // its figures can be any
			return slog.Attr{}
		}
		return a
	}}
	for _, value := range []any{n, &n, []Number{n}, hidden, map[Number]bool{n: true}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb, value)
		}
		slog.New(slog.NewTextHandler(&out, timeless)).Info("x", "v", value)
	}
	slog.New(slog.NewJSONHandler(&out, timeless)).Info("x", "v", n)
	for _, secret := range []string{"347", "12345", "4567"} {
		assert.NotContains(t, out.String(), secret)
	}
	assert.Equal(t, "********67", n.String())
	assert.Equal(t, "*12", parse(t, "112").String())
	assert.Equal(t, "*", parse(t, "9").String())
	assert.Equal(t, "+*********67", parse(t, "+41441234567").String())
}

func TestTextWayBack(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "0212345678", "3471234567", "+41441234567", "112", "272021234"} {
		in := parse(t, s)
		stored, err := json.Marshal(in)
		require.NoError(t, err)
		assert.Equal(t, `"`+s+`"`, string(stored))
		var out Number
		require.NoError(t, json.Unmarshal(stored, &out))
		assert.True(t, in == out)
	}
	var out Number
	require.ErrorIs(t, json.Unmarshal([]byte(`"02 1"`), &out), ErrCharacter)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"0212345678", "+390212345678", "00390212345678", "3471234567", "anonymous", "", "+", "0549881234", "0212345678;ext=1",
		"0212345678&x", "0212345678/x", "0212345678@x", "0212345678\r\n", "٠٢١٢٣٤٥٦٧٨", "０２１２３４５６７８", "+881612345678", "116117",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			require.True(t, n.Withheld())
			require.Error(t, n.Dialable())
			return
		}
		again, err := Parse(n.Reveal())
		require.NoError(t, err)
		require.True(t, again == n)
		require.Equal(t, strings.TrimPrefix(n.Reveal(), "+"), strings.Join(n.Groups(), ""))
		if whole := n.Reveal(); len(whole) > 5 {
			require.NotContains(t, fmt.Sprintf("%v%+v%#v%s", n, n, n, n), whole[:4])
		}
		if n.Dialable() != nil {
			return
		}
		require.Empty(t, strings.Trim(s, "+0123456789"), "only digits and + may become dialable")
		whole := n.Reveal()
		require.Empty(t, strings.Trim(whole, "0123456789"))
		require.Contains(t, "03", whole[:1])
		require.True(t, strings.HasSuffix(s, whole))
	})
}

func BenchmarkDialable(b *testing.B) {
	n := parse(b, "0212345678")
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Dialable(); err != nil {
			b.Fatal(err)
		}
	}
}
