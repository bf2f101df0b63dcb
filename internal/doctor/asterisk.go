package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"richiamo/internal/config"
)

// oldestMajor is the oldest Asterisk whose ARI has what is used here.
const oldestMajor = 20

// secure is a release of Asterisk that mends 20 advisories; older ones have
// known holes (https://www.asterisk.org/downloads/security-advisories).
const secure = "22.10.1"

// modules of Asterisk without which calls fail in a way that nobody sees at the
// start. The full list is asterisk/conf/modules.conf.tmpl.
func modules() []string {
	return []string{
		"app_stasis.so", "res_stasis_answer.so", "res_stasis_playback.so", "res_stasis_recording.so",
		"res_ari_channels.so", "res_ari_bridges.so", "res_ari_playbacks.so", "res_ari_recordings.so", "res_ari_events.so", "res_ari_applications.so",
		"chan_pjsip.so", "res_pjsip_sdp_rtp.so", "res_rtp_asterisk.so", "res_musiconhold.so",
		"bridge_simple.so", "bridge_holding.so", "format_pcm.so", "codec_alaw.so", "func_db.so", "pbx_config.so",
	}
}

// exchange asks an Asterisk by its REST interface. It opens no websocket: one
// under the service's name would take the calls away from a running service.
type exchange struct {
	url, user, password string
}

// answer is what Asterisk said to one request.
type answer struct {
	status int
	body   []byte
}

func (x exchange) ask(ctx context.Context, method, path string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, x.url+path, nil)
	if err != nil {
		return answer{}, err
	}
	request.SetBasicAuth(x.user, x.password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return answer{response.StatusCode, body}, err
}

// get reads an answer into a value. found is false when there is no such thing.
func (x exchange) get(ctx context.Context, path string, into any) (found bool, err error) {
	a, err := x.ask(ctx, http.MethodGet, path)
	switch {
	case err != nil:
		return false, err
	case a.status == http.StatusNotFound:
		return false, nil
	case a.status != http.StatusOK:
		return false, fmt.Errorf("asterisk answers %d", a.status)
	}
	return true, json.Unmarshal(a.body, into)
}

// asterisk looks whether the exchange is there, obeys us, and has what calls
// need.
func (e *examination) asterisk(ctx context.Context, s service) {
	c := e.cfg.Asterisk
	x := exchange{strings.TrimSuffix(c.URL, "/"), c.User, c.Password.Reveal()}
	version, err := x.version(ctx)
	switch {
	case errors.Is(err, errRefused):
		e.fail("asterisk", "correct \"ari_user\" and \"ari_password_file\" in the configuration, or the user and its permit line in ari.conf", "%v", err)
		return
	case err != nil:
		e.fail("asterisk", "start Asterisk, or correct \"ari_url\" in the configuration", "%s: %v", c.URL, err)
		return
	}
	e.ok("asterisk", "%s answers, and takes our user and password", c.URL)
	e.version(version)
	e.mayWrite(ctx, x)
	e.modules(ctx, x)
	e.application(ctx, x, s)
	e.endpoints(ctx, x)
	e.browsers(ctx, x)
	e.sounds(ctx, x)
}

var errRefused = errors.New("asterisk refuses our user, password or address")

