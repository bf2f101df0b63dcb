package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/lab"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// What can fail around the service, and the test that shows what becomes of it:
// on real processes, here in internal/app, unless another room is named.
//
//	the service
//	  killed while citizens listen, key, speak, wait     TestKilledInTheMiddleOfSixCalls
//	  killed between claim and create, create and dial   TestKilledBetweenTheStepsOfADial
//	  killed at the command to ring                      TestKilledAtTheCommandToRing, TestKilledWhileCallsAreMade
//	  killed while a callback rings                      TestKilledWhileACallbackRings
//	  killed while three are in a call                   TestKilledWhileThreeAreInACall
//	  frozen, and awake beside its successor             TestFrozenProcessWakesUpBesideItsSuccessor
//	  frozen while many call: its events are not read    TestManyCallWhileTheServiceStandsStill
//	  away                                               TestTheServiceIsAway
//	  two of them on one exchange                        TestTheNewerServiceServes
//	  an input that ends the process, or panics          TestAMessageOfDeathIsSetAside, TestAPanicIsOneCallsAlone
//	  its log's disk full                                TestTheDiskOfTheLogIsFull
//	  its clock set; the nights of daylight saving       TestTheClockIsSet, TestTheNightInWhichSummerTimeBegins, ...Ends
//	the exchange
//	  cut off without a word                             TestTheWayToTheExchangeIsCut
//	  500, 503, silence, a broken connection             TestTheExchangeFailsWhileACallIsMade, ...WhileACitizenIsServed
//	  409 to a create that was done: taken up            TestTheExchangeFailsWhileACallIsMade, at create and done
//	  404 to a dial                                      TestTheChannelIsGoneBeforeItIsDialled
//	  killed with its calls                              TestAsteriskDiesWithItsCalls, TestAsteriskIsKilledInMidCall
//	  told to stop when its last call has ended          TestAsteriskStopsGracefully
//	  frozen                                             TestAsteriskStandsStill
//	  there later than the service                       TestAsteriskComesLater
//	Redis
//	  killed                                             TestRedisDiesInTheMiddleOfACall
//	  frozen                                             TestRedisStandsStill; redisstore: TestPausedRedisOpensTheBreaker
//	  READONLY, OOM, NOREPLICAS, MISCONF, BUSY, LOADING  TestRedisRefusesToWrite, TestRedisMissesWhatItNeedsToWrite, TestRedisIsHeldUp
//	  its disk full                                      TestTheDiskOfRedisIsFull
//	  failed over to a replica that lags                 redisstore: TestFailoverKeepsEveryAcknowledgedWrite, TestWhatNoReplicaHasIsNotConfirmed
//	  emptied by mistake                                 TestRedisIsFlushedByMistake
//	the network and the telephones
//	  busy, absent, unknown, refused, congested          TestHowCallsEnd, TestBusyThenAnswered, TestFailure15DidNotAnswerOnTwoDays
//	  a trunk that fails, call after call                queue: TestBreakerTrips, TestBreakerRests; dispatch: TestBreaker
//	  a trunk that is silent                             TestTheTrunkIsSilent
//	  an answer without a key: a machine, early media    flow: return-machine.txt; dispatch: TestFailure08VoicemailIsNoSuccess
//	  an agent who does not pick up, rejects, is busy    TestAnAgentMisses, TestAnAgentRejectsIsBusyAndIsPaused
//	  an agent's page, loaded again or dead, in a talk   TestPageIsReloadedInATalk, TestBrowserDiesInATalk
//	  service or exchange dies under an agent's page     TestPageFindsItsWayBack
//	  a citizen who hangs up while an agent rings        TestFailureZombieAgentRing
//	  keys doubled, lost, short                          ari: TestAKeyReportedTwiceIsOneKey; sip: TestKeyWithLostOrRepeatedEnds

// wired is an installation whose service reaches the exchange over a wire on
// which requests can be lost. A fault of ours costs three seconds.
func wired(t *testing.T, replace ...string) (*town, *lab.Wire) {
	t.Helper()
	w := configured(t, demo.Options{}, append([]string{"our_fault: 10s, 30s", "our_fault: 3s"}, replace...)...)
	wire, err := lab.OpenWire(w.in.Asterisk.ARIURL)
	require.NoError(t, err)
	t.Cleanup(func() {
		w.in.Terminate()
		wire.Close()
	})
	w.in.Env = append(w.in.Env, "RICHIAMO_ARI_PORT="+strconv.Itoa(wire.Port))
	return w, wire
}

