package call_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// news is how long a caller hears nothing but music.
const news = 75 * time.Second

// waiting holds the line, with a word now and then.
var waiting = dialogue.Script{Name: "waiting", Version: 1, Flow: func(c *dialogue.Conversation) {
	c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
	for {
		hold := func() { c.Do(dialogue.Action{Kind: dialogue.Hold}) }
		hold()
		c.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true, Limit: news}, hold)
		c.Say(speech.WaitAlive)
	}
}}

// playWaiting runs a test with a caller who waits, on an exchange that refuses the
// first so many requests for music. The instants of all of them are in tries.
func playWaiting(t *testing.T, refusals int, f func(s *stage, tries func() []time.Duration)) {
	t.Helper()
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		s.more = []dialogue.Script{waiting}
		s.start()
		var asked []time.Duration
		began := time.Now()
		s.x.mu.Lock()
		s.script = waiting.Name
		s.x.fail = func(c call.Command) error {
			if c.Op != call.DoMusic {
				return nil
			}
			if asked = append(asked, time.Since(began).Round(time.Second)); len(asked) <= refusals {
				return errors.New("the exchange does not answer")
			}
			return nil
		}
		s.x.mu.Unlock()
		s.calls(maria, "0212345678")
		f(s, func() []time.Duration {
			s.x.mu.Lock()
			defer s.x.mu.Unlock()
			return asked
		})
	})
}

// Music that the exchange refuses is tried again, soon at first.
func TestMusicThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	playWaiting(t, 2, func(s *stage, tries func() []time.Duration) {
		s.listen(time.Minute)
		assert.Equal(t, []time.Duration{0, 1 * time.Second, 3 * time.Second}, tries())
		assert.Equal(t, []string{"music"}, s.heard())
	})
}

// An exchange that has no music at all is not asked for ever, but again with each
// news.
func TestMusicThatNeverComes(t *testing.T) {
	t.Parallel()
	playWaiting(t, 1000, func(s *stage, tries func() []time.Duration) {
		s.listen(news - time.Second)
		require.Equal(t, []time.Duration{0, 1 * time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}, tries())
		s.listen(20 * time.Second)
		assert.Greater(t, len(tries()), 6, "behind the news")
	})
}

// What is said, and the end of the line, end the asking.
func TestMusicIsNotTriedOverWords(t *testing.T) {
	t.Parallel()
	playWaiting(t, 1000, func(s *stage, tries func() []time.Duration) {
		s.listen(6500 * time.Millisecond)
		require.NoError(t, s.runner.Turn(maria, "agent1")) // half a second before the next one
		s.listen(time.Second)
		assert.Contains(t, s.heard(), "wait-alive-1")
		assert.Len(t, tries(), 3, "the voice speaks")
		s.listen(5 * time.Second)
		assert.Greater(t, len(tries()), 3, "and music again behind it")
		s.hangsUp(maria)
		before := len(tries())
		s.listen(news)
		assert.Len(t, tries(), before)
	})
}
