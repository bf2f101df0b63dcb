package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// folder makes a folder with the secrets that the examples below name.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), mode))
		require.NoError(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	write("key", strings.Repeat("0f", 32)+"\n", 0o600)
	write("ari.password", "s3cret\n", 0o640)
	write("short", "abc", 0o600)
	write("zeros", strings.Repeat("00", 32), 0o600)
	write("open", strings.Repeat("0f", 32), 0o644)
	write("two-lines", "a\nb\n", 0o600)
	return dir
}

const small = `asterisk: {ari_password_file: ari.password}
redis: {socket: redis.sock}
key_file: key
registry_dir: registry
tenants:
  - id: asl
    numbers: [800000000]
    service_phone: 800000000
    phrases: {authority: a, service: b, campaign: c, eligible: d, hours: e}
    campaign: {name: over80, born_until: 1941-12-31}
    calling_window: always
`

func read(t testing.TB, text string, env ...string) (*Config, error) {
	t.Helper()
	vars := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	return parse(filepath.Join(folder(t), "test.yaml"), []byte(text), func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
}

func TestSmallestFile(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, small)
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8088/ari", cfg.Asterisk.URL)
	assert.Equal(t, "s3cret", cfg.Asterisk.Password.Reveal())
	assert.Equal(t, byte(0x0f), cfg.Key.Reveal()[31])
	assert.True(t, filepath.IsAbs(string(cfg.RegistryDir)))
	assert.Equal(t, "redis.sock", filepath.Base(string(cfg.Redis.Socket)))
	assert.Equal(t, 8*time.Second, cfg.Keypad.LongEntry)

	ten := cfg.Tenants[0]
	assert.Equal(t, []string{"800000000"}, ten.Numbers, "a number without quotes stays as written")
	assert.Equal(t, Date{1941, time.December, 31}, ten.Campaign.BornUntil)
	assert.True(t, ten.Campaign.Starts.IsZero())
	assert.True(t, ten.CallingWindow.Always)
	assert.Equal(t, SecondDatum{Kind: "card", Digits: 5}, ten.SecondDatum)
	assert.Equal(t, 45*time.Second, ten.Ring.Landline)
	assert.True(t, ten.Offer.NoAgent)
	assert.Equal(t, "Europe/Rome", ten.Location().String())
}

