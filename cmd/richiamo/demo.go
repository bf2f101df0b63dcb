package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"richiamo/internal/demo"
	"richiamo/internal/lab"
)

func demoCommand() command {
	return command{name: "demo", summary: "play the main job on this machine, or leave the demo installation running", run: runDemo}
}

const demoHelp = `Usage: richiamo demo [play|up|down|clean] [--dir DIR]

play   (or nothing) starts Asterisk, Redis and Richiamo on loopback with invented
       citizens, plays the main job with synthetic telephones, prints it as a
       conversation, and stops what it started. What each telephone heard is kept
       as DIR/heard/NAME-N.wav. Exit code 0 only if everything happened.
up     starts the same installation and leaves it running; harmless if it runs.
down   stops it; its data stay.
clean  removes its data.

--dir is where everything is kept: var/play for play, var/demo for the others.

The installation that "up" leaves running listens on 127.0.0.1. The ports can be
moved by environment variables, so that two installations run side by side:

  RICHIAMO_SIP_PORT      5060  SIP of the exchange, UDP
  RICHIAMO_CARRIER_PORT  5070  where calls to citizens go: listen here to be one, UDP
  RICHIAMO_HTTP_PORT     8080  API, health and metrics
  RICHIAMO_ARI_PORT      8088  ARI of the exchange

Examples:
  richiamo demo
  richiamo demo up && richiamo phone call --to sip:800000000@127.0.0.1:5060 --from 0212345601 --keys ", 1"
  RICHIAMO_SIP_PORT=5160 RICHIAMO_CARRIER_PORT=5170 RICHIAMO_HTTP_PORT=8180 RICHIAMO_ARI_PORT=8188 richiamo demo up --dir var/second
`

func runDemo(ctx context.Context, args []string, std stdio) int {
	verb := "play"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(std.out, demoHelp)
		return exitOK
	case err != nil || flags.NArg() > 0:
		fmt.Fprintf(std.err, "richiamo demo: not understood\n\n%s", demoHelp)
		return exitUsage
	}
	verbs := map[string]func(context.Context, string, stdio) error{
		"play": demoPlay, "up": demoUp, "down": demoDown, "clean": demoClean, "run": demoRun,
	}
	do, ok := verbs[verb]
	if !ok {
		fmt.Fprintf(std.err, "richiamo demo: there is no %q\n\n%s", verb, demoHelp)
		return exitUsage
	}
	if *dir == "" {
		root, err := lab.Repository()
		if err != nil {
			fmt.Fprintln(std.err, "richiamo demo:", err)
			return exitFailed
		}
		*dir = filepath.Join(root, "var", map[bool]string{true: "play", false: "demo"}[verb == "play"])
	}
	if err := do(ctx, *dir, std); err != nil {
		fmt.Fprintln(std.err, "richiamo demo:", err)
		return exitFailed
	}
	return exitOK
}

// demoPlay plays all scenes on an installation of its own, made anew.
func demoPlay(ctx context.Context, dir string, std stdio) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("empty the folder of the last play: %w", err)
	}
	in, err := demo.Start(ctx, demo.Options{Dir: dir, Say: func(format string, args ...any) {
		fmt.Fprintf(std.out, format+"\n", args...)
	}})
	if err != nil {
		return err
	}
	defer in.Stop()
	fmt.Fprintf(std.out, "Richiamo answers calls: sip:%s@%s, API %s\n", in.Asterisk.ServiceNumber, in.Asterisk.SIPAddr, in.URL)
	if err := demo.Play(ctx, in, std.out); err != nil {
		return fmt.Errorf("%w; what the telephones heard is in %s, the log is %s",
			err, filepath.Join(dir, "heard"), filepath.Join(dir, "richiamo.log"))
	}
	fmt.Fprintf(std.out, "\nAll seven scenes happened. What each telephone heard: %s\n", filepath.Join(dir, "heard"))
	return nil
}

func demoUp(ctx context.Context, dir string, std stdio) error {
	return demo.Up(ctx, dir, std.out)
}

func demoDown(ctx context.Context, dir string, std stdio) error {
	return demo.Down(ctx, dir, std.out)
}

func demoClean(_ context.Context, dir string, std stdio) error {
	if demo.Running(dir) {
		return errors.New("the demo installation is running; stop it first: richiamo demo down")
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the data: %w", err)
	}
	fmt.Fprintln(std.out, "removed", dir)
	return nil
}

// demoRun is the process that "up" leaves behind: it holds the installation
// until it is told to stop.
func demoRun(ctx context.Context, dir string, std stdio) error {
	return demo.Run(ctx, dir, std.out)
}
