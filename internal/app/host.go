package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"richiamo/internal/ari"
	"richiamo/internal/call"
	"richiamo/internal/config"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// What the dialplan passes along with a channel, as its first word.
const (
	argInbound  = "in"       // in, NUMBER (empty when withheld), DIALLED
	argNotebook = "notebook" // notebook, KEY, NUMBER, EPOCH, DIALLED: noted while the service was away
	argDuty     = "duty"     // duty, AGENT, CODE: an agent's telephone dialled a feature code
)

// ErrNotOurs means that a channel came that no tenant of ours serves.
var ErrNotOurs = errors.New("app: no tenant serves what was dialled; look at \"numbers\" in the configuration")

// ErrNoAgent means that a telephone dialled a feature code that is no agent's.
var ErrNoAgent = errors.New("app: a feature code came from a telephone of no agent; look at \"agents\" in the configuration")

// host knows the tenants: which conversation a channel gets, and what our own
// calls begin with.
type host struct {
	cfg     *config.Config
	voices  map[string]*speech.Catalogue
	numbers map[string]config.Tenant // by DID
	tenants map[string]config.Tenant // by id
	agents  map[string]config.Tenant // by the agent's name, which is that of the telephone
	tickets *dispatch.Tickets
	line    *ari.Line
	log     *slog.Logger
	now     func() time.Time
	async   func(func(context.Context)) // runs something beside, until the service stops
}

func newHost(cfg *config.Config, log *slog.Logger, now func() time.Time, async func(func(context.Context))) *host {
	return &host{
		cfg: cfg, log: log, now: now, async: async, voices: map[string]*speech.Catalogue{},
		numbers: map[string]config.Tenant{}, tenants: map[string]config.Tenant{}, agents: map[string]config.Tenant{},
	}
}

// add makes a tenant known, with its voice.
func (h *host) add(t config.Tenant) error {
	h.tenants[t.ID] = t
	for _, did := range t.Numbers {
		h.numbers[did] = t
	}
	for _, member := range t.Agents {
		h.agents[member.ID] = t
	}
	if h.voices[t.Language] != nil {
		return nil
	}
	voice, err := speech.Load(prompts.FS(), t.Language)
	if err != nil {
		return fmt.Errorf("prompts of the language %q of tenant %s: %w", t.Language, t.ID, err)
	}
	h.voices[t.Language] = voice
	return nil
}

// Voice is the catalogue of a language, or of the first tenant's where there is
// none.
func (h *host) Voice(language string) call.Voice {
	if v := h.voices[language]; v != nil {
		return v
	}
	return h.voices[h.cfg.Tenants[0].Language]
}

// Telephone names the telephone at which an agent is rung: on the desk, or in a browser.
func (h *host) Telephone(tenant, agent string) string { return h.tickets.Telephone(tenant, agent) }

// Receive welcomes a channel.
func (h *host) Receive(c call.Channel) (call.Reception, error) {
	switch {
	case len(c.Args) == 3 && c.Args[0] == argInbound:
		t, ok := h.numbers[c.Args[2]]
		if !ok {
			return call.Reception{}, ErrNotOurs
		}
		now := h.now()
		begin := flow.Begin{Setup: setup(h.cfg, t, now)}
		if n, err := phone.Parse(c.Args[1]); err == nil && n.Dialable() == nil {
			begin.Caller, begin.Open = n.Reveal(), h.open(t.ID, n, now)
			h.tickets.Arrives(t.ID, n, c.ID)
		}
		if t.CheckComesBack() && h.tickets.Checking(t.ID) {
			begin.Shown = c.Args[1]
			return reception(t, flow.ScriptBack, begin)
		}
		return reception(t, flow.ScriptInbound, begin)
	case len(c.Args) == 3 && c.Args[0] == argDuty:
		t, ok := h.agents[c.Args[1]]
		if !ok {
			return call.Reception{}, ErrNoAgent
		}
		return reception(t, flow.ScriptDuty, flow.Begin{
			Setup: setup(h.cfg, t, h.now()), Duty: &flow.Duty{Agent: c.Args[1], Code: c.Args[2]},
		})
	case len(c.Args) > 0 && c.Args[0] == argNotebook:
		h.async(func(ctx context.Context) { h.note(ctx, c) })
		return call.Reception{}, nil
	}
	return call.Reception{}, ErrNotOurs
}

// open is the call that the number that calls is promised, if there is one. Of a
// turn in the campaign that is still to come nobody is told who has the number
// alone.
func (h *host) open(tenant string, n phone.Number, now time.Time) *flow.Open {
	k, ok := h.tickets.Known(tenant, n, now)
	if !ok || k.Purpose == queue.NotEligible || k.Purpose == queue.TrunkCheck {
		return nil
	}
	open := flow.Open(k)
	return &open
}

