// Package asterisk holds the one set of Asterisk configuration files that deployment, demo, tests and
// benchmarks share, as templates in conf/, and renders them. Beside it stands the script "provide", which
// provides an Asterisk to run where none is installed.
//
// To change how Asterisk behaves, change a file in conf/. A value that differs from one installation to
// another is a field of Values. Start Asterisk with:
//
//	asterisk -f -C DIR/etc/asterisk.conf
//
// What an application has to know of the dialplan (conf/extensions.conf.tmpl):
//
//   - a citizen's call arrives unanswered as Stasis(App, "in", CALLER, DIALLED); CALLER is empty when withheld;
//   - an agent's desk phone can dial three codes and nothing else: *60 in service, *61 pause, *62 off duty.
//     They arrive as Stasis(App, "duty", AGENT, CODE) with the CODE ready, pause or away, unanswered. What an
//     agent can key during a talk is not here: keys belong to the application;
//   - a citizen is called at PJSIP/NUMBER@carrier, an agent at PJSIP/AGENT;
//   - a telephone in a browser is made over ARI, by objects auth, aor and endpoint of res_pjsip with the transport
//     "ws" and the context "from-browser", and is called by the endpoint's name. They are gone with Asterisk;
//   - numbers noted while the application was away arrive as Stasis(App, "notebook", KEY, NUMBER, EPOCH,
//     DIALLED); how to ask for them stands at the context "notebook";
//   - a recording is played as sound:richiamo/LANGUAGE/NAME, silence as sound:silence/SECONDS (1 to 10).
package asterisk

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

//go:embed conf/*.conf.tmpl
var templates embed.FS

// Values are what differs between one Asterisk and another. All are needed but those that say otherwise.
type Values struct {
	// SystemName names the node: letters, figures and hyphens. It begins the ids that Asterisk gives to channels.
	SystemName string
	// ModuleDir holds Asterisk's modules (*.so).
	ModuleDir string
	// StockData is the distribution's data folder: the one with documentation/ and rest-api/, without which
	// Asterisk does not start.
	StockData string

	// SIPAddr is where SIP is spoken over UDP, as HOST:PORT.
	SIPAddr string
	// RTPFirst and RTPLast bound the UDP ports for sound, two a call.
	RTPFirst, RTPLast int
	// CarrierAddr is where calls to citizens are sent, as HOST:PORT.
	CarrierAddr string
	// CarrierMatch is the address, or the network as ADDRESS/BITS, that the carrier's calls come from. Richiamo's own
	// address does not belong to it but in a trial: through Richiamo come the telephones in browsers, one of which could
	// then call in as the carrier does.
	CarrierMatch string
	// ServiceNumber is the number that citizens are shown where the application does not set its own for a call,
	// in national form.
	ServiceNumber string
	// Agents are the desk phones that may register. May be empty.
	Agents []Agent
	// ProbeSeconds is how often a desk phone is asked whether it is there (SIP OPTIONS). One that does not
	// answer within two seconds is unreachable: "offline" for ARI, whatever its registration says.
	ProbeSeconds int

	// ARIAddr is where ARI listens, as HOST:PORT; it belongs on a loopback or private address.
	ARIAddr string
	// ARIPermit is the network, as ADDRESS/BITS, that may use ARI.
	ARIPermit string
	// ARIUser and ARIPassword open ARI. Whoever has them commands Asterisk.
	ARIUser, ARIPassword string
	// App is the name of the Stasis application that calls are handed to.
	App string

	// BrowserSound tells telephones in browsers other addresses for their sound than this machine's own, by which they
	// reach it: for each address of this machine what is told in its place, "203.0.113.5", or beside it,
	// "203.0.113.5,include_local_address". Needed where a router stands between this machine and the browsers (which
	// forwards RTPFirst to RTPLast to it), and where SIPAddr is a loopback address, which no browser is told otherwise.
	// May be empty.
	BrowserSound map[string]string

	// Language names the folder of the recordings that the dialplan itself plays.
	Language string
	// Prompts is the folder of the recordings, with one folder per language.
	Prompts string
	// Music is the folder of the music for those who wait.
	Music string

	// MaxCalls bounds the calls from telephones at one time; one more is refused.
	MaxCalls int
	// CallSeconds ends a call that lasts longer, whoever forgot it.
	CallSeconds int
	// PatienceSeconds is how long a call is offered again and again to an application that is away, before the
	// caller's number goes into the notebook.
	PatienceSeconds int
	// Bench adds the extension "bench", the pure dialplan call that benchmarks compare with.
	Bench bool
}

