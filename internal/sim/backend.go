package sim

import (
	"maps"
	"time"
)

// BackEnd is a booking back end behind agents, citizens who serve themselves by
// telephone, and the web. Its time is shared out equally: as many as Fits use it at full
// speed, and above that each is slowed down in proportion (L. Kleinrock, "Time-Shared
// Systems: A Theoretical Treatment", Journal of the ACM 14(2), 1967).
type BackEnd struct {
	Fits int
	// Guarded lets agents in first. Who serves themselves by telephone is let in while
	// there is room beside them, and the web waits for what is left.
	Guarded bool
	// Web is how many would use it from the web at once if it was never slow, by the
	// hour of the day; Stay is for how long each then would.
	Web  [24]float64
	Stay time.Duration
}

// backEnd is what goes on at the back end of a world.
type backEnd struct {
	selves map[int]bool // citizens who may be serving themselves
	web    float64      // who want to use it from the web
	most   float64      // that they ever were
}

// webEvery is the grain of what comes from the web.
const webEvery = time.Minute

// browse has the web come and go.
func (w *World) browse() {
	b, inside := w.BackEnd, w.fromWeb()
	done := inside / w.pace()
	w.web += webEvery.Minutes() / b.Stay.Minutes() * (b.Web[w.clock.Now().Hour()] - done)
	w.most = max(w.most, w.web)
	w.clock.After(webEvery, w.browse)
}

// WebMost is how many wanted to use the back end from the web at once, at the most.
func (w *World) WebMost() float64 { return w.most }

// uses notes that a citizen who serves herself is on the back end, until she hangs up
// or waits for a person.
func (w *World) uses(row int) {
	if w.BackEnd != nil && row < len(w.citizens) {
		w.selves[row] = true
	}
}

// byPhone is how many use the back end through us: agents who speak with a citizen, and
// citizens who serve themselves.
func (w *World) byPhone() float64 {
	maps.DeleteFunc(w.selves, func(row int, _ bool) bool { return !w.citizens[row].ServesSelf() })
	n := len(w.selves)
	for _, a := range w.agents {
		if a.Speaks() {
			n++
		}
	}
	return float64(n)
}

// fromWeb is how many use it from the web.
func (w *World) fromWeb() float64 {
	if !w.BackEnd.Guarded {
		return w.web
	}
	return max(0, min(w.web, float64(w.BackEnd.Fits)-w.byPhone()))
}

// crowded tells whether whoever wants to serve themselves is kept off the back end now.
func (w *World) crowded() bool {
	return w.BackEnd != nil && w.BackEnd.Guarded && w.byPhone() >= float64(w.BackEnd.Fits)
}

// pace is how many times as long as alone a citizen takes an agent now.
func (w *World) pace() float64 {
	if w.BackEnd == nil {
		return 1
	}
	return max(1, (w.byPhone()+w.fromWeb())/float64(w.BackEnd.Fits))
}
