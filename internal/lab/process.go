package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// process is one running server. It is killed by the kernel when the process that started it dies.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and was reaped
	err  error         // how it ended; read after done
}

// startProcess runs a program in a process group of its own, its output appended to the log file.
func startProcess(logFile, program string, args ...string) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lab: open the log of %s: %w", program, err)
	}
	defer out.Close()
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the thread that forked ends, not the process: keep the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("lab: start %s: %w", program, err)
	}
	return p, nil
}

// comesUp waits until a server answers; it fails when the server has ended, or ctx does.
func (p *process) comesUp(ctx context.Context, answers func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !answers() {
		select {
		case <-p.done:
			return fmt.Errorf("it ended: %v", p.err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal reaches the whole process group.
func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("lab: process %d has ended", p.cmd.Process.Pid)
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("lab: signal process %d: %w", p.cmd.Process.Pid, err)
	}
	return nil
}

// kill ends it at once, as a crash would, and returns when it is gone.
func (p *process) kill() {
	if p.running() && p.signal(syscall.SIGKILL) == nil {
		<-p.done
	}
}

// stop asks it to end, and kills it when it has not ended after the grace.
func (p *process) stop(grace time.Duration) {
	if !p.running() {
		return
	}
	_ = p.signal(syscall.SIGCONT) // a paused process hears nothing else
	_ = p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.kill()
	}
}

// Tail returns the last part of a log for an error text, in one line each.
func Tail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 2000
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	return strings.TrimSpace(string(text))
}
