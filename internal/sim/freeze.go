package sim

import (
	"iter"
	"time"
)

// A process may stand still in the middle of a verb, as one does whose machine is
// paused: later it goes on where it stood, knowing nothing of what others have done
// meanwhile. For that, what it does runs in a coroutine as long as a disturbance of
// this kind is still to come.

// standing is a process that stands still.
type standing struct {
	p    *process
	next func() (time.Duration, bool)
	stop func()
}

// doFreezing is do in a coroutine.
func (p *process) doFreezing(f func()) {
	next, stop := iter.Pull(func(yield func(time.Duration) bool) {
		p.yield = yield
		f()
		p.work()
	})
	p.goOn(&standing{p, next, stop})
}

// goOn lets a process go on until it is done, stands still, or dies.
func (p *process) goOn(s *standing) {
	w := p.w
	delete(w.standing, s)
	defer p.mayDie()
	w.running = p
	still, stands := s.next()
	if !stands {
		return
	}
	w.standing[s] = true
	w.freezes--
	w.tell("process %d stands still for %s", p.n, still)
	p.frozen = w.clock.Now().Add(still)
	w.clock.At(p.frozen, func() {
		if !w.standing[s] {
			return
		}
		p.goOn(s)
	})
	w.clock.After(w.restartAfter, w.start)
}

// standStill is called in the middle of a verb.
func (p *process) standStill(still time.Duration) {
	if p.yield == nil || !p.yield(still) {
		panic(crashed{p}) // the world is over
	}
}

// letGo ends processes that stand still when the world is over.
func (w *World) letGo() {
	for s := range w.standing {
		func() {
			defer func() { _ = recover() }() // it dies where it stands
			s.stop()
		}()
	}
	clear(w.standing)
}
