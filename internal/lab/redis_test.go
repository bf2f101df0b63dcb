package lab_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
)

// ask sends one command to a Redis and returns the first line of its answer, or the value where one comes.
func ask(t *testing.T, network, address, command string) string {
	t.Helper()
	conn, err := net.Dial(network, address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s\r\n", command)
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	answer, err := reader.ReadString('\n')
	require.NoError(t, err)
	if strings.HasPrefix(answer, "$") && answer != "$-1\r\n" {
		answer, err = reader.ReadString('\n')
		require.NoError(t, err)
	}
	return strings.TrimSpace(answer)
}

func TestRedisKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store, err := lab.StartRedis(t.Context(), lab.RedisOptions{Dir: folder, TCP: true})
	require.NoError(t, err)
	t.Cleanup(store.Stop)
	other, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(other.Stop)
	require.Empty(t, other.Addr)

	require.Equal(t, "+OK", ask(t, "unix", store.Socket, "SET promise kept"))
	require.Equal(t, "kept", ask(t, "tcp", store.Addr, "GET promise"))
	require.Equal(t, "$-1", ask(t, "unix", other.Socket, "GET promise"), "the other one is another one")
	address := store.Addr
	store.Kill()
	require.NoError(t, store.Restart(t.Context()))
	require.Equal(t, "kept", ask(t, "tcp", address, "GET promise"))
	for setting, want := range map[string]string{"appendonly": "yes", "appendfsync": "always", "save": ""} {
		conn, err := net.Dial("unix", store.Socket)
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "CONFIG GET %s\r\n", setting)
		require.NoError(t, err)
		answer := make([]byte, 200)
		n, err := conn.Read(answer)
		require.NoError(t, err)
		conn.Close()
		require.True(t, strings.HasSuffix(string(answer[:n]), "\r\n"+want+"\r\n"), "%s: %q", setting, answer[:n])
	}
	store.Stop()
	require.DirExists(t, folder, "a folder that was named is kept")
	other.Stop()
	require.NoDirExists(t, other.Dir)
}

func TestRedisIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	store, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(store.Stop)
	require.NoError(t, store.Pause())
	conn, err := net.Dial("unix", store.Socket)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("PING\r\n"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = conn.Read(make([]byte, 10))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, store.Resume())
	require.Equal(t, "+PONG", ask(t, "unix", store.Socket, "PING"))
}

// A test process that is killed leaves no server behind.
func TestServersDieWithTheirStarter(t *testing.T) {
	t.Parallel()
	if os.Getenv("LAB_STARTER") != "" {
		store, err := lab.StartRedis(t.Context(), lab.RedisOptions{Dir: os.Getenv("LAB_STARTER")})
		require.NoError(t, err)
		fmt.Printf("\npid %d\n", store.PID())
		select {}
	}
	starter := exec.Command(os.Args[0], "-test.run=^TestServersDieWithTheirStarter$")
	starter.Env = append(os.Environ(), "LAB_STARTER="+t.TempDir())
	out, err := starter.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, starter.Start())
	var pid int
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "pid %d", &pid)
	}
	require.NotZero(t, pid)
	require.NoError(t, syscall.Kill(pid, 0), "Redis runs")
	require.NoError(t, starter.Process.Kill())
	require.Error(t, starter.Wait())
	require.Eventually(t, func() bool { return syscall.Kill(pid, 0) != nil || zombie(pid) }, 10*time.Second, 5*time.Millisecond)
}

// zombie tells whether a process has ended and only waits to be reaped: in a container there may be nobody to
// do so.
func zombie(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || strings.Contains(string(status), "\nState:\tZ")
}

func TestAvailableTellsWhatIsMissing(t *testing.T) {
	t.Setenv("RICHIAMO_CACHE", t.TempDir())
	_, err := lab.Available()
	require.ErrorIs(t, err, lab.ErrNotProvided)
	require.ErrorContains(t, err, "run make setup")
	_, err = lab.StartAsterisk(t.Context(), lab.Options{})
	require.ErrorIs(t, err, lab.ErrNotProvided)
}