// version is Asterisk's, for example 22.10.1~dfsg.
func (x exchange) version(ctx context.Context) (string, error) {
	a, err := x.ask(ctx, http.MethodGet, "/asterisk/info")
	switch {
	case err != nil:
		return "", err
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return "", errRefused
	case a.status != http.StatusOK:
		return "", fmt.Errorf("what answers there says %d: it is no ARI, or ARI is not enabled in ari.conf", a.status)
	}
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"system"`
	}
	if err := json.Unmarshal(a.body, &info); err != nil || info.System.Version == "" {
		return "", errors.New("what answers there is no ARI")
	}
	return info.System.Version, nil
}

// version compares Asterisk's version with the floors.
func (e *examination) version(version string) {
	found, floor := numbers(version), numbers(secure)
	switch {
	case found[0] < oldestMajor:
		e.fail("asterisk version", fmt.Sprintf("install Asterisk %s or newer", secure), "%s is too old: %d is the oldest that works", version, oldestMajor)
	case older(found, floor):
		e.warn("asterisk version", fmt.Sprintf("install Asterisk %s or newer", secure), "%s has known security holes", version)
	default:
		e.ok("asterisk version", "%s", version)
	}
}

// numbers are the three first numbers of a version; zero where there is none.
func numbers(version string) (n [3]int) {
	for i, part := range strings.SplitN(version, ".", 3) {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			part = part[:end]
		}
		n[i], _ = strconv.Atoi(part)
	}
	return n
}

func older(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// mayWrite looks whether our user may give commands: it ends a playback that
// there is not.
func (e *examination) mayWrite(ctx context.Context, x exchange) {
	a, err := x.ask(ctx, http.MethodDelete, "/playbacks/richiamo-doctor-none")
	switch {
	case err != nil:
		e.fail("ari user", "look into Asterisk's log", "a command was not answered: %v", err)
	case a.status == http.StatusNotFound:
		e.ok("ari user", "%s may give commands", x.user)
	default:
		e.fail("ari user", "set \"read_only = no\" for this user in ari.conf", "%s may not give commands: Asterisk answers %d", x.user, a.status)
	}
}

// modules looks whether Asterisk has loaded what calls need.
func (e *examination) modules(ctx context.Context, x exchange) {
	missing, err := x.missing(ctx, modules())
	switch {
	case err != nil:
		e.fail("asterisk modules", "load res_ari_asterisk.so", "they can't be listed: %v", err)
	case len(missing) > 0:
		e.fail("asterisk modules", "load them in modules.conf and look into Asterisk's log for why they did not load", "not running: %s", some(missing))
	default:
		e.ok("asterisk modules", "all that calls need are running")
	}
}

// missing are those of some modules that do not run.
func (x exchange) missing(ctx context.Context, modules []string) (missing []string, err error) {
	for _, m := range modules {
		var state struct {
			Status string `json:"status"`
		}
		found, err := x.get(ctx, "/asterisk/modules/"+m, &state)
		if err != nil {
			return nil, err
		}
		if !found || state.Status != "Running" {
			missing = append(missing, m)
		}
	}
	return missing, nil
}

// application looks who has the name under which Asterisk hands calls over.
func (e *examination) application(ctx context.Context, x exchange, s service) {
	name, app := "asterisk application", e.cfg.Asterisk.App
	var there struct {
		Name string `json:"name"`
	}
	found, err := x.get(ctx, "/applications/"+url.PathEscape(app), &there)
	switch {
	case err != nil:
		e.fail(name, "load res_ari_applications.so", "it can't be asked for: %v", err)
	case s.asterisk && !found:
		e.fail(name, "give both the same \"ari_url\" and \"app\", and start the service again", "the service says that it is connected, and Asterisk knows no application %q", app)
	case found && !s.running:
		e.warn(name, "make sure that only one service uses this Asterisk", "%q is in use and the service does not run here: calls wait for it, or another machine serves them", app)
	case found:
		e.ok(name, "%q is the service's", app)
	default:
		e.ok(name, "%q is free; not looked at: whether extensions.conf hands calls to it", app)
	}
}

// endpoint is a telephone, or the trunk, as Asterisk knows it.
type endpoint struct {
	State string `json:"state"` // online, offline, unknown
}

// endpoints looks whether the trunk and the agents' telephones are known.
func (e *examination) endpoints(ctx context.Context, x exchange) {
	carrier := e.cfg.Asterisk.CarrierEndpoint
	var trunk endpoint
	found, err := x.get(ctx, "/endpoints/PJSIP/"+url.PathEscape(carrier), &trunk)
	switch {
	case err != nil:
		e.fail("trunk", "load res_ari_endpoints.so", "endpoints can't be asked for: %v", err)
		return
	case !found:
		e.fail("trunk", "describe it in pjsip.conf, or correct \"carrier_endpoint\" in the configuration", "Asterisk knows no PJSIP endpoint %q", carrier)
	case trunk.State != "online":
		e.warn("trunk", "look at \"pjsip show endpoint "+carrier+"\" on Asterisk's console: nobody can be called", "%q is %s", carrier, trunk.State)
	default:
		e.ok("trunk", "%q is online", carrier)
	}
	for _, t := range e.cfg.Tenants {
		if len(t.Agents) > 0 {
			e.probe(ctx, x, t)
		}
		name, online, browsers := "agents "+t.ID, 0, 0
		var unknown []string
		for _, a := range t.Agents {
			var desk endpoint
			found, err := x.get(ctx, "/endpoints/PJSIP/"+url.PathEscape(a.ID), &desk)
			switch {
			case (err != nil || !found) && a.SignsIn():
				browsers++
			case err != nil || !found:
				unknown = append(unknown, a.ID)
			case desk.State == "online":
				online++
			}
		}
		switch {
		case len(unknown) > 0:
			e.fail(name, "describe them in pjsip.conf, or correct \"agents\" in the configuration", "Asterisk knows no telephone of: %s", some(unknown))
		case len(t.Agents) == 0:
			e.warn(name, "name them under \"agents\" in the configuration", "there are none: who wants a person can only be promised a call")
		default:
			e.ok(name, "%d telephones on desks, %d of them registered now; %d agents have one in the browser only", len(t.Agents)-browsers, online, browsers)
		}
	}
}

// probe looks whether Asterisk probes the agents' telephones: a registration
// lasts for minutes after a telephone has died, and all calls given to it ring
// nobody. The telephones of a tenant are taken to be described alike, and the
// first one is asked for.
func (e *examination) probe(ctx context.Context, x exchange, t config.Tenant) {
	name := "agents' probe " + t.ID
	var attributes []struct {
		Attribute string `json:"attribute"`
		Value     string `json:"value"`
	}
	found, err := x.get(ctx, "/asterisk/config/dynamic/res_pjsip/aor/"+url.PathEscape(t.Agents[0].ID), &attributes)
	if err != nil || !found {
		return // the line of the agents tells of a telephone that there is not
	}
	for _, a := range attributes {
		if a.Attribute != "qualify_frequency" {
			continue
		}
		if a.Value == "" || a.Value == "0" {
			e.warn(name, "set qualify_frequency of their AORs in pjsip.conf, 5 say", "their telephones are not probed: one that is dead is given citizens until its registration ends")
			return
		}
		e.ok(name, "their telephones are probed every %s seconds", a.Value)
	}
}
