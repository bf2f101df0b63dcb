package town

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"richiamo/internal/speech"
)

// Voice is a catalogue made quick for many calls: it remembers what it has
// rendered, and knows of which prompt a recording is a part. It may be shared by
// worlds that run at the same time.
type Voice struct {
	*speech.Catalogue
	lasts   map[speech.Recording]time.Duration
	prompts map[speech.Recording]speech.ID

	mu       sync.RWMutex
	rendered map[string]speech.Rendered // of utterances without slots, by prompt
}

// LoadVoice reads a language as speech.Load does.
func LoadVoice(fsys fs.FS, lang string) (*Voice, error) {
	catalogue, err := speech.Load(fsys, lang)
	if err != nil {
		return nil, fmt.Errorf("the voice of the simulation: %w", err)
	}
	v := &Voice{
		Catalogue: catalogue, lasts: map[speech.Recording]time.Duration{},
		prompts: map[speech.Recording]speech.ID{}, rendered: map[string]speech.Rendered{},
	}
	ids := catalogue.IDs()
	for _, p := range catalogue.Pieces() {
		v.lasts[p.Recording] = catalogue.Duration(p.Recording)
		longest := 0
		for _, id := range ids {
			name := strings.ReplaceAll(string(id), ".", "-")
			rest, ok := strings.CutPrefix(string(p.Recording), name)
			if ok && (rest == "" || rest[0] == '-') && len(name) > longest {
				v.prompts[p.Recording], longest = id, len(name)
			}
		}
	}
	return v, nil
}

// Render implements call.Voice.
func (v *Voice) Render(u speech.Utterance) (speech.Rendered, error) {
	if len(u.Slots) > 0 {
		return v.Catalogue.Render(u)
	}
	v.mu.RLock()
	r, ok := v.rendered[string(u.ID)]
	v.mu.RUnlock()
	if ok {
		return r, nil
	}
	r, err := v.Catalogue.Render(u)
	if err != nil {
		return r, err
	}
	// Callers may append to what they get, but not to what others got.
	r.Before, r.After = r.Before[:len(r.Before):len(r.Before)], r.After[:len(r.After):len(r.After)]
	v.mu.Lock()
	v.rendered[string(u.ID)] = r
	v.mu.Unlock()
	return r, nil
}

// Total implements call.Voice.
func (v *Voice) Total(list []speech.Recording) (total time.Duration) {
	for _, r := range list {
		total += v.lasts[r]
	}
	return total
}

// Said is a prompt within a playback: what it is, and when its last recording
// is heard to the end, from the beginning of the playback.
type Said struct {
	Prompt speech.ID
	Till   time.Duration
}

// Listen tells which prompts are in a list of recordings, the figures read out
// between their parts, and how long it all is.
func (v *Voice) Listen(media []string) (said []Said, figures string, total time.Duration) {
	var digits []byte
	for _, name := range media {
		r := speech.Recording(name)
		total += v.lasts[r]
		if id, ok := v.prompts[r]; ok {
			if n := len(said); n > 0 && said[n-1].Prompt == id {
				said[n-1].Till = total
			} else {
				said = append(said, Said{Prompt: id, Till: total})
			}
			continue
		}
		if d, ok := strings.CutPrefix(name, "digit-"); ok && (len(d) == 1 || strings.HasSuffix(d, "-end")) {
			digits = append(digits, d[0])
			if n := len(said); n > 0 {
				said[n-1].Till = total
			}
		}
	}
	return said, string(digits), total
}
