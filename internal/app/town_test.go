package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// patience is how long a test waits for what should come.
const patience = 40 * time.Second

// adminKey and portalKey open the API of the demonstration.
const (
	adminKey  = "demo-admin-key-000001"
	portalKey = "demo-portal-key-0001"
)

// Citizens of the demonstration, all invented.
const (
	mariaPhone, mariaCode, mariaCard = "0212345601", "RSSMRA36A41F205V", "10001"
	luciaPhone, luciaCode            = "0212345603", "FRRLCU38T53F205I"
)

// registrants are more of them, each with one open request at a time.
func registrants() []string {
	return []string{
		"RSSCRL34S23F205K", "BNCGNN34C19F704W", "BRMPTR37H29F205C", "CLMMRA35A46F205F", "CLMMRA35B46F205E",
		"FMGTRS19R55E507Y", "RVIMRG20T07F205D", "GLLRST17E42C933G", "LCTBTS21H24A794S", "CTTLGU26M66A794N",
	}
}

// rooms bounds how many installations run at once, whatever machine it is:
// their telephones must hear in time.
var rooms = make(chan struct{}, 6)

// ears are all telephones' one ear: it takes a second to learn.
var ears = sync.OnceValues(func() (*sip.Ear, error) { return sip.NewEar(prompts.FS()) })

// town is an installation, with the telephones of those who use it.
type town struct {
	*testing.T
	in    *demo.Installation
	homes *sip.Phone // all citizens: the carrier's side of the exchange
	rung  *rings
	desks map[string]*sip.Phone // the agents' telephones
}

// newTown starts an installation; Richiamo itself is started by the test.
func newTown(t *testing.T, o demo.Options) *town {
	t.Helper()
	t.Parallel()
	rooms <- struct{}{}
	t.Cleanup(func() { <-rooms })
	in, err := demo.Prepare(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(in.Stop)
	ear, err := ears()
	require.NoError(t, err)
	homes, err := sip.New(sip.Config{Listen: in.Asterisk.CarrierAddr, Ear: ear})
	require.NoError(t, err)
	w := &town{T: t, in: in, homes: homes, rung: &rings{changed: make(chan struct{}, 1)}, desks: map[string]*sip.Phone{}}
	go w.rung.collect(homes.Incoming())
	t.Cleanup(func() { _ = homes.Close() })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of Richiamo:\n%s", w.story())
		}
	})
	return w
}

// open starts Richiamo and waits until calls are answered.
func (w *town) open() {
	w.Helper()
	require.NoError(w, w.in.Serve(w.Context()))
	require.NoError(w, w.in.WaitReady(w.Context()))
}

func (w *town) log() string {
	text, _ := os.ReadFile(filepath.Join(w.in.Dir, "richiamo.log"))
	return string(text)
}

// story is the log without the requests of the tests themselves.
func (w *town) story() string {
	var b strings.Builder
	for row := range strings.Lines(w.log()) {
		if !strings.Contains(row, "msg=request") {
			b.WriteString(row)
		}
	}
	return b.String()
}

// rings are the calls that came to citizens' telephones: every INVITE, answered
// or not.
type rings struct {
	mu      sync.Mutex
	invites []*sip.Invite
	taken   map[*sip.Invite]bool
	changed chan struct{}
}

