package redisstore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// KeySize is the size of the key in bytes.
const KeySize = 32

// Errors of the key.
var (
	// ErrWrongKey means that the records in this Redis were sealed under another
	// key file.
	ErrWrongKey = errors.New("redisstore: the key file is not the one under which this Redis' records are sealed")
	// ErrDamaged means that a record is there but is not what was sealed under
	// its name.
	ErrDamaged = errors.New("redisstore: a record is damaged, or was moved from another key: restore it from a backup or delete it")
)

// sealer makes what is kept of persons unreadable without the key file:
//
//   - bodies are sealed with AES-256-GCM under a random nonce. The name of the
//     key under which a body is kept is authenticated with it, so that a body
//     can't be passed off as another citizen's or another tenant's;
//   - what must be found again (a citizen, a number) is kept as a digest,
//     HMAC-SHA256 cut to 128 bits, of tenant, kind and value;
//   - the key of each purpose is derived from the file by HKDF-SHA256.
//
// A sealed body begins with the id of its key, so that a later key can be told
// from an earlier one.
type sealer struct {
	id        [4]byte
	aead      cipher.AEAD
	digests   sync.Pool // of hash.Hash: HMAC under the look-up key
	marks     sync.Pool // of hash.Hash: HMAC under the mark key
	encoders  sync.Pool // of *encoder
	scratches sync.Pool // of *scratch
	packer    cbor.UserBufferEncMode
	unpacker  cbor.DecMode
	receipts  map[string]receipts
	backup    []byte // the key that tells a whole backup from a torn one
}

// scratch is where a record is unsealed, again and again.
type scratch struct{ sealed, place, body []byte }

// encoder is a JSON encoder with its buffer, used again and again; what is
// packed takes the buffer alone.
type encoder struct {
	buffer bytes.Buffer
	*json.Encoder
}

func newSealer(key []byte, tenants []string) (*sealer, error) {
	derive := func(purpose string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, key, nil, "richiamo redisstore "+purpose, size)
	}
	s := &sealer{receipts: make(map[string]receipts, len(tenants))}
	id, err := derive("key id", len(s.id))
	if err != nil {
		return nil, err
	}
	copy(s.id[:], id)
	sealing, err := derive("seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	if s.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	for _, tenant := range tenants {
		k, err := derive("receipts "+tenant, 32)
		if err != nil {
			return nil, err
		}
		if s.receipts[tenant], err = newReceipts(k); err != nil {
			return nil, err
		}
	}
	if s.packer, err = (cbor.EncOptions{}).UserBufferEncMode(); err != nil {
		return nil, err
	}
	// A text that somebody handed over in another encoding has to come back too.
	if s.unpacker, err = (cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}).DecMode(); err != nil {
		return nil, err
	}
	if s.backup, err = derive("backup", 32); err != nil {
		return nil, err
	}
	lookup, err := derive("look up", 32)
	if err != nil {
		return nil, err
	}
	mark, err := derive("mark", 32)
	if err != nil {
		return nil, err
	}
	s.digests.New = func() any { return hmac.New(sha256.New, lookup) }
	s.marks.New = func() any { return hmac.New(sha256.New, mark) }
	s.scratches.New = func() any { return new(scratch) }
	s.encoders.New = func() any {
		e := new(encoder)
		e.Encoder = json.NewEncoder(&e.buffer)
		e.SetEscapeHTML(false)
		return e
	}
	return s, nil
}

// fingerprint names the key; it tells nothing about it.
func (s *sealer) fingerprint() string { return hex.EncodeToString(s.id[:]) }

// encode gives a value as JSON, valid until release is called.
func (s *sealer) encode(v any) (body []byte, release func(), err error) {
	e := s.encoders.Get().(*encoder)
	e.buffer.Reset()
	if err := e.Encode(v); err != nil {
		return nil, nil, fmt.Errorf("redisstore: encode a record: %w", err)
	}
	return e.buffer.Bytes(), func() { s.encoders.Put(e) }, nil
}

// seal appends to head the sealed body of the record kept at place.
func (s *sealer) seal(head, body []byte, place string) []byte {
	out := make([]byte, 0, len(head)+len(s.id)+len(body)+s.aead.Overhead())
	out = append(append(out, head...), s.id[:]...)
	return s.aead.Seal(out, nil, body, []byte(place))
}

// keep encodes a value as JSON and seals it behind its head.
func (s *sealer) keep(head []byte, v any, place string) ([]byte, error) {
	body, release, err := s.encode(v)
	if err != nil {
		return nil, err
	}
	defer release()
	return s.seal(head, body, place), nil
}

// keepPacked encodes one of the packed records and seals it behind its head.
func (s *sealer) keepPacked(head []byte, v any, place string) ([]byte, error) {
	e := s.encoders.Get().(*encoder)
	defer s.encoders.Put(e)
	e.buffer.Reset()
	if err := s.packer.MarshalToBuffer(v, &e.buffer); err != nil {
		return nil, fmt.Errorf("redisstore: pack a record: %w", err)
	}
	return s.seal(head, e.buffer.Bytes(), place), nil
}

// open takes a kept value apart: its head without the newline, and v filled from
// the JSON of the body.
func (s *sealer) open(value string, v any, place string) (head string, err error) {
	return s.unseal(value, place, func(body []byte) error { return json.Unmarshal(body, v) })
}

// openPacked fills r from a kept value. Records used to be kept as JSON: such a
// body begins with a brace, which no packed one does.
func openPacked[R any, P packed[R]](s *sealer, value string, p P, r *R, place string) error {
	_, err := s.unseal(value, place, func(body []byte) error {
		if bytes.HasPrefix(body, []byte{'{'}) {
			return json.Unmarshal(body, r)
		}
		if err := s.unpacker.Unmarshal(body, p); err != nil {
			return err
		}
		return p.unpack(r)
	})
	return err
}

// unseal has the body of a kept value read and gives its head, without the
// newline. The body is gone once it was read.
func (s *sealer) unseal(value, place string, read func(body []byte) error) (head string, err error) {
	head, sealed, ok := strings.Cut(value, "\n")
	if !ok || len(sealed) < len(s.id) {
		return "", ErrDamaged
	}
	if sealed[:len(s.id)] != string(s.id[:]) {
		return "", fmt.Errorf("%w: sealed under %x, the file is %s", ErrWrongKey, sealed[:len(s.id)], s.fingerprint())
	}
	d := s.scratches.Get().(*scratch)
	defer s.scratches.Put(d)
	d.sealed = append(d.sealed[:0], sealed[len(s.id):]...)
	d.place = append(d.place[:0], place...)
	if d.body, err = s.aead.Open(d.body[:0], nil, d.sealed, d.place); err != nil {
		return "", ErrDamaged
	}
	if err := read(d.body); err != nil {
		// The decoder's own text could repeat what it met.
		return "", fmt.Errorf("%w: its body does not decode (%T)", ErrDamaged, err)
	}
	return head, nil
}

// digest is what a thing of a tenant is found by: always the same for the same
// thing, and nothing without the key file.
func (s *sealer) digest(tenant, kind, value string) string {
	h := s.digests.Get().(hash.Hash)
	defer s.digests.Put(h)
	h.Reset()
	// A tenant and a kind hold no zero byte, so no two triples make one text.
	h.Write([]byte(tenant + "\x00" + kind + "\x00" + value))
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:16])
}

// mark is the digest of a whole body, by which a save knows its own write.
func (s *sealer) mark(body []byte) string {
	h := s.marks.Get().(hash.Hash)
	defer s.marks.Put(h)
	h.Reset()
	h.Write(body)
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:12])
}
