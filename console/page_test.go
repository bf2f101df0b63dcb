package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab/browser"
)

// page is the agent's page in a browser, as somebody sees and uses it.
type page struct {
	*service
	t        *testing.T
	ctx      context.Context
	chromium *browser.Browser
	leaving  atomic.Int32 // how often the page has asked whether it may be left
}

// patience is how long a page may take for what it does at once.
const patience = 10 * time.Second

// open shows the page in a browser of its own language.
func open(t *testing.T, chromium *browser.Browser) *page {
	t.Helper()
	ctx, err := chromium.Page(t.Context())
	require.NoError(t, err)
	p := &page{service: newService(t), t: t, ctx: ctx, chromium: chromium}
	require.NoError(t, chromedp.Listen(ctx, p.confirm))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the page shows:\n" + p.text())
		}
		_ = chromedp.Cancel(ctx)
	})
	p.do(chromedp.Navigate(p.URL))
	p.sees("Accesso operatori")
	return p
}

// desk signs in.
func desk(t *testing.T, chromium *browser.Browser) *page {
	t.Helper()
	p := open(t, chromium)
	p.signIn()
	return p
}

func (p *page) signIn() {
	p.t.Helper()
	p.types("#agent", agentName)
	p.types("#password", password)
	p.clicks("Accedi")
	p.sees("Assente")
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, steps...), p.chromium.Log())
}

// confirm says yes when the page asks whether it may be left.
func (p *page) confirm(event any) {
	if _, asks := event.(*devtools.EventJavascriptDialogOpening); asks {
		p.leaving.Add(1)
		go func() {
			_, _ = chromedp.Call(p.ctx, devtools.HandleJavaScriptDialog, devtools.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

// value is what an expression of JavaScript gives.
func value[T any](p *page, expression string, args ...any) T {
	p.t.Helper()
	quoted := make([]any, len(args))
	for i, arg := range args {
		text, _ := json.Marshal(arg)
		quoted[i] = string(text)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf(expression, quoted...)))
	require.NoError(p.t, err)
	return got
}

func (p *page) text() string {
	return value[string](p, `document.body.innerText`)
}

// until waits for an expression to be true.
func (p *page) until(expression string, args ...any) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		return value[bool](p, "(() => { try { return Boolean("+expression+") } catch { return false } })()", args...)
	}, patience, 20*time.Millisecond, expression, args)
}

func (p *page) sees(what string) {
	p.t.Helper()
	p.until(`document.body.innerText.includes(%s)`, what)
}

func (p *page) seesNot(what string) {
	p.t.Helper()
	p.until(`!document.body.innerText.includes(%s)`, what)
}

const button = `[...document.querySelectorAll('button, summary')].find(b => (b.querySelector('span')?.textContent || b.getAttribute('aria-label') || b.textContent).trim() === %s)`

func (p *page) clicks(label string) {
	p.t.Helper()
	p.until(`(b => b && !b.disabled)(`+button+`)`, label)
	value[bool](p, `(`+button+`.click(), true)`, label)
}

// types writes into a field as fingers do.
func (p *page) types(field, what string) {
	p.t.Helper()
	p.until(`document.querySelector(%s)`, field)
	value[bool](p, `(e => (e.focus(), e.select && e.select(), true))(document.querySelector(%s))`, field)
	p.do(chromedp.KeyEvent(what))
}

// alt presses a shortcut.
func (p *page) alt(letter string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(letter, chromedp.KeyModifiers(chromedp.ModifierAlt)))
}

// asks waits until the service has heard something.
func (p *page) asks(what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.heard(what) }, patience, 20*time.Millisecond, "the service has heard only: %q; it shall hear %q", p.all(), what)
}

// nameless are the controls that a screen reader could not name.
func (p *page) nameless() (found []string) {
	p.t.Helper()
	tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(p.t, err)
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		switch role := text(node.Role); role {
		case "button", "link", "textbox", "combobox", "radio", "checkbox", "slider", "dialog", "region", "group", "Audio":
			if text(node.Name) == "" {
				found = append(found, role+" "+text(node.Description))
			}
		}
	}
	return found
}

func text(v *accessibility.Value) (s string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &s)
	}
	return s
}

// picture keeps what the page looks like, where somebody wants to look at it.
func (p *page) picture(name string, width int64) {
	p.t.Helper()
	folder := os.Getenv("RICHIAMO_PICTURES")
	if folder == "" {
		return
	}
	p.do(chromedp.EmulateViewport(width, 800))
	shot, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o600))
}
