package call

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// Between the last word and the end of a call there is as much silence as is
// wanted, and none where nothing was said or none is wanted.
func TestScoreBeforeTheEnd(t *testing.T) {
	t.Parallel()
	voice, err := speech.Load(prompts.FS(), "it")
	require.NoError(t, err)
	say := dialogue.Action{Kind: dialogue.Say, Say: speech.Say(speech.GoodbyeThanks)}
	end := dialogue.Action{Kind: dialogue.Finish}
	words, err := voice.Render(say.Say)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		actions []dialogue.Action
		tail    time.Duration
		want    []speech.Recording
	}{
		"a second":        {[]dialogue.Action{say, end}, time.Second, append(words.Before[:len(words.Before):len(words.Before)], "silence-1000")},
		"none":            {[]dialogue.Action{say, end}, 0, words.Before},
		"nothing is said": {[]dialogue.Action{end}, time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts, err := score(voice, dialogue.Turn{Actions: c.actions, Ended: true}, 0, c.tail)
			require.NoError(t, err)
			var heard []speech.Recording
			for _, p := range parts {
				heard = append(heard, p.media...)
			}
			require.Equal(t, c.want, heard)
			require.Equal(t, end, parts[len(parts)-1].action)
		})
	}
}
