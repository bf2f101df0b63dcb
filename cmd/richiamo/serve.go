package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"

	"richiamo/internal/app"
	"richiamo/internal/config"
)

func serveCommand() command {
	return command{name: "serve", summary: "answer calls and make them, until it is told to stop", run: serve}
}

const serveHelp = `Usage: richiamo serve --config FILE

Answers calls and makes them until it gets SIGTERM or SIGINT. Asterisk and Redis
may come later, and go and come back; /readyz says what is missing. Callers stay
on the line when it stops: the process that is started next takes them up.

Exit code 0: told to stop; 1: it can't run, or another process has taken over.

Example:
  richiamo serve --config /etc/richiamo/richiamo.yaml
`

func serve(ctx context.Context, args []string, std stdio) int {
	cfg, code := configFlag("serve", serveHelp, args, std)
	if cfg == nil {
		return code
	}
	a, err := app.New(cfg, app.Options{Version: version(), Log: std.err})
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		fmt.Fprintln(std.err, "richiamo serve:", err)
		return exitFailed
	}
	defer a.Stop()
	fmt.Fprintf(std.out, "Richiamo serves: http://%s (is it ready? /readyz tells)\n", a.Addr())
	select {
	case <-ctx.Done():
		return exitOK
	case <-a.Done():
		fmt.Fprintln(std.err, "richiamo serve:", a.Err())
		return exitFailed
	}
}

// configFlag reads the flag --config and the file that it names. When there is
// no configuration to go on with, it has said why, and code is the exit code.
func configFlag(name, help string, args []string, std stdio) (cfg *config.Config, code int) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.String("config", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(std.out, help)
		return nil, exitOK
	case err != nil:
		fmt.Fprintf(std.err, "richiamo %s: %v\n\n%s", name, err, help)
		return nil, exitUsage
	case *file == "" || flags.NArg() > 0:
		fmt.Fprintf(std.err, "richiamo %s: give --config FILE, and nothing else\n\n%s", name, help)
		return nil, exitUsage
	}
	cfg, err := config.Load(*file)
	if err != nil {
		fmt.Fprintln(std.err, err)
		return nil, exitFailed
	}
	return cfg, exitOK
}

func versionCommand() command {
	return command{name: "version", summary: "print the version", run: func(_ context.Context, _ []string, std stdio) int {
		fmt.Fprintln(std.out, "richiamo", version())
		return exitOK
	}}
}

// version is the module's version, or the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "unknown"
}
