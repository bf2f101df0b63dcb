// Package lab starts private Asterisk and Redis servers on loopback, for tests, demo and benchmarks.
//
//	pbx, err := lab.StartAsterisk(ctx, lab.Options{})
//	if err != nil { ... }          // never skip: the error says what to do
//	defer pbx.Stop()
//	... pbx.SIPAddr, pbx.ARIURL, pbx.App ...
//	pbx.Kill()                     // as a crash would
//	pbx.Restart(ctx)               // same ports, same folder
//	wire, err := lab.OpenWire(pbx.ARIURL) // a way to it on which requests fail, or get lost: see Wire
//
// Every server has a folder of its own, ports that no other test process has, and dies with the process that
// started it. Any number of them run side by side. The programs are those that "make setup" provides (the
// script asterisk/provide); they run as the current user, root is not needed.
//
// A server runs until Stop; the context bounds only how long starting may take.
package lab

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNotProvided means that a server's program is not on this machine.
var ErrNotProvided = errors.New("not provided on this machine: run make setup, or make browser for Chromium")

// Programs are the servers' programs that this machine has, with what is needed to start them.
type Programs struct {
	// AsteriskVersion is for example 22.10.1.
	AsteriskVersion string
	// AsteriskBin is run with -f -C FILE.
	AsteriskBin string
	// AsteriskModules and AsteriskData are the folders of its modules and of its documentation.
	AsteriskModules, AsteriskData string
	// RedisBin is redis-server.
	RedisBin string
}

// Available finds the programs. The error wraps ErrNotProvided and names what is missing.
func Available() (Programs, error) {
	var p Programs
	pbx, err := provided("asterisk", "ASTERISK_BIN")
	if err != nil {
		return p, err
	}
	p.AsteriskVersion, p.AsteriskBin = pbx["ASTERISK_VERSION"], pbx["ASTERISK_BIN"]
	p.AsteriskModules, p.AsteriskData = pbx["ASTERISK_MODULES"], pbx["ASTERISK_DATA"]
	p.RedisBin, err = redisProgram()
	return p, err
}

func redisProgram() (string, error) {
	if values, err := provided("redis", "REDIS_BIN"); err == nil {
		return values["REDIS_BIN"], nil
	}
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return "", fmt.Errorf("lab: Redis is %w", ErrNotProvided)
	}
	return bin, nil
}

// Chromium is the program that asterisk/provide has provided for tests of pages; ErrNotProvided if it has not.
func Chromium() (string, error) {
	program, err := provided("chromium", "CHROMIUM_BIN")
	return program["CHROMIUM_BIN"], err
}

// provided reads the file that asterisk/provide left about a program, and makes sure that it still exists.
func provided(name, program string) (map[string]string, error) {
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(folder, name+".env"))
	if err != nil {
		return nil, fmt.Errorf("lab: %s is %w (%w)", name, ErrNotProvided, err)
	}
	defer file.Close()
	values := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[key] = value
		}
	}
	if _, err := os.Stat(values[program]); err != nil {
		return nil, fmt.Errorf("lab: %s is %w (%w)", name, ErrNotProvided, err)
	}
	return values, nil
}

// cacheFolder follows the same rule as asterisk/provide.
func cacheFolder() (string, error) {
	if folder := os.Getenv("RICHIAMO_CACHE"); folder != "" {
		return filepath.Abs(folder)
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("lab: set RICHIAMO_CACHE to the folder that make setup filled: %w", err)
	}
	return filepath.Join(folder, "richiamo"), nil
}

// Repository finds the root of the source tree from the working folder upwards: tests run in their package's.
func Repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("lab: find the source tree: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module richiamo\n") {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("lab: no source tree of richiamo at or above %s: start it there, or name the folders of prompts and music", start)
		}
	}
}