func TestEverythingElse(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, strings.Replace(small, "    calling_window: always\n", `    calling_window:
      - {days: mon-fri, from: 09:00, to: 12:30}
      - {days: "sat,sun", from: "15:00", to: "24:00"}
    national_holidays: none
    patron_saint: 12-07
    holidays: [2027-10-04, 2027-12-25]
    staffing:
      - {days: mon-fri, from: 09:00, to: 12:00, agents: 6}
      - {days: mon, from: 10:00, to: 12:00, agents: 2}
    priority: {frail_born_until: 1936-12-31}
    dial: citizen-first
    wrap_up: {outcome_required: false, limit: 2m, outcomes: "done, again"}
    trunk_check: {number: "0212345678"}
    retry: {no_answer: "30s, 2m", busy: 1m}
    callback_offer: {at_once_when_no_agent_is_ready: false, threshold: 0s, promised_share: 70%, half_day_share: 0%, half_day_days: 3, closing_margin: 0s}
    agents: [{id: agent1, skills: [it, de]}, {id: agent2}]
    api_keys:
      - {channel: portal, key: 0123456789abcdef}
      - {channel: admin, key_sha256: 1F9F5111F7B27A781F1F1DDDE5EBC2DD2B796BFC7365C9C28B548E564176929F}
`, 1))
	require.NoError(t, err)
	ten := cfg.Tenants[0]
	require.Len(t, ten.CallingWindow.Hours, 2)
	assert.Equal(t, "mon,tue,wed,thu,fri", ten.CallingWindow.Hours[0].Days.String())
	assert.Equal(t, Days{time.Saturday, time.Sunday}, ten.CallingWindow.Hours[1].Days)
	assert.Equal(t, "12:30", ten.CallingWindow.Hours[0].To.String())
	assert.Equal(t, Clock(24*60), ten.CallingWindow.Hours[1].To)
	assert.Equal(t, []Date{{2027, time.October, 4}, {2027, time.December, 25}}, ten.Holidays)
	assert.Equal(t, Waits{30 * time.Second, 2 * time.Minute}, ten.Retry.NoAnswer)
	assert.Equal(t, Waits{time.Minute}, ten.Retry.Busy)
	assert.Equal(t, "1m0s, 2m0s, 5m0s, 15m0s", ten.Retry.OurFault.String())
	assert.Equal(t, "none", ten.NationalHolidays)
	assert.Equal(t, YearDay{time.December, 7}, ten.PatronSaint)
	assert.Equal(t, "12-07", ten.PatronSaint.String())
	assert.Equal(t, Shift{Days: Days{time.Monday}, From: 600, To: 720, Agents: 2}, ten.Staffing[1])
	assert.Equal(t, Date{1936, time.December, 31}, ten.Priority.FrailBornUntil)
	assert.Equal(t, "citizen-first", ten.Dial)
	assert.Equal(t, WrapUp{Limit: 2 * time.Minute, Outcomes: Words{"done", "again"}}, ten.WrapUp)
	assert.Equal(t, "0212345678", ten.TrunkCheck.Number)
	assert.Equal(t, Offer{Promised: 70, DaysAhead: 3}, ten.Offer)
	assert.InDelta(t, 0.7, ten.Offer.Promised.Of(), 0)
	assert.Equal(t, []string{"it", "de"}, ten.Agents[0].Skills)
	assert.Equal(t, ten.APIKeys[0].Digest(), ten.APIKeys[0].Digest())
	assert.NotEqual(t, ten.APIKeys[0].Digest(), ten.APIKeys[1].Digest())
}

// A fault is put into the smallest file in place of what was right; want is
// what is told of it.
type fault struct{ old, new, want string }

