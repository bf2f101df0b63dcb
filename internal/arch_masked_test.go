package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/config"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// Invented, and of a shape that no other text of these tests has.
const (
	inventedCode   = "RSSMRA36A41F205"
	inventedNumber = "0288446688"
	inventedName   = "Quarantotti"
	inventedCard   = "80380009876543210987"
)

// masked are values of all types that hold what belongs to a person, or a
// secret, by their names.
func masked(t *testing.T) map[string]any {
	t.Helper()
	code, err := completed()
	require.NoError(t, err)
	facts, ok := code.Facts()
	require.True(t, ok)
	number, err := phone.Parse(inventedNumber)
	require.NoError(t, err)
	card, err := citizen.ParseCard(inventedCard)
	require.NoError(t, err)
	second, err := citizen.CardDigits(inventedCard[10:])
	require.NoError(t, err)
	name := citizen.NewName(inventedName)
	return map[string]any{
		"fiscalcode.Code": code, "fiscalcode.Keys": code.Keypad(), "fiscalcode.Facts": facts,
		"phone.Number": number,
		"citizen.Name": name, "citizen.Card": card, "citizen.Second": second,
		"citizen.Citizen": citizen.Citizen{Code: code, Surname: name, GivenName: name, Card: card, Phone: number, Municipality: inventedName},
		"queue.Ticket": queue.Ticket{
			ID: "t1", Phone: number, Citizen: code.Reveal(), Keyed: code.Keypad().Reveal(), Note: inventedName,
			Recording: inventedNumber, Word: "417", OutcomeNote: inventedName,
			Also: []queue.Request{{Citizen: code.Reveal(), Note: inventedName}},
		},
		"queue.Subject": queue.Subject{Kind: queue.OfPhone, Value: inventedNumber},
		"queue.Ledger":  queue.Ledger{Subject: queue.Subject{Kind: queue.OfCitizen, Value: code.Reveal()}},
		"queue.Request": queue.Request{Citizen: code.Reveal(), Note: inventedName},
		"speech.Slot":   speech.Slot{Name: "phone", Kind: speech.KindFigures, Value: inventedNumber},
		"config.Secret": config.Secret(inventedName),
		"config.Key":    config.Key{},
	}
}

// completed gives the invented code with its check character.
func completed() (code fiscalcode.Code, err error) {
	for c := 'A'; c <= 'Z'; c++ {
		if code, err = fiscalcode.Parse(inventedCode + string(c)); err == nil {
			break
		}
	}
	return code, err
}

// betrays tells what of a person a text shows: parts suffice.
func betrays(t *testing.T, text string) []string {
	t.Helper()
	code, err := completed()
	require.NoError(t, err)
	var shown []string
	for _, whole := range []string{code.Reveal(), code.Keypad().Reveal(), inventedNumber, inventedName, inventedCard, "F205"} {
		for _, part := range []string{whole, whole[:min(len(whole), 6)], whole[max(0, len(whole)-6):], fmt.Sprintf("%x", whole), fmt.Sprintf("%X", whole)} {
			if strings.Contains(text, part) {
				shown = append(shown, part)
			}
		}
	}
	return shown
}

const whyMasked = "a person's data that are printed once are in logs, tickets and mails for ever; only Reveal may show them"

func TestRule6PersonalDataPrintMasked(t *testing.T) {
	t.Parallel()
	for name, v := range masked(t) {
		_, formats := v.(fmt.Formatter)
		assert.True(t, formats, "%s is no fmt.Formatter, so some verb shows it: %s", name, whyMasked)
		_, logs := v.(slog.LogValuer)
		assert.True(t, logs, "%s is no slog.LogValuer: %s", name, whyMasked)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%.3s", "%t"} {
			for _, holder := range []any{v, &v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}} {
				assert.Empty(t, betrays(t, fmt.Sprintf(verb, holder)), "%s in %T shows with %s what it holds: %s", name, holder, verb, whyMasked)
			}
		}
		assert.Empty(t, betrays(t, fmt.Errorf("x: %v", v).Error()), "%s in an error: %s", name, whyMasked)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		assert.Empty(t, betrays(t, log.String()), "%s in a log: %s", name, whyMasked)
	}
}

// Whatever can be revealed is masked, and is in the table above.
func TestRule6WhatIsRevealedIsMasked(t *testing.T) {
	t.Parallel()
	known := masked(t)
	for room, inside := range rooms(t) {
		for _, f := range inside {
			for _, d := range f.Decls {
				m, ok := d.(*ast.FuncDecl)
				if !ok || m.Recv == nil || m.Name.Name != "Reveal" {
					continue
				}
				name := room + "." + receiver(m)
				assert.Contains(t, known, name, "%s: %s has Reveal: give the test an invented value of it in masked (internal/arch_masked_test.go)", f.at(m), name)
			}
		}
	}
}

// Reveal is the one way to a person's data, so it can be searched for; what it
// gives must not end in a text.
func TestRule6NothingRevealedIsFormattedOrLogged(t *testing.T) {
	t.Parallel()
	for _, f := range production(t) {
		if levelOf(f.room) == commandLevel { // a command prints to the operator what the operator typed
			continue
		}
		names := f.imported()
		ast.Inspect(f.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !writesText(names, call) {
				return true
			}
			for _, argument := range call.Args {
				ast.Inspect(argument, func(n ast.Node) bool {
					s, ok := n.(*ast.SelectorExpr)
					assert.False(t, ok && s.Sel.Name == "Reveal",
						"%s: what Reveal gives goes into a text or a log. Pass the masked value itself: a log outlives its purpose and is read by many", f.at(call))
					return true
				})
			}
			return true
		})
	}
}

// writesText tells whether a call makes a text or a line of the log of its
// arguments.
func writesText(names map[string]string, call *ast.CallExpr) bool {
	p, member := selects(names, call.Fun)
	if p == "fmt" || p == "log" || p == "log/slog" || p == "errors" {
		return true
	}
	if s, ok := call.Fun.(*ast.SelectorExpr); ok && p == "" {
		member = s.Sel.Name
	}
	return p == "" && slices.ContainsFunc([]string{"Debug", "Info", "Warn", "Error", "With"}, func(level string) bool {
		return strings.TrimSuffix(member, "Context") == level
	})
}
