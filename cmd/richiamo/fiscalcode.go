package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"richiamo/internal/fiscalcode"
)

const fiscalcodeUsage = `Usage:
  richiamo fiscalcode check < FILE   one code a line: CODE<TAB>valid, or CODE<TAB>invalid<TAB>reason
  richiamo fiscalcode keys < FILE    one code a line: CODE<TAB>KEYS, the keys of a telephone that spell it

Codes are codici fiscali, provisional ones of 11 digits, STP and ENI codes. What
is printed holds the codes whole: they are personal data.
"keys" treats an invalid code as "check" does, and then exits with 1.
`

// fiscalcodeCommand checks codes and shows how they are keyed.
func fiscalcodeCommand() command {
	return command{"fiscalcode", "check codes (codici fiscali and their kin), or show their telephone keys", runFiscalcode}
}

func runFiscalcode(ctx context.Context, args []string, std stdio) int {
	if len(args) == 1 {
		switch args[0] {
		case "check":
			return eachCode(ctx, std, func(fiscalcode.Code) string { return "valid" }, exitOK)
		case "keys":
			return eachCode(ctx, std, func(c fiscalcode.Code) string { return c.Keypad().Reveal() }, exitFailed)
		case "help", "-h", "-help", "--help":
			fmt.Fprint(std.out, fiscalcodeUsage)
			return exitOK
		}
	}
	fmt.Fprint(std.err, fiscalcodeUsage)
	return exitUsage
}

// eachCode prints every line of the input with what answer makes of its code,
// or with the reason why it is none; whenInvalid is the exit code if any line
// was none.
func eachCode(ctx context.Context, std stdio, answer func(fiscalcode.Code) string, whenInvalid int) int {
	exit := exitOK
	in, out := bufio.NewScanner(std.in), bufio.NewWriter(std.out)
	for in.Scan() && ctx.Err() == nil {
		line := in.Text()
		code, err := fiscalcode.Parse(line)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s\t%s\n", line, answer(code))
		} else {
			exit = whenInvalid
			_, err = fmt.Fprintf(out, "%s\tinvalid\t%s\n", line, err)
		}
		if err != nil {
			break // the reader of our output is gone; Flush says so again
		}
	}
	if err := errors.Join(in.Err(), out.Flush(), ctx.Err()); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		fmt.Fprintf(std.err, "richiamo fiscalcode: %v\n", err)
		return exitFailed
	}
	return exit
}
