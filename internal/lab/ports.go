package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Ports are given in blocks below the range that the kernel hands out by itself (from 32768 on Linux). A
// block belongs to whoever holds the lock on its file; the kernel drops the lock when the process dies.
const (
	firstPort  = 20000
	blockSize  = 400
	blockCount = 30
)

// block is a reserved range of port numbers, [first, first+blockSize).
type block struct {
	first int
	lock  *os.File
}

// reserve finds a block that no other process has and whose ports are free.
func reserve() (*block, error) {
	folder := filepath.Join(os.TempDir(), "richiamo-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("lab: reserve ports: %w", err)
	}
	start := rand.IntN(blockCount)
	for i := range blockCount {
		number := (start + i) % blockCount
		lock, err := os.OpenFile(filepath.Join(folder, strconv.Itoa(number)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lab: reserve ports: %w", err)
		}
		b := &block{first: firstPort + number*blockSize, lock: lock}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && b.free() {
			return b, nil
		}
		lock.Close()
	}
	return nil, errors.New("lab: all blocks of ports are taken: end the test processes that hold them")
}

// free tells whether nobody listens on any port of the block.
func (b *block) free() bool {
	for port := b.first; port < b.first+blockSize; port++ {
		if udpFree(port) != nil {
			return false
		}
	}
	return tcpFree(b.first+ariOffset) == nil
}

// release gives the block back. A block is released once.
func (b *block) release() {
	b.lock.Close()
}

func udpFree(port int) error {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return fmt.Errorf("lab: UDP port %d is taken: end what listens there, or choose another port: %w", port, err)
	}
	return socket.Close()
}

func tcpFree(port int) error {
	socket, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return fmt.Errorf("lab: TCP port %d is taken: end what listens there, or choose another port: %w", port, err)
	}
	return socket.Close()
}

// FreeTCP returns a port that was free a moment ago.
func FreeTCP() (int, error) {
	socket, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("lab: choose a TCP port: %w", err)
	}
	defer socket.Close()
	return socket.Addr().(*net.TCPAddr).Port, nil
}
