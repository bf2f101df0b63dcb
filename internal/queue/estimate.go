package queue

import "time"

// Staff is who serves a queue, and how fast: what the wait of a citizen is
// computed from.
type Staff struct {
	// Active is how many agents serve it: one who serves n queues counts 1/n, since
	// the others take as much of the time (the rule of Google's CCAI platform).
	Active float64
	// Free is how many of them could take somebody now.
	Free int
	// Handle is how long one citizen takes, wrap-up included: a moving mean.
	Handle time.Duration
	// Setup is from a free agent to the citizen's voice.
	Setup time.Duration
}

// What is taken for true until there are real times: a talk of a minute and
// half a minute of writing after it, ten seconds until both hear each other.
const (
	SeedTalk   = 60 * time.Second
	SeedWrapUp = 30 * time.Second
	SeedHandle = SeedTalk + SeedWrapUp
	SeedSetup  = 10 * time.Second
)

// Estimate gives the wait of a citizen who has so many before, and false when
// nothing honest can be said: nobody is on duty, or it is not known how long a
// citizen takes.
//
// It is the mean time for one citizen, times the citizens who must be served
// until it is this one's turn, divided by the agents (the formula of Google's
// and Genesys' contact centers). The citizen's own place counts among them: with
// nobody before and no agent free, one talk must end first.
func Estimate(ahead int, s Staff) (wait time.Duration, ok bool) {
	if s.Active <= 0 || s.Handle <= 0 {
		return 0, false
	}
	turns := max(0, ahead+1-s.Free)
	return time.Duration(float64(s.Handle)*float64(turns)/max(1, s.Active)) + s.Setup, true
}

// Minutes gives a wait as it may be said: rounded up to five.
func Minutes(wait time.Duration) int {
	const step = 5 * time.Minute
	return max(1, int((wait+step-1)/step)) * 5
}
