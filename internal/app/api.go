package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"richiamo/console"
	"richiamo/internal/call"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/config"
	"richiamo/internal/desk"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
	"richiamo/internal/web"
)

// api is what the HTTP API is made of.
func (a *App) api() web.Deps {
	return web.Deps{
		Keys:    apiKeys(a.cfg),
		Tickets: a.tickets, ReturnCalls: returnCalls{a.tickets, a}, Center: a.tickets, Worklist: a.tickets,
		Supervision: supervision{a}, Talks: talks{a, recordings{line: a.line, store: a.stores.Recordings}}, Rules: a.rules,
		Registrations: registrations{a}, Calls: calls{a}, Health: a,
		Stations: a.tickets, Exchange: a.line, Account: accounts(a.cfg), SessionKey: derive(a.cfg.Key, "sessions"), Page: console.FS(),
		Metrics: a.metrics.Handler(), Observer: a.metrics, Log: a.log, Now: a.now,
	}
}

func apiKeys(cfg *config.Config) []web.Key {
	var keys []web.Key
	for _, t := range cfg.Tenants {
		for _, k := range t.APIKeys {
			keys = append(keys, web.Key{Tenant: t.ID, Channel: web.Channel(k.Channel), SHA256: k.Digest()})
		}
	}
	return keys
}

// accounts finds the agents who may sign in. For a name that is none of theirs a password
// is looked at all the same, so that the time tells nothing.
func accounts(cfg *config.Config) func(string) (web.Account, bool) {
	known := map[string]web.Account{}
	for _, t := range cfg.Tenants {
		for _, member := range t.Agents {
			if member.SignsIn() {
				known[member.ID] = web.Account{Tenant: t.ID, Agent: member.ID, Stamp: member.Stamp(), Opens: member.Opens}
			}
		}
	}
	nobody := web.Account{Opens: config.Agent{}.Opens}
	return func(name string) (web.Account, bool) {
		if account, ok := known[name]; ok {
			return account, true
		}
		return nobody, false
	}
}

// Parts tells how the parts of the service are, each with why not.
func (a *App) Parts(ctx context.Context) []web.Part {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	parts := []web.Part{part("redis", a.stores.Ping(ctx)), part("asterisk", a.line.Ready())}
	for _, t := range a.cfg.Tenants {
		var err error
		if a.registries[t.ID].Len() == 0 {
			err = fmt.Errorf("no registry of citizens: richiamo registry import --config %s --tenant %s FILE.csv", a.cfg.Path, t.ID)
		}
		parts = append(parts, part("registry "+t.ID, err))
	}
	return parts
}

func part(name string, err error) web.Part {
	if err != nil {
		return web.Part{Name: name, Why: err.Error()}
	}
	return web.Part{Name: name, Ready: true}
}

// returnCalls knows, besides, which citizens go first.
type returnCalls struct {
	*dispatch.Tickets
	app *App
}

// CreateReturn takes a return call, in its place by the register's date of birth. A
// registration that the citizen could not confirm is not taken; a register that can't
// be read, or does not know the citizen, is no reason to refuse.
func (r returnCalls) CreateReturn(ctx context.Context, tenant, key string, c dispatch.ReturnCall) (queue.Ticket, error) {
	if code, err := fiscalcode.ParseTrustingPlace(c.Citizen); err == nil {
		person, found, err := r.app.registries[tenant].ByCode(code)
		rules := r.app.desks[tenant]
		switch {
		case err != nil || !found:
		case c.Purpose == queue.Verification && !rules.Eligible(person):
			return queue.Ticket{}, web.ErrNotEligible
		case c.Class == queue.Normal:
			c.Class = rules.Class(person)
		}
	}
	return r.Tickets.CreateReturn(ctx, tenant, key, c)
}

// registrations is the campaign's list as pharmacies, family doctors and
// portal see it.
type registrations struct{ *App }

