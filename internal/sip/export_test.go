package sip

import (
	"net"

	"github.com/emiago/sipgo/sip"
)

// Socket is the phone's socket for an exchange made of sipgo in these tests; it
// has to be begun and ended with the same care.
type Socket = socket

// NewSocket makes a Socket.
func NewSocket(conn *net.UDPConn, pool *sip.ConnectionPool) *Socket { return newSocket(conn, pool) }

// Retire ends it.
func (s *socket) Retire() { s.retire() }
