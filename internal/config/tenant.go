package config

import (
	"slices"
	"time"

	"richiamo/internal/phone"
)

// Tenant is one public health authority: its numbers, voice, rules, agents and
// keys.
type Tenant struct {
	// A short name that never changes: small letters, figures and hyphens.
	ID string `yaml:"id" need:"yes" slug:"yes"`
	// The numbers on which citizens reach it (DIDs), as the trunk presents
	// them. A number belongs to one tenant.
	Numbers []string `yaml:"numbers" need:"yes"`
	// The language in which a call begins.
	Language string `yaml:"language" default:"it" oneof:"it de fr sl en"`
	// The number that is said to citizens and shown to them when we call: an Italian
	// landline, mobile or toll-free number of yours, national, which they can call
	// back. Whatever else is shown, networks block, each in its own words: since
	// August 2025 also Italian numbers on calls that enter from abroad (AGCOM
	// 106/25/CONS), so the trunk must be one in Italy.
	ServicePhone string `yaml:"service_phone" need:"yes"`
	// The zone in which hours and days are meant.
	TimeZone string `yaml:"timezone" default:"Europe/Rome"`

	Phrases     Phrases     `yaml:"phrases"`
	SecondDatum SecondDatum `yaml:"second_datum"`
	Campaign    Campaign    `yaml:"campaign"`

	// When citizens may be called: `always`, or a list of hours.
	CallingWindow Window `yaml:"calling_window" need:"yes"`
	// The holidays of the nation, on which nobody is called and nobody is staffed:
	// `italy` are those of law 260 of 1949, with Easter Monday, and with 4 October
	// from 2026 on (law 151 of 2025).
	NationalHolidays string `yaml:"national_holidays" default:"italy" oneof:"italy none"`
	// The day of the patron saint, month and day, as `12-07`: a holiday every year.
	PatronSaint YearDay `yaml:"patron_saint"`
	// Further days on which nobody is called and nobody is staffed.
	Holidays []Date `yaml:"holidays"`
	// When how many people answer. Without it: in all hours of the calling window
	// all agents that are configured.
	Staffing []Shift `yaml:"staffing"`
	// The name of the queue for the people who answer.
	Queue string `yaml:"queue" default:"persone" slug:"yes"`

	Ring     Ring     `yaml:"ring"`
	Retry    Retry    `yaml:"retry"`
	Estimate Estimate `yaml:"estimate"`
	Offer    Offer    `yaml:"callback_offer"`
	Limits   Limits   `yaml:"limits"`
	Priority Priority `yaml:"priority"`
	// Who is reached first for a callback. `agent-first`: an agent is reserved,
	// then the citizen is dialled, and never waits. `citizen-first`: the citizen is
	// dialled, and who accepts is the first in line; no agent waits for a telephone
	// that nobody answers.
	Dial string `yaml:"dial" default:"agent-first" oneof:"agent-first citizen-first"`

	WrapUp     WrapUp     `yaml:"wrap_up"`
	TrunkCheck TrunkCheck `yaml:"trunk_check"`

	// The people who answer, and the names of their telephones at the exchange.
	Agents []Agent `yaml:"agents"`
	// Who may use the API, each in its own name.
	APIKeys []APIKey `yaml:"api_keys"`

	zone *time.Location // TimeZone, looked up by Load: each call asks for it
}

// Phrases name the recordings that fill the texts of the voice. A phrase is a
// recording made for the authority, not a text: it is named as in the catalogue
// of `prompts/`.
type Phrases struct {
	// The name of the authority, said to whoever answers: it must not name a
	// service, a ward or an illness.
	Authority string `yaml:"authority" need:"yes" phrase:"yes"`
	// What follows the word «servizio» in the greeting.
	Service string `yaml:"service" need:"yes" phrase:"yes"`
	// What is asked for, with its article.
	Campaign string `yaml:"campaign" need:"yes" phrase:"yes"`
	// Whose turn it is, after the word «tocca».
	Eligible string `yaml:"eligible" need:"yes" phrase:"yes"`
	// When people answer the telephone.
	Hours string `yaml:"hours" need:"yes" phrase:"yes"`
}

// SecondDatum is what a caller gives besides the codice fiscale, which can be
// computed from a name and a birthday and so proves nothing.
type SecondDatum struct {
	// The last figures of the card, or the full date of birth.
	Kind string `yaml:"kind" default:"card" oneof:"card birth"`
	// How many figures of the card.
	Digits int `yaml:"digits" default:"5" min:"5" max:"6"`
}

// Campaign is what citizens can be put on the list for, and who they are.
type Campaign struct {
	// A short name that never changes: registrations are kept under it.
	Name string `yaml:"name" need:"yes" slug:"yes"`
	// Whoever was born on or before this day may register, by the registry's
	// date of birth.
	BornUntil Date `yaml:"born_until" need:"yes"`
	// From when on the others may: said to them when it is known.
	Starts Date `yaml:"starts"`
}

