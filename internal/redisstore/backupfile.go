package redisstore

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A backup is one file, made to be read by this program alone:
//
//	richiamo-backup {"version":1,"key":"0a1b2c3d", ...}\n   a readable line
//	record record record ... end                            CBOR (RFC 8949), one item each
//	HMAC-SHA256 of all before it, under a key derived from the key file
//
// The records hold what Redis holds: heads that can be read, bodies sealed under
// the key file. The HMAC tells a file that is torn, or was touched, before
// anything of it is believed; the heads, which no seal protects, need it most.

// ErrBackup means that a file can't be restored from; the text says why.
var ErrBackup = errors.New("redisstore: the backup can't be used")

const (
	backupMagic   = "richiamo-backup "
	backupVersion = 1
	// longestHeader bounds what is read of a file that is no backup at all.
	longestHeader = 1 << 20
)

// backupHeader is the first line.
type backupHeader struct {
	Version int       `json:"version"`
	Key     string    `json:"key"`   // the fingerprint of the key file
	Began   time.Time `json:"began"` // by the clock of Redis
	Tenants []string  `json:"tenants"`
	Nodes   []string  `json:"nodes"`  // whose terms there were
	Leases  []string  `json:"leases"` // likewise
}

// kind tells what a record of a backup is. The numbers are for ever, and a new one
// makes a new backupVersion: an earlier program has to refuse the file before it has
// written half of it.
type kind uint8

const (
	ofEnd kind = iota
	ofName
	ofTicket
	ofAgent
	ofRegistration
	ofDrawn
	ofBlock
	ofRecording
	ofLimit
	ofLedger
)

// archived is one record: its tenant by number in the header, its name within
// the kind, the kept value, and until when it is kept in ms since 1970, 0 for
// ever. The value of the end is the Counts in JSON.
type archived struct {
	_      struct{} `cbor:",toarray"`
	Kind   kind
	Tenant int
	Name   string
	Value  []byte
	Until  int64
}

// Counts are how many of each kind a backup holds, or were restored.
type Counts struct {
	Tickets       int `json:"tickets"`
	Registrations int `json:"registrations"`
	Agents        int `json:"agents"`
	Ledgers       int `json:"ledgers"`
	Blocks        int `json:"blocks"`     // numbers that are never called
	Recordings    int `json:"recordings"` // spoken names
	Names         int `json:"names"`      // of changes, by which a repeated one is known
	Limits        int `json:"limits"`     // counts of tries
}

func (c *Counts) add(k kind) {
	switch k {
	case ofTicket:
		c.Tickets++
	case ofRegistration:
		c.Registrations++
	case ofAgent:
		c.Agents++
	case ofLedger:
		c.Ledgers++
	case ofBlock:
		c.Blocks++
	case ofRecording:
		c.Recordings++
	case ofName:
		c.Names++
	case ofLimit:
		c.Limits++
	}
}

// All is how many records that are.
func (c Counts) All() int {
	return c.Tickets + c.Registrations + c.Agents + c.Ledgers + c.Blocks + c.Recordings + c.Names + c.Limits
}

// backupWriter writes a backup.
type backupWriter struct {
	out    *bufio.Writer
	mac    hash.Hash
	pack   *cbor.Encoder
	counts Counts
}

func newBackupWriter(w io.Writer, key []byte, h backupHeader) (*backupWriter, error) {
	b := &backupWriter{mac: hmac.New(sha256.New, key)}
	b.out = bufio.NewWriterSize(io.MultiWriter(w, b.mac), 1<<16)
	b.pack = cbor.NewEncoder(b.out)
	line, err := json.Marshal(h)
	if err == nil {
		_, err = fmt.Fprintf(b.out, "%s%s\n", backupMagic, line)
	}
	return b, err
}

func (b *backupWriter) add(r archived) error {
	b.counts.add(r.Kind)
	return b.pack.Encode(r)
}

