package lab_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
)

// event is what these tests read of an ARI event.
type event struct {
	Type    string   `json:"type"`
	Args    []string `json:"args"`
	Channel struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		State  string `json:"state"`
		Caller struct {
			Number string `json:"number"`
		} `json:"caller"`
	} `json:"channel"`
}

// connectApp connects an application that only listens; its events come in order. It leaves when the test ends
// or leave is called.
func connectApp(t *testing.T, pbx *lab.Asterisk) (events <-chan event, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	address := strings.Replace(pbx.ARIURL, "http:", "ws:", 1) + "/events?app=" + pbx.App
	login := base64.StdEncoding.EncodeToString([]byte(pbx.ARIUser + ":" + pbx.ARIPassword))
	socket, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Basic " + login}}})
	require.NoError(t, err)
	socket.SetReadLimit(-1)
	out := make(chan event, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_, text, err := socket.Read(ctx)
			if err != nil {
				return
			}
			var e event
			if json.Unmarshal(text, &e) == nil {
				out <- e
			}
		}
	}()
	leave = func() {
		cancel()
		<-done
	}
	t.Cleanup(leave)
	return out, leave
}

// next waits for an event of a type.
func next(t *testing.T, events <-chan event, kind string) event {
	t.Helper()
	deadline := time.After(waitForSIP)
	for {
		select {
		case e := <-events:
			if e.Type == kind {
				return e
			}
		case <-deadline:
			require.FailNow(t, "no event "+kind+" came")
		}
	}
}

// ari makes a request and returns status and body.
func ari(t *testing.T, pbx *lab.Asterisk, method, path string, query url.Values, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, pbx.ARIURL+path+"?"+query.Encode(), strings.NewReader(body))
	require.NoError(t, err)
	request.SetBasicAuth(pbx.ARIUser, pbx.ARIPassword)
	request.Header.Set("Content-Type", "application/json")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// start starts an Asterisk for a test.
func start(t *testing.T, o lab.Options) *lab.Asterisk {
	t.Helper()
	pbx, err := lab.StartAsterisk(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(pbx.Stop)
	return pbx
}
