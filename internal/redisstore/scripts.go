package redisstore

import "github.com/redis/go-redis/v9"

// The scripts compare versions, terms and tokens, write values and move index
// entries. What is written was decided before. Redis runs a script alone and
// whole; all keys of one lie in one slot. Each writes its deniable command first,
// so that a Redis that is full, a replica or unable to write its file refuses a
// script before it has changed anything.

// What scripts answer.
const (
	written  = 0
	stale    = 1
	missing  = 2
	existing = 3
)

// scripts are values because a redis.Script holds a lock and so can't be copied.
type scripts struct {
	create, save, dial, raise     *redis.Script
	commit, places                *redis.Script
	register, reregister          *redis.Script
	acquire, resign, count, claim *redis.Script
}

func newScripts() scripts {
	return scripts{
		create:     redis.NewScript(createCall),
		save:       redis.NewScript(saveCall),
		dial:       redis.NewScript(noteDial),
		raise:      redis.NewScript(raiseTerm),
		commit:     redis.NewScript(commitChange),
		places:     redis.NewScript(readPlaces),
		register:   redis.NewScript(addRegistration),
		reregister: redis.NewScript(changeRegistration),
		acquire:    redis.NewScript(acquireLease),
		resign:     redis.NewScript(resignLease),
		count:      redis.NewScript(countTries),
		claim:      redis.NewScript(claimSeal),
	}
}

// createCall keeps a new call. One that began and ended while Redis was away has
// its end from the beginning.
//
//	KEYS  1 termKey  2 callKey  3 liveKey
//	ARGV  1 term  2 value  3 call id  4 start in microseconds
//	      5 for an ended call how long it is kept, in ms; '' for a live one
//	returns written, stale or existing
const createCall = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
if ARGV[5] ~= '' then
	return redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[5]) and 0 or 3
end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX') then return 3 end
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
return 0`

// saveCall replaces a call of the expected version. The same mark means that
// this very save was written before and its answer was lost.
//
//	KEYS  1 termKey  2 callKey  3 liveKey
//	ARGV  1 term  2 expected version  3 mark  4 value  5 call id
//	      6 for an ended call how long it is kept, in ms; '' for a live one
//	returns written or stale
const saveCall = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
local version, mark = string.match(redis.call('GETRANGE', KEYS[2], 0, 79), '^(%d+) %d+ (%S+)\n')
if mark == ARGV[3] then return 0 end
if version ~= ARGV[2] then return 1 end
if ARGV[6] == '' then
	redis.call('SET', KEYS[2], ARGV[4])
else
	redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[6])
	redis.call('ZREM', KEYS[3], ARGV[5])
end
return 0`

