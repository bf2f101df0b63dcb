package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// exchange is an exchange in memory: it plays in the time that recordings last,
// and tells what a real one tells.
type exchange struct {
	mu       sync.Mutex
	runner   *call.Runner
	channels map[string]*call.Channel
	playing  map[string]*playback // by channel
	said     []string             // what was done, in order
	rings    map[string]int       // how often each channel rang
	behind   []string             // playbacks that were to begin while another was heard
	fail     func(call.Command) error
	voice    *speech.Catalogue
}

type playback struct {
	id    string
	timer *time.Timer
}

// Perform does what an exchange does.
func (x *exchange) Perform(ctx context.Context, c call.Command) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.fail != nil {
		if err := x.fail(c); err != nil {
			return err
		}
	}
	ch := x.channels[c.Channel]
	if ch == nil && c.Op != call.DoCreate && c.Op != call.DoPart {
		return call.ErrGone
	}
	switch c.Op {
	case call.DoPlay:
		x.play(c)
	case call.DoStop:
		x.stop(c.Channel, c.Playback)
	case call.DoCreate:
		if ch != nil {
			return call.ErrTaken
		}
		x.channels[c.Channel] = &call.Channel{ID: c.Channel}
		x.note("creates %s", c.Channel)
	case call.DoDial:
		ch.Dialed = true
		x.rings[c.Channel]++
		x.note("rings %s", c.Channel)
	case call.DoHangup:
		x.note("hangs up %s", c.Channel)
		x.end(c.Channel, 16, 0)
	case call.DoAnswer:
		ch.Up = true
	case call.DoJoin:
		return x.seat(c)
	case call.DoPart:
		x.note("parts")
		for _, other := range x.channels {
			if other.Bridge == c.Bridge {
				other.Bridge = ""
			}
		}
	case call.DoMusic:
		x.note("music%s", strings.TrimPrefix(c.Channel, strings.Split(c.Channel, "~")[0]))
	case call.DoRecord:
		x.note("records")
	case call.DoContinue:
		x.note("continues at %s", c.Number)
		x.end(c.Channel, 0, 0)
	}
	return nil
}

// seat makes a bridge hold exactly the members: all of them, or none comes in.
func (x *exchange) seat(c call.Command) error {
	for _, ch := range x.channels {
		if ch.Bridge == c.Bridge && !slices.Contains(c.Members, ch.ID) {
			ch.Bridge = ""
		}
	}
	for _, m := range c.Members {
		if x.channels[m] == nil {
			return call.ErrGone
		}
	}
	for _, m := range c.Members {
		x.channels[m].Bridge = c.Bridge
	}
	names := make([]string, len(c.Members))
	for i, m := range c.Members {
		names[i] = "citizen"
		if strings.Contains(m, "~") {
			names[i] = m[strings.Index(m, "~")+1:]
		}
	}
	x.note("joins %s", strings.Join(names, " "))
	return nil
}

// play notes the spoken recordings, without the silences.
func (x *exchange) play(c call.Command) {
	var heard []string
	total := time.Duration(0)
	for _, m := range c.Media {
		total += x.voice.Duration(speech.Recording(m))
		if !strings.HasPrefix(m, "silence-") {
			heard = append(heard, m)
		}
	}
	if len(heard) > 0 {
		x.note("%s", strings.Join(heard, " "))
	}
	if x.playing[c.Channel] != nil { // a real one would play it after that one
		x.behind = append(x.behind, c.Playback)
		x.stop(c.Channel, "")
	}
	p := &playback{id: c.Playback}
	p.timer = time.AfterFunc(total, func() {
		x.mu.Lock()
		if x.playing[c.Channel] == p {
			delete(x.playing, c.Channel)
		}
		x.mu.Unlock()
		x.tell(call.Event{Kind: call.Played, Channel: c.Channel, Playback: p.id})
	})
	x.playing[c.Channel] = p
}

