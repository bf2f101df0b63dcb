package prompts_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/speech"
)

// example fills a slot as in a usual call, longest as in the longest one.
func example(c *speech.Catalogue, name string) speech.Slot {
	switch name {
	case "phone":
		return speech.Phone("02", "12", "34", "56", "78")
	case "service-phone":
		return speech.ServicePhone("800", "000", "000")
	case "receipt":
		return speech.Receipt("417259")
	case "word":
		return speech.Word("471")
	case "n-digits":
		return speech.NDigits(5)
	case "n-keys", "ahead":
		return speech.Count(name, 4)
	case "estimate-range":
		return speech.EstimateRange(20, 30)
	case "clock-range":
		return speech.ClockRange(speech.Today, speech.At(10, 30), speech.At(11, 0))
	case "half-day":
		return speech.HalfDay(speech.Tomorrow, speech.Morning)
	case "half-day-long":
		return speech.HalfDayHours(speech.Tomorrow, speech.Morning, speech.At(9, 0), speech.At(12, 30))
	case "start-date", "request-date":
		return speech.Date(name, 2027, 2, 15)
	}
	return speech.Phrase(name, c.Phrases(name)[0])
}

func longest(c *speech.Catalogue, name string) speech.Slot {
	switch name {
	case "phone":
		return speech.Phone("02", "12", "34", "56", "789")
	case "receipt": // four and five are the longest figures
		return speech.Receipt("454545")
	case "word":
		return speech.Word("454")
	case "n-keys", "ahead":
		return speech.Count(name, 4)
	case "estimate-range":
		return speech.EstimateRange(60, 90)
	case "clock-range":
		return speech.ClockRange(speech.Wednesday, speech.At(14, 30), speech.At(15, 0))
	case "half-day":
		return speech.HalfDay(speech.OnDate(2027, 2, 22), speech.Afternoon)
	case "half-day-long":
		return speech.HalfDayHours(speech.OnDate(2027, 2, 22), speech.Morning, speech.At(9, 0), speech.At(12, 30))
	case "start-date", "request-date":
		return speech.Date(name, 2027, 2, 17)
	}
	return example(c, name)
}

func render(t *testing.T, c *speech.Catalogue, id speech.ID, fill func(*speech.Catalogue, string) speech.Slot) speech.Rendered {
	t.Helper()
	var slots []speech.Slot
	for _, name := range c.Slots(id) {
		slots = append(slots, fill(c, name))
	}
	rendered, err := c.Render(speech.Say(id, slots...))
	require.NoError(t, err, id)
	return rendered
}

// sentences splits at the signs that end one.
func sentences(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".?!", r) })
}

// One idea a sentence: what has more than fifteen words is forgotten before
// its end.
func TestSentencesAreShort(t *testing.T) {
	t.Parallel()
	c := italian(t)
	for _, id := range c.IDs() {
		for _, sentence := range sentences(render(t, c, id, longest).Words) {
			assert.LessOrEqual(t, len(strings.Fields(sentence)), 15, "%s: %s", id, sentence)
		}
	}
}

// Words that agree with the sex of the caller, blame the caller, promise what
// nobody knows, or are not understood by everybody.
func TestWordsThatAreNeverSaid(t *testing.T) {
	t.Parallel()
	c := italian(t)
	never := []string{
		"benvenuto", "benvenuta", "pronto a", "sicuro", "sicura", "iscritto", "iscritta", "richiamato", "richiamata",
		"chiamato", "stato", "lieto", "caro", "signore", "signora",
		"errore", "sbagliato", "non valido", "non valida", "tempo scaduto", " deve ", "purtroppo",
		"al più presto", "a breve", "tra poco", "operatore", "addetto", "inseri", "selezion", "compon",
		"adesione", "iscrizione", "diesis", "stella", "rete fissa", "recapito", "problema tecnico", "malfunzionamento",
		" pin", " ok", "call center", "sms", "online", "ticket", "tu ", " tuo", " tua",
	}
	for _, id := range c.IDs() {
		words := " " + strings.ToLower(render(t, c, id, example).Words) + " "
		words = strings.ReplaceAll(words, "abbiamo chiamato", "") // agrees with nobody
		for _, word := range never {
			assert.NotContains(t, words, word, id)
		}
	}
}