// Register puts a citizen of the registry on the list.
func (r registrations) Register(ctx context.Context, tenant, channel string, code fiscalcode.Code, number phone.Number) (desk.Registration, bool, error) {
	person, found, err := r.registries[tenant].ByCode(code)
	switch {
	case errors.Is(err, snapshot.ErrEmpty), err == nil && !found:
		return desk.Registration{}, false, web.ErrUnknownCitizen
	case err != nil:
		return desk.Registration{}, false, err
	}
	t := r.host.tenants[tenant]
	if !r.desks[tenant].Eligible(person) {
		return desk.Registration{}, false, web.ErrNotEligible
	}
	kept, added, err := r.stores.Registrations.Add(ctx, desk.Registration{
		Tenant: tenant, Campaign: t.Campaign.Name, Citizen: code.Reveal(), Phone: number.Reveal(),
		Channel: channel, At: r.now(),
	})
	if err == nil && added {
		r.metrics.Registered(channel)
	}
	return kept, added, err
}

// Of finds a citizen's registration.
func (r registrations) Of(ctx context.Context, tenant string, code fiscalcode.Code) (desk.Registration, error) {
	return r.stores.Registrations.Of(ctx, tenant, r.host.tenants[tenant].Campaign.Name, code.Reveal())
}

// Page lists all.
func (r registrations) Page(ctx context.Context, tenant, cursor string, limit int) ([]desk.Registration, string, error) {
	return r.stores.Registrations.Page(ctx, tenant, cursor, limit)
}

// calls shows calls with their transcripts.
type calls struct{ *App }

// Call reads one call, alive or ended.
func (c calls) Call(ctx context.Context, tenant, id string) (web.Call, error) {
	r, err := c.stores.Calls.Load(ctx, tenant, id)
	if errors.Is(err, call.ErrNotFound) {
		return web.Call{}, web.ErrNotFound
	}
	if err != nil {
		return web.Call{}, err
	}
	shown := web.Call{
		ID: r.ID, Script: r.Journal.Script, Outbound: r.Outbound, Ticket: r.Ticket, Node: r.Node,
		Started: r.Started, Ended: r.Ended,
	}
	for _, j := range append(r.Broken, r.Journal) {
		steps, err := dialogue.Transcript(c.runner.Script(j.Script), j)
		if err != nil {
			shown.Transcript = append(shown.Transcript, web.Line{At: r.Started, Who: web.System, Text: "the journal was written by another version of the conversation"})
			continue
		}
		for _, s := range steps {
			if s.Input.Kind == dialogue.Resumed {
				shown.Adoptions++
			}
			shown.Transcript = append(shown.Transcript, c.lines(r.Language, s)...)
		}
	}
	return shown, nil
}

// lines tells one step of a call without anything that belongs to a person: of
// an entry its length, of a prompt its text with the names of its slots.
func (c calls) lines(language string, s dialogue.Exchange) []web.Line {
	var lines []web.Line
	add := func(who web.Who, format string, args ...any) {
		lines = append(lines, web.Line{At: s.Input.At, Who: who, Text: fmt.Sprintf(format, args...)})
	}
	switch in := s.Input; in.Kind {
	case dialogue.Entry:
		switch {
		case in.Keys == "":
			add(web.Citizen, "(%s)", in.End)
		case len(in.Keys) == 1:
			add(web.Citizen, "presses %s", in.Keys)
		default:
			add(web.Citizen, "%d keys (%s)", len(in.Keys), in.End)
		}
	case dialogue.Hangup:
		add(web.Citizen, "hangs up")
	case dialogue.Answer:
		if in.Failed {
			add(web.System, "no answer")
		}
	case dialogue.Wished:
		add(web.Person, "wishes: %s %s", in.Verb, in.Target)
	case dialogue.LegUp, dialogue.LegDown, dialogue.YourTurn, dialogue.Closing, dialogue.Resumed, dialogue.Recorded, dialogue.Timeout:
		add(web.System, "%s", in.Kind)
	}
	voice := c.host.voices[language]
	for _, a := range s.Turn.Actions {
		switch a.Kind {
		case dialogue.Say:
			add(web.Voice, "%s", text(voice, a.Say.ID))
		case dialogue.Request:
			add(web.System, "asks: %s", a.Request)
		case dialogue.Ring:
			add(web.System, "rings %s", a.Agent)
		default:
			add(web.System, "%s", a.Kind)
		}
	}
	return lines
}

// text is a prompt with its slots unfilled.
func text(voice *speech.Catalogue, id speech.ID) string {
	if voice == nil {
		return string(id)
	}
	return voice.Text(id)
}