func reception(t config.Tenant, script string, begin flow.Begin) (call.Reception, error) {
	raw, err := json.Marshal(begin)
	return call.Reception{Tenant: t.ID, Language: t.Language, Script: script, Begin: raw}, err
}

// outbound is the call of a claimed ticket.
func (h *host) outbound(t queue.Ticket) (call.Outbound, error) {
	tenant, ok := h.tenants[t.Tenant]
	if !ok || len(t.Attempts) == 0 {
		return call.Outbound{}, fmt.Errorf("app: ticket %s can't be called", t.ID)
	}
	attempt := t.Attempts[len(t.Attempts)-1]
	begin := flow.Begin{
		Setup: setup(h.cfg, tenant, h.now()), Ticket: t.ID, Attempt: attempt.N, Number: t.Phone.Reveal(),
		Word: t.Word, Agent: t.Agent, NoKeys: t.NoKeys, Dropped: t.Purpose == queue.Interrupted,
		From: t.From, To: t.To, Slot: t.Slot,
	}
	if t.Purpose == queue.TrunkCheck && tenant.CheckComesBack() {
		begin.Proof = queue.CheckKeys(attempt)
	}
	r, err := reception(tenant, script(t, attempt), begin)
	if t.Language != "" && h.voices[t.Language] != nil {
		r.Language = t.Language
	}
	return call.Outbound{Reception: r, ID: attempt.Call, Ticket: t.ID, Token: t.Token, Number: begin.Number, Shown: tenant.ServicePhone}, err
}

// script is the conversation that an attempt begins with when it is answered.
func script(t queue.Ticket, attempt queue.Attempt) string {
	switch {
	case attempt.Kind == queue.Notice:
		return flow.ScriptLate
	case t.Purpose == queue.TrunkCheck:
		return flow.ScriptCheck
	case t.Purpose == queue.Verification:
		return flow.ScriptVerify
	}
	return flow.ScriptReturn
}

// note makes a callback of a call that the exchange took down while the service
// was away, and has the note deleted once it is on disk. The exchange brings one
// note after the other, on the same channel; a note that can't be kept stays.
func (h *host) note(ctx context.Context, c call.Channel) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	next := call.Command{Op: call.DoContinue, Channel: c.ID, Number: "notebook,delete"}
	if err := h.keepNote(ctx, c.Args); err != nil {
		if len(c.Args) > 1 {
			h.log.Warn("a noted call could not be kept; it stays noted", "error", err)
		}
		next = call.Command{Op: call.DoHangup, Channel: c.ID}
	}
	if err := h.line.Perform(ctx, next); err != nil && !errors.Is(err, call.ErrGone) {
		h.log.Warn("command to the exchange failed", "op", string(next.Op), "error", err)
	}
}

// errLastNote: the notebook is empty.
var errLastNote = errors.New("app: the notebook is empty")

func (h *host) keepNote(ctx context.Context, args []string) error {
	if len(args) != 5 {
		return errLastNote
	}
	t, ok := h.numbers[args[4]]
	if !ok {
		return nil // dialled a number that is no tenant's any more: nobody could call back
	}
	n, err := phone.Parse(args[2])
	if err != nil || n.Dialable() != nil {
		return nil // the exchange's rough look let it through, the rule does not
	}
	epoch, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return fmt.Errorf("app: the time of a note: %w", err)
	}
	_, err = h.tickets.Noted(ctx, t.ID, args[1], n, time.Unix(epoch, 0))
	return err
}

// callsFor has done on the telephone what dispatch decides.
type callsFor struct {
	host   *host
	runner *call.Runner
	ready  func() error // nil when the exchange is connected
}

func (c callsFor) Turn(_ context.Context, _, callID, _, agent string) error {
	err := c.runner.Turn(callID, agent)
	if errors.Is(err, call.ErrNotFound) {
		return dispatch.ErrNotFound
	}
	return err
}

func (c callsFor) Place(ctx context.Context, t queue.Ticket) error {
	if err := c.ready(); err != nil {
		return err
	}
	o, err := c.host.outbound(t)
	if err != nil {
		return err
	}
	return c.runner.Place(ctx, o)
}

func (c callsFor) Cancel(_ context.Context, callID string) { c.runner.Cancel(callID) }

func (c callsFor) Close(_ context.Context, callID string) error {
	err := c.runner.Close(callID)
	if errors.Is(err, call.ErrNotFound) {
		return dispatch.ErrNotFound
	}
	return err
}

func (c callsFor) Live(callID string) bool { return c.runner.Live(callID) }
