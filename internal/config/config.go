// Package config reads Richiamo's configuration: one YAML file, as one value.
//
//	cfg, err := config.Load("richiamo.yaml")
//
// Load finds every fault in one go. Its error is a [Problems]; each line of it
// names file, line and key and says what to do:
//
//	richiamo.yaml:14: tenants[0].ring.landline: 45 has no unit; write 45s, 5m or 24h
//	richiamo.yaml:31: tenants[0].timezone: there is no time zone "Europe/Roma"; ...
//
// The comments of the structures in this package are the documentation of the
// file: docs/configuration.md is rendered from them, and a test fails when the
// two differ. What a comment of a key says therefore speaks to the operator.
//
// Rules of the file:
//
//   - An unknown key, a key given twice and a key without a value are faults.
//   - A value may hold ${NAME}, which is the environment variable NAME and must
//     be set, or ${NAME:-text}, which is text when NAME is not set or empty.
//     $${ stands for the two characters ${.
//   - A relative path starts from the folder of the file.
//   - A duration has a unit: 500ms, 45s, 5m, 24h. A share is told in percent: 50%.
//
// Secrets are read here, once, and print masked ever after.
package config

import "time"

// Config is the whole file.
type Config struct {
	Asterisk Asterisk `yaml:"asterisk"`
	Redis    Redis    `yaml:"redis"`

	// The file with the 32 random bytes under which everything that belongs to
	// a person is sealed before it goes to Redis: 32 bytes as they are, or 64
	// hexadecimal figures. Make one with
	// `(umask 077; openssl rand -hex 32 > richiamo.key)`, keep a copy where the
	// backups of Redis are not: without it they cannot be read.
	KeyFile File `yaml:"key_file" need:"yes"`
	// The folder in which the registries of citizens lie, one file for each
	// tenant, written by `richiamo registry import`.
	RegistryDir File `yaml:"registry_dir" need:"yes"`

	Backup Backup `yaml:"backup"`
	HTTP   HTTP   `yaml:"http"`
	Log    Log    `yaml:"log"`
	Keypad Keypad `yaml:"keypad"`

	// The authorities that this installation serves, at least one. None sees
	// anything of another.
	Tenants []Tenant `yaml:"tenants" need:"yes"`

	// Key is what KeyFile holds.
	Key Key `yaml:"-"`
	// Path is the file that all this was read from.
	Path string `yaml:"-"`
}

// Asterisk is the exchange that carries the calls.
type Asterisk struct {
	// A name for the exchange that never changes: calls in progress are kept
	// under it, and are found again under it after a restart.
	Node string `yaml:"node" default:"asterisk" word:"yes"`
	// Where ARI is, without a slash at the end.
	URL string `yaml:"ari_url" default:"http://127.0.0.1:8088/ari"`
	// The user of `ari.conf`.
	User string `yaml:"ari_user" default:"richiamo"`
	// Its password. Better kept in a file of its own: `ari_password_file`.
	Password Secret `yaml:"ari_password"`
	// A file that holds the password alone, instead of `ari_password`.
	PasswordFile File `yaml:"ari_password_file"`
	// The name of the Stasis application, as the dialplan calls it.
	App string `yaml:"app" default:"richiamo" word:"yes"`
	// The folder of the recordings below the exchange's folder of sounds.
	SoundsPrefix string `yaml:"sounds_prefix" default:"richiamo" slug:"yes"`
	// The PJSIP endpoint of the trunk: a citizen is dialled as
	// `PJSIP/NUMBER@carrier_endpoint`.
	CarrierEndpoint string `yaml:"carrier_endpoint" default:"carrier" word:"yes"`
}

