package flow

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// A transcript is a file of testdata: a head (script, and who calls), then what
// happens (lines that begin with ">") and what the conversation does of it
// (everything else, written by -update). What happens:
//
//	> 256 | > silence | > 256 ... (keys, then silence) | > * | > 256 #
//	> answer {json} | > refused | > timeout | > turn agent1 | > answered | > cleared 16 [sip]
//	> recorded | > nothing recorded | > hangs up | > lost | > resumed | > closing
//	> wishes VERB [agent:NAME or queue:NAME] | > helper answered | > helper cleared 16
type transcript struct {
	name   string
	head   []string
	inputs []string // as written, without ">"
}

func readTranscript(t *testing.T, path string) transcript {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	tr := transcript{name: path}
	for _, line := range strings.Split(string(raw), "\n") {
		switch {
		case strings.HasPrefix(line, "> "):
			tr.inputs = append(tr.inputs, line[2:])
		case len(tr.inputs) == 0 && !strings.HasPrefix(line, "  "):
			tr.head = append(tr.head, line)
		}
	}
	return tr
}

// scene is a conversation that a transcript plays.
type scene struct {
	script  dialogue.Script
	journal dialogue.Journal
	turn    dialogue.Turn
	now     time.Time
	voice   *speech.Catalogue
	rung    map[int]string // legs, by whose they are
}

// italian is the voice of all scenes; it is read once.
var italian = sync.OnceValues(func() (*speech.Catalogue, error) { return speech.Load(prompts.FS(), "it") })

func newScene(t *testing.T, head []string) *scene {
	t.Helper()
	voice, err := italian()
	require.NoError(t, err)
	s := &scene{now: time.Date(2027, 2, 15, 13, 20, 0, 0, time.UTC), voice: voice, rung: map[int]string{}}
	begin := Begin{Setup: demoSetup()}
	for _, line := range head {
		word, rest, _ := strings.Cut(line, ": ")
		switch word {
		case "script":
			for _, known := range Scripts() {
				if known.Name == rest {
					s.script = known
				}
			}
		case "begin":
			require.NoError(t, json.Unmarshal([]byte(rest), &begin), line)
		}
	}
	require.NotNil(t, s.script.Flow, "the head names no script")
	s.journal = dialogue.New(s.script)
	answer, err := json.Marshal(begin)
	require.NoError(t, err)
	s.feed(t, dialogue.Input{Kind: dialogue.Began, Answer: answer})
	return s
}

func demoSetup() Setup {
	return Setup{
		Authority: "tenant.authority.demo", Service: "tenant.service.demo", Campaign: "tenant.campaign.demo",
		Eligible: "tenant.eligible.demo", Hours: "tenant.hours.demo",
		ServicePhone: "800000000", CardDigits: 5, Starts: "2027-03-01",
		Ring: 45 * time.Second, RingMobile: 30 * time.Second, RingAgent: 15 * time.Second,
	}
}

// feed steps the conversation twice: straight, and with its journal taken
// through JSON; both must come to the same.
func (s *scene) feed(t *testing.T, in dialogue.Input) {
	t.Helper()
	in.At = s.now
	raw, err := json.Marshal(s.journal)
	require.NoError(t, err)
	var copied dialogue.Journal
	require.NoError(t, json.Unmarshal(raw, &copied))

	journal, turn, err := dialogue.Step(s.script, s.journal, in)
	require.NoError(t, err)
	_, again, err := dialogue.Step(s.script, copied, in)
	require.NoError(t, err)
	require.Equal(t, turn, again, "a journal that went through JSON replays differently")
	if !turn.Ignored {
		look, err := dialogue.Look(s.script, journal)
		require.NoError(t, err)
		require.Equal(t, turn, look, "an adopter would see another turn")
	}
	s.journal, s.turn = journal, turn
	for _, a := range turn.Actions {
		if a.Kind == dialogue.Ring {
			s.rung[a.Serial] = a.Agent
		}
	}
}

