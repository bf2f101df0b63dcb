package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/citizen"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

// register is desk.Registry over a handful of invented citizens.
type register struct {
	citizens []citizen.Citizen
	err      error
}

func (r *register) Find(keys fiscalcode.Keys) (found []citizen.Candidate) {
	for i, c := range r.citizens {
		if c.Code.Keypad() == keys {
			found = append(found, citizen.Candidate{Row: i, Slip: citizen.Exact})
		}
	}
	return found
}

func (r *register) FindNear(fiscalcode.Keys) []citizen.Candidate { return nil }

func (r *register) Identify(keys fiscalcode.Keys, second citizen.Second) (citizen.Citizen, citizen.Outcome, error) {
	var matches []citizen.Match
	for _, c := range r.Find(keys) {
		matches = append(matches, citizen.Match{Citizen: r.citizens[c.Row], Slip: c.Slip})
	}
	who, outcome := citizen.Decide(matches, second)
	return who, outcome, r.err
}

func (r *register) ByCode(code fiscalcode.Code) (citizen.Citizen, bool, error) {
	for _, c := range r.citizens {
		if c.Code == code {
			return c, true, r.err
		}
	}
	return citizen.Citizen{}, false, r.err
}

// Invented citizens: the code, its check character put right by person, and
// the last figures of the card.
const (
	maria, mariaCard = "RSSMRA36A41F205A", "54321"
	carlo, carloCard = "BNCCRL35A01F205U", "11111"
	young, youngCard = "VRDLGU80A01F205G", "77777"
)

func person(t testing.TB, code, born, card string) citizen.Citizen {
	t.Helper()
	c, err := fiscalcode.Parse(code)
	if err != nil { // whatever the check character should be
		for last := 'A'; last <= 'Z' && err != nil; last++ {
			c, err = fiscalcode.Parse(code[:15] + string(last))
		}
	}
	require.NoError(t, err)
	day, err := citizen.ParseDate(born)
	require.NoError(t, err)
	number, err := citizen.ParseCard("803800000000000" + card)
	require.NoError(t, err)
	return citizen.Citizen{Code: c, BirthDate: day, Card: number, Language: "it"}
}

// never is dispatch.Blocks.
type never struct{ sync.Map }

func (n *never) Block(_ context.Context, _ string, p phone.Number) error {
	n.Store(p, true)
	return nil
}
func (n *never) Unblock(_ context.Context, _ string, p phone.Number) error { n.Delete(p); return nil }
func (n *never) Blocked(_ context.Context, _ string, p phone.Number) (bool, error) {
	_, ok := n.Load(p)
	return ok, nil
}

// voices is desk.Recordings.
type voices struct {
	kept []string
	err  error
	done bool // although it fails
}

func (v *voices) Keep(_ context.Context, _, name string) error {
	if v.err == nil || v.done {
		v.kept = append(v.kept, name)
	}
	return v.err
}

// counter is a desk with all that it needs, without a planner.
type counter struct {
	testing.TB
	stores  *memstore.Stores
	reg     *register
	voices  *voices
	tickets *dispatch.Tickets
	desk    *desk.Desk
	serial  int
}

func newCounter(t testing.TB, change ...func(*dispatch.Config)) *counter {
	c := &counter{TB: t, voices: &voices{}, stores: memstore.New(func() time.Time { return noon })}
	c.reg = &register{citizens: []citizen.Citizen{
		person(t, maria, "1936-01-01", mariaCard), person(t, carlo, "1935-01-01", carloCard), person(t, young, "1980-01-01", youngCard),
	}}
	cfg := dispatch.Defaults()
	cfg.Window = queue.Window{Always: true, Zone: time.UTC}
	for _, change := range change {
		change(&cfg)
	}
	c.tickets = dispatch.New(c.stores.Tickets, &never{}, c.stores.Sweeps, map[string]dispatch.Config{"demo": cfg}, dispatch.Options{Now: func() time.Time { return noon }})
	rule, err := citizen.ParseDate("1941-12-31")
	require.NoError(t, err)
	frail, err := citizen.ParseDate("1935-12-31")
	require.NoError(t, err)
	c.desk = desk.New(desk.Config{
		Tickets: c.tickets, Registrations: c.stores.Registrations, Limits: c.stores.Limits, Recordings: c.voices, Secret: []byte("secret"),
		Tenants: map[string]desk.Tenant{"demo": {
			Registry: c.reg, Campaign: "spring", BornUntil: rule, FrailUntil: frail, Zone: time.UTC, Tries: desk.DefaultTries(),
			Outcomes: []string{"resolved", "informed"},
		}},
	})
	return c
}

