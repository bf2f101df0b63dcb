package console_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab/browser"
)

// The page in a real chromium, over a service that says what a test wants. The
// telephone itself needs an exchange and is tested with one in internal/app.
func TestPage(t *testing.T) {
	t.Parallel()
	chromium, err := browser.Start(t.Context(), browser.Options{})
	require.NoError(t, err)
	t.Cleanup(chromium.Stop)
	for name, scene := range map[string]func(*testing.T, *browser.Browser){
		"wrong password":                  wrongPassword,
		"too many attempts":               tooManyAttempts,
		"states":                          states,
		"pause with a reason":             pauseWithReason,
		"wishes in a talk":                wishesInTalk,
		"a colleague helps":               colleagueHelps,
		"the citizen only when talking":   citizenOnlyWhenTalking,
		"outcome required":                outcomeRequired,
		"outcome while talking":           outcomeWhileTalking,
		"wrap-up past its limit":          wrapUpPastLimit,
		"another page has the telephone":  takenOver,
		"another page at the same time":   overtaken,
		"a session that runs out":         sessionRunsOut,
		"another agent after it":          anotherAgent,
		"a reload keeps what is typed":    reloadKeepsDraft,
		"shortcuts":                       shortcuts,
		"refusals are said":               refusalsAreSaid,
		"the stream comes back":           streamComesBack,
		"the telephone is asked for anew": phoneAskedAnew,
		"desk telephone":                  deskTelephone,
		"English":                         english,
		"narrow":                          narrow,
		"names of controls":               namesOfControls,
		"sign-out":                        signOut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene(t, chromium)
		})
	}
}

func TestPageWithoutMicrophone(t *testing.T) {
	t.Parallel()
	chromium, err := browser.Start(t.Context(), browser.Options{DenyMicrophone: true})
	require.NoError(t, err)
	t.Cleanup(chromium.Stop)
	p := desk(t, chromium)
	p.sees("Il microfono è bloccato")
	p.picture("no-microphone", 1280)
	assert.False(t, p.heard(`PUT /agents/agent1/phone {"kind":"browser"}`), "a telephone that can't be spoken into rings nowhere")
	p.clicks("Usa il telefono da tavolo")
	p.asks(`PUT /agents/agent1/phone {"kind":"desk"}`)
	p.sees("Telefono: da tavolo")
	p.seesNot("Il microfono è bloccato")
}

func wrongPassword(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	p.picture("sign-in", 1280)
	p.types("#agent", agentName)
	p.types("#password", "sbagliata")
	p.clicks("Accedi")
	p.sees("Nome o password non corretti.")
	p.until(`document.querySelector('[role=alert]').innerText.includes('non corretti')`)
	p.until(`document.activeElement.id === 'password'`)
	assert.Equal(t, agentName, value[string](p, `document.querySelector('#agent').value`))
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("Assente")
	p.seesNot("non corretti")
}

func tooManyAttempts(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	p.refuses("POST /session", 429, "too-many-wrong-keys")
	p.types("#agent", agentName)
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("Troppi tentativi. Riprovi fra")
	p.until(`document.querySelector('form .main').disabled`)
}

func states(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.asks(`PUT /agents/agent1/phone {"kind":"browser"}`)
	p.sees("Prema «Pronto» quando è al suo posto.")
	p.clicks("Pronto")
	p.asks(`PUT /agents/agent1/state {"state":"ready"}`)
	p.sees("In attesa della prossima chiamata")
	p.until(`document.querySelector('#ready').disabled`)
	p.sees("3:05") // the longest wait
	p.picture("ready", 1280)
	p.say(object{"since": time.Now().Add(-65 * time.Second)})
	p.until(`/^1:0[5-9]$/.test(document.querySelector('#since').innerText)`)
	p.tell("talk", object{"call": "c1", "ticket": "t1", "state": "dialling", "purpose": "no-keys", "no_keys": true, "callback": false, "waited_seconds": 60, "attempts": 0})
	p.say(object{"state": "reserved", "ticket": "t1"})
	p.sees("Un cittadino viene collegato a lei.")
	p.say(object{"state": "ringing", "ticket": "t1", "phone": "desk", "page": nil})
	p.sees("Chiamata in arrivo")
	p.sees("Non ha usato i tasti")
	p.sees("Senza tastiera: parli per primo.")
	p.say(object{"state": "wrap-up", "ticket": nil})
	p.sees("La chiamata non è più qui")
	p.sees("Dopo la chiamata")
	p.seesNot("Salva esito")
	p.say(object{"state": "paused", "reason": "calls not answered", "misses": 3, "ticket": nil})
	p.sees("3 chiamate senza risposta: per questo è in pausa.")
	p.until(`document.querySelector('.state [role=status]').innerText.includes('In pausa')`)
}