// The key comes last in its sentence, the action before it; 1 is the way
// ahead, 9 again, 0 a person; at most four choices.
func TestKeysAreNamedAsEverywhere(t *testing.T) {
	t.Parallel()
	c := italian(t)
	keys := []string{"zero", "uno", "due", "tre", "quattro", "nove"}
	for _, id := range c.IDs() {
		var choices []string
		for _, sentence := range sentences(c.Text(id)) {
			before, key, found := strings.Cut(sentence, "prema ")
			if !found || len(strings.Fields(key)) > 1 {
				continue // no key, or «prema una volta il tasto», «prema asterisco, in basso»
			}
			assert.Contains(t, keys, key, id)
			assert.NotContains(t, choices, key, "%s names a key twice", id)
			assert.NotEmpty(t, strings.TrimSpace(before), "%s: the action before the key", id)
			choices = append(choices, key)
			if key == "nove" {
				assert.Contains(t, before, "riascoltare", id)
			}
			if strings.Contains(before, "parlare con una persona") {
				assert.Equal(t, "zero", key, id)
			}
			assert.NotEqual(t, speech.CutNo, c.Cut(id), "%s asks for a key and is not cut by it", id)
		}
		assert.LessOrEqual(t, len(choices), 4, id)
	}
}

// Half a second of silence is heard at each full stop, and nowhere else.
func TestPausesAreAtFullStops(t *testing.T) {
	t.Parallel()
	c := italian(t)
	for _, id := range c.IDs() {
		rendered := render(t, c, id, example)
		ends := sentenceEnds(t, c, slices.Concat(rendered.Before, rendered.After))
		assert.Len(t, ends, len(sentences(rendered.Words)), id)
	}
}

// No more than nine seconds before the first key is possible, in every question
// and with the longest values of its slots: later than that, a listener of eighty
// has lost the thread. A key is possible when it was named; where a number must
// be heard whole before it can be confirmed, when the keys open behind it, and
// then it is named at once.
func TestFirstKeyIsPossibleInTime(t *testing.T) {
	t.Parallel()
	const limit, named = 9 * time.Second, 4 * time.Second
	c := italian(t)
	questions := 0
	for _, id := range c.IDs() {
		at, ok := firstKey(t, c, id)
		if !ok {
			continue
		}
		questions++
		if c.Cut(id) == speech.CutMark {
			open := c.Total(render(t, c, id, longest).Before)
			assert.LessOrEqual(t, at-open, named, "%s: keys are open, and none is named", id)
			at = open
		}
		t.Logf("%-28s %5.2f s", id, at.Seconds())
		assert.LessOrEqual(t, at, limit, id)
	}
	assert.Greater(t, questions, 50, "the questions of the catalogue are not found")
}

// firstKey returns when the first sentence that names a key, or says what to
// key, has been heard, from the beginning of the prompt, whose slots are filled
// with what takes longest.
func firstKey(t *testing.T, c *speech.Catalogue, id speech.ID) (time.Duration, bool) {
	t.Helper()
	if c.Cut(id) == speech.CutNo {
		return 0, false
	}
	before := 0 // sentences that end before the one we look for
	found := false
	for _, sentence := range sentences(strings.ReplaceAll(c.Text(id), "‖", "")) {
		lower := strings.ToLower(sentence)
		if found = strings.Contains(lower, "prema ") || strings.Contains(lower, "digiti") || strings.Contains(lower, "continui"); found {
			break
		}
		before++
	}
	if !found {
		return 0, false
	}
	rendered := render(t, c, id, longest)
	return sentenceEnds(t, c, slices.Concat(rendered.Before, rendered.After))[before], true
}

// sentenceEnds finds the ends of the sentences: half a second of silence
// follows each, as a recording of its own or heard inside one, and nothing
// follows the last.
func sentenceEnds(t *testing.T, c *speech.Catalogue, list []speech.Recording) []time.Duration {
	t.Helper()
	const step = 80 // bytes in 10 ms
	pause, _ := speech.Silence(speech.PauseSentence)
	var ends []time.Duration
	var played, tail time.Duration
	for _, r := range list {
		if r == pause {
			ends = append(ends, played-tail)
		}
		silent, sound := 0, recording(t, r)
		for i := range len(sound) / step {
			if _, loudness := levels(sound[i*step : (i+1)*step]); loudness < -58 {
				silent++
				continue
			}
			if silent >= 42 {
				ends = append(ends, played+time.Duration(i-silent)*10*time.Millisecond)
			}
			silent = 0
		}
		played += c.Duration(r)
		tail = time.Duration(silent) * 10 * time.Millisecond
	}
	return append(ends, played-tail)
}

// The tempo of the script is 115 words a minute, pauses between sentences
// included; figures are slower.
func TestTempo(t *testing.T) {
	t.Parallel()
	c := italian(t)
	words, length := 0, time.Duration(0)
	for _, id := range c.IDs() {
		rendered := render(t, c, id, example)
		words += len(strings.Fields(rendered.Words))
		length += c.Total(rendered.Before) + c.Total(rendered.After)
	}
	tempo := float64(words) / length.Minutes()
	t.Logf("%d words in %.0f s: %.1f words a minute", words, length.Seconds(), tempo)
	assert.InDelta(t, 115, tempo, 5)
}
