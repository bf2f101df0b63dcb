package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/speech"
)

// adjusted is a town whose service's clock the test can set while it runs.
type adjusted struct {
	*town
	file   string
	redis  *redis.Client
	writes sync.Mutex
}

// clocked starts an installation, its clock at an instant.
func clocked(t *testing.T, when time.Time, replace ...string) *adjusted {
	t.Helper()
	w := &adjusted{town: configured(t, demo.Options{}, replace...)}
	w.file = filepath.Join(w.in.Dir, "clock")
	w.in.Env = append(w.in.Env, clockFileEnv+"="+w.file)
	w.redis = redis.NewClient(&redis.Options{Network: "unix", Addr: w.in.Redis.Socket, Protocol: 2})
	t.Cleanup(func() { _ = w.redis.Close() })
	w.setTo(when)
	w.open()
	return w
}

// set puts the service's clock so much ahead of the machine's, at once.
func (w *adjusted) set(ahead time.Duration) {
	w.writes.Lock()
	defer w.writes.Unlock()
	fresh := w.file + ".new"                                              // a half-written file is never read
	assert.NoError(w, os.WriteFile(fresh, []byte(ahead.String()), 0o600)) // not require: slews is another goroutine
	assert.NoError(w, os.Rename(fresh, w.file))
}

// setTo puts the service's clock to an instant, and gives how far it is ahead.
func (w *adjusted) setTo(when time.Time) (ahead time.Duration) {
	ahead = time.Until(when)
	w.set(ahead)
	return ahead
}

// slews lets the clock run wrong, ten times as fast as clocks are put right by
// NTP's daemon at most, until stop is called. It gives how far it has come.
func (w *adjusted) slews(from time.Duration) (stop func() time.Duration) {
	done, ended := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				from -= 100 * time.Microsecond
				w.set(from)
			case <-done:
				ended <- from
				return
			}
		}
	}()
	return func() time.Duration { close(done); return <-ended }
}

// planned waits until the planner has looked at everything once more: between two
// renewals of its lease it has.
func (w *adjusted) planned() {
	w.Helper()
	lease := func() string {
		kept, err := w.redis.Get(w.Context(), "{lease:planner:demo}").Result()
		require.NoError(w, err)
		return kept
	}
	for range 2 {
		before := lease()
		require.True(w, soon(patience, func() bool { return lease() != before }), "nobody plans")
	}
}

// Hours of the tests of clock steps, and of the two odd nights.
const (
	officeHours = `calling_window: [{days: mon-sun, from: "09:00", to: "19:00"}]`
	springHours = `calling_window: [{days: mon-sun, from: "01:00", to: "01:58"}, {days: mon-sun, from: "02:30", to: "03:30"}]`
	autumnHours = `calling_window: [{days: mon-sun, from: "02:15", to: "02:45"}]`
	anyHours    = "calling_window: always"
)

// The machine's clock runs wrong and is set: an hour ahead, two hours back, and
// right again. Whoever is on the line notices nothing; nobody's wait, lease, turn
// or promise is over because of it; nobody is called outside the hours, or twice.
func TestTheClockIsSet(t *testing.T) {
	half := weekday(t, 0, 17, 30, 0)
	w := clocked(t, half, anyHours, officeHours)
	right := time.Until(half)
	first, second := w.agent("agent1", 1000), w.agent("agent2", 1500)
	rosa, anna := w.talk(first)
	waits := w.calls("0332234522")
	waits.wantsPerson()
	waits.hears(speech.PersonOfferFirst)
	waits.presses("2")
	waits.music()
	called := w.calls(giovanni)
	called.wantsPerson()
	called.hears(speech.PersonOfferFirst)
	called.presses("1")
	called.hears(speech.CallbackWhen)
	called.presses("2")
	called.hears(speech.CallbackHalfDay1)
	called.presses("1")
	called.hears(speech.NumberCli, numberCliMark)
	called.presses("1")
	called.hears(speech.CallbackPen)
	called.leaves()
	var before []ticket
	require.True(t, soon(patience, func() bool { before = w.tickets(); return len(before) == 3 && before[2].State == "pending" }), "%v", before)
	same := func(when string) {
		t.Helper()
		w.planned()
		together(rosa, anna, 1000)
		assert.Equal(t, before, w.tickets(), when)
		assert.Equal(t, "talking", w.agentState("agent1"), when)
		assert.Zero(t, w.rung.of(giovanni), when)
	}

	stop := w.slews(right)
	maria := w.calls(mariaPhone)
	maria.keying()
	right = stop()
	w.set(right + time.Hour)
	maria.presses(keysOf(mariaCode))
	maria.hears(speech.IdentifyAskCardDigits)
	same("an hour ahead")
	w.set(right - time.Hour)
	maria.presses(mariaCard)
	maria.hears(speech.NumberCli, numberCliMark)
	maria.presses("1")
	maria.hears(speech.PreregisterSaved)
	same("an hour back")
	assert.Equal(t, 1, w.registered(mariaCode))
	maria.leaves()
	w.in.Kill() // whoever comes next finds only what is in the store
	w.set(right + time.Hour)
	w.open()
	same("an hour ahead, and another process")
	w.set(right)

	w.agentIs("agent2", "ready")
	bruno := w.takes(second)
	together(waits, bruno, 1500)
	waits.leaves()
	bruno.over()
	rosa.leaves()
	anna.over()

	w.set(right + 2*time.Hour) // the offices are closed, by this clock
	w.handOver(luciaCode, luciaPhone)
	w.rang(luciaPhone, 0, giovanni, 0)
	w.set(right)
	w.agentIs("agent2", "ready")
	promised := w.notBefore(before[2].ID)
	w.setTo(promised.Add(time.Minute))
	lucia := w.answers(w.ring(luciaPhone))
	lucia.hears(speech.VerifyHello)
	called = w.answers(w.ring(giovanni))
	called.hears(speech.ReturnHello)
	called.presses("1")
	bruno = w.takes(second)
	w.setTo(promised.Add(-time.Hour))
	together(called, bruno, 1500)
	called.leaves()
	lucia.leaves()
	bruno.over()
	w.rang(luciaPhone, 1, giovanni, 1)
}

