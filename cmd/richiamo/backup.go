package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"richiamo/internal/app"
	"richiamo/internal/config"
	"richiamo/internal/redisstore"
)

func backupCommand() command {
	return command{name: "backup", summary: "copy what was promised out of Redis into a file", run: runBackup}
}

const backupHelp = `Usage: richiamo backup --config FILE [-o FILE]

Writes what Redis holds of promises into one file: callbacks and who waits,
registrations with their receipts, agents, how often each number was called,
numbers that are never called, spoken names. It may be done while calls go on.
The service does it by itself where "backup.directory" is configured.

  --config FILE  the configuration of the service
  -o FILE        the file, which must not exist; without it, one named after the
                 time in "backup.directory"

What belongs to a person is sealed in the file under the key file: keep the two
apart. The file appears when it is whole and on disk, or not at all.

Exit code 0: made; 1: not made; 2: wrong words on the command line.

Examples:
  richiamo backup --config /etc/richiamo/richiamo.yaml
  richiamo backup --config richiamo.yaml -o /mnt/safe/before-upgrade.backup
`

func runBackup(ctx context.Context, args []string, std stdio) int {
	var file, out string
	flags := flag.NewFlagSet("backup", flag.ContinueOnError)
	flags.StringVar(&file, "config", "", "")
	flags.StringVar(&out, "o", "", "")
	cfg, code := copyFlags(flags, backupHelp, args, std, func() error {
		if file == "" || flags.NArg() > 0 {
			return errors.New("give --config FILE, and -o FILE if you like")
		}
		return nil
	}, &file)
	if cfg == nil {
		return code
	}
	began := time.Now()
	if out == "" {
		if cfg.Backup.Directory == "" {
			fmt.Fprintln(std.err, "richiamo backup: where to? give -o FILE, or \"backup.directory\" in the configuration")
			return exitUsage
		}
		out = filepath.Join(string(cfg.Backup.Directory), app.BackupName(began))
	}
	s, size, err := app.Backup(ctx, cfg, out, progress(std.err, began))
	if err != nil {
		fmt.Fprintln(std.err, "richiamo backup:", err)
		return exitFailed
	}
	fmt.Fprintf(std.out, "%s: %.1f MB in %.1f s\n%sAll that was promised until %s is in it.\n",
		out, float64(size)/1e6, time.Since(began).Seconds(), contents(s), until(cfg, s))
	return exitOK
}

func restoreCommand() command {
	return command{name: "restore", summary: "put a backup back into Redis", run: runRestore}
}

const restoreHelp = `Usage: richiamo restore --config FILE [--replace | --check] BACKUP

Puts what a backup holds back into Redis. Stop the service first, on all machines.
The whole file is looked through before anything is written: one that is torn,
was changed, or was made under another key file is refused.

  --config FILE  the configuration of the service
  --replace      remove the tickets, registrations and calls that are in Redis
                 now; without it a Redis that is not empty is refused
  --check        only look whether the file can be restored, and what is in it

What was promised after the backup was begun is lost; the time is printed. Citizens
who were called after it are called again: compare with the exchange's records of
calls before the service is started. Whoever was on the line then is called back.

It may be broken off and begun again; until it has come to its end no service
starts on this Redis.

Exit code 0: restored; 1: not restored; 2: wrong words on the command line.

Examples:
  richiamo restore --config richiamo.yaml --check /var/backups/richiamo/richiamo-20270301T110000Z.backup
  richiamo restore --config richiamo.yaml /var/backups/richiamo/richiamo-20270301T110000Z.backup
`

func runRestore(ctx context.Context, args []string, std stdio) int {
	var file string
	var replace, check bool
	flags := flag.NewFlagSet("restore", flag.ContinueOnError)
	flags.StringVar(&file, "config", "", "")
	flags.BoolVar(&replace, "replace", false, "")
	flags.BoolVar(&check, "check", false, "")
	cfg, code := copyFlags(flags, restoreHelp, args, std, func() error {
		switch {
		case file == "" || flags.NArg() != 1:
			return errors.New("give --config FILE and, behind all flags, one BACKUP")
		case replace && check:
			return errors.New("--check changes nothing: leave --replace away")
		}
		return nil
	}, &file)
	if cfg == nil {
		return code
	}
	began, path := time.Now(), flags.Arg(0)
	if check {
		s, err := app.CheckBackup(cfg, path)
		if err != nil {
			fmt.Fprintln(std.err, "richiamo restore:", err)
			return exitFailed
		}
		fmt.Fprintf(std.out, "%s is whole and was made under our key.\n%sWhat was promised until %s is in it.\n", path, contents(s), until(cfg, s))
		return exitOK
	}
	s, err := app.Restore(ctx, cfg, path, replace, progress(std.err, began))
	if err != nil {
		fmt.Fprintln(std.err, "richiamo restore:", err)
		if errors.Is(err, redisstore.ErrNotEmpty) {
			fmt.Fprintln(std.err, "richiamo restore: --replace removes it")
		}
		return exitFailed
	}
	fmt.Fprintf(std.out, "Restored in %.1f s.\n%s", time.Since(began).Seconds(), contents(s))
	leftOut(std.out, s)
	fmt.Fprintf(std.out, "What was promised until %s is kept. What was promised later is lost, and who was called later is called again.\n", until(cfg, s))
	return exitOK
}

// copyFlags parses the words of a command and reads the configuration that they name.
// When there is none to go on with, it has said why, and code is the exit code.
func copyFlags(flags *flag.FlagSet, help string, args []string, std stdio, valid func() error, file *string) (cfg *config.Config, code int) {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(std.out, help)
		return nil, exitOK
	}
	if err == nil {
		err = valid()
	}
	if err != nil {
		fmt.Fprintf(std.err, "richiamo %s: %v\n\n%s", flags.Name(), err, help)
		return nil, exitUsage
	}
	if cfg, err = config.Load(*file); err != nil {
		fmt.Fprintln(std.err, err)
		return nil, exitFailed
	}
	return cfg, exitOK
}

// progress tells every two seconds how far it is.
func progress(w io.Writer, began time.Time) func(records int) {
	const every = 2 * time.Second
	told := began
	return func(records int) {
		if now := time.Now(); now.Sub(told) >= every {
			told = now
			fmt.Fprintf(w, "%4.0f s  %d records\n", now.Sub(began).Seconds(), records)
		}
	}
}

// contents lists what a backup holds.
func contents(s redisstore.Summary) string {
	c := s.Counts
	return fmt.Sprintf("tickets %d, registrations %d, agents %d, numbers and citizens with calls %d, numbers never called %d, spoken names %d\n",
		c.Tickets, c.Registrations, c.Agents, c.Ledgers, c.Blocks, c.Recordings)
}

// leftOut tells what is not as it was in the backup.
func leftOut(w io.Writer, s redisstore.Summary) {
	if s.Interrupted > 0 {
		fmt.Fprintf(w, "%d were on the line: whoever was not yet speaking with an agent is called back, where the number is known.\n", s.Interrupted)
	}
	if s.Damaged > 0 {
		fmt.Fprintf(w, "%d records were damaged before the backup was made, and are left out.\n", s.Damaged)
	}
	if s.Expired > 0 {
		fmt.Fprintf(w, "%d records have had their time since, and are left out.\n", s.Expired)
	}
}

// until is when a backup was begun, as the first tenant's clock shows it.
func until(cfg *config.Config, s redisstore.Summary) string {
	return s.Began.In(cfg.Tenants[0].Location()).Format("2006-01-02 15:04:05 MST")
}
