package doctor

import (
	"context"
	"errors"
	"syscall"
	"time"

	"richiamo/internal/app"
	"richiamo/internal/redisstore"
)

// mostSkew is how far the clocks of Redis and of this machine may be apart:
// leases are counted by that of Redis, promises by ours.
const mostSkew = 2 * time.Second

// How little room there may be on the disk of the append-only file, in MB, and
// from how many per cent on little room is told. With appendfsync always a Redis
// that can't write its file ends; a million waiting citizens are 500 MB.
const (
	noRoom     = 512
	littleRoom = 10_000
	fullFrom   = 70
)

// redis looks whether Redis is there, is sealed under our key, and keeps what it
// acknowledges.
func (e *examination) redis(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	stores, err := redisstore.Open(ctx, app.RedisOptions(e.cfg))
	var findings []redisstore.Finding
	if err == nil {
		defer stores.Close()
		findings, err = stores.Durability(ctx)
	}
	if err != nil {
		cure := "start Redis, or correct \"redis\" in the configuration"
		switch {
		case errors.Is(err, redisstore.ErrWrongKey):
			cure = "name the key file that these data were sealed under"
		case errors.Is(err, redisstore.ErrRestoring):
			cure = "no service starts before \"richiamo restore\" has come to its end"
		}
		e.fail("redis", cure, "%v", err)
		return
	}
	e.ok("redis", "%s answers, and its data are sealed under our key", e.redisAddress())
	for _, f := range findings {
		if name := "redis " + f.What; f.OK {
			e.ok(name, "%s", f.Found)
		} else {
			e.fail(name, f.Cure, "it is %s and must be %s", f.Found, f.Wanted)
		}
	}
	e.clockAndDisk(ctx)
}

// redisAddress is HOST:PORT, the path of a socket, or the name of a master that
// Sentinel watches.
func (e *examination) redisAddress() string {
	switch r := e.cfg.Redis; {
	case r.Socket != "":
		return string(r.Socket)
	case r.Sentinel.Master != "":
		return "the master " + r.Sentinel.Master
	default:
		return r.Address
	}
}

// clockAndDisk looks at what the stores themselves never ask Redis.
func (e *examination) clockAndDisk(ctx context.Context) {
	rdb := redisstore.Client(app.RedisOptions(e.cfg))
	defer rdb.Close()
	asked := time.Now()
	theirs, err := rdb.Time(ctx).Result()
	if err != nil {
		e.fail("clock", "allow the Redis user TIME", "Redis does not tell its time: %v", err)
		return
	}
	// Theirs was read at some moment between asked and now.
	e.clock(theirs.Sub(asked.Add(time.Since(asked) / 2)).Abs())
	folder, err := rdb.ConfigGet(ctx, "dir").Result()
	if err == nil && e.cfg.Redis.Socket != "" { // on a socket it is this machine's disk
		e.disk(folder["dir"])
	}
}

// clock judges how far ours and that of Redis are apart.
func (e *examination) clock(apart time.Duration) {
	if apart > mostSkew {
		e.fail("clock", "let both machines keep time by NTP", "ours and that of Redis are %v apart", apart.Round(100*time.Millisecond))
		return
	}
	e.ok("clock", "ours and that of Redis are %v apart", apart.Round(time.Millisecond))
}

// disk looks how full the disk of a folder is.
func (e *examination) disk(folder string) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		return // a folder that Redis sees elsewhere, as in a container
	}
	e.space(folder, 100-int(fs.Bavail*100/max(fs.Blocks, 1)), fs.Bavail*uint64(fs.Bsize)>>20)
}

// space judges how full a disk is: per cent used, and MB free.
func (e *examination) space(folder string, used int, free uint64) {
	const cure = "make room, or give the append-only file a larger disk of its own: a Redis that can't write it ends"
	switch {
	case free < noRoom:
		e.fail("redis disk", cure, "%s is %d %% full, %d MB are free", folder, used, free)
	case free < littleRoom && used >= fullFrom:
		e.warn("redis disk", cure, "%s is %d %% full, %d MB are free", folder, used, free)
	default:
		e.ok("redis disk", "%s is %d %% full, %d MB are free", folder, used, free)
	}
}
