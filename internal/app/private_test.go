package app_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// A citizen whose every datum is found nowhere else. No row of the demonstration
// and no recording has any of it.
const (
	markedCode    = "QRTZLM37T45D612R"
	markedSurname = "Quartazzi"
	markedName    = "Zelmira"
	markedCard    = "80380000300017394862"
	markedPhone   = "0557391846"
	markedOther   = "0558462739" // the number that she keys
)

// Whatever the service, Asterisk and Redis write, nothing of a citizen is in it:
// no number, no code, no key pressed, no name. The registry, which is sealed, is
// looked through as well.
func TestNothingPersonalIsWrittenInTheClear(t *testing.T) {
	w := newTown(t, demo.Options{Env: []string{"RICHIAMO_LOG_LEVEL=debug"}})
	csv := filepath.Join(t.TempDir(), "citizens.csv")
	require.NoError(t, os.WriteFile(csv, []byte("fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone\n"+
		strings.Join([]string{markedCode, markedSurname, markedName, "1937-12-05", markedCard, "Firenze", "it", markedPhone}, ",")+"\n"), 0o600))
	require.NoError(t, w.in.Import(t.Context(), csv))
	w.open()

	w.ask("POST", "/api/v1/return-calls", portalKey, map[string]string{"fiscal_code": markedCode, "phone": markedOther, "purpose": "verify"}, nil)
	wants := w.calls(markedPhone) // a promised call
	wants.wantsPerson()
	wants.hears(speech.PersonOfferUnknown)
	wants.presses("1")
	wants.hears(speech.CallbackWhen)
	wants.presses("1")
	zelmira := w.calls(markedPhone) // a request
	zelmira.keying()
	zelmira.presses(keysOf(markedCode))
	zelmira.hears(speech.IdentifyAskCardDigits)
	zelmira.presses(markedCard[15:])
	zelmira.hears(speech.NumberCli)
	called := w.answers(w.ring(markedOther)) // a call of ours
	called.hears(speech.VerifyHello)
	called.leaves()
	wants.hears(speech.NumberCli, numberCliMark)
	wants.presses("1")
	wants.hears(speech.CallbackPen)
	wants.leaves()
	zelmira.hears(numberCliMark)
	zelmira.presses("2")
	zelmira.hears(speech.NumberAsk)
	zelmira.presses(markedOther + "#")
	zelmira.hears(speech.NumberReadback, "number.readback-2")
	zelmira.presses("1")
	zelmira.hears(speech.PreregisterSaved)
	zelmira.leaves()
	w.in.Kill() // and the record of a crash
	w.open()
	w.in.Terminate()

	secrets := []string{markedCode, keysOf(markedCode), markedSurname, markedName, markedCard, markedCard[10:], markedPhone, markedPhone[1:], markedOther, markedOther[1:]}
	files := 0
	require.NoError(t, filepath.WalkDir(w.in.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "/asterisk/db/") { // the exchange's own notebook and registrar
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, secret := range secrets {
			assert.False(t, bytes.Contains(bytes.ToLower(content), []byte(strings.ToLower(secret))), "%s holds what is personal", path)
		}
		return nil
	}))
	assert.Greater(t, files, 10)
	assert.Contains(t, w.log(), "level=DEBUG", "also what is said at the lowest level")
}
