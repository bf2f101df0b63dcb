package ear

import (
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// voice invents audio that differs in every frame, after some silence.
func voice(seed uint64, silence, audible, tail time.Duration) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	alaw := quiet(silence)
	for range samples(audible) {
		alaw = append(alaw, Encode(int16(r.NormFloat64()*3000)))
	}
	return append(alaw, quiet(tail)...)
}

func samples(d time.Duration) int { return int(d * Rate / time.Second) }

func quiet(d time.Duration) []byte {
	b := make([]byte, samples(d))
	for i := range b {
		b[i] = Silence
	}
	return b
}

func tone(hz float64, d time.Duration) []byte {
	b := make([]byte, samples(d))
	for i := range b {
		b[i] = Encode(int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/Rate)))
	}
	return b
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

const ms = time.Millisecond

func memory(recordings map[string][]byte) fs.FS {
	m := fstest.MapFS{}
	for name, alaw := range recordings {
		m["it/"+name+".alaw"] = &fstest.MapFile{Data: alaw}
	}
	return m
}

// start is the time of the first packet in these tests.
func start() time.Time { return time.Date(2027, 2, 15, 13, 0, 0, 0, time.UTC) }

// line feeds audio as packets of 20 ms, one every 20 ms.
type line struct {
	*Listener
	now time.Time
}

func newLine(t *testing.T, recordings map[string][]byte) *line {
	t.Helper()
	e, err := NewEar(memory(recordings))
	require.NoError(t, err)
	return &line{NewListener(e), start()}
}

func (l *line) play(alaw []byte) {
	for len(alaw) > 0 {
		n := min(FrameSize, len(alaw))
		l.Feed(l.now, alaw[:n], 0)
		alaw = alaw[n:]
		l.now = l.now.Add(20 * ms)
	}
}

func TestALawIsItsOwnInverse(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		assert.Equal(t, byte(b), Encode(Decode(byte(b))), "byte %#x", b)
	}
	assert.Equal(t, int16(8), Decode(Silence))
	assert.Equal(t, int16(32256), Decode(0xAA), "the largest value of G.711")
	assert.Equal(t, byte(0xAA), Encode(math.MaxInt16))
	assert.Equal(t, byte(0x2A), Encode(math.MinInt16))
	for s := -32768; s <= 32767; s += 7 {
		got := float64(Decode(Encode(int16(s))))
		assert.InDelta(t, float64(s), got, math.Max(16, math.Abs(float64(s))/16), "sample %d", s)
	}
}

func TestPitch(t *testing.T) {
	t.Parallel()
	for _, hz := range []float64{200, 425, 440, 941, 1000, 1400, 2100, 3000, 3400} {
		got, ok := Pitch(tone(hz, 20*ms))
		assert.True(t, ok, "%v Hz", hz)
		assert.InDelta(t, hz, got, 10)
	}
	_, ok := Pitch(voice(1, 0, 20*ms, 0))
	assert.False(t, ok, "noise is no tone")
	_, ok = Pitch(quiet(20 * ms))
	assert.False(t, ok, "silence is no tone")
	_, ok = Pitch(nil)
	assert.False(t, ok)
}

func TestNewEarSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := NewEar(fstest.MapFS{"it/readme.txt": &fstest.MapFile{}})
	assert.ErrorContains(t, err, "NAME.alaw")
}

