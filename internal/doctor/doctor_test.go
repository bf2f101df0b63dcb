package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/app"
	"richiamo/internal/config"
	"richiamo/internal/demo"
	"richiamo/internal/doctor"
	"richiamo/internal/lab"
	"richiamo/internal/redisstore"
)

// TestMain lets the test binary be the service, a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		os.Exit(serve(os.Args[3]))
	}
	os.Exit(m.Run())
}

func serve(file string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(file)
	if err == nil {
		var a *app.App
		if a, err = app.New(cfg, app.Options{}); err == nil {
			err = a.Start(ctx)
			defer a.Stop()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-ctx.Done()
	return 0
}

// installed is an installation whose service does not run.
func installed(t *testing.T) *demo.Installation {
	t.Helper()
	in, err := demo.Prepare(t.Context(), demo.Options{})
	require.NoError(t, err)
	t.Cleanup(in.Stop)
	return in
}

// load reads the installation's configuration, a copy for each who changes it.
func load(t *testing.T, in *demo.Installation) *config.Config {
	t.Helper()
	env := map[string]string{}
	for _, pair := range in.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	cfg, err := config.LoadEnv(in.Config, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	require.NoError(t, err)
	return cfg
}

// named gives the finding of a name.
func named(t *testing.T, findings []doctor.Finding, name string) doctor.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Name == name {
			return f
		}
	}
	require.Fail(t, "nothing is said of "+name, "%v", findings)
	return doctor.Finding{}
}

func examine(t *testing.T, cfg *config.Config) []doctor.Finding {
	t.Helper()
	told := 0
	findings := doctor.Examine(t.Context(), cfg, func(doctor.Finding) { told++ })
	assert.Len(t, findings, told, "each finding is told as it comes")
	for _, f := range findings {
		if f.Level != doctor.OK {
			assert.NotEmpty(t, f.Cure, "%s says what to do", f.Name)
		}
	}
	return slices.DeleteFunc(findings, func(f doctor.Finding) bool { return strings.HasSuffix(f.Name, " disk") }) // this machine's, whatever they are
}

func TestAWholeInstallationIsWell(t *testing.T) {
	t.Parallel()
	in := installed(t)
	findings := examine(t, load(t, in))
	for _, f := range findings {
		assert.Equal(t, doctor.OK, f.Level, "%s", f)
	}
	assert.Contains(t, named(t, findings, "http").Detail, "free")
	assert.Contains(t, named(t, findings, "sounds it").Detail, "all")
	assert.Contains(t, named(t, findings, "agents' probe demo").Detail, "every 5 seconds")
	assert.Contains(t, named(t, findings, "telephones in browsers").Detail, "can be made")

	require.NoError(t, in.Serve(t.Context()))
	require.NoError(t, in.WaitReady(t.Context()))
	findings = examine(t, load(t, in))
	assert.Equal(t, doctor.OK, doctor.Worst(findings), "%v", findings)
	assert.Contains(t, named(t, findings, "http").Detail, "is ready")
	assert.Contains(t, named(t, findings, "asterisk application").Detail, "the service's")
	require.NoError(t, in.WaitReady(t.Context()), "the examination takes nothing away from the service")
}

// Each fault alone, with the one line that must tell of it.
func TestWhatIsWrongIsTold(t *testing.T) {
	t.Parallel()
	in := installed(t)
	foreign := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(foreign.Close)
	for _, c := range []struct {
		name  string
		wrong func(t *testing.T, cfg *config.Config)
		line  string
		level doctor.Level
		says  string
	}{
		{"Redis is away", func(t *testing.T, cfg *config.Config) {
			cfg.Redis.Socket = config.File(filepath.Join(t.TempDir(), "none"))
		}, "redis", doctor.Fail, "start Redis"},
		{"Redis keeps no file", redisWith("--appendonly", "no"), "redis appendonly", doctor.Fail, "appendonly yes"},
		{"Redis writes its file later", redisWith("--appendfsync", "everysec"), "redis appendfsync", doctor.Fail, "appendfsync always"},
		{"replicas that are not there", func(_ *testing.T, cfg *config.Config) {
			cfg.Redis.Replicas, cfg.Redis.ReplicaWait = 1, 50*time.Millisecond
		}, "redis replicas", doctor.Fail, "0 that follow"},
		{"no backups", func(_ *testing.T, cfg *config.Config) { cfg.Backup.Directory = "" }, "backups", doctor.Warn, "backup.directory"},
		{"a folder for backups that is not there", func(_ *testing.T, cfg *config.Config) { cfg.Backup.Directory += "-none" }, "backups", doctor.Fail, "install -d"},
		{"Redis throws things away", redisWith("--maxmemory-policy", "allkeys-lru"), "redis maxmemory-policy", doctor.Fail, "noeviction"},
		{"another key", func(t *testing.T, cfg *config.Config) {
			examine(t, cfg) // from now on Redis knows the right one
			cfg.Key = config.Key{}
		}, "redis", doctor.Fail, "key file"},
		{"half of a backup", func(t *testing.T, cfg *config.Config) {
			redisWith()(t, cfg)
			rdb := redisstore.Client(app.RedisOptions(cfg))
			t.Cleanup(func() { _ = rdb.Close() })
			require.NoError(t, rdb.Set(t.Context(), "{demo}:seal", "restoring", 0).Err())
		}, "redis", doctor.Fail, "has come to its end"},
		{"Asterisk is away", func(t *testing.T, cfg *config.Config) {
			port, err := lab.FreeTCP()
			require.NoError(t, err)
			cfg.Asterisk.URL = fmt.Sprintf("http://127.0.0.1:%d/ari", port)
		}, "asterisk", doctor.Fail, "start Asterisk"},
		{"the ARI password is wrong", func(_ *testing.T, cfg *config.Config) { cfg.Asterisk.Password = "wrong" }, "asterisk", doctor.Fail, "ari_password_file"},
		{"something else than ARI", func(_ *testing.T, cfg *config.Config) { cfg.Asterisk.URL = foreign.URL + "/ari" }, "asterisk", doctor.Fail, "no ARI"},
		{"an old Asterisk", says("/asterisk/info", `{"system":{"version":"18.26.4"}}`), "asterisk version", doctor.Fail, "too old"},
		{"the ARI user may only read", refuses(http.MethodDelete), "ari user", doctor.Fail, "read_only"},
		{"a module is not loaded", says("/asterisk/modules/res_musiconhold.so", ""), "asterisk modules", doctor.Fail, "res_musiconhold.so"},
		{"no trunk", func(_ *testing.T, cfg *config.Config) { cfg.Asterisk.CarrierEndpoint = "nobody" }, "trunk", doctor.Fail, "pjsip.conf"},
		{"the trunk is off", says("/endpoints/PJSIP/carrier", `{"state":"offline"}`), "trunk", doctor.Warn, "offline"},
		{"an agent without a telephone", func(_ *testing.T, cfg *config.Config) {
			cfg.Tenants[0].Agents = append(cfg.Tenants[0].Agents, config.Agent{ID: "agent77"})
		}, "agents demo", doctor.Fail, "agent77"},
		{"an agent with a telephone in the browser only", func(_ *testing.T, cfg *config.Config) {
			cfg.Tenants[0].Agents = []config.Agent{{ID: "agent77", Password: "agent77-demo"}}
		}, "agents demo", doctor.OK, "1 agents have one in the browser only"},
		{"a module for browsers is not loaded", says("/asterisk/modules/res_srtp.so", ""), "telephones in browsers", doctor.Fail, "res_srtp.so"},
		{"no transport for browsers", says("/transport/ws", ""), "telephones in browsers", doctor.Fail, "protocol=ws"},
		{"no telephones in memory", refuses(http.MethodPut), "telephones in browsers", doctor.Fail, "sorcery.conf"},
		{"telephones that are not probed", says("/aor/agent1", `[{"attribute":"qualify_frequency","value":"0"}]`), "agents' probe demo", doctor.Warn, "qualify_frequency"},
		{"no agents", func(_ *testing.T, cfg *config.Config) { cfg.Tenants[0].Agents = nil }, "agents demo", doctor.Warn, "there are none"},
		{"no recordings", func(_ *testing.T, cfg *config.Config) { cfg.Asterisk.SoundsPrefix = "elsewhere" }, "sounds it", doctor.Fail, "lacks"},
		{"recordings on another machine", says("/asterisk/variable", `{"value":"/nowhere"}`), "sounds it", doctor.OK, "on another machine, finds"},
		{"no recordings on another machine", func(t *testing.T, cfg *config.Config) {
			says("/asterisk/variable", `{"value":"/nowhere"}`)(t, cfg)
			cfg.Asterisk.SoundsPrefix = "elsewhere"
		}, "sounds it", doctor.Fail, "does not find"},
		{"somebody else has the application", says("/applications/richiamo", `{"name":"richiamo"}`), "asterisk application", doctor.Warn, "only one service"},
		{"no registry", func(t *testing.T, cfg *config.Config) { cfg.RegistryDir = config.File(t.TempDir()) }, "registry demo", doctor.Fail, "registry import"},
		{"a phrase that nobody recorded", func(_ *testing.T, cfg *config.Config) { cfg.Tenants[0].Phrases.Service = "tenant.service.none" }, "prompts demo", doctor.Fail, "tenant.service.none"},
		{"a language without recordings", func(_ *testing.T, cfg *config.Config) { cfg.Tenants[0].Language = "de" }, "prompts demo", doctor.Fail, "language"},
		{"no such zone", func(_ *testing.T, cfg *config.Config) { cfg.Tenants[0].TimeZone = "Europe/Nowhere" }, "time zone demo", doctor.Fail, "timezone"},
		{"more staffed than there are", func(_ *testing.T, cfg *config.Config) {
			week := config.Days{time.Monday, time.Tuesday}
			cfg.Tenants[0].Staffing = []config.Shift{{Days: week, From: 540, To: 780, Agents: 6}, {Days: week[:1], From: 600, To: 720, Agents: 6}}
		}, "staffing demo", doctor.Warn, "12 at a time"},
		{"the trunk is checked", func(_ *testing.T, cfg *config.Config) { cfg.Tenants[0].TrunkCheck.Number = "0212345678" }, "trunk check demo", doctor.OK, "ending in 78"},
		{"the port is taken", func(_ *testing.T, cfg *config.Config) {
			cfg.HTTP.Listen = strings.TrimPrefix(foreign.URL, "http://")
		}, "http", doctor.Fail, "http.listen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := load(t, in)
			c.wrong(t, cfg)
			f := named(t, examine(t, cfg), c.line)
			assert.Equal(t, c.level, f.Level, "%s", f)
			assert.Contains(t, f.String(), c.says)
		})
	}
}

