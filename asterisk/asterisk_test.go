package asterisk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/asterisk"
)

func values(t *testing.T) asterisk.Values {
	t.Helper()
	stock := t.TempDir()
	return asterisk.Values{
		SystemName: "node-1", ModuleDir: t.TempDir(), StockData: stock,
		SIPAddr: "127.0.0.1:5060", RTPFirst: 10000, RTPLast: 10100,
		CarrierAddr: "127.0.0.1:5070", CarrierMatch: "127.0.0.1", ServiceNumber: "800000000",
		Agents:  []asterisk.Agent{{Name: "agent1", Password: "one.one"}, {Name: "agent2", Password: "two/two"}},
		ARIAddr: "127.0.0.1:8088", ARIPermit: "127.0.0.1/32", ARIUser: "richiamo", ARIPassword: "a-secret", App: "richiamo",
		Language: "it", Prompts: t.TempDir(), Music: "/srv/music",
		MaxCalls: 300, CallSeconds: 3600, PatienceSeconds: 10, ProbeSeconds: 5,
	}
}

// read returns a rendered file without its comments.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "etc", name))
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, ";") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestRender(t *testing.T) {
	t.Parallel()
	dir, v := t.TempDir(), values(t)
	require.NoError(t, asterisk.Render(dir, v))

	files, err := filepath.Glob(filepath.Join(dir, "etc", "*.conf"))
	require.NoError(t, err)
	require.Len(t, files, 22)
	for _, file := range files {
		text := read(t, dir, filepath.Base(file))
		require.NotContains(t, text, "{{", file)
		require.NotContains(t, text, "<no value>", file)
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "passwords stand in %s", file)
	}
	pjsip := read(t, dir, "pjsip.conf")
	require.Contains(t, pjsip, "\n[agent1](desk)\naors=agent1\nauth=agent1\n")
	require.Contains(t, pjsip, "password=two/two\n")
	require.Contains(t, pjsip, "contact=sip:127.0.0.1:5070\n")
	require.Contains(t, read(t, dir, "http.conf"), "bindaddr=127.0.0.1\nbindport=8088\n")
	require.Contains(t, read(t, dir, "asterisk.conf"), "astdbdir => "+dir+"/db\n")
	require.NotContains(t, read(t, dir, "extensions.conf"), "bench", "not asked for")
	require.Equal(t, filepath.Join(dir, "etc", "asterisk.conf"), asterisk.ConfigFile(dir))

	silence, err := os.ReadFile(filepath.Join(asterisk.SoundsDir(dir), "silence", "10.alaw"))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("\xd5", 80000), string(silence))
	prompts, err := os.Readlink(filepath.Join(asterisk.SoundsDir(dir), "richiamo"))
	require.NoError(t, err)
	require.Equal(t, v.Prompts, prompts)
}

// What the dialplan plays by itself is recorded.
func TestDialplansRecordingsExist(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, asterisk.Render(dir, values(t)))
	played := regexp.MustCompile(`Playback\(richiamo/([^)]+)\)`).FindAllStringSubmatch(read(t, dir, "extensions.conf"), -1)
	require.Len(t, played, 2)
	for _, recording := range played {
		require.FileExists(t, filepath.Join("..", "prompts", recording[1]+".alaw"))
	}
}

// What a security review of the installation would ask for.
func TestRenderedConfigurationIsClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, asterisk.Render(dir, browsers(t)))
	for file, settings := range map[string][]string{
		"asterisk.conf": {"live_dangerously = no", "disable_remote_console_shell = yes", "verbose = 0"},
		"http.conf":     {"enable_static=no", "enable_status=no", "[/]\ntype=restriction\ndeny=0.0.0.0/0.0.0.0\npermit=127.0.0.1/32"},
		"ari.conf":      {"deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/32"},
		"manager.conf":  {"enabled=no"},
		"cdr.conf":      {"enable=no"},
		"logger.conf":   {"messages => warning,error\n"},
		"modules.conf":  {"autoload=no"},
		"pjsip.conf":    {"allow_transfer=no", "allow_subscribe=no", "allow_overlap=no", "direct_media=no", "identify_by=ip\n", "identify_by=username,auth_username\n"},
		"rtp.conf":      {"strictrtp=yes"},
	} {
		text := read(t, dir, file)
		for _, setting := range settings {
			require.Contains(t, text, setting, file)
		}
	}
	modules := read(t, dir, "modules.conf")
	for _, never := range []string{"func_shell", "func_env", "func_curl", "app_system", "pbx_spool", "res_agi", "chan_iax2", "identifier_anonymous", "manager", "res_pjsip_mwi", "app_originate"} {
		require.NotContains(t, modules, never)
	}
	require.NotContains(t, read(t, dir, "cel_custom.conf"), "Num", "the black box holds no number")
}

