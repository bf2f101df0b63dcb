package town_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/sim/town"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

func TestClockKeepsTheOrder(t *testing.T) {
	t.Parallel()
	c := town.NewClock(noon)
	var done []string
	note := func(what string) func() { return func() { done = append(done, what) } }
	c.After(2*time.Second, note("third"))
	c.After(time.Second, note("first"))
	c.After(time.Second, func() {
		note("second")()
		c.At(noon, note("at once: noon is past"))
	})
	for c.Step() {
	}
	assert.Equal(t, []string{"first", "second", "at once: noon is past", "third"}, done)
	assert.Equal(t, noon.Add(2*time.Second), c.Now())
	_, more := c.Next()
	assert.False(t, more)
}

func TestDiceOfASeed(t *testing.T) {
	t.Parallel()
	draw := func() (all []time.Duration) {
		d := town.NewDice(7, 1)
		for range 2000 {
			all = append(all, d.Around(time.Minute, 0.5))
		}
		return all
	}
	once := draw()
	assert.Equal(t, once, draw(), "the same seed throws the same")
	var sum time.Duration
	for _, d := range once {
		require.Positive(t, d)
		sum += d
	}
	assert.InDelta(t, 60, (sum / time.Duration(len(once))).Seconds(), 4, "a minute in the mean")
}

func voice(t *testing.T) *town.Voice {
	t.Helper()
	v, err := town.LoadVoice(prompts.FS(), "it")
	require.NoError(t, err)
	return v
}

// TestListen: a citizen understands what is played, and reads the figures in it.
func TestListen(t *testing.T) {
	t.Parallel()
	v := voice(t)
	var media []string
	for _, u := range []speech.Utterance{speech.Say(speech.CallbackWord, speech.Word("481")), speech.Say(speech.GoodbyeThanks)} {
		r, err := v.Render(u)
		require.NoError(t, err)
		for _, m := range append(r.Before, r.After...) {
			media = append(media, string(m))
		}
	}
	what, figures, total := v.Listen(media)
	require.Len(t, what, 2)
	assert.Equal(t, speech.CallbackWord, what[0].Prompt)
	assert.Equal(t, speech.GoodbyeThanks, what[1].Prompt)
	assert.Equal(t, "481481", figures)
	assert.Equal(t, total, what[1].Till)
	assert.Less(t, what[0].Till, what[1].Till)
}

// ear is a telephone that answers, or does not, and notes what it hears.
type ear struct {
	clock   *town.Clock
	answers bool
	heard   []speech.ID
	over    bool
}

func (e *ear) Ring(l *town.Line) {
	if e.answers {
		e.clock.After(5*time.Second, l.Answer)
	}
}

func (e *ear) Hear(_ *town.Line, what []town.Said, _ string) {
	for _, s := range what {
		e.heard = append(e.heard, s.Prompt)
	}
}
func (e *ear) Speak(*town.Line, time.Duration) time.Duration { return 4 * time.Second }
func (e *ear) Joined(*town.Line, bool)                       {}
func (e *ear) Over(*town.Line)                               { e.over = true }

// stage is an exchange with one telephone, whose events are collected.
type stage struct {
	*town.Exchange
	clock  *town.Clock
	phone  *ear
	events []call.Event
}

func newStage(t *testing.T, answers bool) *stage {
	t.Helper()
	s := &stage{clock: town.NewClock(noon)}
	s.phone = &ear{clock: s.clock, answers: answers}
	s.Exchange = town.NewExchange(s.clock, voice(t), town.Watch{
		Who: func(call.Command) (town.Telephone, bool) { return s.phone, true },
	})
	s.Listen(func(e call.Event) { s.events = append(s.events, e) })
	return s
}

func (s *stage) do(t *testing.T, c call.Command) {
	t.Helper()
	require.NoError(t, s.Perform(t.Context(), c))
}

func (s *stage) rest() {
	for s.clock.Step() {
	}
}

