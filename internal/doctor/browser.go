package doctor

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"richiamo/internal/ari"
)

// rehearsed is the telephone in a browser that is made as a trial, with a password that
// nobody knows, and unmade.
const rehearsed = "richiamo-doctor.browser"

// browserModules are the modules of Asterisk without which no browser can be a
// telephone.
func browserModules() []string {
	return []string{"res_http_websocket.so", "res_pjsip_transport_websocket.so", "res_srtp.so", "res_ari_asterisk.so"}
}

// browsers looks whether the telephones of agents who sign in at the page can be
// made: it makes one.
func (e *examination) browsers(ctx context.Context, x exchange) {
	const name = "telephones in browsers"
	agents := 0
	for _, t := range e.cfg.Tenants {
		for _, a := range t.Agents {
			if a.SignsIn() {
				agents++
			}
		}
	}
	if agents == 0 {
		return
	}
	missing, err := x.missing(ctx, browserModules())
	if err != nil {
		return // the line of the modules tells of it
	}
	var transport []struct{}
	found, err := x.get(ctx, "/asterisk/config/dynamic/res_pjsip/transport/"+ari.BrowserTransport, &transport)
	made := e.rehearse(ctx, x)
	switch {
	case len(missing) > 0:
		e.fail(name, "load them in modules.conf", "not running: %s", some(missing))
	case err != nil || !found:
		e.fail(name, "describe it in pjsip.conf: type=transport, protocol=ws, and as bind the address that sound comes from",
			"Asterisk knows no transport %q", ari.BrowserTransport)
	case made != nil:
		e.fail(name, "name \"memory\" beside \"config\" for endpoint, auth and aor in sorcery.conf, under [res_pjsip]", "none can be made: %v", made)
	default:
		e.ok(name, "can be made, for %d agents; not looked at: whether their sound finds its way (ice_host_candidates in rtp.conf, firewall)", agents)
	}
}

// rehearse makes a telephone in a browser, and unmakes it.
func (e *examination) rehearse(ctx context.Context, x exchange) error {
	line := ari.New(ari.Config{URL: x.url, User: x.user, Password: x.password})
	defer line.Close()
	err := line.OpenPhone(ctx, rehearsed, rand.Text())
	for _, kind := range strings.Fields("endpoint aor auth") {
		_, _ = x.ask(ctx, http.MethodDelete, "/asterisk/config/dynamic/res_pjsip/"+kind+"/"+rehearsed)
	}
	return err
}
