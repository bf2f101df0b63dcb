package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The installation that "make up" leaves running: where it listens unless the
// environment moves it.
const (
	sipPort     = 5060
	carrierPort = 5070
	httpPort    = 8080
	ariPort     = 8088
)

// ports reads the ports from the environment.
func ports() (o Options, err error) {
	for name, p := range map[string]struct {
		field *int
		usual int
	}{
		"RICHIAMO_SIP_PORT": {&o.SIPPort, sipPort}, "RICHIAMO_CARRIER_PORT": {&o.CarrierPort, carrierPort},
		"RICHIAMO_HTTP_PORT": {&o.HTTPPort, httpPort}, "RICHIAMO_ARI_PORT": {&o.ARIPort, ariPort},
	} {
		*p.field = p.usual
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		if *p.field, err = strconv.Atoi(text); err != nil || *p.field < 1 || *p.field > 65535 {
			return o, fmt.Errorf("%s=%s is no port; give a number from 1 to 65535", name, text)
		}
	}
	return o, nil
}

// The holder of an installation is the process that keeps it running. It holds
// a lock on a file, which ends with the process whatever becomes of it.
func holderFile(dir string) string { return filepath.Join(dir, "holder") }

// Running tells whether the installation of a folder is running.
func Running(dir string) bool {
	file, err := os.OpenFile(holderFile(dir), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// held takes the lock. Somebody who only looks whether it is held has it for an
// instant, so it is tried for a while.
func held(file *os.File) bool {
	for range 50 {
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			return true
		}
		<-time.After(10 * time.Millisecond)
	}
	return false
}

// Run starts the installation of a folder and holds it until ctx ends.
func Run(ctx context.Context, dir string, out io.Writer) error {
	o, err := ports()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	file, err := os.OpenFile(holderFile(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("hold the installation: %w", err)
	}
	defer file.Close()
	if !held(file) {
		return errors.New("it is running already")
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return err
	}
	o.Dir = dir
	o.Say = func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	in, err := Start(ctx, o)
	if err != nil {
		return err
	}
	defer in.Stop()
	fmt.Fprintln(out, "ready")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-in.exited: // as a supervisor does
			fmt.Fprintln(out, "Richiamo ended; starting it again")
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
			}
			if err := in.Serve(ctx); err != nil {
				return err
			}
		}
	}
}

// Up starts the installation of a folder in the background, and returns when
// calls are answered.
func Up(ctx context.Context, dir string, out io.Writer) error {
	o, err := ports()
	if err != nil {
		return err
	}
	if !Running(dir) {
		if err := spawn(dir); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url := "http://127.0.0.1:" + strconv.Itoa(o.HTTPPort)
	for began := false; ; {
		if isReady(ctx, url) && Running(dir) {
			break
		}
		running := Running(dir)
		if began && !running {
			return fmt.Errorf("the installation did not start: %s", lastLines(filepath.Join(dir, "up.log")))
		}
		began = began || running
		select {
		case <-ctx.Done():
			return fmt.Errorf("calls are not answered after a minute; see %s and %s", filepath.Join(dir, "up.log"), filepath.Join(dir, "richiamo.log"))
		case <-time.After(100 * time.Millisecond):
		}
	}
	fmt.Fprintf(out, `Richiamo answers calls.
  call it:               sip:800000000@127.0.0.1:%d (from 127.0.0.1; the user part of From is the caller's number)
  be a citizen:          listen on 127.0.0.1:%d (UDP)
  be an agent:           %s/ in a browser, as agent1 ... agent9, password agent1-demo ... agent9-demo
  desk phones:           register agent1 ... agent9, with the same passwords
  API:                   %s/api/v1, described at %s/api/openapi.yaml
  keys:                  deploy/demo/richiamo.yaml; citizens: deploy/demo/citizens.csv
  data and logs:         %s
`, o.SIPPort, o.CarrierPort, url, url, url, dir)
	return nil
}

// spawn starts the holder, apart from this process and its terminal.
func spawn(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "up.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	holder := exec.Command(self, "demo", "run", "--dir", dir)
	holder.Stdout, holder.Stderr = log, log
	holder.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := holder.Start(); err != nil {
		return fmt.Errorf("start the installation: %w", err)
	}
	exited := make(chan struct{})
	go func() { _ = holder.Wait(); close(exited) }()
	for !Running(dir) { // until it holds the folder, or has failed
		select {
		case <-exited:
			return fmt.Errorf("the installation did not start: %s", lastLines(filepath.Join(dir, "up.log")))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func isReady(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// lastLines is the end of a log, on one line.
func lastLines(file string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}

// Down stops the installation of a folder. Its data stay.
func Down(ctx context.Context, dir string, out io.Writer) error {
	if !Running(dir) {
		fmt.Fprintln(out, "it is not running")
		return nil
	}
	raw, err := os.ReadFile(holderFile(dir))
	if err != nil {
		return fmt.Errorf("find the installation: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return fmt.Errorf("find the installation: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the installation: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for Running(dir) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d does not stop", pid)
		case <-time.After(50 * time.Millisecond):
		}
	}
	fmt.Fprintln(out, "stopped; the data stay in", dir)
	return nil
}
