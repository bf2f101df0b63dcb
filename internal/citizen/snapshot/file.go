package snapshot

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"richiamo/internal/citizen"
)

// file is one snapshot, open: its index in memory, its records on disk. Many
// may read it at once.
type file struct {
	os     *os.File
	seal   cipher.AEAD
	layout layout
	index  *citizen.Index
}

// openFile reads and checks everything but the records, which are checked one
// by one when they are read. Whatever is wrong is said by one of this package's
// errors.
func openFile(path string, key []byte) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the registry: %w", err)
	}
	opened, err := loadFile(f, key)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open the registry %s: %w", filepath.Base(path), err)
	}
	return opened, nil
}

func loadFile(f *os.File, key []byte) (*file, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(f, header); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, ErrDamaged
	} else if err != nil {
		return nil, err
	}
	l, seal, err := decodeHeader(header, key)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != l.size() {
		return nil, ErrDamaged
	}
	opened := &file{os: f, seal: seal, layout: l}
	if err := opened.loadIndex(); err != nil {
		return nil, err
	}
	return opened, nil
}

func (f *file) loadIndex() error {
	ordinals := make([]uint64, 0, f.layout.rows)
	buffer := make([]byte, keyBlockSize)
	at := f.layout.keysAt()
	for n := int64(0); n < f.layout.keyBlocks(); n++ {
		sealed := buffer[:min(keysPerBlock, f.layout.rows-n*keysPerBlock)*8+tagSize]
		if _, err := f.os.ReadAt(sealed, at); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		at += int64(len(sealed))
		plain, err := f.seal.Open(sealed[:0], nonce(pieceKeys, uint64(n)), sealed, nil)
		if err != nil {
			return ErrDamaged
		}
		for ; len(plain) > 0; plain = plain[8:] {
			ordinals = append(ordinals, binary.BigEndian.Uint64(plain))
		}
	}
	index, err := citizen.NewIndex(ordinals)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f.index = index
	return nil
}

// record reads the record of a row.
func (f *file) record(row int) (citizen.Citizen, error) {
	var buffer [slotSize]byte
	if _, err := f.os.ReadAt(buffer[:], f.layout.recordAt(int64(row))); err != nil {
		return citizen.Citizen{}, fmt.Errorf("read row %d of the registry: %w", row, err)
	}
	slot, err := f.seal.Open(buffer[:0], nonce(pieceRecord, uint64(row)), buffer[:], nil)
	if err != nil {
		return citizen.Citizen{}, fmt.Errorf("read row %d of the registry: %w", row, ErrDamaged)
	}
	if at, length, ok := pointer(slot); ok {
		if slot, err = f.overflow(row, at, length); err != nil {
			return citizen.Citizen{}, fmt.Errorf("read row %d of the registry: %w", row, err)
		}
	}
	c, err := decodeRecord(slot)
	if err != nil {
		return citizen.Citizen{}, fmt.Errorf("read row %d of the registry: %w", row, err)
	}
	return c, nil
}

func (f *file) overflow(row int, at int64, length int) ([]byte, error) {
	if length < tagSize || length > maxRecord+tagSize || at < 0 || at+int64(length) > f.layout.overflow {
		return nil, ErrDamaged
	}
	sealed := make([]byte, length)
	if _, err := f.os.ReadAt(sealed, f.layout.overflowAt()+at); err != nil {
		return nil, err
	}
	record, err := f.seal.Open(sealed[:0], nonce(pieceOverflow, uint64(row)), sealed, nil)
	if err != nil {
		return nil, ErrDamaged
	}
	return record, nil
}
