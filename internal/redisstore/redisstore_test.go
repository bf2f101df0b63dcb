package redisstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
	"richiamo/internal/storetest"
)

// server is one Redis for all tests that do it no harm: each has tenants,
// exchanges and leases of its own.
var server *lab.Redis

func TestMain(m *testing.M) {
	var err error
	if server, err = lab.StartRedis(context.Background(), lab.RedisOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// newKey makes a key.
func newKey() []byte {
	key := make([]byte, redisstore.KeySize)
	_, _ = rand.Read(key) // it never fails
	return key
}

// opened opens stores for the test's length; empty options are filled in.
func opened(t testing.TB, o redisstore.Options) *redisstore.Stores {
	t.Helper()
	if o.Addr == "" {
		o.Addr = server.Socket
	}
	if o.Key == nil {
		o.Key = newKey()
	}
	stores, err := redisstore.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = stores.Close() })
	return stores
}

// whole waits for all that Open reads.
func whole(r dispatch.Reading, err error) ([]queue.Ticket, []agent.Agent, error) {
	if err != nil {
		return nil, nil, err
	}
	tickets, err := r.All()
	return tickets, r.Agents, err
}

func TestStores(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, tenants ...string) storetest.Stores {
		s := opened(t, redisstore.Options{Tenants: tenants})
		return storetest.Stores{
			Calls: s.Calls, Nodes: s.Calls, Tickets: s.Tickets, Leases: s.Leases,
			Registrations: s.Registrations, Limits: s.Limits, Blocks: s.Blocks, Sweeps: s.Sweeps,
		}
	})
}

// own starts a Redis that the test may harm.
func own(t testing.TB, o lab.RedisOptions) *lab.Redis {
	t.Helper()
	r, err := lab.StartRedis(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	return r
}

// conversation is a call of ordinary length: so many entries and answers.
func conversation(tenant, node string, term int64, id string, inputs int) call.Record {
	at := time.Date(2027, 3, 1, 12, 0, 0, 123456789, time.UTC)
	r := call.Record{
		ID: id, Tenant: tenant, Node: node, Language: "it", Started: at, Term: term,
		Journal: dialogue.Journal{Script: "preregister", Version: 1},
	}
	for i := range inputs {
		in := dialogue.Input{Kind: dialogue.Entry, At: at, Keys: "7776723641205", End: dialogue.Full}
		if i%3 == 2 {
			in = dialogue.Input{Kind: dialogue.Answer, At: at, Serial: i, Answer: []byte(`{"found":true,"citizen":"RSSMRA36A41F205S","eligible":true}`)}
		}
		r.Journal.Inputs = append(r.Journal.Inputs, in)
	}
	return r
}
