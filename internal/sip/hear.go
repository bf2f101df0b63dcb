package sip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"richiamo/internal/sip/ear"
)

// Heard is one sound that was heard from its first to its last byte: a
// recording, a tone, or unknown audio. See [ear.Heard].
type Heard = ear.Heard

// The kinds of sounds.
const (
	KindRecording = ear.KindRecording
	KindTone      = ear.KindTone
	KindUnknown   = ear.KindUnknown
)

// sameTone is the part of its pitch by which a tone may be off, and toneSlack
// the Hz that are always allowed.
const (
	sameTone  = 0.02
	toneSlack = 10
)

// stillSounds is how long after its last packet a voice or tone is still taken
// as sounding: packets come every 20 ms, but not to the millisecond.
const stillSounds = 100 * time.Millisecond

// Hearing is what a call hears at one moment.
type Hearing struct {
	Recording string        // the recording that sounds now, once it can be no other; else ""
	Offset    time.Duration // how far it has come
	Tone      float64       // Hz of a steady tone that sounds now; else 0
	Voice     bool          // something audible came in the last 100 ms
	LastVoice time.Time     // when something audible came last; zero if nothing has
	Silence   time.Duration // for how long nothing audible has come; since the answer if nothing has
	Keys      string        // all keys that the other side has pressed
	Packets   int           // RTP packets that came
	Lost      int           // RTP packets that did not
}

// Hears returns what is heard now.
func (c *Call) Hears() Hearing {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := Hearing{
		LastVoice: c.listener.LastVoice(), Silence: c.silence(time.Now()),
		Keys: string(c.keys), Packets: c.received.packets, Lost: c.received.lost,
	}
	h.Voice = !h.LastVoice.IsZero() && h.Silence < stillSounds
	if now, ok := c.listener.Current(); ok && now.Kind == KindRecording {
		h.Recording, h.Offset = now.Recording, now.To
	}
	h.Tone, _ = c.tone(time.Now())
	return h
}

// tone is the steady tone that sounds now. The caller holds mu.
func (c *Call) tone(now time.Time) (hz float64, ok bool) {
	sound, ok := c.listener.Current()
	if !ok || sound.Kind != KindTone || c.silence(now) >= stillSounds {
		return 0, false
	}
	return sound.Tone, true
}

// silence is for how long nothing audible has come. The caller holds mu.
func (c *Call) silence(now time.Time) time.Duration {
	if c.ended {
		now = c.endedAt
	}
	last := c.listener.LastVoice()
	if last.IsZero() {
		last = c.answered
	}
	return now.Sub(last)
}

// Sounds returns what was heard so far and has ended, oldest first.
func (c *Call) Sounds() []Heard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.listener.Heard())
}

// Events gives each sound when it has ended, from the call's first one on, in
// order, and closes after the last one of an ended call. Each call of Events
// makes a channel of its own; what is still in it when the phone closes may be
// lost.
func (c *Call) Events() <-chan Heard {
	leave, err := c.phone.enter()
	if err != nil {
		sounds := c.Sounds()
		out := make(chan Heard, len(sounds))
		for _, h := range sounds {
			out <- h
		}
		close(out)
		return out
	}
	out := make(chan Heard, 64)
	go func() {
		defer leave()
		defer close(out)
		for told := 0; ; {
			c.mu.Lock()
			sounds, changed, ended := c.listener.Heard(), c.changed, c.ended
			c.mu.Unlock()
			for ; told < len(sounds); told++ {
				select {
				case out <- sounds[told]:
				case <-c.phone.ctx.Done():
					return
				}
			}
			if ended {
				return
			}
			<-changed // an ending call changes too, and every call ends with its phone
		}
	}()
	return out
}

