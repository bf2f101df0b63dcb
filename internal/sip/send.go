package sip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"richiamo/internal/sip/ear"
)

// frameTime is the length of one audio packet.
const frameTime = 20 * time.Millisecond

// KeyTiming says how keys are pressed. Zero values take the defaults.
type KeyTiming struct {
	On  time.Duration // how long a key is held, in steps of 20 ms; default 100 ms
	Off time.Duration // the least time between two keys, in steps of 20 ms; default 140 ms

	// Ends is how many end packets are sent (RFC 4733, 2.5.1.4); default 3. Fewer
	// or more show how the other side takes losses and repetitions; -1 sends none,
	// as if all of them were lost.
	Ends int
}

func (k KeyTiming) withDefaults() KeyTiming {
	if k.On == 0 {
		k.On = 100 * time.Millisecond
	}
	if k.Off == 0 {
		k.Off = 140 * time.Millisecond
	}
	if k.Ends == 0 {
		k.Ends = 3
	}
	return k
}

// keyNames are the keys in the order of their event numbers (RFC 4733, 3.2).
const keyNames = "0123456789*#ABCD"

// A task is what the sender is asked to do beside its steady sound: to press
// keys or to play a recording once.
type task struct {
	keys    []byte // event numbers still to press
	timing  KeyTiming
	audio   []byte // A-law still to play
	dropped atomic.Bool
	done    chan struct{}
}

// A sender is the one goroutine that paces a call's outgoing packets. All fields
// below tasks belong to it.
type sender struct {
	conn  *net.UDPConn
	to    atomic.Pointer[description]
	quiet bool
	tone  atomic.Uint64             // bits of the steady tone's Hz; 0: silence
	mark  atomic.Pointer[time.Time] // end of the last key; nil: no key yet
	wake  chan struct{}             // a tone was set
	tasks chan *task

	task  *task
	epoch time.Time // when frame number 0 was due
	sent  int64     // frames due so far that were dealt with
	off   int       // frames until the next key may begin
	event keyEvent
	phase float64 // of the steady tone
	fresh bool    // the next audio packet is the first after a pause
	head  rtp.Header
	frame [ear.FrameSize]byte
	out   [12 + ear.FrameSize]byte
}

// keyEvent is the key being pressed.
type keyEvent struct {
	active bool
	number byte
	start  uint32 // RTP timestamp, the same in all its packets
	frames int    // packets sent so far
	total  int
}

func newSender(conn *net.UDPConn, quiet bool) *sender {
	return &sender{
		conn: conn, quiet: quiet, fresh: true,
		wake:  make(chan struct{}, 1),
		tasks: make(chan *task),
		head: rtp.Header{
			Version: 2, SSRC: rand.Uint32(), Timestamp: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()),
		},
	}
}

// redirect sends to another address, or with another number for keys, from now on.
func (s *sender) redirect(d description) { s.to.Store(&d) }

