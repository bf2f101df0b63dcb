// Package app puts Richiamo together: the only room that knows every adapter.
//
//	a, err := app.New(cfg, app.Options{Version: version})
//	err = a.Start(ctx)   // listens, and begins to connect
//	...
//	<-a.Done()           // it can't go on by itself: a.Err says why
//	a.Stop()             // lets go; the callers stay on the line for the next process
//
// What runs, and in which order it comes up:
//
//	HTTP          at once: /healthz, and /readyz that says what is missing
//	Redis         the exchange's term is taken, tried until it is given
//	Asterisk      connected, tried until it is; what it has is compared with the
//	              calls that are known, and mended
//	dispatch      plans, once the calls are known
//
// The names of the things in between: host.go knows the tenants (which
// conversation a call gets), exchange.go follows the exchange's coming and going,
// watch.go compares store, exchange and telephones again and again, gauge.go
// counts for the metrics, backup.go copies Redis away and back, api.go and supervision.go adapt what the HTTP API needs,
// tenants.go reads the configuration.
package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/ari"
	"richiamo/internal/call"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/config"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/redisstore"
	"richiamo/internal/telemetry"
	"richiamo/internal/web"
)

// Options are what is not in the configuration.
type Options struct {
	Version string
	Log     io.Writer // nil: standard error
	// Adjust may change how calls are run, before they are: benchmarks put
	// another conversation there, and leave out the pauses. Nil: nothing.
	Adjust func(*call.Config)
	// Now is the clock of calls and tickets; nil: time.Now. Tests that need
	// another day set it.
	Now func() time.Time
}

// App is Richiamo, running.
type App struct {
	cfg     *config.Config
	log     *slog.Logger
	metrics *telemetry.Metrics

	stores     *redisstore.Stores
	registries map[string]*snapshot.Registry
	desks      map[string]desk.Tenant
	line       *ari.Line
	runner     *call.Runner
	tickets    *dispatch.Tickets
	loop       *dispatch.Loop
	host       *host
	notice     *notice
	now        func() time.Time

	listener net.Listener
	ctx      context.Context
	fail     context.CancelCauseFunc
	parts    sync.WaitGroup
	planning sync.Once
	closers  []closer
	stopped  sync.Once
}

// closer is something to be let go of, in the reverse order of its making.
type closer struct {
	name  string
	close func() error
}

// New makes an App. It opens files and checks the key; it neither listens nor
// needs Redis or Asterisk to be there.
//
// The function is long because it is the one place where everything meets, and
// it is read from top to bottom.
func New(cfg *config.Config, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = os.Stderr
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{
		cfg: cfg, log: telemetry.NewLogger(o.Log, cfg.Log.Level, cfg.Log.Format),
		metrics: telemetry.NewMetrics(o.Version), registries: map[string]*snapshot.Registry{},
		notice: newNotice(), now: o.Now,
	}
	key := cfg.Key.Reveal()
	a.host = newHost(cfg, a.log, o.Now, a.async)
	serves := map[string]dispatch.Config{}
	desks := map[string]desk.Tenant{}
	a.desks = desks
	for _, t := range cfg.Tenants {
		if err := a.host.add(t); err != nil {
			return nil, err
		}
		rules, err := serving(cfg, t)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", t.ID, err)
		}
		serves[t.ID] = rules
		registry, err := snapshot.Open(RegistryDir(cfg, t.ID), key[:])
		if err != nil {
			return nil, fmt.Errorf("registry of tenant %s: %w", t.ID, err)
		}
		a.registries[t.ID] = registry
		a.closing("registry "+t.ID, registry.Close)
		tries := desk.DefaultTries()
		tries.PerCaller, tries.PerCode = t.Limits.TriesPerCaller, t.Limits.TriesPerCode
		desks[t.ID] = desk.Tenant{
			Registry: registry, Campaign: t.Campaign.Name, BornUntil: date(t.Campaign.BornUntil), FrailUntil: date(t.Priority.FrailBornUntil),
			Zone: serves[t.ID].Window.Zone, Outcomes: t.WrapUp.Outcomes, Tries: tries,
		}
	}

	var err error
	if a.stores, err = redisstore.Open(context.Background(), RedisOptions(cfg)); err != nil {
		return nil, err
	}
	a.closing("redis", a.stores.Close)
	a.line = ari.New(a.lineConfig())
	a.closing("asterisk", func() error { a.line.Close(); return nil })
	a.tickets = dispatch.New(a.stores.Tickets, a.stores.Blocks, a.stores.Sweeps, serves, dispatch.Options{Log: a.log, Measured: a.measured, Alarm: a.alarm, Now: o.Now})
	a.host.tickets, a.host.line = a.tickets, a.line

	calls := call.Config{
		Node: cfg.Asterisk.Node, Scripts: flow.Scripts(), Rescue: flow.ScriptRescue,
		Host: a.host, Line: a.line, Store: a.stores.Calls, Nodes: a.stores.Calls,
		Outside: outside{metrics: a.metrics, Desk: desk.New(desk.Config{
			Tickets: a.tickets, Registrations: a.stores.Registrations, Limits: a.stores.Limits, Tenants: desks, Secret: derive(cfg.Key, "desk digests"),
			Recordings: recordings{line: a.line, store: a.stores.Recordings},
		})},
		AfterKey: cfg.Keypad.PauseAfterKey, AfterAnswer: time.Second, BeforeEnd: time.Second,
		Observer: a.metrics, Stopwatch: a.metrics, Logger: a.log, Now: o.Now,
	}
	if o.Adjust != nil {
		o.Adjust(&calls)
	}
	a.runner = call.NewRunner(calls)
	a.loop = dispatch.NewLoop(a.tickets, a.stores.Leases, callsFor{host: a.host, runner: a.runner, ready: a.line.Ready}, cfg.Asterisk.Node, nil)
	return a, nil
}