// await waits until check holds. It looks again whenever something new was heard
// and, if check asks for it, after a time. check is called with mu held.
func (c *Call) await(ctx context.Context, check func(now time.Time) (ok bool, again time.Duration)) error {
	for {
		c.mu.Lock()
		ok, again := check(time.Now())
		changed, ended := c.changed, c.ended
		c.mu.Unlock()
		if ok {
			return nil
		}
		if ended {
			return ErrEnded
		}
		var later <-chan time.Time
		if again > 0 {
			later = time.After(again)
		}
		select {
		case <-changed:
		case <-later:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitHeard waits until a recording is heard: it returns as soon as what sounds
// can be no other one, without waiting for its end. Each call goes on after the
// sound that the last one found, so two calls in a row wait for the recording to
// be heard twice.
func (c *Call) WaitHeard(ctx context.Context, recording string) error {
	err := c.await(ctx, func(time.Time) (bool, time.Duration) {
		sounds := c.listener.Heard()
		for i := c.heardTo; i < len(sounds); i++ {
			if sounds[i].Names(recording) {
				c.heardTo = i + 1
				return true, 0
			}
		}
		if now, ok := c.listener.Current(); ok && c.heardTo <= len(sounds) && now.Names(recording) {
			c.heardTo = len(sounds) + 1
			return true, 0
		}
		return false, 0
	})
	if err != nil {
		return fmt.Errorf("wait for the recording %q: %w", recording, err)
	}
	return nil
}

// WaitSilence waits until nothing audible has come for d, which may be so
// already: a prompt has ended.
func (c *Call) WaitSilence(ctx context.Context, d time.Duration) error {
	err := c.await(ctx, func(now time.Time) (bool, time.Duration) {
		silent := c.silence(now)
		return silent >= d, max(d-silent, time.Millisecond)
	})
	if err != nil {
		return fmt.Errorf("wait for %v of silence: %w", d, err)
	}
	return nil
}

// WaitTone waits until a steady tone of about this pitch sounds (2 % or 10 Hz
// off at most).
func (c *Call) WaitTone(ctx context.Context, hz float64) error {
	err := c.await(ctx, func(now time.Time) (bool, time.Duration) {
		heard, ok := c.tone(now)
		if !ok {
			return false, 0
		}
		// The pitch settles within its first frames: look again while it is near.
		return math.Abs(heard-hz) <= max(sameTone*hz, toneSlack), frameTime
	})
	if err != nil {
		return fmt.Errorf("wait for a tone of %g Hz: %w", hz, err)
	}
	return nil
}

// WaitKeys waits until the other side has pressed these keys, one right after
// the other. Each call goes on after the keys that the last one found.
func (c *Call) WaitKeys(ctx context.Context, keys string) error {
	err := c.await(ctx, func(time.Time) (bool, time.Duration) {
		for i := c.keysTo; i+len(keys) <= len(c.keys); i++ {
			if string(c.keys[i:i+len(keys)]) == keys {
				c.keysTo = i + len(keys)
				return true, 0
			}
		}
		return false, 0
	})
	if err != nil {
		return fmt.Errorf("wait for %d keys of the other side: %w", len(keys), err)
	}
	return nil
}

// FirstVoiceAfter waits for the first audible packet after t that does not go on
// from what was sounding at t, and returns how long after t it came. With t from
// [Call.Mark] that is how long an answer to a key takes. Recordings that the ear
// does not know are told apart by a silence of 200 ms or by their pitch only.
func (c *Call) FirstVoiceAfter(ctx context.Context, t time.Time) (time.Duration, error) {
	if c.phone.cfg.Deaf {
		return 0, errors.New("this phone is deaf: it can measure no answer")
	}
	var took time.Duration
	err := c.await(ctx, func(time.Time) (bool, time.Duration) {
		at, ok := c.listener.VoiceAfter(t)
		took = at.Sub(t)
		return ok, 0
	})
	if err != nil {
		return 0, fmt.Errorf("wait for the next voice: %w", err)
	}
	return took, nil
}

// waitPromptEnd waits until something audible has come after a moment and then
// nothing for d, no recording being under way.
func (c *Call) waitPromptEnd(ctx context.Context, after time.Time, d time.Duration) error {
	return c.await(ctx, func(now time.Time) (bool, time.Duration) {
		_, sounding := c.listener.Current()
		if !c.listener.LastVoice().After(after) || sounding {
			return false, 2 * frameTime
		}
		silent := c.silence(now)
		return silent >= d, max(d-silent, time.Millisecond)
	})
}

// WAV writes what was heard since the answer as a WAV file: 8 kHz, mono, 16 bit.
func (c *Call) WAV(w io.Writer) error {
	c.mu.Lock()
	until := time.Now()
	if c.ended {
		until = c.endedAt
	}
	c.fill(c.due(until))
	alaw := slices.Clone(c.alaw)
	c.mu.Unlock()

	const header = 44
	file := make([]byte, header, header+2*len(alaw))
	copy(file, "RIFF")
	binary.LittleEndian.PutUint32(file[4:], uint32(header-8+2*len(alaw)))
	copy(file[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(file[16:], 16)         // length of the format
	binary.LittleEndian.PutUint16(file[20:], 1)          // PCM
	binary.LittleEndian.PutUint16(file[22:], 1)          // mono
	binary.LittleEndian.PutUint32(file[24:], ear.Rate)   // samples a second
	binary.LittleEndian.PutUint32(file[28:], 2*ear.Rate) // bytes a second
	binary.LittleEndian.PutUint16(file[32:], 2)          // bytes a sample
	binary.LittleEndian.PutUint16(file[34:], 16)         // bits a sample
	copy(file[36:], "data")
	binary.LittleEndian.PutUint32(file[40:], uint32(2*len(alaw)))
	for _, b := range alaw {
		file = binary.LittleEndian.AppendUint16(file, uint16(ear.Decode(b)))
	}
	if _, err := w.Write(file); err != nil {
		return fmt.Errorf("write what was heard: %w", err)
	}
	return nil
}
