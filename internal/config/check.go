package config

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"richiamo/internal/phone"
)

// check finds what no single value shows: values that contradict each other,
// names used twice, and what the world outside would refuse.
func (d *decoder) check(cfg *Config) {
	d.checkAddresses(cfg)
	if len(cfg.Tenants) == 0 && d.lines["tenants"] > 0 {
		d.note("tenants", "is empty; describe at least one authority")
	}
	ids, numbers, agents, keys := d.unique("tenant"), d.unique("number"), d.unique("agent"), d.unique("API key")
	for i := range cfg.Tenants {
		t, key := &cfg.Tenants[i], fmt.Sprintf("tenants[%d]", i)
		ids(key+".id", t.ID)
		d.checkTenant(key, t)
		if len(t.Numbers) == 0 && d.lines[key+".numbers"] > 0 {
			d.note(key+".numbers", "is empty; name the numbers on which citizens call")
		}
		for j, n := range t.Numbers {
			at := fmt.Sprintf("%s.numbers[%d]", key, j)
			d.checkNumber(at, n)
			numbers(at, n)
		}
		for j, a := range t.Agents {
			at := fmt.Sprintf("%s.agents[%d]", key, j)
			agents(at+".id", a.ID) // one exchange: the telephones of all tenants share its names
			for s, skill := range a.Skills {
				if !isSlug(skill) {
					d.note(fmt.Sprintf("%s.skills[%d]", at, s), "%q must be a name of small letters, figures and hyphens", skill)
				}
			}
		}
		for j, k := range t.APIKeys {
			at := fmt.Sprintf("%s.api_keys[%d]", key, j)
			if d.checkAPIKey(at, k) {
				keys(at, string(hexOf(k)))
			}
		}
	}
}

// unique returns a function that notes what it has been given before. The thing
// itself is not repeated in the note: it may be a secret.
func (d *decoder) unique(what string) func(key, value string) {
	first := map[string]string{}
	return func(key, value string) {
		if value == "" {
			return
		}
		if before, ok := first[value]; ok {
			d.note(key, "is the same %s as %s in line %d; each must be its own", what, before, d.line(before))
			return
		}
		first[value] = key
	}
}

func (d *decoder) checkAddresses(cfg *Config) {
	if u, err := url.Parse(cfg.Asterisk.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" ||
		u.Host == "" || u.User != nil || u.RawQuery != "" || strings.HasSuffix(u.Path, "/") {
		d.note("asterisk.ari_url", "must be as http://127.0.0.1:8088/ari, without user, question mark or a slash at the end")
	}
	switch r := cfg.Redis; {
	case r.Address == "" && r.Socket == "":
		d.note("redis.address", "is missing; give address, or socket")
	case r.Address != "" && r.Socket != "":
		d.note("redis.socket", "cannot be together with address; remove one")
	case len(r.Socket) > 107: // sun_path of unix(7), with its closing zero
		d.note("redis.socket", "%s is longer than the 107 characters that a socket may have; move it to a shorter folder", r.Socket)
	case r.Address != "":
		d.checkAddress("redis.address", r.Address, false)
	}
	d.checkAddress("http.listen", cfg.HTTP.Listen, true)
	if (cfg.HTTP.TLSCertificate == "") != (cfg.HTTP.TLSKey == "") {
		d.note("http.tls_certificate", "goes together with tls_key; give both, or neither for no TLS")
	}
}

// checkAddress wants host:port; a server's may be port 0, which takes a free
// one, and may leave out the host.
func (d *decoder) checkAddress(key, address string, server bool) {
	host, port, err := net.SplitHostPort(address)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || !server && (n == 0 || host == "") {
		d.note(key, "%q must be an address with a port, as 127.0.0.1:6379", address)
	}
}

func (d *decoder) checkNumber(key, number string) {
	digits := strings.TrimPrefix(number, "+")
	if len(digits) < 3 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		d.note(key, "%q must be a telephone number of 3 to 15 figures, without spaces", number)
	}
}

