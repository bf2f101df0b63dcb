package call

import (
	"context"
	"fmt"
	"time"
)

// Time comes into a Runner here, and only here. In a service it is the machine's:
// workers and what is done beside the calls are goroutines, deadlines are slept
// for. Somebody who keeps the time (Config.Beside) gets the same work done in one
// goroutine, in an order that is the same every time:
//
//	runner.Event(e)              // or Connected, Turn, Place, Close ...
//	runner.Work()                // until there is nothing left to do now
//	at := runner.NextDue()       // the clock may be put there, unless Beside's is earlier

// driven tells whether somebody else keeps the time.
func (r *Runner) driven() bool { return r.cfg.Beside != nil }

func (r *Runner) now() time.Time { return r.cfg.Now() }

// beside does something that may take long beside the calls, after a while; it
// ends with the Runner. A panic in it ends that thing alone.
func (r *Runner) beside(after time.Duration, f func(ctx context.Context)) {
	if r.driven() {
		r.cfg.Beside(after, func() {
			if r.ctx.Err() == nil {
				f(r.ctx)
			}
		})
		return
	}
	r.background.Add(1)
	go func() {
		defer r.background.Done()
		defer func() {
			if broken := recover(); broken != nil {
				r.cfg.Logger.Error("the work beside a call panicked", "type", fmt.Sprintf("%T", broken), "stack", where())
			}
		}()
		if after > 0 {
			timer := time.NewTimer(after)
			defer timer.Stop()
			select {
			case <-r.ctx.Done():
				return
			case <-timer.C:
			}
		}
		f(r.ctx)
	}()
}

// Work does what there is to do now, in the caller's goroutine: the messages that
// have come and the deadlines that have passed. It is for the owner of a Runner
// with Config.Beside, who calls it after each thing that the Runner was told or
// did beside, and when NextDue has come.
func (r *Runner) Work() {
	for busy := true; busy && r.ctx.Err() == nil; {
		busy = false
		for _, w := range r.workers {
			busy = w.drain() || busy
			if r.ctx.Err() == nil {
				w.tick(r.now())
			}
		}
	}
}

// NextDue is the earliest deadline of all calls, which may turn out to have been
// put off; zero: there is none. It is for the owner of a Runner with Config.Beside.
func (r *Runner) NextDue() (at time.Time) {
	for _, w := range r.workers {
		if len(w.dues) > 0 && (at.IsZero() || w.dues[0].at.Before(at)) {
			at = w.dues[0].at
		}
	}
	return at
}
