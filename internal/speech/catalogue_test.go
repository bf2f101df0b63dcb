package speech

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/prompts"
)

func italian(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load(prompts.FS(), "it")
	require.NoError(t, err)
	return c
}

func TestRender(t *testing.T) {
	t.Parallel()
	c := italian(t)
	for _, test := range []struct {
		utterance            Utterance
		words, before, after string
	}{
		{Say(CommonMoment), "Un momento, per favore.", "common-moment-1", ""},
		{
			Say(NumberCli, Phone("02", "12", "34", "56", "78")),
			"Chiameremo: zero due, uno due, tre quattro, cinque sei, sette otto. Per confermare, prema uno. Per un altro numero, prema due.",
			"number-cli-1 silence-300 digit-0 digit-2 silence-300 digit-1 digit-2 silence-300 digit-3 digit-4 silence-300 digit-5 digit-6 silence-300 digit-7 digit-8-end",
			"silence-500 number-cli-2",
		},
		{
			Say(ReturnHello, Phrase("authority", "tenant.authority.demo"), Word("471")),
			"Buongiorno, ASL Esempio: quattro, sette, uno. Per parlare, prema uno. Se non può adesso, prema due. Se non è per lei, prema tre.",
			"return-hello-1-tenant-authority-demo silence-300 digit-4 silence-300 digit-7 silence-300 digit-1-end silence-500 return-hello-2", "",
		},
		{
			Say(CallbackWord, Word("471")),
			"Chi la chiama dirà subito tre numeri: quattro, sette, uno. Ripeto: quattro, sette, uno. Se non li dice, riagganci: non siamo noi.",
			"callback-word-1 silence-300 digit-4 silence-300 digit-7 silence-300 digit-1-end silence-500 callback-word-2 silence-300 digit-4 silence-300 digit-7 silence-300 digit-1-end silence-500 callback-word-3", "",
		},
		{Say(IdentifyContinueDigits, NDigits(5), NKeys(3)), "Ho contato tre cifre su cinque. Continui pure.", "identify-continue-digits-1-3-5 silence-500 identify-continue-digits-2", ""},
		{Say(CallbackPromise, ClockRange(Today, At(10, 30), At(11, 0))), "Fatto: la richiamiamo oggi dalle dieci e trenta alle undici.", "callback-promise-1 day-today clock-from-10-30 clock-at-11", ""},
		{
			Say(VerifyConfirm, Phrase("campaign", "tenant.campaign.demo"), Date("request-date", 2027, 2, 15)),
			"Ha chiesto il vaccino lunedì quindici febbraio. Per confermare, prema uno. Se non è così, prema due.",
			"verify-confirm-1-tenant-campaign-demo day-monday day-15 month-2", "silence-500 verify-confirm-2",
		},
		{Say(ToneRecord), "♪", string(ToneRecording), ""},
	} {
		got, err := c.Render(test.utterance)
		require.NoError(t, err, test.utterance.ID)
		assert.Equal(t, test.words, got.Words)
		assert.Equal(t, test.before, names(got.Before))
		assert.Equal(t, test.after, names(got.After))
	}
	assert.Equal(t, []Cut{CutNo, CutYes, CutMark, CutNo}, []Cut{c.Cut(CommonMoment), c.Cut(MenuMain), c.Cut(NumberCli), c.Cut("no.such")})
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	c := italian(t)
	for name, u := range map[string]Utterance{
		"an unknown prompt":          Say("no.such"),
		"a missing slot":             Say(ReceiptSay),
		"a slot too many":            Say(CommonMoment, Word("471")),
		"another slot":               Say(ReceiptSay, Word("471")),
		"another kind":               Say(ReceiptSay, Slot{"receipt", KindCount, "4"}),
		"letters for figures":        Say(ReceiptSay, Receipt("41725X")),
		"no figures":                 Say(ReceiptSay, Receipt("")),
		"an unknown phrase":          Say(WelcomeHello, Phrase("service", "tenant.service.none")),
		"a phrase of another slot":   Say(WelcomeHello, Phrase("service", "tenant.campaign.demo")),
		"a count never recorded":     Say(WaitPosition, Ahead(21)),
		"a count that is not one":    Say(WaitPosition, Slot{"ahead", KindCount, "four"}),
		"more figures than asked":    Say(IdentifyContinueDigits, NKeys(7), NDigits(5)),
		"a date that does not exist": Say(PreregisterSinceDate, Date("start-date", 2027, 2, 30)),
	} {
		_, err := c.Render(u)
		assert.Error(t, err, name)
	}
}