func faults() map[string]fault {
	return map[string]fault{
		"unknown key":        {"key_file:", "keyfile:", `:3: keyfile: is no known key; did you mean "key_file"?`},
		"unknown far key":    {"key_file: key", "key_file: key\nzzzzzzz: 1", `:4: zzzzzzz: is no known key; known here: asterisk, redis,`},
		"key twice":          {"key_file: key", "key_file: key\nkey_file: key", ":4: key_file: is given twice; remove one"},
		"no value":           {"key_file: key", "key_file:", ":3: key_file: has no value; give it one, or remove the line"},
		"foreign shown":      {"service_phone: 800000000", `service_phone: "+41441234567"`, `:8: tenants[0].service_phone: "+41441234567" must be an Italian telephone number in national form`},
		"foreign shown, 00":  {"service_phone: 800000000", `service_phone: "0041441234567"`, `:8: tenants[0].service_phone: "0041441234567" is a number of the kind "foreign"`},
		"premium shown":      {"service_phone: 800000000", "service_phone: 899123456", `:8: tenants[0].service_phone: "899123456" is a number of the kind "premium"`},
		"nobody's shown":     {"service_phone: 800000000", "service_phone: 212345678", `:8: tenants[0].service_phone: "212345678" is a number of the kind "unknown"`},
		"emergency shown":    {"service_phone: 800000000", "service_phone: 112", `:8: tenants[0].service_phone: "112" is a number of the kind "emergency"`},
		"spaces shown":       {"service_phone: 800000000", "service_phone: 800 000 000", `:8: tenants[0].service_phone: "800 000 000" must be an Italian telephone number`},
		"missing":            {"    service_phone: 800000000\n", "", ":6: tenants[0].service_phone: is missing;"},
		"missing part":       {"    phrases: {authority: a, service: b, campaign: c, eligible: d, hours: e}\n", "", ":6: tenants[0].phrases.eligible: is missing;"},
		"list for mapping":   {"{socket: redis.sock}", "[a]", ":2: redis: must hold keys with values, not a list"},
		"mapping for list":   {"[800000000]", "{a: 1}", ":7: tenants[0].numbers: must be a list, each line of it with a hyphen, not keys with values"},
		"list for value":     {"key_file: key", "key_file: [key]", ":3: key_file: must be a single value, not a list"},
		"duration no unit":   {"registry_dir: registry", "registry_dir: r\nkeypad: {first_key: 45}", ":5: keypad.first_key: 45 has no unit; write 45s, 5m or 24h"},
		"duration nonsense":  {"registry_dir: registry", "registry_dir: r\nkeypad: {first_key: soon}", `:5: keypad.first_key: "soon" is no duration; write 500ms, 45s, 5m or 24h`},
		"duration negative":  {"registry_dir: registry", "registry_dir: r\nkeypad: {pause_after_key: -1s}", ":5: keypad.pause_after_key: must not be negative"},
		"duration too long":  {"registry_dir: registry", "registry_dir: r\nkeypad: {first_key: 2h}", ":5: keypad.first_key: must be at most 60s"},
		"wait no unit":       {"always", "always\n    retry: {busy: '5m, 10'}", ":12: tenants[0].retry.busy: 10 has no unit; write 45s, 5m or 24h"},
		"wait too long":      {"always", "always\n    retry: {busy: 1000h}", ":12: tenants[0].retry.busy: 1000h must be from 1s to 168h"},
		"too many lines":     {"always", "always\n    limits: {lines: 10, automatic_lines: 20}", ":12: tenants[0].limits.automatic_lines: 20 are more than the 10 lines that there are"},
		"no holiday":         {"always", "always\n    holidays: [2027-13-01]", `:12: tenants[0].holidays[0]: "2027-13-01" is no day`},
		"no day of the year": {"always", "always\n    patron_saint: 02-30", `:12: tenants[0].patron_saint: "02-30" is no day of the year; write month and day as 12-07`},
		"holidays of where":  {"always", "always\n    national_holidays: france", `:12: tenants[0].national_holidays: "france" must be one of: italy, none`},
		"shift backwards": {"always", `always
    staffing: [{days: mon, from: "12:00", to: "09:00", agents: 1}]`, ":12: tenants[0].staffing[0].to: 09:00 is not after 12:00"},
		"shift of nobody": {"always", `always
    staffing: [{days: mon, from: "09:00", to: "12:00", agents: 0}]`, ":12: tenants[0].staffing[0].agents: must be at least 1"},
		"shift without people": {"always", `always
    staffing: [{days: mon, from: "09:00", to: "12:00"}]`, ":12: tenants[0].staffing[0].agents: is missing"},
		"shift at night": {"always", `[{days: mon, from: "09:00", to: "12:00"}]
    staffing: [{days: mon, from: "20:00", to: "22:00", agents: 1}]`, ":12: tenants[0].staffing[0]: is outside the calling window"},
		"shift on another day": {"always", `[{days: mon, from: "09:00", to: "12:00"}]
    staffing: [{days: tue, from: "09:00", to: "12:00", agents: 1}]`, ":12: tenants[0].staffing[0]: is outside the calling window"},
		"no share":            {"always", "always\n    callback_offer: {promised_share: 0.8}", `:12: tenants[0].callback_offer.promised_share: "0.8" is no share; write a whole number of percent, as 50%`},
		"share too large":     {"always", "always\n    callback_offer: {promised_share: 120%}", ":12: tenants[0].callback_offer.promised_share: must be at most 100%"},
		"too far ahead":       {"always", "always\n    callback_offer: {half_day_days: 60}", ":12: tenants[0].callback_offer.half_day_days: must be at most 30"},
		"avoid half a day":    {"always", "always\n    retry: {avoid: 12h}", ":12: tenants[0].retry.avoid: must be at most 6h"},
		"no way to dial":      {"always", "always\n    dial: both", `:12: tenants[0].dial: "both" must be one of: agent-first, citizen-first`},
		"outcome in words":    {"always", "always\n    wrap_up: {outcomes: 'all well'}", `:12: tenants[0].wrap_up.outcomes: "all well" must be a name of small letters, figures and hyphens`},
		"outcome twice":       {"always", "always\n    wrap_up: {outcomes: 'a, a'}", `:12: tenants[0].wrap_up.outcomes: "a" is given twice; remove one`},
		"wrap-up for ever":    {"always", "always\n    wrap_up: {limit: 2h}", ":12: tenants[0].wrap_up.limit: must be at most 1h"},
		"no number to check":  {"always", "always\n    trunk_check: {number: home}", `:12: tenants[0].trunk_check.number: "home" must be a telephone number of 3 to 15 figures, without spaces`},
		"no number to dial":   {"always", "always\n    trunk_check: {number: 800000000}", `:12: tenants[0].trunk_check.number: "800000000" is never dialled; name a landline or mobile number in Italy`},
		"nothing comes back":  {"always", "always\n    trunk_check: {comes_back: true}", ":12: tenants[0].trunk_check.comes_back: there is no number to be called"},
		"frail since when":    {"always", "always\n    priority: {frail_born_until: 0036-12-31}", ":12: tenants[0].priority.frail_born_until: the year 36 cannot be meant"},
		"no whole number":     {"always", "always\n    retry: {attempts_max: 2.5}", `:12: tenants[0].retry.attempts_max: "2.5" is no whole number`},
		"too few":             {"always", "always\n    retry: {attempts_max: 0}", ":12: tenants[0].retry.attempts_max: must be at least 1"},
		"card digits":         {"always", "always\n    second_datum: {digits: 4}", ":12: tenants[0].second_datum.digits: must be at least 5"},
		"not one of":          {"always", "always\n    language: xx", `:12: tenants[0].language: "xx" must be one of: it, de, fr, sl, en`},
		"no truth":            {"always", "always\n    callback_offer: {at_once_when_no_agent_is_ready: perhaps}", `"perhaps" must be true or false`},
		"no slug":             {"id: asl", "id: ASL Uno", `:6: tenants[0].id: "ASL Uno" must be a name of small letters, figures and hyphens, 1 to 40 long`},
		"no word":             {"{ari_password_file: ari.password}", "{ari_password_file: ari.password, app: a/b}", `:1: asterisk.app: "a/b" must be a name of letters, figures, _ and -`},
		"no phrase":           {"authority: a,", "authority: 'a b',", `:9: tenants[0].phrases.authority: "a b" must be the name of a phrase in the catalogue of prompts`},
		"no date":             {"1941-12-31", "1941-02-30", `:10: tenants[0].campaign.born_until: "1941-02-30" is no day; write year, month and day as 1941-12-31`},
		"no year":             {"1941-12-31", "0041-12-31", ":10: tenants[0].campaign.born_until: the year 41 cannot be meant"},
		"no window":           {"always", "sometimes", ":11: tenants[0].calling_window: must be always, or a list"},
		"empty window":        {"always", "[]", ":11: tenants[0].calling_window: has no hours: nobody could ever be called back"},
		"window past night":   {"always", `[{days: mon, from: "20:00", to: "08:00"}]`, ":11: tenants[0].calling_window[0].to: 08:00 is not after 20:00; hours that pass midnight are two lines"},
		"no clock":            {"always", `[{days: mon, from: "9:00", to: "24:01"}]`, `tenants[0].calling_window[0].to: "24:01" is no time of the day; write 09:30`},
		"no days":             {"always", `[{days: fri-mon, from: "09:00", to: "10:00"}]`, `:11: tenants[0].calling_window[0].days: "fri-mon" is no days of the week`},
		"no zone":             {"always", "always\n    timezone: Europe/Roma", `:12: tenants[0].timezone: there is no time zone "Europe/Roma"; write one as Europe/Rome`},
		"no number":           {"[800000000]", "[800 000]", `:7: tenants[0].numbers[0]: "800 000" must be a telephone number of 3 to 15 figures, without spaces`},
		"no numbers":          {"[800000000]", "[]", ":7: tenants[0].numbers: is empty; name the numbers on which citizens call"},
		"number twice":        {"[800000000]", "\n      - 800000000\n      - 800000000", ":9: tenants[0].numbers[1]: is the same number as tenants[0].numbers[0] in line 8"},
		"agent twice":         {"always", "always\n    agents: [{id: a}, {id: a}]", ":12: tenants[0].agents[1].id: is the same agent as tenants[0].agents[0].id in line 12"},
		"queue in German":     {"always", "always\n    queue: de", `:12: tenants[0].queue: "de" would be taken for a language`},
		"agent both ways":     {"always", "always\n    agents: [{id: a, password: pane e salame, password_hash: b}]", ":12: tenants[0].agents[0].password: cannot be together with password_hash; remove password"},
		"agent short":         {"always", "always\n    agents: [{id: a, password: pane}]", ":12: tenants[0].agents[0].password: must have 10 to 72 characters"},
		"agent no hash":       {"always", "always\n    agents: [{id: a, password_hash: b}]", ":12: tenants[0].agents[0].password_hash: is no hash; make one with `richiamo agent password`"},
		"agent cheap hash":    {"always", "always\n    agents: [{id: a, password_hash: $2a$04$JNHKJmfWzkzsPmPQ7VQYguJq0yKUMYk2BsWQYGkOfIH8QxMHcR9Fy}]", ":12: tenants[0].agents[0].password_hash: is guessed too cheaply (cost 4, at least 10)"},
		"bad skill":           {"always", "always\n    agents: [{id: a, skills: [Ä]}]", `:12: tenants[0].agents[0].skills[0]: "Ä" must be a name`},
		"no tenants":          {small[strings.Index(small, "tenants:"):], "tenants: []\n", ":5: tenants: is empty; describe at least one authority"},
		"key missing":         {"always", "always\n    api_keys: [{channel: gp}]", ":12: tenants[0].api_keys[0].key_sha256: is missing; make a key with"},
		"key both ways":       {"always", "always\n    api_keys: [{channel: gp, key: 0123456789abcdef, key_sha256: ab}]", ":12: tenants[0].api_keys[0].key: cannot be together with key_sha256; remove key"},
		"key short":           {"always", "always\n    api_keys: [{channel: gp, key: short}]", ":12: tenants[0].api_keys[0].key: is shorter than 16 characters"},
		"key no hash":         {"always", "always\n    api_keys: [{channel: gp, key_sha256: ab}]", ":12: tenants[0].api_keys[0].key_sha256: must be 64 hexadecimal figures, from `printf %s "},
		"key twice over":      {"always", "always\n    api_keys: [{channel: gp, key: 0123456789abcdef}, {channel: admin, key: 0123456789abcdef}]", ":12: tenants[0].api_keys[1]: is the same API key as tenants[0].api_keys[0] in line 12"},
		"unknown channel":     {"always", "always\n    api_keys: [{channel: fax, key: 0123456789abcdef}]", `:12: tenants[0].api_keys[0].channel: "fax" must be one of: portal, pharmacy, gp, agent, admin`},
		"redis nowhere":       {"{socket: redis.sock}", "{username: u}", ":2: redis.address: is missing; give address, socket or sentinel"},
		"redis twice":         {"{socket: redis.sock}", "{socket: s, address: a:1}", ":2: redis.socket: cannot be together with address; remove one"},
		"redis by three":      {"{socket: redis.sock}", "{socket: s, sentinel: {master: m, addresses: [a:1]}}", ":2: redis.sentinel: cannot be together with address or socket; remove one"},
		"sentinel of nobody":  {"{socket: redis.sock}", "{sentinel: {addresses: [a:1]}}", ":2: redis.sentinel.master: is missing; name the master"},
		"sentinel nowhere":    {"{socket: redis.sock}", "{sentinel: {master: m}}", ":2: redis.sentinel.addresses: is missing; name the Sentinels"},
		"sentinel no port":    {"{socket: redis.sock}", "{sentinel: {master: m, addresses: [a]}}", `:2: redis.sentinel.addresses[0]: "a" must be an address with a port`},
		"replicas for ever":   {"{socket: redis.sock}", "{socket: redis.sock, replicas: 1, replica_wait: 2s}", ":2: redis.replica_wait: must be at most 1500ms"},
		"too many replicas":   {"{socket: redis.sock}", "{socket: redis.sock, replicas: 6}", ":2: redis.replicas: must be at most 5"},
		"backups nowhere":     {"key_file: key", "key_file: key\nbackup: {username: b}", ":4: backup.directory: is missing; name the folder"},
		"backups all along":   {"key_file: key", "key_file: key\nbackup: {directory: d, every: 1s}", ":4: backup.every: must be at least 1m"},
		"redis far away":      {"{socket: redis.sock}", "{socket: /" + strings.Repeat("x", 107) + "}", "is longer than the 107 characters that a socket may have"},
		"redis no port":       {"{socket: redis.sock}", "{address: localhost}", `:2: redis.address: "localhost" must be an address with a port, as 127.0.0.1:6379`},
		"listen":              {"key_file: key", "key_file: key\nhttp: {listen: here}", `:4: http.listen: "here" must be an address with a port`},
		"half of TLS":         {"key_file: key", "key_file: key\nhttp: {tls_key: key}", ":4: http.tls_certificate: goes together with tls_key; give both"},
		"no certificate":      {"key_file: key", "key_file: key\nhttp: {tls_key: key, tls_certificate: none.pem}", "none.pem cannot be read: no such file or directory"},
		"ARI address":         {"{ari_password_file: ari.password}", "{ari_password_file: ari.password, ari_url: 'http://h:1/ari/'}", ":1: asterisk.ari_url: must be as http://127.0.0.1:8088/ari"},
		"password nowhere":    {"{ari_password_file: ari.password}", "{}", ":1: asterisk.ari_password_file: is missing; name the file"},
		"password twice":      {"{ari_password_file: ari.password}", "{ari_password: x, ari_password_file: ari.password}", ":1: asterisk.ari_password_file: cannot be together with ari_password; remove one"},
		"password two lines":  {"ari.password", "two-lines", "two-lines must hold the password on one line and nothing else"},
		"key no file":         {"key_file: key", "key_file: nowhere", "nowhere cannot be read: no such file or directory; make one with `(umask 077; openssl rand -hex 32 > "},
		"key of wrong length": {"key_file: key", "key_file: short", "short must hold 32 bytes, or 64 hexadecimal figures; make one with"},
		"key of zeros":        {"key_file: key", "key_file: zeros", "zeros holds zeros only; make one with"},
		"key open to all":     {"key_file: key", "key_file: open", "open can be read by everybody on this machine; run `chmod o= "},
		"variable not set":    {"key_file: key", "key_file: ${NOPE}", ":3: key_file: needs the environment variable NOPE, which is not set; set it, or give a value as ${NOPE:-text}"},
		"no variable":         {"key_file: key", "key_file: ${nope}", ":3: key_file: holds a ${ that is no variable;"},
		"two documents":       {"key_file: key", "key_file: key\n---\na: 1", "test.yaml: holds more than one document"},
		"no YAML":             {"key_file: key", "key_file: key: key", "test.yaml:3: is no YAML: yaml: line 3:"},
	}
}

