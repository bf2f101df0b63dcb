package ari

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/lab"
	"richiamo/internal/sip"
)

// The short call that the cost of ARI is measured by: answer, a prompt of two
// seconds that a key cuts after two thirds of one, a prompt of one second,
// hang-up; twenty of them begin in a second.
const (
	shortCalls     = 200
	callsPerSecond = 20
	keyAfter       = 640 * time.Millisecond

	// callerVariable makes this program the telephones, in a process of its own
	// so that their cost is not counted; it names the exchange.
	callerVariable = "RICHIAMO_ARI_TEST_CALLER"
)

// placeCalls is what the telephones do.
func placeCalls(exchange string) {
	phone, err := sip.New(sip.Config{Listen: "127.0.0.1:0", Quiet: true, Deaf: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / callsPerSecond)
	for range shortCalls {
		<-tick.C
		all.Go(func() {
			c, err := phone.Dial(ctx, "sip:800000000@"+exchange, "0212345678")
			if err == nil {
				pause := time.NewTimer(keyAfter)
				<-pause.C
				err = c.Press(ctx, "1")
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			<-c.Done()
		})
	}
	all.Wait()
	tick.Stop()
	_ = phone.Close()
}

// clerk holds the short call's conversation.
type clerk struct {
	line  *Line
	ready chan struct{}
	left  chan struct{}
	work  sync.WaitGroup
	b     *testing.B
}

func (c *clerk) Connected(context.Context, []call.Channel) error { close(c.ready); return nil }
func (c *clerk) Disconnected(error)                              {}

func (c *clerk) Event(e call.Event) {
	play := func(playback, recording string) call.Command {
		return call.Command{Op: call.DoPlay, Channel: e.Channel, Playback: e.Channel + playback, Language: "it", Media: []string{recording}}
	}
	switch e.Kind {
	case call.Entered:
		c.perform(call.Command{Op: call.DoAnswer, Channel: e.Channel}, play(".1", "bench-2s"))
	case call.Key:
		c.perform(call.Command{Op: call.DoStop, Playback: e.Channel + ".1"}, play(".2", "bench-1s"))
	case call.Played:
		if e.Failed {
			c.b.Error("a prompt could not be played")
		}
		if strings.HasSuffix(e.Playback, ".2") {
			c.perform(call.Command{Op: call.DoHangup, Channel: e.Channel})
		}
	case call.Left:
		c.left <- struct{}{}
	}
}

func (c *clerk) perform(commands ...call.Command) {
	c.work.Go(func() {
		for _, command := range commands {
			if err := c.line.Perform(context.Background(), command); err != nil {
				c.b.Error(err)
			}
		}
	})
}

// BenchmarkShortCall measures the processor time that a call costs this process
// and Asterisk. Run it with -benchtime 1x.
func BenchmarkShortCall(b *testing.B) {
	pbx, err := lab.StartAsterisk(b.Context(), lab.Options{})
	require.NoError(b, err)
	defer pbx.Stop()
	prompts := pbx.SoundsDir + "/bench/it"
	require.NoError(b, os.MkdirAll(prompts, 0o700))
	for _, name := range []string{"bench-1s", "bench-2s"} {
		require.NoError(b, os.Link(pbx.SoundsDir+"/"+name+".alaw", prompts+"/"+name+".alaw"))
	}
	for b.Loop() {
		c := &clerk{b: b, ready: make(chan struct{}), left: make(chan struct{}, shortCalls)}
		c.line = New(Config{
			URL: pbx.ARIURL, User: pbx.ARIUser, Password: pbx.ARIPassword, App: pbx.App,
			ServiceNumber: pbx.ServiceNumber, Sounds: "bench",
		})
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.line.Run(ctx, c) }()
		<-c.ready
		ours, theirs := processTime(b, os.Getpid()), processTime(b, pbx.PID())
		caller := exec.Command(os.Args[0])
		caller.Env = append(os.Environ(), callerVariable+"="+pbx.SIPAddr)
		caller.Stderr = os.Stderr
		require.NoError(b, caller.Run())
		for range shortCalls {
			<-c.left
		}
		c.work.Wait()
		b.ReportMetric(perCall(processTime(b, os.Getpid())-ours), "own-ms/call")
		b.ReportMetric(perCall(processTime(b, pbx.PID())-theirs), "asterisk-ms/call")
		cancel()
		<-ended
		c.line.Close()
	}
}

func perCall(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) / shortCalls }

// processTime is the processor time that a process has used.
func processTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	if pid == os.Getpid() {
		var used syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	require.NoError(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(b, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(b, err)
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of 1/100 s
}

// BenchmarkRequest is what a request costs this process, the exchange included, by
// the client here and by net/http.
func BenchmarkRequest(b *testing.B) {
	const (
		path      = "/channels/ast1-1790000000.1/answer"
		commanded = "HTTP/1.1 204 No Content\r\nServer: \r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n" +
			"Cache-Control: no-cache, no-store\r\nContent-Length: 0\r\n\r\n"
	)
	b.Run("own", func(b *testing.B) {
		c := newClient(newMouth(b, commanded, false).address, "user", "secret")
		defer c.closeIdle()
		cpu := processTime(b, os.Getpid())
		for b.Loop() {
			status, _, err := c.exchange(b.Context(), time.Now().Add(requestTimeout), &request{method: http.MethodPost, path: path})
			if err != nil || status != http.StatusNoContent {
				b.Fatal(status, err)
			}
		}
		b.ReportMetric(float64(processTime(b, os.Getpid())-cpu)/float64(b.N), "cpu-ns/op")
	})
	b.Run("net-http", func(b *testing.B) {
		root, transport := newMouth(b, commanded, false).address, &http.Transport{MaxConnsPerHost: maxConnections, MaxIdleConnsPerHost: maxConnections, DisableCompression: true}
		defer transport.CloseIdleConnections()
		header := http.Header{"Authorization": {"Basic " + strings.Repeat("x", 20)}, "User-Agent": nil}
		cpu := processTime(b, os.Getpid())
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, root+path, nil)
			require.NoError(b, err)
			req.Header = header
			answer, err := transport.RoundTrip(req)
			if err != nil || answer.StatusCode != http.StatusNoContent {
				b.Fatal(answer, err)
			}
			_ = answer.Body.Close()
		}
		b.ReportMetric(float64(processTime(b, os.Getpid())-cpu)/float64(b.N), "cpu-ns/op")
	})
}
