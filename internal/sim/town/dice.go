package town

import (
	"math"
	"math/rand/v2"
	"time"
)

// Dice are the chance of a world. The same seed throws the same.
type Dice struct{ *rand.Rand }

// NewDice are the dice of a seed; stream keeps apart what should not disturb each
// other.
func NewDice(seed, stream uint64) Dice {
	return Dice{rand.New(rand.NewPCG(seed, stream))}
}

// Chance is true with a probability.
func (d Dice) Chance(p float64) bool { return p > 0 && d.Float64() < p }

// Between is a time from low to high, each as likely.
func (d Dice) Between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(d.Int64N(int64(high-low)))
}

// Around is a time that is mean on the average, seldom much longer and never
// negative: the logarithmic normal distribution that telephone calls have, with
// spread as the deviation of the logarithm.
func (d Dice) Around(mean time.Duration, spread float64) time.Duration {
	mu := math.Log(float64(mean)) - spread*spread/2
	return time.Duration(math.Exp(mu + spread*d.NormFloat64()))
}

// After is the time to the next of events that come independently of each other,
// one in mean.
func (d Dice) After(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}

// One of some, each as likely.
func One[T any](d Dice, of ...T) T { return of[d.IntN(len(of))] }