// parse reads what happens, and lets the time pass that it takes.
func (s *scene) parse(t *testing.T, line string) dialogue.Input {
	t.Helper()
	s.now = s.now.Add(4 * time.Second)
	w := s.turn.Wait
	word, rest, _ := strings.Cut(line, " ")
	given := ""
	if w.Collect != nil {
		given = w.Collect.Given
	}
	switch word {
	case "silence":
		s.now = s.now.Add(w.Collect.First)
		if given != "" {
			return dialogue.Input{Kind: dialogue.Entry, End: dialogue.Pause, Keys: given}
		}
		return dialogue.Input{Kind: dialogue.Entry, End: dialogue.Silence}
	case "*":
		return dialogue.Input{Kind: dialogue.Entry, End: dialogue.Star}
	case "answer":
		return dialogue.Input{Kind: dialogue.Answer, Serial: asked(w), Answer: json.RawMessage(rest)}
	case "refused":
		return dialogue.Input{Kind: dialogue.Answer, Serial: asked(w), Failed: true}
	case "closing":
		return dialogue.Input{Kind: dialogue.Closing}
	case "wishes":
		verb, target, _ := strings.Cut(rest, " ")
		return dialogue.Input{Kind: dialogue.Wished, Agent: "agent1", Verb: dialogue.Verb(verb), Target: target}
	case "helper":
		require.NotEmpty(t, w.Legs, "there is no helper")
		in := dialogue.Input{Kind: dialogue.LegUp, Serial: w.Legs[0]}
		if _, err := fmt.Sscanf(rest, "cleared %d", &in.Cause); err == nil {
			in.Kind = dialogue.LegDown
		}
		return in
	case "timeout":
		s.now = s.now.Add(w.Limit - 4*time.Second)
		return dialogue.Input{Kind: dialogue.Timeout}
	case "turn":
		return dialogue.Input{Kind: dialogue.YourTurn, Agent: rest}
	case "answered":
		return dialogue.Input{Kind: dialogue.LegUp, Serial: w.Serial}
	case "cleared":
		var in = dialogue.Input{Kind: dialogue.LegDown, Serial: w.Serial}
		_, _ = fmt.Sscan(rest, &in.Cause, &in.SIP)
		return in
	case "recorded":
		return dialogue.Input{Kind: dialogue.Recorded, Serial: w.Serial}
	case "nothing":
		return dialogue.Input{Kind: dialogue.Recorded, Serial: w.Serial, Failed: true}
	case "lost":
		return dialogue.Input{Kind: dialogue.Hangup, Failed: true}
	case "hangs":
		return dialogue.Input{Kind: dialogue.Hangup, Cause: 16}
	case "resumed":
		return dialogue.Input{Kind: dialogue.Resumed}
	}
	in := dialogue.Input{Kind: dialogue.Entry, Keys: given + word, End: dialogue.Full}
	switch rest {
	case "...":
		in.End = dialogue.Pause
	case "#":
		in.End = dialogue.Hash
	}
	_, err := strconv.Atoi(word)
	require.NoError(t, err, "not understood: > %s", line)
	return in
}

// asked is the request that a conversation waits for.
func asked(w dialogue.Wait) int {
	if w.For == dialogue.ForTalk {
		return w.Asked
	}
	return w.Serial
}

