package redisstore_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rules of Redis users, as the operator's page has them: each is tried by the
// tests that do all that its user may have to do.

// ruled are the rules of a user who may run these commands on keys of tenants, with
// what the pattern of keys begins with, and of nobody else.
func ruled(commands, keys string, tenants []string, more ...string) []string {
	rules := append([]string{"resetkeys", "resetchannels", "-@all"}, more...)
	for _, tenant := range tenants {
		rules = append(rules, keys+"~{"+tenant+"}:*")
	}
	return append(rules, strings.Fields(commands)...)
}

// ofOwners are the keys of the terms of exchanges and of leases.
var ofOwners = []string{"~{node:*}:term", "~{lease:*}"}

// serviceRules are those of the service. INFO and CONFIG GET are for Durability alone.
func serviceRules(tenants ...string) []string {
	return ruled(`+eval +evalsha +ping +wait +time +info +config|get
		+get +set +mget +getrange +getbit +setbit +incr +pexpire +hget +hset +hgetall +sadd +srem +sismember
		+zadd +zrem +zrange +zrangebylex +zrevrangebylex +zrangebyscore`, "", tenants, ofOwners...)
}

// backupRules are those of a user who makes backups and nothing else. SCAN goes
// through the names of all keys, whoever they belong to; their values are read only
// where the rules allow it.
func backupRules(tenants ...string) []string {
	return ruled("+ping +time +scan +get +mget +pttl +hgetall +sscan", "%R", tenants)
}

// restoreRules are those of a user who restores backups and nothing else.
func restoreRules(tenants ...string) []string {
	return ruled("+ping +time +wait +scan +exists +get +set +unlink +zadd +hset +sadd +setbit", "", tenants, ofOwners...)
}

// TestRulesAreWrittenDown: the operator's page gives the Redis users what they need.
func TestRulesAreWrittenDown(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	words := strings.Fields(strings.NewReplacer("`", " ", ",", " ").Replace(string(page)))
	for _, rule := range slices.Concat(serviceRules("demo"), backupRules("demo"), restoreRules("demo")) {
		assert.Contains(t, words, rule)
	}
}
