package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	lucia      = "FRRLCU38T53F205I"
	luciaPhone = "0212345603"
)

type object = map[string]any

func returnCall(changes ...any) object {
	o := object{"fiscal_code": lucia, "phone": luciaPhone, "purpose": "verify"}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(o, changes[i].(string))
			continue
		}
		o[changes[i].(string)] = changes[i+1]
	}
	return o
}

func TestReturnCallFromCreationToEnd(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	a := h.do(Portal, "POST", "/api/v1/return-calls",
		returnCall("not_before", "2027-02-15T12:00:00+01:00", "language", "it", "note", "Preferisce la mattina.\nÈ sorda."), "Idempotency-Key", "k1")
	require.Equal(t, http.StatusCreated, a.Status, a.Raw)
	id := a.Body["id"].(string)
	assert.Equal(t, "/api/v1/return-calls/"+id, a.Header.Get("Location"))
	assert.Equal(t, "pending", a.Body["state"])
	assert.Equal(t, "portal", a.Body["channel"])
	assert.Equal(t, "2027-02-15T11:00:00Z", a.Body["not_before"])
	assert.Equal(t, "***************I", a.Body["fiscal_code"])
	assert.Equal(t, "********03", a.Body["phone"])
	assert.Equal(t, "2027-02-15T09:30:00Z", a.Body["created_at"])

	again := h.do(Portal, "POST", "/api/v1/return-calls",
		returnCall("note", "Preferisce la mattina.\nÈ sorda.", "fiscal_code", strings.ToLower(lucia), "phone", "+39 02 1234 5603"), "Idempotency-Key", "k1")
	require.Equal(t, http.StatusCreated, again.Status, again.Raw)
	assert.Equal(t, id, again.Body["id"], "the same key, the same resource")
	assert.Len(t, h.tickets, 1)

	ticket := &h.tickets[0]
	ticket.State = queue.Done
	ticket.From, ticket.To = h.now, h.now.Add(30*time.Minute)
	ticket.Attempts = []queue.Attempt{
		{N: 1, Call: id + "-1", At: h.now, Ended: h.now.Add(45 * time.Second), Outcome: queue.NoAnswer, Cause: 19, SIP: 487, Counts: true},
		{N: 2, Call: id + "-2", At: h.now.Add(time.Minute), Ended: h.now.Add(3 * time.Minute), Outcome: queue.Delivered, Counts: true},
	}
	got := h.do(Portal, "GET", "/api/v1/return-calls/"+id, nil)
	require.Equal(t, http.StatusOK, got.Status)
	assert.Equal(t, "done", got.Body["state"])
	attempts := got.Body["attempts"].([]any)
	require.Len(t, attempts, 2)
	assert.Equal(t, object{"number": 1., "at": "2027-02-15T09:30:00Z", "ended_at": "2027-02-15T09:30:45Z", "outcome": "no-answer", "cause": 19., "sip_status": 487., "counts": true}, attempts[0])
	assert.Equal(t, "delivered", attempts[1].(object)["outcome"])
	assert.Equal(t, object{"from": "2027-02-15T09:30:00Z", "to": "2027-02-15T10:00:00Z"}, got.Body["promised"])
	assert.NotContains(t, got.Raw, "word")
}

func TestReturnCallRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 501)
	tests := map[string]struct {
		body    any
		headers []string
		status  int
		problem string
		fields  []string
	}{
		"no key":              {returnCall(), nil, 400, "idempotency-key-missing", nil},
		"empty key":           {returnCall(), []string{"Idempotency-Key", ""}, 400, "idempotency-key-missing", nil},
		"long key":            {returnCall(), []string{"Idempotency-Key", strings.Repeat("k", 201)}, 400, "idempotency-key-missing", nil},
		"key with a space":    {returnCall(), []string{"Idempotency-Key", "a b"}, 400, "idempotency-key-missing", nil},
		"not JSON":            {returnCall(), []string{"Idempotency-Key", "k", "Content-Type", "text/plain"}, 415, "unsupported-media-type", nil},
		"broken JSON":         {"{", []string{"Idempotency-Key", "k"}, 400, "bad-request", nil},
		"two objects":         {"{} {}", []string{"Idempotency-Key", "k"}, 400, "bad-request", nil},
		"unknown field":       {returnCall("telefono", "1"), []string{"Idempotency-Key", "k"}, 400, "bad-request", nil},
		"wrong type":          {returnCall("phone", 212345603), []string{"Idempotency-Key", "k"}, 400, "bad-request", nil},
		"too large":           {returnCall("note", strings.Repeat("x", 20_000)), []string{"Idempotency-Key", "k"}, 413, "too-large", nil},
		"nothing given":       {object{}, []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"fiscal_code", "phone", "purpose"}},
		"everything wrong":    {returnCall("fiscal_code", "FRRLCU38T53F205X", "phone", "899123456", "purpose", "chat", "not_before", "tomorrow", "language", "xx", "note", long), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"fiscal_code", "phone", "not_before", "purpose", "language", "note"}},
		"number abroad":       {returnCall("phone", "+41441234567"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"San Marino":          {returnCall("phone", "0549123456"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"withheld":            {returnCall("phone", "anonymous"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"dial string":         {returnCall("phone", "0212345603&PJSIP/00"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"header in number":    {returnCall("phone", "0212345603\r\nX: y"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"digits of elsewhere": {returnCall("phone", "٠٢١٢٣٤٥٦٠٣"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"phone"}},
		"time without offset": {returnCall("not_before", "2027-02-15T12:00:00"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"not_before"}},
		"in two years":        {returnCall("not_before", "2029-02-15T12:00:00Z"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"not_before"}},
		"bell in the note":    {returnCall("note", "a\ab"), []string{"Idempotency-Key", "k"}, 422, "invalid-fields", []string{"note"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setUp(t)
			a := h.do(Portal, "POST", "/api/v1/return-calls", tt.body, tt.headers...)
			assert.Equal(t, tt.status, a.Status, a.Raw)
			assert.Equal(t, tt.problem, a.problem())
			assert.Equal(t, tt.fields, a.wrongFields())
			assert.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
			assert.Empty(t, h.tickets)
			assert.NotContains(t, a.Raw, "T53F205", "a problem repeats no personal data")
		})
	}
}

func TestKeyUsedForSomethingElse(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	require.Equal(t, 201, h.do(Portal, "POST", "/api/v1/return-calls", returnCall("language", "it"), "Idempotency-Key", "k").Status)
	for name, body := range map[string]object{
		"another citizen":  returnCall("fiscal_code", "BNCGNN34C19F704W"),
		"another number":   returnCall("phone", "0212345604"),
		"another purpose":  returnCall("purpose", "person"),
		"another note":     returnCall("note", "nuova"),
		"another language": returnCall("language", "de"),
	} {
		a := h.do(Portal, "POST", "/api/v1/return-calls", body, "Idempotency-Key", "k")
		assert.Equal(t, 422, a.Status, name)
		assert.Equal(t, "idempotency-key-reused", a.problem(), name)
	}
	other := h.do(Pharmacy, "POST", "/api/v1/return-calls", returnCall("purpose", "person"), "Idempotency-Key", "k")
	assert.Equal(t, 201, other.Status, "each channel has its own keys")
	assert.Len(t, h.tickets, 2)
}

func TestKeyIsKeptAsADigest(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	require.Equal(t, 201, h.do(Portal, "POST", "/api/v1/return-calls", returnCall(), "Idempotency-Key", lucia).Status)
	for key := range h.byKey {
		assert.NotContains(t, key, lucia)
	}
}

func TestChannelsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	a := h.do(Portal, "POST", "/api/v1/return-calls", returnCall(), "Idempotency-Key", "k")
	url := "/api/v1/return-calls/" + a.Body["id"].(string)
	for channel, status := range map[Channel]int{Portal: 200, Admin: 200, Pharmacy: 404, GP: 404, "other-admin": 404, Agents: 403, "": 401, "unknown": 401} {
		assert.Equal(t, status, h.do(channel, "GET", url, nil).Status, "GET with %q", channel)
		if status != 200 {
			assert.Equal(t, status, h.do(channel, "DELETE", url, nil).Status, "DELETE with %q", channel)
		}
	}
	h.tickets[0].State = queue.Waiting
	assert.Equal(t, 404, h.do(Admin, "GET", url, nil).Status, "a caller on the line is no return call")
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	a := h.do(Portal, "POST", "/api/v1/return-calls", returnCall(), "Idempotency-Key", "k")
	url := "/api/v1/return-calls/" + a.Body["id"].(string)
	for range 2 {
		gone := h.do(Portal, "DELETE", url, nil)
		require.Equal(t, 200, gone.Status, gone.Raw)
		assert.Equal(t, "withdrawn", gone.Body["state"])
	}
	h.tickets[0].State = queue.Connected
	late := h.do(Portal, "DELETE", url, nil)
	assert.Equal(t, 409, late.Status)
	assert.Equal(t, "not-now", late.problem())
	assert.Equal(t, 404, h.do(Portal, "DELETE", "/api/v1/return-calls/none", nil).Status)
}

func TestListReturnCalls(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	number, err := phone.Parse(luciaPhone)
	require.NoError(t, err)
	channels := []string{"portal", "phone", "gp"}
	states := append(callStates(), queue.Waiting)
	for i := range 100 {
		h.tickets = append(h.tickets, queue.Ticket{
			ID: fmt.Sprintf("t%03d", i), Tenant: "demo", Queue: "persone", Purpose: queue.WantsPerson, State: states[i%len(states)],
			Channel: channels[i%len(channels)], Phone: number, Arrived: h.now.Add(time.Duration(i) * time.Second), Updated: h.now,
		})
	}
	collect := func(channel Channel, query string) (ids []string, pages int) {
		for cursor := ""; ; {
			a := h.do(channel, "GET", "/api/v1/return-calls?"+query+"&cursor="+cursor, nil)
			require.Equal(t, 200, a.Status, a.Raw)
			pages++
			for _, item := range a.items() {
				ids = append(ids, item["id"].(string))
				if channel != Admin {
					assert.Equal(t, string(channel), item["channel"])
				}
			}
			next, more := a.Body["next"].(string)
			if !more {
				return ids, pages
			}
			cursor = next
		}
	}
	all, pages := collect(Admin, "limit=10")
	assert.Len(t, all, 88, "all but the callers on the line")
	assert.Equal(t, 9, pages)
	assert.Equal(t, "t099", all[0], "newest first")
	mine, _ := collect(Portal, "limit=7")
	assert.Len(t, mine, 30)
	due, _ := collect(Portal, "state=due&state=done")
	assert.Len(t, due, 8)
	none, _ := collect(Pharmacy, "limit=1")
	assert.Empty(t, none)

	for _, wrong := range []string{"state=waiting", "state=", "limit=0", "limit=201", "limit=x", "limit=1&limit=2", "page=2", "cursor=" + strings.Repeat("c", 501), "%zz"} {
		a := h.do(Admin, "GET", "/api/v1/return-calls?"+wrong, nil)
		assert.Equal(t, 400, a.Status, wrong)
	}
}

func TestRegistrations(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	body := object{"fiscal_code": "BNCGNN34C19F704W", "phone": "0392345602"}
	a := h.do(Pharmacy, "POST", "/api/v1/registrations", body)
	require.Equal(t, 201, a.Status, a.Raw)
	assert.Equal(t, "417259", a.Body["receipt"])
	assert.Equal(t, "pharmacy", a.Body["channel"])
	assert.Equal(t, "***************W", a.Body["fiscal_code"])
	assert.Equal(t, "********02", a.Body["phone"])

	again := h.do(Pharmacy, "POST", "/api/v1/registrations", body)
	assert.Equal(t, 200, again.Status)
	assert.Equal(t, a.Body["receipt"], again.Body["receipt"])

	doctor := h.do(GP, "POST", "/api/v1/registrations", body)
	assert.Equal(t, 409, doctor.Status)
	assert.Equal(t, "already-registered", doctor.problem())
	assert.NotContains(t, doctor.Raw, "417259", "another channel's receipt is not told")

	assert.Equal(t, 403, h.do(Portal, "POST", "/api/v1/registrations", body).Status)
	assert.Equal(t, 403, h.do(Agents, "POST", "/api/v1/registrations", body).Status)
	wrong := h.do(GP, "POST", "/api/v1/registrations", object{"fiscal_code": "X", "phone": "112"})
	assert.Equal(t, []string{"fiscal_code", "phone"}, wrong.wrongFields())

	for channel, count := range map[Channel]int{Pharmacy: 1, Admin: 1, GP: 0, Portal: 0, "other-admin": 0} {
		of := h.do(channel, "GET", "/api/v1/registrations?fiscal_code=BNCGNN34C19F704W", nil)
		require.Equal(t, 200, of.Status)
		assert.Len(t, of.items(), count, channel)
		assert.Len(t, h.do(channel, "GET", "/api/v1/registrations", nil).items(), count, channel)
	}
	assert.Empty(t, h.do(Admin, "GET", "/api/v1/registrations?fiscal_code="+lucia, nil).items())
	assert.Equal(t, 422, h.do(Admin, "GET", "/api/v1/registrations?fiscal_code=RSSMRA", nil).Status)

	h.err = ErrUnknownCitizen
	unknown := h.do(GP, "POST", "/api/v1/registrations", object{"fiscal_code": lucia, "phone": luciaPhone})
	assert.Equal(t, "unknown-citizen", unknown.problem())
	assert.Equal(t, 422, unknown.Status)
	h.err = ErrNotEligible
	assert.Equal(t, "not-eligible", h.do(GP, "POST", "/api/v1/registrations", object{"fiscal_code": lucia, "phone": luciaPhone}).problem())
	h.err = desk.ErrUnavailable
	assert.Equal(t, 503, h.do(Admin, "GET", "/api/v1/registrations?fiscal_code="+lucia, nil).Status)
	assert.Equal(t, 503, h.do(Admin, "GET", "/api/v1/registrations", nil).Status)
}

func TestFaultsBelow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err     error
		status  int
		problem string
	}{
		"store away":   {fmt.Errorf("reading: %w", dispatch.ErrUnavailable), 503, "unavailable"},
		"overtaken":    {dispatch.ErrStale, 409, "not-now"},
		"not dialable": {fmt.Errorf("%w: no", dispatch.ErrNotDialable), 422, "invalid-fields"},
		"unforeseen":   {fmt.Errorf("the password is hunter2"), 500, "internal"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setUp(t)
			h.err = tt.err
			a := h.do(Portal, "POST", "/api/v1/return-calls", returnCall(), "Idempotency-Key", "k")
			assert.Equal(t, tt.status, a.Status)
			assert.Equal(t, tt.problem, a.problem())
			assert.NotContains(t, a.Raw, "hunter2", "what broke is for the log")
			if tt.status == 503 {
				assert.Equal(t, "2", a.Header.Get("Retry-After"))
			}
			if tt.status >= 500 {
				instance := strings.TrimPrefix(a.Body["instance"].(string), "urn:richiamo:request:")
				assert.Contains(t, h.log.String(), "request="+instance)
				assert.Contains(t, h.log.String(), tt.err.Error())
			}
		})
	}
}

// TestRedFlag: a doctor may say that a symptom can't wait; whoever only takes down
// requests may not, and nothing else can be asked for.
func TestRedFlag(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	flagged := returnCall("purpose", "person", "class", "red-flag")
	for channel, status := range map[Channel]int{Portal: 403, Pharmacy: 403, GP: 201, Admin: 201} {
		a := h.do(channel, "POST", "/api/v1/return-calls", flagged, "Idempotency-Key", "of-"+string(channel))
		require.Equal(t, status, a.Status, "%s: %s", channel, a.Raw)
		if status == 201 {
			assert.Equal(t, "red-flag", a.Body["class"])
			continue
		}
		assert.Equal(t, "class-not-allowed", a.problem())
	}
	for name, wrong := range map[string]object{
		"a class that others give": returnCall("purpose", "person", "class", "front"),
		"no class":                 returnCall("purpose", "person", "class", "urgent"),
		"nobody is spoken with":    returnCall("class", "red-flag"),
	} {
		a := h.do(GP, "POST", "/api/v1/return-calls", wrong, "Idempotency-Key", "wrong")
		assert.Equal(t, 422, a.Status, name)
		assert.Equal(t, []string{"class"}, a.wrongFields(), name)
	}
	require.Equal(t, 201, h.do(GP, "POST", "/api/v1/return-calls", returnCall("purpose", "person"), "Idempotency-Key", "calm").Status)
	a := h.do(GP, "POST", "/api/v1/return-calls", flagged, "Idempotency-Key", "calm")
	assert.Equal(t, "idempotency-key-reused", a.problem(), "another request under a key is another request")
}
