package ari

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// BrowserContext and BrowserTransport are what stands in Asterisk's files for
// telephones in browsers: a dialplan context in which nothing can be dialled, and
// the transport of SIP over websockets. All else of such a telephone is made by
// OpenPhone.
const (
	BrowserContext   = "from-browser"
	BrowserTransport = "ws"
)

// A setting is one field of an object of Asterisk's configuration, as ARI takes it.
type setting struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

// OpenPhone makes the telephone in a browser, PJSIP/ENDPOINT, that registers as
// ENDPOINT with this password over PhoneSocket, or gives the one that is there this
// password. One that it had before is refused from the first request on, even if a
// later one fails; doing it again completes it. It lasts until Asterisk ends, which
// forgets it: then registering is refused, and the telephone is opened again.
//
// A page that is registered stays so until another registers in its place, its own
// registration runs out, or its websocket closes.
func (l *Line) OpenPhone(ctx context.Context, endpoint, password string) error {
	switch {
	case l.isFenced():
		return fmt.Errorf("ari: phone: %w", ErrReplaced)
	case !isEndpoint(endpoint) || endpoint == l.cfg.Carrier:
		return errors.New("ari: phone: the name is no name of a telephone: letters, figures, - _ and . only")
	case password == "":
		return errors.New("ari: phone: a telephone without a password would be anybody's")
	}
	if err := l.configure(ctx, "auth", endpoint, []setting{{"auth_type", "userpass"}, {"username", endpoint}, {"password", password}}); err != nil {
		return err
	}
	// Asterisk must not be told of the place again: it would take the page that is
	// registered there now for one that is there for ever.
	var there []setting
	err := l.get(ctx, "phone", dynamicPath("aor", endpoint), &there)
	if says(err, http.StatusNotFound, "") {
		err = l.configure(ctx, "aor", endpoint, browserPlace())
	}
	if err != nil {
		return err
	}
	// The endpoint comes last: while its password or its place is missing, there is none.
	return l.configure(ctx, "endpoint", endpoint, browserEndpoint(endpoint))
}

// configure makes an object of Asterisk's SIP configuration, or changes it.
func (l *Line) configure(ctx context.Context, kind, name string, settings []setting) error {
	body, err := json.Marshal(map[string]any{"fields": settings})
	if err != nil {
		return fmt.Errorf("ari: phone: %w", err)
	}
	_, err = l.do(ctx, request{operation: "phone", method: http.MethodPut, path: dynamicPath(kind, name), body: body, again: true, silent: true})
	return err
}

// dynamicPath is the path of such an object.
func dynamicPath(kind, name string) string {
	return "/asterisk/config/dynamic/res_pjsip/" + kind + "/" + url.PathEscape(name)
}

// browserPlace is where a page registers: one page, the one that came last.
func browserPlace() []setting {
	return []setting{
		{"max_contacts", "1"},
		{"remove_existing", "yes"},
		{"minimum_expiration", "30"},
		{"default_expiration", "120"},
		{"maximum_expiration", "3600"},
		// A page whose computer sleeps, or whose network is gone, is offline after this
		// many seconds and the timeout.
		{"qualify_frequency", "5"},
		{"qualify_timeout", "2.0"},
	}
}

// browserEndpoint is how Asterisk speaks with a page: as WebRTC has it, encrypted
// with keys that are made for each call, and otherwise as with a desk phone
// (asterisk/conf/pjsip.conf.tmpl).
func browserEndpoint(name string) []setting {
	return []setting{
		{"transport", BrowserTransport},
		{"context", BrowserContext},
		{"aors", name},
		{"auth", name},
		{"identify_by", "username,auth_username"},
		{"webrtc", "yes"},
		{"dtls_auto_generate_cert", "yes"},
		{"disallow", "all"},
		{"allow", "alaw"}, // what carriers speak: nothing is transcoded
		{"dtmf_mode", "rfc4733"},
		{"language", "it"},
		{"tone_zone", "it"},
		{"direct_media", "no"},
		{"rewrite_contact", "yes"},
		{"allow_subscribe", "no"},
		{"allow_overlap", "no"},
		{"allow_transfer", "no"},
		{"timers", "no"},
		{"send_pai", "no"},
		{"send_rpid", "no"},
		{"trust_id_inbound", "no"},
		// A page sends sound all the time, also when it is muted. One that crashed sends
		// nothing and says nothing: its call ends after so many seconds, with a cause
		// that tells it from a call that somebody ended.
		{"rtp_timeout", "15"},
		{"rtp_timeout_hold", "15"},
	}
}

// PhoneSocket is where Asterisk speaks SIP over websockets, beside ARI:
// http://127.0.0.1:8088/ws. What is reached there proves itself by SIP only, so
// that it stands behind a proxy which asks who comes. nil if the exchange's URL is
// none.
func (l *Line) PhoneSocket() *url.URL {
	root, err := url.Parse(l.cfg.URL)
	if err != nil || l.http.address == "" {
		return nil
	}
	return &url.URL{Scheme: root.Scheme, Host: root.Host, Path: path.Join("/", path.Dir(strings.TrimSuffix(root.Path, "/")), "ws")}
}
