package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"richiamo/internal/citizen/snapshot"
)

const registryUsage = `Usage:
  richiamo registry import --config FILE --tenant NAME FILE.csv
  richiamo registry import --dir DIR --key-file FILE FILE.csv

Imports a register of citizens. The first line of the CSV file names the columns
  fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone
Dates are 1936-01-31; card numbers have 20 digits; language (two letters) and
phone may be empty. Bad rows are reported by line and reason and left out. The
registry that serves is replaced when the new one is whole, and calls go on.
"-" in place of FILE.csv reads standard input.

The key file holds the 32 bytes that seal the registry, as 64 hexadecimal digits
or in base64; "openssl rand -hex 32" makes such a file.

Exit code: 0 when a registry was loaded, bad rows or not; 1 when none was; 2 for
wrong words on the command line.

Flags:
`

// registryCommand imports registers of citizens.
func registryCommand() command {
	return command{"registry", "import a register of citizens (CSV) while calls go on", runRegistry}
}

// registryFlags are the words of "registry import".
type registryFlags struct {
	config, tenant, dir, keyFile string
	trustPlaces                  bool
	csv                          string
}

func runRegistry(ctx context.Context, args []string, std stdio) int {
	var f registryFlags
	set := flag.NewFlagSet("registry import", flag.ContinueOnError)
	set.SetOutput(std.err)
	set.StringVar(&f.config, "config", "", "configuration `FILE` of the service")
	set.StringVar(&f.tenant, "tenant", "", "`NAME` of the tenant in the configuration")
	set.StringVar(&f.dir, "dir", "", "folder of the registry, in place of --config and --tenant")
	set.StringVar(&f.keyFile, "key-file", "", "`FILE` with the registry's key, with --dir")
	set.BoolVar(&f.trustPlaces, "trust-places", false, "load codes whose place of birth is unknown here (founded lately)")
	set.Usage = func() {
		fmt.Fprint(set.Output(), registryUsage)
		set.PrintDefaults()
	}
	if len(args) > 0 && isHelp(args[0]) || len(args) > 1 && isHelp(args[1]) {
		set.SetOutput(std.out)
		set.Usage()
		return exitOK
	}
	if len(args) == 0 || args[0] != "import" {
		set.Usage()
		return exitUsage
	}
	if err := set.Parse(args[1:]); err != nil {
		return exitUsage
	}
	if set.NArg() != 1 || (f.dir == "") != (f.keyFile == "") || (f.dir == "") == (f.config == "" && f.tenant == "") {
		set.Usage()
		return exitUsage
	}
	f.csv = set.Arg(0)
	if err := importRegistry(ctx, f, std); err != nil {
		fmt.Fprintf(std.err, "richiamo registry import: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func isHelp(word string) bool {
	return word == "help" || word == "-h" || word == "-help" || word == "--help"
}

func importRegistry(ctx context.Context, f registryFlags, std stdio) error {
	dir, key, err := placeOf(f)
	if err != nil {
		return err
	}
	from, size, err := openCSV(f.csv, std.in)
	if err != nil {
		return err
	}
	defer from.Close()
	began := time.Now()
	summary, err := snapshot.Import(ctx, dir, key, from, snapshot.Options{
		TrustPlaces: f.trustPlaces,
		Report:      func(p snapshot.Problem) { fmt.Fprintf(std.err, "line %d: %s\n", p.Line, p.Reason) },
		Progress:    func(p snapshot.Progress) { fmt.Fprintln(std.err, progressLine(p, size)) },
	})
	if summary.Rows == 0 && err != nil {
		return err // there was nothing to sum up
	}
	fmt.Fprintf(std.out, "%d rows read, %d loaded, %d bad, %d given twice, in %.1f s\n",
		summary.Rows, summary.Loaded, summary.Bad, summary.Duplicates, time.Since(began).Seconds())
	return err
}

// placeOf takes folder and key from the flags or from the configuration.
func placeOf(f registryFlags) (dir string, key []byte, err error) {
	if f.dir == "" {
		return registryPlace(f.config, f.tenant)
	}
	key, err = readKeyFile(f.keyFile)
	return f.dir, key, err
}

// readKeyFile reads a key of snapshot.KeySize bytes, written as hexadecimal
// digits or in base64.
func readKeyFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	text = bytes.TrimSpace(text)
	if key, err := hex.DecodeString(string(text)); err == nil && len(key) == snapshot.KeySize {
		return key, nil
	}
	padded := strings.TrimRight(string(text), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if key, err := encoding.DecodeString(padded); err == nil && len(key) == snapshot.KeySize {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s holds no key: it must be %d bytes as %d hexadecimal digits or in base64; \"openssl rand -hex %d\" makes one",
		path, snapshot.KeySize, 2*snapshot.KeySize, snapshot.KeySize)
}

// openCSV gives the file and its size, 0 if that is unknown.
func openCSV(path string, stdin io.Reader) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(stdin), 0, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("open the register: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, fmt.Errorf("open the register: %w", err)
	}
	return file, info.Size(), nil
}

// progressLine tells how far an import is; size is that of the file, 0 if
// unknown.
func progressLine(p snapshot.Progress, size int64) string {
	seconds := p.Elapsed.Seconds()
	if p.Phase == snapshot.Writing {
		return fmt.Sprintf("%4.0f s  writing: %d rows", seconds, p.Rows)
	}
	done := ""
	if size > 0 {
		done = fmt.Sprintf(" (%d %%)", p.Bytes*100/size)
	}
	return fmt.Sprintf("%4.0f s  reading: %d rows%s, %.0f rows/s, %d bad", seconds, p.Rows, done, float64(p.Rows)/seconds, p.Bad)
}
