package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"richiamo/internal/app"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/config"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// configuration tells what was read: that it could be, with its key and its
// passwords, is why there is a config.Config.
func (e *examination) configuration() {
	numbers, agents := 0, 0
	for _, t := range e.cfg.Tenants {
		numbers, agents = numbers+len(t.Numbers), agents+len(t.Agents)
	}
	e.ok("configuration", "%s: tenants %d, numbers %d, agents %d", e.cfg.Path, len(e.cfg.Tenants), numbers, agents)
	e.ok("key file", "%s holds a key; keep a copy where the backups of Redis are not", e.cfg.KeyFile)
}

// zones shows what time it is for each tenant, so that an operator sees at a
// glance whether it is.
func (e *examination) zones() {
	for _, t := range e.cfg.Tenants {
		zone, err := time.LoadLocation(t.TimeZone)
		if err != nil {
			e.fail("time zone "+t.ID, "correct \"timezone\" in the configuration", "%v", err)
			continue
		}
		e.ok("time zone "+t.ID, "%s, where it is %s", t.TimeZone, time.Now().In(zone).Format("Mon 2 Jan 15:04"))
	}
}

// prompts looks whether the voice built into this program speaks the tenants'
// languages and knows their phrases.
func (e *examination) prompts() {
	for _, t := range e.cfg.Tenants {
		name := "prompts " + t.ID
		voice, err := speech.Load(prompts.FS(), t.Language)
		if err != nil {
			e.fail(name, "choose a \"language\" that has recordings", "%v", err)
			continue
		}
		p := t.Phrases
		var unknown []string
		for _, f := range []struct{ slot, phrase string }{
			{"authority", p.Authority}, {"service", p.Service}, {"campaign", p.Campaign}, {"eligible", p.Eligible}, {"hours", p.Hours},
		} {
			if !slices.Contains(voice.Phrases(f.slot), f.phrase) {
				unknown = append(unknown, f.phrase)
			}
		}
		if len(unknown) > 0 {
			e.fail(name, "name phrases of prompts/"+t.Language+"/catalogue.txt under \"phrases\"", "no such phrase: %s", some(unknown))
			continue
		}
		e.ok(name, "language %s, %d recordings built in", t.Language, len(voice.Pieces()))
	}
}

// staffing compares what is promised from with who there is.
func (e *examination) staffing() {
	for _, t := range e.cfg.Tenants {
		name, agents := "staffing "+t.ID, len(t.Agents)
		if len(t.Staffing) == 0 {
			e.ok(name, "all agents, %d, in all hours of the calling window", agents)
			continue
		}
		hours, most := week(t.Staffing)
		if most > agents {
			e.warn(name, "correct \"staffing\", or name all of them under \"agents\"",
				"%d at a time are staffed and %d agents are configured: more calls are promised than can be made", most, agents)
			continue
		}
		e.ok(name, "%.0f hours of agents a week, at most %d at a time", hours, most)
	}
}

// week adds up the hours of a week's shifts, and finds how many agents there are
// at most at a time.
func week(shifts []config.Shift) (hours float64, most int) {
	for _, s := range shifts {
		hours += float64(len(s.Days)*s.Agents) * float64(s.To-s.From) / 60
		for _, day := range s.Days {
			n := 0 // the number only grows where a shift begins
			for _, other := range shifts {
				if slices.Contains(other.Days, day) && other.From <= s.From && s.From < other.To {
					n += other.Agents
				}
			}
			most = max(most, n)
		}
	}
	return hours, most
}

// trunkChecks tell whether the trunk is tried before citizens are called.
func (e *examination) trunkChecks() {
	for _, t := range e.cfg.Tenants {
		name := "trunk check " + t.ID
		if t.TrunkCheck.Number == "" {
			e.ok(name, "none: that the trunk carries no calls is first seen by citizens who are not called")
			continue
		}
		if t.CheckComesBack() {
			e.ok(name, "our own number ending in %s is called before the first citizen of a day, and must come back in as service_phone; not looked at: whether it does", t.TrunkCheck.Number[len(t.TrunkCheck.Number)-2:])
			continue
		}
		e.ok(name, "the number ending in %s is called before the first citizen of a day; not looked at: whether it answers", t.TrunkCheck.Number[len(t.TrunkCheck.Number)-2:])
	}
}

// registries looks whether citizens can be found.
func (e *examination) registries() {
	key := e.cfg.Key.Reveal()
	for _, t := range e.cfg.Tenants {
		name := "registry " + t.ID
		again := fmt.Sprintf("run: richiamo registry import --config %s --tenant %s FILE.csv", e.cfg.Path, t.ID)
		registry, err := snapshot.Open(app.RegistryDir(e.cfg, t.ID), key[:])
		if err != nil {
			e.fail(name, "if the key file is the right one, "+again, "%v", err)
			continue
		}
		if rows := registry.Len(); rows > 0 {
			e.ok(name, "%d citizens", rows)
		} else {
			e.fail(name, again, "it holds no citizens")
		}
		_ = registry.Close()
	}
}

// service is what the address of the HTTP API answers.
type service struct {
	running  bool
	asterisk bool // it is connected to Asterisk
}

// http looks whether the API's address is free, or the service's own.
func (e *examination) http(ctx context.Context) service {
	const name = "http"
	addr := e.cfg.HTTP.Listen
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err == nil {
		_ = listener.Close()
		e.ok(name, "%s is free; the service is not running", addr)
		return service{}
	}
	parts, ready, answered := e.readyz(ctx)
	if answered != nil {
		e.fail(name, "end what listens there, or move \"http.listen\" in the configuration", "%s can't be listened on (%v), and what answers there is not the service (%v)", addr, err, answered)
		return service{}
	}
	s := service{running: true, asterisk: true}
	var missing []string
	for _, p := range parts {
		if !p.Ready {
			missing = append(missing, p.Name+": "+p.Why)
			s.asterisk = s.asterisk && p.Name != "asterisk"
		}
	}
	if !ready {
		e.warn(name, "mend what the other lines say", "the service runs at %s and is not ready: %s", addr, strings.Join(missing, "; "))
		return s
	}
	e.ok(name, "the service runs at %s and is ready", addr)
	return s
}

// state is a part of the service in the answer of /readyz.
type state struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Why   string `json:"why"`
}

// readyz asks the service how it is. An error means that it is not the service
// that answers.
func (e *examination) readyz(ctx context.Context) (parts []state, ready bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address(e.cfg.HTTP)+"/readyz", nil)
	if err != nil {
		return nil, false, err
	}
	// The certificate is for the name by which others know the service, which
	// is not this one; nothing is told to whoever answers.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return nil, false, err
	}
	defer response.Body.Close()
	var answer struct {
		Ready *bool   `json:"ready"`
		Parts []state `json:"parts"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer); err != nil || answer.Ready == nil {
		return nil, false, fmt.Errorf("it answers %d and nothing that the service would say", response.StatusCode)
	}
	return answer.Parts, *answer.Ready, nil
}

// address is where the API is asked from this machine.
func address(h config.HTTP) string {
	scheme := "http://"
	if h.TLSCertificate != "" {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(h.Listen)
	if err != nil {
		return scheme + h.Listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}
