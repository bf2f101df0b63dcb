package app_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/lab/browser"
	"richiamo/internal/speech"
)

// Agents whose telephone is the page: a real browser, the real page, sound over
// WebRTC to the real exchange.

// seat is an agent at a computer.
type seat struct {
	*town
	id   string
	page context.Context
}

// atTheMouth is run in each page before its own scripts: what the agent says is a tone,
// and what the agent hears can be looked at.
const atTheMouth = `(hertz => {
	let sound;
	const studio = () => sound ??= new AudioContext();
	navigator.mediaDevices.getUserMedia = async () => {
		const tone = new OscillatorNode(studio(), {frequency: hertz}), mouth = studio().createMediaStreamDestination();
		tone.connect(new GainNode(studio(), {gain: 0.5})).connect(mouth);
		tone.start();
		return mouth.stream;
	};
	const Connection = RTCPeerConnection;
	window.RTCPeerConnection = class extends Connection {
		constructor(...given) {
			super(...given);
			this.addEventListener("track", ({track}) => {
				const ear = new AnalyserNode(studio(), {fftSize: 8192});
				studio().createMediaStreamSource(new MediaStream([track])).connect(ear);
				window.hears = () => {
					const heard = new Float32Array(ear.frequencyBinCount);
					ear.getFloatFrequencyData(heard);
					const loudest = heard.reduce((best, level, i) => level > heard[best] ? i : best, 0);
					return heard[loudest] > -60 ? loudest * studio().sampleRate / ear.fftSize : 0;
				};
			});
		}
	};
})(%g)`

// chromium starts a browser for a test.
func chromium(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.Context(), browser.Options{Sound: true})
	require.NoError(t, err)
	t.Cleanup(b.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the browser:\n%s", b.Log())
		}
	})
	return b
}

// sits opens the page, in which a tone is the agent's voice, and signs in.
func (w *town) sits(b *browser.Browser, id string, hertz float64) *seat {
	w.Helper()
	tab, err := b.Page(w.Context())
	require.NoError(w, err)
	s := &seat{town: w, id: id, page: tab}
	_, err = chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(atTheMouth, hertz)})
	require.NoError(w, err)
	s.opens()
	s.fills("agent", id)
	s.fills("password", id+"-demo")
	s.does("document.querySelector('form button').click()")
	s.shows("state", "Assente")
	s.shows("health", "collegato")
	return s
}

func (s *seat) opens() {
	s.Helper()
	require.NoError(s, chromedp.Do(s.page, chromedp.Navigate(s.in.URL+"/")))
	s.waits("the page", "document.querySelector('#page *') !== null")
}

// does runs a line of script in the page.
func (s *seat) does(script string) {
	s.Helper()
	_, err := chromedp.Run(s.page, chromedp.Evaluate[bool](script+"; true"))
	require.NoError(s, err, script)
}

// waits until an expression is true in the page.
func (s *seat) waits(what, expression string) {
	s.Helper()
	var err error
	if !soon(patience, func() bool {
		var is bool
		is, err = chromedp.Run(s.page, chromedp.Evaluate[bool]("!!("+expression+")"))
		return err == nil && is
	}) {
		text, _ := chromedp.Run(s.page, chromedp.Evaluate[string]("document.body.innerText"))
		require.Fail(s, "the page does not show it", "%s (%v); it shows:\n%s", what, err, text)
	}
}

// shows waits until a part of the page has a text in it.
func (s *seat) shows(id, text string) {
	s.Helper()
	s.waits(id+": "+text, fmt.Sprintf("document.getElementById(%q)?.innerText.includes(%q)", id, text))
}