// stop ends a playback. Its end is told a moment later, as on a real exchange,
// where the next one may have begun by then.
func (x *exchange) stop(channel, id string) {
	p := x.playing[channel]
	if p == nil || (id != "" && p.id != id) {
		return
	}
	if p.timer.Stop() {
		time.AfterFunc(2*time.Millisecond, func() { x.tell(call.Event{Kind: call.Played, Channel: channel, Playback: p.id}) })
	}
	delete(x.playing, channel)
}

func (x *exchange) note(format string, args ...any) {
	x.said = append(x.said, fmt.Sprintf(format, args...))
}

func (x *exchange) end(channel string, cause, sip int) {
	if x.channels[channel] == nil {
		return
	}
	delete(x.channels, channel)
	if p := x.playing[channel]; p != nil {
		p.timer.Stop()
		delete(x.playing, channel)
	}
	go x.tell(call.Event{Kind: call.Left, Channel: channel, Cause: cause, SIP: sip})
}

// tell hands an event to whoever runs the calls now.
func (x *exchange) tell(e call.Event) {
	x.mu.Lock()
	r := x.runner
	x.mu.Unlock()
	if r != nil {
		e.At = time.Now()
		r.Event(e)
	}
}

func (x *exchange) Channel(_ context.Context, id string) (call.Channel, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if ch := x.channels[id]; ch != nil {
		return *ch, nil
	}
	return call.Channel{}, call.ErrGone
}

func (x *exchange) Channels(context.Context) ([]call.Channel, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []call.Channel
	for _, ch := range x.channels {
		all = append(all, *ch)
	}
	return all, nil
}

// stage is a runner with an exchange, a store, and an outside that answers from
// a list.
type stage struct {
	t       *testing.T
	x       *exchange
	stores  *memstore.Stores
	runner  *call.Runner
	mu      sync.Mutex
	script  string     // of those who call; empty: flow.ScriptInbound
	voiced  call.Voice // instead of the exchange's
	store   call.Store // instead of stores.Calls
	more    []dialogue.Script
	log     *slog.Logger // nil: none
	swept   []string
	aside   int            // calls set aside
	dies    func()         // the end of a process that was killed by what it did, and the next one
	answers map[string]any // by request name; a func(call.Question) is asked
	asked   []string       // the keys of the requests made, with their names
}

func newStage(t *testing.T) *stage {
	voice, err := speech.Load(prompts.FS(), "it")
	require.NoError(t, err)
	s := &stage{t: t, stores: memstore.New(nil), answers: map[string]any{}}
	s.x = &exchange{channels: map[string]*call.Channel{}, playing: map[string]*playback{}, rings: map[string]int{}, voice: voice}
	s.start()
	return s
}

// start starts a process: the first one, or the successor of one that died.
func (s *stage) start() {
	channels, err := s.x.Channels(s.t.Context())
	require.NoError(s.t, err)
	s.startWith(channels)
}

// startWith starts a process that has seen these channels, whatever became of them
// since.
func (s *stage) startWith(channels []call.Channel) {
	if s.store == nil {
		s.store = s.stores.Calls
	}
	s.runner = call.NewRunner(call.Config{
		Node: "ast1", Scripts: append(flow.Scripts(), s.more...), Observer: s, Rescue: flow.ScriptRescue,
		Host: s, Line: s.x, Store: s.store, Nodes: s.stores.Calls, Outside: s, Logger: s.log,
		AfterKey: 500 * time.Millisecond, AfterAnswer: time.Second, BeforeEnd: time.Second, Workers: 2,
	})
	require.NoError(s.t, s.runner.Start(s.t.Context()))
	s.x.mu.Lock()
	s.x.runner = s.runner
	s.x.mu.Unlock()
	require.NoError(s.t, s.runner.Connected(s.t.Context(), channels))
	synctest.Wait()
}

// kill lets the process die: nothing of it goes on, nothing is told to it.
func (s *stage) kill() {
	s.x.mu.Lock()
	s.x.runner = nil
	s.x.mu.Unlock()
	s.runner.Stop()
}

func (s *stage) Voice(string) call.Voice {
	if s.voiced != nil {
		return s.voiced
	}
	return s.x.voice
}

func (s *stage) Telephone(_, agent string) string { return agent }

func (s *stage) CallStarted(string)       {}
func (s *stage) CallEnded(string, string) {}

