package call

import (
	"fmt"
	"strconv"
	"strings"
)

// All that a call makes at the exchange is named by the call, so that a
// process that takes the call up can name what it did not create. "~" occurs in
// no name that the exchange gives.

// legName is the channel of the party rung as number serial. A conversation that
// takes over from one that broke counts from one again: broken, the number of
// those before it, keeps its parties apart from theirs.
func legName(call string, broken, serial int) string {
	return fmt.Sprintf("%s~a%d%s", call, serial, generation(broken))
}

func generation(broken int) string {
	if broken == 0 {
		return ""
	}
	return "-" + strconv.Itoa(broken)
}

// RecordingName is the recording of the caller's voice made as number serial.
func RecordingName(call string, serial int) string { return fmt.Sprintf("%s~r%d", call, serial) }

// playbackName is the nth playback of a call under a term. The names go round,
// because an adopter has to end a playback whose number it can't know; only one is
// heard at a time. The term keeps them apart from those of the process before: the
// end of what that one left playing is told after the adopter's first has begun,
// and must not be taken for its end.
func playbackName(call string, term int64, n int) string {
	return call + "~p" + strconv.FormatInt(term, 10) + "." + strconv.Itoa(n%playbackNames)
}

const playbackNames = 4

func bridgeName(call string) string { return call + "~b" }

// owner is the call that a channel, playback or recording belongs to.
func owner(name string) string {
	call, _, _ := strings.Cut(name, "~")
	return call
}

// serialOf reads the number of a leg or recording; 0 if it has none.
func serialOf(name string) int {
	_, rest, _ := strings.Cut(name, "~")
	if rest == "" {
		return 0
	}
	figures, _, _ := strings.Cut(rest[1:], "-")
	n, _ := strconv.Atoi(figures)
	return n
}

// requestName names a request of the conversation that came after so many broken
// ones: the outside must not take it for a request of theirs.
func requestName(call string, broken, serial int) string {
	return call + "." + strconv.Itoa(serial) + generation(broken)
}
