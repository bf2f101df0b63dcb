package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Finding is one thing that Durability looked at.
type Finding struct {
	What   string // for example "appendfsync"
	Found  string
	Wanted string
	OK     bool
	Cure   string // what to do when it is not OK
}

// oldest Redis that is looked at as sound: the one of Debian 12.
const oldestMajor = 7

// Durability looks whether Redis keeps what it acknowledges: the promises of
// this package rest on each of the findings. A setting that the Redis user may
// not read is a finding that is not OK. The error is only that Redis does not
// answer.
func (s *Stores) Durability(ctx context.Context) ([]Finding, error) {
	if err := s.Ping(ctx); err != nil && !errors.Is(err, ErrBehind) { // that is a finding
		return nil, err
	}
	info, err := s.db.rdb.Info(ctx).Result() // several sections at once need Redis 7
	if err := s.db.report(ctx, err); err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
	version := facts["redis_version"]
	var major int
	_, _ = fmt.Sscanf(version, "%d", &major) // zero, and so a finding, when it can't be read
	findings := []Finding{
		{What: "version", Found: version, Wanted: fmt.Sprintf("%d or newer", oldestMajor), OK: major >= oldestMajor,
			Cure: "install a newer Redis"},
		{What: "role", Found: facts["role"], Wanted: "master", OK: facts["role"] == "master",
			Cure: "give the address of the master"},
		{What: "aof_last_write_status", Found: facts["aof_last_write_status"], Wanted: "ok", OK: facts["aof_last_write_status"] == "ok",
			Cure: "make room on the disk of the append-only file and look into the log of Redis"},
	}
	if s.db.replicas > 0 {
		findings = append(findings, s.followed(facts))
	}
	for _, want := range []struct{ name, value string }{
		{"appendonly", "yes"},
		{"appendfsync", "always"},
		{"no-appendfsync-on-rewrite", "no"},
		{"maxmemory-policy", "noeviction"},
	} {
		found, err := s.setting(ctx, want.name)
		if err != nil {
			return nil, err
		}
		cure := fmt.Sprintf("put %q into redis.conf and restart Redis", want.name+" "+want.value)
		if found == "" {
			found, cure = "unknown", "allow the Redis user CONFIG GET, or look yourself: "+want.name+" has to be "+want.value
		}
		findings = append(findings, Finding{What: want.name, Found: found, Wanted: want.value, OK: found == want.value, Cure: cure})
	}
	return findings, nil
}

// followed looks whether enough replicas follow. One that is being sent everything
// anew does not count: it can't be promoted.
func (s *Stores) followed(facts map[string]string) Finding {
	online := 0
	for name, value := range facts {
		if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
			online++
		}
	}
	return Finding{What: "replicas", Found: fmt.Sprintf("%d that follow", online),
		Wanted: fmt.Sprintf("%d or more", s.db.replicas), OK: online >= s.db.replicas,
		Cure: cureBehind}
}

// setting reads one setting; empty when the user may not.
func (s *Stores) setting(ctx context.Context, name string) (string, error) {
	got, err := s.db.rdb.ConfigGet(ctx, name).Result()
	if err != nil && strings.HasPrefix(err.Error(), "NOPERM") {
		err = nil
	}
	return got[name], s.db.report(ctx, err)
}
