package queue

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"richiamo/internal/phone"
)

// CheckPolicy is the policy of a TrunkCheck: every five minutes, without end.
func CheckPolicy() Policy {
	p := DefaultPolicy().Every(5 * time.Minute)
	p.Attempts = math.MaxInt
	return p
}

// CheckKeys are the six figures that an attempt of a TrunkCheck keys once it is
// answered: the call that comes in and brings them is our own, whatever number it
// shows, and a citizen who calls at the same moment is not. They follow from the
// attempt, so that every process knows them.
func CheckKeys(a Attempt) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", a.Call, a.At.UnixMilli()))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[:4])%1_000_000)
}

// Shown judges the number with which a TrunkCheck has come back in, as the network
// gave it, by the one that citizens shall see: Delivered, ShownOther or ShownNone.
// The two may be written differently, with the country code or without.
func Shown(arrived, ours string) Outcome {
	number, err := phone.Parse(arrived)
	want, _ := phone.Parse(ours)
	switch {
	case err == nil && number.Withheld():
		return ShownNone
	case err == nil && number == want:
		return Delivered
	}
	return ShownOther
}
