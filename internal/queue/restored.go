package queue

import "time"

// Restored is a ticket of a backup as it goes on: whatever call belonged to it
// then is gone, and how it ended is not known here. A talk has been had; a caller
// on the line is called back, where the number is known. An attempt that was under
// way has ended and cost nothing, and the next one is another attempt: the
// telephone may have rung for this one, so it never rings for it again. All else
// stays as it was.
func (t Ticket) Restored(now time.Time) (Ticket, error) {
	if !t.State.OnLine() {
		return t, nil
	}
	n, ok := t.openAttempt()
	if !ok || t.State == Connected {
		return t.Lost(now, Judge{}) // no judge is asked where no attempt has failed
	}
	t = t.endAttempt(n, Result{Outcome: OurFault}, now)
	t.NotBefore = LaterOf(t.NotBefore, now.Add(LostRest))
	return t.offLine().to(Pending, ReasonLost, now), nil
}