func TestUtterancesSurviveJSON(t *testing.T) {
	t.Parallel()
	u := Say(NumberCli, Phone("02", "12", "34", "56", "78"))
	text, err := json.Marshal(u)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"number.cli","s":[{"n":"phone","k":"figures","v":"02 12 34 56 78"}]}`, string(text))
	var again Utterance
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, u, again)
}

// Figures are a citizen's: they are not printed by accident.
func TestFiguresPrintMasked(t *testing.T) {
	t.Parallel()
	slot := Phone("02", "12", "34", "56", "78")
	rendered, err := italian(t).Render(Say(NumberCli, slot))
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "slot", slot)
	for _, printed := range []string{
		fmt.Sprint(slot), fmt.Sprintf("%v %+v %#v %s %q %d", slot, slot, slot, slot, slot, slot),
		fmt.Sprintf("%v %+v", Say(NumberCli, slot), []Slot{slot}), log.String(),
		fmt.Sprintf("%v %+v %#v %s", rendered, rendered, rendered, rendered),
	} {
		assert.NotContains(t, printed, "56 78")
		assert.NotContains(t, printed, "uno due")
		assert.NotContains(t, printed, "digit")
	}
	assert.Equal(t, "02 12 34 56 78", slot.Reveal())
	assert.Equal(t, "n-keys=9", NKeys(9).String())
}

// Each prompt of the catalogue has a constant whose name is its id in one
// word, and the other way round.
func TestConstantsAreTheCatalogue(t *testing.T) {
	t.Parallel()
	var constants []string
	constant := func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		id, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		name := ""
		for _, word := range strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '-' }) {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		assert.Equal(t, name, spec.Names[0].Name)
		constants = append(constants, id)
		return false
	}
	for _, name := range []string{"ids.go", "ids_calls.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, constant)
	}
	var ids []string
	for _, id := range italian(t).IDs() {
		ids = append(ids, string(id))
	}
	assert.ElementsMatch(t, constants, ids)
}

func TestParseSaysEveryMistakeWithItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a.b yes\n":                                          "line 1: a.b: no text",
		"a.b\n  Ciao.\n":                                     "after the name",
		"a.b maybe\n  Ciao.\n":                               `"maybe" is not`,
		"A.b yes\n  Ciao.\n":                                 "a name is made of",
		"a yes\n  Ciao.\n\na no\n  Ciao.\n":                  "line 4: a: the name is there twice",
		"a yes\n  {nothing} qui.\n":                          "no slot {nothing}",
		"a mark\n  Ciao.\n":                                  "‖",
		"a yes\n  Ciao. ‖ Ciao.\n":                           "‖",
		"a yes\n  Sono {ahead}.\n":                           "counts in the text are [ahead]",
		"a yes ahead=2-3\n  Ciao.\n":                         "counts with values",
		"a yes ahead=3-2\n  Sono {ahead}.\n":                 "does not list counts",
		"a phrase phone\n  zero due\n":                       "not a slot for phrases",
		"  Testo senza nome.\n\nb yes\n  Ciao.\n":            "line 1",
		"a yes\n  Un {ahead\n":                               "stands alone",
		"a phrase service\n  la {phone}\n":                   "no slots of its own",
		"a yes ahead=1-100 n-keys=1-2\n  {ahead} {n-keys}\n": "make 200 recordings",
		"a.b no\n  Ciao.\n\na-b no\n  Ciao.\n":               "two recordings",
		"a yes\n  {nothing} qui.\n\nb maybe\n  C.\n":         "line 4: b",
	} {
		_, err := Parse(text, "it")
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
	_, err := Parse("", "tlh")
	assert.ErrorContains(t, err, "tlh")
	_, err = Load(prompts.FS(), "tlh")
	assert.Error(t, err)
}

// Whatever stands in a catalogue: it is refused, or all its recordings have
// proper names of their own and are what its prompts play.
func FuzzParse(f *testing.F) {
	f.Add("a.b  yes  n-keys=2-4  n-digits=3,5  n-keys<n-digits\n  Ho {n-keys} su {n-digits}. Poi, prema 1.\n")
	f.Add("a mark\n  È: {phone}, prema 1. ‖ {receipt}\n\nb phrase service\n  la ASL\n\nc no\n  Qui {service}. E 12 {half-day}: {service}.\n")
	f.Add("t no\n  ♪\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text, "it")
		if err != nil {
			return
		}
		for _, piece := range c.Pieces() {
			name := string(piece.Recording)
			require.NotEmpty(t, name)
			require.Empty(t, strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), name)
			require.NotContains(t, piece.Text, "{n-")
		}
	})
}