// redisWith has a Redis of other settings.
func redisWith(args ...string) func(*testing.T, *config.Config) {
	return func(t *testing.T, cfg *config.Config) {
		r, err := lab.StartRedis(t.Context(), lab.RedisOptions{Args: args})
		require.NoError(t, err)
		t.Cleanup(r.Stop)
		cfg.Redis.Socket = config.File(r.Socket)
	}
}

// says has Asterisk answer something else to one request; nothing: 404.
func says(path, body string) func(*testing.T, *config.Config) {
	return between(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, path) {
			return false
		}
		if body == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(body))
		return true
	})
}

// refuses has Asterisk refuse a method.
func refuses(method string) func(*testing.T, *config.Config) {
	return between(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == method {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.Method == method
	})
}

// between puts somebody between us and Asterisk.
func between(answers func(http.ResponseWriter, *http.Request) bool) func(*testing.T, *config.Config) {
	return func(t *testing.T, cfg *config.Config) {
		root, err := url.Parse(cfg.Asterisk.URL)
		require.NoError(t, err)
		root.Path = ""
		proxy := httputil.NewSingleHostReverseProxy(root)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answers(w, r) {
				proxy.ServeHTTP(w, r)
			}
		}))
		t.Cleanup(s.Close)
		cfg.Asterisk.URL = s.URL + "/ari"
	}
}
