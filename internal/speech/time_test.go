package speech

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		time       Time
		at, from   string
		recordings string
	}{
		{At(9, 30), "alle nove e trenta", "dalle nove e trenta", "clock-at-9-30"},
		{At(9, 0), "alle nove", "dalle nove", "clock-at-9"},
		{At(9, 5), "alle nove e cinque", "dalle nove e cinque", "clock-at-9 clock-minute-5"},
		{At(1, 0), "all'una", "dall'una", "clock-at-1"},
		{At(1, 30), "all'una e trenta", "dall'una e trenta", "clock-at-1-30"},
		{At(12, 0), "a mezzogiorno", "da mezzogiorno", "clock-at-12"},
		{At(0, 0), "a mezzanotte", "da mezzanotte", "clock-at-0"},
		{At(13, 0), "alle tredici", "dalle tredici", "clock-at-13"},
		{At(21, 47), "alle ventuno e quarantasette", "dalle ventuno e quarantasette", "clock-at-21 clock-minute-47"},
	} {
		said, err := sayTime(c.time, at)
		require.NoError(t, err)
		assert.Equal(t, c.at, said.words)
		assert.Equal(t, c.recordings, names(said.list))
		said, err = sayTime(c.time, from)
		require.NoError(t, err)
		assert.Equal(t, c.from, said.words)
		assert.Equal(t, strings.ReplaceAll(c.recordings, "-at-", "-from-"), names(said.list))
	}
	for _, wrong := range []Time{At(24, 0), At(9, 60), At(-1, 0), At(0, -1)} {
		_, err := sayTime(wrong, at)
		assert.Error(t, err, wrong)
	}
}

func names(list []Recording) string {
	var words []string
	for _, r := range list {
		words = append(words, string(r))
	}
	return strings.Join(words, " ")
}

func TestDates(t *testing.T) {
	t.Parallel()
	for value, words := range map[string]string{
		"2027-02-15": "lunedì quindici febbraio",
		"2027-03-01": "lunedì primo marzo",
		"2027-03-08": "lunedì otto marzo",
		"2028-02-29": "martedì ventinove febbraio",
		"2026-12-31": "giovedì trentuno dicembre",
		"2027-07-11": "domenica undici luglio",
	} {
		said, err := sayDate(value)
		require.NoError(t, err)
		assert.Equal(t, words, said.words)
	}
	for _, wrong := range []string{"", "2027-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "27-01-01", "2027-02-15 ", "2027/02/15", "-027-02-15", "1500-01-01"} {
		_, err := sayDate(wrong)
		assert.Error(t, err, wrong)
	}
}

// Every date of four centuries, and of the years around the calendar's rule
// for centuries, has the weekday that the standard library gives it.
func TestWeekdays(t *testing.T) {
	t.Parallel()
	day := time.Date(1899, 1, 1, 12, 0, 0, 0, time.UTC)
	for ; day.Year() < 2301; day = day.AddDate(0, 0, 1) {
		want := (int(day.Weekday())+6)%7 + 1
		require.Equal(t, want, weekday(day.Year(), int(day.Month()), day.Day()), day)
	}
}

func TestNearDay(t *testing.T) {
	t.Parallel()
	for day, want := range map[[3]int]Day{
		{2026, 12, 28}: Today,
		{2026, 12, 29}: Tomorrow,
		{2026, 12, 30}: Wednesday,
		{2027, 1, 3}:   Sunday,
		{2027, 1, 4}:   "2027-01-04",
		{2026, 12, 27}: "2026-12-27",
	} {
		assert.Equal(t, want, NearDay(day[0], day[1], day[2], 2026, 12, 28))
	}
}

func TestClockRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slot  Slot
		words string
	}{
		{ClockRange(Today, At(10, 30), At(11, 0)), "oggi dalle dieci e trenta alle undici"},
		{ClockRange(Tomorrow, At(12, 0), At(13, 0)), "domani da mezzogiorno alle tredici"},
		{ClockRange(Monday, At(9, 0), At(9, 45)), "lunedì dalle nove alle nove e quarantacinque"},
		{ClockRange(OnDate(2027, 2, 15), At(9, 0), At(10, 0)), "lunedì quindici febbraio dalle nove alle dieci"},
		{ClockBy(Today, At(15, 30)), "oggi entro le quindici e trenta"},
		{ClockBy(Today, At(13, 0)), "oggi entro le tredici"},
		{ClockBy(Today, At(12, 0)), "oggi entro mezzogiorno"},
		{ClockBy(Today, At(12, 30)), "oggi entro le dodici e trenta"},
		{ClockBy(Tomorrow, At(1, 0)), "domani entro l'una"},
	} {
		said, err := compose(c.slot)
		require.NoError(t, err)
		assert.Equal(t, c.words, said.words)
	}
	for _, wrong := range []string{"", "today", "today 9:00 10:00", "today 9:00", "today 09:00 10:00 11:00", "someday 09:00 10:00", "today 09:00 25:00"} {
		_, err := compose(Slot{"clock-range", KindClock, wrong})
		assert.Error(t, err, wrong)
	}
}