// The way to the exchange is cut, and neither side is told: no FIN, no RST. The
// service finds out by itself within five seconds, and says that it is not ready.
// Who speaks speaks on; who is keying stays on the line, is asked again when the
// way is back, and goes on; who called meanwhile is answered.
func TestTheWayToTheExchangeIsCut(t *testing.T) {
	w, wire := wired(t)
	w.open()
	desk := w.agent("agent1", 1000)
	rosa, agent := w.talk(desk)
	maria := w.calls(mariaPhone)
	maria.keying()

	wire.Swallow()
	cut := time.Now()
	w.notReady("asterisk")
	assert.Less(t, time.Since(cut), 5*time.Second)
	together(rosa, agent, 1000)
	maria.presses(keysOf(mariaCode)) // heard by nobody
	came := make(chan *sip.Call, 1)
	go func() {
		c, err := w.dial(t.Context(), giovanni)
		assert.NoError(t, err)
		came <- c
	}()
	require.True(t, soon(patience, func() bool { return len(w.channels()) == 3 }))
	assert.Empty(t, came, "nobody answers")

	wire.Pass()
	require.NoError(t, w.in.WaitReady(t.Context()))
	c := <-came
	require.NotNil(t, c)
	late := &line{T: t, Call: c}
	late.hears(speech.WelcomeHello)
	late.leaves()
	together(rosa, agent, 1000)
	maria.hears(speech.IdentifyAskCode)
	maria.presses(keysOf(mariaCode))
	maria.hears(speech.IdentifyAskCardDigits)
	maria.leaves()
	rosa.leaves()
	agent.over()
	w.agentBecomes("agent1", "wrap-up")
}

// kept lets a telephone that a return call has made ring be answered, and makes
// sure that the citizen was called once, and how the attempts at it ended.
func (w *town) kept(id, number string, attempts ...string) {
	w.Helper()
	lucia := w.answers(w.ring(number))
	lucia.hears(speech.VerifyHello)
	lucia.presses("12") // prefers to call us
	lucia.hears(speech.VerifyCallUs)
	assert.True(w, soon(patience, func() bool { return slices.Equal(w.attempts(id), attempts) }), "%v", w.attempts(id))
	assert.Equal(w, 1, w.rung.of(number))
	lucia.leaves()
}

// attempts are how the attempts of a return call ended; empty: it has not.
func (w *town) attempts(id string) (outcomes []string) {
	w.Helper()
	for _, a := range w.returnCall(id).Attempts {
		outcomes = append(outcomes, a.Outcome)
	}
	return outcomes
}

// The exchange, or what stands before it, fails at one request of a call of ours:
// before it was done or after, with a word of its own or without any. Whether it
// was done is found out by asking. The telephone rings once, no attempt of the
// citizen's is used up, and the call is made.
func TestTheExchangeFailsWhileACallIsMade(t *testing.T) {
	const create, dial = "/channels/create", "/channels/*/dial"
	once, again := []string{"will-call"}, []string{"our-fault", "will-call"}
	type fault struct {
		lab.Trap
		attempts []string
	}
	for name, faults := range map[string][]*fault{
		"at create": {
			{lab.Trap{Path: create, Times: 1, Answer: 500}, once}, // harmless twice, so it is asked for again at once
			{lab.Trap{Path: create, Answer: 500, Times: 2}, again},
			{lab.Trap{Path: create, Times: 1, Answer: 503, Done: true}, once},
			{lab.Trap{Path: create, Times: 1, Answer: lab.Silence}, once},
			{lab.Trap{Path: create, Times: 1, Answer: lab.Silence, Done: true}, once},
			{lab.Trap{Path: create, Times: 1, Answer: lab.Broken, Done: true}, once},
		},
		"at dial, not done": {
			{lab.Trap{Path: dial, Times: 1, Answer: 500}, again},
			{lab.Trap{Path: dial, Times: 1, Answer: lab.Silence}, again},
		},
		"at dial, done": {
			{lab.Trap{Path: dial, Times: 1, Answer: 500, Done: true}, once},
			{lab.Trap{Path: dial, Times: 1, Answer: 503, Done: true}, once},
			{lab.Trap{Path: dial, Times: 1, Answer: lab.Silence, Done: true}, once},
			{lab.Trap{Path: dial, Times: 1, Answer: lab.Broken, Done: true}, once},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, wire := wired(t)
			w.open()
			for i, f := range faults {
				trap := wire.Set(&f.Trap)
				number := fmt.Sprintf("02123457%02d", i)
				w.kept(w.handOver(registrants()[i], number), number, f.attempts...)
				assert.Equal(t, f.Times, trap.Count())
			}
		})
	}
}