func pauseWithReason(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.clicks("Pausa")
	p.until(`document.querySelector('dialog').open`)
	p.picture("pause", 1280)
	value[bool](p, `(document.querySelector('dialog form button').click(), true)`)
	p.sees("Scriva il motivo.")
	p.types("#pause-other", "consegna chiavi")
	value[bool](p, `(document.querySelector('dialog form button').click(), true)`)
	p.asks(`PUT /agents/agent1/state {"state":"paused","reason":"consegna chiavi"}`)
	p.sees("Consegna chiavi")
	p.clicks("Pronto")
	p.asks(`PUT /agents/agent1/state {"state":"ready"}`)
	p.clicks("Pausa")
	p.clicks("Pranzo")
	p.asks(`PUT /agents/agent1/state {"state":"paused","reason":"pranzo"}`)
	p.sees("· Pranzo")
	p.until(`!document.querySelector('dialog')`)
}

func wishesInTalk(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.clicks("Attesa")
	p.asks(`POST /calls/c1/wishes {"verb":"hold"}`)
	p.sees("Il cittadino è in attesa e sente la musica")
	p.clicks("Riprendi")
	p.asks(`POST /calls/c1/wishes {"verb":"resume"}`)
	p.seesNot("sente la musica")
	p.clicks("Passa la chiamata")
	p.sees("Scelga prima un collega o una coda.")
	p.until(`[...document.querySelectorAll('#target option')].map(o => o.value + (o.disabled ? ' no' : '')).join() === ',agent:agent2,agent:agent3 no,queue:prenotazioni,queue:vaccini'`)
	choose(p, "queue:vaccini")
	p.until(`document.querySelector('#consult').disabled`)
	p.clicks("Passa la chiamata")
	p.asks(`POST /calls/c1/wishes {"verb":"transfer","target":"queue:vaccini"}`)
	p.sees("La chiamata viene passata…")
}

func choose(p *page, target string) {
	p.t.Helper()
	value[bool](p, `(s => { s.value = %s; s.dispatchEvent(new Event('change', { bubbles: true })); return true })(document.querySelector('#target'))`, target)
}

func colleagueHelps(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.sees("Chiedere aiuto")
	choose(p, "agent:agent2")
	p.clicks("Consulta")
	p.asks(`POST /calls/c1/wishes {"verb":"consult","target":"agent:agent2"}`)
	p.tell("team", []object{{"id": "agent2", "state": "ringing", "ticket": "t1", "helping": true}})
	p.sees("Squilla da agent2")
	p.tell("team", []object{{"id": "agent2", "state": "talking", "ticket": "t1", "helping": true}})
	p.sees("Parla con agent2: il cittadino sente la musica")
	p.picture("consult", 1280)
	p.clicks("Tutti insieme")
	p.asks(`POST /calls/c1/wishes {"verb":"conference"}`)
	p.sees("agent2 è in linea")
	p.clicks("Passa la chiamata")
	p.asks(`POST /calls/c1/wishes {"verb":"transfer"}`)
	p.tell("team", []object{{"id": "agent2", "state": "ready"}})
	p.seesNot("agent2 è in linea")
	p.seesNot("sente la musica")
}

func citizenOnlyWhenTalking(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks() // the card is there for whoever asks
	p.sees("LUCIA FERRARI")
	for _, fact := range []string{"13 dicembre 1938", "MILANO", "FRR LCU 38T53 F205I", "02 1234 5603", "3775828853332051", "Non riconosciuto dal codice", "portale", "Italiano", "Fragile",
		"spostata una volta", "Preferisce la mattina.", "Chiede anche per il marito.", "occupato"} {
		assert.Contains(t, p.text(), fact)
	}
	assert.Equal(t, "/api/v1/calls/c1/spoken-name", value[string](p, `document.querySelector('audio').getAttribute('src')`))
	p.picture("talking", 1280)
	p.say(object{"state": "reserved"})
	p.seesNot("FERRARI")
	p.say(object{"state": "ringing"})
	p.sees("Chiamata in arrivo")
	assert.NotContains(t, p.text(), "FERRARI")
	p.say(object{"state": "talking"})
	p.sees("LUCIA FERRARI")
	p.hangsUp(0)
	p.sees("Conversazione finita")
	assert.Contains(t, p.text(), "LUCIA FERRARI", "who writes the outcome must still see of whom")
	p.say(object{"state": "ready", "writes_up": nil})
	p.seesNot("FERRARI")
}