// finish writes the end and what the file is known by, to where it goes.
func (b *backupWriter) finish(w io.Writer) error {
	counts, err := json.Marshal(b.counts)
	if err != nil {
		return err
	}
	if err := b.pack.Encode(archived{Kind: ofEnd, Value: counts}); err != nil {
		return err
	}
	if err := b.out.Flush(); err != nil {
		return err
	}
	_, err = w.Write(b.mac.Sum(nil))
	return err
}

// backupReader reads a backup that checkBackup has found whole.
type backupReader struct {
	header backupHeader
	unpack *cbor.Decoder
}

// checkBackup reads the whole file once and fails unless it is, byte for byte, what was
// written under this key, of no other tenants than these. The reader that it gives
// begins at the first record.
func checkBackup(file io.ReadSeeker, seal *sealer, tenants []string) (*backupReader, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: it can't be read: %w", ErrBackup, err)
	}
	header, line, err := readHeader(file, seal)
	if err != nil {
		return nil, err
	}
	body := size - int64(len(line)) - sha256.Size
	if body < 0 {
		return nil, errTorn()
	}
	if _, err := file.Seek(int64(len(line)), io.SeekStart); err != nil {
		return nil, fmt.Errorf("%w: it can't be read: %w", ErrBackup, err)
	}
	mac := hmac.New(sha256.New, seal.backup)
	mac.Write(line)
	var sum [sha256.Size]byte
	if _, err = io.CopyN(mac, file, body); err == nil {
		_, err = io.ReadFull(file, sum[:])
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: it can't be read: %w", ErrBackup, err)
	case !hmac.Equal(sum[:], mac.Sum(nil)):
		return nil, errTorn()
	}
	if _, err := file.Seek(int64(len(line)), io.SeekStart); err != nil {
		return nil, fmt.Errorf("%w: it can't be read: %w", ErrBackup, err)
	}
	for _, tenant := range header.Tenants {
		if !slices.Contains(tenants, tenant) {
			return nil, fmt.Errorf("%w: it holds the tenant %s: add it to the configuration", ErrBackup, tenant)
		}
	}
	return &backupReader{header: header, unpack: cbor.NewDecoder(bufio.NewReaderSize(io.LimitReader(file, body), 1<<16))}, nil
}

func errTorn() error {
	return fmt.Errorf("%w: it is not whole, or was changed after it was made: take an earlier one", ErrBackup)
}

// readHeader reads the first line and tells whether the rest is for us.
func readHeader(file io.Reader, seal *sealer) (h backupHeader, line []byte, err error) {
	line, err = bufio.NewReader(io.LimitReader(file, longestHeader)).ReadBytes('\n')
	text, ok := bytes.CutPrefix(line, []byte(backupMagic))
	switch {
	case !ok || err != nil && !errors.Is(err, io.EOF):
		return h, nil, fmt.Errorf("%w: it is no backup of Richiamo", ErrBackup)
	case err != nil || json.Unmarshal(text, &h) != nil:
		return h, nil, errTorn()
	case h.Version != backupVersion:
		return h, nil, fmt.Errorf("%w: it is of version %d and this Richiamo reads version %d: use the Richiamo that made it", ErrBackup, h.Version, backupVersion)
	case h.Key != seal.fingerprint():
		return h, nil, fmt.Errorf("%w: it was made under the key %s, the key file is %s: name the key file of that time", ErrBackup, h.Key, seal.fingerprint())
	}
	return h, line, nil
}

// next gives the next record; ok is false at the end, whose counts it then holds.
func (b *backupReader) next() (r archived, ok bool, err error) {
	if err := b.unpack.Decode(&r); err != nil {
		return r, false, fmt.Errorf("%w: a record does not decode (%T)", ErrBackup, err)
	}
	if r.Kind != ofEnd && (r.Tenant < 0 || r.Tenant >= len(b.header.Tenants)) {
		return r, false, fmt.Errorf("%w: a record is of no tenant", ErrBackup)
	}
	return r, r.Kind != ofEnd, nil
}
