package call

import "time"

// A call that ends while the store is away leaves a record there that is alive.
// Were it forgotten here, the sweeper would find a call that nobody runs and whose
// line is gone, and promise a call to a citizen who has hung up. So the end is kept
// until it is saved.

// endEvery is how often it is tried to save the end of a call.
const endEvery = 2 * time.Second

// linger keeps what is left of a call that is over: an end to be saved. To
// everybody else it is over.
func (w *worker) linger(l *live) {
	end := &live{rec: l.rec, kept: l.kept, gone: true, over: true, unsaved: true, limit: w.r.now().Add(endEvery)}
	end.rec.Hand = ""
	w.calls[l.rec.ID] = end
}

// endAgain saves the end of a call once more.
func (w *worker) endAgain(l *live) {
	w.save(l)
	if l.unsaved {
		l.limit = w.r.now().Add(endEvery)
		return
	}
	w.drop(l)
}