func (c *counter) code(i int) string { return c.reg.citizens[i].Code.Reveal() }

func (c *counter) keys(i int) string {
	ordinal := fmt.Sprint(c.reg.citizens[i].Code.Keypad().Ordinal())
	return ordinal[1:]
}

// try asks under a key.
func try[A any](c *counter, key, name string, request any) (A, error) {
	c.Helper()
	payload, err := json.Marshal(request)
	require.NoError(c, err)
	var a A
	raw, err := c.desk.Answer(c.Context(), call.Question{Tenant: "demo", Call: "in-1", Key: key, Name: name, Payload: payload, Now: noon})
	if err == nil {
		require.NoError(c, json.Unmarshal(raw, &a))
	}
	return a, err
}

// ask asks under a new key, and once more under the same, which must give the
// same answer.
func ask[A any](c *counter, name string, request any) A {
	c.Helper()
	c.serial++
	key := fmt.Sprintf("in-1.%d", c.serial)
	a, err := try[A](c, key, name, request)
	require.NoError(c, err)
	again, err := try[A](c, key, name, request)
	require.NoError(c, err)
	require.Equal(c, a, again, "asked again, the same answer")
	return a
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	tests := []struct {
		name           string
		keys, second   string
		birth          bool
		found, allowed bool
	}{
		{"right", c.keys(0), mariaCard, false, true, true},
		{"too young", c.keys(2), youngCard, false, true, false},
		{"by date of birth", c.keys(0), "01011936", true, true, true},
		{"wrong second datum", c.keys(0), "00000", false, false, false},
		{"unknown code", "9999999999999999", mariaCard, false, false, false},
		{"no code at all", "123456789012345678901234", mariaCard, false, false, false},
		{"no second datum", c.keys(0), "12", false, false, false},
		{"no date", c.keys(0), "99999999", true, false, false},
	}
	for _, tt := range tests {
		got := ask[flow.Identified](c, flow.AskIdentify, flow.Identify{Keys: tt.keys, Second: tt.second, Birth: tt.birth, Caller: "0212345678"})
		assert.Equal(t, tt.found, got.Found, tt.name)
		assert.Equal(t, tt.allowed, got.Eligible, tt.name)
		if !tt.found {
			assert.Equal(t, flow.Identified{}, got, "no answer tells which was wrong: %s", tt.name)
		}
	}
	c.reg.err = errors.New("the register can't be read")
	_, err := try[flow.Identified](c, "k", flow.AskIdentify, flow.Identify{Keys: c.keys(1), Second: carloCard})
	require.ErrorIs(t, err, c.reg.err)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		request func(c *counter, i int) flow.Identify
		allowed int
	}{
		{"one code", func(c *counter, i int) flow.Identify {
			return flow.Identify{Keys: c.keys(0), Second: fmt.Sprintf("%05d", i), Caller: fmt.Sprintf("02%08d", i)}
		}, 5},
		{"one caller", func(_ *counter, i int) flow.Identify {
			return flow.Identify{Keys: fmt.Sprintf("%016d", i), Second: "00000", Caller: "0212345678"}
		}, 10},
		{"hidden callers, many codes", func(_ *counter, i int) flow.Identify {
			return flow.Identify{Keys: fmt.Sprintf("%016d", i), Second: "00000"}
		}, 3000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			n := 0
			for ; n < 4000; n++ {
				got, err := try[flow.Identified](c, fmt.Sprintf("k%d", n), flow.AskIdentify, tt.request(c, n))
				require.NoError(t, err)
				if got.Limited {
					break
				}
			}
			assert.InDelta(t, tt.allowed, n, 1)
		})
	}
	c := newCounter(t)
	for range 20 { // one question, asked again and again after crashes
		got, err := try[flow.Identified](c, "same", flow.AskIdentify, flow.Identify{Keys: c.keys(0), Second: mariaCard, Caller: "0212345678"})
		require.NoError(t, err)
		require.True(t, got.Found)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	first := ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"})
	assert.Len(t, first.Receipt, 6)
	again := ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0276543210"})
	assert.Equal(t, first, again, "who is on the list keeps place and receipt")
	assert.NotEqual(t, first, ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(1), Phone: "0212345678"}))

	assert.Equal(t, first, ask[flow.Registered](c, flow.AskRephone, flow.Rephone{Citizen: c.code(0), Phone: "0298765432"}))
	kept, err := c.stores.Registrations.Of(t.Context(), "demo", "spring", c.code(0))
	require.NoError(t, err)
	assert.Equal(t, "0298765432", kept.Phone)
	who := ask[flow.Identified](c, flow.AskIdentify, flow.Identify{Keys: c.keys(0), Second: mariaCard})
	assert.Equal(t, first.Receipt, who.Receipt)
	assert.Equal(t, "2027-03-03", who.Asked)

	for _, bad := range []string{"", "899123456", "112", "+41791234567", "0549123456", "abc"} {
		_, err := try[flow.Registered](c, "bad", flow.AskRegister, flow.Register{Citizen: c.code(2), Phone: bad})
		require.ErrorIs(t, err, desk.ErrPhone, "whatever the conversation thought of it")
		if bad != "" {
			assert.NotContains(t, err.Error(), bad)
		}
	}
	_, err = try[flow.Registered](c, "none", flow.AskRephone, flow.Rephone{Citizen: c.code(2), Phone: "0212345678"})
	require.ErrorIs(t, err, desk.ErrNotFound)
}

