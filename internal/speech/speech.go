// Package speech knows what the service can say and how it is said aloud.
//
// A conversation says an [Utterance]: the [ID] of a prompt and the values of
// its slots, in no language. A [Catalogue] holds one language: it turns an
// utterance into [Rendered], the words (for transcripts and people) and the
// list of recordings (for the exchange). Numbers, dates, hours, telephone
// numbers and spelling are put together from recordings of their own:
//
//	it, err := speech.Load(prompts.FS(), "it")
//	said, err := it.Render(speech.Say(speech.NumberCli, speech.Phone("02", "12", "34", "56", "78")))
//	// said.Words:  "Chiameremo: zero due, uno due, … Per confermare, prema uno. …"
//	// said.Before: number-cli-1 silence-300 digit-0 digit-2 silence-300 … (up to the mark ‖)
//	// said.After:  silence-500 number-cli-2 (from here on a key counts)
//
// # How a prompt becomes recordings
//
// The text of a prompt is cut into as few recordings as its slots allow:
//
//   - Slots with few values (a count of keys, the name of the service) are
//     spoken inside their sentence, which is recorded once per value
//     ("identify-continue-1-9" is «Ho contato nove tasti su sedici.»): the
//     voice keeps its melody.
//   - All other slots are composed of the vocabulary ("digit-4", "weekday-1",
//     "clock-from-10-30"), and what stands before and after them is a
//     recording each: "number-cli-1", "number-cli-2".
//   - The pauses between recordings are recordings too ("silence-300"), so
//     that one utterance is one list, played by one request.
//
// # To add or change a prompt
//
// Write it in prompts/it/catalogue.txt, add its constant to ids.go (of our calls: ids_calls.go), run
// "make prompts". The tests of this package and of prompts say what is
// missing. The rules of the texts (the Lei form, fifteen words a sentence,
// keys last) are in those tests.
//
// The package is pure: it has no clock, and reads files only in [Load].
package speech

import (
	"strconv"
	"strings"
	"time"
)

// ID names one prompt of the script, such as "number.cli". The constants of
// this package list all of them.
type ID string

// An Utterance is a prompt with its slots filled: what is said, before any
// language. It is a plain value and survives JSON, so that journals hold it.
type Utterance struct {
	ID    ID     `json:"id"`
	Slots []Slot `json:"s,omitempty"`
}

// Say makes an utterance. Which slots a prompt has stands in its text; a slot
// that is missing, of another kind or too many is an error of
// [Catalogue.Render].
func Say(id ID, slots ...Slot) Utterance { return Utterance{ID: id, Slots: slots} }

// A Recording is the name of one sound file without folder and extension,
// made of a-z, 0-9 and "-" only, unique in its language: "number-cli-1".
type Recording string

// Rendered is an utterance in one language.
type Rendered struct {
	// Words is what is heard, in letters, figures included. It may hold a
	// citizen's number; String does not show it.
	Words string
	// Before is played first: all recordings, or those up to the mark ‖ of a
	// prompt that has one. Keys pressed during them are dropped if the
	// prompt's cut is [CutMark].
	Before []Recording
	// After is played after Before without a gap; empty without a mark.
	After []Recording
}

// String tells how much is played, never what is said: the words of an
// utterance may hold a telephone number, and so may the names of its
// recordings.
func (r Rendered) String() string {
	return strconv.Itoa(len(r.Before)+len(r.After)) + " recordings"
}

// GoString masks as [Rendered.String] does.
func (r Rendered) GoString() string { return "speech.Rendered{" + r.String() + "}" }

// Cut says what a key may do to a prompt that is being played.
type Cut int

const (
	// CutNo: the prompt carries a result and plays to its end; keys wait for
	// the next question.
	CutNo Cut = iota
	// CutYes: the first key stops the voice and counts.
	CutYes
	// CutMark: keys before the mark ‖ are dropped, from there on the first
	// key stops the voice and counts. When the question is said again, it is
	// treated as CutYes.
	CutMark
)

// String returns the word that the catalogue uses.
func (c Cut) String() string {
	switch c {
	case CutNo:
		return "no"
	case CutYes:
		return "yes"
	case CutMark:
		return "mark"
	}
	return "Cut(" + strconv.Itoa(int(c)) + ")"
}

// ToneRecording is the short tone after which a caller speaks: the recording
// behind [ToneRecord].
const ToneRecording Recording = "tone-record"

// silences are the recorded lengths of silence in milliseconds, longest first.
// A function, because a package variable could be changed.
func silences() []int {
	return []int{60000, 30000, 20000, 10000, 5000, 2000, 1000, 500, 400, 300, 100}
}

// Silence returns the recording of exactly ms milliseconds of silence: 100,
// 300, 400, 500, 1000, 2000, 5000, 10000, 20000, 30000 or 60000. Other
// lengths are put together by [SilenceFor].
func Silence(ms int) (Recording, bool) {
	for _, known := range silences() {
		if ms == known {
			return Recording("silence-" + strconv.Itoa(ms)), true
		}
	}
	return "", false
}

// SilenceFor returns recordings that together are silent for d, rounded up to
// a tenth of a second, longest first; nothing if d is not positive.
func SilenceFor(d time.Duration) []Recording {
	var list []Recording
	const step = 100 * time.Millisecond
	left := 0
	if d > 0 {
		left = int((d + step - 1) / step * 100)
	}
	for _, ms := range silences() {
		for left >= ms {
			list = append(list, Recording("silence-"+strconv.Itoa(ms)))
			left -= ms
		}
	}
	return list
}

// recordingName joins words to the name of a recording: lower case, "-"
// between them and in place of what a name may not hold.
func recordingName(words ...string) Recording {
	return Recording(strings.ReplaceAll(strings.Join(words, "-"), ".", "-"))
}