func TestHalfDays(t *testing.T) {
	t.Parallel()
	for words, slot := range map[string]Slot{
		"domani mattina":       HalfDay(Tomorrow, Morning),
		"questa mattina":       HalfDay(Today, Morning),
		"oggi pomeriggio":      HalfDay(Today, Afternoon),
		"mercoledì pomeriggio": HalfDay(Wednesday, Afternoon),

		"lunedì ventidue febbraio, mattina":               HalfDay(OnDate(2027, 2, 22), Morning),
		"domani mattina, dalle nove alle dodici e trenta": HalfDayHours(Tomorrow, Morning, At(9, 0), At(12, 30)),
		"lunedì ventidue febbraio, pomeriggio, dalle tredici alle diciotto": HalfDayHours(
			OnDate(2027, 2, 22), Afternoon, At(13, 0), At(18, 0)),
	} {
		said, err := compose(slot)
		require.NoError(t, err)
		assert.Equal(t, words, said.words)
	}
	for _, wrong := range []Slot{
		HalfDay(Tomorrow, "night"), HalfDay("someday", Morning), {"half-day-long", KindHours, "tomorrow morning"},
		{"half-day-long", KindHours, "tomorrow night 09:00 10:00"}, {"half-day-long", KindHours, "tomorrow morning 09:00 25:00"},
	} {
		_, err := compose(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestEstimateEnd(t *testing.T) {
	t.Parallel()
	for minutes, end := range map[int]int{0: 5, 5: 5, 6: 10, 20: 20, 21: 30, 30: 30, 31: 45, 46: 60, 61: 90, 90: 90, 91: 95, 118: 120} {
		assert.Equal(t, end, EstimateEnd(minutes), minutes)
	}
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	for minutes, words := range map[int]string{
		0: "meno di cinque minuti", 5: "meno di cinque minuti",
		6: "da cinque a dieci minuti", 10: "da cinque a dieci minuti",
		11: "da dieci a quindici minuti", 16: "da quindici a venti minuti",
		21: "da venti a trenta minuti", 30: "da venti a trenta minuti",
		31: "da trenta a quarantacinque minuti", 45: "da trenta a quarantacinque minuti",
		46: "da quarantacinque minuti a un'ora", 60: "da quarantacinque minuti a un'ora",
		61: "da un'ora a un'ora e mezza", 90: "da un'ora a un'ora e mezza",
		91: "più di un'ora e mezza", 6000: "più di un'ora e mezza",
	} {
		slot, ok := EstimateFor(minutes)
		require.True(t, ok)
		said, err := compose(slot)
		require.NoError(t, err)
		assert.Equal(t, words, said.words, minutes)
	}
	_, ok := EstimateFor(-1)
	assert.False(t, ok, "an unknown wait is not said")
	_, err := compose(EstimateRange(20, 35))
	assert.Error(t, err, "a range that is not recorded")
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slot              Slot
		words, recordings string
	}{
		{Receipt("417259"), "quattro uno sette, due cinque nove", "digit-4 digit-1 digit-7 silence-300 digit-2 digit-5 digit-9-end"},
		{Word("471"), "quattro, sette, uno", "digit-4 silence-300 digit-7 silence-300 digit-1-end"},
		{Code("502841"), "cinque zero due, otto quattro uno", "digit-5 digit-0 digit-2 silence-300 digit-8 digit-4 digit-1-end"},
		{Phone("02", "12"), "zero due, uno due", "digit-0 digit-2 silence-300 digit-1 digit-2-end"},
		{ServicePhone("800", "0"), "otto zero zero, zero", "digit-8 digit-0 digit-0 silence-300 digit-0-end"},
	} {
		said, err := compose(c.slot)
		require.NoError(t, err)
		assert.Equal(t, c.words, said.words)
		assert.Equal(t, c.recordings, names(said.list))
	}
}

// Whatever figures are read: each is heard once, in order, and only the last
// one sounds like the end.
func FuzzFigures(f *testing.F) {
	f.Add("02 12 34 56 78")
	f.Add("4 7 1")
	f.Add("")
	f.Add("1  2")
	f.Add("12a")
	f.Fuzz(func(t *testing.T, value string) {
		said, err := compose(Slot{"phone", KindFigures, value})
		if err != nil {
			assert.NotContains(t, err.Error(), "12345", "an error never shows figures")
			return
		}
		heard := ""
		for i, r := range said.list {
			name, isDigit := strings.CutPrefix(string(r), "digit-")
			figure, isEnd := strings.CutSuffix(name, "-end")
			if isDigit {
				heard += figure
			}
			assert.Equal(t, i == len(said.list)-1, isEnd)
		}
		assert.Equal(t, strings.ReplaceAll(value, " ", ""), heard)
		assert.Len(t, strings.Fields(said.words), len(heard))
	})
}

func TestSpelling(t *testing.T) {
	t.Parallel()
	said, err := saySpelling("Rs4")
	require.NoError(t, err)
	assert.Equal(t, "erre come Roma, esse come Savona, quattro", said.words)
	assert.Equal(t, "letter-r silence-300 letter-s silence-300 digit-4", names(said.list))
	for _, wrong := range []string{"", "à", "A B", "-"} {
		_, err := saySpelling(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestSilences(t *testing.T) {
	t.Parallel()
	_, ok := Silence(200)
	assert.False(t, ok)
	name, ok := Silence(10000)
	assert.True(t, ok)
	assert.Equal(t, Recording("silence-10000"), name)
	for ms, want := range map[int]string{
		0: "", -5: "", 1: "silence-100", 200: "silence-100 silence-100", 700: "silence-500 silence-100 silence-100",
		90000: "silence-60000 silence-30000", 8000: "silence-5000 silence-2000 silence-1000",
	} {
		assert.Equal(t, want, names(SilenceFor(time.Duration(ms)*time.Millisecond)), ms)
	}
}
