package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/lab"
	"richiamo/internal/lab/browser"
	"richiamo/internal/sip"
)

// softphone is testdata/phone.js with the library that the agents' page uses too.
func softphone(t *testing.T) []byte {
	t.Helper()
	root, err := lab.Repository()
	require.NoError(t, err)
	vendor := filepath.Join(root, "console", "vendor")
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join("testdata", "phone.js")}, Bundle: true,
		Alias: map[string]string{
			"jssip":         filepath.Join(vendor, "jssip-3.13.8", "lib", "JsSIP.js"),
			"events":        filepath.Join(vendor, "events-3.3.0", "events.js"),
			"sdp-transform": filepath.Join(vendor, "sdp-transform-2.15.0", "lib", "index.js"),
			"debug":         filepath.Join(root, "console", "src", "silent.js"),
		},
	})
	require.Empty(t, built.Errors)
	return built.OutputFiles[0].Contents
}

// site serves the softphone, and passes its websocket to the exchange over a cable of its own.
func (b *bench) site() (url string, websocket *cable) {
	script := softphone(b.t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><title>softphone</title><script src="/phone.js"></script>`))
	})
	mux.HandleFunc("GET /phone.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(script)
	})
	socket := b.line.PhoneSocket()
	websocket = newCable(b.t, socket.Host)
	socket.Host = websocket.addr()
	mux.Handle("GET /phone", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL = socket }})
	server := httptest.NewServer(mux)
	b.t.Cleanup(server.Close)
	return server.URL + "/", websocket
}

// tab is a page with the softphone of an agent.
type tab struct {
	t    *testing.T
	b    *bench
	ctx  context.Context
	name string // of the endpoint
}

func (b *bench) tab(chromium *browser.Browser, url, name string) *tab {
	b.t.Helper()
	ctx, err := chromium.Page(b.t.Context())
	require.NoError(b.t, err)
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Navigate(url)))
	return &tab{b.t, b, ctx, name}
}

// do has the page run a piece of script.
func (p *tab) do(format string, values ...any) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](fmt.Sprintf(format, values...)+"; true"))
	require.NoError(p.t, err)
}

// until waits for what an expression of the page will be.
func (p *tab) until(format string, values ...any) {
	p.t.Helper()
	expression := fmt.Sprintf(format, values...)
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression,
		chromedp.WithPollingInterval(5*time.Millisecond), chromedp.WithPollingTimeout(patient)))
	require.NoError(p.t, err, expression)
}

// registers opens the telephone with a password of its own, and waits until the exchange has it online.
func (p *tab) registers(password string) {
	p.t.Helper()
	require.NoError(p.t, p.b.line.OpenPhone(p.t.Context(), p.name, password))
	began := time.Now()
	p.do("phone.open(%q, %q)", p.name, password)
	p.until("phone.registered")
	p.online(true)
	p.t.Logf("registered and online after %v", time.Since(began).Round(time.Millisecond))
}

// online waits until the exchange has the telephone online, or not.
func (p *tab) online(there bool) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		phones, err := p.b.line.Phones(context.WithoutCancel(p.t.Context()))
		got, known := phones[p.name]
		return assert.NoError(p.t, err) && known && got == there
	}, patient, 5*time.Millisecond)
}

// talks has the telephone ring on a channel, answers it, and waits until sound passes.
func (p *tab) talks(channel string) {
	p.t.Helper()
	p.b.do(call.Command{Op: call.DoCreate, Channel: channel, Agent: p.name})
	began := time.Now()
	p.b.do(call.Command{Op: call.DoDial, Channel: channel, For: 10 * time.Second})
	p.until("phone.state == 'ringing'")
	rang := time.Since(began)
	p.do("phone.answer()")
	p.b.next(p.t, call.Answered, channel)
	answered := time.Since(began)
	p.until("phone.state == 'talking' && phone.connection.connectionState == 'connected'")
	p.t.Logf("rings after %v, answered after %v, connected after %v", rang.Round(time.Millisecond),
		answered.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
}

// hears waits until the page hears a tone; zero: nothing.
func (p *tab) hears(hertz float64) {
	p.t.Helper()
	p.until("Math.abs(phone.hertz() - %v) < 20", hertz)
}

// left gives the cause with which a channel ends.
func (p *tab) left(channel string) int {
	p.t.Helper()
	return p.b.next(p.t, call.Left, channel).Cause
}

func TestTelephoneInABrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	url, websocket := b.site()
	chromium, err := browser.Start(t.Context(), browser.Options{Sound: true})
	require.NoError(t, err)
	t.Cleanup(chromium.Stop)
	p, other := b.tab(chromium, url, "agent1.browser"), b.tab(chromium, url, "agent1.browser")
	require.Error(t, b.line.OpenPhone(t.Context(), b.pbx.Agents[0].Name, "first"), "a desk phone's password stands in Asterisk's files")
	require.NoError(t, b.line.OpenPhone(t.Context(), p.name, "first"))
	p.online(false)
	p.do("phone.open(%q, 'wrong')", p.name)
	p.until("phone.refused == 401")
	p.registers("second")

	t.Run("speaks and hears", func(t *testing.T) { p.speaks(websocket) })
	t.Run("is left", func(t *testing.T) {
		p.talks("t-left")
		require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(url)))
		assert.Equal(t, 38, p.left("t-left"))
		p.online(false)
		p.registers("third")
	})
	t.Run("is not answered", func(t *testing.T) {
		b.do(call.Command{Op: call.DoCreate, Channel: "t-none", Agent: p.name})
		b.do(call.Command{Op: call.DoDial, Channel: "t-none", For: time.Second})
		p.until("phone.state == 'ringing'")
		assert.Equal(t, 19, p.left("t-none"))
		p.until("phone.state == ''")
	})
	t.Run("is taken over by another page", func(t *testing.T) {
		other.registers("fourth")
		p.do("phone.agent.registrator().register()")
		p.until("phone.refused == 401")
		other.talks("t-other")
		p.until("phone.state == ''")
		b.do(call.Command{Op: call.DoHangup, Channel: "t-other"})
		assert.Equal(t, 16, p.left("t-other"))
		other.until("phone.state == ''")
	})
	t.Run("dies in a talk, while another is only mute", func(t *testing.T) {
		mute := b.tab(chromium, url, "agent2.browser")
		mute.registers("mute")
		mute.talks("t-mute")
		mute.do("phone.session.mute()")
		other.talks("t-dead")
		began := time.Now()
		go func() { _, _ = chromedp.Call(other.ctx, page.Crash, cdp.Empty{}) }() // never answered
		other.online(false)
		t.Logf("offline after %v", time.Since(began).Round(time.Millisecond))
		cause := other.left("t-dead")
		t.Logf("ended after %v with cause %d", time.Since(began).Round(time.Millisecond), cause)
		assert.NotEqual(t, 16, cause)
		mute.until("phone.state == 'talking'")
		mute.do("phone.session.terminate()")
		assert.Equal(t, 16, mute.left("t-mute"))
	})
	t.Run("after the exchange was started anew", func(t *testing.T) {
		p.registers("fifth")
		require.NoError(t, b.pbx.Restart(t.Context()))
		p.until("phone.refused != 0")
		refused, err := chromedp.Run(p.ctx, chromedp.Evaluate[int]("phone.refused"))
		require.NoError(t, err)
		t.Logf("refused with %d", refused)
		p.do("phone.agent.stop()")
		p.registers("sixth")
	})
}

// speaks has the page talk with a citizen, its websocket lost in the middle.
func (p *tab) speaks(websocket *cable) {
	citizens, citizen := p.b.calls(p.b.phone(sip.Config{}), "0212345678")
	p.talks("t-speaks")
	p.until("phone.connection.remoteDescription.sdp.match(/a=candidate:.*/g).every(c => c.split(' ')[4] == '127.0.0.1')")
	began := time.Now()
	p.b.do(call.Command{Op: call.DoJoin, Bridge: "t", Channel: "t-speaks", Members: []string{citizens, "t-speaks"}})
	citizen.SendTone(440)
	p.hears(440)
	p.t.Logf("hears the citizen after %v", time.Since(began).Round(time.Millisecond))
	speaks := func() bool { return citizen.Hears().Voice }
	require.Eventually(p.t, speaks, patient, 5*time.Millisecond)
	p.do("phone.session.mute()")
	require.NoError(p.t, citizen.WaitSilence(p.b.soon(), 2*time.Second), "muted: no beep of every second")
	p.do("phone.session.unmute()")
	require.Eventually(p.t, speaks, patient, 5*time.Millisecond)

	websocket.cut() // as when the service is started anew
	p.until("!phone.registered")
	citizen.SendTone(880)
	p.hears(880)
	require.Eventually(p.t, speaks, patient, 5*time.Millisecond)
	p.until("phone.registered") // by itself
	p.do("phone.session.terminate()")
	assert.Equal(p.t, 16, p.left("t-speaks"), "the agent has ended the talk, over another websocket")
	require.NoError(p.t, citizen.Hangup())
}