// The night in which summer time begins: at two the clocks show three. Hours that
// begin at half past two begin at three then, and a call that is to be made again
// after five minutes is made after five minutes; each of them once.
func TestTheNightInWhichSummerTimeBegins(t *testing.T) {
	three := time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC)
	w := clocked(t, three.Add(-5*time.Minute), anyHours, springHours, "busy: 30s", "busy: 5m")
	w.wasBusy(luciaCode, luciaPhone)
	w.setTo(three.Add(-90 * time.Second)) // after the last hour of this kind
	const other = "0212345901"
	w.handOver(registrants()[0], other)
	w.rang(luciaPhone, 1, other, 0)

	ahead := w.setTo(three.Add(-2 * time.Second))
	called := []*line{w.answers(w.ring(other))}
	assert.False(t, time.Now().Add(ahead).Before(three), "nobody is called before three")
	called = append(called, w.answers(w.ring(luciaPhone)))
	assert.False(t, time.Now().Add(ahead).Before(three), "nobody is called before three")
	for _, l := range called {
		l.hears(speech.VerifyHello)
	}
	w.rang(luciaPhone, 2, other, 1)
	w.setTo(three.Add(25 * time.Minute))
	w.rang(luciaPhone, 2, other, 1)
	for _, l := range called {
		l.leaves()
	}
}

// The night in which summer time ends: at three the clocks show two, and the hour
// comes once more. Hours within it come twice; a call that is to be made again
// after an hour, at the same time on the clock, is made once.
func TestTheNightInWhichSummerTimeEnds(t *testing.T) {
	two := time.Date(2027, 10, 31, 0, 0, 0, 0, time.UTC) // for the first time
	again := two.Add(time.Hour)
	w := clocked(t, two.Add(16*time.Minute), anyHours, autumnHours, "busy: 30s", "busy: 1h")
	w.wasBusy(luciaCode, luciaPhone)
	w.setTo(two.Add(50 * time.Minute))
	const other = "0212345901"
	w.handOver(registrants()[0], other)
	w.rang(luciaPhone, 1, other, 0)
	w.setTo(again.Add(-time.Second))
	w.rang(luciaPhone, 1, other, 0)

	ahead := w.setTo(again.Add(15*time.Minute - time.Second))
	called := w.answers(w.ring(other))
	assert.False(t, time.Now().Add(ahead).Before(again.Add(15*time.Minute)), "not before the hours begin")
	called.hears(speech.VerifyHello)
	w.rang(luciaPhone, 1, other, 1)
	ahead = w.setTo(again.Add(15*time.Minute + 50*time.Second))
	lucia := w.answers(w.ring(luciaPhone))
	assert.False(t, time.Now().Add(ahead).Before(again.Add(16*time.Minute)), "after an hour")
	lucia.hears(speech.VerifyHello)
	w.setTo(again.Add(40 * time.Minute))
	w.rang(luciaPhone, 2, other, 1)
	called.leaves()
	lucia.leaves()
}

// notBefore is when a ticket's citizen is called at the earliest.
func (w *adjusted) notBefore(id string) time.Time {
	w.Helper()
	var list struct {
		Items []struct {
			ID        string    `json:"id"`
			NotBefore time.Time `json:"not_before"`
		} `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/tickets", adminKey, nil, &list)
	for _, x := range list.Items {
		if x.ID == id {
			return x.NotBefore
		}
	}
	require.Fail(w, "the ticket is not open any more")
	return time.Time{}
}

// rang makes sure how often two telephones have rung, once the planner has looked.
func (w *adjusted) rang(one string, ones int, other string, others int) {
	w.Helper()
	w.planned()
	assert.Equal(w, ones, w.rung.of(one))
	assert.Equal(w, others, w.rung.of(other))
}
