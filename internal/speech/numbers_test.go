package speech

import (
	"bufio"
	"compress/gzip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testdata/numbers.txt.gz holds the words for 0 to 9999, one a line, as the
// npm package italian-numbers 1.8.0 (MIT licence) writes them.
func TestNumberWordsAgreeWithTheReference(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/numbers.txt.gz")
	require.NoError(t, err)
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	n := 0
	for lines := bufio.NewScanner(unpacked); lines.Scan(); n++ {
		require.Equal(t, lines.Text(), numberWords(n), n)
	}
	assert.Equal(t, 10000, n)
}

func TestNumberWords(t *testing.T) {
	t.Parallel()
	for n, words := range map[int]string{
		10_000:    "diecimila",
		21_000:    "ventunomila",
		23_000:    "ventitremila",
		100_003:   "centomilatré",
		103_103:   "centotremilacentotré",
		180_001:   "centottantamilauno",
		999_999:   "novecentonovantanovemilanovecentonovantanove",
		1_000_000: "un milione",
		-1:        "",
		1_000_001: "",
	} {
		assert.Equal(t, words, numberWords(n), n)
	}
}

// readNumber reads number words back, by a grammar of its own: the longest
// word that fits is taken from the front.
func readNumber(words string) int {
	if words == "un milione" {
		return 1_000_000
	}
	if words == "zero" {
		return 0
	}
	total, current := 0, 0
	for words != "" {
		switch {
		case strings.HasPrefix(words, "mila"):
			total, current, words = current*1000, 0, words[len("mila"):]
		case strings.HasPrefix(words, "mille"):
			total, words = 1000, words[len("mille"):]
		case strings.HasPrefix(words, "centottant"):
			current, words = max(1, current)*100, words[len("cent"):]
		case strings.HasPrefix(words, "cento"):
			current, words = max(1, current)*100, words[len("cento"):]
		default:
			value, length := readSmall(words)
			if length == 0 {
				return -1
			}
			current, words = current+value, words[length:]
		}
	}
	return total + current
}

// readSmall reads one unit, teen or ten at the front of words.
func readSmall(words string) (value, length int) {
	for n, forms := range map[int][]string{
		1: {"uno"}, 2: {"due"}, 3: {"tre", "tré"}, 4: {"quattro"}, 5: {"cinque"}, 6: {"sei"}, 7: {"sette"},
		8: {"otto"}, 9: {"nove"}, 10: {"dieci"}, 11: {"undici"}, 12: {"dodici"}, 13: {"tredici"},
		14: {"quattordici"}, 15: {"quindici"}, 16: {"sedici"}, 17: {"diciassette"}, 18: {"diciotto"},
		19: {"diciannove"}, 20: {"venti", "vent"}, 30: {"trenta", "trent"}, 40: {"quaranta", "quarant"},
		50: {"cinquanta", "cinquant"}, 60: {"sessanta", "sessant"}, 70: {"settanta", "settant"},
		80: {"ottanta", "ottant"}, 90: {"novanta", "novant"},
	} {
		for _, form := range forms {
			if len(form) > length && strings.HasPrefix(words, form) {
				value, length = n, len(form)
			}
		}
	}
	return value, length
}

func TestNumberWordsCanBeReadBack(t *testing.T) {
	t.Parallel()
	for n := 0; n <= maxNumber; n += 1 + n/500 { // dense where numbers are used
		require.Equal(t, n, readNumber(numberWords(n)), numberWords(n))
	}
}

func FuzzNumber(f *testing.F) {
	for _, n := range []int{0, 1, 8, 21, 100, 180, 1000, 1_000_000, -1} {
		f.Add(n)
	}
	vocabulary := map[Recording]string{}
	for _, piece := range numberVocabulary() {
		vocabulary[piece.Recording] = strings.TrimRight(piece.Text, ".")
	}
	f.Fuzz(func(t *testing.T, n int) {
		said, err := sayNumber(n)
		if n < 0 || n > maxNumber {
			assert.Error(t, err)
			return
		}
		require.NoError(t, err)
		assert.Equal(t, n, readNumber(said.words))
		// The recordings alone, one after the other, mean the number too.
		joined := ""
		for _, r := range said.list {
			require.Contains(t, vocabulary, r)
			joined += vocabulary[r]
		}
		assert.Equal(t, n, readNumber(joined), strconv.Itoa(n)+" "+joined)
	})
}
