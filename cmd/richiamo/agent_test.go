package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/config"
)

func TestAgentPassword(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		words, in string
		exit      int
		err       string
	}{
		"a good one":     {"agent password", "tredici mele\n", exitOK, ""},
		"without a line": {"agent password", "tredici mele", exitOK, ""},
		"too short":      {"agent password", "mele\n", exitFailed, "10 to 72 bytes, this one 4"},
		"too long":       {"agent password", strings.Repeat("mele", 20) + "\n", exitFailed, "this one 80"},
		"none":           {"agent password", "", exitFailed, "this one 0"},
		"other words":    {"agent", "", exitUsage, "richiamo agent password"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, err bytes.Buffer
			got := run(context.Background(), strings.Fields(tt.words), stdio{strings.NewReader(tt.in), &out, &err})
			assert.Equal(t, tt.exit, got)
			assert.Contains(t, err.String(), tt.err)
			if tt.exit == exitOK {
				a := config.Agent{ID: "anna", PasswordHash: config.Secret(strings.TrimSpace(out.String()))}
				assert.True(t, a.Opens("tredici mele"))
			} else {
				assert.Empty(t, out.String())
			}
		})
	}
}