// says waits until a text is anywhere on the page.
func (s *seat) says(text string) {
	s.Helper()
	s.waits(text, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// clicks a control when it can be.
func (s *seat) clicks(id string) {
	s.Helper()
	s.waits("a button "+id, fmt.Sprintf("document.getElementById(%q)?.disabled === false", id))
	s.does(fmt.Sprintf("document.getElementById(%q).click()", id))
}

// presses a button by its name.
func (s *seat) presses(name string) {
	s.Helper()
	found := fmt.Sprintf("[...document.querySelectorAll('button')].find(one => one.innerText.includes(%q) && !one.disabled)", name)
	s.waits("a button "+name, found)
	s.does(found + ".click()")
}

func (s *seat) fills(id, text string) {
	s.Helper()
	s.waits("a field "+id, fmt.Sprintf("document.getElementById(%q)", id))
	s.does(fmt.Sprintf(`(field => {
		Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, %q);
		for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, {bubbles: true}));
	})(document.getElementById(%q))`, text, id))
}

// ready takes up duty.
func (s *seat) ready() {
	s.Helper()
	s.clicks("ready")
	s.shows("state", "Pronto")
}

// takes answers what rings.
func (s *seat) takes() {
	s.Helper()
	s.clicks("answer")
	s.shows("state", "In conversazione")
	s.waits("the call is up", "document.getElementById('end')")
}

// writes an outcome, which ends the wrap-up.
func (s *seat) writes(outcome string) {
	s.Helper()
	s.does(fmt.Sprintf(`document.querySelector("input[name=outcome][value=%s]").click()`, outcome))
	s.clicks("save")
	s.waits("the outcome is written", "!document.getElementById('save')")
}

// hears waits until the loudest that comes out of the page is a tone.
func (s *seat) hears(hertz float64) {
	s.Helper()
	heard := math.NaN()
	require.True(s, soon(patience, func() bool {
		got, err := chromedp.Run(s.page, chromedp.Evaluate[float64]("window.hears ? hears() : -1"))
		heard = got
		return err == nil && math.Abs(got-hertz) < 15
	}), "%s hears %v Hz, not %v", s.id, heard, hertz)
}

// face makes sure by ear that a citizen and an agent in a browser hear each other.
func face(citizen *line, s *seat, hertz float64) {
	citizen.Helper()
	ctx, cancel := context.WithTimeout(citizen.Context(), patience)
	defer cancel()
	citizen.SendTone(440)
	require.NoError(citizen, citizen.WaitTone(ctx, hertz), "the citizen hears the agent, and not: %s", citizen.last())
	s.hears(440)
}

// inTalk is an agent in a browser who speaks with a citizen.
func (w *town) inTalk(b *browser.Browser) (*seat, *line) {
	w.Helper()
	anna := w.sits(b, "agent1", 1000)
	anna.ready()
	rosa := w.calls(rosaPhone)
	rosa.wantsPerson()
	anna.takes()
	face(rosa, anna, 1000)
	return anna, rosa
}

// A whole shift in the page: sign in, take a call, see who it is, mute, hold, ask a
// colleague, pass on, write the outcome, pause, sign out. The citizen hears who should be
// heard all along.
func TestAgentInTheBrowser(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	b := chromium(t)
	anna := w.sits(b, "agent1", 1000)
	anna.ready()
	maria := w.calls(mariaPhone)
	maria.keying()
	maria.confirming(mariaCode, mariaCard)
	maria.presses("0")
	anna.waits("it rings", "document.getElementById('answer')")
	const mariaShown = "RSS MRA 36A41 F205V"
	assert.NotContains(t, anna.text(), mariaShown, "nothing of the citizen while it rings")
	anna.takes()
	face(maria, anna, 1000)
	anna.says(mariaShown)
	assert.Contains(t, w.log(), "agent=agent1", "who has seen it is kept")
	assert.NotContains(t, w.log(), mariaCode)

	anna.clicks("mute")
	maria.until("silence", func() bool { return maria.Hears().Tone != 1000 })
	anna.clicks("mute")
	face(maria, anna, 1000)
	anna.clicks("hold")
	maria.music()
	anna.clicks("hold")
	face(maria, anna, 1000)

	bruno := w.sits(b, "agent2", 1500)
	bruno.ready()
	anna.waits("bruno can be asked", `document.querySelector("#target option[value='agent:agent2']")?.disabled === false`)
	anna.fills("target", "agent:agent2")
	anna.clicks("consult")
	bruno.takes()
	anna.hears(1500)
	bruno.hears(1000)
	bruno.says(mariaShown) // who is asked sees whom it is about
	maria.music()
	anna.presses("Passa")
	face(maria, bruno, 1500)
	anna.shows("state", "Dopo la chiamata")
	assert.Eventually(t, func() bool { return !strings.Contains(anna.text(), "Chiudi chiamata") }, patience, 50*time.Millisecond)

	bruno.says(mariaShown)
	bruno.clicks("end")
	maria.over()
	bruno.shows("state", "Esito da scrivere")
	bruno.writes("resolved")
	bruno.shows("state", "Pronto")
	bruno.presses("Esci")
	bruno.waits("signed out", "document.getElementById('password')")
	assert.True(t, soon(patience, func() bool { return w.agentState("agent2") == "away" }), w.agentState("agent2"))

	second := w.agent("agent2", 1700)
	w.agentIs("agent2", "ready")
	rosa := w.calls(rosaPhone)
	rosa.wantsPerson()
	together(rosa, w.takes(second), 1700) // rung at the desk phone again
	rosa.leaves()
}

// unreachable tells whether an agent's telephone does not answer the exchange.
func (w *town) unreachable(id string) bool {
	w.Helper()
	var list struct {
		Items []struct {
			ID        string `json:"id"`
			Reachable *bool  `json:"phone_reachable"`
		} `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/agents", adminKey, nil, &list)
	for _, a := range list.Items {
		if a.ID == id {
			return a.Reachable != nil && !*a.Reachable
		}
	}
	return false
}

// text is all that the page shows.
func (s *seat) text() string {
	s.Helper()
	text, err := chromedp.Run(s.page, chromedp.Evaluate[string]("document.body.innerText"))
	require.NoError(s, err)
	return text
}

// A page that is loaded again in a talk is a line that broke: the citizen is told so and
// stays the first, and the page rings again as soon as its agent is there.
func TestPageIsReloadedInATalk(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	anna, rosa := w.inTalk(chromium(t))
	anna.says("Non ancora identificato")
	reloaded := time.Now()
	anna.opens()
	rosa.hears(speech.AgentLost)
	assert.Less(t, time.Since(reloaded), 10*time.Second, "it is not found out by silence")
	anna.shows("health", "collegato")
	anna.clicks("ready")
	anna.takes()
	face(rosa, anna, 1000)
	assert.Len(t, w.tickets(), 1, "the citizen's place was kept")
	rosa.leaves()
	anna.shows("state", "Esito da scrivere")
}

// A browser that dies in a talk says nothing. The citizen hears so all the same, in some
// seconds, and goes to another agent; the one whose telephone is gone gets no citizen.
func TestBrowserDiesInATalk(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	anna, rosa := w.inTalk(chromium(t))
	second := w.agent("agent2", 1500)
	w.agentIs("agent2", "ready")
	died := time.Now()
	go func() { _, _ = chromedp.Call(anna.page, page.Crash, cdp.Empty{}) }()
	rosa.hears(speech.AgentLost)
	assert.Less(t, time.Since(died), 25*time.Second)
	together(rosa, w.takes(second), 1500)
	rosa.leaves()
	w.ask(http.MethodPut, "/api/v1/agents/agent1/state", adminKey, map[string]string{"state": "ready"}, nil)
	assert.True(t, soon(patience, func() bool { return w.unreachable("agent1") }), "ready, but at no telephone")
}

// The service dies in a talk: the two go on talking, the page finds its way back by
// itself, and leads the talk as before. The exchange dies: the page is a telephone again
// as soon as it is back.
func TestPageFindsItsWayBack(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	anna, rosa := w.inTalk(chromium(t))

	w.in.Kill()
	anna.shows("health", "riconnessione")
	face(rosa, anna, 1000)
	w.open()
	anna.shows("health", "collegato")
	anna.clicks("hold")
	rosa.music()
	anna.clicks("hold")
	face(rosa, anna, 1000)
	anna.clicks("end")
	rosa.over()
	anna.shows("state", "Esito da scrivere")
	anna.writes("resolved")

	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	require.NoError(t, w.in.WaitReady(t.Context()))
	anna.shows("health", "collegato")
	require.True(t, soon(patience, func() bool { return !w.unreachable("agent1") }))
	rosa = w.calls(rosaPhone)
	rosa.wantsPerson()
	anna.takes()
	face(rosa, anna, 1000)
	rosa.leaves()
}

// An agent has one telephone: the page that was opened last.
func TestSecondPageTakesTheTelephone(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	b := chromium(t)
	first := w.sits(b, "agent1", 1000)
	second := w.sits(b, "agent1", 1500)
	first.says("Il telefono è passato a un'altra pagina")
	second.ready()
	rosa := w.calls(rosaPhone)
	rosa.wantsPerson()
	second.takes()
	face(rosa, second, 1500)
	second.says("In conversazione")
	rosa.leaves()
}
