package snapshot

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// KeySize is the length in bytes of the key that seals a register.
const KeySize = 32

// Errors that say what is wrong with a key, a file or a folder.
var (
	ErrKeySize  = fmt.Errorf("the key of the registry must be %d bytes", KeySize)
	ErrWrongKey = errors.New("the registry was sealed with another key: give the key that it was imported with, or import it again")
	ErrDamaged  = errors.New("the registry's file is damaged or cut short: import it again")
	ErrFormat   = errors.New("the file is no registry, or one of another version of this program: import it again")
)

const (
	magic        = "Richiamo citizens"
	version      = 1
	headerSize   = 4096
	saltSize     = 32
	keyIDSize    = 8
	tagSize      = 16
	slotSize     = 128 // sealed
	slotPayload  = slotSize - tagSize
	keysPerBlock = 8192
	keyBlockSize = keysPerBlock*8 + tagSize
)

// The kinds of sealed pieces: the first word of a piece's nonce.
const (
	pieceHeader uint32 = iota
	pieceRecord
	pieceOverflow
	pieceKeys
)

// nonce is the nonce of piece number n of a kind.
func nonce(kind uint32, n uint64) []byte {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:4], kind)
	binary.BigEndian.PutUint64(b[4:], n)
	return b[:]
}

// newSeal makes the cipher for one file from the caller's key and a salt of the
// file's own.
func newSeal(key, salt []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, ErrKeySize
	}
	derived, err := hkdf.Key(sha256.New, key, salt, "richiamo citizens snapshot", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the registry's key: %w", err)
	}
	return newGCM(derived)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("registry's cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("registry's cipher: %w", err)
	}
	return gcm, nil
}

// keyID names a key without telling anything of it, so that a wrong key is told
// from a damaged file.
func keyID(key []byte) ([]byte, error) {
	id, err := hkdf.Key(sha256.New, key, nil, "richiamo citizens key id", keyIDSize)
	if err != nil {
		return nil, fmt.Errorf("name the registry's key: %w", err)
	}
	return id, nil
}

// layout says how long the parts of a snapshot are.
type layout struct {
	rows     int64
	overflow int64 // bytes
}

func (l layout) recordAt(row int64) int64 { return headerSize + row*slotSize }
func (l layout) overflowAt() int64        { return headerSize + l.rows*slotSize }
func (l layout) keysAt() int64            { return l.overflowAt() + l.overflow }
func (l layout) keyBlocks() int64         { return (l.rows + keysPerBlock - 1) / keysPerBlock }
func (l layout) size() int64              { return l.keysAt() + l.rows*8 + l.keyBlocks()*tagSize }

// sane guards arithmetic against a header that opened but can't be true.
func (l layout) sane() bool {
	return l.rows > 0 && l.rows < 1<<40 && l.overflow >= 0 && l.overflow < 1<<50
}

// encodeHeader makes the first bytes of a file; the rest of headerSize is zero.
func encodeHeader(l layout, key, salt []byte, seal cipher.AEAD) ([]byte, error) {
	id, err := keyID(key)
	if err != nil {
		return nil, err
	}
	h := append(make([]byte, 0, headerSize), magic...)
	h = append(h, version)
	h = append(h, id...)
	h = append(h, salt...)
	body := binary.BigEndian.AppendUint64(nil, uint64(l.rows))
	body = binary.BigEndian.AppendUint64(body, uint64(l.overflow))
	return seal.Seal(h, nonce(pieceHeader, 0), body, h)[:headerSize], nil
}

// decodeHeader opens a file's first headerSize bytes.
func decodeHeader(h, key []byte) (layout, cipher.AEAD, error) {
	if len(h) != headerSize || string(h[:len(magic)]) != magic || h[len(magic)] != version {
		return layout{}, nil, ErrFormat
	}
	idAt := len(magic) + 1
	saltAt := idAt + keyIDSize
	bodyAt := saltAt + saltSize
	seal, err := newSeal(key, h[saltAt:bodyAt])
	if err != nil {
		return layout{}, nil, err
	}
	id, err := keyID(key)
	if err != nil {
		return layout{}, nil, err
	}
	if string(id) != string(h[idAt:saltAt]) {
		return layout{}, nil, ErrWrongKey
	}
	body, err := seal.Open(nil, nonce(pieceHeader, 0), h[bodyAt:bodyAt+16+tagSize], h[:bodyAt])
	if err != nil {
		return layout{}, nil, ErrDamaged
	}
	l := layout{int64(binary.BigEndian.Uint64(body[:8])), int64(binary.BigEndian.Uint64(body[8:]))}
	if !l.sane() {
		return layout{}, nil, ErrDamaged
	}
	return l, seal, nil
}
