package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// storeFault is a state in which Redis lives and does not do what it is asked for.
type storeFault struct {
	answer string // what its answers begin with
	begin  func(w *town, c *redis.Client)
	end    func(w *town, c *redis.Client)
}

// Redis refuses to write and goes on reading: it is a replica now, or its memory
// is full.
func TestRedisRefusesToWrite(t *testing.T) {
	w := configured(t, demo.Options{}, "busy: 30s", "busy: 4s")
	w.open()
	desk := w.agent("agent1", 1000)
	maria := w.calls(mariaPhone)
	maria.keying()
	maria.confirming(mariaCode, mariaCard)
	replica := storeFault{
		"READONLY",
		func(w *town, c *redis.Client) {
			require.NoError(w, c.ReplicaOf(w.Context(), "127.0.0.1", "1").Err())
			maria.presses("1")
			maria.hears(speech.DownStore)
		},
		func(w *town, c *redis.Client) {
			assert.False(w, maria.heardEver(speech.PreregisterSaved), "nothing is called registered that is not")
			require.NoError(w, c.ReplicaOf(w.Context(), "NO", "ONE").Err())
			maria.hears(speech.DownSaved, speech.PreregisterSaved)
			assert.Equal(w, 1, w.registered(mariaCode))
			maria.leaves()
		},
	}
	w.survives(desk, replica, storeFault{"OOM", setting("maxmemory", "1"), setting("maxmemory", "0")})
}

// Redis refuses to write because of what it misses: replicas, or a disk that
// takes its snapshot.
func TestRedisMissesWhatItNeedsToWrite(t *testing.T) {
	w := configured(t, demo.Options{}, "busy: 30s", "busy: 4s")
	w.open()
	w.survives(w.agent("agent1", 1000),
		storeFault{"NOREPLICAS", setting("min-replicas-to-write", "1"), setting("min-replicas-to-write", "0")},
		storeFault{"MISCONF", failSnapshot, setting("stop-writes-on-bgsave-error", "no")},
	)
}

// Redis answers nothing but why it can't: somebody's script holds it up, or it
// has been restarted and reads its file.
func TestRedisIsHeldUp(t *testing.T) {
	w := configured(t, demo.Options{}, "busy: 30s", "busy: 4s")
	w.open()
	w.survives(w.agent("agent1", 1000),
		storeFault{
			"BUSY",
			func(w *town, c *redis.Client) {
				setting("busy-reply-threshold", "20")(w, c)
				go c.Eval(context.WithoutCancel(w.Context()), "while true do end", nil)
				w.redisAnswers(c, "BUSY")
			},
			func(w *town, c *redis.Client) { require.NoError(w, c.ScriptKill(w.Context()).Err()) },
		},
		storeFault{"LOADING", loadSlowly, setting("key-load-delay", "0")},
	)
}

func setting(name, value string) func(*town, *redis.Client) {
	return func(w *town, c *redis.Client) { require.NoError(w, c.ConfigSet(w.Context(), name, value).Err()) }
}

// failSnapshot lets a snapshot fail: a folder lies in its place.
func failSnapshot(w *town, c *redis.Client) {
	require.NoError(w, os.Mkdir(filepath.Join(w.in.Redis.Dir, "dump.rdb"), 0o700))
	setting("save", "3600 1")(w, c)
	require.NoError(w, c.BgSave(w.Context()).Err())
	require.True(w, soon(patience, func() bool {
		info, err := c.Info(w.Context(), "persistence").Result()
		return err == nil && strings.Contains(info, "rdb_last_bgsave_status:err")
	}))
}

// loadSlowly restarts Redis with so much to read that it takes as long as the
// test wants.
func loadSlowly(w *town, c *redis.Client) {
	_, err := c.Pipelined(w.Context(), func(p redis.Pipeliner) error {
		for i := range 40_000 {
			p.Set(w.Context(), fmt.Sprint("filler", i), "", 0)
		}
		return nil
	})
	require.NoError(w, err)
	w.in.Redis.Kill()
	restarted := make(chan error, 1)
	go func() { restarted <- w.in.Redis.Restart(w.Context(), "--key-load-delay", "500") }() // microseconds
	w.Cleanup(func() { assert.NoError(w, <-restarted) })
	w.redisAnswers(c, "LOADING")
}