// Redis keeps calls, tickets, registrations and agents. It must write its
// append-only file with `appendfsync always`; `richiamo doctor` checks it.
type Redis struct {
	// Host and port. One of `address`, `socket` and `sentinel` is given. An
	// address that moves with the master, as that of a virtual IP or a proxy, is
	// followed.
	Address string `yaml:"address"`
	// The path of a Unix socket, which nobody on the network can reach.
	Socket File `yaml:"socket"`
	// Redis Sentinel, which tells who the master is.
	Sentinel Sentinel `yaml:"sentinel"`
	// The user of Redis' access list; empty for the default user.
	Username string `yaml:"username"`
	// A file that holds the user's password alone; empty for none.
	PasswordFile File `yaml:"password_file"`
	// How many replicas must have a promise before it is spoken: as many as
	// there are that could become the master, so that a failover loses none. 0: a
	// failover may lose what was promised last. While fewer follow, nothing is
	// promised and nobody is called, as when Redis itself is away; the log, `/readyz`
	// and `richiamo_store_connected` say so.
	Replicas int `yaml:"replicas" default:"0" min:"0" max:"5"`
	// How long the replicas are waited for at each step of a call.
	ReplicaWait time.Duration `yaml:"replica_wait" default:"500ms" min:"50ms" max:"1500ms"`

	// Password is what PasswordFile holds.
	Password Secret `yaml:"-"`
}

// Sentinel names the master by the name under which Redis Sentinel watches it.
type Sentinel struct {
	// The name of the master, as in `sentinel monitor NAME`. Empty: no Sentinel.
	Master string `yaml:"master"`
	// The Sentinels, each with host and port.
	Addresses []string `yaml:"addresses"`
	// The user of the Sentinels' own access list; empty for the default user.
	Username string `yaml:"username"`
	// A file that holds the password of that user alone; empty for none.
	PasswordFile File `yaml:"password_file"`

	// Password is what PasswordFile holds.
	Password Secret `yaml:"-"`
}

// Backup is what the service copies away by itself, so that a Redis that was
// emptied or lost can be restored: tickets, registrations, numbers that are never
// called. What belongs to a person is sealed in it under the key file. See
// [operations.md](operations.md#backups).
type Backup struct {
	// The folder for the backups, on another disk than that of Redis; `richiamo
	// backup` writes there too. Empty: none are made.
	Directory File `yaml:"directory"`
	// How often one is made: whatever is promised after the last one is lost
	// with Redis.
	Every time.Duration `yaml:"every" default:"1h" min:"1m" max:"24h"`
	// How many are kept; older ones are removed.
	Keep int `yaml:"keep" default:"48" min:"1" max:"10000"`
	// The Redis user for backups; empty: the one of `redis`, who must then be
	// allowed SCAN, SSCAN and PTTL too.
	Username string `yaml:"username"`
	// A file that holds the password of that user alone.
	PasswordFile File `yaml:"password_file"`

	// Password is what PasswordFile holds.
	Password Secret `yaml:"-"`
}

// HTTP is the API, health and metrics.
type HTTP struct {
	// Address and port. An address other than 127.0.0.1 needs TLS, here or in
	// front: API keys and personal data pass over it.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`
	// The certificate chain in PEM; empty: no TLS here.
	TLSCertificate File `yaml:"tls_certificate"`
	// The private key of the certificate in PEM.
	TLSKey File `yaml:"tls_key"`
}

// Log is what the service tells its operator, on standard error. No personal
// data is in it at any level.
type Log struct {
	// From which level on.
	Level string `yaml:"level" default:"info" oneof:"debug info warn error"`
	// `text` for eyes, `json` for machines.
	Format string `yaml:"format" default:"text" oneof:"text json"`
}

// Keypad is how long the voice waits for keys. The defaults are for people
// over eighty with a cordless telephone: with the keypad in the handset, the
// hand takes the telephone from the ear before each key.
type Keypad struct {
	// For the first key after a question.
	FirstKey time.Duration `yaml:"first_key" default:"10s" min:"3s" max:"60s"`
	// Between two keys of a short answer.
	BetweenKeys time.Duration `yaml:"between_keys" default:"5s" min:"1s" max:"60s"`
	// Between two keys of a long entry, such as the codice fiscale.
	LongEntry time.Duration `yaml:"long_entry" default:"8s" min:"1s" max:"60s"`
	// Of silence after a key, before the voice speaks again.
	PauseAfterKey time.Duration `yaml:"pause_after_key" default:"500ms" max:"3s"`
}