func (d *decoder) checkTenant(key string, t *Tenant) {
	if t.ServicePhone != "" {
		d.checkNumber(key+".service_phone", t.ServicePhone)
	}
	if _, err := time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "" || t.TimeZone == "Local" {
		d.note(key+".timezone", "there is no time zone %q; write one as Europe/Rome", t.TimeZone)
	}
	if c := t.Campaign; !c.BornUntil.IsZero() && (c.BornUntil.Year < 1880 || c.BornUntil.Year > 2100) {
		d.note(key+".campaign.born_until", "the year %d cannot be meant", c.BornUntil.Year)
	}
	if w := key + ".calling_window"; d.lines[w] > 0 && !t.CallingWindow.Always && len(t.CallingWindow.Hours) == 0 {
		d.note(w, "has no hours: nobody could ever be called back; write always, or a list of hours")
	}
	if l := t.Limits; l.AutomaticLines > l.Lines && d.lines[key+".limits.automatic_lines"] > 0 {
		d.note(key+".limits.automatic_lines", "%d are more than the %d lines that there are", l.AutomaticLines, l.Lines)
	}
	for i, h := range t.CallingWindow.Hours {
		d.checkHours(fmt.Sprintf("%s.calling_window[%d]", key, i), h.From, h.To)
	}
	for i, s := range t.Staffing {
		at := fmt.Sprintf("%s.staffing[%d]", key, i)
		if d.checkHours(at, s.From, s.To) && !t.CallingWindow.touches(s) {
			d.note(at, "is outside the calling window: nobody could be called back by these people; widen calling_window, or remove the line")
		}
	}
	if n := t.TrunkCheck.Number; n != "" {
		at := key + ".trunk_check.number"
		d.checkNumber(at, n)
		if number, err := phone.Parse(n); err != nil || number.Dialable() != nil {
			d.note(at, "%q is never dialled; name a landline or mobile number in Italy, at which something answers", n)
		}
	}
	if y := t.Priority.FrailBornUntil; !y.IsZero() && (y.Year < 1880 || y.Year > 2100) {
		d.note(key+".priority.frail_born_until", "the year %d cannot be meant", y.Year)
	}
}

// checkHours wants a beginning before an end; of what is missing is told already.
func (d *decoder) checkHours(key string, from, to Clock) bool {
	if d.lines[key+".from"] == 0 || d.lines[key+".to"] == 0 {
		return false
	}
	if to <= from {
		d.note(key+".to", "%s is not after %s; hours that pass midnight are two lines", to, from)
		return false
	}
	return true
}

// touches tells whether a shift has any minute in which citizens may be called.
func (w Window) touches(s Shift) bool {
	return w.Always || slices.ContainsFunc(w.Hours, func(h Hours) bool {
		return h.From < s.To && s.From < h.To && slices.ContainsFunc(h.Days, func(d time.Weekday) bool { return slices.Contains(s.Days, d) })
	})
}

func (d *decoder) checkAPIKey(key string, k APIKey) bool {
	sum, err := hex.DecodeString(string(k.SHA256))
	switch {
	case k.Key == "" && k.SHA256 == "":
		d.note(key+".key_sha256", "is missing; make a key with `openssl rand -hex 24` and give its SHA-256")
	case k.Key != "" && k.SHA256 != "":
		d.note(key+".key", "cannot be together with key_sha256; remove key")
	case k.Key != "" && len(k.Key) < 16:
		d.note(key+".key", "is shorter than 16 characters; make one with `openssl rand -hex 24`")
	case k.SHA256 != "" && (err != nil || len(sum) != 32):
		d.note(key+".key_sha256", "must be 64 hexadecimal figures, from `printf %%s \"$KEY\" | sha256sum`")
	default:
		return true
	}
	return false
}

func hexOf(k APIKey) []byte {
	sum := k.Digest()
	return hex.AppendEncode(nil, sum[:])
}

// Location is the tenant's time zone.
func (t *Tenant) Location() *time.Location {
	loc, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		return time.UTC // Load has refused it
	}
	return loc
}
