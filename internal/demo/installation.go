// Package demo is the demonstration: the whole of Richiamo on one machine with
// invented citizens, and the main job played on it by synthetic telephones.
//
//	in, err := demo.Start(ctx, demo.Options{Dir: "var/demo"})  // Redis, Asterisk, registry, richiamo serve
//	err = demo.Play(ctx, in, os.Stdout)                        // seven scenes, told as a conversation
//	in.Stop()
//
// The installation is the one that "make up" leaves running and that the
// end-to-end tests start, each with its own folder and ports: the same
// configuration file, the same citizens, real Asterisk, real Redis, and the binary
// itself as a process of its own, so that it can be killed.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"richiamo/asterisk"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/lab"
)

// Tenant is the one authority of the demonstration.
const Tenant = "demo"

// Options say where an installation is and how it is reached. The zero Options
// are for a test: everything in a temporary folder, on ports of its own.
type Options struct {
	// Dir is the folder of everything that runs and of all data; empty: a
	// temporary one, removed by Stop.
	Dir string
	// Source is the root of the source tree, for configuration and citizens;
	// empty: found from the working directory upwards.
	Source string
	// Ports of SIP, of the telephones of citizens, of ARI and of HTTP; chosen
	// when zero.
	SIPPort, CarrierPort, ARIPort, HTTPPort int
	// Program is the binary with its first words, run as Program... serve
	// --config FILE; empty: this very program.
	Program []string
	// Env is added to the environment of the binary.
	Env []string
	// Log gets what the binary logs; nil: the file richiamo.log of the folder.
	Log io.Writer
	// Say tells what is being done; nil: nobody.
	Say func(format string, args ...any)
}

// Installation is a running demonstration.
type Installation struct {
	Dir      string
	Redis    *lab.Redis
	Asterisk *lab.Asterisk
	// URL is where the API is.
	URL string
	// Config is the configuration file, and Env what it needs to be read.
	Config string
	Env    []string

	opts      Options
	temporary bool
	service   *exec.Cmd
	exited    chan struct{}
}

// Start starts everything and returns when calls are answered.
func Start(ctx context.Context, o Options) (_ *Installation, err error) {
	in, err := Prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			in.Stop()
		}
	}()
	if err := in.Serve(ctx); err != nil {
		return nil, err
	}
	return in, in.WaitReady(ctx)
}

// Prepare starts everything but the binary itself.
func Prepare(ctx context.Context, o Options) (_ *Installation, err error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	in := &Installation{opts: o, Dir: o.Dir}
	defer func() {
		if err != nil {
			in.Stop()
		}
	}()
	if err := in.place(); err != nil {
		return nil, err
	}
	o.Say("starting Redis")
	if in.Redis, err = lab.StartRedis(ctx, lab.RedisOptions{Dir: filepath.Join(in.Dir, "redis")}); err != nil {
		return nil, err
	}
	o.Say("starting Asterisk")
	in.Asterisk, err = lab.StartAsterisk(ctx, lab.Options{
		Dir: filepath.Join(in.Dir, "asterisk"), SIPPort: o.SIPPort, ARIPort: o.ARIPort, CarrierPort: o.CarrierPort,
		Adjust: func(v *asterisk.Values) {
			v.SystemName = "demo" + strconv.Itoa(os.Getpid()) + strconv.FormatInt(time.Now().Unix(), 36)
		},
	})
	if err != nil {
		return nil, err
	}
	if err := in.secrets(); err != nil {
		return nil, err
	}
	o.Say("importing the citizens")
	return in, in.Import(ctx, filepath.Join(in.opts.Source, "deploy", "demo", "citizens.csv"))
}