func TestRecognises(t *testing.T) {
	t.Parallel()
	menu := voice(1, 60*ms, 900*ms, 100*ms)
	bye := voice(2, 0, 500*ms, 0)
	shared := voice(3, 20*ms, 300*ms, 0)
	ragged := voice(4, 0, 333*ms, 0)
	one := join(shared, voice(5, 0, 200*ms, 0))
	two := join(shared, voice(6, 0, 200*ms, 0))
	beep := tone(1000, 600*ms)
	recordings := map[string][]byte{
		"menu": menu, "bye": bye, "bye-again": bye, "one": one, "two": two,
		"short": shared, "ragged": ragged, "beep": beep, "silence": quiet(time.Second),
	}
	whole := func(name string, alaw []byte, alike ...string) Heard {
		return Heard{Recording: name, To: length(int64(len(alaw))), Complete: true, Alike: alike}
	}
	cases := []struct {
		name string
		says []byte
		want []Heard
	}{
		{"one recording", menu, []Heard{whole("menu", menu)}},
		{"after silence", join(quiet(700*ms), menu), []Heard{whole("menu", menu)}},
		{"two in a row", join(menu, bye), []Heard{whole("menu", menu), whole("bye", bye, "bye-again")}},
		{"the same twice", join(menu, menu), []Heard{whole("menu", menu), whole("menu", menu)}},
		{"cut short", menu[:samples(400*ms)], []Heard{{Recording: "menu", To: 400 * ms}}},
		{"barged in", join(menu[:samples(400*ms)], bye), []Heard{{Recording: "menu", To: 400 * ms}, whole("bye", bye, "bye-again")}},
		{"cut in its silent end", menu[:samples(1000*ms)], []Heard{{Recording: "menu", To: 1000 * ms, Complete: true}}},
		{"joined in the middle", menu[samples(400*ms):], []Heard{{Recording: "menu", From: 400 * ms, To: 1060 * ms}}},
		{"shared beginning, first", one, []Heard{whole("one", one)}},
		{"shared beginning, second", join(two, quiet(100*ms)), []Heard{whole("two", two)}},
		{"shared beginning, cut", shared[:samples(100*ms)], []Heard{{Recording: "short", To: 100 * ms, Alike: []string{"one", "two"}}}},
		{"the shared part alone", join(shared, quiet(100*ms)), []Heard{whole("short", shared)}},
		{"the shared part, then another", join(shared, bye), []Heard{whole("short", shared), whole("bye", bye, "bye-again")}},
		{"odd length, then another", join(ragged, menu), []Heard{whole("ragged", ragged), whole("menu", menu)}},
		{"odd length twice, then another", join(ragged, ragged, bye), []Heard{whole("ragged", ragged), whole("ragged", ragged), whole("bye", bye, "bye-again")}},
		{"packets out of step", join(quiet(33*ms), menu), []Heard{whole("menu", menu)}},
		{"all frames alike", join(beep, quiet(100*ms)), []Heard{whole("beep", beep)}},
		{"a tone that is none of ours", tone(440, 500*ms), []Heard{{Kind: KindTone, Tone: 440, To: 500 * ms, Complete: true}}},
		{"unknown, then known", join(voice(99, 0, 400*ms, 0), menu), []Heard{{Kind: KindUnknown, To: 400 * ms, Complete: true}, whole("menu", menu)}},
		{"a click is not worth telling", join(voice(99, 0, 60*ms, 0), quiet(300*ms)), nil},
		{"unknown turns into a tone", join(voice(99, 0, 400*ms, 0), tone(700, 300*ms)), []Heard{{Kind: KindUnknown, To: 400 * ms, Complete: true}, {Kind: KindTone, Tone: 700, To: 300 * ms, Complete: true}}},
		{"tone after tone", join(tone(440, 300*ms), tone(1200, 300*ms)), []Heard{{Kind: KindTone, Tone: 440, To: 320 * ms, Complete: true}, {Kind: KindTone, Tone: 1200, To: 280 * ms, Complete: true}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, recordings)
			l.play(c.says)
			l.Pause()
			require.Len(t, l.Heard(), len(c.want), "%+v", l.Heard())
			for i, got := range l.Heard() {
				want := c.want[i]
				assert.Equal(t, want.Kind, got.Kind)
				assert.Equal(t, want.Recording, got.Recording)
				assert.ElementsMatch(t, want.Alike, got.Alike)
				assert.InDelta(t, want.Tone, got.Tone, 10)
				assert.Equal(t, want.From, got.From, "from")
				assert.Equal(t, want.To, got.To, "to")
				assert.Equal(t, want.Complete, got.Complete, "complete")
			}
		})
	}
}

func TestTimesOfWhatIsHeard(t *testing.T) {
	t.Parallel()
	l := newLine(t, map[string][]byte{"menu": voice(1, 60*ms, 900*ms, 0)})
	l.play(quiet(200 * ms))
	l.play(voice(1, 60*ms, 900*ms, 0))
	l.Pause()
	require.Len(t, l.Heard(), 1)
	assert.Equal(t, start().Add(200*ms), l.Heard()[0].At, "its own silence belongs to it")
	at, ok := l.VoiceAfter(start())
	require.True(t, ok)
	assert.Equal(t, start().Add(260*ms), at)
	assert.Equal(t, start().Add(200*ms+940*ms), l.LastVoice())
}

func TestVoiceAfterIsOfAnotherVoice(t *testing.T) {
	t.Parallel()
	menu := join(voice(1, 0, 300*ms, 100*ms), voice(2, 0, 600*ms, 0)) // with a breath inside
	bye := voice(3, 40*ms, 500*ms, 0)
	l := newLine(t, map[string][]byte{"menu": menu, "bye": bye})
	l.play(menu[:samples(200*ms)])
	key := l.now.Add(ms)
	l.now = l.now.Add(5 * ms)
	l.play(menu[samples(200*ms):samples(800*ms)])
	_, ok := l.VoiceAfter(key)
	assert.False(t, ok, "the old prompt that plays on is no answer")
	answer := l.now
	l.play(bye)
	at, ok := l.VoiceAfter(key)
	require.True(t, ok)
	assert.Equal(t, answer.Add(40*ms), at)
	l.play(quiet(300 * ms))
	other := l.now
	l.play(voice(77, 0, 300*ms, 0))
	at, ok = l.VoiceAfter(other.Add(-ms))
	require.True(t, ok)
	assert.Equal(t, other, at, "an unknown voice")
}

