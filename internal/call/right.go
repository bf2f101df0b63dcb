package call

import (
	"context"
	"errors"
	"time"
)

// The right to act. Every write to the store names the term, and so shows that the
// exchange is still this process's. What is done at the exchange does not: Asterisk
// plays for whoever asks. A process that stood still between a write and what
// follows it (stopped, paused with its machine, starved of its processors), or that
// plays on without writing anything, may meanwhile have been replaced. So the right
// is known for a moment only after it was last shown, and before the next command
// the store is asked once more.
//
// The moment is measured from before the question was asked, on a clock that runs
// on while a process stands still, and is not set; where it stood still too, with the
// whole machine, the moment ends that much later. While calls are busy their writes
// show the right all the time, and nothing more is asked.

const (
	// rightLasts is for how long the right is known. A successor takes longer to be
	// started, to connect and to say its first word.
	rightLasts = time.Second
	// rightPatience is how long the answer is waited for. A store that does not
	// answer gives the exchange to nobody else, and the call goes on from memory.
	rightPatience = 500 * time.Millisecond
)

// shown notes that the right was there at some time since an instant.
func (r *Runner) shown(since time.Time) { r.right.Store(int64(since.Sub(r.began))) }

// known tells whether the right was shown a moment ago.
func (r *Runner) known() bool { return r.now().Sub(r.began)-time.Duration(r.right.Load()) < rightLasts }

// stillOurs fails with ErrStale when another process has taken the exchange, and
// ends all work here then. An answer that took too long, because the process stood
// still over it, is asked for once more; a store that is merely slow costs no more
// than that.
func (r *Runner) stillOurs(ctx context.Context) error {
	for range 2 {
		if r.known() {
			return nil
		}
		began := r.now()
		asking, cancel := context.WithTimeout(ctx, rightPatience)
		err := r.cfg.Nodes.Holds(asking, r.cfg.Node, r.term.Load())
		cancel()
		if errors.Is(err, ErrStale) {
			r.superseded()
			return err
		}
		r.shown(began) // or nobody can tell, and it is soon enough to ask in a moment
	}
	return nil
}