// Agent is the account of one desk phone.
type Agent struct {
	// Name is the user name, for example agent1.
	Name string
	// Password is proved by digest authentication at every registration and call.
	Password string
}

// The characters that a value may have: none of them means anything to Asterisk's configuration reader.
var (
	word    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	secret  = regexp.MustCompile(`^[A-Za-z0-9._~+/=@-]+$`)
	path    = regexp.MustCompile(`^/[^\s;\[\]"<>|]*$`)
	figures = regexp.MustCompile(`^[0-9]+$`)
)

// Check tells everything that is wrong with the values, joined; nil when they can be rendered.
func (v Values) Check() error {
	var errs []error
	complain := func(ok bool, field, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("asterisk: %s must be %s", field, want))
		}
	}
	const aWord, aPath = "letters, figures, _ and -", "an absolute path without spaces or ; [ ] \" < > |"
	complain(word.MatchString(v.SystemName), "SystemName", aWord)
	complain(word.MatchString(v.App), "App", aWord)
	complain(word.MatchString(v.ARIUser), "ARIUser", aWord)
	complain(word.MatchString(v.Language), "Language", aWord)
	complain(secret.MatchString(v.ARIPassword), "ARIPassword", "letters, figures and . _ ~ + / = @ -")
	complain(path.MatchString(v.ModuleDir), "ModuleDir", aPath)
	complain(path.MatchString(v.StockData), "StockData", aPath)
	complain(path.MatchString(v.Prompts), "Prompts", aPath)
	complain(path.MatchString(v.Music), "Music", aPath)
	complain(address(v.SIPAddr), "SIPAddr", "IP:PORT")
	complain(address(v.ARIAddr), "ARIAddr", "IP:PORT")
	complain(address(v.CarrierAddr), "CarrierAddr", "IP:PORT")
	complain(network(v.CarrierMatch), "CarrierMatch", "an IP address, or ADDRESS/BITS")
	complain(network(v.ARIPermit), "ARIPermit", "an IP address, or ADDRESS/BITS")
	complain(figures.MatchString(v.ServiceNumber), "ServiceNumber", "figures only")
	complain(0 < v.RTPFirst && v.RTPFirst < v.RTPLast && v.RTPLast < 65536, "RTPFirst and RTPLast", "ports in ascending order")
	complain(v.MaxCalls > 0, "MaxCalls", "positive")
	complain(v.CallSeconds > 0, "CallSeconds", "positive")
	complain(v.PatienceSeconds > 0, "PatienceSeconds", "positive")
	complain(v.ProbeSeconds > 0, "ProbeSeconds", "positive")
	for own, told := range v.BrowserSound {
		complain(net.ParseIP(own) != nil && net.ParseIP(strings.TrimSuffix(told, besideOwn)) != nil, "BrowserSound",
			"IP addresses by IP address, each as it is or with "+besideOwn+" behind it")
	}
	for i, a := range v.Agents {
		complain(word.MatchString(a.Name) && a.Name != "carrier", fmt.Sprintf("Agents[%d].Name", i), aWord+", and not carrier")
		complain(secret.MatchString(a.Password), fmt.Sprintf("Agents[%d].Password", i), "letters, figures and . _ ~ + / = @ -")
	}
	return errors.Join(errs...)
}

// besideOwn behind an address of BrowserSound is Asterisk's word for one that is told beside the machine's own.
const besideOwn = ",include_local_address"

func address(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, numeric := strconv.Atoi(port)
	return err == nil && net.ParseIP(host) != nil && numeric == nil && n > 0 && n < 65536
}

func network(s string) bool {
	_, _, err := net.ParseCIDR(s)
	return err == nil || net.ParseIP(s) != nil
}

// ConfigFile is the file to start Asterisk with, once Render has written the instance folder dir.
func ConfigFile(dir string) string { return filepath.Join(dir, "etc", "asterisk.conf") }

