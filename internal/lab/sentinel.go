package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Sentinel is a running private Redis Sentinel that decides alone, and soon: half a second after a master fell
// silent.
type Sentinel struct {
	// Addr is its HOST:PORT.
	Addr string

	dir     string
	process *process
}

// StartSentinel has a master, given by HOST:PORT, watched under a name, and returns when Sentinel answers.
func StartSentinel(ctx context.Context, name, master string) (_ *Sentinel, err error) {
	program, err := redisProgram()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return nil, fmt.Errorf("lab: the address of the master: %w", err)
	}
	s := &Sentinel{}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "richiamo-sentinel-"); err != nil {
		return nil, fmt.Errorf("lab: make the folder of Sentinel: %w", err)
	}
	own, err := FreeTCP()
	if err != nil {
		return nil, err
	}
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(own))
	// Sentinel keeps what it knows in its configuration, so it needs one of its own.
	conf, log := filepath.Join(s.dir, "sentinel.conf"), filepath.Join(s.dir, "sentinel.log")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile %s\nsentinel monitor %s %s %s 1\n"+
		"sentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 5000\n", own, s.dir, log, name, host, port, name, name)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("lab: write the configuration of Sentinel: %w", err)
	}
	if s.process, err = startProcess(log, program, conf, "--sentinel"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.process.comesUp(ctx, func() bool { return pong("tcp", s.Addr) }); err != nil {
		return nil, fmt.Errorf("lab: Sentinel did not come up: %w; its log ends: %s", err, Tail(log))
	}
	return s, nil
}

// Stop ends Sentinel and removes what it wrote. It may be called again.
func (s *Sentinel) Stop() {
	if s.process != nil {
		s.process.stop(5 * time.Second)
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
