package app_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// The check of trunk and shown number, with a carrier that is played by the
// telephones' side of the exchange: it brings the call back in, with the number that
// citizens would see.

// ownNumber is a number of the service that can be dialled.
const ownNumber = "0299999999"

// checked is an installation that calls itself before it calls citizens.
func checked(t *testing.T) *town {
	t.Helper()
	return configured(t, demo.Options{},
		`numbers: ["800000000"]`, `numbers: ["800000000", "`+ownNumber+`"]`+"\n    trunk_check: {number: \""+ownNumber+`"}`)
}

// carries is what a carrier does with a call of ours to our own number: it brings it
// in again, showing a number, answers it when it is answered, and passes on what is
// keyed. Both legs end together.
func (w *town) carries(out *sip.Invite, shown string) (in, back *line) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	c, err := w.homes.Dial(ctx, "sip:"+ownNumber+"@"+w.in.Asterisk.SIPAddr, shown)
	require.NoError(w, err)
	back = w.answers(out)
	in = &line{T: w.T, Call: c}
	go func() {
		for passed := 0; ; {
			keys := back.Hears().Keys
			if len(keys) > passed && in.Press(context.Background(), keys[passed:]) != nil {
				return
			}
			passed = len(keys)
			select {
			case <-back.Done():
				_ = in.Hangup()
				return
			case <-in.Done():
				_ = back.Hangup()
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return in, back
}

// alarms are the kinds of alarms that are on.
func (w *town) alarms() []string {
	w.Helper()
	var state struct {
		Alarms []string `json:"alarms"`
	}
	w.ask(http.MethodGet, "/api/v1/queues/persone", adminKey, nil, &state)
	return state.Alarms
}

// alarmed waits until exactly these alarms are on.
func (w *town) alarmed(kinds ...string) {
	w.Helper()
	require.True(w, soon(patience, func() bool { return assert.ObjectsAreEqual(append([]string{}, kinds...), w.alarms()) }), "alarms: %v", w.alarms())
}

// outcomes is how the tries of today's check have ended, once their lines are
// cleared.
func (w *town) outcomes() (all []string) {
	w.Helper()
	for _, t := range w.tickets() {
		if t.Purpose != "trunk-check" {
			continue
		}
		for _, a := range w.returnCall(t.ID).Attempts {
			all = append(all, a.Outcome)
			call := t.ID + "-" + strconv.Itoa(len(all))
			require.True(w, soon(patience, func() bool { return w.ended(call) }), "the line of the check is up")
		}
	}
	return all
}

// later is the same installation, some minutes further on.
func (w *town) later(by time.Duration) {
	w.Helper()
	w.goesOnAt(time.Now().Add(by))
}

// The carrier shows another number than ours: nobody is called, and whoever can
// change it is told. Once it is ours, the citizens who were promised are.
func TestTrunkCheckAnotherNumberIsShown(t *testing.T) {
	w := checked(t)
	w.open()
	in, back := w.carries(w.ring(ownNumber), "0399999999")
	in.over()
	back.over()
	assert.False(t, in.heardEver(speech.WelcomeHello), "our own call is no citizen's")
	w.alarmed("shown")
	assert.Contains(t, w.log(), "have the carrier show service_phone")
	assert.NotContains(t, w.log(), "0399999999")
	w.promised(giovanni)
	w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	require.True(t, soon(patience, func() bool {
		for _, x := range w.tickets() {
			if x.State == "due" {
				return true
			}
		}
		return false
	}), "%v", w.tickets())
	assert.Equal(t, []string{"other-number-shown"}, w.outcomes())
	for _, x := range w.tickets() {
		assert.Contains(t, []string{"trunk-check", "person"}, x.Purpose, "whoever has the number that was shown did not call")
	}

	w.later(6 * time.Minute)
	again := w.ring(ownNumber)
	assert.Zero(t, w.rung.of(giovanni), "nobody is called before the check is passed")
	in, back = w.carries(again, "+39"+w.in.Asterisk.ServiceNumber)
	in.over()
	back.over()
	called := w.answers(w.ring(giovanni))
	called.hears(speech.ReturnHello)
	called.leaves()
	w.alarmed()
	assert.Equal(t, 2, w.rung.of(ownNumber))
}

// No number is shown; and then the call is answered, and nothing comes in: a
// message of the carrier's.
func TestTrunkCheckNoNumberAndNoReturn(t *testing.T) {
	w := checked(t)
	w.open()
	in, _ := w.carries(w.ring(ownNumber), sip.Anonymous)
	in.over()
	w.alarmed("shown")
	assert.Equal(t, []string{"no-number-shown"}, w.outcomes())

	w.later(6 * time.Minute)
	message := w.answers(w.ring(ownNumber))
	message.over()
	w.alarmed("trunk")
	assert.Equal(t, []string{"no-number-shown", "not-back"}, w.outcomes())
	assert.Contains(t, w.log(), "has not come back in")
}

// A citizen calls in the very moment, the service is killed in the middle of the
// check, and its successor tells the two calls apart all the same.
func TestTrunkCheckAmongCitizensAndKilled(t *testing.T) {
	w := checked(t)
	w.open()
	out := w.ring(ownNumber)
	citizen := w.calls(giovanni)
	citizen.hears(speech.CommonMoment)
	w.in.Kill()
	carried := make(chan *line, 1)
	go func() {
		in, _ := w.carries(out, w.in.Asterisk.ServiceNumber)
		carried <- in
	}()
	w.open()
	in := <-carried
	in.over()
	assert.False(t, in.heardEver(speech.WelcomeHello), "our own call is no citizen's: %s", in.last())
	citizen.hears(speech.WelcomeHello)
	citizen.presses("0")
	citizen.hears(speech.PersonOfferUnknown)
	citizen.leaves()
	w.alarmed()
	w.nobodyWaits()
	assert.Equal(t, 1, w.rung.of(ownNumber))
}