// print writes what a turn does, as it is heard.
func (s *scene) print(t *testing.T, b *strings.Builder) {
	t.Helper()
	if s.turn.Ignored {
		b.WriteString("  (ignored)\n")
		return
	}
	for _, a := range s.turn.Actions {
		switch a.Kind {
		case dialogue.Say:
			r, err := s.voice.Render(a.Say)
			require.NoError(t, err, "%s", a.Say.ID)
			fmt.Fprintf(b, "  «%s» %s\n", r.Words, a.Say.ID)
		case dialogue.Request:
			fmt.Fprintf(b, "  %s %s %s\n", map[bool]string{false: "asks", true: "tells"}[a.Told], a.Request, a.Payload)
		case dialogue.Ring:
			fmt.Fprintf(b, "  rings %s for %v\n", a.Agent, a.For)
		case dialogue.Connect:
			fmt.Fprintf(b, "  connects %s%s\n", map[bool]string{false: "the caller, "}[a.Apart], s.agents(a.Legs))
		case dialogue.Place, dialogue.Record:
			fmt.Fprintf(b, "  %ss for at most %v\n", a.Kind, a.For)
		default:
			fmt.Fprintf(b, "  %s\n", a.Kind)
		}
	}
	if s.turn.Ended {
		b.WriteString("  -- the end\n")
		return
	}
	w := s.turn.Wait
	fmt.Fprintf(b, "  … %s", w.For)
	if w.Limit > 0 {
		fmt.Fprintf(b, ", at most %v", w.Limit)
	}
	for _, leg := range w.Legs {
		fmt.Fprintf(b, ", with %s", s.rung[leg])
	}
	if c := w.Collect; c != nil {
		fmt.Fprintf(b, ", %d keys", c.Max)
		if c.First > 0 {
			fmt.Fprintf(b, " within %v", c.First)
		}
	}
	if w.Turn {
		b.WriteString(", or an agent")
	}
	b.WriteString("\n")
}

// agents names the agents whose telephones are the legs.
func (s *scene) agents(legs []int) string {
	var names []string
	for _, leg := range legs {
		names = append(names, s.rung[leg])
	}
	return strings.Join(names, ", ")
}

func TestTranscripts(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			tr := readTranscript(t, path)
			var b strings.Builder
			b.WriteString(strings.TrimRight(strings.Join(tr.head, "\n"), "\n") + "\n\n")
			s := newScene(t, tr.head)
			s.print(t, &b)
			for _, line := range tr.inputs {
				b.WriteString("> " + line + "\n")
				s.feed(t, s.parse(t, line))
				s.print(t, &b)
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
				return
			}
			require.Equal(t, string(want), b.String(), "go test ./internal/flow -update writes it anew")
		})
	}
}

// Whoever hangs up, at whatever question, leaves a conversation that comes to
// its end and says nothing more.
func TestHangupAtEachQuestion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *scene) {
		if s.turn.Ended {
			return
		}
		s.feed(t, dialogue.Input{Kind: dialogue.Hangup, Cause: 16})
		for range 10 {
			for _, a := range s.turn.Actions {
				require.Contains(t, []dialogue.ActionKind{dialogue.Request, dialogue.Drop}, a.Kind, "after the caller hung up")
			}
			if s.turn.Ended {
				return
			}
			require.Equal(t, dialogue.ForAnswer, s.turn.Wait.For)
			s.feed(t, dialogue.Input{Kind: dialogue.Answer, Serial: s.turn.Wait.Serial, Answer: json.RawMessage("{}")})
		}
		require.Fail(t, "the conversation does not end")
	})
}

// A call that is taken up again, at whatever question, asks it again.
func TestResumeAtEachQuestion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *scene) {
		if s.turn.Ended {
			return
		}
		before := s.turn
		s.feed(t, dialogue.Input{Kind: dialogue.Resumed})
		require.Equal(t, before.Wait.For, s.turn.Wait.For)
		require.Equal(t, before.Wait.Serial, s.turn.Wait.Serial, "a request or leg keeps its name")
		require.NotEmpty(t, s.turn.Actions)
		if before.Wait.For == dialogue.ForEntry {
			require.Equal(t, dialogue.Say, s.turn.Actions[len(s.turn.Actions)-1].Kind)
		}
	})
}

// each plays every transcript to each of its questions.
func each(t *testing.T, f func(*testing.T, *scene)) {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	for _, path := range paths {
		tr := readTranscript(t, path)
		for n := range len(tr.inputs) + 1 {
			t.Run(fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(path), ".txt"), n), func(t *testing.T) {
				t.Parallel()
				s := newScene(t, tr.head)
				for _, line := range tr.inputs[:n] {
					s.feed(t, s.parse(t, line))
				}
				if s.turn.Ignored {
					return
				}
				f(t, s)
			})
		}
	}
}
