package sip_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sip"
)

func TestParseScript(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want sip.Script
	}{
		{"", nil},
		{"  \n", nil},
		{",1", sip.Script{{Action: sip.ActEnd}, {Action: sip.ActPress, Keys: "1"}}},
		{"12*#", sip.Script{{Action: sip.ActPress, Keys: "12*#"}}},
		{"w500 1", sip.Script{{Action: sip.ActWait, Wait: 500 * time.Millisecond}, {Action: sip.ActPress, Keys: "1"}}},
		{"w5001", sip.Script{{Action: sip.ActWait, Wait: 5001 * time.Millisecond}}},
		{"?menu-main,h", sip.Script{{Action: sip.ActListen, Recording: "menu-main"}, {Action: sip.ActEnd}, {Action: sip.ActHangup}}},
		{"?menu-main 1", sip.Script{{Action: sip.ActListen, Recording: "menu-main"}, {Action: sip.ActPress, Keys: "1"}}},
		{"t1000t0", sip.Script{{Action: sip.ActTone, Hz: 1000}, {Action: sip.ActTone}}},
	}
	for _, c := range cases {
		got, err := sip.ParseScript(c.text)
		require.NoError(t, err, "%q", c.text)
		assert.Equal(t, c.want, got, "%q", c.text)
	}
	for text, want := range map[string]string{
		"1x": "character 2", "w": "number from 0", "t": "number from 0", "t9000": "0 to 3999",
		"w999999999999999999999": "number from 0", "?": "name of a recording", "? 1": "name of a recording", "è": `'è'`,
	} {
		_, err := sip.ParseScript(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func FuzzParseScript(f *testing.F) {
	for _, seed := range []string{",1", "?menu-main 1,,w500 t1000h", "w5001", "12*#\n", "?a.b_C"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		script, err := sip.ParseScript(text)
		if err != nil {
			return
		}
		again, err := sip.ParseScript(script.String())
		require.NoError(t, err)
		// Keys that only a blank parted become two steps again or stay two.
		require.Equal(t, script, again)
	})
}