// collect notes every call and lets it ring.
func (r *rings) collect(incoming <-chan *sip.Invite) {
	for inv := range incoming {
		_ = inv.Ring()
		r.mu.Lock()
		r.invites = append(r.invites, inv)
		r.mu.Unlock()
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

// of counts how often the telephone of a number has rung.
func (r *rings) of(number string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, inv := range r.invites {
		if inv.To() == number {
			n++
		}
	}
	return n
}

// next takes the first ring of a number that was not taken yet; nil: none.
func (r *rings) next(number string) *sip.Invite {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, inv := range r.invites {
		if inv.To() == number && !r.taken[inv] {
			if r.taken == nil {
				r.taken = map[*sip.Invite]bool{}
			}
			r.taken[inv] = true
			return inv
		}
	}
	return nil
}

// ring waits until the telephone of a number rings.
func (w *town) ring(number string) *sip.Invite {
	w.Helper()
	limit := time.After(patience)
	for {
		if inv := w.rung.next(number); inv != nil {
			return inv
		}
		select {
		case <-w.rung.changed:
		case <-limit:
			require.Fail(w, "the telephone did not ring")
		}
	}
}

// line is a call as one who takes part in it has it.
type line struct {
	*testing.T
	*sip.Call
	heard int // sounds that hears has gone past
}

// calls is a citizen who calls and is answered.
func (w *town) calls(number string) *line {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	c, err := w.dial(ctx, number)
	require.NoError(w, err)
	return &line{T: w.T, Call: c}
}

func (w *town) dial(ctx context.Context, number string) (*sip.Call, error) {
	return w.homes.Dial(ctx, "sip:"+w.in.Asterisk.ServiceNumber+"@"+w.in.Asterisk.SIPAddr, number)
}

// answers is a citizen who takes a call.
func (w *town) answers(inv *sip.Invite) *line {
	w.Helper()
	c, err := inv.Answer()
	require.NoError(w, err)
	return &line{T: w.T, Call: c}
}

// desk registers an agent's telephone, which rings until somebody picks up.
func (w *town) desk(id string) <-chan *sip.Invite {
	w.Helper()
	password := ""
	for _, a := range w.in.Asterisk.Agents {
		if a.Name == id {
			password = a.Password
		}
	}
	ear, err := ears()
	require.NoError(w, err)
	desk, err := sip.New(sip.Config{Listen: "127.0.0.1:0", User: id, Password: password, Registrar: w.in.Asterisk.SIPAddr, Ear: ear})
	require.NoError(w, err)
	w.Cleanup(func() { _ = desk.Close() })
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	require.NoError(w, desk.Register(ctx))
	w.desks[id] = desk
	return desk.Incoming()
}

// agent registers a desk phone that answers by itself and sends a tone.
func (w *town) agent(id string, hertz float64) <-chan *sip.Call {
	w.Helper()
	incoming := w.desk(id)
	answered := make(chan *sip.Call, 8)
	go func() {
		for inv := range incoming {
			if c, err := inv.Answer(); err == nil {
				c.SendTone(hertz)
				answered <- c
			}
		}
	}()
	return answered
}

// takes waits until an agent has answered.
func (w *town) takes(agent <-chan *sip.Call) *line {
	w.Helper()
	select {
	case c := <-agent:
		return &line{T: w.T, Call: c}
	case <-time.After(patience):
		require.Fail(w, "the agent's telephone did not ring")
		return nil
	}
}

// together makes sure by ear that citizen and agent hear each other.
func together(citizen, agent *line, hertz float64) {
	citizen.Helper()
	ctx, cancel := context.WithTimeout(citizen.Context(), patience)
	defer cancel()
	citizen.SendTone(440)
	require.NoError(citizen, citizen.WaitTone(ctx, hertz), "the citizen hears the agent, and not: %s", citizen.last())
	require.NoError(citizen, agent.WaitTone(ctx, 440), "the agent hears the citizen, and not: %s", agent.last())
}

// talk lets Rosa speak with agent1, whose desk phone this is.
func (w *town) talk(desk <-chan *sip.Call) (rosa, agent *line) {
	w.Helper()
	w.agentIs("agent1", "ready")
	rosa = w.calls(rosaPhone)
	rosa.wantsPerson()
	agent = w.takes(desk)
	together(rosa, agent, 1000)
	return rosa, agent
}

// calledBack is a citizen who takes the call that was promised, and speaks with
// agent1.
func (w *town) calledBack(number string, desk <-chan *sip.Call) (called, agent *line) {
	w.Helper()
	called = w.answers(w.ring(number))
	called.hears(speech.ReturnHello)
	called.presses("1")
	agent = w.takes(desk)
	together(called, agent, 1000)
	return called, agent
}

// numberCliMark is the end of number.cli, from which on a key confirms.
const numberCliMark speech.ID = "number.cli-2"

// isOf tells whether a recording is one of a prompt's, or the one of that name.
func isOf(recording string, id speech.ID) bool {
	name := strings.ReplaceAll(string(id), ".", "-")
	return recording == name || strings.HasPrefix(recording, name+"-")
}

// hears waits until each of the prompts has begun to be said, one after the
// other.
func (l *line) hears(ids ...speech.ID) {
	l.Helper()
	for _, id := range ids {
		l.until("hears "+string(id), func() bool {
			sounds := l.Sounds()
			for ; l.heard < len(sounds); l.heard++ {
				if isOf(sounds[l.heard].Recording, id) {
					l.heard++
					return true
				}
			}
			return isOf(l.Hears().Recording, id)
		})
	}
}

// heardEver tells whether any of the prompt was heard in the whole call.
func (l *line) heardEver(id speech.ID) bool {
	for _, s := range l.Sounds() {
		if isOf(s.Recording, id) {
			return true
		}
	}
	return isOf(l.Hears().Recording, id)
}

func (l *line) until(what string, ok func() bool) {
	l.Helper()
	if !soon(patience, func() bool {
		select {
		case <-l.Done():
			if !ok() {
				_, cause := l.Ended()
				require.Fail(l, "the call ended", "%s: %s; heard: %s", what, cause, l.last())
			}
			return true
		default:
			return ok()
		}
	}) {
		require.Fail(l, "did not happen", "%s; heard: %s", what, l.last())
	}
}

func (l *line) last() string {
	var names []string
	for _, s := range l.Sounds() {
		names = append(names, s.Recording)
	}
	return strings.Join(append(names, "now: "+l.Hears().Recording), " ")
}

func (l *line) presses(keys string) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	require.NoError(l, l.Press(ctx, keys))
	l.heard = len(l.Sounds())
}

// over waits until the other side has ended the call.
func (l *line) over() {
	l.Helper()
	select {
	case <-l.Done():
	case <-time.After(patience):
		require.Fail(l, "the call does not end", "heard: %s", l.last())
	}
}

// keying goes from the first word to the question for the code, typing ahead.
func (l *line) keying() {
	l.Helper()
	l.hears(speech.WelcomeHello)
	l.presses("11")
	l.hears(speech.IdentifyAskCode)
}

// wantsPerson asks for a person at the first word.
func (l *line) wantsPerson() {
	l.Helper()
	l.hears(speech.WelcomeHello)
	l.presses("0")
}

// confirming goes on from there to the confirmation of the number.
func (l *line) confirming(code, card string) {
	l.Helper()
	l.presses(keysOf(code))
	l.hears(speech.IdentifyAskCardDigits)
	l.presses(card)
	l.hears(speech.NumberCli, numberCliMark)
}

// leaves hangs up.
func (l *line) leaves() {
	l.Helper()
	require.NoError(l, l.Hangup())
}

// keysOf are the keys of a code.
func keysOf(code string) string {
	c, err := fiscalcode.Parse(code)
	if err != nil {
		panic(err) // the tests' own codes are right
	}
	return c.Keypad().Reveal()
}

// soon looks again and again, for so long, until something is so.
func soon(limit time.Duration, ok func() bool) bool {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-again.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