func TestLostPackets(t *testing.T) {
	t.Parallel()
	menu := voice(1, 60*ms, 900*ms, 0)
	bye := voice(2, 0, 500*ms, 0)
	for lost := range len(menu) / FrameSize {
		t.Run(fmt.Sprint("frame ", lost), func(t *testing.T) {
			t.Parallel()
			l := newLine(t, map[string][]byte{"menu": menu, "bye": bye})
			gap := 0
			for i, alaw := 0, join(menu, bye); len(alaw) > 0; i, alaw = i+1, alaw[FrameSize:] {
				if i == lost {
					gap = FrameSize
				} else {
					l.Feed(l.now, alaw[:FrameSize], gap)
					gap = 0
				}
				l.now = l.now.Add(20 * ms)
			}
			l.Pause()
			require.Len(t, l.Heard(), 2, "%+v", l.Heard())
			assert.Equal(t, "menu", l.Heard()[0].Recording)
			assert.Equal(t, 960*ms, l.Heard()[0].To)
			assert.Equal(t, lost != 3, l.Heard()[0].Complete, "all but the first audible frame may be missing")
			assert.Equal(t, "bye", l.Heard()[1].Recording)
			assert.True(t, l.Heard()[1].Complete)
		})
	}
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	menu := voice(1, 0, 900*ms, 0)
	l := newLine(t, map[string][]byte{"menu": menu})
	_, ok := l.Current()
	assert.False(t, ok)
	assert.False(t, l.Busy())
	l.play(menu[:samples(500*ms)])
	now, ok := l.Current()
	require.True(t, ok)
	assert.Equal(t, "menu", now.Recording)
	assert.Equal(t, 500*ms, now.To)
	assert.False(t, now.Complete)
	assert.True(t, l.Busy())
	l.play(tone(440, 200*ms))
	now, ok = l.Current()
	require.True(t, ok)
	assert.Equal(t, KindTone, now.Kind)
	assert.InDelta(t, 440, now.Tone, 5)
}

func TestListenerWithoutEar(t *testing.T) {
	t.Parallel()
	l := &line{NewListener(nil), start()}
	l.play(voice(1, 0, 400*ms, 0))
	l.play(tone(440, 400*ms))
	l.Pause()
	require.Len(t, l.Heard(), 2)
	assert.Equal(t, KindUnknown, l.Heard()[0].Kind)
	assert.Equal(t, KindTone, l.Heard()[1].Kind)
}

// A long call needs no more memory than its list of sounds.
func TestPastIsForgotten(t *testing.T) {
	t.Parallel()
	menu := voice(1, 40*ms, 900*ms, 60*ms)
	l := newLine(t, map[string][]byte{"menu": menu})
	for range 120 {
		l.play(menu)
	}
	require.Len(t, l.Heard(), 120)
	for _, h := range l.Heard() {
		assert.True(t, h.Complete)
	}
	assert.LessOrEqual(t, cap(l.past), 4*kept)
}

func FuzzListener(f *testing.F) {
	menu := voice(1, 60*ms, 300*ms, 20*ms)
	f.Add(menu[:700], uint8(160), uint8(0))
	f.Add(menu[100:900], uint8(33), uint8(3))
	e, err := NewEar(memory(map[string][]byte{
		"menu": menu, "part": menu[:samples(200*ms)], "beep": tone(1000, 100*ms), "odd": voice(3, 0, 77*ms, 0),
	}))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, audio []byte, size, lose uint8) {
		l := NewListener(e)
		now := start()
		size = max(size, 1)
		for i := 0; len(audio) > 0; i++ {
			n := min(int(size), len(audio))
			lost := 0
			if lose > 0 && i%int(lose) == 0 {
				lost = n
			}
			l.Feed(now, audio[:n], lost)
			audio = audio[n:]
			now = now.Add(20 * ms)
		}
		l.Pause()
		for _, h := range l.Heard() {
			require.LessOrEqual(t, h.From, h.To)
			require.Equal(t, h.Kind == KindRecording, h.Recording != "")
		}
	})
}

func BenchmarkFeed(b *testing.B) {
	menu := voice(1, 60*ms, 5*time.Second, 0)
	e, err := NewEar(memory(map[string][]byte{"menu": menu}))
	require.NoError(b, err)
	for name, audio := range map[string][]byte{"known": menu, "unknown": voice(9, 0, 5*time.Second, 0), "silence": quiet(time.Second)} {
		b.Run(name, func(b *testing.B) {
			l, now, at := NewListener(e), start(), 0
			b.ReportAllocs()
			for b.Loop() {
				if at+FrameSize > len(audio) {
					at = 0
				}
				l.Feed(now, audio[at:at+FrameSize], 0)
				at += FrameSize
			}
		})
	}
}
