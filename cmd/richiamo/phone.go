package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"richiamo/internal/sip"
)

// Words returns what a recording says, in letters, or "" if that is not known.
type Words func(recording string) string

// phoneCommand is "richiamo phone" with the recordings that it recognises
// unless --prompts names others, and what they say.
func phoneCommand(prompts fs.FS, words Words) command {
	return command{
		name:    "phone",
		summary: "a synthetic telephone: calls or answers, presses keys, tells what it hears",
		run: func(ctx context.Context, args []string, std stdio) int {
			d := desk{prompts: prompts, words: words, out: std.out, start: time.Now()}
			if len(args) == 0 {
				phoneHelp(std.err)
				return exitUsage
			}
			switch args[0] {
			case "call":
				return d.run(ctx, std, "call", args[1:], d.call)
			case "answer":
				return d.run(ctx, std, "answer", args[1:], d.answer)
			case "help", "-h", "-help", "--help":
				phoneHelp(std.out)
				return exitOK
			}
			fmt.Fprintf(std.err, "richiamo phone: %q is neither \"call\" nor \"answer\"\n", args[0])
			return exitUsage
		},
	}
}

func phoneHelp(w io.Writer) {
	fmt.Fprint(w, `A synthetic telephone on loopback, for trials and tests.

Usage:
  richiamo phone call --to URI --from NUMBER [--keys SCRIPT]
  richiamo phone answer --listen ADDR [--keys SCRIPT] [--times N]

It prints a line for each thing heard or pressed, with the seconds since it began
("+12.3s heard number-cli-1"), and ends with 0 if the call was answered and ended
normally, else with 1 and the reason. "richiamo phone call --help" lists all
options.

Examples:
  richiamo phone call --to sip:800000000@127.0.0.1:5060 --from 0212345678 --keys ",1" --wav heard.wav
  richiamo phone answer --listen 127.0.0.1:5070 --keys ",1,w5000 h" --ring 2s
  richiamo phone answer --registrar 127.0.0.1:5060 --user agent1 --password PASSWORD --keys t1000

`)
	fmt.Fprint(w, sip.ScriptHelp)
}

// A desk is one run of the command.
type desk struct {
	prompts fs.FS
	words   Words
	start   time.Time

	to, from, listen, keys, wav, folder string
	user, password, registrar           string
	timeout, ring                       time.Duration
	times, refuse                       int
	script                              sip.Script

	mu  sync.Mutex // lines come from the script and from the ear
	out io.Writer
}