func TestPerson(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	require.NoError(t, c.tickets.Staff(t.Context(), "demo", []agent.Agent{{ID: "anna"}}))
	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Purpose: queue.Unidentified, Caller: "0212345678", Keyed: "123"})
	require.NotEmpty(t, look.Ticket)
	assert.False(t, look.Known, "nobody is on duty")
	assert.True(t, look.Offer)

	_, err := c.tickets.SetAgentState(t.Context(), "demo", "anna", agent.Ready, "")
	require.NoError(t, err)
	look = ask[flow.Outlook](c, flow.AskOutlook, flow.OfTicket{Ticket: look.Ticket})
	assert.Equal(t, flow.Outlook{Ticket: look.Ticket, Free: true, Known: true, Minutes: 5}, look)

	p := ask[flow.Promise](c, flow.AskCallback, flow.Callback{Ticket: look.Ticket, Purpose: queue.Unidentified, Phone: "0212345678"})
	assert.Equal(t, look.Ticket, p.Ticket)
	assert.Len(t, p.Word, 3)
	assert.Equal(t, noon, p.From)
	assert.Equal(t, noon.Add(30*time.Minute), p.To)
	x, err := c.tickets.Ticket(t.Context(), "demo", p.Ticket)
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, x.State)
	assert.Equal(t, "123", x.Keyed, "what was keyed goes with it")

	spoken := ask[flow.Promise](c, flow.AskCallback, flow.Callback{Purpose: queue.NoKeys, Recording: 7})
	y, err := c.tickets.Ticket(t.Context(), "demo", spoken.Ticket)
	require.NoError(t, err)
	assert.Equal(t, call.RecordingName("in-1", 7), y.Recording)
	assert.Equal(t, queue.Exhausted, y.State, "without a number a person looks at it")
	assert.Contains(t, c.voices.kept, y.Recording)
	c.voices.err = errors.New("the exchange does not answer")
	_, err = try[flow.Promise](c, "voice", flow.AskCallback, flow.Callback{Purpose: queue.NoKeys, Phone: "0212345678", Recording: 8})
	require.ErrorIs(t, err, c.voices.err, "a voice that is not kept is not promised about")
	_, err = try[flow.Promise](c, "bad", flow.AskCallback, flow.Callback{Phone: "899123456"})
	require.ErrorIs(t, err, desk.ErrPhone)

	for _, name := range []string{flow.AskRinging, flow.AskConnected, flow.AskMissed, flow.AskTalked} {
		ask[flow.Empty](c, name, flow.AgentStep{Ticket: p.Ticket, Agent: "anna"})
		ask[flow.Empty](c, name, flow.AgentStep{Agent: "anna"})
	}
	ask[flow.Empty](c, flow.AskLeft, flow.OfTicket{Ticket: p.Ticket})
}

func TestStoreAway(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	require.NoError(t, c.tickets.Staff(t.Context(), "demo", []agent.Agent{{ID: "anna"}}))
	_, err := c.tickets.SetAgentState(t.Context(), "demo", "anna", agent.Ready, "")
	require.NoError(t, err)
	c.stores.Faults.Down(true)
	got, err := try[flow.Outlook](c, "a", flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson})
	require.NoError(t, err)
	assert.Equal(t, flow.Outlook{Agent: "anna"}, got)
	_, err = try[flow.Outlook](c, "b", flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson})
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	ask[flow.Empty](c, flow.AskTalked, flow.AgentStep{Agent: "anna"})
	_, err = try[flow.Registered](c, "c", flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"})
	require.ErrorIs(t, err, desk.ErrUnavailable)
}

