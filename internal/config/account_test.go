package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	hash, err := HashPassword("pane e salame")
	require.NoError(t, err)
	open := Agent{ID: "anna", PasswordHash: Secret(hash)}
	clear := Agent{ID: "anna", Password: "pane e salame"}
	for _, a := range []Agent{open, clear} {
		assert.True(t, a.SignsIn())
		assert.True(t, a.Opens("pane e salame"))
		assert.False(t, a.Opens("pane e burro"))
		assert.False(t, a.Opens(""))
		assert.NotEqual(t, Agent{ID: "anna"}.Stamp(), a.Stamp(), "another password is another stamp")
	}
	assert.False(t, Agent{ID: "anna"}.SignsIn())
	assert.False(t, Agent{}.Opens(""), "nobody signs in without a password")
}