// derive makes a key for one purpose from the installation's.
func derive(key config.Key, purpose string) []byte {
	k := key.Reveal()
	derived, _ := hkdf.Key(sha256.New, k[:], nil, "richiamo "+purpose, 32) // fails for lengths beyond 8160 only
	return derived
}

// RegistryDir is where a tenant's registry lies.
func RegistryDir(cfg *config.Config, tenant string) string {
	return filepath.Join(string(cfg.RegistryDir), tenant)
}

// RedisOptions are the stores' part of the configuration.
func RedisOptions(cfg *config.Config) redisstore.Options {
	key, r := cfg.Key.Reveal(), cfg.Redis
	o := redisstore.Options{
		Addr: r.Address, Username: r.Username, Password: r.Password.Reveal(),
		Sentinel: redisstore.Sentinel{
			Master: r.Sentinel.Master, Addrs: r.Sentinel.Addresses, Username: r.Sentinel.Username, Password: r.Sentinel.Password.Reveal(),
		},
		Replicas: r.Replicas, ReplicaWait: r.ReplicaWait, Key: key[:],
	}
	if r.Socket != "" {
		o.Addr = string(r.Socket)
	}
	for _, t := range cfg.Tenants {
		o.Tenants = append(o.Tenants, t.ID)
	}
	return o
}

// lineConfig is the exchange's part of the configuration.
func (a *App) lineConfig() ari.Config {
	c := a.cfg.Asterisk
	return ari.Config{
		URL: c.URL, User: c.User, Password: c.Password.Reveal(), App: c.App, Node: c.Node,
		ServiceNumber: a.cfg.Tenants[0].ServicePhone, Carrier: c.CarrierEndpoint, Sounds: c.SoundsPrefix,
		Logger: a.log, Now: a.now,
		Observe: ari.Observer{
			Request: func(operation string, took time.Duration, err error) {
				a.metrics.Commanded(operation, outcome(err), took)
			},
			Event:      func(kind call.EventKind, _ time.Duration) { a.metrics.EventSeen(string(kind)) },
			Malformed:  func() { a.metrics.EventSeen("malformed") },
			Connection: func(err error) { a.metrics.LineUp(c.Node, err == nil) },
		},
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, call.ErrGone):
		return "gone"
	}
	return "failed"
}

// closing remembers something to be let go of.
func (a *App) closing(name string, f func() error) {
	a.closers = append(a.closers, closer{name, f})
}