// A check of the trunk goes to a number of the tenant's own, or of somebody else who
// is no tenant.
func TestTrunkCheckComesBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		check string
		back  bool
	}{
		{"{}", false},
		{`{number: "0212345678"}`, false},
		{`{number: "0212345678", comes_back: true}`, true},
		{`{number: "0299999999"}`, true},
		{`{number: "+390299999999"}`, true},
	} {
		cfg, err := read(t, strings.NewReplacer("[800000000]", `[800000000, "00390299999999"]`, "always", "always\n    trunk_check: "+tt.check).Replace(small))
		require.NoError(t, err)
		assert.Equal(t, tt.back, cfg.Tenants[0].CheckComesBack(), tt.check)
	}
	one := small[strings.Index(small, "  - id"):]
	two := strings.NewReplacer("asl", "due", "[800000000]", `["0299999999"]`).Replace(one)
	_, err := read(t, strings.Replace(small, "always", "always\n    trunk_check: {number: \"+390299999999\"}", 1)+two)
	require.ErrorContains(t, err, "tenants[0].trunk_check.number: is a number of the tenant due")
}

// Every fault is told with its line and key.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, small, tt.old)
			cfg, err := read(t, strings.Replace(small, tt.old, tt.new, 1))
			require.Error(t, err)
			assert.Nil(t, cfg)
			assert.Contains(t, err.Error(), tt.want)
			assert.NotContains(t, err.Error(), "0123456789abcdef", "no secret in an error")
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := read(t, `asterisk: {nodes: a}
redis: {address: here}
key_file: nowhere
tenants:
  - id: one
    ring: {landline: 45}
`)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	assert.GreaterOrEqual(t, len(problems), 10)
	var keys []string
	for i, p := range problems {
		keys = append(keys, p.Key)
		if i > 0 {
			assert.LessOrEqual(t, problems[i-1].Line, p.Line, "in the order of the file")
		}
	}
	for _, key := range []string{
		"asterisk.nodes", "asterisk.ari_password_file", "redis.address", "key_file", "registry_dir",
		"tenants[0].ring.landline", "tenants[0].numbers", "tenants[0].phrases.authority", "tenants[0].campaign.name",
	} {
		assert.Contains(t, keys, key)
	}
}

