package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// try runs a command on an input and gives what it said.
func try(t *testing.T, c command, in string, args ...string) (exit int, out, err string) {
	t.Helper()
	var o, e strings.Builder
	exit = c.run(t.Context(), args, stdio{strings.NewReader(in), &o, &e})
	return exit, o.String(), e.String()
}

func TestFiscalcodeCheck(t *testing.T) {
	t.Parallel()
	in := "CLMMRA35A46F205F\nclmmra35a46f205f\r\n\nCLMMRA35A46F205E\nCLMMRA35A46\nCLMMRA35A4KF205F\n12345678903\nSTP0301010000012"
	exit, out, err := try(t, fiscalcodeCommand(), in, "check")
	assert.Equal(t, exitOK, exit)
	assert.Empty(t, err)
	assert.Equal(t, strings.Join([]string{
		"CLMMRA35A46F205F\tvalid",
		"clmmra35a46f205f\tvalid",
		"\tinvalid\tnothing given",
		"CLMMRA35A46F205E\tinvalid\tcheck character wrong",
		"CLMMRA35A46\tinvalid\twrong length",
		"CLMMRA35A4KF205F\tinvalid\twrong character at 11",
		"12345678903\tvalid",
		"STP0301010000012\tvalid",
		"",
	}, "\n"), out)
}

func TestFiscalcodeKeys(t *testing.T) {
	t.Parallel()
	exit, out, err := try(t, fiscalcodeCommand(), "CLMMRA35A46F205F\n12345678903\n", "keys")
	assert.Equal(t, exitOK, exit)
	assert.Empty(t, err)
	assert.Equal(t, "CLMMRA35A46F205F\t2566723524632053\n12345678903\t12345678903\n", out)

	exit, out, _ = try(t, fiscalcodeCommand(), "CLMMRA35A46F205E\n", "keys")
	assert.Equal(t, exitFailed, exit)
	assert.Equal(t, "CLMMRA35A46F205E\tinvalid\tcheck character wrong\n", out)
}

func TestFiscalcodeUsage(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{{}, {"chek"}, {"check", "CLMMRA35A46F205F"}} {
		exit, out, err := try(t, fiscalcodeCommand(), "", words...)
		assert.Equal(t, exitUsage, exit)
		assert.Empty(t, out)
		assert.Contains(t, err, "Usage:")
	}
	exit, out, err := try(t, fiscalcodeCommand(), "", "--help")
	assert.Equal(t, exitOK, exit)
	assert.Contains(t, out, "Usage:")
	assert.Empty(t, err)

	exit, _, err = try(t, fiscalcodeCommand(), strings.Repeat("X", 1<<20), "check")
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, err, "too long")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o, e strings.Builder
	assert.Equal(t, exitFailed, fiscalcodeCommand().run(ctx, []string{"check"}, stdio{strings.NewReader("X\n"), &o, &e}))
}
