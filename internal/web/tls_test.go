package web

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
)

// selfSigned writes a certificate for 127.0.0.1, and gives who trusts it.
func selfSigned(t *testing.T) (TLS, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	about := x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
		return file
	}
	trusted := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	trusted.AddCert(parsed)
	return TLS{write("certificate.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)}, trusted
}

// Browsers give the microphone on https only: events come by HTTP/2 there, the telephone
// by HTTP/1.1.
func TestPageOverTLS(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ready}}
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}}); err == nil {
			_, _, _ = c.Read(r.Context())
			_ = c.CloseNow()
		}
	}))
	defer behind.Close()
	socket, err := url.Parse(behind.URL + "/ws")
	require.NoError(t, err)
	h.exchange.socket = socket

	files, trusted := selfSigned(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- Serve(ctx, l, h.handler, files) }()
	root := "https://" + l.Addr().String()

	second := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	defer second.CloseIdleConnections()
	mine := h.signIn("anna")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, root+"/api/v1/agents/anna/events", nil)
	require.NoError(t, err)
	r.Header.Set(mine[0], mine[1])
	got, err := second.RoundTrip(r)
	require.NoError(t, err)
	defer got.Body.Close()
	assert.Equal(t, 2, got.ProtoMajor)
	events := bufio.NewReader(got.Body)
	assert.Equal(t, "ready", h.nextEvent(events)["agent"].(map[string]any)["state"])
	h.change(func() { h.agents[0].State = agent.Paused })
	assert.Equal(t, "paused", h.nextEvent(events)["agent"].(map[string]any)["state"])

	first := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, NextProtos: []string{"http/1.1"}}}
	defer first.CloseIdleConnections()
	c, _, err := websocket.Dial(t.Context(), "wss://"+l.Addr().String()+phonePath, &websocket.DialOptions{
		Subprotocols: []string{"sip"}, HTTPClient: &http.Client{Transport: first}, HTTPHeader: http.Header{"Origin": {root}, mine[0]: {mine[1]}},
	})
	require.NoError(t, err)
	_ = c.CloseNow()

	stop()
	_, err = events.ReadByte()
	require.Error(t, err)
	require.NoError(t, <-stopped)
}