// setTone changes the steady sound; 0 is silence.
func (s *sender) setTone(hz float64) {
	s.tone.Store(math.Float64bits(hz))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// idle tells whether nothing is to be sent at all.
func (s *sender) idle() bool {
	return s.quiet && s.task == nil && s.off == 0 && s.tone.Load() == 0
}

// run sends until the call is over.
func (s *sender) run(over <-chan struct{}) {
	ticker := time.NewTicker(frameTime)
	defer ticker.Stop()
	s.epoch = time.Now()
	for {
		paused := s.idle()
		if paused {
			ticker.Stop()
		}
		tasks := s.tasks
		if s.task != nil {
			tasks = nil
		}
		select {
		case <-over:
			return
		case s.task = <-tasks:
		case <-s.wake:
		case <-ticker.C:
		}
		now := time.Now()
		if paused {
			s.resume(now)
			ticker.Reset(frameTime)
		}
		s.catchUp(now)
	}
}

// resume moves the timestamps over a time in which nothing was sent.
func (s *sender) resume(now time.Time) {
	s.skip(int64(now.Sub(s.epoch)/frameTime) - s.sent)
}

// skip leaves frames out.
func (s *sender) skip(frames int64) {
	if frames > 0 {
		s.sent += frames
		s.head.Timestamp += uint32(frames) * ear.FrameSize
		s.fresh = true
	}
}

// catchUp sends the frames that are due. A machine that stalled sends a few at
// once and leaves out the rest.
func (s *sender) catchUp(now time.Time) {
	const most = 10
	due := int64(now.Sub(s.epoch)/frameTime) + 1
	s.skip(due - s.sent - most)
	for s.sent < due {
		s.next()
		s.sent++
		s.head.Timestamp += ear.FrameSize
	}
}

// next sends what is due in one frame.
func (s *sender) next() {
	if s.task != nil && s.task.dropped.Load() {
		s.task.keys, s.task.audio = nil, nil
	}
	if !s.event.active && s.task != nil && len(s.task.keys) > 0 && s.off == 0 {
		s.event = keyEvent{
			active: true, number: s.task.keys[0], start: s.head.Timestamp,
			total: max(1, int(s.task.timing.On/frameTime)),
		}
		s.task.keys = s.task.keys[1:]
	}
	if s.off > 0 {
		s.off--
	}
	if s.event.active && s.event.frames < s.event.total {
		s.event.frames++
		s.sendEvent(s.event.frames == 1, false)
		return
	}
	if s.event.active {
		s.endEvent()
	}
	s.audio()
	if s.task != nil && len(s.task.keys) == 0 && len(s.task.audio) == 0 && !s.event.active {
		close(s.task.done)
		s.task = nil
	}
}

// endEvent sends the end packets of a key, in place of time that has passed.
func (s *sender) endEvent() {
	now := time.Now()
	s.mark.Store(&now)
	for range s.task.timing.Ends {
		s.sendEvent(false, true)
	}
	s.off = int(s.task.timing.Off / frameTime)
	s.event = keyEvent{}
	s.fresh = true
}

// sendEvent sends one packet of the key being pressed (RFC 4733, 2.3).
func (s *sender) sendEvent(first, last bool) {
	to := s.to.Load()
	if to.events == 0 {
		return
	}
	var payload [4]byte
	payload[0] = s.event.number
	payload[1] = 10 // volume, -10 dBm0
	if last {
		payload[1] |= 0x80
	}
	binary.BigEndian.PutUint16(payload[2:], uint16(min(s.event.frames*ear.FrameSize, math.MaxUint16)))
	head := s.head
	head.PayloadType, head.Marker, head.Timestamp = to.events, first, s.event.start
	s.send(head, payload[:])
}

// audio sends one frame of the recording, the tone, or silence.
func (s *sender) audio() {
	hz := math.Float64frombits(s.tone.Load())
	switch {
	case s.task != nil && len(s.task.audio) > 0:
		n := copy(s.frame[:], s.task.audio)
		s.task.audio = s.task.audio[n:]
		for i := n; i < len(s.frame); i++ {
			s.frame[i] = ear.Silence
		}
	case hz != 0:
		for i := range s.frame {
			s.frame[i] = ear.Encode(int16(toneLevel * math.Sin(s.phase)))
			s.phase = math.Mod(s.phase+2*math.Pi*hz/ear.Rate, 2*math.Pi)
		}
	case s.quiet:
		s.fresh = true
		return
	default:
		for i := range s.frame {
			s.frame[i] = ear.Silence
		}
	}
	head := s.head
	head.PayloadType, head.Marker = payloadALaw, s.fresh
	s.fresh = false
	s.send(head, s.frame[:])
}

// toneLevel is the amplitude of a sent tone: about -12 dB below full scale.
const toneLevel = 8000

// send writes one packet. Packets that can't be sent are lost, as on any line.
func (s *sender) send(head rtp.Header, payload []byte) {
	n, err := head.MarshalTo(s.out[:])
	if err != nil {
		return
	}
	n += copy(s.out[n:], payload)
	_, _ = s.conn.WriteToUDPAddrPort(s.out[:n], s.to.Load().addr)
	s.head.SequenceNumber++
}

// events turns keys into event numbers.
func events(keys string) ([]byte, error) {
	if keys == "" {
		return nil, errors.New("no key to press")
	}
	numbers := make([]byte, 0, len(keys))
	for _, key := range keys {
		n := strings.IndexRune(keyNames, key)
		if n < 0 {
			return nil, fmt.Errorf("a telephone has no key %q: it has 0 to 9, *, #, and A to D", key)
		}
		numbers = append(numbers, byte(n))
	}
	return numbers, nil
}

// do hands a task to the sender and waits until it is done.
func (c *Call) do(ctx context.Context, t *task) error {
	t.done = make(chan struct{})
	select {
	case c.media.send.tasks <- t:
	case <-c.done:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-t.done:
		return nil
	case <-c.done:
		return ErrEnded
	case <-ctx.Done():
		t.dropped.Store(true)
		return ctx.Err()
	}
}

// Press presses keys (0 to 9, *, #, A to D) one after the other and returns when
// the last one's end was sent. Keys pressed by several goroutines at once are
// sent one lot after the other.
func (c *Call) Press(ctx context.Context, keys string) error {
	return c.PressWith(ctx, keys, c.phone.cfg.Keys)
}

// PressWith presses keys with a timing of their own.
func (c *Call) PressWith(ctx context.Context, keys string, timing KeyTiming) error {
	numbers, err := events(keys)
	if err != nil {
		return err
	}
	if c.media.send.to.Load().events == 0 {
		return errors.New("the other side takes no keys: its session description has no telephone-event")
	}
	return c.do(ctx, &task{keys: numbers, timing: timing.withDefaults()})
}

// Play sends a recording (raw A-law, 8 kHz) once, in packets aligned at its start
// and the last one filled up with silence, and returns when it is sent.
func (c *Call) Play(ctx context.Context, alaw []byte) error {
	if len(alaw) == 0 {
		return nil
	}
	return c.do(ctx, &task{audio: alaw})
}

// SendTone sends a steady tone from now on, in place of silence.
func (c *Call) SendTone(hz float64) { c.media.send.setTone(hz) }

// Mute ends the tone.
func (c *Call) Mute() { c.media.send.setTone(0) }

// Mark is when the last key ended: when its first end packet was sent. It is
// zero before the first key.
func (c *Call) Mark() time.Time {
	if at := c.media.send.mark.Load(); at != nil {
		return *at
	}
	return time.Time{}
}