func outcomeRequired(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.sees("LUCIA FERRARI")
	p.hangsUp(0)
	p.sees("Scriva l'esito per tornare disponibile.")
	p.clicks("Pronto")
	p.sees("Scelga l'esito prima di salvare.")
	p.until(`document.activeElement.name === 'outcome'`)
	p.types("#note", "Richiamare dopo Pasqua.")
	p.clicks("Salva esito")
	p.sees("Con una nota serve anche l'esito.")
	for _, heard := range p.all() {
		assert.NotContains(t, heard, "/state", "nothing is asked for that will be refused")
	}
	p.clicksChip("Da richiamare")
	p.picture("outcome", 1280)
	value[bool](p, `(document.querySelector('#save').focus(), true)`)
	p.do(chromedp.KeyEvent("\r"))
	p.asks(`PUT /agents/agent1/state {"state":"ready","outcome":"call-again","note":"Richiamare dopo Pasqua."}`)
	p.sees("In attesa della prossima chiamata")
	p.seesNot("Salva esito")
	p.until(`document.activeElement.id === 'call-title'`) // the button is gone; the keyboard is not lost
	p.until(`!sessionStorage.getItem('richiamo.draft').includes('Pasqua')`)
}

func (p *page) clicksChip(label string) {
	p.t.Helper()
	p.until(`[...document.querySelectorAll('.chip')].some(c => c.innerText.trim() === %s)`, label)
	value[bool](p, `([...document.querySelectorAll('.chip')].find(c => c.innerText.trim() === %s).click(), true)`, label)
}

func outcomeWhileTalking(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.clicksChip("Altro esito") // a name that the page has no words for
	p.refuses("PUT /agents/agent1/state", 503, "unavailable")
	p.clicks("Salva esito")
	p.sees("Il servizio non risponde.")
	p.until(`document.querySelector('input[value=altro-esito]').checked`)
	p.hangsUp(0)
	p.sees("Conversazione finita")
	p.until(`document.querySelector('input[value=altro-esito]').checked`)
}

func wrapUpPastLimit(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.types("#note", "A metà")
	p.hangsUp(60 * time.Second)
	p.until(`/^1:0\d di 2:00$/.test(document.querySelector('#wrap-up').innerText)`)
	p.seesNot("Tempo per l'esito superato")
	p.hangsUp(150 * time.Second)
	p.sees("Tempo per l'esito superato da 0:3")
	p.until(`[...document.querySelectorAll('[role=status]')].some(s => s.innerText.includes('superato'))`)
	p.picture("overdue", 1280)
	assert.Equal(t, "A metà", value[string](p, `document.querySelector('#note').value`), "nothing closes by itself")
	for _, heard := range p.all() {
		assert.NotContains(t, heard, "/state")
	}
}

func takenOver(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.asks(`PUT /agents/agent1/phone {"kind":"browser"}`)
	p.say(object{"state": "ready"})
	p.sees("In attesa della prossima chiamata")
	p.say(object{"page": "of-another-page"})
	p.sees("Il telefono è passato a un'altra pagina")
	p.sees("Telefono: in un'altra pagina")
	p.picture("elsewhere", 1280)
	before := len(p.all())
	require.Never(t, func() bool { return len(p.all()) > before }, 2*time.Second, 50*time.Millisecond, "two pages that take the telephone from each other ring nowhere")
	p.clicks("Usa questa pagina")
	p.seesNot("Il telefono è passato a un'altra pagina")
	assert.Len(t, p.all(), before+1)
}

func overtaken(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	p.overtaken = true
	p.signIn()
	p.sees("Il telefono è passato a un'altra pagina")
}

func sessionRunsOut(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.sees("LUCIA FERRARI")
	p.types("#note", "Parola per parola")
	p.clicksChip("Prenotato")
	p.hangsUp(0)
	p.sees("Conversazione finita")
	p.expire()
	p.clicks("Salva esito")
	p.sees("La sessione è scaduta")
	p.picture("expired", 1280)
	assert.NotContains(t, p.text(), "FERRARI", "whoever walks by sees no citizen")
	assert.Equal(t, agentName, value[string](p, `document.querySelector('#agent').value`))
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("Conversazione finita")
	assert.Equal(t, "Parola per parola", value[string](p, `document.querySelector('#note').value`))
	p.until(`document.querySelector('input[value=booked]').checked`)
	p.clicks("Salva esito")
	p.asks(`PUT /agents/agent1/state {"state":"ready","outcome":"booked","note":"Parola per parola"}`)
}

func anotherAgent(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.types("#note", "Solo per chi l'ha scritta")
	p.expire()
	p.CloseClientConnections()
	p.sees("La sessione è scaduta")
	value[bool](p, `(sessionStorage.setItem('richiamo.draft', sessionStorage.getItem('richiamo.draft').replace('"agent1"', '"agent9"')), location.reload(), true)`)
	p.sees("Accesso operatori")
	p.signInTalking()
	assert.Empty(t, value[string](p, `document.querySelector('#note').value`))
}

func (p *page) signInTalking() {
	p.t.Helper()
	p.types("#agent", agentName)
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("In conversazione")
}

