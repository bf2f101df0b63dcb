package sip

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Script is what a person at the telephone does, one step after the other.
type Script []Step

// An Action is what a step does.
type Action int

const (
	ActPress  Action = iota // press Keys
	ActEnd                  // wait until the prompt has ended: a voice, then PromptGap of silence
	ActWait                 // wait for Wait
	ActListen               // wait until Recording is heard
	ActTone                 // send a tone of Hz, or silence if 0, from now on
	ActHangup               // hang up
)

// PromptGap is the silence after which a prompt has ended.
const PromptGap = 700 * time.Millisecond

// A Step is one action with what it needs.
type Step struct {
	Action    Action
	Keys      string        // for ActPress: 0 to 9, * and #
	Wait      time.Duration // for ActWait: whole milliseconds
	Recording string        // for ActListen
	Hz        int           // for ActTone: 0 to 3999
}

// ScriptHelp explains the language of scripts.
const ScriptHelp = `A script is what the person at the telephone does, in turn:

  0-9 * #   press the key
  ,         wait until the prompt has ended (a voice, then 0.7 s of silence)
  w500      wait 500 ms
  ?ID       wait until the recording ID is being heard, without waiting for its end
  t1000     send a tone of 1000 Hz from now on; t0 is silence again
  h         hang up

Blanks part steps and are needed where a number or an ID would run on: "w500 1"
waits half a second and presses 1, "w5001" waits five seconds. Without h the
phone stays on the line after the script until the other side hangs up.

  ",1"             hear the welcome out, press 1
  "?menu-main 1"   press 1 as soon as the main menu begins
  ",1234567#,2"    key a number after the first prompt, 2 after the second
  ", w3000 h"      hear the first prompt, wait three seconds, hang up
  "t440 w5000 h"   send a tone for five seconds, hang up
`

// ParseScript reads a script; see [ScriptHelp]. An empty one is a person who
// only listens.
func ParseScript(text string) (Script, error) {
	var script Script
	for i := 0; i < len(text); {
		rest := text[i:]
		n, step, err := parseStep(rest)
		if err != nil {
			return nil, fmt.Errorf("script, character %d: %w", i+1, err)
		}
		i += n
		if step != nil {
			script = append(script, *step)
		}
	}
	return script, nil
}

// parseStep reads the step that text begins with and returns its length; blanks
// are no step.
func parseStep(text string) (int, *Step, error) {
	span := func(part string) int { return len(text) - len(strings.TrimLeft(text, part)) }
	switch c := text[0]; c {
	case ' ', '\t', '\n', '\r':
		return span(" \t\n\r"), nil, nil
	case ',':
		return 1, &Step{Action: ActEnd}, nil
	case 'h':
		return 1, &Step{Action: ActHangup}, nil
	case 'w':
		n, value, err := number(text, 24*60*60*1000)
		return n, &Step{Action: ActWait, Wait: time.Duration(value) * time.Millisecond}, err
	case 't':
		n, value, err := number(text, 3999)
		return n, &Step{Action: ActTone, Hz: value}, err
	case '?':
		n := strings.IndexFunc(text[1:], func(r rune) bool { return !isName(r) })
		if n < 0 {
			n = len(text) - 1
		}
		if n == 0 {
			return 0, nil, errors.New("after ? comes the name of a recording, as in ?menu-main")
		}
		return n + 1, &Step{Action: ActListen, Recording: text[1 : n+1]}, nil
	}
	if n := span("0123456789*#"); n > 0 {
		return n, &Step{Action: ActPress, Keys: text[:n]}, nil
	}
	return 0, nil, fmt.Errorf("%q is no step; steps are keys, \",\", w500, ?ID, t1000 and h", []rune(text)[0])
}

func isName(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r)
}

// number reads a letter and the number behind it.
func number(text string, most int) (int, int, error) {
	n := 1
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	value, err := strconv.Atoi(text[1:n])
	if err != nil || value > most {
		return 0, 0, fmt.Errorf("after %q comes a number from 0 to %d", text[0], most)
	}
	return n, value, nil
}

// String writes the script in the form that ParseScript reads.
func (s Script) String() string {
	parts := make([]string, len(s))
	for i, step := range s {
		parts[i] = step.String()
	}
	return strings.Join(parts, " ")
}

// String writes one step.
func (s Step) String() string {
	switch s.Action {
	case ActPress:
		return s.Keys
	case ActEnd:
		return ","
	case ActWait:
		return "w" + strconv.FormatInt(s.Wait.Milliseconds(), 10)
	case ActListen:
		return "?" + s.Recording
	case ActTone:
		return "t" + strconv.Itoa(s.Hz)
	default:
		return "h"
	}
}

// Run does what the script says and returns nil at its end, [ErrEnded] (wrapped)
// if the call ends before, or the context's error. before, if not nil, is called
// with each step when its turn has come.
func (s Script) Run(ctx context.Context, c *Call, before func(Step)) error {
	since := c.Answered() // a prompt must have been heard after this to have ended
	for i, step := range s {
		if before != nil {
			before(step)
		}
		var err error
		switch step.Action {
		case ActPress:
			err = c.Press(ctx, step.Keys)
			since = c.Mark()
		case ActEnd:
			err = c.waitPromptEnd(ctx, since, PromptGap)
			since = time.Now()
		case ActWait:
			err = c.pass(ctx, step.Wait)
		case ActListen:
			err = c.WaitHeard(ctx, step.Recording)
		case ActTone:
			c.SendTone(float64(step.Hz))
		case ActHangup:
			return c.Hangup()
		}
		if err != nil {
			return fmt.Errorf("step %d of %d of the script: %w", i+1, len(s), err)
		}
	}
	return nil
}

// pass lets time pass.
func (c *Call) pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.done:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}