func TestEmptyAndMissingFile(t *testing.T) {
	t.Parallel()
	_, err := read(t, "# nothing\n")
	assert.ErrorContains(t, err, "is empty")
	_, err = read(t, "- a\n")
	assert.ErrorContains(t, err, "must hold keys with values, not a list")
	_, err = Load(filepath.Join(t.TempDir(), "none.yaml"))
	assert.ErrorContains(t, err, "cannot be read: no such file or directory; name another file with --config")
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "registry_dir: registry", "registry_dir: /a/${X}/${Y:-y}/$${Z}\nhttp: {listen: '127.0.0.1:${PORT:-8080}'}", 1)
	cfg, err := read(t, text, "X", "x", "Y", "")
	require.NoError(t, err)
	assert.Equal(t, "/a/x/y/${Z}", string(cfg.RegistryDir))
	assert.Equal(t, "127.0.0.1:8080", cfg.HTTP.Listen)
	cfg, err = read(t, text, "X", "x", "Y", "set", "PORT", "9090")
	require.NoError(t, err)
	assert.Equal(t, "/a/x/set/${Z}", string(cfg.RegistryDir))
	assert.Equal(t, "127.0.0.1:9090", cfg.HTTP.Listen)
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, strings.Replace(small, "service: b, campaign: c", "service: &x same, campaign: *x", 1))
	require.NoError(t, err)
	assert.Equal(t, "same", cfg.Tenants[0].Phrases.Campaign)
}

