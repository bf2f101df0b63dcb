package config

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The demonstration's file is right, and means what the demonstration promises.
func TestDemoFile(t *testing.T) {
	dir := folder(t)
	require.NoError(t, os.Rename(filepath.Join(dir, "key"), filepath.Join(dir, "richiamo.key")))
	t.Setenv("RICHIAMO_VAR", dir)
	t.Setenv("RICHIAMO_HTTP_PORT", "")
	t.Setenv("RICHIAMO_ARI_PORT", "")
	t.Setenv("RICHIAMO_LOG_LEVEL", "")
	cfg, err := Load("../../deploy/demo/richiamo.yaml")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8080", cfg.HTTP.Listen)
	require.Len(t, cfg.Tenants, 1)
	demo := cfg.Tenants[0]
	assert.Equal(t, []string{"800000000"}, demo.Numbers)
	assert.Equal(t, "800000000", demo.ServicePhone)
	assert.Equal(t, "1941-12-31", demo.Campaign.BornUntil.String())
	assert.Equal(t, SecondDatum{Kind: "card", Digits: 5}, demo.SecondDatum)
	assert.True(t, demo.CallingWindow.Always)
	assert.Equal(t, 45*time.Second, demo.Ring.Landline)
	assert.Equal(t, Waits{30 * time.Second}, demo.Retry.NoAnswer)
	assert.True(t, demo.Offer.NoAgent)
	assert.Zero(t, demo.Retry.Avoid, "tried again after 30 s")
	assert.False(t, demo.WrapUp.OutcomeRequired, "a trial needs no outcome to go on")
	assert.Empty(t, demo.TrunkCheck.Number)
	require.Len(t, demo.Agents, 9)
	assert.Equal(t, "agent9", demo.Agents[8].ID)
	var channels []string
	for _, k := range demo.APIKeys {
		channels = append(channels, k.Channel)
		assert.NotEmpty(t, k.Key.Reveal(), "in clear, so that a newcomer can try it")
	}
	assert.Subset(t, channels, []string{"portal", "pharmacy", "gp", "admin"})
}

// The invented citizens are right in every field: a code that agrees with the
// date of birth, a card, a number that may be dialled, and a language.
func TestDemoCitizens(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../deploy/demo/citizens.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"fiscal_code", "surname", "given_name", "birth_date", "card_number", "municipality", "language", "phone"}, rows[0])
	assert.GreaterOrEqual(t, len(rows), 40)

	card := regexp.MustCompile(`^8038000030[0-9]{10}$`)
	codes, cards, keys := map[string]bool{}, map[string]bool{}, map[string]int{}
	young, over100 := 0, 0
	for i, row := range rows[1:] {
		at := fmt.Sprintf("line %d", i+2)
		code, err := fiscalcode.Parse(row[0])
		require.NoError(t, err, at)
		born, err := time.Parse(time.DateOnly, row[3])
		require.NoError(t, err, at)
		facts, ok := code.Facts()
		require.True(t, ok, at)
		assert.Equal(t, []int{born.Year() % 100, int(born.Month()), born.Day()}, []int{facts.Year, facts.Month, facts.Day}, at)
		assert.Regexp(t, card, row[4], at)
		number, err := phone.Parse(row[7])
		require.NoError(t, err, at)
		assert.NoError(t, number.Dialable(), at)
		assert.Contains(t, []string{"it", "de", "fr", "sl", "en"}, row[6], at)
		assert.False(t, codes[row[0]] || cards[row[4]], "%s: code and card are nobody else's", at)
		codes[row[0]], cards[row[4]] = true, true
		keys[code.Keypad().Reveal()]++
		switch {
		case born.Year() > 1941:
			young++
		case born.Year() < 1927:
			over100++
		}
	}
	assert.GreaterOrEqual(t, young, 5, "some whose turn has not come")
	assert.GreaterOrEqual(t, over100, 4, "some whose century a code does not tell")
	assert.Equal(t, len(codes)-1, len(keys), "one pair shares its keys, so that only the card tells them apart")
}