// noteDial notes that a call is about to ring, if the term and the ticket's token
// are the present ones.
//
//	KEYS  1 termKey  2 ticketKey  3 dialledKey
//	ARGV  1 term  2 token  3 how long it is kept, in ms
//	returns written or stale
const noteDial = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
if string.match(redis.call('GETRANGE', KEYS[2], 0, 63), '^%d+ (%d+) ') ~= ARGV[2] then return 1 end
redis.call('SET', KEYS[3], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 0`

// raiseTerm raises a tenant's copy of an exchange's term, never lowers it.
//
//	KEYS  1 termKey
//	ARGV  1 term
const raiseTerm = `
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
	redis.call('SET', KEYS[1], ARGV[1])
end
return 0`

// commitChange writes tickets, agents and ledgers if all have the expected
// versions. Only tickets and agents can be missing: a ledger is gone after a
// while, and whoever has an old one is late.
//
//	KEYS  1 doneKey  2 placesKey  3 closedKey  4 agentsKey
//	      5... a ticketKey for each ticket, then a ledgerKey for each ledger
//	ARGV  1 what the change leaves, sealed; '' for a change without a name
//	      2 how long closed tickets and names of changes are kept, in ms
//	      3 how long ledgers are kept, in ms
//	      4 number of tickets  5 number of agents
//	      for each ticket: expected version ('0': none), value, place, '1' if it
//	      is closed or '0'
//	      for each agent: id, expected version ('0': none), value
//	      for each ledger: expected version ('0': none), value
//	returns written, stale, missing, or what the change of this name left
const commitChange = `
local call, match = redis.call, string.match
local name, keep = ARGV[1], ARGV[2]
if name ~= '' then
	local left = call('GET', KEYS[1])
	if left then return left end
end
local tickets, agents = tonumber(ARGV[4]), tonumber(ARGV[5])
local ledgers = #KEYS - 4 - tickets
local old, a = {}, 6
for i = 1, tickets do
	local version, place = match(call('GETRANGE', KEYS[4 + i], 0, 255), '^(%d+) %d+ (%S+)')
	if not version and ARGV[a] ~= '0' then return 2 end
	if (version or '0') ~= ARGV[a] then return 1 end
	old[i] = place
	a = a + 4
end
for i = 1, agents do
	local version = match(call('HGET', KEYS[4], ARGV[a]) or '', '^(%d+)\n')
	if not version and ARGV[a + 1] ~= '0' then return 2 end
	if (version or '0') ~= ARGV[a + 1] then return 1 end
	a = a + 3
end
for i = 1, ledgers do
	local version = match(call('GETRANGE', KEYS[4 + tickets + i], 0, 31), '^(%d+)\n')
	if (version or '0') ~= ARGV[a] then return 1 end
	a = a + 2
end

a = 6
local now
for i = 1, tickets do
	local key, value, place, was = KEYS[4 + i], ARGV[a + 1], ARGV[a + 2], old[i]
	local closed = ARGV[a + 3] == '1'
	if closed then
		call('SET', key, value, 'PX', keep)
	else
		call('SET', key, value)
	end
	if was ~= place then
		if was then
			call('ZREM', KEYS[2], was)
			if match(was, '^done:') or match(was, '^withdrawn:') then call('ZREM', KEYS[3], was) end
		end
		call('ZADD', KEYS[2], 0, place)
	end
	if closed then
		local time = call('TIME')
		now = time[1] * 1000 + math.floor(time[2] / 1000)
		call('ZADD', KEYS[3], now, place)
	end
	a = a + 4
end
for i = 1, agents do
	call('HSET', KEYS[4], ARGV[a], ARGV[a + 2])
	a = a + 3
end
for i = 1, ledgers do
	call('SET', KEYS[4 + tickets + i], ARGV[a + 1], 'PX', ARGV[3])
	a = a + 2
end
if name ~= '' then
	call('SET', KEYS[1], name, 'PX', keep)
end
if now then
	local gone = call('ZRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(keep), 'LIMIT', 0, 16)
	if #gone > 0 then
		call('ZREM', KEYS[2], unpack(gone))
		call('ZREM', KEYS[3], unpack(gone))
	end
end
return 0`

// readPlaces reads several ranges of placesKey at one instant. A script, since
// a full Redis refuses even to read within MULTI.
//
//	KEYS  1 placesKey
//	ARGV  1 ZRANGEBYLEX or ZREVRANGEBYLEX  2 how many of each range at most
//	      for each range where it starts and ends
//	returns the ranges
const readPlaces = `
local ranges = {}
for i = 3, #ARGV, 2 do
	ranges[#ranges + 1] = redis.call(ARGV[1], KEYS[1], ARGV[i], ARGV[i + 1], 'LIMIT', 0, ARGV[2])
end
return ranges`

// addRegistration keeps a registration unless there is one, and gives it a
// serial: the expected one if it is free, or the next free one.
//
//	KEYS  1 registrationKey  2 registrationsKey  3 serialsKey  4 drawnKey
//	ARGV  1 sealed body  2 member of registrationsKey  3 expected serial or ''
//	returns the serial; -1 all are used; -2 the expected one is; or the value kept
const addRegistration = `
local kept = redis.call('GET', KEYS[1])
if kept then return kept end
local serial
if ARGV[3] ~= '' then
	serial = tonumber(ARGV[3])
	if redis.call('GETBIT', KEYS[3], serial) == 1 then return -2 end
else
	serial = tonumber(redis.call('GET', KEYS[4]) or '-1')
	repeat
		serial = serial + 1
		if serial > 999999 then return -1 end
	until redis.call('GETBIT', KEYS[3], serial) == 0
end
redis.call('SET', KEYS[1], string.format('1 %d\n', serial) .. ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
redis.call('SETBIT', KEYS[3], serial, 1)
if ARGV[3] == '' then redis.call('SET', KEYS[4], string.format('%d', serial)) end
return serial`

// changeRegistration replaces a registration of the expected version.
//
//	KEYS  1 registrationKey
//	ARGV  1 expected version  2 value
//	returns written or stale
const changeRegistration = `
if string.match(redis.call('GETRANGE', KEYS[1], 0, 31), '^(%d+) ') ~= ARGV[1] then return 1 end
redis.call('SET', KEYS[1], ARGV[2])
return 0`

// acquireLease takes or renews a lease, by the time of Redis.
//
//	KEYS  1 leaseKey
//	ARGV  1 holder  2 '1' if the holder starts anew  3 how long it holds, in ms
//	returns the term, or 0 when another holds it
const acquireLease = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local term, till, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+) (.*)$')
if holder and holder ~= '' and holder ~= ARGV[1] and tonumber(till) > now then return 0 end
term = tonumber(term or '0')
if holder ~= ARGV[1] or ARGV[2] == '1' then term = term + 1 end
redis.call('SET', KEYS[1], string.format('%.0f %.0f %s', term, now + tonumber(ARGV[3]), ARGV[1]))
return term`

// resignLease gives a lease back if it is still held under this term.
//
//	KEYS  1 leaseKey
//	ARGV  1 holder  2 term
const resignLease = `
local term, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) %d+ (.*)$')
if holder == ARGV[1] and term == ARGV[2] then
	redis.call('SET', KEYS[1], term .. ' 0 ')
end
return 0`

// countTries adds one under each key.
//
//	KEYS  a limitKey each
//	ARGV  1 how long a new count is kept, in ms
//	returns the counts
const countTries = `
local counts = {}
for i, key in ipairs(KEYS) do
	counts[i] = redis.call('INCR', key)
	if counts[i] == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return counts`

// claimSeal keeps the fingerprint of the sealing key where there is none.
//
//	KEYS  1 sealKey
//	ARGV  1 fingerprint
//	returns the fingerprint kept
const claimSeal = `
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])`
