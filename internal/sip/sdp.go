package sip

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Payload types: A-law is fixed by RFC 3551, telephone events are what most
// exchanges use and what this phone offers.
const (
	payloadALaw  = 8
	payloadEvent = 101
)

// A description is what the phone needs of the other side's session description
// (RFC 4566): where audio goes and how keys are numbered.
type description struct {
	addr   netip.AddrPort
	events uint8 // payload type of telephone-event; 0: the other side takes no keys
}

// writeSDP describes the phone's own media. The answer to an offer takes the
// offer's number for telephone events.
func writeSDP(addr netip.AddrPort, events uint8) []byte {
	family := "IP4"
	if addr.Addr().Is6() {
		family = "IP6"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "v=0\r\no=- %d 1 IN %s %s\r\ns=-\r\n", addr.Port(), family, addr.Addr())
	fmt.Fprintf(&b, "c=IN %s %s\r\nt=0 0\r\n", family, addr.Addr())
	if events == 0 {
		fmt.Fprintf(&b, "m=audio %d RTP/AVP %d\r\na=rtpmap:%d PCMA/8000\r\n", addr.Port(), payloadALaw, payloadALaw)
	} else {
		fmt.Fprintf(&b, "m=audio %d RTP/AVP %d %d\r\na=rtpmap:%d PCMA/8000\r\n", addr.Port(), payloadALaw, events, payloadALaw)
		fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", events, events)
	}
	b.WriteString("a=ptime:20\r\na=sendrecv\r\n")
	return b.Bytes()
}

// parseSDP reads the first audio stream. It fails if that offers no A-law, for
// the phone has nothing else.
func parseSDP(body []byte) (description, error) {
	var (
		d          description
		port       uint64
		session    netip.Addr // c= before any m=
		media      netip.Addr // c= of the audio stream
		alaw, seen bool
		inAudio    bool
		inSession  = true
	)
	for line := range strings.SplitSeq(string(body), "\n") {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r"), "=")
		switch key {
		case "c":
			addr, err := connection(value)
			if err != nil {
				return d, err
			}
			if inAudio {
				media = addr
			} else if inSession {
				session = addr
			}
		case "m":
			inSession = false
			fields := strings.Fields(value)
			inAudio = !seen && len(fields) > 3 && fields[0] == "audio"
			if !inAudio {
				continue
			}
			seen = true
			var err error
			number, _, _ := strings.Cut(fields[1], "/")
			if port, err = strconv.ParseUint(number, 10, 16); err != nil {
				return d, fmt.Errorf("audio port %q of the session description: %w", fields[1], err)
			}
			for _, format := range fields[3:] {
				alaw = alaw || format == strconv.Itoa(payloadALaw)
			}
		case "a":
			if events, ok := eventFormat(value); ok && inAudio {
				d.events = events
			}
		}
	}
	if media.IsValid() {
		session = media
	}
	d.addr = netip.AddrPortFrom(session, uint16(port))
	switch {
	case !seen || port == 0:
		return d, errors.New("the session description has no audio stream")
	case !session.IsValid():
		return d, errors.New("the session description names no address for audio")
	case !alaw:
		return d, errors.New("the other side offers no A-law: allow \"alaw\" at the exchange")
	}
	return d, nil
}

// connection reads "IN IP4 127.0.0.1".
func connection(value string) (netip.Addr, error) {
	fields := strings.Fields(value)
	if len(fields) != 3 {
		return netip.Addr{}, fmt.Errorf("connection %q of the session description is not \"IN IP4 ADDRESS\"", value)
	}
	addr, err := netip.ParseAddr(fields[2])
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address of the session description: %w", err)
	}
	return addr.Unmap(), nil
}

// eventFormat reads "rtpmap:101 telephone-event/8000".
func eventFormat(attribute string) (uint8, bool) {
	rest, ok := strings.CutPrefix(attribute, "rtpmap:")
	if !ok {
		return 0, false
	}
	number, codec, _ := strings.Cut(rest, " ")
	if !strings.EqualFold(strings.TrimSpace(codec), "telephone-event/8000") {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 7)
	if err != nil || n < 96 {
		return 0, false
	}
	return uint8(n), true
}