// Start listens and begins to connect. It returns as soon as HTTP is served;
// /readyz tells when calls are.
func (a *App) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.HTTP.Listen)
	if err != nil {
		a.close()
		return fmt.Errorf("http: listen on %s: %w; is another Richiamo running? \"http.listen\" in the configuration moves it", a.cfg.HTTP.Listen, err)
	}
	a.listener = listener
	a.ctx, a.fail = context.WithCancelCause(context.WithoutCancel(ctx))
	a.async(func(ctx context.Context) {
		tls := web.TLS{Certificate: string(a.cfg.HTTP.TLSCertificate), Key: string(a.cfg.HTTP.TLSKey)}
		if err := web.Serve(ctx, listener, web.New(a.api()), tls); err != nil {
			a.fail(err)
		}
	})
	for id, r := range a.registries {
		a.metrics.RegistryLoaded(id, r.Len())
		a.async(func(ctx context.Context) {
			r.Watch(ctx, registryEvery, func(rows int, err error) {
				if err != nil {
					a.log.Error("registry not loaded; the old one serves on", "tenant", id, "error", err)
					return
				}
				a.metrics.RegistryLoaded(id, rows)
				a.log.Info("registry loaded", "tenant", id, "rows", rows)
			})
		})
	}
	a.async(a.serve)
	a.async(a.gauge)
	a.async(a.backups)
	return nil
}

// registryEvery is how often is looked whether a new registry was imported.
const registryEvery = 2 * time.Second

// serve takes the exchange and stays connected to it.
func (a *App) serve(ctx context.Context) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := a.runner.Start(ctx)
		if err == nil {
			break
		}
		a.log.Warn("the exchange's term could not be taken; trying again", "error", err)
		if !sleep(ctx, wait) {
			return
		}
	}
	for a.staff(ctx) != nil { // the store is away again; it says so itself
		if !sleep(ctx, time.Second) {
			return
		}
	}
	a.async(func(ctx context.Context) {
		select {
		case <-a.runner.Done():
			if errors.Is(a.runner.Err(), call.ErrSuperseded) {
				a.fail(a.runner.Err())
			}
		case <-ctx.Done():
		}
	})
	_ = a.line.Run(ctx, exchange{a}) // it returns when ctx ends, and says just that
}

// sleep waits; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// staff makes sure that the agents of the configuration are known.
func (a *App) staff(ctx context.Context) error {
	for _, t := range a.cfg.Tenants {
		team := make([]agent.Agent, 0, len(t.Agents))
		for _, m := range t.Agents {
			team = append(team, agent.Agent{ID: m.ID, Tenant: t.ID, Skills: m.Skills})
		}
		if err := a.tickets.Staff(ctx, t.ID, team); err != nil {
			return fmt.Errorf("agents of tenant %s: %w", t.ID, err)
		}
	}
	return nil
}

// async runs a part of the App until it stops.
func (a *App) async(f func(context.Context)) {
	a.parts.Add(1)
	go func() {
		defer a.parts.Done()
		f(a.ctx)
	}()
}

// Addr is where HTTP is served, host and port.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Ready is nil when calls are served; otherwise it says what is missing.
func (a *App) Ready(ctx context.Context) error {
	var missing []error
	for _, p := range a.Parts(ctx) {
		if !p.Ready {
			missing = append(missing, fmt.Errorf("%s: %s", p.Name, p.Why))
		}
	}
	return errors.Join(missing...)
}

// Done is closed when the App can't go on by itself, or was stopped.
func (a *App) Done() <-chan struct{} { return a.ctx.Done() }

// Err says why the App can't go on.
func (a *App) Err() error { return context.Cause(a.ctx) }

// ErrStopped is the Err of an App that was told to stop.
var ErrStopped = errors.New("app: stopped")

// Stop lets go of everything and returns when nothing of it runs any more. The
// callers stay on the line: whoever starts next takes them up.
func (a *App) Stop() {
	a.stopped.Do(func() {
		a.fail(ErrStopped)
		a.loop.Stop()
		a.runner.Stop()
		a.parts.Wait()
		a.close()
	})
}

func (a *App) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i].close(); err != nil {
			a.log.Warn("not closed in order", "part", a.closers[i].name, "error", err)
		}
	}
}
