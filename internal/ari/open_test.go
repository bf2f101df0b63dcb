package ari

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dynamic = "PUT /asterisk/config/dynamic/res_pjsip/"

// newTelephones is an exchange that knows no telephone in a browser yet.
func newTelephones(t *testing.T) *exchange {
	x := newExchange(t)
	x.answer("GET "+strings.TrimPrefix(dynamic, "PUT ")+"aor/agent1.browser", http.StatusNotFound, `{"message":"no aor"}`)
	return x
}

// fields reads what a request of OpenPhone sets.
func fields(t *testing.T, request string) (object string, set map[string]string) {
	t.Helper()
	object, body, found := strings.Cut(strings.TrimPrefix(request, dynamic), " ")
	require.True(t, found, request)
	var sent struct{ Fields []setting }
	require.NoError(t, json.Unmarshal([]byte(body), &sent))
	set = map[string]string{}
	for _, field := range sent.Fields {
		set[field.Attribute] = field.Value
	}
	return object, set
}

func TestOpenPhoneAsRequests(t *testing.T) {
	t.Parallel()
	x := newTelephones(t)
	line := commands(t, x)
	require.NoError(t, line.OpenPhone(t.Context(), "agent1.browser", "s3cret"))
	asked := slices.DeleteFunc(x.asked(), func(request string) bool { return strings.HasPrefix(request, http.MethodGet) })
	require.Len(t, asked, 3)
	object, auth := fields(t, asked[0])
	assert.Equal(t, "auth/agent1.browser", object, "the password first: an older one is refused from then on")
	assert.Equal(t, map[string]string{"auth_type": "userpass", "username": "agent1.browser", "password": "s3cret"}, auth)
	object, aor := fields(t, asked[1])
	assert.Equal(t, "aor/agent1.browser", object)
	assert.Equal(t, "1", aor["max_contacts"])
	assert.Equal(t, "yes", aor["remove_existing"])
	assert.Equal(t, "5", aor["qualify_frequency"])
	object, endpoint := fields(t, asked[2])
	assert.Equal(t, "endpoint/agent1.browser", object)
	for attribute, want := range map[string]string{
		"aors": "agent1.browser", "auth": "agent1.browser", "webrtc": "yes", "transport": "ws", "context": "from-browser",
		"allow": "alaw", "direct_media": "no", "allow_transfer": "no", "allow_subscribe": "no", "rtp_timeout": "15",
	} {
		assert.Equal(t, want, endpoint[attribute], attribute)
	}
	assert.NotContains(t, asked[1]+asked[2], "s3cret")
}

// Of the place that is there, and a page registered at it, nothing is said again.
func TestOpenPhoneAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	line := commands(t, x)
	require.NoError(t, line.OpenPhone(t.Context(), "agent1.browser", "s3cret"))
	for _, request := range x.asked() {
		assert.False(t, strings.HasPrefix(request, dynamic+"aor/"), request)
	}
	assert.Len(t, x.asked(), 3)
	x.answer("GET "+strings.TrimPrefix(dynamic, "PUT ")+"aor/agent1.browser", http.StatusInternalServerError, "")
	require.Error(t, line.OpenPhone(t.Context(), "agent1.browser", "s3cret"))
}

func TestOpenPhoneFails(t *testing.T) {
	t.Parallel()
	t.Run("and makes nothing more", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t)
		line := commands(t, x)
		x.answer(dynamic+"auth/agent1.browser", http.StatusForbidden, `{"message":"no: s3cret"}`)
		err := line.OpenPhone(t.Context(), "agent1.browser", "s3cret")
		require.True(t, says(err, http.StatusForbidden, ""), err)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.Len(t, x.asked(), 1)
	})
	t.Run("once, and is tried again", func(t *testing.T) {
		t.Parallel()
		x := newTelephones(t)
		line := commands(t, x)
		x.answers[dynamic+"endpoint/agent1.browser"] = answer{drop: true, once: true}
		require.NoError(t, line.OpenPhone(t.Context(), "agent1.browser", "s3cret"))
		assert.Len(t, x.asked(), 5)
	})
	t.Run("by its name or password", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t)
		line := commands(t, x)
		for _, name := range []string{"", ".", "..", "carrier", "agent1/browser", "agent1 browser", "agent1;x", "agent1@x"} {
			assert.Error(t, line.OpenPhone(t.Context(), name, "s3cret"), name)
		}
		assert.Error(t, line.OpenPhone(t.Context(), "agent1.browser", ""))
		assert.Empty(t, x.asked())
	})
	t.Run("when another process has the exchange", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t)
		line := commands(t, x)
		line.fenced = true
		require.ErrorIs(t, line.OpenPhone(t.Context(), "agent1.browser", "s3cret"), ErrReplaced)
		assert.Empty(t, x.asked())
	})
}

func TestPhoneSocket(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"http://127.0.0.1:8088/ari":      "http://127.0.0.1:8088/ws",
		"http://127.0.0.1:8088/ari/":     "http://127.0.0.1:8088/ws",
		"https://pbx.example/prefix/ari": "https://pbx.example/prefix/ws",
		"http://127.0.0.1:8088":          "http://127.0.0.1:8088/ws",
	} {
		assert.Equal(t, want, New(Config{URL: from, User: "u", Password: "p"}).PhoneSocket().String(), from)
	}
	for _, none := range []string{"", "nowhere", "ftp://pbx.example/ari", "http://%zz"} {
		assert.Nil(t, New(Config{URL: none}).PhoneSocket(), none)
	}
}

// Asterisk serves SIP over websockets to whom it serves ARI, and to nobody else.
func TestPhoneSocketIsClosedToOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, patient/2)
	for from, want := range map[string]int{"127.0.0.1": http.StatusSwitchingProtocols, "127.0.0.2": http.StatusForbidden} {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Second}
		transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, strings.TrimSuffix(strings.TrimPrefix(b.pbx.ARIURL, "http://"), "/ari"))
		}}
		request, err := http.NewRequestWithContext(b.soon(), http.MethodGet, b.line.PhoneSocket().String(), nil)
		require.NoError(t, err)
		for header, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "sip",
		} {
			request.Header.Set(header, value)
		}
		answer, err := transport.RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, want, answer.StatusCode, from)
	}
}
