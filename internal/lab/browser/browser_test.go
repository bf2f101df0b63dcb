package browser_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
	"richiamo/internal/lab/browser"
)

// onPage evaluates an expression, a promise's too, in a page of its own at a URL.
func onPage(t *testing.T, chromium *browser.Browser, url, expression string) string {
	t.Helper()
	page, err := chromium.Page(t.Context())
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(url)))
	said, err := chromedp.Run(page, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	return said
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "visit", Value: "first"})
		_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><script>console.log('shown')</script>", r.Header.Get("Accept-Language"))
	}))
	defer server.Close()
	const microphone = `navigator.mediaDevices.getUserMedia({audio: true}).then(s => s.getTracks()[0].kind, e => e.name)`

	chromium, err := browser.Start(t.Context(), browser.Options{})
	require.NoError(t, err)
	defer chromium.Stop()
	assert.Equal(t, "audio", onPage(t, chromium, server.URL, microphone))
	assert.Contains(t, onPage(t, chromium, server.URL, "document.title"), "it")
	assert.Equal(t, "visit=first; own=1", onPage(t, chromium, server.URL, "document.cookie = 'own=1', document.cookie"))
	assert.Equal(t, "visit=first", onPage(t, chromium, server.URL, "document.cookie"), "no page has another's cookies")
	require.Eventually(t, func() bool { return strings.Contains(chromium.Log(), "shown") }, 10*time.Second, time.Millisecond)
	chromium.Stop()
	chromium.Stop()
	assert.NoDirExists(t, chromium.Dir)
	assert.Empty(t, processesOf(chromium.Dir))

	deaf, err := browser.Start(t.Context(), browser.Options{DenyMicrophone: true, Language: "en-GB"})
	require.NoError(t, err)
	defer deaf.Stop()
	assert.Equal(t, "NotAllowedError", onPage(t, deaf, server.URL, microphone))
	assert.True(t, strings.HasPrefix(onPage(t, deaf, server.URL, "document.title"), "en-GB"))
}

func TestBrowserDoesNotStart(t *testing.T) {
	t.Setenv("RICHIAMO_CACHE", t.TempDir())
	_, err := browser.Start(t.Context(), browser.Options{})
	require.ErrorIs(t, err, lab.ErrNotProvided)
	require.ErrorContains(t, err, "make browser")
	env := filepath.Join(os.Getenv("RICHIAMO_CACHE"), "chromium.env")
	require.NoError(t, os.WriteFile(env, []byte("CHROMIUM_BIN=/bin/false\n"), 0o600))
	_, err = browser.Start(t.Context(), browser.Options{})
	require.ErrorContains(t, err, "browser: start the browser")
	mute := filepath.Join(t.TempDir(), "mute") // says nothing, as a browser that hangs
	require.NoError(t, os.WriteFile(mute, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	require.NoError(t, os.WriteFile(env, []byte("CHROMIUM_BIN="+mute+"\n"), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = browser.Start(ctx, browser.Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A test process that is killed leaves no browser behind.
func TestBrowserDiesWithItsStarter(t *testing.T) {
	t.Parallel()
	if os.Getenv("LAB_STARTER") != "" {
		chromium, err := browser.Start(t.Context(), browser.Options{})
		require.NoError(t, err)
		fmt.Printf("\nbrowser %s\n", chromium.Dir)
		select {}
	}
	starter := exec.Command(os.Args[0], "-test.run=^TestBrowserDiesWithItsStarter$")
	starter.Env = append(os.Environ(), "LAB_STARTER=1")
	out, err := starter.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, starter.Start())
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "browser %s", &dir)
	}
	require.NotEmpty(t, processesOf(dir), "the browser runs")
	require.NoError(t, starter.Process.Kill())
	require.Error(t, starter.Wait())
	require.Eventually(t, func() bool { return len(processesOf(dir)) == 0 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, os.RemoveAll(dir))
}

// processesOf finds the processes that have a folder on their command line; one that has ended has none.
func processesOf(dir string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		if line, _ := os.ReadFile(file); strings.Contains(string(line), dir) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}