// The exchange fails once at each of the other requests that make a call: what
// is harmless twice is asked for again, whether something plays is asked, and who
// is to be connected is connected. The citizen notices nothing, and no line is left.
func TestTheExchangeFailsWhileACitizenIsServed(t *testing.T) {
	for name, done := range map[string]bool{"not done": false, "done": true} {
		t.Run(name, func(t *testing.T) {
			w, wire := wired(t)
			w.open()
			var traps []*lab.Trap
			for _, request := range []string{
				"POST /channels/*/answer", "POST /channels/*/play/*", "DELETE /playbacks/*", "POST /channels/*/moh",
				"DELETE /channels/*/moh", "POST /bridges/*", "POST /bridges/*/addChannel", "DELETE /bridges/*", "DELETE /channels/*",
			} {
				method, path, _ := strings.Cut(request, " ")
				traps = append(traps, wire.Set(&lab.Trap{Method: method, Path: path, Times: 1, Answer: 503, Done: done}))
			}
			rosa := w.calls("0302345615")
			rosa.wantsPerson()
			rosa.hears(speech.PersonOfferUnknown)
			rosa.presses("2")
			require.True(t, soon(patience, func() bool { return traps[3].Count() == 1 }), "she waits, with music")
			desk := w.agent("agent1", 1000)
			w.agentIs("agent1", "ready")
			agent := w.takes(desk)
			together(rosa, agent, 1000)
			rosa.leaves()
			agent.over()
			w.agentBecomes("agent1", "wrap-up")
			for _, trap := range traps {
				assert.True(t, soon(patience, func() bool { return trap.Count() == 1 }), trap.Path)
			}
			assert.Empty(t, w.tickets())
		})
	}
}

// A dial that finds no channel any more was none: no telephone has rung, no
// attempt is used up, and it is made again.
func TestTheChannelIsGoneBeforeItIsDialled(t *testing.T) {
	w, wire := wired(t)
	w.open()
	held := wire.Set(&lab.Trap{Method: http.MethodPost, Path: "/channels/*/dial", Times: 1, Hold: true})
	id := w.handOver(luciaCode, luciaPhone)
	<-held.Sprung()
	_, err := w.in.Asterisk.CLI(t.Context(), "channel request hangup all")
	require.NoError(t, err)
	assert.True(t, soon(patience, func() bool { return slices.Equal(w.attempts(id), []string{"our-fault"}) }), "%v", w.attempts(id))
	held.Release() // it finds nothing
	w.kept(id, luciaPhone, "our-fault", "will-call")
}

// The service is killed between two steps of a call of ours: its ticket is
// claimed and no channel made, or the channel is made and not dialled. Its successor
// goes on with the same attempt. What the dead one had asked for last may still be
// on its way: then it does no harm when it comes.
func TestKilledBetweenTheStepsOfADial(t *testing.T) {
	for name, path := range map[string]string{
		"between claim and create": "/channels/create",
		"between create and dial":  "/channels/*/variable",
	} {
		t.Run(name, func(t *testing.T) {
			w, wire := wired(t)
			w.open()
			held := wire.Set(&lab.Trap{Method: http.MethodPost, Path: path, Times: 1, Hold: true})
			id := w.handOver(luciaCode, luciaPhone)
			<-held.Sprung()
			w.in.Kill()
			require.NoError(t, w.in.Serve(t.Context()))
			require.True(t, soon(patience, func() bool { return w.rung.of(luciaPhone) == 1 }))
			held.Release()
			w.kept(id, luciaPhone, "will-call")
		})
	}
}

