package lab

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// RedisOptions say how a Redis is to be. The zero value is right for a test.
type RedisOptions struct {
	// Dir is where its data lie, kept by Stop; empty: a temporary one, removed by Stop. Its path must be short
	// (under 90 characters), since the socket lies in it.
	Dir string
	// TCP makes it listen on a TCP port of 127.0.0.1 too: Port, or a chosen one when Port is zero.
	TCP  bool
	Port int
	// Args are added to the command line, for example "--maxmemory", "2mb".
	Args []string
}

// Redis is a running private Redis. What it has acknowledged is on disk: append-only file, fsync at every
// write, no snapshots.
type Redis struct {
	// Socket is the path of its unix socket.
	Socket string
	// Addr is its HOST:PORT; empty without TCP.
	Addr string
	// Dir holds its data and its log, redis.log.
	Dir string

	program   string
	port      int
	args      []string
	temporary bool
	process   *process
}

// StartRedis starts a Redis and returns when it answers, its data loaded.
func StartRedis(ctx context.Context, o RedisOptions) (_ *Redis, err error) {
	r := &Redis{Dir: o.Dir, port: o.Port, args: o.Args}
	if r.program, err = redisProgram(); err != nil {
		return nil, err
	}
	if o.Port != 0 {
		if err := tcpFree(o.Port); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			r.Stop()
		}
	}()
	if r.Dir == "" {
		r.temporary = true
		r.Dir, err = os.MkdirTemp("", "richiamo-redis-")
	} else if err = os.MkdirAll(r.Dir, 0o700); err == nil {
		r.Dir, err = filepath.Abs(r.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lab: make the folder of Redis: %w", err)
	}
	r.Socket = filepath.Join(r.Dir, "redis.sock")
	if !o.TCP || o.Port != 0 {
		return r, r.listen(ctx)
	}
	// A chosen port may be taken by another before Redis has it: then choose again.
	for range 5 {
		if r.port, err = FreeTCP(); err != nil {
			return nil, err
		}
		if err = r.listen(ctx); err == nil {
			break
		}
	}
	return r, err
}

// listen starts the program on r.port; zero means the socket only.
func (r *Redis) listen(ctx context.Context) error {
	if r.port != 0 {
		r.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port))
	}
	return r.Restart(ctx)
}

// Restart starts Redis again on the same folder, socket and port; it is killed first when it still runs. It
// returns when the data are loaded. Arguments are added to the command line this once.
func (r *Redis) Restart(ctx context.Context, more ...string) error {
	r.Kill()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	args := append([]string{
		"--port", strconv.Itoa(r.port), "--bind", "127.0.0.1",
		"--unixsocket", r.Socket, "--unixsocketperm", "700",
		"--dir", r.Dir, "--logfile", filepath.Join(r.Dir, "redis.log"), "--daemonize", "no",
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--maxmemory-policy", "noeviction",
	}, slices.Concat(r.args, more)...)
	var err error
	if r.process, err = startProcess(filepath.Join(r.Dir, "redis.log"), r.program, args...); err != nil {
		return err
	}
	if err := r.process.comesUp(ctx, func() bool { return pong("unix", r.Socket) }); err != nil {
		r.Kill()
		return fmt.Errorf("lab: Redis did not come up: %w; its log ends: %s", err, r.Log())
	}
	return nil
}

// pong tells whether a Redis answers PONG: while it loads its data it answers an error.
func pong(network, address string) bool {
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.HasPrefix(answer, "+PONG")
}

// PID is the process id, for measuring what it costs. It changes with Restart.
func (r *Redis) PID() int { return r.process.cmd.Process.Pid }

// Kill ends Redis at once, as a crash would, and returns when it is gone. Harmless when it is gone already.
func (r *Redis) Kill() {
	if r.process != nil {
		r.process.kill()
	}
}

// Pause stops Redis in the middle of whatever it does, sockets open, until Resume.
func (r *Redis) Pause() error { return r.process.signal(syscall.SIGSTOP) }

// Resume lets a paused Redis go on.
func (r *Redis) Resume() error { return r.process.signal(syscall.SIGCONT) }

// Log returns the end of its log.
func (r *Redis) Log() string { return Tail(filepath.Join(r.Dir, "redis.log")) }

// Stop ends Redis and removes a temporary folder. It may be called again.
func (r *Redis) Stop() {
	if r.process != nil {
		r.process.stop(5 * time.Second)
	}
	if r.temporary {
		_ = os.RemoveAll(r.Dir)
	}
}
