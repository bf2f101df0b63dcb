package snapshot

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writer writes a snapshot: records in their final order, then finish. It is
// for one goroutine.
type writer struct {
	file         outFile
	buffered     *bufio.Writer
	overflowFile outFile
	overflowPath string
	overflow     *bufio.Writer
	key, salt    []byte
	seal         cipher.AEAD
	layout       layout
	ordinals     []uint64
	slot, sealed []byte
}

// newWriter makes a writer whose files are in the folder work; rows is the most
// that will come.
func newWriter(path, work string, key, salt []byte, rows int, create createFunc) (*writer, error) {
	seal, err := newSeal(key, salt)
	if err != nil {
		return nil, err
	}
	w := &writer{key: key, salt: salt, seal: seal, overflowPath: filepath.Join(work, "overflow"), ordinals: make([]uint64, 0, rows)}
	if w.file, err = create(path); err != nil {
		return nil, fmt.Errorf("write the new registry: %w", err)
	}
	if w.overflowFile, err = create(w.overflowPath); err != nil {
		_ = w.file.Close()
		return nil, fmt.Errorf("write the new registry: %w", err)
	}
	w.buffered = bufio.NewWriterSize(w.file, 1<<20)
	w.overflow = bufio.NewWriter(w.overflowFile)
	// The header's place; it is written last.
	if _, err := w.buffered.Write(make([]byte, headerSize)); err != nil {
		_ = w.close()
		return nil, fmt.Errorf("write the new registry: %w", err)
	}
	return w, nil
}

// close may be called at any time, and again.
func (w *writer) close() error {
	_ = w.overflowFile.Close()
	return w.file.Close()
}

// add writes the next record.
func (w *writer) add(ordinal uint64, record []byte) error {
	row := uint64(len(w.ordinals))
	w.ordinals = append(w.ordinals, ordinal)
	w.slot = w.slot[:0]
	if len(record) <= slotPayload {
		w.slot = append(w.slot, record...)
	} else {
		w.sealed = w.seal.Seal(w.sealed[:0], nonce(pieceOverflow, row), record, nil)
		if _, err := w.overflow.Write(w.sealed); err != nil {
			return fmt.Errorf("write the new registry: %w", err)
		}
		w.slot = appendPointer(w.slot, w.layout.overflow, len(w.sealed))
		w.layout.overflow += int64(len(w.sealed))
	}
	for len(w.slot) < slotPayload {
		w.slot = append(w.slot, 0)
	}
	w.sealed = w.seal.Seal(w.sealed[:0], nonce(pieceRecord, row), w.slot, nil)
	if _, err := w.buffered.Write(w.sealed); err != nil {
		return fmt.Errorf("write the new registry: %w", err)
	}
	return nil
}

// finish writes what follows the records, and the header, and makes the file
// safe on disk.
func (w *writer) finish() error {
	w.layout.rows = int64(len(w.ordinals))
	if err := w.appendOverflow(); err != nil {
		return fmt.Errorf("write the new registry: %w", err)
	}
	if err := w.appendKeys(); err != nil {
		return fmt.Errorf("write the new registry: %w", err)
	}
	header, err := encodeHeader(w.layout, w.key, w.salt, w.seal)
	if err != nil {
		return err
	}
	if _, err := w.file.WriteAt(header, 0); err != nil {
		return fmt.Errorf("write the new registry: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("save the new registry: %w", err)
	}
	if err := w.close(); err != nil {
		return fmt.Errorf("save the new registry: %w", err)
	}
	return nil
}

func (w *writer) appendOverflow() error {
	if err := w.overflow.Flush(); err != nil {
		return err
	}
	from, err := os.Open(w.overflowPath)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(w.buffered, from)
	return err
}

func (w *writer) appendKeys() error {
	plain := make([]byte, 0, keysPerBlock*8)
	for n, rest := uint64(0), w.ordinals; len(rest) > 0; n++ {
		block := rest[:min(keysPerBlock, len(rest))]
		rest = rest[len(block):]
		plain = plain[:0]
		for _, ordinal := range block {
			plain = binary.BigEndian.AppendUint64(plain, ordinal)
		}
		w.sealed = w.seal.Seal(w.sealed[:0], nonce(pieceKeys, n), plain, nil)
		if _, err := w.buffered.Write(w.sealed); err != nil {
			return err
		}
	}
	return w.buffered.Flush()
}