// The service is killed when it has asked for the telephone to be rung, which is
// done after its death or never. It can't be known: the attempt is waited for, as
// long as a telephone rings. If it does ring, there is somebody who speaks. If not,
// it was our fault, and the call is made again.
func TestKilledAtTheCommandToRing(t *testing.T) {
	for name, tt := range map[string]struct {
		late     bool
		attempts []string
	}{
		"it comes late":  {true, []string{"will-call"}},
		"it never comes": {false, []string{"our-fault", "will-call"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, wire := wired(t, "landline: 45s", "landline: 5s")
			w.open()
			held := wire.Set(&lab.Trap{Method: http.MethodPost, Path: "/channels/*/dial", Times: 1, Hold: true})
			id := w.handOver(luciaCode, luciaPhone)
			<-held.Sprung()
			w.in.Kill()
			w.open()
			if tt.late {
				held.Release()
			}
			w.kept(id, luciaPhone, tt.attempts...)
		})
	}
}

// A callback rings when the service is killed, and is answered while nobody is
// there. Its successor speaks within three seconds of the answer.
func TestKilledWhileACallbackRings(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	id := w.handOver(luciaCode, luciaPhone)
	ringing := w.ring(luciaPhone)
	w.in.Kill()
	lucia := w.answers(ringing)
	answered := time.Now()
	require.NoError(t, w.in.Serve(t.Context()))
	lucia.hears(speech.VerifyHello)
	assert.Less(t, time.Since(answered), 3*time.Second)
	lucia.presses("12")
	lucia.hears(speech.VerifyCallUs)
	assert.True(t, soon(patience, func() bool { return slices.Equal(w.attempts(id), []string{"will-call"}) }), "%v", w.attempts(id))
	assert.Equal(t, 1, w.rung.of(luciaPhone))
	lucia.leaves()
}

// The service stands still while many call: nothing reads what the exchange tells.
// The exchange takes every call all the same. When the service goes on, or a
// successor comes, whoever has waited is answered, and of whoever has not no record
// stays open.
func TestManyCallWhileTheServiceStandsStill(t *testing.T) {
	for _, how := range []string{"and goes on", "and is killed"} {
		t.Run(how, func(t *testing.T) {
			const stay, leave = 8, 4
			w := newTown(t, demo.Options{})
			w.open()
			maria := w.calls(mariaPhone)
			maria.keying()
			require.NoError(t, syscall.Kill(w.in.PID(), syscall.SIGSTOP))

			answered := make(chan *sip.Call, stay+leave)
			impatient, hangUp := context.WithCancel(t.Context())
			for n := range stay + leave {
				ctx := t.Context()
				if n >= stay {
					ctx = impatient
				}
				go func() {
					c, _ := w.dial(ctx, fmt.Sprintf("03023456%02d", n))
					answered <- c
				}()
			}
			require.True(t, soon(patience, func() bool { return len(w.channels()) == 1+stay+leave }), "the exchange takes them")
			hangUp()
			for range leave {
				require.Nil(t, <-answered)
			}
			if how == "and goes on" {
				require.NoError(t, syscall.Kill(w.in.PID(), syscall.SIGCONT))
			} else {
				w.in.Kill()
				require.NoError(t, w.in.Serve(t.Context()))
			}
			for range stay {
				c := <-answered
				require.NotNil(t, c)
				l := &line{T: t, Call: c}
				l.hears(speech.WelcomeHello)
				l.leaves()
			}
			maria.presses(keysOf(mariaCode))
			maria.hears(speech.IdentifyAskCardDigits)
			maria.leaves()
			require.NoError(t, w.in.WaitReady(t.Context()))
			for _, id := range w.channels() {
				assert.True(t, soon(patience, func() bool { return w.isOver(id) }), "no record stays open")
			}
			assert.Empty(t, w.tickets())
		})
	}
}

// isOver tells whether a call has no record, or one with an end.
func (w *town) isOver(id string) bool {
	w.Helper()
	_, err := w.try(http.MethodGet, "/api/v1/calls/"+id, adminKey, nil, new(struct{}))
	return err != nil && strings.Contains(err.Error(), "404") || w.ended(id)
}
