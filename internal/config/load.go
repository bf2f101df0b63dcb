package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	_ "time/tzdata" // a minimal machine has no database of time zones

	"go.yaml.in/yaml/v3"
)

// Load reads a configuration file, the secrets that it names, and the
// environment variables that it mentions. If there is any fault the error is a
// [Problems] with all of them, and there is no configuration.
func Load(path string) (*Config, error) { return LoadEnv(path, os.LookupEnv) }

// LoadEnv is Load with an environment of its own.
func LoadEnv(path string, env func(name string) (value string, ok bool)) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Problems{{File: path, Text: fmt.Sprintf("cannot be read: %s; name another file with --config", reason(err))}}
	}
	return parse(path, data, env)
}

// parse is Load on a file's contents and an environment.
func parse(path string, data []byte, env func(string) (string, bool)) (*Config, error) {
	root, err := document(data)
	if err != nil {
		line, text := 0, err.Error()
		if at := strings.Index(text, "yaml: line "); at >= 0 { // the reader of YAML tells the line in words
			_, _ = fmt.Sscanf(text[at:], "yaml: line %d:", &line)
		}
		return nil, Problems{{File: path, Line: line, Text: text}}
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("the folder of %s: %w", path, err)
	}
	cfg := &Config{Path: path}
	d := &decoder{file: path, dir: dir, env: env, lines: map[string]int{}}
	d.mapping("", root, reflect.ValueOf(cfg).Elem())
	d.check(cfg)
	d.secrets(cfg)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	return cfg, nil
}

// document gets the one mapping that a configuration file is.
func document(data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty; see docs/configuration.md for what it must hold")
	case err != nil:
		return nil, fmt.Errorf("is no YAML: %w", err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document; remove the line --- and what follows it")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("must hold keys with values, not %s", kindName(root))
	}
	return root, nil
}

// secrets reads the files of passwords and keys.
func (d *decoder) secrets(cfg *Config) {
	a := &cfg.Asterisk
	switch {
	case a.Password == "" && a.PasswordFile == "":
		d.note("asterisk.ari_password_file", "is missing; name the file that holds the password of the user in ari.conf")
	case a.Password != "" && a.PasswordFile != "":
		d.note("asterisk.ari_password_file", "cannot be together with ari_password; remove one")
	case a.PasswordFile != "":
		a.Password = d.password("asterisk.ari_password_file", a.PasswordFile)
	}
	if cfg.Redis.PasswordFile != "" {
		cfg.Redis.Password = d.password("redis.password_file", cfg.Redis.PasswordFile)
	}
	if s := &cfg.Redis.Sentinel; s.PasswordFile != "" {
		s.Password = d.password("redis.sentinel.password_file", s.PasswordFile)
	}
	if cfg.Backup.PasswordFile != "" {
		cfg.Backup.Password = d.password("backup.password_file", cfg.Backup.PasswordFile)
	}
	if cfg.KeyFile != "" {
		cfg.Key = d.sealingKey("key_file", cfg.KeyFile)
	}
	d.exists("http.tls_certificate", cfg.HTTP.TLSCertificate)
	d.exists("http.tls_key", cfg.HTTP.TLSKey)
}

func (d *decoder) exists(key string, f File) {
	if f == "" {
		return
	}
	if _, err := os.Stat(string(f)); err != nil {
		d.note(key, "%s cannot be read: %s", f, reason(err))
	}
}

func (d *decoder) password(key string, f File) Secret {
	data, ok := d.private(key, f, "")
	data = bytes.TrimRight(data, "\r\n")
	if ok && (len(data) == 0 || bytes.ContainsAny(data, "\r\n")) {
		d.note(key, "%s must hold the password on one line and nothing else", f)
	}
	return Secret(data)
}

func (d *decoder) sealingKey(key string, f File) (k Key) {
	cure := fmt.Sprintf("make one with `(umask 077; openssl rand -hex 32 > %s)`", f)
	data, ok := d.private(key, f, "; "+cure)
	if !ok {
		return k
	}
	if len(data) != len(k.bytes) {
		var err error
		if data, err = hex.DecodeString(string(bytes.TrimSpace(data))); err != nil || len(data) != len(k.bytes) {
			d.note(key, "%s must hold 32 bytes, or 64 hexadecimal figures; %s", f, cure)
			return k
		}
	}
	copy(k.bytes[:], data)
	if k == (Key{}) {
		d.note(key, "%s holds zeros only; %s", f, cure)
	}
	return k
}

// private reads a file that only the service may read.
func (d *decoder) private(key string, f File, cure string) ([]byte, bool) {
	info, err := os.Stat(string(f))
	if err == nil && info.Mode().Perm()&0o007 != 0 {
		d.note(key, "%s can be read by everybody on this machine; run `chmod o= %s`", f, f)
		return nil, false
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(string(f))
	}
	if err != nil {
		d.note(key, "%s cannot be read: %s%s", f, reason(err), cure)
		return nil, false
	}
	return data, true
}

// reason is an error of the file system without the path, which is said anyway.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Digest is the SHA-256 of the API key, by whichever of the two ways it was
// given: what a presented key is compared with.
func (k APIKey) Digest() [sha256.Size]byte {
	if k.Key != "" {
		return sha256.Sum256([]byte(k.Key))
	}
	var sum [sha256.Size]byte
	_, _ = hex.Decode(sum[:], []byte(k.SHA256)) // Load has checked it
	return sum
}