// browsers are values for an Asterisk that can have telephones in browsers.
func browsers(t *testing.T) asterisk.Values {
	t.Helper()
	v := values(t)
	for _, module := range []string{"res_pjsip_transport_websocket.so", "res_srtp.so"} {
		require.NoError(t, os.WriteFile(filepath.Join(v.ModuleDir, module), nil, 0o600))
	}
	return v
}

// Telephones in browsers are made while Asterisk runs; the files hold where they arrive, and no more.
func TestTelephonesInBrowsers(t *testing.T) {
	t.Parallel()
	dir, v := t.TempDir(), browsers(t)
	v.BrowserSound = map[string]string{"192.0.2.1": "127.0.0.1", "192.0.2.9": "203.0.113.5,include_local_address"}
	require.NoError(t, asterisk.Render(dir, v))
	for file, settings := range map[string][]string{
		"modules.conf": {"load = res_pjsip_transport_websocket.so\n", "load = res_srtp.so\n"},
		"pjsip.conf":   {"\n[ws]\ntype=transport\nprotocol=ws\nbind=127.0.0.1\n"},
		"sorcery.conf": {"\nendpoint=memory\nauth=memory\naor=memory\n"},
		"rtp.conf":     {"icesupport=yes\n", "[ice_host_candidates]\n192.0.2.1 => 127.0.0.1\n192.0.2.9 => 203.0.113.5,include_local_address\n"},
	} {
		for _, setting := range settings {
			require.Contains(t, read(t, dir, file), setting, file)
		}
	}
	require.NotContains(t, read(t, dir, "pjsip.conf"), "webrtc")
	require.True(t, strings.HasSuffix(read(t, dir, "extensions.conf"), "\n[from-browser]\n"), "nothing can be dialled there")

	v.BrowserSound = nil
	require.NoError(t, asterisk.Render(dir, v))
	require.NotContains(t, read(t, dir, "rtp.conf"), "ice_host_candidates")
	require.NoError(t, os.Remove(filepath.Join(v.ModuleDir, "res_srtp.so")))
	require.NoError(t, asterisk.Render(dir, v))
	for file, never := range map[string]string{
		"modules.conf": "res_pjsip_transport_websocket", "pjsip.conf": "protocol=ws", "sorcery.conf": "memory", "rtp.conf": "icesupport=yes",
	} {
		require.NotContains(t, read(t, dir, file), never, "an Asterisk without the modules")
	}
}

// Nothing that costs money or reaches anybody can be dialled from a desk phone.
func TestADeskPhoneDialsCodesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, asterisk.Render(dir, values(t)))
	_, desk, found := strings.Cut(read(t, dir, "extensions.conf"), "[from-agent]\n")
	require.True(t, found)
	desk, duty, found := strings.Cut(desk, "[duty]\n")
	require.True(t, found)
	var dialled []string
	for _, exten := range regexp.MustCompile(`(?m)^exten => ([^,]+),`).FindAllStringSubmatch(desk, -1) {
		dialled = append(dialled, exten[1])
	}
	require.Equal(t, []string{"*60", "_*60[1-9]", "*61", "*62"}, dialled)
	require.NotContains(t, desk+duty, "Dial(")
	require.NotContains(t, desk+duty, "include")
	require.Contains(t, read(t, dir, "pjsip.conf"), "qualify_frequency=5\nqualify_timeout=2.0\n")
}

