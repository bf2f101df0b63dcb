package fiscalcode

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// keyOfLetter holds the telephone key of each letter A to Z (ITU-T E.161).
const keyOfLetter = "22233344455566677778889999"

// MaxKeys is the most keys that a Keys can hold: more than any code has, and
// than any slip in keying one adds.
const MaxKeys = 18

// Keys is a sequence of telephone keys 0 to 9, as keyed by a caller or as the
// projection of a code. It is comparable and small, and it prints masked: the
// keys of a code are as personal as the code.
type Keys struct {
	// hidden is the veiled ordinal: the number that the keys spell behind a
	// leading 1, so that leading zeros and the count of keys are part of it. 0
	// means no keys.
	hidden uint64
}

// Errors of ParseKeys.
var (
	ErrNotKeys     = errors.New("only the keys 0 to 9 can spell a code")
	ErrTooManyKeys = fmt.Errorf("more than %d keys", MaxKeys)
)

// ParseKeys reads keyed digits. It accepts any sequence of 0 to MaxKeys keys,
// because callers slip; Shape says what they could mean.
func ParseKeys(digits string) (Keys, error) {
	if len(digits) > MaxKeys {
		return Keys{}, ErrTooManyKeys
	}
	if digits == "" {
		return Keys{}, nil
	}
	ordinal := uint64(1)
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return Keys{}, ErrNotKeys
		}
		ordinal = ordinal*10 + uint64(digits[i]-'0')
	}
	return Keys{veil(ordinal)}, nil
}

// Keypad gives the keys that a caller presses to key the code: for each
// character, once, the key that bears it. The zero Code has none.
func (c Code) Keypad() Keys {
	b, n := c.bytes()
	if n == 0 {
		return Keys{}
	}
	ordinal := uint64(1)
	for _, ch := range b[:n] {
		if isUpper(ch) {
			ch = keyOfLetter[ch-'A']
		}
		ordinal = ordinal*10 + uint64(ch-'0')
	}
	return Keys{veil(ordinal)}
}

// Ordinal gives the keys as one number that differs for different keys: the
// number that they spell behind a leading 1 (keys 007 are 1007), 0 for none. It
// is what an index sorts by.
func (k Keys) Ordinal() uint64 { return unveil(k.hidden) }

// Len is the number of keys, 0 to MaxKeys.
func (k Keys) Len() int {
	if k.hidden == 0 {
		return 0
	}
	return len(strconv.FormatUint(k.Ordinal(), 10)) - 1
}

// Reveal gives the keys as digits: personal data.
func (k Keys) Reveal() string {
	if k.hidden == 0 {
		return ""
	}
	return strconv.FormatUint(k.Ordinal(), 10)[1:]
}

// Shape says of which kind of code the keys could be, judged by their number
// and by the first of them; None if of none. 787 and 364 are STP and ENI on a
// keypad. They are told from names by what follows: the number of a region
// begins with 0 or 1, keys without letters, or is 200, and 20 would be a name
// with a digit in it.
func (k Keys) Shape() Kind {
	s := k.Reveal()
	switch len(s) {
	case provisionalLen:
		return Provisional
	case personalLen:
		prefix, region := s[:3], s[3:6]
		issued := "010" <= region && region <= "200"
		switch {
		case prefix == "787" && issued:
			return STP
		case prefix == "364" && issued:
			return ENI
		case strings.ContainsAny(s[:6], "01"):
			return None
		}
		return Personal
	default:
		return None
	}
}

// String gives the keys masked: only their number shows.
func (k Keys) String() string { return strings.Repeat("*", k.Len()) }

// Format prints the masked form for every verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// GoString is the masked form.
func (k Keys) GoString() string { return k.String() }

// LogValue is the masked form.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText gives the keys as digits, for sealed storage only.
func (k Keys) MarshalText() ([]byte, error) { return []byte(k.Reveal()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Keys) UnmarshalText(text []byte) error {
	keys, err := ParseKeys(string(text))
	if err != nil {
		return fmt.Errorf("stored keys: %w", err)
	}
	*k = keys
	return nil
}
