package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"richiamo/internal/sip"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// Town is where the citizens live: the carrier's side of the exchange, and the
// telephones of the agents. It tells what happens as a conversation.
type Town struct {
	in    *Installation
	ear   *sip.Ear
	words map[string]string // of a recording
	wav   string            // the folder of what was heard
	began time.Time

	homes  *sip.Phone // where the exchange's calls to citizens arrive
	agents map[string]*sip.Phone

	mu  sync.Mutex
	out io.Writer
}

// NewTown opens the telephones of an installation.
func NewTown(in *Installation, out io.Writer) (_ *Town, err error) {
	t := &Town{in: in, words: map[string]string{}, wav: filepath.Join(in.Dir, "heard"), began: time.Now(), agents: map[string]*sip.Phone{}, out: out}
	voice, err := speech.Load(prompts.FS(), "it")
	if err != nil {
		return nil, err
	}
	for _, p := range voice.Pieces() {
		t.words[string(p.Recording)] = p.Text
	}
	if t.ear, err = sip.NewEar(prompts.FS()); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(t.wav); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(t.wav, 0o700); err != nil {
		return nil, err
	}
	t.homes, err = sip.New(sip.Config{Listen: in.Asterisk.CarrierAddr, Ear: t.ear})
	return t, err
}

// Close hangs everything up.
func (t *Town) Close() {
	if t.homes != nil {
		_ = t.homes.Close()
	}
	for _, a := range t.agents {
		_ = a.Close()
	}
}

// tell prints a line with the time since the beginning.
func (t *Town) tell(who, format string, args ...any) {
	t.tellAt(time.Now(), who, fmt.Sprintf(format, args...))
}

func (t *Town) tellAt(at time.Time, who, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, "%7.1fs  %-9s %s\n", at.Sub(t.began).Seconds(), who, text)
}

// Title prints the heading of a scene.
func (t *Town) Title(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, "\n%s\n", text)
}

// note is something that a person did, to be told in its place among what the
// person heard.
type note struct {
	at   time.Time
	text string
}

// A key cuts the voice a moment after it was pressed: what was heard until then
// is told before it. A voice that pauses for longer has come to its end.
const (
	cutsWithin = 300 * time.Millisecond
	pauses     = 900 * time.Millisecond
)

// listen tells what a person hears and does on a call, a prompt a line.
func (t *Town) listen(who string, c *sip.Call, notes <-chan note, done chan<- struct{}) {
	defer close(done)
	said := ""
	var began time.Time
	flush := func() {
		if said != "" {
			t.tellAt(began, who, "hears «"+said+"»")
		}
		said = ""
	}
	hear := func(h sip.Heard) {
		words := t.words[h.Recording]
		switch {
		case h.Kind == sip.KindTone:
			flush()
			t.tellAt(h.At, who, fmt.Sprintf("hears a tone of %.0f Hz", h.Tone))
		case words == "":
		case said == "":
			said, began = words, h.At
		default:
			said += " " + words
		}
		if words != "" && !h.Complete {
			said += " –"
		}
	}
	events := c.Events()
	for {
		select {
		case h, ok := <-events:
			if !ok {
				flush()
				return
			}
			hear(h)
		case n := <-notes:
			for cut := time.After(cutsWithin); cut != nil; {
				select {
				case h, ok := <-events:
					if ok {
						hear(h)
					} else {
						events, cut = nil, nil
					}
				case <-cut:
					cut = nil
				}
			}
			flush()
			t.tellAt(n.at, who, n.text)
			if events == nil {
				return
			}
		case <-time.After(pauses):
			if c.Hears().Silence > pauses {
				flush()
			}
		}
	}
}

// Citizen calls the service's number from a number; "anonymous" withholds it.
func (t *Town) Citizen(name, number string) *Person {
	p := &Person{name: name, town: t}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	t.tell(name, "calls %s from %s", t.in.Asterisk.ServiceNumber, number)
	call, err := t.homes.Dial(ctx, "sip:"+t.in.Asterisk.ServiceNumber+"@"+t.in.Asterisk.SIPAddr, number)
	if err != nil {
		p.fail("the call was not answered: %w", err)
		return p
	}
	p.talks(call)
	return p
}

// Rings waits until the telephone of a number rings, and takes the call.
func (t *Town) Rings(ctx context.Context, name, number string) *Person {
	p := &Person{name: name, town: t}
	for {
		select {
		case inv := <-t.homes.Incoming():
			if inv.To() != number {
				_ = inv.Refuse(404)
				p.fail("a telephone rang that should not: not the one expected")
				return p
			}
			if err := inv.Ring(); err != nil {
				p.fail("could not ring: %w", err)
				return p
			}
			t.tell(name, "the telephone rings; it shows %s", inv.From())
			select { // the way to the telephone
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			call, err := inv.Answer()
			if err != nil {
				p.fail("could not answer: %w", err)
				return p
			}
			t.tell(name, "«Pronto?»")
			p.talks(call)
			return p
		case <-ctx.Done():
			p.fail("the telephone did not ring: %w", ctx.Err())
			return p
		}
	}
}

// Agent is the desk phone of an agent, registered, which answers by itself and
// sends its tone.
func (t *Town) Agent(ctx context.Context, id string, hertz float64) (<-chan *Person, error) {
	password := ""
	for _, a := range t.in.Asterisk.Agents {
		if a.Name == id {
			password = a.Password
		}
	}
	desk, err := sip.New(sip.Config{Listen: "127.0.0.1:0", User: id, Password: password, Registrar: t.in.Asterisk.SIPAddr, Ear: t.ear})
	if err != nil {
		return nil, err
	}
	t.agents[id] = desk
	if err := desk.Register(ctx); err != nil {
		return nil, fmt.Errorf("register %s: %w", id, err)
	}
	answered := make(chan *Person, 8)
	go func() {
		for inv := range desk.Incoming() {
			_ = inv.Ring()
			call, err := inv.Answer()
			p := &Person{name: id, town: t}
			if err != nil {
				p.fail("could not answer: %w", err)
				answered <- p
				continue
			}
			t.tell(id, "«Buongiorno, qui è la ASL Esempio.» (%.0f Hz)", hertz)
			p.talks(call)
			call.SendTone(hertz)
			answered <- p
		}
	}()
	return answered, nil
}
