package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/asterisk"
	"richiamo/internal/demo"
)

// ask makes a request of the API and reads its answer.
func (w *town) ask(method, path, key string, body, into any) int {
	w.Helper()
	status, err := w.try(method, path, key, body, into)
	require.NoError(w, err)
	return status
}

func (w *town) try(method, path, key string, body, into any) (int, error) {
	header := http.Header{}
	if method == http.MethodPost {
		header.Set("Idempotency-Key", strings.Join(strings.Fields(fmt.Sprint(body)), ""))
	}
	return (&demo.API{URL: w.in.URL}).Do(method, path, key, header, body, into)
}

// handOver hands a registrant over as the portal does, and gives the return
// call's name.
func (w *town) handOver(code, number string) string {
	w.Helper()
	var made struct {
		ID string `json:"id"`
	}
	status := w.ask(http.MethodPost, "/api/v1/return-calls", portalKey,
		map[string]string{"fiscal_code": code, "phone": number, "purpose": "verify"}, &made)
	require.Equal(w, http.StatusCreated, status)
	return made.ID
}

// returnCall is a return call as the API shows it.
type returnCall struct {
	State    string `json:"state"`
	Attempts []struct {
		Outcome string `json:"outcome"`
	} `json:"attempts"`
}

func (w *town) returnCall(id string) (r returnCall) {
	w.Helper()
	w.ask(http.MethodGet, "/api/v1/return-calls/"+id, adminKey, nil, &r)
	return r
}

// ticket is a waiting caller or a callback as the API shows it.
type ticket struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Purpose string `json:"purpose"`
	Call    string `json:"call"`
}

func (w *town) tickets() []ticket {
	w.Helper()
	var list struct {
		Items []ticket `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/tickets", adminKey, nil, &list)
	return list.Items
}

func (w *town) agentIs(id, state string) {
	w.Helper()
	w.ask(http.MethodPut, "/api/v1/agents/"+id+"/state", adminKey, map[string]string{"state": state}, nil)
}

// agentState is the state of an agent.
func (w *town) agentState(id string) string {
	w.Helper()
	var list struct {
		Items []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/agents", adminKey, nil, &list)
	for _, a := range list.Items {
		if a.ID == id {
			return a.State
		}
	}
	return ""
}

// agentBecomes waits until an agent is in a state.
func (w *town) agentBecomes(id, state string) {
	w.Helper()
	is := ""
	require.True(w, soon(patience, func() bool { is = w.agentState(id); return is == state }), "%s is %s, not %s", id, is, state)
}

// nobodyWaits waits until everybody has been served.
func (w *town) nobodyWaits() {
	w.Helper()
	var all []ticket
	require.True(w, soon(patience, func() bool { all = w.tickets(); return len(all) == 0 }), "%v", all)
}

// registered is how many registrations there are of a citizen.
func (w *town) registered(code string) int {
	w.Helper()
	var list struct {
		Items []any `json:"items"`
	}
	w.ask(http.MethodGet, "/api/v1/registrations?fiscal_code="+code, adminKey, nil, &list)
	return len(list.Items)
}

// notReady waits until /readyz says that a part is missing, and gives why.
func (w *town) notReady(part string) {
	w.Helper()
	type answer struct {
		Parts []struct {
			Name  string `json:"name"`
			Ready bool   `json:"ready"`
			Why   string `json:"why"`
		} `json:"parts"`
	}
	var err error
	assert.True(w, soon(10*time.Second, func() bool {
		_, err = w.try(http.MethodGet, "/readyz", "", nil, new(answer))
		return err != nil && strings.Contains(err.Error(), "503") && strings.Contains(err.Error(), `"name":"`+part+`","ready":false,"why":"`)
	}), "%s is missing and /readyz says: %v", part, err)
}

// channels are the citizens' channels that the exchange ever had, in order, by
// its black box.
func (w *town) channels() []string {
	w.Helper()
	text, err := os.ReadFile(asterisk.BlackBox(w.in.Asterisk.InstanceDir))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(w, err)
	var ids []string
	for row := range strings.Lines(string(text)) {
		fields := strings.Split(row, ",")
		if len(fields) < 3 || !strings.Contains(fields[0], "CHAN_START") {
			continue
		}
		if id := strings.Trim(fields[2], `"`); strings.HasPrefix(id, "demo") && !strings.Contains(id, "~") { // what the exchange named itself
			ids = append(ids, id)
		}
	}
	return ids
}

// ended tells whether a call's record has an end.
func (w *town) ended(id string) bool {
	w.Helper()
	var c struct {
		Ended *time.Time `json:"ended_at"`
	}
	w.ask(http.MethodGet, "/api/v1/calls/"+id, adminKey, nil, &c)
	return c.Ended != nil
}