// Hours are a time of the day on some days of the week.
type Hours struct {
	// `mon-fri`, `sat`, `mon,wed,fri`.
	Days Days `yaml:"days" need:"yes"`
	// The first minute, as `09:00`.
	From Clock `yaml:"from" need:"yes"`
	// The first minute after, as `12:30`; `24:00` is the end of the day.
	To Clock `yaml:"to" need:"yes"`
}

// Shift is how many people answer, at a time of the day on some days of the
// week. What can be promised is computed from it.
type Shift struct {
	// `mon-fri`, `sat`, `mon,wed,fri`.
	Days Days `yaml:"days" need:"yes"`
	// The first minute, as `09:00`.
	From Clock `yaml:"from" need:"yes"`
	// The first minute after, as `12:30`; `24:00` is the end of the day.
	To Clock `yaml:"to" need:"yes"`
	// How many people, whoever they are. Shifts that overlap are added.
	Agents int `yaml:"agents" need:"yes" min:"1" max:"10000"`
}

// Ring is how long a telephone rings before it counts as not answered.
type Ring struct {
	// A citizen's landline: the way to it may be long.
	Landline time.Duration `yaml:"landline" default:"45s" min:"5s" max:"120s"`
	// A citizen's mobile: afterwards a mailbox answers.
	Mobile time.Duration `yaml:"mobile" default:"30s" min:"5s" max:"120s"`
	// An agent's telephone; then the next agent is taken.
	Agent time.Duration `yaml:"agent" default:"15s" min:"5s" max:"60s"`
}

// Retry is when a citizen is called for the first time after the promise, and
// again when not reached. The waits of an outcome are a list: after its first
// time the first, after its second the second; the last stands for all later. Husband
// and wife who share a number are left alone alike: who was to be called there for
// another reason waits as long (reason number-tried), unless the call was asked for
// after the one that reached nobody.
type Retry struct {
	// From the promise to the first call: the citizen's line must be free.
	FirstAfter time.Duration `yaml:"first_after" default:"1m" max:"1h"`
	// How many attempts may fail before a person looks at the case. What was
	// our own fault is not among them.
	AttemptsMax int `yaml:"attempts_max" default:"3" min:"1" max:"10"`
	// After busy: somebody is at home.
	Busy Waits `yaml:"busy" default:"5m"`
	// After no answer, an answer without a key, or one that broke off.
	NoAnswer Waits `yaml:"no_answer" default:"15m, 1h"`
	// After the citizen preferred to call us, and has not.
	WillCall Waits `yaml:"will_call" default:"24h"`
	// After a fault of ours (trunk, exchange, software), with growing patience:
	// a trunk that is down must not be dialled for ever.
	OurFault Waits `yaml:"our_fault" default:"1m, 2m, 5m, 15m"`
	// After the citizen answered and no agent came.
	NoAgent Waits `yaml:"no_agent" default:"1m"`
	// After everything else: refused, not reachable, "not now".
	Otherwise Waits `yaml:"otherwise" default:"1h"`
	// Whoever was not reached is not called again within so much of the same time
	// of the day, and the last attempt is on another day: who is not at home at ten is
	// not at home at ten. On another day a part of the day is chosen in which nobody
	// has missed a call yet: before noon, until four, later. `0s`: the waits above
	// alone decide.
	Avoid time.Duration `yaml:"avoid" default:"2h" max:"6h"`
}

// Estimate is what waits are computed from until there are enough real ones.
type Estimate struct {
	// The mean time that an agent needs for a citizen, wrap-up included.
	HandleTime time.Duration `yaml:"handle_time" default:"90s" min:"10s" max:"1h"`
	// From a free agent to the citizen's voice.
	Setup time.Duration `yaml:"setup" default:"10s" max:"5m"`
}

// Offer is when a waiting caller is offered a callback before the music.
type Offer struct {
	// When the expected wait is at least this long.
	Threshold time.Duration `yaml:"threshold" default:"3m" max:"1h"`
	// At once when no agent is ready, whatever the expected wait.
	NoAgent bool `yaml:"at_once_when_no_agent_is_ready" default:"true"`
	// How much of today's staffed hours may be promised to be called back as soon
	// as possible; what is beyond it could not be kept.
	Promised Share `yaml:"promised_share" default:"80%" min:"10%" max:"100%"`
	// How much of a half-day's staffed hours may be given out as appointments; the
	// rest is for those who call on that day.
	HalfDays Share `yaml:"half_day_share" default:"50%" max:"100%"`
	// How many days ahead half-days are offered.
	DaysAhead int `yaml:"half_day_days" default:"6" min:"1" max:"30"`
	// A caller whose turn would come later than so long before closing time is
	// promised a call instead of being kept on the line.
	ClosingMargin time.Duration `yaml:"closing_margin" default:"15m" max:"2h"`
}

