package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"richiamo/internal/config"
)

const agentUsage = `Usage:
  richiamo agent password < FILE   reads a password, one line, and prints its hash

The hash goes into the configuration, as the password_hash of the agent:
  tenants[].agents[].password_hash: "$2a$12$..."
With it the agent signs in at the page of the service, in a browser. A password has
10 to 72 bytes; an agent keeps it to himself or herself.

Examples:
  openssl rand -base64 12 | tee /dev/tty | richiamo agent password
  read -rs P && printf '%s\n' "$P" | richiamo agent password

Exit code: 0 when a hash was printed; 1 when the password will not do; 2 for wrong
words on the command line.
`

// agentCommand makes what an agent signs in with.
func agentCommand() command {
	return command{"agent", "make the hash of an agent's password, for the configuration", runAgent}
}

func runAgent(_ context.Context, args []string, std stdio) int {
	if len(args) != 1 || args[0] != "password" {
		if len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			_, _ = io.WriteString(std.out, agentUsage)
			return exitOK
		}
		_, _ = io.WriteString(std.err, agentUsage)
		return exitUsage
	}
	line, err := bufio.NewReader(io.LimitReader(std.in, 4096)).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	switch {
	case err != nil && err != io.EOF:
		fmt.Fprintf(std.err, "richiamo: the password could not be read: %v\n", err)
		return exitFailed
	case len(password) < config.MinPassword || len(password) > config.MaxPassword:
		fmt.Fprintf(std.err, "richiamo: a password has %d to %d bytes, this one %d; choose another\n", config.MinPassword, config.MaxPassword, len(password))
		return exitFailed
	}
	hash, err := config.HashPassword(password)
	if err != nil {
		fmt.Fprintf(std.err, "richiamo: no hash could be made: %v\n", err)
		return exitFailed
	}
	fmt.Fprintln(std.out, hash)
	return exitOK
}
