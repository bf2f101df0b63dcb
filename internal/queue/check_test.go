package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arrived string
		want    Outcome
	}{
		{"800000000", Delivered}, {"+39800000000", Delivered}, {"0039800000000", Delivered},
		{"", ShownNone}, {"anonymous", ShownNone}, {"0299999999", ShownOther}, {"+41800000000", ShownOther}, {"asterisk", ShownOther},
	} {
		assert.Equal(t, tt.want, Shown(tt.arrived, "800000000"), tt.arrived)
		assert.Equal(t, tt.want, Shown(tt.arrived, "+39800000000"), tt.arrived)
	}
}

func TestCheckKeys(t *testing.T) {
	t.Parallel()
	a := Attempt{Call: "check-demo-2027-02-15-1-1", At: time.UnixMilli(1_800_000_000_123)}
	assert.Regexp(t, "^[0-9]{6}$", CheckKeys(a))
	again, next := a, a
	again.Outcome, again.At = Delivered, a.At.Add(time.Microsecond) // as it is read back
	next.Call = "check-demo-2027-02-15-1-2"
	assert.Equal(t, CheckKeys(a), CheckKeys(again))
	assert.NotEqual(t, CheckKeys(a), CheckKeys(next))
	for _, o := range []Outcome{NotBack, ShownOther, ShownNone} {
		assert.True(t, o.Valid() && o.Ours() && o.again(), o)
	}
}
