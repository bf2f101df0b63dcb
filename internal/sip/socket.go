package sip

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A socket is the phone's UDP socket as sipgo reads it. It mends the beginning
// and the end of sipgo's life:
//
// sipgo enters the socket in its pool just before it reads from it for the first
// time. Only then can requests be sent from the phone's own address; before, a
// second socket would be opened.
//
// sipgo handles every request in a goroutine of its own, which looks up the
// socket of the answer in the pool. One that comes to that after the socket has
// left the pool opens a new socket, which nobody ever closes. So at the end each
// address that was heard of is given a grave in the pool.
type socket struct {
	*net.UDPConn
	ready    chan struct{} // closed when requests can be sent
	once     sync.Once
	retiring atomic.Bool
	pool     *sip.ConnectionPool
	heardOf  map[string]bool // remote addresses; only the reading goroutine touches it
}

func newSocket(conn *net.UDPConn, pool *sip.ConnectionPool) *socket {
	return &socket{UDPConn: conn, ready: make(chan struct{}), pool: pool, heardOf: map[string]bool{}}
}

// ReadFrom is called by sipgo's one reading goroutine. When it is called, all
// packets that it returned before have been entered in the pool.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.once.Do(func() { close(s.ready) })
	n, from, err := s.UDPConn.ReadFrom(b)
	if s.retiring.Load() {
		for addr := range s.heardOf {
			s.pool.Add(addr, grave{s.LocalAddr()})
		}
		return 0, nil, net.ErrClosed
	}
	if err == nil {
		s.heardOf[from.String()] = true
	}
	return n, from, err
}

// retire makes the reading goroutine end.
func (s *socket) retire() {
	s.retiring.Store(true)
	_ = s.SetReadDeadline(time.Unix(1, 0))
}

// A grave stands in sipgo's pool for a socket that is closed.
type grave struct{ local net.Addr }

func (g grave) LocalAddr() net.Addr        { return g.local }
func (g grave) WriteMsg(sip.Message) error { return net.ErrClosed }
func (g grave) Ref(int) int                { return 1 }
func (g grave) TryClose() (int, error)     { return 1, nil }
func (g grave) Close() error               { return nil }