// run reads the options and hands a ready phone to do.
func (d *desk) run(ctx context.Context, std stdio, verb string, args []string, do func(context.Context, *sip.Phone) error) int {
	flags := flag.NewFlagSet("richiamo phone "+verb, flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.Usage = func() {
		phoneHelp(flags.Output())
		fmt.Fprintf(flags.Output(), "\nOptions of richiamo phone %s:\n", verb)
		flags.PrintDefaults()
	}
	d.options(flags, verb)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	usage := func(err error) int {
		fmt.Fprintf(std.err, "richiamo phone %s: %v\n", verb, err)
		return exitUsage
	}
	if flags.NArg() > 0 {
		return usage(fmt.Errorf("%q is one word too many; a script with blanks needs quotes", flags.Arg(0)))
	}
	if verb == "call" && d.to == "" {
		return usage(errors.New("--to is missing, as in --to sip:800000000@127.0.0.1:5060"))
	}
	var err error
	if d.script, err = sip.ParseScript(d.keys); err != nil {
		return usage(err)
	}
	phone, err := d.phone()
	if err == nil {
		err = d.register(ctx, phone)
	}
	if err == nil {
		err = do(ctx, phone)
	}
	if phone != nil {
		err = errors.Join(err, phone.Close())
	}
	if err != nil {
		fmt.Fprintf(std.err, "richiamo phone %s: %v\n", verb, err)
		return exitFailed
	}
	return exitOK
}

func (d *desk) options(flags *flag.FlagSet, verb string) {
	flags.StringVar(&d.keys, "keys", "", "the `SCRIPT` of keys and waits")
	flags.StringVar(&d.wav, "wav", "", "write what was heard into this `FILE`; with several calls a number is put before its extension")
	flags.StringVar(&d.folder, "prompts", "", "recognise the recordings LANGUAGE/NAME.alaw of this `DIR`")
	flags.StringVar(&d.user, "user", "", "user part of the phone's address, and of its registration")
	flags.StringVar(&d.password, "password", "", "password for the exchange")
	flags.StringVar(&d.registrar, "registrar", "", "register with the exchange at `HOST:PORT` first")
	flags.StringVar(&d.listen, "listen", "127.0.0.1:0", "the phone's own `ADDR`; port 0 takes a free one")
	flags.DurationVar(&d.timeout, "timeout", 5*time.Minute, "hang up a call that lasts longer, and fail")
	if verb == "call" {
		flags.StringVar(&d.to, "to", "", "the `URI` to call")
		flags.StringVar(&d.from, "from", "", "the caller's `NUMBER`; \"anonymous\" withholds it")
		return
	}
	flags.DurationVar(&d.ring, "ring", 2*time.Second, "how long it rings before it is answered")
	flags.IntVar(&d.times, "times", 1, "how many calls to take, one after the other; 0: until interrupted")
	flags.IntVar(&d.refuse, "refuse", 0, "refuse calls with this SIP `STATUS` (486 busy, 480, 404, 503, 603) after ringing")
}

// phone makes the telephone, with the ear that the options ask for.
func (d *desk) phone() (*sip.Phone, error) {
	cfg := sip.Config{Listen: d.listen, User: d.user, Password: d.password, Registrar: d.registrar}
	if d.folder != "" {
		d.prompts = os.DirFS(d.folder)
	}
	if d.prompts != nil {
		ear, err := sip.NewEar(d.prompts)
		if err != nil {
			return nil, err
		}
		cfg.Ear = ear
	}
	return sip.New(cfg)
}

func (d *desk) register(ctx context.Context, phone *sip.Phone) error {
	if d.registrar == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := phone.Register(ctx); err != nil {
		return err
	}
	d.say(time.Now(), "registered at %s", d.registrar)
	return nil
}

// say prints one line with the time since the command began.
func (d *desk) say(at time.Time, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "+%.1fs %s\n", at.Sub(d.start).Seconds(), fmt.Sprintf(format, args...))
}

// call dials and talks.
func (d *desk) call(ctx context.Context, phone *sip.Phone) error {
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.say(time.Now(), "calling %s", d.to)
	call, err := phone.Dial(limited, d.to, d.from)
	if err != nil {
		return err
	}
	d.say(time.Now(), "answered")
	return d.talk(limited, call, d.wav)
}

// answer takes calls one after the other; whoever calls meanwhile finds it busy.
func (d *desk) answer(ctx context.Context, phone *sip.Phone) error {
	d.say(time.Now(), "listening on %s", phone.Addr())
	var failures []error
	var next *sip.Invite
	for n := 1; d.times == 0 || n <= d.times; n++ {
		inv := next
		if inv == nil {
			select {
			case inv = <-phone.Incoming():
			case <-ctx.Done():
				if d.times > 0 {
					failures = append(failures, fmt.Errorf("interrupted after %d of %d calls", n-1, d.times))
				}
				return errors.Join(failures...)
			}
		}
		line := line{invite: inv}
		busy, free := context.WithCancel(ctx)
		var others sync.WaitGroup
		others.Go(func() { next = d.refuseOthers(busy, phone, &line) })
		if err := d.take(ctx, &line, d.wavOf(n)); err != nil {
			failures = append(failures, err)
			d.say(time.Now(), "failed: %v", err)
		}
		free()
		others.Wait()
	}
	return errors.Join(failures...)
}

// A line is the call that the phone is busy with.
type line struct {
	invite *sip.Invite
	call   atomic.Pointer[sip.Call] // once answered
}

