package ari

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// cable carries TCP to Asterisk and can be cut, or carry nothing.
type cable struct {
	t      *testing.T
	listen net.Listener
	to     string
	done   sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	blocked chan struct{}
}

func newCable(t *testing.T, to string) *cable {
	listen, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cable{t: t, listen: listen, to: to, conns: map[net.Conn]bool{}}
	c.done.Go(c.accept)
	t.Cleanup(func() {
		_ = listen.Close()
		c.hang(false)
		c.cut()
		c.done.Wait()
	})
	return c
}

func (c *cable) addr() string { return c.listen.Addr().String() }

func (c *cable) accept() {
	for {
		near, err := c.listen.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp4", c.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		c.mu.Lock()
		c.conns[near], c.conns[far] = true, true
		c.mu.Unlock()
		c.done.Go(func() { c.carry(near, far) })
		c.done.Go(func() { c.carry(far, near) })
	}
}

func (c *cable) carry(from, to net.Conn) {
	defer func() {
		_ = from.Close()
		_ = to.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, from)
	}()
	packet := make([]byte, 32<<10)
	for {
		n, err := from.Read(packet)
		c.mu.Lock()
		blocked := c.blocked
		c.mu.Unlock()
		if blocked != nil {
			<-blocked
		}
		if n > 0 {
			if _, err := to.Write(packet[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut breaks all connections that there are.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close()
	}
}

// hang lets connections live and carry nothing.
func (c *cable) hang(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blocked != nil {
		close(c.blocked)
		c.blocked = nil
	}
	if on {
		c.blocked = make(chan struct{})
	}
}
