package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseSDP(t *testing.T) {
	t.Parallel()
	offer := func(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }
	cases := []struct {
		name   string
		body   []byte
		addr   string
		events uint8
		err    string
	}{
		{"as an exchange sends it", offer("v=0", "o=- 1 3 IN IP4 127.0.0.1", "s=Asterisk", "c=IN IP4 127.0.0.1", "t=0 0",
			"m=audio 10018 RTP/AVP 8 0 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000",
			"a=fmtp:101 0-16", "a=ptime:20", "a=maxptime:140", "a=sendrecv"), "127.0.0.1:10018", 101, ""},
		{"address of the stream wins", offer("c=IN IP4 10.0.0.1", "m=audio 4000 RTP/AVP 8", "c=IN IP4 127.0.0.2"), "127.0.0.2:4000", 0, ""},
		{"other number for keys", offer("c=IN IP4 127.0.0.1", "m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 Telephone-Event/8000"), "127.0.0.1:4000", 96, ""},
		{"a video stream beside", offer("c=IN IP4 127.0.0.1", "m=video 5000 RTP/AVP 99", "c=IN IP4 127.0.0.9", "a=rtpmap:97 telephone-event/8000",
			"m=audio 4000 RTP/AVP 8", "m=audio 6000 RTP/AVP 8", "c=IN IP4 127.0.0.7"), "127.0.0.1:4000", 0, ""},
		{"IPv6", offer("c=IN IP6 ::1", "m=audio 4000 RTP/AVP 8"), "[::1]:4000", 0, ""},
		{"no audio", offer("c=IN IP4 127.0.0.1"), "", 0, "no audio"},
		{"audio refused", offer("c=IN IP4 127.0.0.1", "m=audio 0 RTP/AVP 8"), "", 0, "no audio"},
		{"no address", offer("m=audio 4000 RTP/AVP 8"), "", 0, "no address"},
		{"no A-law", offer("c=IN IP4 127.0.0.1", "m=audio 4000 RTP/AVP 0 101"), "", 0, "alaw"},
		{"strange address", offer("c=IN IP4 localhost", "m=audio 4000 RTP/AVP 8"), "", 0, "address"},
		{"strange connection", offer("c=IP4", "m=audio 4000 RTP/AVP 8"), "", 0, "IN IP4"},
		{"strange port", offer("c=IN IP4 127.0.0.1", "m=audio 400000 RTP/AVP 8"), "", 0, "port"},
		{"empty", nil, "", 0, "no audio"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseSDP(c.body)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, netip.MustParseAddrPort(c.addr), got.addr)
			assert.Equal(t, c.events, got.events)
		})
	}
}

func TestWriteSDP(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:4000", "[::1]:4000"} {
		for _, events := range []uint8{0, 96, payloadEvent} {
			want := description{addr: netip.MustParseAddrPort(addr), events: events}
			got, err := parseSDP(writeSDP(want.addr, events))
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
}

func FuzzParseSDP(f *testing.F) {
	f.Add(writeSDP(netip.MustParseAddrPort("127.0.0.1:4000"), payloadEvent))
	f.Add([]byte("m=audio 4000 RTP/AVP 8\nc=IN IP4 127.0.0.1\na=rtpmap:96 telephone-event/8000"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parseSDP(body)
		if err != nil {
			return
		}
		require.True(t, d.addr.IsValid())
		again, err := parseSDP(writeSDP(d.addr, d.events))
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}

func TestPacketOrder(t *testing.T) {
	t.Parallel()
	type step struct {
		ssrc    uint32
		seq     uint16
		time    uint32
		missing int
		fresh   bool
	}
	cases := []struct {
		name  string
		steps []step
		lost  int
	}{
		{"in order, over the end of the numbers", []step{{1, 65534, 0, 0, true}, {1, 65535, 160, 0, true}, {1, 0, 320, 0, true}}, 0},
		{"one lost", []step{{1, 1, 0, 0, true}, {1, 3, 320, 160, true}}, 1},
		{"two lost, one of them a key", []step{{1, 1, 0, 0, true}, {1, 4, 320, 160, true}}, 2},
		{"repeated and late", []step{{1, 5, 0, 0, true}, {1, 5, 0, 0, false}, {1, 4, 0, 0, false}, {1, 6, 160, 0, true}}, 0},
		{"a pause", []step{{1, 1, 0, 0, true}, {1, 2, 80000, 0, true}}, 0},
		{"numbers begin anew", []step{{1, 1000, 0, 0, true}, {1, 1, 160, 0, true}, {1, 2000, 320, 0, true}}, 0},
		{"another source", []step{{1, 1, 0, 0, true}, {2, 500, 9, 0, true}, {2, 501, 169, 0, true}}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var r reception
			for i, s := range c.steps {
				missing, fresh := r.order(&rtp.Header{SSRC: s.ssrc, SequenceNumber: s.seq, Timestamp: s.time})
				assert.Equal(t, s.missing, missing, "packet %d", i)
				assert.Equal(t, s.fresh, fresh, "packet %d", i)
				if fresh {
					r.next = s.time + 160
				}
			}
			assert.Equal(t, c.lost, r.lost)
			assert.Equal(t, len(c.steps), r.packets)
		})
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		100: "Trying", 181: "Progress", 202: "Success", 302: "Moved", 486: "Busy Here", 499: "Request Failure",
		599: "Server Failure", 699: "Global Failure", 42: "Status 42",
	} {
		assert.Equal(t, want, Reason(status))
	}
}
