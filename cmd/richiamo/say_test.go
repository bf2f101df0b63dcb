package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// runSay runs the sub-command with the given words.
func runSay(t *testing.T, words ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = sayCommand().run(t.Context(), words, stdio{in: nil, out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words []string
		out   string
	}{
		{[]string{"--lang", "it", "number", "1234"}, "milleduecentotrentaquattro\nnumber-1000\nnumber-200\nnumber-34\n"},
		{[]string{"date", "2027-02-15"}, "lunedì quindici febbraio\nday-monday\nday-15\nmonth-2\n"},
		{[]string{"time", "09:30"}, "alle nove e trenta\nclock-at-9-30\n"},
		{
			[]string{"phone", "0212345678"},
			"zero due, uno due, tre quattro, cinque sei, sette otto\n" +
				"digit-0\ndigit-2\nsilence-300\ndigit-1\ndigit-2\nsilence-300\ndigit-3\ndigit-4\nsilence-300\n" +
				"digit-5\ndigit-6\nsilence-300\ndigit-7\ndigit-8-end\n",
		},
		{[]string{"spell", "RO"}, "erre come Roma, o come Otranto\nletter-r\nsilence-300\nletter-o\n"},
		{
			[]string{"prompt", "number.readback", "phone=3471234567"},
			"Ho segnato: tre quattro sette, uno due tre, quattro cinque sei sette. Per confermare, prema uno. Per correggere, prema due.\n" +
				"number-readback-1\nsilence-300\ndigit-3\ndigit-4\ndigit-7\nsilence-300\ndigit-1\ndigit-2\ndigit-3\nsilence-300\n" +
				"digit-4\ndigit-5\ndigit-6\ndigit-7-end\n‖\nsilence-500\nnumber-readback-2\n",
		},
		{[]string{"prompt", "callback.promise", "clock-range=today 10:30 11:00"}, "Fatto: la richiamiamo oggi dalle dieci e trenta alle undici.\ncallback-promise-1\nday-today\nclock-from-10-30\nclock-at-11\n"},
		{[]string{"prompt", "wait.position", "ahead=4"}, "Prima di lei ci sono quattro persone.\nwait-position-1-4\n"},
	} {
		code, out, complaint := runSay(t, c.words...)
		assert.Equal(t, exitOK, code, complaint)
		assert.Equal(t, c.out, out)
	}
	code, out, _ := runSay(t, "list")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, out, "common.moment\tno\tUn momento, per favore.\n")
	code, out, _ = runSay(t, "--help")
	assert.Equal(t, exitOK, code)
	assert.Equal(t, sayHelp, out)
}

func TestSayRefuses(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{{}, {"number"}, {"--volume", "11"}} {
		code, out, complaint := runSay(t, words...)
		assert.Equal(t, exitUsage, code)
		assert.Empty(t, out)
		assert.Contains(t, complaint, "Usage: richiamo say")
	}
	for _, words := range [][]string{
		{"number", "1000001"}, {"number", "many"}, {"number", "1", "2"}, {"date", "2027-02-30"}, {"date", "today"}, {"time", "25:00"},
		{"time", "soon"}, {"phone", "hello"}, {"spell", "è"}, {"song", "1"}, {"--lang", "tlh", "number", "1"},
		{"prompt", "no.such"}, {"prompt", "wait.position", "ahead=99"}, {"prompt", "wait.position", "four"}, {"prompt", "number.cli", "phone=x"},
	} {
		code, out, complaint := runSay(t, words...)
		assert.Equal(t, exitFailed, code, words)
		assert.Empty(t, out)
		assert.NotEmpty(t, complaint)
	}
}