// free tells whether the call is over.
func (l *line) free() bool {
	over := l.invite.Done()
	if call := l.call.Load(); call != nil {
		over = call.Done()
	}
	select {
	case <-over:
		return true
	default:
		return false
	}
}

// refuseOthers says busy to whoever calls during a call. Who calls when it is
// just over is returned, to be answered next.
func (d *desk) refuseOthers(ctx context.Context, phone *sip.Phone, line *line) *sip.Invite {
	for {
		select {
		case inv, open := <-phone.Incoming():
			if !open || line.free() {
				return inv
			}
			d.say(time.Now(), "another call: busy")
			_ = inv.Refuse(486)
		case <-ctx.Done():
			return nil
		}
	}
}

// take rings, then answers or refuses one call.
func (d *desk) take(ctx context.Context, line *line, wav string) error {
	inv := line.invite
	d.say(time.Now(), "ringing")
	if err := inv.Ring(); err != nil {
		return err
	}
	wait := time.NewTimer(d.ring)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-inv.Done():
		return errors.New("the caller gave up while it rang")
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.refuse != 0 {
		d.say(time.Now(), "refused: %d %s", d.refuse, sip.Reason(d.refuse))
		return inv.Refuse(d.refuse)
	}
	call, err := inv.Answer()
	if err != nil {
		return err
	}
	line.call.Store(call)
	d.say(time.Now(), "answered")
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.talk(limited, call, wav)
}

// wavOf names the file of the n-th call.
func (d *desk) wavOf(n int) string {
	if d.wav == "" || d.times == 1 {
		return d.wav
	}
	dot := strings.LastIndexByte(d.wav, '.')
	if dot < 0 {
		dot = len(d.wav)
	}
	return fmt.Sprintf("%s-%d%s", d.wav[:dot], n, d.wav[dot:])
}

// talk does what the script says, then stays until the other side hangs up.
func (d *desk) talk(ctx context.Context, call *sip.Call, wav string) error {
	var telling sync.WaitGroup
	telling.Go(func() {
		for heard := range call.Events() {
			d.say(heard.At, "%s", d.describe(heard))
		}
	})
	err := d.script.Run(ctx, call, d.before)
	if err == nil {
		select {
		case <-call.Done():
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if errors.Is(err, sip.ErrEnded) {
		d.say(time.Now(), "the call ended before the script: %v", err)
		err = nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("still talking after %v (see --timeout): %w", d.timeout, err)
	}
	err = errors.Join(err, call.Hangup())
	telling.Wait()
	byUs, cause := call.Ended()
	if byUs {
		d.say(time.Now(), "we hung up")
	} else {
		d.say(time.Now(), "the other side ended the call: %s", cause)
	}
	if wav == "" {
		return err
	}
	return errors.Join(err, writeWAV(call, wav))
}

// before tells a step of the script before it is done.
func (d *desk) before(step sip.Step) {
	switch step.Action {
	case sip.ActPress:
		d.say(time.Now(), "press %s", step.Keys)
	case sip.ActTone:
		if step.Hz == 0 {
			d.say(time.Now(), "send no tone any more")
			return
		}
		d.say(time.Now(), "send a tone of %d Hz", step.Hz)
	}
}

// describe says what was heard.
func (d *desk) describe(h sip.Heard) string {
	length := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	switch h.Kind {
	case sip.KindTone:
		return fmt.Sprintf("heard a tone of %.0f Hz for %s", h.Tone, length(h.To))
	case sip.KindUnknown:
		return "heard unknown audio for " + length(h.To)
	}
	text := "heard " + h.Recording
	if d.words != nil {
		if words := d.words(h.Recording); words != "" {
			text += " «" + words + "»"
		}
	}
	switch {
	case h.Complete:
	case h.From > 0:
		text += fmt.Sprintf(" (from %s to %s)", length(h.From), length(h.To))
	default:
		text += fmt.Sprintf(" (cut short after %s)", length(h.To))
	}
	return text
}

func writeWAV(call *sip.Call, name string) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write what was heard: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return call.WAV(file)
}