func (s *stage) CallAdopted(how string) {
	if how == "aside" {
		s.mu.Lock()
		s.aside++
		s.mu.Unlock()
	}
}

func (s *stage) Swept(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept = append(s.swept, kind)
}

func (s *stage) Receive(c call.Channel) (call.Reception, error) {
	begin, err := json.Marshal(flow.Begin{Setup: setup(), Caller: c.Caller})
	script := flow.ScriptInbound
	if s.script != "" {
		script = s.script
	}
	return call.Reception{Tenant: "demo", Language: "it", Script: script, Begin: begin}, err
}

func setup() flow.Setup {
	return flow.Setup{
		Authority: "tenant.authority.demo", Service: "tenant.service.demo", Campaign: "tenant.campaign.demo",
		Eligible: "tenant.eligible.demo", Hours: "tenant.hours.demo", ServicePhone: "800000000", CardDigits: 5,
		Ring: 45 * time.Second, RingMobile: 30 * time.Second, RingAgent: 15 * time.Second,
	}
}

// errNever is for a question that is not answered while the process lives.
var errNever = errors.New("never answered")

// Answer answers from the list, and notes what was asked.
func (s *stage) Answer(ctx context.Context, q call.Question) (json.RawMessage, error) {
	s.mu.Lock()
	s.asked = append(s.asked, q.Key+" "+q.Name)
	answer := s.answers[q.Name]
	s.mu.Unlock()
	if ask, ok := answer.(func(call.Question) (any, error)); ok {
		var err error
		if answer, err = ask(q); errors.Is(err, errNever) {
			<-ctx.Done()
		}
		if err != nil {
			return nil, err
		}
	}
	if answer == nil {
		answer = flow.Empty{}
	}
	return json.Marshal(answer)
}

// calls lets a citizen call.
func (s *stage) calls(id, number string) {
	s.x.mu.Lock()
	s.x.channels[id] = &call.Channel{ID: id, Caller: number, Args: []string{"in", number, "800000000"}, Up: true}
	s.x.mu.Unlock()
	s.x.tell(call.Event{Kind: call.Entered, Channel: id, Caller: number, Args: []string{"in", number, "800000000"}})
	synctest.Wait()
}

// press presses keys, a third of a second apart.
func (s *stage) press(id, keys string) {
	for i := range len(keys) {
		s.x.tell(call.Event{Kind: call.Key, Channel: id, Digit: keys[i]})
		time.Sleep(333 * time.Millisecond) // the bubble's clock
	}
	synctest.Wait()
}

// listen lets time pass.
func (s *stage) listen(d time.Duration) {
	time.Sleep(d) // the bubble's clock
	synctest.Wait()
}

func (s *stage) hangsUp(id string) {
	s.x.mu.Lock()
	s.x.end(id, 16, 0)
	s.x.mu.Unlock()
	synctest.Wait()
}

// speaking are those who are connected with each other now: the suffixes of
// their channels, and "" for the citizen.
func (s *stage) speaking(id string) []string {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	names := []string{}
	for _, ch := range s.x.channels {
		if ch.Bridge == id+"~b" {
			names = append(names, strings.TrimPrefix(ch.ID, id))
		}
	}
	slices.Sort(names)
	return names
}

// heard takes what was done on the lines since it was last called.
func (s *stage) heard() []string {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	said := s.x.said
	s.x.said = nil
	return said
}

// has tells whether a recording of a prompt is among what was heard.
func has(heard []string, prompt string) bool {
	name := strings.ReplaceAll(prompt, ".", "-")
	return slices.ContainsFunc(heard, func(line string) bool { return strings.Contains(line, name) })
}

// record loads the call's record.
func (s *stage) record(id string) call.Record {
	r, err := s.stores.Calls.Load(s.t.Context(), "demo", id)
	require.NoError(s.t, err)
	return r
}

// play runs a test in a bubble of virtual time.
func play(t *testing.T, f func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		defer s.kill()
		f(t, s)
		if s.x.fail == nil {
			require.Empty(t, s.x.behind, "playbacks queued behind another: no key would cut what is heard")
		}
	})
}