func reloadKeepsDraft(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.hangsUp(0)
	p.types("#note", "Resta qui")
	p.until(`sessionStorage.getItem('richiamo.draft').includes('Resta qui')`)
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.URL))
	assert.EqualValues(t, 1, p.leaving.Load(), "leaving asks first")
	p.sees("Conversazione finita")
	p.until(`document.querySelector('#note').value === 'Resta qui'`)
}

func shortcuts(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.until(`document.querySelector('#pause').getAttribute('aria-keyshortcuts') === 'Alt+P' && document.querySelector('#pause').innerText.includes('Alt P')`)
	p.types("body", "p")
	assert.False(t, value[bool](p, `Boolean(document.querySelector('dialog'))`), "no letter alone does anything")
	p.alt("p")
	p.until(`document.querySelector('dialog')?.open`)
	p.do(chromedp.KeyEvent("\x1b"))
	p.until(`!document.querySelector('dialog')`)
	p.talks()
	p.sees("LUCIA FERRARI")
	p.alt("a")
	p.asks(`POST /calls/c1/wishes {"verb":"hold"}`)
	p.clicksChip("Risolto")
	value[bool](p, `(document.querySelector('#note').focus(), true)`)
	p.alt("s") // also while writing
	p.asks(`PUT /agents/agent1/state {"state":"ready","outcome":"resolved"}`)
	p.clicks("Impostazioni")
	value[bool](p, `(document.querySelector('#shortcuts').click(), true)`)
	p.clicks("Chiudi")
	p.until(`!document.querySelector('[aria-keyshortcuts]')`)
	p.alt("p")
	assert.False(t, value[bool](p, `Boolean(document.querySelector('dialog'))`))
}

func refusalsAreSaid(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.refuses("PUT /agents/agent1/state", 409, "outcome-required")
	p.say(object{"state": "paused", "writes_up": "t1"})
	p.clicksChip("Risolto")
	p.clicks("Pronto")
	p.until(`document.querySelector('header [role=alert]').innerText.includes('Scelga l')`)
	p.refuses("PUT /agents/agent1/state", 422, "invalid-fields")
	p.clicks("Pronto")
	p.sees("Detail of invalid-fields.")
	value[bool](p, `(document.querySelector('.alarm button').click(), true)`)
	p.seesNot("Detail of invalid-fields.")
}

func streamComesBack(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.refuses("GET /agents/agent1/events", 503, "unavailable")
	p.CloseClientConnections()
	p.sees("Collegamento con il servizio interrotto")
	p.sees("Dati non aggiornati")
	p.asks("GET /agents/agent1/events")
	p.mu.Lock()
	delete(p.refuse, "GET /agents/agent1/events")
	p.mu.Unlock()
	p.seesNot("Collegamento con il servizio interrotto")
	p.say(object{"state": "ready"})
	p.sees("In attesa della prossima chiamata")
}

func phoneAskedAnew(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	p.refuses("PUT /agents/agent1/phone", 503, "unavailable")
	p.signIn()
	p.sees("Telefono: riconnessione…")
	p.asks(`PUT /agents/agent1/phone {"kind":"browser"}`)
	p.mu.Lock()
	delete(p.refuse, "PUT /agents/agent1/phone")
	p.mu.Unlock()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.page == 1
	}, patience, 20*time.Millisecond)
}

func deskTelephone(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.asks(`PUT /agents/agent1/phone {"kind":"browser"}`)
	p.clicks("Impostazioni")
	p.picture("settings", 1280)
	value[bool](p, `(document.querySelectorAll('input[name=telephone]')[1].click(), true)`)
	p.asks(`PUT /agents/agent1/phone {"kind":"desk"}`)
	p.clicks("Chiudi")
	p.sees("Telefono: da tavolo")
	p.say(object{"state": "ringing"})
	p.sees("Risponda al telefono da tavolo.")
	p.talks()
	p.sees("In conversazione")
	p.until(`!document.querySelector('#mute') && !document.querySelector('#end') && document.querySelector('#hold')`)
}

func signOut(t *testing.T, chromium *browser.Browser) {
	p := desk(t, chromium)
	p.talks()
	p.sees("LUCIA FERRARI")
	p.until(`[...document.querySelectorAll('button')].find(b => b.innerText.includes('Esci')).disabled`)
	p.types("#note", "x")
	p.hangsUp(0)
	p.say(object{"state": "ready", "writes_up": nil})
	p.seesNot("FERRARI")
	value[bool](p, `([...document.querySelectorAll('button')].find(b => b.innerText.includes('Esci')).click(), true)`)
	p.asks("DELETE /session")
	p.sees("Accesso operatori")
	p.seesNot("La sessione è scaduta")
	assert.Equal(t, "null", value[string](p, `sessionStorage.getItem('richiamo.draft')`), "nothing of a citizen stays")
}
