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
			d.checkAccount(at, a)
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
		if j := slices.IndexFunc(cfg.Tenants, func(other Tenant) bool { return other.ID != t.ID && other.has(t.TrunkCheck.Number) }); j >= 0 {
			d.note(key+".trunk_check.number", "is a number of the tenant %s, which would take the call for a citizen's; name one of this tenant's own", cfg.Tenants[j].ID)
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
	d.checkRedis(cfg.Redis)
	if b := cfg.Backup; b.Username != "" && b.Directory == "" {
		d.note("backup.directory", "is missing; name the folder for the backups, or remove username")
	}
	d.checkAddress("http.listen", cfg.HTTP.Listen, true)
	if (cfg.HTTP.TLSCertificate == "") != (cfg.HTTP.TLSKey == "") {
		d.note("http.tls_certificate", "goes together with tls_key; give both, or neither for no TLS")
	}
}

func (d *decoder) checkRedis(r Redis) {
	given := 0
	for _, is := range []bool{r.Address != "", r.Socket != "", r.Sentinel.Master != ""} {
		if is {
			given++
		}
	}
	switch s := r.Sentinel; {
	case s.Master == "" && len(s.Addresses) > 0:
		d.note("redis.sentinel.master", "is missing; name the master as in `sentinel monitor NAME`")
	case given == 0:
		d.note("redis.address", "is missing; give address, socket or sentinel")
	case r.Address != "" && r.Socket != "":
		d.note("redis.socket", "cannot be together with address; remove one")
	case given > 1:
		d.note("redis.sentinel", "cannot be together with address or socket; remove one")
	case len(r.Socket) > 107: // sun_path of unix(7), with its closing zero
		d.note("redis.socket", "%s is longer than the 107 characters that a socket may have; move it to a shorter folder", r.Socket)
	case r.Address != "":
		d.checkAddress("redis.address", r.Address, false)
	case s.Master != "" && len(s.Addresses) == 0:
		d.note("redis.sentinel.addresses", "is missing; name the Sentinels, each with host and port")
	}
	for i, address := range r.Sentinel.Addresses {
		d.checkAddress(fmt.Sprintf("redis.sentinel.addresses[%d]", i), address, false)
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

// checkShown wants a number that citizens may be shown: networks block calls that
// show a foreign number as one of ours, or none that could be called back.
func (d *decoder) checkShown(key, number string) {
	n, err := phone.Parse(number)
	if err == nil && strings.Trim(number, "0123456789") == "" {
		switch n.Class() {
		case phone.Landline, phone.Mobile, phone.TollFree:
			return
		}
		d.note(key, "%q is a number of the kind %q: calls that show it are blocked on their way, or nobody can call it back; "+
			"name an Italian landline, mobile or toll-free number of yours", number, n.Class())
		return
	}
	d.note(key, "%q must be an Italian telephone number in national form, figures only, as 0212345678", number)
}

func (d *decoder) checkTenant(key string, t *Tenant) {
	if t.ServicePhone != "" {
		d.checkShown(key+".service_phone", t.ServicePhone)
	}
	if IsLanguage(t.Queue) {
		d.note(key+".queue", "%q would be taken for a language; give the queue a name of three letters or more", t.Queue)
	}
	var err error
	if t.zone, err = time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "" || t.TimeZone == "Local" {
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
	if t.TrunkCheck.ComesBack && t.TrunkCheck.Number == "" {
		d.note(key+".trunk_check.comes_back", "there is no number to be called; give number, or take the line away")
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
	if t.zone != nil {
		return t.zone
	}
	loc, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		return time.UTC // Load has refused it
	}
	return loc
}
