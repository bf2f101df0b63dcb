package redisstore

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strconv"
)

// receipts turns the serial of a registration, counted from 0, into its
// receipt, a figure of six digits, and back. It is a fixed bijection of 0 to
// 999,999, another one for each tenant and key file: two serials never have one
// receipt, and a receipt tells neither how many registered before nor which
// receipt comes next, so that nobody finds another's by counting on from his.
//
// It is a balanced Feistel network of ten rounds over 20 bits whose round
// function is AES under a derived key, applied again while the result is above
// 999,999 (cycle walking; Black and Rogaway, "Ciphers with arbitrary finite
// domains", CT-RSA 2002): at 1,000,000 of 1,048,576 it is seldom applied twice.
type receipts struct{ block cipher.Block }

const (
	serials = 1_000_000
	half    = 10
	mask    = 1<<half - 1
	rounds  = 10
)

func newReceipts(key []byte) (receipts, error) {
	block, err := aes.NewCipher(key)
	return receipts{block}, err
}

func (r receipts) round(n int, x uint32) uint32 {
	var in, out [aes.BlockSize]byte
	in[0], in[1], in[2] = byte(n), byte(x), byte(x>>8)
	r.block.Encrypt(out[:], in[:])
	return (uint32(out[0]) | uint32(out[1])<<8) & mask
}

// receipt gives the receipt of a serial under 1,000,000.
func (r receipts) receipt(serial int) string {
	x := uint32(serial)
	for {
		left, right := x>>half, x&mask
		for n := range rounds {
			left, right = right, left^r.round(n, right)
		}
		if x = left<<half | right; x < serials {
			return fmt.Sprintf("%06d", x)
		}
	}
}

// serial gives the serial of a receipt.
func (r receipts) serial(receipt string) (int, error) {
	x64, err := strconv.ParseUint(receipt, 10, 32)
	if err != nil || len(receipt) != 6 {
		return 0, fmt.Errorf("redisstore: a receipt has six figures")
	}
	x := uint32(x64)
	for {
		left, right := x>>half, x&mask
		for n := rounds - 1; n >= 0; n-- {
			left, right = right^r.round(n, left), left
		}
		if x = left<<half | right; x < serials {
			return int(x), nil
		}
	}
}
