package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// The API keys of the demonstration, as deploy/demo/richiamo.yaml has them.
const (
	portalKey = "demo-portal-key-0001"
	adminKey  = "demo-admin-key-000001"
)

// API is the HTTP API as other systems use it.
type API struct{ URL string }

// Do makes a request and reads the answer into a value; nil: it is not read.
func (a *API) Do(method, path, key string, header http.Header, body, into any) (status int, err error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequest(method, a.URL+path, content)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err
	}
	if response.StatusCode >= 300 {
		return response.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if into != nil {
		err = json.Unmarshal(answer, into)
	}
	return response.StatusCode, err
}

func (a *API) agentState(id, state string) error {
	_, err := a.Do(http.MethodPut, "/api/v1/agents/"+id+"/state", adminKey, nil, map[string]string{"state": state}, nil)
	return err
}

// registered makes sure that a citizen's registration has the receipt that was
// heard, and the channel.
func (a *API) registered(code, receipt, channel string) error {
	var list struct {
		Items []struct {
			Receipt string `json:"receipt"`
			Channel string `json:"channel"`
		} `json:"items"`
	}
	if _, err := a.Do(http.MethodGet, "/api/v1/registrations?fiscal_code="+url.QueryEscape(code), adminKey, nil, nil, &list); err != nil {
		return err
	}
	if len(list.Items) != 1 || list.Items[0].Receipt != receipt || list.Items[0].Channel != channel {
		return fmt.Errorf("the registration kept is not the one that was heard: %d kept", len(list.Items))
	}
	return nil
}

// promised makes sure that there is a callback with a purpose.
func (a *API) promised(purpose string) error {
	var list struct {
		Items []struct {
			Purpose string `json:"purpose"`
			State   string `json:"state"`
		} `json:"items"`
	}
	if _, err := a.Do(http.MethodGet, "/api/v1/tickets", adminKey, nil, nil, &list); err != nil {
		return err
	}
	for _, t := range list.Items {
		if t.Purpose == purpose && (t.State == "pending" || t.State == "due") {
			return nil
		}
	}
	return fmt.Errorf("there is no callback for %q", purpose)
}

// handOver hands a registrant over as the portal does, twice under one key: it
// is one return call.
func (a *API) handOver(code, phone string) (id string, err error) {
	header := http.Header{"Idempotency-Key": {"portal-2021-02-15-0001"}}
	body := map[string]string{"fiscal_code": code, "phone": phone, "purpose": "verify"}
	var first, second struct {
		ID string `json:"id"`
	}
	if _, err := a.Do(http.MethodPost, "/api/v1/return-calls", portalKey, header, body, &first); err != nil {
		return "", err
	}
	if _, err := a.Do(http.MethodPost, "/api/v1/return-calls", portalKey, header, body, &second); err != nil {
		return "", err
	}
	if first.ID != second.ID {
		return "", fmt.Errorf("the same request made two return calls")
	}
	return first.ID, nil
}

// done makes sure that a return call is done, with an attempt that was
// delivered.
func (a *API) done(id string) error {
	var r struct {
		State    string `json:"state"`
		Attempts []struct {
			Outcome string `json:"outcome"`
		} `json:"attempts"`
	}
	if _, err := a.Do(http.MethodGet, "/api/v1/return-calls/"+id, portalKey, nil, nil, &r); err != nil {
		return err
	}
	if r.State != "done" || len(r.Attempts) != 1 || r.Attempts[0].Outcome != "delivered" {
		return fmt.Errorf("the return call is %q after %d attempts", r.State, len(r.Attempts))
	}
	return nil
}