// SoundsDir is where sound:NAME is looked for in the instance folder dir, as NAME.alaw.
func SoundsDir(dir string) string { return filepath.Join(dir, "data", "sounds") }

// BlackBox is the file that tells, in lines of event, time, channel id and details, which calls were placed
// and answered, whatever died meanwhile. It exists from the first call on.
func BlackBox(dir string) string { return filepath.Join(dir, "log", "cel-custom", "calls.csv") }

// Render writes an instance folder: configuration in dir/etc, the folders that Asterisk writes to, links to
// recordings and stock data. dir must be absolute. Rendering again replaces the configuration and keeps what
// Asterisk has stored. Files are for their owner only, since passwords stand in them.
func Render(dir string, v Values) error {
	if err := v.Check(); err != nil {
		return err
	}
	if !path.MatchString(dir) {
		return fmt.Errorf("asterisk: the instance folder must be an absolute path without spaces: %q", dir)
	}
	for _, sub := range []string{"etc", "cache", "db", "key", "data/sounds/silence", "spool/recording", "run", "log/cel-custom"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return fmt.Errorf("asterisk: make the instance folder: %w", err)
		}
	}
	links := map[string]string{
		"data/documentation":   filepath.Join(v.StockData, "documentation"),
		"data/rest-api":        filepath.Join(v.StockData, "rest-api"),
		"data/sounds/richiamo": v.Prompts,
	}
	for name, target := range links {
		if err := link(filepath.Join(dir, name), target); err != nil {
			return err
		}
	}
	for seconds := 1; seconds <= 10; seconds++ {
		name := filepath.Join(SoundsDir(dir), "silence", strconv.Itoa(seconds)+".alaw")
		if err := os.WriteFile(name, bytes.Repeat([]byte{alawSilence}, seconds*8000), 0o600); err != nil {
			return fmt.Errorf("asterisk: write silence: %w", err)
		}
	}
	return renderFiles(dir, v)
}

// alawSilence is the sample zero in A-law (ITU-T G.711).
const alawSilence = 0xD5

// page is what a template sees: the values, and what follows from them.
type page struct {
	Values
	Dir string
}

// EntityID looks like the address of a network card, locally administered, and is always the same for a node.
func (p page) EntityID() string {
	h := fnv.New64a()
	h.Write([]byte(p.SystemName))
	s := h.Sum(nil)
	return fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", s[0], s[1], s[2], s[3], s[4])
}

// Has tells whether this Asterisk has a module; some came during version 22.
func (p page) Has(module string) bool {
	_, err := os.Stat(filepath.Join(p.ModuleDir, module))
	return err == nil
}

// Browsers tells whether this Asterisk can have telephones in browsers.
func (p page) Browsers() bool {
	return p.Has("res_pjsip_transport_websocket.so") && p.Has("res_srtp.so")
}

func renderFiles(dir string, v Values) error {
	pages, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"host": func(s string) (string, error) { host, _, err := net.SplitHostPort(s); return host, err },
		"port": func(s string) (string, error) { _, port, err := net.SplitHostPort(s); return port, err },
	}).ParseFS(templates, "conf/*.conf.tmpl")
	if err != nil {
		return fmt.Errorf("asterisk: read the templates: %w", err)
	}
	for _, t := range pages.Templates() {
		if t.Name() == "" {
			continue
		}
		var out bytes.Buffer
		if err := t.Execute(&out, page{Values: v, Dir: dir}); err != nil {
			return fmt.Errorf("asterisk: render %s: %w", t.Name(), err)
		}
		name := filepath.Join(dir, "etc", strings.TrimSuffix(t.Name(), ".tmpl"))
		if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
			return fmt.Errorf("asterisk: write the configuration: %w", err)
		}
	}
	return nil
}

// link makes name a symbolic link to target, in place of an older link.
func link(name, target string) error {
	if old, err := os.Readlink(name); err == nil && old == target {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("asterisk: replace %s: %w", name, err)
	}
	if err := os.Symlink(target, name); err != nil {
		return fmt.Errorf("asterisk: link %s: %w", name, err)
	}
	return nil
}
