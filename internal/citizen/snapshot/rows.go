package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
)

// Columns are the names that the first line of a register's CSV file must hold,
// in any order; other columns are passed over.
func Columns() []string {
	return []string{"fiscal_code", "surname", "given_name", "birth_date", "card_number", "municipality", "language", "phone"}
}

// The columns by number, in the order of Columns.
const (
	colCode = iota
	colSurname
	colGivenName
	colBirthDate
	colCard
	colMunicipality
	colLanguage
	colPhone
	columns
)

// ErrHeader is wrapped by what Import says of a first line that is no header.
var ErrHeader = errors.New("the first line must name the columns " + strings.Join(Columns(), ","))

// header says which field of a line is which column.
type header struct {
	fields int
	at     [columns]int
}

func parseHeader(line []byte) (header, error) {
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // the mark that some spreadsheets put first
	fields, err := splitLine(trimReturn(line), nil)
	if err != nil {
		return header{}, fmt.Errorf("%w: %s", ErrHeader, err)
	}
	h := header{fields: len(fields)}
	for i, name := range Columns() {
		h.at[i] = -1
		for j, field := range fields {
			if string(bytes.TrimSpace(field)) == name {
				h.at[i] = j
			}
		}
		if h.at[i] < 0 {
			hint := ""
			if bytes.IndexByte(line, ';') >= 0 {
				hint = " (and separate them by commas, not semicolons)"
			}
			return header{}, fmt.Errorf("%w: %s is missing%s", ErrHeader, name, hint)
		}
	}
	return h, nil
}

func trimReturn(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }

// Faults of a line as a whole.
var (
	errQuote     = errors.New("a quotation mark is out of place")
	errLineLong  = fmt.Errorf("the line is longer than %d bytes", maxLine)
	errEncoding  = errors.New("is not UTF-8")
	errControl   = errors.New("holds a control character")
	errTextLong  = fmt.Errorf("is longer than %d bytes", maxText)
	errBirthDate = errors.New("is no date like 1936-01-31")
	errLanguage  = errors.New("is no language like it or de")
	errNoName    = errors.New("surname and given_name are both empty")
)

// splitLine takes a line apart at its commas (RFC 4180) and appends the fields.
// A line is a row, always: a quotation mark that is left open spoils its own
// line and not the rest of the file, and lines can be read on several cores.
func splitLine(line []byte, fields [][]byte) ([][]byte, error) {
	for {
		if len(line) > 0 && line[0] == '"' {
			field, rest, err := unquote(line)
			if err != nil {
				return nil, err
			}
			fields = append(fields, field)
			if len(rest) == 0 {
				return fields, nil
			}
			line = rest[1:]
			continue
		}
		end := bytes.IndexByte(line, ',')
		field := line
		if end >= 0 {
			field = line[:end]
		}
		if bytes.IndexByte(field, '"') >= 0 {
			return nil, errQuote
		}
		fields = append(fields, field)
		if end < 0 {
			return fields, nil
		}
		line = line[end+1:]
	}
}

// unquote reads a field in quotation marks; rest is empty or begins with the
// comma after the field.
func unquote(line []byte) (field, rest []byte, err error) {
	i := 1
	for {
		end := bytes.IndexByte(line[i:], '"')
		if end < 0 {
			return nil, nil, errQuote
		}
		field = append(field, line[i:i+end]...)
		i += end + 1
		switch {
		case i == len(line) || line[i] == ',':
			return field, line[i:], nil
		case line[i] == '"':
			field = append(field, '"')
			i++
		default:
			return nil, nil, errQuote
		}
	}
}

// rowParser turns lines into records. It is for one goroutine.
type rowParser struct {
	header     header
	trustPlace bool
	fields     [][]byte
	scratch    []byte
}

// parse checks a line and appends its record to b. The error names the column
// and the fault, never the value.
func (p *rowParser) parse(line, b []byte) ([]byte, fiscalcode.Keys, error) {
	fields, err := splitLine(line, p.fields[:0])
	if err != nil {
		return b, fiscalcode.Keys{}, err
	}
	p.fields = fields
	if len(fields) != p.header.fields {
		return b, fiscalcode.Keys{}, fmt.Errorf("%d fields instead of %d", len(fields), p.header.fields)
	}
	field := func(column int) []byte { return bytes.TrimSpace(fields[p.header.at[column]]) }

	read := fiscalcode.Parse
	if p.trustPlace {
		read = fiscalcode.ParseTrustingPlace
	}
	code, err := read(string(field(colCode)))
	if err != nil {
		return b, fiscalcode.Keys{}, inColumn(colCode, err)
	}
	birth, err := citizen.ParseDate(string(field(colBirthDate)))
	if err != nil {
		return b, fiscalcode.Keys{}, inColumn(colBirthDate, errBirthDate)
	}
	card := field(colCard)
	if !isCard(card) {
		return b, fiscalcode.Keys{}, inColumn(colCard, citizen.ErrCard)
	}
	texts := [textFields][]byte{field(colSurname), field(colGivenName), field(colMunicipality), field(colLanguage), nil}
	for i, column := range [...]int{colSurname, colGivenName, colMunicipality} {
		if err := checkText(texts[i]); err != nil {
			return b, fiscalcode.Keys{}, inColumn(column, err)
		}
	}
	if len(texts[0]) == 0 && len(texts[1]) == 0 {
		return b, fiscalcode.Keys{}, errNoName
	}
	if !isLanguage(texts[3]) {
		return b, fiscalcode.Keys{}, inColumn(colLanguage, errLanguage)
	}
	number, err := p.phone(field(colPhone))
	if err != nil {
		return b, fiscalcode.Keys{}, inColumn(colPhone, err)
	}
	texts[4] = []byte(number)
	return appendRecord(b, code, birth, card, texts), code.Keypad(), nil
}

func inColumn(column int, err error) error {
	return fmt.Errorf("%s: %w", Columns()[column], err)
}

// phone gives the normal form of a number. Registers write numbers for the eye;
// what the eye needs is taken away before the strict reading.
func (p *rowParser) phone(field []byte) (string, error) {
	p.scratch = p.scratch[:0]
	for _, c := range field {
		if strings.IndexByte(" .-/()", c) < 0 {
			p.scratch = append(p.scratch, c)
		}
	}
	number, err := phone.Parse(string(p.scratch))
	if err != nil {
		return "", err
	}
	return number.Reveal(), nil
}

func isCard(digits []byte) bool {
	if len(digits) != citizen.CardLen {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isLanguage takes the two letters of ISO 639-1, or nothing.
func isLanguage(b []byte) bool {
	return len(b) == 0 || len(b) == 2 && 'a' <= b[0] && b[0] <= 'z' && 'a' <= b[1] && b[1] <= 'z'
}

func checkText(b []byte) error {
	if len(b) > maxText {
		return errTextLong
	}
	if !utf8.Valid(b) {
		return errEncoding
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return errControl
		}
	}
	return nil
}
