package ari

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/sip"
)

// fastKeys presses 1234 with pauses so short that Asterisk tells keys again, and gives what
// is told of them: of five times the first that is right, for an exchange that gets no
// processor for 50 ms tells a key twice all the same.
func (b *bench) fastKeys(t *testing.T, channel string, citizen *sip.Call) string {
	t.Helper()
	var told string
	for range 5 {
		require.NoError(t, citizen.PressWith(b.soon(), "1234", sip.KeyTiming{On: 60 * time.Millisecond, Off: 20 * time.Millisecond}))
		for told = ""; !strings.HasSuffix(told, "4") || strings.Trim(told, "4") == ""; { // the last may be told again in the next round
			told += string(b.next(t, call.Key, channel).Digit)
		}
		if told = strings.TrimLeft(told, "4"); told == "1234" {
			break
		}
	}
	return told
}
