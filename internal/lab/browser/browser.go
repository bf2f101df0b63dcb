// Package browser starts a private Chromium for tests of pages: with a microphone that
// beeps, cookies of its own for each page, nothing but this machine to talk to, and an
// end with the test, however that ends. asterisk/provide has provided it.
//
//	b, err := browser.Start(ctx, browser.Options{})
//	defer b.Stop()
//	page, err := b.Page(ctx)
//	_, err = chromedp.Run(page, chromedp.Navigate("http://127.0.0.1:8080/"))
//
// It is apart from package lab because only tests need it: what drives it is not in the
// binary that is delivered.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"richiamo/internal/lab"
)

// ErrLoopbackOnly means that sound can't pass between a browser and Asterisk on this machine. Asterisk never names
// an address of 127.0.0.0/8 to a browser; with any other to name, even one of the loopback interface, it can be had
// to name 127.0.0.1 in its place.
var ErrLoopbackOnly = errors.New("this machine has no IPv4 address but loopback's, so that no sound can pass between " +
	"a browser and Asterisk: give it one, as root: ip address add 192.0.2.1/32 dev lo")

// Options say how a browser is to be. The zero value is right for a test of a page that does not telephone.
type Options struct {
	// Sound says that pages telephone, which fails at once, with ErrLoopbackOnly, where that is not possible.
	Sound bool
	// DenyMicrophone refuses pages the microphone, as a person would who clicks "block". Otherwise they get one that
	// beeps every second.
	DenyMicrophone bool
	// Language is the one that the browser asks for, as in "it-IT"; Italian when empty.
	Language string
}

// Browser is a running Chromium without a window. It talks to this machine alone: no other name is found.
type Browser struct {
	// Dir holds its profile and its log.
	Dir string

	ctx    context.Context
	cancel context.CancelFunc
	cmd    *exec.Cmd
	log    *os.File       // what the program prints, and
	said   *os.File       // what pages print on their consoles
	pages  sync.WaitGroup // that are listened to
}

// Start starts a Chromium and returns when it can be commanded. Errors wrap lab.ErrNotProvided when there is none
// on this machine.
func Start(ctx context.Context, o Options) (_ *Browser, err error) {
	program, err := lab.Chromium()
	if err != nil {
		return nil, err
	}
	cards, loopback, err := lab.Addresses()
	switch {
	case err != nil:
		return nil, err
	case o.Sound && len(cards)+len(loopback) == 0:
		return nil, fmt.Errorf("browser: %w", ErrLoopbackOnly)
	}
	b := &Browser{cancel: func() {}}
	defer func() {
		if err != nil {
			b.Stop()
		}
	}()
	if b.Dir, err = os.MkdirTemp("", "richiamo-browser-"); err != nil {
		return nil, fmt.Errorf("browser: make the browser's folder: %w", err)
	}
	b.log, err = os.Create(filepath.Join(b.Dir, "log"))
	if err == nil {
		b.said, err = os.Create(filepath.Join(b.Dir, "console"))
	}
	if err != nil {
		return nil, fmt.Errorf("browser: open the browser's log: %w", err)
	}
	// It is commanded through a pipe: there is no port that others could find, and it ends when the pipe closes, as
	// it does when this process dies.
	allocator, release := chromedp.NewExecAllocator(context.Background(), b.options(program, o, len(cards) == 0)...)
	var cancel context.CancelFunc
	b.ctx, cancel = chromedp.NewContext(allocator)
	b.cancel = func() {
		cancel()
		release() // waits for it
	}
	return b, within(ctx, "start the browser", b.Log, func() error { return chromedp.Do(b.ctx) })
}

// options are how the program is started. Where there is no network card, it must be told to use the loopback
// interface for sound; otherwise it is left as a person's browser is.
func (b *Browser) options(program string, o Options, loopback bool) []chromedp.ExecAllocatorOption {
	language := o.Language
	if language == "" {
		language = "it-IT"
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(filepath.Join(b.Dir, "profile")),
		chromedp.CombinedOutput(b.log),
		// A group of its own, so that none of its processes outlives Stop; the first one dies with this process.
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
			b.cmd = cmd
		}),
		// Its sandbox needs root or the kernel's leave; the pages are our own.
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.Flag("lang", language),
		chromedp.Flag("accept-lang", language),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", loopback),
	)
	if !o.DenyMicrophone {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", true))
	}
	return options
}

// Page opens a page of its own, blank, with cookies of its own, as on another computer. Every command to it goes by
// the context that is returned; the page is closed by chromedp.Cancel of it, or with the browser.
func (b *Browser) Page(ctx context.Context) (context.Context, error) {
	page, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	if err := within(ctx, "open a page", b.Log, func() error { return chromedp.Do(page) }); err != nil {
		cancel()
		return nil, err
	}
	console := chromedp.Console(page)
	b.pages.Go(func() {
		for message, err := range console {
			if err != nil {
				return // the page is closed
			}
			_, _ = fmt.Fprintln(b.said, message)
		}
	})
	return page, nil
}

// within waits for what can't be bounded by a context of its own, since that would be its end too.
func within(ctx context.Context, what string, log func() string, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("browser: %s: %w; its log ends: %s", what, err, log())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("browser: %s: %w; its log ends: %s", what, context.Cause(ctx), log())
	}
}

// Log returns the end of what the pages printed on their consoles, uncaught errors too, and of what the browser did.
func (b *Browser) Log() string {
	return lab.Tail(filepath.Join(b.Dir, "console")) + "\n" + lab.Tail(filepath.Join(b.Dir, "log"))
}

// Stop ends the browser and removes its folder. It may be called again.
func (b *Browser) Stop() {
	b.cancel()
	if b.cmd != nil && b.cmd.Process != nil {
		_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
		b.cmd = nil
	}
	b.pages.Wait()
	_, _ = b.log.Close(), b.said.Close() // harmless if they are not open
	// What is ending may still write.
	for range 100 {
		if os.RemoveAll(b.Dir) == nil {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
}
