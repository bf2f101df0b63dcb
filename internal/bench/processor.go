package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux counts a process's time (USER_HZ, always 100
// for programs; proc_pid_stat(5)).
const tick = 10 * time.Millisecond

// used is the processor time that a process has used so far, its own and the
// kernel's for it.
func used(pid int) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	// The program's name stands in brackets and may hold blanks; utime and stime
	// are the 14th and 15th field of all.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, fmt.Errorf("read the processor time of process %d: /proc has another form", pid)
	}
	total := 0
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
		}
		total += n
	}
	return time.Duration(total) * tick, nil
}

// usage is what the three programs of an installation have used.
type usage struct{ asterisk, richiamo, redis time.Duration }

func (u usage) sum() time.Duration { return u.asterisk + u.richiamo + u.redis }

func (u usage) minus(v usage) usage {
	return usage{u.asterisk - v.asterisk, u.richiamo - v.richiamo, u.redis - v.redis}
}

func (u usage) plus(v usage) usage {
	return usage{u.asterisk + v.asterisk, u.richiamo + v.richiamo, u.redis + v.redis}
}

// fsync is how long the disk of a folder takes to keep a page, in milliseconds.
func fsync(folder string) (float64, error) {
	file, err := os.CreateTemp(folder, "fsync-")
	if err != nil {
		return 0, fmt.Errorf("measure the disk: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	times, page := make([]time.Duration, 21), make([]byte, 4096)
	for i := range times {
		began := time.Now()
		_, err := file.Write(page)
		if err == nil {
			err = file.Sync()
		}
		if err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		times[i] = time.Since(began)
	}
	return spread(times).P50, nil
}

// usage reads what the installation's programs have used so far.
func (s *stage) usage() (u usage, err error) {
	for _, p := range []struct {
		pid int
		to  *time.Duration
	}{{s.Asterisk.PID(), &u.asterisk}, {s.PID(), &u.richiamo}, {s.Redis.PID(), &u.redis}} {
		if *p.to, err = used(p.pid); err != nil {
			return u, err
		}
	}
	return u, nil
}