// place finds the source and makes the folder.
func (in *Installation) place() (err error) {
	if in.opts.Source == "" {
		if in.opts.Source, err = lab.Repository(); err != nil {
			return err
		}
	}
	if in.Dir == "" {
		in.temporary = true
		if in.Dir, err = os.MkdirTemp("", "richiamo-"); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	if in.Dir, err = filepath.Abs(in.Dir); err != nil {
		return fmt.Errorf("find the folder: %w", err)
	}
	for _, part := range []string{"", "redis", "asterisk", "registry", "backups"} {
		if err := os.MkdirAll(filepath.Join(in.Dir, part), 0o700); err != nil {
			return fmt.Errorf("make the folder %s: %w; is the disk full?", part, err)
		}
	}
	in.Config = filepath.Join(in.opts.Source, "deploy", "demo", "richiamo.yaml")
	return nil
}

// secrets writes the files that the configuration names, and its environment.
// The key that seals the data is made once.
func (in *Installation) secrets() error {
	key := filepath.Join(in.Dir, "richiamo.key")
	if _, err := os.Stat(key); errors.Is(err, os.ErrNotExist) {
		random := make([]byte, snapshot.KeySize)
		_, _ = rand.Read(random) // it never fails
		if err := os.WriteFile(key, random, 0o600); err != nil {
			return fmt.Errorf("write the key: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(in.Dir, "ari.password"), []byte(in.Asterisk.ARIPassword+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the ARI password: %w", err)
	}
	_, ariPort, err := net.SplitHostPort(in.Asterisk.ARIURL[len("http://") : len(in.Asterisk.ARIURL)-len("/ari")])
	if err != nil {
		return fmt.Errorf("read the port of ARI: %w", err)
	}
	http := in.opts.HTTPPort
	if http == 0 {
		if http, err = lab.FreeTCP(); err != nil {
			return err
		}
	}
	in.URL = "http://127.0.0.1:" + strconv.Itoa(http)
	in.Env = append([]string{
		"RICHIAMO_VAR=" + in.Dir, "RICHIAMO_ARI_PORT=" + ariPort, "RICHIAMO_HTTP_PORT=" + strconv.Itoa(http),
	}, in.opts.Env...)
	return nil
}

// Import imports a registry of citizens.
func (in *Installation) Import(ctx context.Context, csv string) error {
	key, err := os.ReadFile(filepath.Join(in.Dir, "richiamo.key"))
	if err != nil {
		return fmt.Errorf("read the key: %w", err)
	}
	file, err := os.Open(csv)
	if err != nil {
		return fmt.Errorf("open the citizens: %w", err)
	}
	defer file.Close()
	_, err = snapshot.Import(ctx, filepath.Join(in.Dir, "registry", Tenant), key, file, snapshot.Options{})
	return err
}

// Serve starts the binary.
func (in *Installation) Serve(ctx context.Context) error {
	program := in.opts.Program
	if len(program) == 0 {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		program = []string{self}
	}
	log := in.opts.Log
	if log == nil {
		file, err := os.OpenFile(filepath.Join(in.Dir, "richiamo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open the log: %w", err)
		}
		defer file.Close()
		log = file
	}
	in.service = exec.Command(program[0], append(program[1:], "serve", "--config", in.Config)...)
	in.service.Env = append(os.Environ(), in.Env...)
	in.service.Stdout, in.service.Stderr = log, log
	in.service.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in.exited = make(chan struct{})
	started := make(chan error)
	go func(service *exec.Cmd, exited chan struct{}) {
		// The kernel ends the child when the thread that started it ends: this
		// thread stays until the child has ended.
		runtime.LockOSThread()
		err := service.Start()
		started <- err
		if err == nil {
			_ = service.Wait() // why it ended is in its log
		}
		close(exited)
	}(in.service, in.exited)
	if err := <-started; err != nil {
		return fmt.Errorf("start Richiamo: %w", err)
	}
	return nil
}

// WaitReady waits until calls are answered.
func (in *Installation) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	why := "it does not answer"
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, in.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			body, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			why = string(body)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service did not get ready: %s; see %s", why, filepath.Join(in.Dir, "richiamo.log"))
		case <-in.exited:
			return fmt.Errorf("the service ended before it was ready; see %s", filepath.Join(in.Dir, "richiamo.log"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill kills the binary as a crash would.
func (in *Installation) Kill() {
	if in.service == nil {
		return
	}
	_ = in.service.Process.Kill()
	<-in.exited
	in.service = nil
}

// Terminate asks the binary to stop, and waits until it has.
func (in *Installation) Terminate() {
	if in.service == nil {
		return
	}
	_ = in.service.Process.Signal(syscall.SIGTERM)
	select {
	case <-in.exited:
	case <-time.After(15 * time.Second):
		_ = in.service.Process.Kill()
		<-in.exited
	}
	in.service = nil
}

// Exited is closed when the binary that was started last has ended.
func (in *Installation) Exited() <-chan struct{} { return in.exited }

// PID is the binary's process.
func (in *Installation) PID() int { return in.service.Process.Pid }

// Stop ends everything that was started. The data stay, unless the folder is a
// temporary one.
func (in *Installation) Stop() {
	in.Terminate()
	if in.Asterisk != nil {
		in.Asterisk.Stop()
	}
	if in.Redis != nil {
		in.Redis.Stop()
	}
	if in.temporary {
		_ = os.RemoveAll(in.Dir)
	}
}