// redisAnswers waits until Redis answers with an error of this kind.
func (w *town) redisAnswers(c *redis.Client, answer string) {
	w.Helper()
	require.True(w, soon(patience, func() bool { return redis.HasErrorPrefix(c.Ping(w.Context()).Err(), answer) }))
}

// survives leads the service through faults of its store, one after the other,
// while citizens are on the line. Who wants a person is passed to one who is free,
// or told the truth; nobody is dialled; whoever looks after the service is told.
// Afterwards all goes on by itself: who waited is served, who was to be called is
// called, once.
func (w *town) survives(desk <-chan *sip.Call, faults ...storeFault) {
	w.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: w.in.Redis.Socket, MaxRetries: -1, Protocol: 2})
	w.Cleanup(func() { _ = c.Close() })
	usual := w.metric("go_goroutines")
	for i, fault := range faults {
		number := fmt.Sprintf("02123458%02d", i)
		w.agentIs("agent1", "ready")
		speaks, waits := w.calls("0302345615"), w.calls(giovanni)
		speaks.hears(speech.WelcomeHello)
		waits.hears(speech.WelcomeHello)
		id, due := w.wasBusy(registrants()[i], number)
		fault.begin(w, c)
		rung := w.rung.of(number)

		speaks.presses("0")
		speaks.hears(speech.PersonConnecting)
		agent := w.takes(desk)
		waits.presses("0")
		together(speaks, agent, 1000)
		waits.hears(speech.DownStore)
		w.notReady("redis")
		assert.True(w, soon(patience, func() bool { return w.metric("richiamo_store_connected") == 0 }), "%s: the metric says so", fault.answer)
		soon(time.Until(due), func() bool { return false })
		assert.Equal(w, rung, w.rung.of(number), "%s: nobody is dialled", fault.answer)
		assert.Less(w, w.metric("go_goroutines"), usual+100, "%s: nothing piles up", fault.answer)
		together(speaks, agent, 1000)
		assert.Contains(w, w.log(), fault.answer, "the log names what Redis says")

		fault.end(w, c)
		speaks.leaves()
		agent.over()
		called := w.answers(w.ring(number))
		waits.hears(speech.DownSaved)
		called.hears(speech.VerifyHello)
		called.leaves()
		w.ask(http.MethodDelete, "/api/v1/return-calls/"+id, adminKey, nil, nil)
		agent = w.takes(desk)
		together(waits, agent, 1000)
		waits.leaves()
		agent.over()
		assert.Equal(w, 2, w.rung.of(number), "%s: called again once", fault.answer)
		require.NoError(w, w.in.WaitReady(w.Context()), fault.answer)
		assert.True(w, soon(patience, func() bool {
			return len(w.tickets()) == 0 && w.agentState("agent1") == "wrap-up"
		}), "%s: %v, %s", fault.answer, w.tickets(), w.agentState("agent1"))
	}
	assert.True(w, soon(patience, func() bool { return w.metric("richiamo_store_connected") == 1 }))
}

// wasBusy is a citizen who was called and was busy, and is to be called again
// before the instant that it returns.
func (w *town) wasBusy(code, number string) (id string, due time.Time) {
	w.Helper()
	id = w.handOver(code, number)
	require.NoError(w, w.ring(number).Refuse(486))
	require.True(w, soon(patience, func() bool {
		attempts := w.returnCall(id).Attempts
		return len(attempts) == 1 && attempts[0].Outcome == "busy"
	}))
	return id, time.Now().Add(5 * time.Second)
}

// metric is a value of /metrics; -1 if it is not there.
func (w *town) metric(name string) float64 {
	w.Helper()
	response, err := http.Get(w.in.URL + "/metrics")
	require.NoError(w, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w, err)
	found := regexp.MustCompile(`(?m)^` + name + `(?:\{[^}]*\})? (.*)$`).FindSubmatch(text)
	if found == nil {
		return -1
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(w, err)
	return value
}
