package main

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen/snapshot"
)

const registerCSV = `fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone
CLMMRA35A46F205F,COLOMBO,MARIA,1935-01-06,80380000301111111111,MILANO,it,0212345678
CLMMRA35B46F205F,COLOMBO,MARIA,1935-02-06,80380000302222222222,MILANO,it,
12345678903,DARI,DARIO,1940-12-31,80380000304444444444,LODI,,
CLMMRA35A46F205F,COLOMBO,MARIA,1935-01-06,80380000301111111111,MILANO,it,0212345678
`

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRegistryImport(t *testing.T) {
	t.Parallel()
	key := []byte("an invented key of 32 bytes, yes")
	dir := filepath.Join(t.TempDir(), "registry")
	for _, written := range []string{
		hex.EncodeToString(key), hex.EncodeToString(key) + "\n", base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
	} {
		exit, out, err := try(t, registryCommand(), "", "import", "--dir", dir, "--key-file", writeFile(t, written), writeFile(t, registerCSV))
		require.Equal(t, exitOK, exit, err)
		assert.Contains(t, out, "4 rows read, 2 loaded, 1 bad, 1 given twice")
		assert.Contains(t, err, "line 3: fiscal_code: check character wrong\n")
		assert.Contains(t, err, "line 5: fiscal_code: stands in line 2 already\n")
		assert.NotContains(t, out+err, "COLOMBO")
		assert.NotContains(t, out+err, "CLMMRA")
		registry, openErr := snapshot.Open(dir, key)
		require.NoError(t, openErr)
		assert.Equal(t, 2, registry.Len())
		require.NoError(t, registry.Close())
	}
	exit, _, err := try(t, registryCommand(), registerCSV, "import", "--dir", dir, "--key-file", writeFile(t, hex.EncodeToString(key)), "-")
	require.Equal(t, exitOK, exit, err)
}

func TestRegistryImportFails(t *testing.T) {
	t.Parallel()
	keyFile := writeFile(t, strings.Repeat("0a", 32))
	dir := filepath.Join(t.TempDir(), "registry")
	header, _, _ := strings.Cut(registerCSV, "\n")
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"no words":        {nil, exitUsage, "Usage:"},
		"another verb":    {[]string{"export"}, exitUsage, "Usage:"},
		"no file":         {[]string{"import", "--dir", dir, "--key-file", keyFile}, exitUsage, "Usage:"},
		"no place":        {[]string{"import", "x.csv"}, exitUsage, "Usage:"},
		"no key":          {[]string{"import", "--dir", dir, "x.csv"}, exitUsage, "Usage:"},
		"two places":      {[]string{"import", "--tenant", "t", "--dir", dir, "--key-file", keyFile, "x.csv"}, exitUsage, "Usage:"},
		"unknown flag":    {[]string{"import", "--folder", dir}, exitUsage, "folder"},
		"file is missing": {[]string{"import", "--dir", dir, "--key-file", keyFile, dir + "/x.csv"}, exitFailed, "no such file"},
		"key is missing":  {[]string{"import", "--dir", dir, "--key-file", dir + "/x", "x.csv"}, exitFailed, "read the key"},
		"key is short":    {[]string{"import", "--dir", dir, "--key-file", writeFile(t, "0a0b"), "x.csv"}, exitFailed, "openssl rand"},
		"key is no key":   {[]string{"import", "--dir", dir, "--key-file", writeFile(t, "secret"), "x.csv"}, exitFailed, "openssl rand"},
		"no header":       {[]string{"import", "--dir", dir, "--key-file", keyFile, writeFile(t, "a,b\n")}, exitFailed, "fiscal_code is missing"},
		"no good row":     {[]string{"import", "--dir", dir, "--key-file", keyFile, writeFile(t, header+"\nx\n")}, exitFailed, "no row could be loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit, _, err := try(t, registryCommand(), "", c.args...)
			assert.Equal(t, c.exit, exit)
			assert.Contains(t, err, c.says)
			assert.NotContains(t, err, "secret")
		})
	}
	for _, words := range [][]string{{"--help"}, {"import", "--help"}, {"help"}} {
		exit, out, err := try(t, registryCommand(), "", words...)
		assert.Equal(t, exitOK, exit)
		assert.Contains(t, out, "trust-places")
		assert.Empty(t, err)
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	p := snapshot.Progress{Rows: 4000, Bad: 2, Bytes: 300, Elapsed: 2 * time.Second}
	assert.Equal(t, "   2 s  reading: 4000 rows (30 %), 2000 rows/s, 2 bad", progressLine(p, 1000))
	assert.Equal(t, "   2 s  reading: 4000 rows, 2000 rows/s, 2 bad", progressLine(p, 0))
	p.Phase = snapshot.Writing
	assert.Equal(t, "   2 s  writing: 4000 rows", progressLine(p, 1000))
}
