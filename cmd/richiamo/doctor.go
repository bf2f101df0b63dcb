package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"richiamo/internal/doctor"
)

func doctorCommand() command {
	return command{name: "doctor", summary: "check Asterisk, Redis, registry, recordings and configuration", run: runDoctor}
}

const doctorHelp = `Usage: richiamo doctor --config FILE

Looks at everything that the service needs and prints one line for each thing:

  ok    name: what was found
  WARN  name: what is wrong; what to do      the service runs, but not as it should
  FAIL  name: what is wrong; what to do      calls are not served, or promises not kept

It may be run beside the service, and places no call.

Exit code 0: nothing failed; 1: something did; 2: wrong words on the command line.

Examples:
  richiamo doctor --config /etc/richiamo/richiamo.yaml
  richiamo doctor --config richiamo.yaml | grep -v ^ok
`

func runDoctor(ctx context.Context, args []string, std stdio) int {
	var problems bytes.Buffer
	cfg, code := configFlag("doctor", doctorHelp, args, stdio{std.in, std.out, &problems})
	switch {
	case cfg == nil && code == exitFailed:
		for line := range strings.Lines(problems.String()) {
			fmt.Fprintln(std.out, doctor.Finding{Level: doctor.Fail, Name: "configuration", Detail: strings.TrimSpace(line)})
		}
		return exitFailed
	case cfg == nil:
		_, _ = problems.WriteTo(std.err)
		return code
	}
	findings := doctor.Examine(ctx, cfg, func(f doctor.Finding) { fmt.Fprintln(std.out, f) })
	if doctor.Worst(findings) == doctor.Fail {
		return exitFailed
	}
	return exitOK
}