// The defaults in the tags can be read and keep their own bounds, in every
// structure: Load would panic otherwise.
func TestDefaultsKeepTheirBounds(t *testing.T) {
	t.Parallel()
	for _, s := range structures() {
		for _, f := range fieldsOf(s.of) {
			def, has := f.tag.Lookup("default")
			if !has {
				continue
			}
			v := newOf(s.of).Field(f.index)
			require.NoError(t, setScalar(v, def), f.name)
			require.NoError(t, allowed(v, f.tag), f.name)
		}
	}
}

func TestSecretsPrintMasked(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, strings.Replace(small, "always", "always\n    api_keys: [{channel: gp, key: 0123456789abcdef}]", 1))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(verb, *cfg)
		assert.NotContains(t, shown, "s3cret", verb)
		assert.NotContains(t, shown, "0123456789abcdef", verb)
		assert.NotContains(t, shown, "15, 15, 15", verb)
		assert.NotContains(t, shown, "0xf, 0xf", verb)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("a: &a [*a]")
	f.Add("tenants: [{calling_window: [{days: mon-fri}]}]")
	dir := folder(f)
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse(filepath.Join(dir, "f.yaml"), []byte(text), func(string) (string, bool) { return "", false })
		if (cfg == nil) == (err == nil) {
			t.Fatal("a configuration or an error, one of the two")
		}
	})
}
