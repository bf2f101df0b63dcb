package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Limits of the server: who sends or reads slowly is cut off before there are
// too many of them. Answers are small, so that these are generous.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	maxBody       = 16 << 10
	stopTimeout   = 5 * time.Second // for the requests that are being answered
)

// TLS names the files of certificate chain and key, both in PEM; the zero TLS is
// plain HTTP.
type TLS struct{ Certificate, Key string }

// Serve answers on a listener until ctx ends, then lets the requests in hand
// finish for some seconds. It closes the listener. The error is nil when ctx
// ended it.
func Serve(ctx context.Context, l net.Listener, h http.Handler, t TLS) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // it quotes what strangers send
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), closingKey{}, ctx.Done())
		},
	}
	served := make(chan error, 1)
	go func() {
		if t.Certificate != "" {
			served <- s.ServeTLS(l, t.Certificate, t.Key)
			return
		}
		served <- s.Serve(l)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("web: the server stopped: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	<-served
	if err != nil {
		return fmt.Errorf("web: stopping the server: %w", err)
	}
	return nil
}
