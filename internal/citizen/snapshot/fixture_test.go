package snapshot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const headerLine = "fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone\n"

// All people here are invented. The first two have the same keys.
const (
	anna   = "CLMMRA35A46F205F,COLOMBO,MARIA,1935-01-06,80380000301111111111,MILANO,it,0212345678\n"
	bianca = "CLMMRA35B46F205E,COLOMBO,MARIA,1935-02-06,80380000302222222222,MILANO,it,+39 347 1234567\n"
	carlo  = "BNCCRL20H03H501,BIANCHI,CARLO,1920-06-03,80380000303333333333,ROMA,,\n"
	dario  = "12345678903,DARI,DARIO,1940-12-31,80380000304444444444,Sant'Angelo Lodigiano,de,0371/12345\n"
	elena  = "STP0301010000012,ELENI,ELENA,1931-02-28,80380000305555555555,\"Gironico, frazione\",fr,0041441234567\n"
)

// row gives one of the rows above with its code's check character.
func row(line string) string {
	if code, rest, _ := strings.Cut(line, ","); len(code) == 15 {
		check, _ := fiscalcode.CheckCharacter(code)
		return code + string(check) + "," + rest
	}
	return line
}

func register(rows ...string) string {
	var b strings.Builder
	b.WriteString(headerLine)
	for _, r := range rows {
		b.WriteString(row(r))
	}
	return b.String()
}

func everybody() string { return register(anna, bianca, carlo, dario, elena) }

func testKey(name string) []byte {
	key := sha256.Sum256([]byte(name))
	return key[:]
}

// small makes an import work in many small pieces.
func small() Options { return Options{workers: 2, runRows: 1} }

func mustImport(t testing.TB, dir, csv string, options Options) (Summary, []Problem) {
	t.Helper()
	var problems []Problem
	options.Report = func(p Problem) { problems = append(problems, p) }
	summary, err := Import(t.Context(), dir, testKey("a"), strings.NewReader(csv), options)
	require.NoError(t, err)
	return summary, problems
}

func mustOpen(t testing.TB, dir string) *Registry {
	t.Helper()
	r, err := Open(dir, testKey("a"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func keys(t testing.TB, digits string) fiscalcode.Keys {
	t.Helper()
	k, err := fiscalcode.ParseKeys(digits)
	require.NoError(t, err)
	return k
}

func card(t testing.TB, digits string) citizen.Second {
	t.Helper()
	s, err := citizen.CardDigits(digits)
	require.NoError(t, err)
	return s
}

func born(t testing.TB, date string) citizen.Second {
	t.Helper()
	d, err := citizen.ParseDate(date)
	require.NoError(t, err)
	return citizen.BirthDate(d)
}

// snapshotPath is the snapshot that counts in a folder.
func snapshotPath(t testing.TB, dir string) string {
	t.Helper()
	m, err := readManifest(dir)
	require.NoError(t, err)
	require.NotEmpty(t, m.Snapshot)
	return filepath.Join(dir, m.Snapshot)
}

func listing(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != lockName {
			names = append(names, e.Name())
		}
	}
	return names
}

// fullDisk creates files that together take a number of writes and syncs, then
// fail as a full disk does. It also keeps all that was written.
type fullDisk struct {
	mu      sync.Mutex
	left    int
	used    int
	written bytes.Buffer
}

func (d *fullDisk) create(path string) (outFile, error) {
	if err := d.take(); err != nil {
		return nil, err
	}
	f, err := createFile(path)
	if err != nil {
		return nil, err
	}
	return &fullFile{f, d}, nil
}

func (d *fullDisk) take() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used++
	if d.used > d.left {
		return fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	return nil
}

type fullFile struct {
	outFile
	disk *fullDisk
}

func (f *fullFile) Write(b []byte) (int, error) {
	if err := f.disk.take(); err != nil {
		return 0, err
	}
	f.disk.mu.Lock()
	f.disk.written.Write(b)
	f.disk.mu.Unlock()
	return f.outFile.Write(b)
}

func (f *fullFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.disk.take(); err != nil {
		return 0, err
	}
	f.disk.mu.Lock()
	f.disk.written.Write(b)
	f.disk.mu.Unlock()
	return f.outFile.WriteAt(b, at)
}

func (f *fullFile) Sync() error {
	if err := f.disk.take(); err != nil {
		return err
	}
	return f.outFile.Sync()
}
