package console_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab/browser"
)

func contextOf(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

const broken = "Reason: Q.850;cause=38"

func TestTelephone(t *testing.T) {
	t.Parallel()
	chromium, err := browser.Start(t.Context(), browser.Options{})
	require.NoError(t, err)
	t.Cleanup(chromium.Stop)
	for name, scene := range map[string]func(*testing.T, *page, *exchange){
		"answer, mute, end":                answerMuteEnd,
		"it answers by itself":             answersByItself,
		"the citizen hangs up":             citizenHangsUp,
		"a second call is declined":        secondCallDeclined,
		"leaving the page breaks the call": leavingBreaksTheCall,
		"the service is the truth":         serviceIsTheTruth,
		"a call that is missing":           missingCall,
		"the socket drops in a talk":       socketDrops,
		"a refused registration":           refusedRegistration,
		"a session that runs out":          sessionRunsOutInATalk,
		"a registration is renewed":        registrationRenewed,
		"taken over in a talk":             takenOverInATalk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := desk(t, chromium)
			p.sees("Telefono: collegato")
			p.say(object{"state": "ready"})
			p.sees("In attesa della prossima chiamata")
			scene(t, p, p.exchange)
		})
	}
}

// rung has the page ring and answers it.
func (p *page) rung() string {
	p.t.Helper()
	call := p.exchange.rings()
	p.say(object{"state": "ringing", "ticket": "t1"})
	p.clicks("Rispondi")
	p.exchange.isTold(p.t, 1, "SIP/2.0 200")
	p.talks()
	p.sees("Chiudi chiamata")
	return call
}

func answerMuteEnd(t *testing.T, p *page, x *exchange) {
	x.rings()
	p.say(object{"state": "ringing", "ticket": "t1"})
	p.sees("Chiamata in arrivo")
	x.isTold(t, 1, "SIP/2.0 180")
	p.until(`document.title.startsWith('☎')`)
	p.picture("ringing", 1280)
	p.alt("r")
	x.isTold(t, 1, "SIP/2.0 200")
	p.talks()
	p.sees("Chiudi chiamata")
	p.alt("m")
	p.sees("Il suo microfono è spento")
	p.alt("m")
	p.seesNot("Il suo microfono è spento")
	p.alt("t")
	assert.NotContains(t, x.isTold(t, 1, "BYE"), "Reason", "the agent has ended it")
	p.seesNot("Chiudi chiamata")
	p.until(`!document.title.startsWith('☎')`)
}

func answersByItself(t *testing.T, p *page, x *exchange) {
	p.clicks("Impostazioni")
	value[bool](p, `(document.querySelector('#auto-answer').click(), true)`)
	p.clicks("Chiudi")
	x.rings()
	x.isTold(t, 1, "SIP/2.0 200")
}

func citizenHangsUp(_ *testing.T, p *page, x *exchange) {
	call := p.rung()
	p.alt("m")
	p.sees("Il suo microfono è spento")
	x.hangsUp(call)
	p.hangsUp(0)
	p.sees("Scriva l'esito")
	p.seesNot("spento") // the next citizen hears the agent
}

func secondCallDeclined(t *testing.T, p *page, x *exchange) {
	p.rung()
	x.rings()
	x.isTold(t, 1, "SIP/2.0 480")
	p.sees("Chiudi chiamata")
	assert.Zero(t, x.count("BYE"))
}

func leavingBreaksTheCall(t *testing.T, p *page, x *exchange) {
	p.rung()
	p.do(chromedp.Navigate("about:blank"))
	assert.EqualValues(t, 1, p.leaving.Load(), "it asks first")
	assert.Contains(t, x.isTold(t, 1, "BYE"), broken)
}

// The exchange could not tell the page of the end: the service does.
func serviceIsTheTruth(t *testing.T, p *page, x *exchange) {
	p.rung()
	assert.Never(t, func() bool { return x.count("BYE") > 0 }, 500*time.Millisecond, 20*time.Millisecond)
	p.hangsUp(0)
	require.Eventually(t, func() bool {
		p.say(object{"misses": time.Now().Nanosecond()}) // snapshots come and come
		return x.count("BYE") == 1
	}, patience, 100*time.Millisecond)
	p.seesNot("Chiudi chiamata")
}

func missingCall(t *testing.T, p *page, x *exchange) {
	p.talks()
	p.sees("Il cittadino è ancora in linea.")
	x.rings()
	p.clicks("Rispondi")
	x.isTold(t, 1, "SIP/2.0 200")
	p.seesNot("Il cittadino è ancora in linea.")
}

func socketDrops(t *testing.T, p *page, x *exchange) {
	p.rung()
	registrations := x.count("REGISTER")
	x.drops()
	p.sees("Telefono: riconnessione…")
	assert.Contains(t, p.text(), "Chiudi chiamata", "the sound goes another way")
	x.isTold(t, registrations+1, "REGISTER")
	p.sees("Telefono: collegato")
	assert.Zero(t, x.count("BYE"))
	p.clicks("Chiudi chiamata")
	x.isTold(t, 1, "BYE")
}

// The exchange has started again and knows the password no more.
func refusedRegistration(t *testing.T, p *page, x *exchange) {
	x.mu.Lock()
	x.refuse = 2
	x.mu.Unlock()
	p.mu.Lock()
	before := p.page
	p.mu.Unlock()
	x.drops()
	p.sees("Telefono: riconnessione…")
	p.sees("Telefono: collegato")
	assert.Contains(t, x.isTold(t, 4, "REGISTER"), "CSeq: 4 ", "it is still the same telephone: a call would have stayed up")
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Equal(t, before+2, p.page, "the telephone is asked for again each time that it was refused")
}

// Browsers run the timers of a page that is out of sight a minute late.
func registrationRenewed(t *testing.T, p *page, x *exchange) {
	registrations := x.count("REGISTER")
	value[bool](p, `(() => { const now = performance.now.bind(performance); performance.now = () => now() + 61_000; return true })()`)
	p.say(object{"misses": 1})
	x.isTold(t, registrations+1, "REGISTER")
}

// A session may run out in a talk. Whoever signs in again finds it.
func sessionRunsOutInATalk(t *testing.T, p *page, x *exchange) {
	p.rung()
	p.expire()
	p.CloseClientConnections()
	p.sees("La sessione è scaduta, la telefonata continua")
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("Chiudi chiamata")
	p.sees("Telefono: collegato")
	assert.Zero(t, x.count("BYE"))
	p.alt("t")
	x.isTold(t, 1, "BYE")
}

func takenOverInATalk(t *testing.T, p *page, x *exchange) {
	p.rung()
	p.say(object{"page": "of-another-page"})
	assert.Contains(t, x.isTold(t, 1, "BYE"), broken, "the citizen is not lost: the other page is rung")
	p.sees("Il telefono è passato a un'altra pagina")
}
