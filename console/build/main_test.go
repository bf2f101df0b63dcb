package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/console"
)

func TestStaticIsMadeFromTheSourcesAsTheyAre(t *testing.T) {
	t.Parallel()
	made, err := build("..")
	require.NoError(t, err)
	static := map[string][]byte{}
	require.NoError(t, fs.WalkDir(console.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		static[name], err = fs.ReadFile(console.FS(), name)
		return err
	}))
	require.Equal(t, slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(static)), `run "make console"`)
	for name := range made {
		assert.True(t, string(made[name]) == string(static[name]), `%s is not what the sources give: run "make console"`, name)
	}
}

func TestEveryPackageOfOthersIsNamedWithItsLicence(t *testing.T) {
	t.Parallel()
	notice, err := os.ReadFile("../../NOTICE")
	require.NoError(t, err)
	bundled, err := fs.ReadFile(console.FS(), "licences.txt")
	require.NoError(t, err)
	folders, err := filepath.Glob("../vendor/*-*")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, folder := range folders {
		name := filepath.Base(folder)
		assert.Contains(t, string(notice), " "+name+" ", "NOTICE does not name it")
		assert.Contains(t, string(bundled), "==== "+name+" ====", "it has no licence file")
	}
}

// The page is served under a policy that allows no script or style in the
// document, and nothing of another place.
func TestTheDocumentHasNothingInline(t *testing.T) {
	t.Parallel()
	document, err := fs.ReadFile(console.FS(), "index.html")
	require.NoError(t, err)
	for _, inline := range []string{"<style", "style=", "onclick", "javascript:", "http://", "https://"} {
		assert.NotContains(t, string(document), inline)
	}
	for _, script := range strings.Split(string(document), "<script")[1:] {
		assert.Contains(t, script[:strings.Index(script, ">")], ` src="/console/`)
	}
}

func TestAnImportThatIsNotVendoredIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "src"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "desk.tsx"), []byte(`import "left-pad";`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "desk.css"), nil, 0o644))
	_, err := build(dir)
	require.ErrorContains(t, err, `imports "left-pad", which is not in console/vendor`)
}