func TestRenderAgain(t *testing.T) {
	t.Parallel()
	dir, v := t.TempDir(), values(t)
	require.NoError(t, asterisk.Render(dir, v))
	stored := filepath.Join(dir, "db", "astdb.sqlite3")
	require.NoError(t, os.WriteFile(stored, []byte("kept"), 0o600))
	v.SIPAddr, v.Prompts = "127.0.0.1:5160", t.TempDir()
	require.NoError(t, asterisk.Render(dir, v))
	require.FileExists(t, stored)
	require.Contains(t, read(t, dir, "pjsip.conf"), "bind=127.0.0.1:5160\n")
	prompts, err := os.Readlink(filepath.Join(asterisk.SoundsDir(dir), "richiamo"))
	require.NoError(t, err)
	require.Equal(t, v.Prompts, prompts)
}

func TestModulesFollowTheVersion(t *testing.T) {
	t.Parallel()
	dir, v := t.TempDir(), values(t)
	require.NoError(t, asterisk.Render(dir, v))
	require.NotContains(t, read(t, dir, "modules.conf"), "res_cdrel_custom")
	require.Contains(t, read(t, dir, "cel_custom.conf"), "[mappings]")

	require.NoError(t, os.WriteFile(filepath.Join(v.ModuleDir, "res_cdrel_custom.so"), nil, 0o600))
	require.NoError(t, asterisk.Render(dir, v))
	require.Contains(t, read(t, dir, "modules.conf"), "load = res_cdrel_custom.so\nload = cel_custom.so\n")
	require.Contains(t, read(t, dir, "cel_custom.conf"), "[calls.csv]")
}

// Every value that could end a line, open a section or begin a comment is refused, each with its field.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	require.NoError(t, values(t).Check())
	dotted := values(t)
	dotted.Agents[0].Name = "agent1.browser"
	require.ErrorContains(t, dotted.Check(), "Agents[0].Name", "a dot is for telephones in browsers")
	for want, spoil := range map[string]func(*asterisk.Values){
		"SystemName":         func(v *asterisk.Values) { v.SystemName = "a b" },
		"ModuleDir":          func(v *asterisk.Values) { v.ModuleDir = "modules" },
		"StockData":          func(v *asterisk.Values) { v.StockData = "/a\nb" },
		"SIPAddr":            func(v *asterisk.Values) { v.SIPAddr = "localhost:5060" },
		"CarrierAddr":        func(v *asterisk.Values) { v.CarrierAddr = "127.0.0.1:0" },
		"CarrierMatch":       func(v *asterisk.Values) { v.CarrierMatch = "all" },
		"ServiceNumber":      func(v *asterisk.Values) { v.ServiceNumber = "800;1" },
		"ARIAddr":            func(v *asterisk.Values) { v.ARIAddr = "127.0.0.1" },
		"ARIPermit":          func(v *asterisk.Values) { v.ARIPermit = "" },
		"ARIUser":            func(v *asterisk.Values) { v.ARIUser = "x]" },
		"ARIPassword":        func(v *asterisk.Values) { v.ARIPassword = "a;b" },
		"App":                func(v *asterisk.Values) { v.App = "a,b" },
		"Language":           func(v *asterisk.Values) { v.Language = "../it" },
		"Prompts":            func(v *asterisk.Values) { v.Prompts = "" },
		"Music":              func(v *asterisk.Values) { v.Music = "/m;" },
		"RTPFirst":           func(v *asterisk.Values) { v.RTPFirst = v.RTPLast },
		"MaxCalls":           func(v *asterisk.Values) { v.MaxCalls = 0 },
		"CallSeconds":        func(v *asterisk.Values) { v.CallSeconds = -1 },
		"PatienceSeconds":    func(v *asterisk.Values) { v.PatienceSeconds = 0 },
		"ProbeSeconds":       func(v *asterisk.Values) { v.ProbeSeconds = 0 },
		"BrowserSound":       func(v *asterisk.Values) { v.BrowserSound = map[string]string{"192.0.2.1": "127.0.0.1\nstunaddr=x"} },
		"Agents[0].Name":     func(v *asterisk.Values) { v.Agents = []asterisk.Agent{{Name: "carrier", Password: "x"}} },
		"Agents[0].Password": func(v *asterisk.Values) { v.Agents = []asterisk.Agent{{Name: "a", Password: "x\ny"}} },
	} {
		v := values(t)
		spoil(&v)
		require.ErrorContains(t, asterisk.Render(t.TempDir(), v), "asterisk: "+want, want)
	}
	require.ErrorContains(t, asterisk.Render("relative", values(t)), "absolute path")
}

