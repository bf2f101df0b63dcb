package sip

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/pion/rtp"

	"richiamo/internal/sip/ear"
)

const (
	// pauseAfter is how long no packet may come before what was sounding has
	// ended. Exchanges send nothing between two prompts; a busy machine may be
	// late by a few hundred milliseconds.
	pauseAfter = 500 * time.Millisecond
	// drainFor is how long packets that wait in the socket are still taken after
	// that: it may have been us who were late.
	drainFor = 5 * time.Millisecond
	// lateBy is how far the recording may lag behind the clock, in samples, before
	// the gap is filled with silence; unsteadyBy is the same for packets whose
	// timestamps follow on each other, which were late but left nothing out.
	lateBy     = ear.Rate / 10
	unsteadyBy = ear.Rate
	// longGap is the number of missing packets from which on the other side did
	// not lose them but count anew.
	longGap = 50
)

// reception is the state of the incoming packets.
type reception struct {
	open    bool
	ssrc    uint32
	seq     uint16 // of the last packet
	next    uint32 // timestamp after the last audio packet
	packets int
	lost    int
	keyed   bool
	keyTime uint32 // timestamp of the last key
}

// order takes a packet's header. It tells whether the packet is new, and how many
// bytes of audio are missing before it.
func (r *reception) order(h *rtp.Header) (missing int, fresh bool) {
	r.packets++
	if !r.open || h.SSRC != r.ssrc {
		*r = reception{open: true, ssrc: h.SSRC, seq: h.SequenceNumber, next: h.Timestamp, packets: r.packets, lost: r.lost}
		return 0, true
	}
	ahead := int(int16(h.SequenceNumber - r.seq))
	if ahead <= 0 && ahead > -longGap {
		return 0, false // late or repeated
	}
	r.seq = h.SequenceNumber
	if ahead == 1 || ahead < 0 || ahead > longGap {
		return 0, true
	}
	r.lost += ahead - 1
	missing = (ahead - 1) * ear.FrameSize
	if gap := int(int32(h.Timestamp - r.next)); gap > 0 && gap < missing {
		missing = gap // some of them were keys
	}
	return missing, true
}

// receive reads the call's packets until its socket closes.
func (c *Call) receive() {
	var (
		buf    [1500]byte
		packet rtp.Packet
		wait   = time.Duration(0)
	)
	for {
		deadline := time.Time{}
		if wait > 0 {
			deadline = time.Now().Add(wait)
		}
		if err := c.media.conn.SetReadDeadline(deadline); err != nil {
			return
		}
		n, from, err := c.media.conn.ReadFromUDPAddrPort(buf[:])
		at := time.Now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && wait > drainFor:
			wait = drainFor
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.pause()
			wait = 0
			continue
		case err != nil:
			return
		}
		if netip.AddrPortFrom(from.Addr().Unmap(), from.Port()) != c.media.send.to.Load().addr {
			continue // a port is used again soon; what was meant for its last owner is not ours
		}
		if packet.Unmarshal(buf[:n]) != nil {
			continue
		}
		wait = 0
		if c.take(at, &packet) {
			wait = pauseAfter
		}
	}
}

// pause ends what was sounding.
func (c *Call) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener.Pause() {
		c.notify()
	}
}

// take takes one packet and tells whether something is sounding.
func (c *Call) take(at time.Time, packet *rtp.Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	missing, fresh := c.received.order(&packet.Header)
	if !fresh || c.ended {
		return c.listener.Busy()
	}
	switch packet.PayloadType {
	case payloadALaw:
		c.record(at, packet, missing)
		c.received.next = packet.Timestamp + uint32(len(packet.Payload))
		if c.listener.Feed(at, packet.Payload, missing) {
			c.notify()
		}
	case c.media.send.to.Load().events, payloadEvent:
		c.key(packet)
	}
	return c.listener.Busy()
}

// key notes a key that the other side presses; its packets repeat it.
func (c *Call) key(packet *rtp.Packet) {
	r := &c.received
	if len(packet.Payload) < 4 || int(packet.Payload[0]) >= len(keyNames) {
		return
	}
	if r.keyed && r.keyTime == packet.Timestamp {
		return
	}
	r.keyed, r.keyTime = true, packet.Timestamp
	c.keys = append(c.keys, keyNames[packet.Payload[0]])
	c.notify()
}

// record keeps what was heard, with silence where nothing came.
func (c *Call) record(at time.Time, packet *rtp.Packet, missing int) {
	c.fill(len(c.alaw) + min(missing, ear.Rate))
	late := lateBy
	if missing > 0 || packet.Timestamp == c.received.next {
		late = unsteadyBy
	}
	if due := c.due(at); due-len(c.alaw) >= late {
		c.fill(due)
	}
	c.alaw = append(c.alaw, packet.Payload...)
}

// due is how long the recording would be at a moment.
func (c *Call) due(at time.Time) int { return int(at.Sub(c.answered) * ear.Rate / time.Second) }

// fill adds silence up to a length.
func (c *Call) fill(length int) {
	for len(c.alaw) < length {
		c.alaw = append(c.alaw, ear.Silence)
	}
}
