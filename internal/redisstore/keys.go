package redisstore

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Every key of this package is made here, and nowhere else.
//
// All that belongs to a tenant carries the hash tag {tenant}: it lies in one
// slot of a cluster, can be changed by one script, and one ACL pattern
// ("~{tenant}:*") fences it off. What belongs to no tenant has a tag of its own.
//
// A value is one readable line, its head, and then a sealed body (seal.go):
//
//	head ' ' head ... '\n' key id | nonce | ciphertext
//
// The head holds what scripts compare and move (versions, terms, tokens,
// states, times, digests) and nothing that belongs to a person.

// callKey is a string: "<version> <term> <mark>\n" and the sealed record. The
// mark is a keyed digest of the record, by which a repeated save knows its own
// write. Ended calls expire.
func callKey(tenant, id string) string { return "{" + tenant + "}:call:" + id }

// dialledKey is a string: "<term> <token>" under which a call was about to
// ring. It expires like the call.
func dialledKey(tenant, call string) string { return "{" + tenant + "}:dialled:" + call }

// liveKey is a sorted set: the calls of an exchange that have no end, by start
// in microseconds.
func liveKey(tenant, node string) string { return "{" + tenant + "}:node:" + node + ":live" }

// termKey is a string: the tenant's copy of an exchange's term. The copy lets
// one script compare the term and write a call, in the tenant's slot.
func termKey(tenant, node string) string { return "{" + tenant + "}:node:" + node + ":term" }

// nodeKey is a string: the exchange's term, which only grows.
func nodeKey(node string) string { return "{node:" + node + "}:term" }

// ticketKey is a string: "<version> <token> <place>\n" and the sealed ticket,
// where place is its member of placesKey. Tickets that are done or withdrawn
// expire.
func ticketKey(tenant, id string) string { return "{" + tenant + "}:ticket:" + id }

// placesKey is a sorted set, all scores 0, of "<state>:<arrival>:<id>": in its
// alphabetic order the tickets of each state stand by arrival, and a member that
// was the last of a page is a place to go on from even after it has gone.
func placesKey(tenant string) string { return "{" + tenant + "}:tickets:places" }

// closedKey is a sorted set: places of tickets that expire, by the time of their
// closing in milliseconds, so that their places go when they have gone.
func closedKey(tenant string) string { return "{" + tenant + "}:tickets:closed" }

// agentsKey is a hash: agent id to "<version>\n" and the sealed agent.
func agentsKey(tenant string) string { return "{" + tenant + "}:agents" }

// ledgerKey is a string: "<version>\n" and the sealed ledger, under the digest
// of its kind and subject. It expires a month after its last change.
func ledgerKey(tenant, digest string) string { return "{" + tenant + "}:ledger:" + digest }

// doneKey is a string: what the change of this name left, sealed. It expires.
func doneKey(tenant, digest string) string { return "{" + tenant + "}:done:" + digest }

// registrationKey is a string: "<version> <serial>\n" and the sealed
// registration, under the digest of campaign and citizen.
func registrationKey(tenant, digest string) string { return "{" + tenant + "}:registration:" + digest }

// registrationsKey is a sorted set, all scores 0, of "<time>:<digest>".
func registrationsKey(tenant string) string { return "{" + tenant + "}:registrations" }

// serialsKey is a bitmap of the receipt serials in use; drawnKey is a string:
// the serial that was drawn last.
func serialsKey(tenant string) string { return "{" + tenant + "}:receipts" }
func drawnKey(tenant string) string   { return "{" + tenant + "}:receipts:drawn" }

// limitKey is a string: a number of tries. It expires with its window.
func limitKey(tenant, digest string) string { return "{" + tenant + "}:limit:" + digest }

// blocksKey is a set of digests of numbers that are never called.
func blocksKey(tenant string) string { return "{" + tenant + "}:blocks" }

// sweepsKey is a hash: queue to when a supervisor last swept its line, in
// nanoseconds since 1970.
func sweepsKey(tenant string) string { return "{" + tenant + "}:sweeps" }

// recordingKey is a string: "recording\n" and the sealed voice. It expires.
func recordingKey(tenant, digest string) string { return "{" + tenant + "}:recording:" + digest }

// leaseKey is a string: "<term> <end in ms> <holder>", the holder empty when it
// has resigned. It never expires, because the term must go on from it.
func leaseKey(name string) string { return "{lease:" + name + "}" }

// sealKey is a string: the fingerprint of the key under which the tenant's
// bodies are sealed.
func sealKey(tenant string) string { return "{" + tenant + "}:seal" }

// maxName bounds names in keys; an Asterisk channel id has at most 149.
const maxName = 149

var errName = errors.New("redisstore: a tenant, node, call, ticket, agent, lease or holder is named by 1 to 149 letters, digits and . _ - : @ /")

// checkNames keeps everything out of keys that could end a hash tag or a head.
// The error does not repeat the name, which could be anything.
func checkNames(names ...string) error {
	for _, name := range names {
		if name == "" || len(name) > maxName {
			return errName
		}
		for i := range len(name) {
			switch c := name[i]; {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			case strings.IndexByte("._-:@/", c) >= 0:
			default:
				return errName
			}
		}
	}
	return nil
}

// checkCursor refuses what no page returned: a cursor is an instant, a colon and
// a name.
func checkCursor(cursor string) error {
	at, name, ok := strings.Cut(cursor, ":")
	if !ok || checkNames(at, name) != nil {
		return errors.New("redisstore: the cursor is not one that a page returned")
	}
	return nil
}

// instant writes a time so that alphabetic order is order in time, in
// microseconds since 1970. Times before that, the zero time among them, are 0.
func instant(t time.Time) string {
	const figures = 16 // enough until the year 2286
	s := strconv.FormatInt(max(t.UnixMicro(), 0), 10)
	return strings.Repeat("0", max(figures-len(s), 0)) + s
}