func (s *stage) kinds() (kinds []call.EventKind) {
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestDialling(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	create := call.Command{Op: call.DoCreate, Channel: "t1-1", Number: "0212345678"}
	s.do(t, create)
	require.ErrorIs(t, s.Perform(t.Context(), create), call.ErrTaken, "a name is taken while its line exists")
	s.do(t, call.Command{Op: call.DoDial, Channel: "t1-1", For: 45 * time.Second})
	require.Error(t, s.Perform(t.Context(), call.Command{Op: call.DoDial, Channel: "t1-1"}), "and rings once")
	for range 4 {
		s.clock.Step()
	}
	assert.Equal(t, []call.EventKind{call.Entered, call.Answered}, s.kinds())
	r, err := voice(t).Render(speech.Say(speech.GoodbyeThanks))
	require.NoError(t, err)
	var media []string
	for _, m := range r.Before {
		media = append(media, string(m))
	}
	s.do(t, call.Command{Op: call.DoPlay, Channel: "t1-1", Playback: "p1", Media: media})
	s.rest()
	assert.Equal(t, []speech.ID{speech.GoodbyeThanks}, s.phone.heard)
	assert.Equal(t, call.Played, s.events[2].Kind)
	assert.Equal(t, 1, s.Rings["t1-1"])
	s.do(t, call.Command{Op: call.DoHangup, Channel: "t1-1"})
	assert.True(t, s.phone.over)
	require.ErrorIs(t, s.Perform(t.Context(), call.Command{Op: call.DoHangup, Channel: "t1-1"}), call.ErrGone)
	s.do(t, create) // and is forgotten with it
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	s.do(t, call.Command{Op: call.DoCreate, Channel: "t1-1", Number: "0212345678"})
	s.do(t, call.Command{Op: call.DoDial, Channel: "t1-1", For: 45 * time.Second})
	s.rest()
	require.Equal(t, []call.EventKind{call.Entered, call.Left}, s.kinds())
	assert.Equal(t, 19, s.events[1].Cause)
	assert.Equal(t, 45*time.Second, s.events[1].At.Sub(noon))
}

// TestJoin: exactly the members named are connected, whoever was before.
func TestJoin(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	for _, name := range []string{"c", "c~a1", "c~a2"} {
		s.do(t, call.Command{Op: call.DoCreate, Channel: name})
	}
	s.do(t, call.Command{Op: call.DoJoin, Bridge: "b", Members: []string{"c", "c~a1"}})
	assert.True(t, s.Line("c").Talks())
	s.do(t, call.Command{Op: call.DoJoin, Bridge: "b", Members: []string{"c~a1", "c~a2"}})
	assert.False(t, s.Line("c").Talks())
	assert.True(t, s.Line("c~a2").Talks())
	require.ErrorIs(t, s.Perform(t.Context(), call.Command{Op: call.DoJoin, Bridge: "b", Members: []string{"c", "gone"}}), call.ErrGone)
}

// TestTheExchangeDies: nobody is told, nothing is answered, and who calls while
// nobody serves is noted.
func TestTheExchangeDies(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	require.NotNil(t, s.Call(s.phone, "0212345678", "800000000"))
	s.rest()
	s.Crash()
	s.rest()
	assert.Equal(t, []call.EventKind{call.Entered}, s.kinds())
	assert.True(t, s.phone.over)
	_, err := s.Channels(t.Context())
	require.ErrorIs(t, err, town.ErrFault)
	assert.Nil(t, s.Call(s.phone, "0212345678", "800000000"), "there is no exchange")
	s.Start()
	assert.Nil(t, s.Call(s.phone, "0212345678", "800000000"), "nobody serves")
	notes := s.Notes()
	require.Len(t, notes, 1)
	assert.Equal(t, "0212345678", notes[0].Number)
	s.Erase(notes[0].Key)
	assert.Empty(t, s.Notes())
}

// TestNobodyLivesThere: a house without people rings until the caller gives up.
func TestNobodyLivesThere(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	s.Who = func(call.Command) (town.Telephone, bool) { return &town.Home{Number: "0212345678"}, true }
	s.do(t, call.Command{Op: call.DoCreate, Channel: "t1-1", Number: "0212345678"})
	s.do(t, call.Command{Op: call.DoDial, Channel: "t1-1", For: 45 * time.Second})
	s.rest()
	last := s.events[len(s.events)-1]
	assert.Equal(t, call.Left, last.Kind)
	assert.Equal(t, 19, last.Cause, "no answer")
	assert.Equal(t, noon.Add(45*time.Second), last.At)
}
