package ari

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if to := os.Getenv(callerVariable); to != "" {
		placeCalls(to)
		return
	}
	goleak.VerifyTestMain(m)
}
