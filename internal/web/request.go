package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// readBody decodes the JSON of a request, strictly: an unknown field is more
// often a misspelt one than one that may be left out.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problemMediaType
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return problemBadRequest.with("Send one JSON object and nothing after it.")
		}
		return nil
	}
	var tooLarge *http.MaxBytesError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLarge):
		return problemTooLarge
	case errors.As(err, &wrongType):
		return problemBadRequest.with(fmt.Sprintf("The field %q must be of the type %s.", wrongType.Field, wrongType.Type.Kind()))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return problemBadRequest.with("There is no field " + strings.TrimPrefix(err.Error(), "json: unknown field ") + " in this request.")
	}
	return problemBadRequest.with("Send one JSON object.")
}

// fields gathers what is wrong with a request, all of it.
type fields struct{ wrong []fieldProblem }

func (f *fields) add(name, detail string) {
	f.wrong = append(f.wrong, fieldProblem{name, detail})
}

func (f *fields) err() error {
	if len(f.wrong) == 0 {
		return nil
	}
	p := problemInvalid
	p.fields = f.wrong
	return p
}

// fiscalCode reads a code that another system took from its own register: a
// place of birth founded yesterday is believed.
func (f *fields) fiscalCode(name, text string) fiscalcode.Code {
	code, err := fiscalcode.ParseTrustingPlace(text)
	if err != nil {
		f.add(name, err.Error())
	}
	return code
}

// phone reads a number that may be dialled. Spaces are how people write one.
func (f *fields) phone(name, text string) phone.Number {
	n, err := phone.Parse(strings.ReplaceAll(text, " ", ""))
	if err == nil {
		err = n.Dialable()
	}
	var refusal *phone.Refusal
	switch {
	case errors.As(err, &refusal):
		f.add(name, "only Italian landline and mobile numbers are called: "+string(refusal.Reason))
	case err != nil:
		f.add(name, err.Error())
	}
	return n
}

// maxNotBefore is how far ahead a call may be asked for.
const maxNotBefore = 366 * 24 * time.Hour

func (f *fields) notBefore(name, text string, now time.Time) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		f.add(name, "must be a time with its offset (RFC 3339), as 2027-02-15T09:30:00+01:00")
	case t.After(now.Add(maxNotBefore)):
		f.add(name, "must be within a year")
	}
	return t.UTC()
}

func (f *fields) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(name, "must be one of: "+strings.Join(allowed, ", "))
	}
}

// class checks the one class that may be asked for, and that there is a person to be
// spoken with.
func (f *fields) class(name, value string, purpose queue.Purpose) {
	switch {
	case value == string(queue.Normal):
	case value != string(queue.RedFlag):
		f.add(name, "must be left out, or be: "+string(queue.RedFlag))
	case purpose != queue.WantsPerson:
		f.add(name, "goes with the purpose "+string(queue.WantsPerson)+" only: nobody is spoken with otherwise")
	}
}

// text checks a text that a person will read: at most so many characters, and
// none that a screen would obey.
func (f *fields) text(name, value string, most int) {
	switch {
	case utf8.RuneCountInString(value) > most:
		f.add(name, fmt.Sprintf("must have at most %d characters", most))
	case strings.ContainsFunc(value, func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) }):
		f.add(name, "must not hold control characters")
	}
}

// idempotencyKey reads the name that a caller gives to a request.
func idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) != 1 || keys[0] == "" || len(keys[0]) > 200 ||
		strings.ContainsFunc(keys[0], func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", problemNoKey
	}
	return keys[0], nil
}

// A page of a list: how many at most, and from where.
type paging struct {
	limit  int
	cursor string
}

const (
	defaultLimit = 50
	maxLimit     = 200
	maxCursor    = 500
)

// query checks the parameters of a request: those known and no others, each at
// most once, except state, of which there may be several.
func query(r *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problemBadRequest.with("The query of the URL is not well formed.")
	}
	for name, values := range q {
		switch {
		case len(known) == 0:
			return nil, problemBadRequest.with("There are no parameters here.")
		case !slices.Contains(known, name):
			return nil, problemBadRequest.with("There is no such parameter here; known: " + strings.Join(known, ", ") + ".")
		case len(values) > 1 && name != "state":
			return nil, problemBadRequest.with("The parameter " + name + " is given twice.")
		}
	}
	return q, nil
}

func page(q url.Values) (paging, error) {
	p := paging{limit: defaultLimit, cursor: q.Get("cursor")}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return p, problemBadRequest.with(fmt.Sprintf("limit must be from 1 to %d.", maxLimit))
		}
		p.limit = n
	}
	if len(p.cursor) > maxCursor {
		return p, problemBadRequest.with("cursor must be what next was.")
	}
	return p, nil
}

// gather collects those items of a store's pages that are for whoever asks. It
// goes on while nothing at all was found, for so many pages; an answer may
// therefore hold fewer items than its limit, or none, and still have a next.
func gather[T any](p paging, fetch func(cursor string, limit int) ([]T, string, error), keep func(T) bool) ([]T, string, error) {
	const pages = 20
	for range pages {
		list, next, err := fetch(p.cursor, p.limit)
		if err != nil {
			return nil, "", err
		}
		kept := slices.DeleteFunc(slices.Clone(list), func(t T) bool { return !keep(t) })
		if len(kept) > 0 || next == "" {
			return kept, next, nil
		}
		p.cursor = next
	}
	return nil, p.cursor, nil
}