// Priority moves places forward by a fixed head start, so that nobody starves.
type Priority struct {
	// An identified citizen who was born on or before this day has the place of
	// one who came 30 minutes earlier.
	FrailBornUntil Date `yaml:"frail_born_until"`
}

// WrapUp is what an agent does after a talk.
type WrapUp struct {
	// A wrap-up ends with an outcome, and in no other way.
	OutcomeRequired bool `yaml:"outcome_required" default:"true"`
	// From when on a wrap-up is shown, and counted, as overdue. It is not ended.
	Limit time.Duration `yaml:"limit" default:"3m" min:"10s" max:"1h"`
	// The outcomes that there are, also for what people do with the worklist.
	Outcomes Words `yaml:"outcomes" default:"resolved, informed, booked, passed-on, call-again, not-reached, no-longer-wanted"`
}

// TrunkCheck is a call to ourselves, or to whoever answers for it, before the
// first citizen of a day is called: whether the trunk carries calls is seen by us
// and not by citizens.
type TrunkCheck struct {
	// The number that is called, a landline or mobile; something must answer
	// there. If it is one of `numbers`, the call comes back in through the trunk,
	// and what it shows is compared with `service_phone`. Empty: no check.
	Number string `yaml:"number"`
	// The call to `number` comes back in at one of `numbers`, though `number` is
	// none of them as the trunk presents them: it is compared likewise.
	ComesBack bool `yaml:"comes_back" default:"false"`
}

// CheckComesBack tells whether the call that tries the trunk comes back in: it goes
// to a number of the tenant's own, however either is written, or the file says so.
func (t Tenant) CheckComesBack() bool {
	return t.TrunkCheck.Number != "" && (t.TrunkCheck.ComesBack || t.has(t.TrunkCheck.Number))
}

// has tells whether a number is one of the tenant's own.
func (t Tenant) has(number string) bool {
	n, err := phone.Parse(number)
	return err == nil && slices.ContainsFunc(t.Numbers, func(did string) bool {
		own, err := phone.Parse(did)
		return err == nil && own == n
	})
}

// Limits stand against guessing and against calls that nobody asked for.
type Limits struct {
	// Tries to be identified from one number, in 24 hours.
	TriesPerCaller int `yaml:"tries_per_caller" default:"10" min:"1" max:"1000"`
	// Tries to be identified with one code, in 24 hours.
	TriesPerCode int `yaml:"tries_per_code" default:"5" min:"1" max:"1000"`
	// Calls of ours to one number, in 24 hours, whatever they are for. Whoever
	// calls back after a missed call is called once more.
	CallsPerNumber int `yaml:"calls_per_number" default:"3" min:"1" max:"100"`
	// Calls that one citizen may ask for, in 24 hours; from one number, where
	// nobody was identified. Cancelled ones count. A further request gets no promise:
	// the caller is kept on the line for a person, or, when nobody is there, the
	// request goes to the worklist.
	Requests int `yaml:"requests_per_citizen" default:"6" min:"1" max:"100"`
	// Calls of ours at the same time: lines that the trunk has for them.
	Lines int `yaml:"lines" default:"100" min:"1" max:"10000"`
	// How many of them may be calls that need no agent, so that verifications
	// and reminders leave room for people.
	AutomaticLines int `yaml:"automatic_lines" default:"30" min:"1" max:"10000"`
}

// Agent is a person of the call center.
type Agent struct {
	// Also the name of the PJSIP endpoint of the agent's desk phone, and with which the
	// agent signs in at the page.
	ID string `yaml:"id" need:"yes" word:"yes"`
	// The hash of the password (bcrypt), from `richiamo agent password`: with it the agent
	// signs in at the page, `http.listen` in a browser, and has the telephone there.
	// Without it only the desk phone is there.
	PasswordHash Secret `yaml:"password_hash"`
	// The password in clear, 10 to 72 characters. Only for demonstrations; use
	// `password_hash`.
	Password Secret `yaml:"password"`
	// Queues and languages, a language by its two letters (ISO 639-1); without
	// any, all. Who serves several queues counts for each with a share of the time.
	Skills []string `yaml:"skills"`
}

// IsLanguage tells whether a skill is a language, and not a queue: it has two
// letters, as in ISO 639-1.
func IsLanguage(skill string) bool { return len(skill) == 2 }

// APIKey lets another system use the API.
type APIKey struct {
	// In whose name. `portal`, `pharmacy` and `gp` hand over citizens and see
	// what they themselves handed over; `agent` sees the queue and sets the
	// states of agents; `admin` may do everything.
	Channel string `yaml:"channel" need:"yes" oneof:"portal pharmacy gp agent admin"`
	// The key in clear, at least 16 characters. Only for demonstrations; use
	// `key_sha256`.
	Key Secret `yaml:"key"`
	// The SHA-256 of the key, 64 hexadecimal figures, from
	// `printf %s "$KEY" | sha256sum`. Make the key with `openssl rand -hex 24`.
	SHA256 Secret `yaml:"key_sha256"`
}
