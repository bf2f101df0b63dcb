package dispatch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

func number(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	require.NoError(t, err)
	return n
}

func config() dispatch.Config {
	c := dispatch.Defaults()
	c.Window = queue.Window{Always: true, Zone: time.UTC}
	return c
}
