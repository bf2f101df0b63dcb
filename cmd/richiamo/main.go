// Command richiamo is the telephone channel of a public health authority's
// booking system: one binary with a sub-command for everything that an
// operator of the service does. Run "richiamo help" for the list.
//
// Each sub-command is one file of this folder and holds flags, messages and
// exit codes only; the work is done by the packages under internal.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
)

// Exit codes of every sub-command.
const (
	exitOK     = 0 // done
	exitFailed = 1 // tried and failed; the reason is on standard error
	exitUsage  = 2 // the words of the command are off; the help is on standard error
)

// stdio is what a sub-command may read and write, so that tests can run it
// without a process of its own.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// A command is one sub-command: run gets the words after the name and returns
// an exit code. It must return soon after ctx ends.
type command struct {
	name    string
	summary string // one line, for "richiamo help"
	run     func(ctx context.Context, args []string, std stdio) int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// run picks the sub-command named by the first word and runs it.
func run(ctx context.Context, args []string, std stdio) int {
	if len(args) == 0 {
		help(std.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		help(std.out)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], std)
		}
	}
	fmt.Fprintf(std.err, "richiamo: there is no command %q; \"richiamo help\" lists them\n", args[0])
	return exitUsage
}

func help(w io.Writer) {
	fmt.Fprintln(w, "Richiamo answers the telephone of a public health authority's booking system.")
	fmt.Fprintln(w, "\nUsage: richiamo COMMAND [ARGUMENTS]; \"richiamo COMMAND --help\" tells more.")
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  %s\t%s\n", c.name, c.summary)
	}
	t.Flush()
}
