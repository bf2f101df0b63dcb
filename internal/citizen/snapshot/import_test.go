package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/fiscalcode"
)

func bigEndian(v uint64) []byte    { return binary.BigEndian.AppendUint64(nil, v) }
func littleEndian(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func TestBadRowsAreReportedAndTheGoodOnesLoaded(t *testing.T) {
	t.Parallel()
	good := row(carlo)
	bad := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	rows := []struct{ line, reason string }{
		{row(anna), ""},
		{bad("BNCCRL20H03H501", "BNCCRL20H03H50"), "fiscal_code: wrong length"},
		{bad("BNCCRL20H03", "BNCCRL20H99"), "fiscal_code: check character wrong"},
		{bad("BNCCRL20", "BNCCR120"), "fiscal_code: wrong character at 6"},
		{row(bad(good[:16], "BNCCRL20B30H501")), "fiscal_code: impossible date of birth"},
		{row(bad(good[:16], "BNCCRL20H03M999")), "fiscal_code: place of birth unknown"},
		{bad(good[:16], ""), "fiscal_code: nothing given"},
		{bad("1920-06-03", "03/06/1920"), "birth_date: is no date like 1936-01-31"},
		{bad("1920-06-03", "1920-06-31"), "birth_date: is no date like 1936-01-31"},
		{bad("1920-06-03", ""), "birth_date: is no date like 1936-01-31"},
		{bad("3333333333,", "333333333,"), "card_number: a card number is 20 digits"},
		{bad("3333333333,", "333333333X,"), "card_number: a card number is 20 digits"},
		{bad("BIANCHI,CARLO", ","), "surname and given_name are both empty"},
		{bad("BIANCHI", "BIANCH\xcc"), "surname: is not UTF-8"},
		{bad("CARLO", "CAR\x00LO"), "given_name: holds a control character"},
		{bad("ROMA", strings.Repeat("R", 256)), "municipality: is longer than 255 bytes"},
		{bad("ROMA,", "ROMA,italiano"), "language: is no language like it or de"},
		{bad("ROMA,,", "ROMA,,casa"), "phone: " + "a telephone number is digits only, with an optional + before them"},
		{bad("ROMA,,", "ROMA,,1234567890123456"), "phone: a telephone number has 1 to 15 digits"},
		{bad("ROMA,,", "ROMA,"), "7 fields instead of 8"},
		{bad("ROMA,,", "ROMA,,,"), "9 fields instead of 8"},
		{bad("ROMA", "\"ROMA"), "a quotation mark is out of place"},
		{bad("ROMA", "RO\"MA"), "a quotation mark is out of place"},
		{bad("ROMA", "\"ROMA\"X"), "a quotation mark is out of place"},
		{"\n", ""},
		{"nonsense\n", "1 fields instead of 8"},
		{row(anna), "fiscal_code: stands in line 2 already"},
		{row(bianca), ""},
		{strings.ToLower(row(anna)), "fiscal_code: stands in line 2 already"},
		{strings.TrimSuffix(good, "\n"), ""}, // the last line has no end
	}
	var text strings.Builder
	text.WriteString(headerLine)
	want := map[Problem]bool{}
	for i, r := range rows {
		text.WriteString(r.line)
		if r.reason != "" {
			want[Problem{i + 2, r.reason}] = true
		}
	}
	for _, options := range []Options{{}, small(), {workers: 1, runRows: 1}} {
		dir := t.TempDir()
		summary, problems := mustImport(t, dir, text.String(), options)
		assert.Equal(t, Summary{Rows: 29, Loaded: 3, Bad: 24, Duplicates: 2}, summary)
		got := map[Problem]bool{}
		for i, p := range problems {
			got[p] = true
			if i > 0 && i < 24 {
				assert.Less(t, problems[i-1].Line, p.Line, "bad rows come in the order of the file")
			}
			for _, secret := range []string{"BNCCRL", "BIANC", "CARLO", "33333", "casa"} {
				assert.NotContains(t, p.Reason, secret)
			}
		}
		assert.Equal(t, want, got)
		assert.Equal(t, 3, mustOpen(t, dir).Len())
	}
}

func TestTrustPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	founded := row(strings.Replace(carlo, "H501", "M999", 1))
	summary, _ := mustImport(t, dir, register(founded), Options{TrustPlaces: true})
	require.EqualValues(t, 1, summary.Loaded)
	code, err := fiscalcode.ParseTrustingPlace(founded[:16])
	require.NoError(t, err)
	_, found, err := mustOpen(t, dir).ByCode(code)
	require.NoError(t, err)
	require.True(t, found)
}

func TestFormsOfTheFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":           everybody(),
		"byte order mark": "\xef\xbb\xbf" + everybody(),
		"CRLF":            strings.ReplaceAll(everybody(), "\n", "\r\n"),
		"no last end":     strings.TrimSuffix(everybody(), "\n"),
		"empty lines":     strings.ReplaceAll(everybody(), "\n", "\n\n\r\n"),
		"spaces":          strings.ReplaceAll(strings.ReplaceAll(everybody(), ",8038", " , 8038"), "\n", " \n"),
		"quoted":          quoteAll(t, everybody(), nil),
		"another order":   quoteAll(t, everybody(), []int{7, 3, 2, 1, 0, 4, 6, 5}),
		"more columns":    quoteAll(t, everybody(), []int{0, 0, 1, 2, 3, 3, 4, 5, 6, 7}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			summary, problems := mustImport(t, dir, text, small())
			require.Empty(t, problems)
			require.Equal(t, Summary{Rows: 5, Loaded: 5}, summary)
			require.Equal(t, 5, mustOpen(t, dir).Len())
		})
	}
}

// quoteAll writes the file with every field in quotation marks, its columns in
// another order.
func quoteAll(t testing.TB, text string, order []int) string {
	t.Helper()
	if order == nil {
		order = []int{0, 1, 2, 3, 4, 5, 6, 7}
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var b strings.Builder
	for _, fields := range rows {
		for i, column := range order {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(fields[column], `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestFilesThatAreNoRegister(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, everybody(), small())
	before := listing(t, dir)
	broken := errors.New("the network is gone")
	for name, c := range map[string]struct {
		from io.Reader
		want error
		says string
	}{
		"empty":         {strings.NewReader(""), ErrHeader, "fiscal_code is missing"},
		"header only":   {strings.NewReader(headerLine), ErrNothing, "stays as it was"},
		"only bad rows": {strings.NewReader(headerLine + "a,b,c,d,e,f,g,h\n"), ErrNothing, ""},
		"no header":     {strings.NewReader(row(anna)), ErrHeader, ""},
		"a column less": {strings.NewReader(strings.Replace(headerLine, ",phone", "", 1)), ErrHeader, "phone is missing"},
		"semicolons":    {strings.NewReader(strings.ReplaceAll(everybody(), ",", ";")), ErrHeader, "not semicolons"},
		"open quote":    {strings.NewReader("\"" + headerLine), ErrHeader, ""},
		"no line end":   {strings.NewReader(strings.Repeat("x", maxLine+10000)), errLineLong, ""},
		"read error":    {io.MultiReader(strings.NewReader(everybody()), iotest.ErrReader(broken)), broken, "read the register's file"},
		"early error":   {iotest.ErrReader(broken), broken, ""},
	} {
		_, err := Import(t.Context(), dir, testKey("a"), c.from, small())
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.says, name)
		require.Equal(t, before, listing(t, dir), name)
	}
	_, err := Import(t.Context(), dir, testKey("a")[1:], strings.NewReader(everybody()), small())
	require.ErrorIs(t, err, ErrKeySize)
	require.Equal(t, 5, mustOpen(t, dir).Len())
}

// TestManyPieces imports enough to fill blocks, runs and key blocks, through a
// reader that gives odd amounts, with overlong lines in between.
func TestManyPieces(t *testing.T) {
	t.Parallel()
	const people = 20_000
	var text strings.Builder
	text.WriteString(headerLine)
	dice := rand.New(rand.NewPCG(1, 2))
	var codes []string
	for i := range people {
		code := fmt.Sprintf("STP%03d%03d%07d", 10+dice.IntN(190), dice.IntN(1000), i)
		codes = append(codes, code)
		fmt.Fprintf(&text, "%s,ROSSI,N%d,1930-01-01,8038000030%010d,%s,it,\n", code, i, i, strings.Repeat("M", dice.IntN(120)))
		switch i {
		case 5000:
			text.WriteString(strings.Repeat("y", maxLine+1) + "\n")
		case 10000:
			text.WriteString(strings.Repeat("y", 3*blockSize) + "\n")
		}
	}
	dir := t.TempDir()
	options := Options{workers: 2, runRows: 700}
	var problems []Problem
	options.Report = func(p Problem) { problems = append(problems, p) }
	summary, err := Import(t.Context(), dir, testKey("a"), iotest.HalfReader(strings.NewReader(text.String())), options)
	require.NoError(t, err)
	require.EqualValues(t, people, summary.Loaded)
	require.Equal(t, Problem{5003, errLineLong.Error()}, problems[0])
	for _, p := range problems[1:] {
		require.Equal(t, 10004, p.Line)
	}
	r := mustOpen(t, dir)
	require.Equal(t, people, r.Len())
	for i := 0; i < people; i += 17 {
		code, err := fiscalcode.Parse(codes[i])
		require.NoError(t, err)
		c, found, err := r.ByCode(code)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, fmt.Sprintf("N%d", i), c.GivenName.Reveal())
	}
}

// TestFullDisk lets the disk fill up at every single write of an import: it
// says so, leaves nothing behind, and the old registry serves.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, register(anna, bianca), small())
	before := listing(t, dir)
	for left := 0; ; left++ {
		disk := &fullDisk{left: left}
		options := small()
		options.create = disk.create
		_, err := Import(t.Context(), dir, testKey("a"), strings.NewReader(everybody()), options)
		if err == nil {
			require.Greater(t, left, 8, "every write was tried")
			break
		}
		require.ErrorIs(t, err, ErrDiskFull)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.Equal(t, before, listing(t, dir))
		r, err := Open(dir, testKey("a"))
		require.NoError(t, err)
		require.Equal(t, 2, r.Len())
		require.NoError(t, r.Close())
	}
	require.Equal(t, 5, mustOpen(t, dir).Len())
}

func TestCancelledImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustImport(t, dir, register(anna), small())
	before := listing(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	endless := &rows{then: cancel, after: 5000}
	_, err := Import(ctx, dir, testKey("a"), endless, small())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, listing(t, dir))
	require.Equal(t, 1, mustOpen(t, dir).Len())
}

// rows is an endless register that calls then once after some rows.
type rows struct {
	buffer bytes.Buffer
	n      int
	after  int
	then   func()
}

func (r *rows) Read(b []byte) (int, error) {
	if r.n == 0 {
		r.buffer.WriteString(headerLine)
	}
	for r.buffer.Len() < len(b) {
		fmt.Fprintf(&r.buffer, "STP030101%07d,ROSSI,N,1930-01-01,80380000300000000000,MILANO,it,\n", r.n)
		if r.n++; r.n == r.after {
			r.then()
		}
	}
	return r.buffer.Read(b)
}

func TestOneImportAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := lockDir(dir)
	require.NoError(t, err)
	_, err = Import(t.Context(), dir, testKey("a"), strings.NewReader(everybody()), small())
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, lock.Close())
	mustImport(t, dir, everybody(), small())
}

func TestAnImportClearsAwayWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, workPrefix+"123")
	require.NoError(t, os.MkdirAll(left, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(left, "run-0"), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, filePrefix+"0"+fileSuffix), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("x"), 0o600))
	mustImport(t, dir, everybody(), small())
	require.Len(t, listing(t, dir), 3, "README, the manifest and one snapshot")
	info, err := os.Stat(snapshotPath(t, dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan Progress, 1)
	options := small()
	options.Progress = func(p Progress) {
		cancel()
		select {
		case told <- p:
		default:
		}
	}
	_, err := Import(ctx, t.TempDir(), testKey("a"), &rows{}, Options{Progress: options.Progress})
	require.ErrorIs(t, err, context.Canceled)
	p := <-told
	require.Equal(t, Reading, p.Phase)
	require.Positive(t, p.Rows)
	require.Positive(t, p.Bytes)
	require.GreaterOrEqual(t, p.Elapsed, time.Second)
}

func FuzzSplitLine(f *testing.F) {
	for _, s := range []string{`a,b,c`, `"a","b"`, `"a""b",c`, `,`, `""`, `"`, `a"b`, `"a"b`, row(elena)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || line == "" {
			return
		}
		fields, err := splitLine([]byte(line), nil)
		reader := csv.NewReader(strings.NewReader(line))
		want, wantErr := reader.Read()
		require.Equal(t, wantErr == nil, err == nil, "as encoding/csv: %v, %v", wantErr, err)
		if err != nil {
			return
		}
		got := make([]string, len(fields))
		for i, field := range fields {
			got[i] = string(field)
		}
		require.Equal(t, want, got)
	})
}

func FuzzRow(f *testing.F) {
	for _, s := range []string{anna, bianca, carlo, dario, elena} {
		f.Add(strings.TrimSuffix(row(s), "\n"))
	}
	head, err := parseHeader([]byte(strings.TrimSuffix(headerLine, "\n")))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, line string) {
		parser := &rowParser{header: head}
		record, k, err := parser.parse([]byte(line), nil)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(record), maxRecord)
		c, err := decodeRecord(append(record, 0, 0, 0))
		require.NoError(t, err)
		require.True(t, c.Code.Keypad() == k)
		require.True(t, strings.EqualFold(strings.Trim(string(parser.fields[0]), " \t\r\n\v\f\u0085\u00a0"), c.Code.Reveal()))
		require.Equal(t, string(bytes.TrimSpace(parser.fields[1])), c.Surname.Reveal())
		require.Equal(t, string(bytes.TrimSpace(parser.fields[5])), c.Municipality)
		require.Equal(t, string(bytes.TrimSpace(parser.fields[3])), c.BirthDate.String())
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeRecord(b); err == nil {
			require.False(t, c.Code.IsZero())
		} else {
			require.ErrorIs(t, err, ErrDamaged)
		}
		_, _, _ = pointer(b)
	})
}
