package snapshot

import (
	"encoding/binary"
	"encoding/hex"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
)

// A record is, unsealed:
//
//	16  code, ASCII, zeros behind a shorter one; never begins with a zero byte
//	 4  date of birth: year (2), month, day
//	10  card number, a digit in each half byte
//	 5  texts, each behind a byte with its length: surname, given name,
//	    municipality, language, telephone
//
// In a slot, zeros follow. A record that is too long for its slot lies in the
// overflow; the slot then holds a zero byte, the place (8) and the length (4).
const (
	codeSize    = 16
	cardSize    = citizen.CardLen / 2
	textsAt     = codeSize + 4 + cardSize
	textFields  = 5
	maxText     = 255
	maxRecord   = textsAt + textFields*(1+maxText)
	pointerSize = 1 + 8 + 4
)

// appendRecord encodes a row that has passed every check.
func appendRecord(b []byte, code fiscalcode.Code, birth citizen.Date, card []byte, texts [textFields][]byte) []byte {
	at := len(b)
	b = append(b, code.Reveal()...)
	for len(b) < at+codeSize {
		b = append(b, 0)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(birth.Year()))
	b = append(b, byte(birth.Month()), byte(birth.Day()))
	for i := 0; i < len(card); i += 2 {
		b = append(b, (card[i]-'0')<<4|(card[i+1]-'0'))
	}
	for _, text := range texts {
		b = append(b, byte(len(text)))
		b = append(b, text...)
	}
	return b
}

// decodeRecord is the way back. Every fault is ErrDamaged: no part of a record
// gets into an error text.
func decodeRecord(b []byte) (citizen.Citizen, error) {
	if len(b) < textsAt {
		return citizen.Citizen{}, ErrDamaged
	}
	var texts [textFields]string
	rest := b[textsAt:]
	for i := range texts {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return citizen.Citizen{}, ErrDamaged
		}
		end := 1 + int(rest[0])
		texts[i], rest = string(rest[1:end]), rest[end:]
	}
	code := b[:codeSize]
	for len(code) > 0 && code[len(code)-1] == 0 {
		code = code[:len(code)-1]
	}
	var c citizen.Citizen
	var errs [4]error
	c.Code, errs[0] = fiscalcode.ParseTrustingPlace(string(code))
	c.BirthDate, errs[1] = citizen.NewDate(int(binary.BigEndian.Uint16(b[codeSize:])), int(b[codeSize+2]), int(b[codeSize+3]))
	c.Card, errs[2] = citizen.ParseCard(hex.EncodeToString(b[codeSize+4 : textsAt]))
	c.Phone, errs[3] = phone.Parse(texts[4])
	for _, err := range errs {
		if err != nil {
			return citizen.Citizen{}, ErrDamaged
		}
	}
	c.Surname, c.GivenName = citizen.NewName(texts[0]), citizen.NewName(texts[1])
	c.Municipality, c.Language = texts[2], texts[3]
	return c, nil
}

// appendPointer is the content of a slot whose record lies in the overflow.
func appendPointer(b []byte, at int64, length int) []byte {
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	return binary.BigEndian.AppendUint32(b, uint32(length))
}

// pointer reads what appendPointer wrote; ok is false for a record.
func pointer(slot []byte) (at int64, length int, ok bool) {
	if len(slot) < pointerSize || slot[0] != 0 {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(slot[1:])), int(binary.BigEndian.Uint32(slot[9:])), true
}