// handedOver is a return call from the portal that is being made.
func (c *counter) handedOver(key, code string) queue.Ticket {
	c.Helper()
	n, err := phone.Parse("0212345678")
	require.NoError(c, err)
	x, err := c.tickets.CreateReturn(c.Context(), "demo", key, dispatch.ReturnCall{
		Citizen: code, Phone: n, Purpose: queue.Verification, Channel: "portal",
	})
	require.NoError(c, err)
	return x
}

func (c *counter) dial(x queue.Ticket) queue.Ticket {
	c.Helper()
	due, err := x.Ripen(noon)
	require.NoError(c, err)
	claimed, err := due.Claim(noon, "asterisk", "")
	require.NoError(c, err)
	_, err = c.stores.Tickets.Commit(c.Context(), dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{claimed}})
	require.NoError(c, err)
	return claimed
}

// TestVerify: wife and husband were registered on the portal with one number.
// The husband answers the call for the wife; she comes to the telephone after.
func TestVerify(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	wife, husband := c.handedOver("w", c.code(0)), c.handedOver("h", c.code(1))
	wife = c.dial(wife)

	assert.Equal(t, flow.Identified{}, ask[flow.Identified](c, flow.AskRegistrant, flow.Registrant{Ticket: wife.ID, Second: "00000"}))
	assert.False(t, ask[flow.Identified](c, flow.AskRegistrant, flow.Registrant{Ticket: wife.ID, Second: youngCard}).Found, "of somebody else")
	he := ask[flow.Identified](c, flow.AskRegistrant, flow.Registrant{Ticket: wife.ID, Second: carloCard})
	assert.Equal(t, c.code(1), he.Citizen)
	assert.Equal(t, "2027-03-03", he.Asked)
	his := ask[flow.Registered](c, flow.AskConfirm, flow.Register{Citizen: he.Citizen, Phone: "0212345678", Ticket: wife.ID})
	kept, err := c.stores.Registrations.Of(t.Context(), "demo", "spring", c.code(1))
	require.NoError(t, err)
	assert.Equal(t, "portal", kept.Channel)
	assert.Equal(t, noon, kept.Confirmed)
	state := func(id string) queue.State {
		x, err := c.tickets.Ticket(t.Context(), "demo", id)
		require.NoError(t, err)
		return x.State
	}
	assert.Equal(t, queue.Done, state(husband.ID), "his own call is not made any more")

	ask[flow.Empty](c, flow.AskAttempt, flow.AttemptEnded{Ticket: wife.ID, Attempt: 1, Outcome: queue.Delivered})
	assert.Equal(t, queue.Pending, state(wife.ID), "she has not confirmed: she is called again")
	she := ask[flow.Identified](c, flow.AskRegistrant, flow.Registrant{Ticket: wife.ID, Second: mariaCard})
	hers := ask[flow.Registered](c, flow.AskConfirm, flow.Register{Citizen: she.Citizen, Phone: "0212345678", Ticket: wife.ID})
	assert.NotEqual(t, his.Receipt, hers.Receipt)
	assert.Equal(t, queue.Done, state(wife.ID))
}

func TestAttempt(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	x := c.dial(c.handedOver("w", c.code(0)))
	ask[flow.Registered](c, flow.AskConfirm, flow.Register{Citizen: c.code(0), Ticket: x.ID})
	ask[flow.Empty](c, flow.AskAttempt, flow.AttemptEnded{Ticket: x.ID, Attempt: 1, Outcome: queue.Delivered})
	done, err := c.tickets.Ticket(t.Context(), "demo", x.ID)
	require.NoError(t, err)
	assert.Equal(t, queue.Done, done.State)
	assert.Equal(t, queue.Delivered, done.Attempts[0].Outcome)
	ask[flow.Empty](c, flow.AskAttempt, flow.AttemptEnded{Ticket: "none", Attempt: 1, Outcome: queue.Delivered})
	_, err = try[flow.Empty](c, "k", flow.AskAttempt, flow.AttemptEnded{Ticket: x.ID, Attempt: 1, Outcome: "bored"})
	require.ErrorIs(t, err, desk.ErrRequest)
}

func TestNoSuchRequest(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	_, err := try[flow.Empty](c, "k", "dance", flow.Empty{})
	require.ErrorIs(t, err, desk.ErrRequest)
	_, err = c.desk.Answer(t.Context(), call.Question{Tenant: "demo", Name: flow.AskIdentify, Payload: []byte(`{"keys": 5551234}`)})
	require.ErrorIs(t, err, desk.ErrRequest)
	assert.NotContains(t, err.Error(), "5551234")
	_, err = c.desk.Answer(t.Context(), call.Question{Tenant: "nowhere", Name: flow.AskIdentify})
	require.ErrorIs(t, err, desk.ErrTenant)
}
