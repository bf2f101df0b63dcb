package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// Person is somebody at a telephone: a citizen or an agent. The methods do
// nothing once one of them has failed; Err tells.
type Person struct {
	name  string
	town  *Town
	call  *sip.Call
	heard int // sounds that hears has looked at
	err   error
	notes chan note
	told  chan struct{}
}

// patience is how long a person waits to hear what should come.
const patience = 60 * time.Second

// Err is the first thing that did not happen as it should.
func (p *Person) Err() error { return p.err }

func (p *Person) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(p.name+": "+format, args...)
	}
}

// talks begins a call that is up.
func (p *Person) talks(c *sip.Call) {
	p.call, p.heard, p.notes, p.told = c, 0, make(chan note), make(chan struct{})
	go p.town.listen(p.name, c, p.notes, p.told)
}

// hears waits until a prompt begins to be said.
func (p *Person) hears(id speech.ID) {
	if p.err != nil {
		return
	}
	prefix := strings.ReplaceAll(string(id), ".", "-") + "-"
	p.until("hears «"+string(id)+"»", func() bool {
		sounds := p.call.Sounds()
		for ; p.heard < len(sounds); p.heard++ {
			if strings.HasPrefix(sounds[p.heard].Recording, prefix) {
				p.heard++
				return true
			}
		}
		return strings.HasPrefix(p.call.Hears().Recording, prefix)
	})
}

// hearsAll waits until a prompt has been said to its end, and returns the
// recordings of it that were heard.
func (p *Person) hearsAll(id speech.ID) []string {
	p.hears(id)
	if p.err != nil {
		return nil
	}
	from := p.heard
	prefix := strings.ReplaceAll(string(id), ".", "-") + "-"
	p.until("hears the end of «"+string(id)+"»", func() bool { return p.call.Hears().Silence > time.Second })
	var list []string
	for i, s := range p.call.Sounds() {
		if i >= from-1 && (len(list) > 0 || strings.HasPrefix(s.Recording, prefix)) {
			list = append(list, s.Recording)
		}
	}
	return list
}

// figures are the digits among recordings.
func figures(recordings []string) string {
	var b strings.Builder
	for _, r := range recordings {
		if digit, ok := strings.CutPrefix(r, "digit-"); ok {
			b.WriteString(strings.TrimSuffix(digit, "-end"))
		}
	}
	return b.String()
}

// until waits for a condition of the call.
func (p *Person) until(what string, ok func() bool) {
	deadline := time.Now().Add(patience)
	for !ok() {
		select {
		case <-p.call.Done():
			if !ok() {
				_, cause := p.call.Ended()
				p.fail("the call ended (%s) when what should come was: %s", cause, what)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.fail("did not happen in %v: %s; heard last: %s", patience, what, p.last())
			return
		}
	}
}

// last names what was heard last, for an error.
func (p *Person) last() string {
	var names []string
	sounds := p.call.Sounds()
	for _, s := range sounds[max(0, len(sounds)-5):] {
		names = append(names, s.Recording)
	}
	return strings.Join(append(names, p.call.Hears().Recording), " ")
}

// presses presses keys; the name of what they are is told instead of personal
// figures.
func (p *Person) presses(keys, what string) {
	if p.err != nil {
		return
	}
	if what == "" {
		what = keys
	}
	pressed := note{time.Now(), "presses " + what}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.call.Press(ctx, keys); err != nil {
		p.fail("could not press: %w", err)
	}
	select {
	case p.notes <- pressed:
	case <-p.told:
	}
	p.heard = len(p.call.Sounds())
}

// waits waits until the voice has been silent for a moment: until a prompt that
// keys do not cut has been said.
func (p *Person) waits() {
	if p.err == nil {
		p.until("hears the prompt out", func() bool { return p.call.Hears().Silence > 700*time.Millisecond })
	}
}

// hangsUp ends the call, and saves what was heard.
func (p *Person) hangsUp() {
	if p.call == nil {
		return
	}
	at := time.Now()
	if err := p.call.Hangup(); err != nil {
		p.fail("could not hang up: %w", err)
	}
	<-p.told // what was heard before is told before
	if p.err == nil {
		p.town.tellAt(at, p.name, "hangs up")
	}
	p.over()
}

// over waits until the call has ended, and saves what was heard.
func (p *Person) over() {
	if p.call == nil {
		return
	}
	select {
	case <-p.call.Done():
	case <-time.After(patience):
		p.fail("the call does not end")
		_ = p.call.Hangup()
	}
	<-p.told
	if err := p.save(); err != nil {
		p.fail("could not save what was heard: %w", err)
	}
	p.call = nil
}

// save writes what was heard as NAME-N.wav.
func (p *Person) save() error {
	for n := 1; ; n++ {
		file, err := os.OpenFile(filepath.Join(p.town.wav, fmt.Sprintf("%s-%d.wav", strings.ToLower(p.name), n)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		return errors.Join(p.call.WAV(file), file.Close())
	}
}