// The script finds Debian's mirrors in both notations of apt's sources, and nobody else's.
func TestProvideMirrors(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("./provide", "mirrors", "testdata/apt").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, []string{
		"http://mirror.example/debian", "http://first.example/debian", "https://second.example/debian",
	}, strings.Fields(string(out)))
}

// Of the browsers that are installed the first one that will do is taken: not too old, and no snap, which would see
// neither the tests' folders nor their pipes.
func TestProvideTakesAnInstalledBrowser(t *testing.T) {
	t.Parallel()
	bin, cache := t.TempDir(), t.TempDir()
	for name, script := range map[string]string{
		"chromium":         "echo Chromium 99.0.1",
		"chromium-browser": "echo Chromium 156.0.1 # exec /snap/bin/chromium",
		"google-chrome":    "echo Google Chrome 120.0.2",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	command := exec.Command("./provide", "chromium")
	command.Env = append(os.Environ(), "RICHIAMO_CACHE="+cache, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	env, err := os.ReadFile(filepath.Join(cache, "chromium.env"))
	require.NoError(t, err)
	require.Equal(t, "CHROMIUM_ROOT=\nCHROMIUM_VERSION=120.0.2\nCHROMIUM_BIN="+filepath.Join(bin, "google-chrome")+"\n", string(env))
}

// A run that cannot succeed says so in one sentence, with its cure.
func TestProvideFailsClearly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for want, arguments := range map[string][]string{
		`"kamailio" is unknown`: {t.TempDir(), "kamailio"},
		"cannot be written":     {file + "/folder", "asterisk"},
	} {
		command := exec.Command("./provide", arguments[1])
		command.Env = append(os.Environ(), "RICHIAMO_CACHE="+arguments[0])
		out, err := command.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), want)
		require.Contains(t, string(out), "provide: what to do: ")
		require.Equal(t, 2, strings.Count(string(out), "\n"), string(out))
	}
}

// Sound and keys reach whoever is behind a router: for every line of the configuration
// they pass through Asterisk, go to where they come from whatever address was named,
// and no address is told that is not Asterisk's own. A call center whose exchange told
// its outer address to telephones inside heard no key
// (github.com/Diyarbekoralbaev/emergency_callback_go, troubleshooting).
func TestSoundGoesToWhereItComesFrom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, asterisk.Render(dir, values(t)))
	pjsip := read(t, dir, "pjsip.conf")
	endpoints := 0
	for section := range strings.SplitSeq(pjsip, "\n[") {
		name, body, _ := strings.Cut(section, "\n")
		switch {
		case strings.Contains(body, "type=endpoint"):
			require.True(t, strings.HasPrefix(name, "leg](!"), "one template for all endpoints: %s", name)
			for _, must := range []string{"direct_media=no", "rtp_symmetric=yes", "force_rport=yes", "dtmf_mode=rfc4733"} {
				require.Contains(t, body, must+"\n")
			}
		case strings.Contains(name, "(leg)"), strings.Contains(name, "(!,leg)"):
			endpoints++
			for _, never := range []string{"direct_media", "rtp_symmetric", "force_rport", "dtmf_mode", "media_address", "ice_support", "from_user"} {
				require.NotContains(t, body, never+"=")
			}
		}
	}
	require.Equal(t, 2, endpoints, "the carrier, and the desk phones")
	require.NotContains(t, pjsip, "external_media_address", "needs local_net, or telephones inside are told the outer address")
	rtp := read(t, dir, "rtp.conf")
	require.Contains(t, rtp, "strictrtp=yes")
	require.NotContains(t, rtp, "stunaddr")
}
