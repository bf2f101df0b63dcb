package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab/browser"
)

func english(t *testing.T, _ *browser.Browser) {
	chromium, err := browser.Start(t.Context(), browser.Options{Language: "en-GB"})
	require.NoError(t, err)
	t.Cleanup(chromium.Stop)
	ctx, err := chromium.Page(t.Context())
	require.NoError(t, err)
	p := &page{service: newService(t), t: t, ctx: ctx, chromium: chromium}
	p.do(chromedp.Navigate(p.URL))
	p.sees("Agents' sign-in")
	p.until(`document.documentElement.lang === 'en'`)
	p.clicks("Italiano")
	p.sees("Accesso operatori")
	p.until(`document.documentElement.lang === 'it'`)
}

func narrow(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	fits := func() {
		t.Helper()
		p.do(chromedp.EmulateViewport(400, 800))
		var wide []string
		require.Eventually(t, func() bool {
			wide = value[[]string](p, `[...document.querySelectorAll('#page *:not(option, optgroup)')].filter(e => !e.closest('.visually-hidden, .skip')
				&& e.getBoundingClientRect().right > (e.parentElement.closest('.card, dialog')?.getBoundingClientRect().right ?? 400)).map(e => e.outerHTML.slice(0, 100))`)
			return len(wide) == 0 && value[int](p, `document.documentElement.scrollWidth`) <= 400
		}, patience, 50*time.Millisecond, "wider than what it stands in: %q", &wide)
	}
	fits()
	p.signIn()
	fits()
	p.tell("team", []object{{"id": "un-nome-di-collega-molto-lungo", "state": "ready"}})
	p.talks()
	p.sees("LUCIA FERRARI")
	fits()
	p.picture("narrow", 400)
	p.hangsUp(200 * time.Second)
	p.sees("superato")
	fits()
	p.clicks("Impostazioni")
	fits()
}

func namesOfControls(t *testing.T, chromium *browser.Browser) {
	p := open(t, chromium)
	assert.Empty(t, p.nameless(), "sign-in")
	p.signIn()
	assert.Empty(t, p.nameless(), "away")
	p.talks()
	p.sees("LUCIA FERRARI")
	assert.Empty(t, p.nameless(), "talking")
	p.clicks("Impostazioni")
	p.until(`document.querySelector('dialog').open`)
	assert.Empty(t, p.nameless(), "settings")
	p.clicks("Chiudi")
	p.until(`!document.querySelector('dialog')`)
	p.clicks("Pausa")
	p.until(`document.querySelector('dialog').open`)
	assert.Empty(t, p.nameless(), "pause")
	assert.True(t, strings.HasPrefix(value[string](p, `document.activeElement.tagName`), "BUTTON"), "the dialog has the focus")
}
