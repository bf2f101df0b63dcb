package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
)

// The seven scenes of the main job, on real Asterisk and Redis. A scene that
// goes on with the one before it shares its installation.
func TestScenes(t *testing.T) {
	t.Parallel()
	scenes := demo.Scenes()
	for _, group := range [][]demo.Scene{scenes[0:2], scenes[2:4], scenes[4:5], scenes[5:6], scenes[6:7]} {
		name, _, _ := strings.Cut(group[0].Title, ".")
		t.Run("from scene "+name, func(t *testing.T) {
			t.Parallel()
			in, err := demo.Start(t.Context(), demo.Options{})
			require.NoError(t, err)
			defer in.Stop()
			defer func() {
				if log, err := os.ReadFile(filepath.Join(in.Dir, "richiamo.log")); t.Failed() && err == nil {
					t.Logf("the log of Richiamo:\n%s", log)
				}
			}()
			s, err := demo.NewStage(t.Context(), in, t.Output())
			require.NoError(t, err)
			defer s.Close()
			for _, scene := range group {
				require.NoError(t, s.Play(t.Context(), scene))
			}
		})
	}
}
