package app_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
	"richiamo/internal/speech"
)

// What has nearly gone wrong elsewhere, where only the wire can show it.

// outside is an address of documentation (RFC 5737), where nobody is.
var outside = netip.MustParseAddr("192.0.2.10")

// outsider is a telephone that says that its sound is elsewhere, as one behind a
// router does.
func (w *town) outsider(cfg sip.Config) *sip.Phone {
	w.Helper()
	ear, err := ears()
	require.NoError(w, err)
	cfg.Ear, cfg.Announced = ear, outside
	phone, err := sip.New(cfg)
	require.NoError(w, err)
	w.Cleanup(func() { _ = phone.Close() })
	return phone
}

// Sound went to the address that the other side had named, an outer one behind which
// nobody was: no key arrived, and the caller heard nothing (the troubleshooting of
// github.com/Diyarbekoralbaev/emergency_callback_go tells of it). Here sound goes to
// where sound comes from: for who calls us, whom we call, and who answers.
func TestNearMissSoundToAnOutsideAddress(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	require.NoError(t, w.homes.Close())
	w.homes = w.outsider(sip.Config{Listen: w.in.Asterisk.CarrierAddr})
	go w.rung.collect(w.homes.Incoming())
	agent1 := w.in.Asterisk.Agents[0]
	desk := w.outsider(sip.Config{Listen: "127.0.0.1:0", User: agent1.Name, Password: agent1.Password, Registrar: w.in.Asterisk.SIPAddr})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, desk.Register(ctx))

	w.promised(giovanni) // keys of a caller, and what a caller hears
	w.agentIs("agent1", "ready")
	called := w.answers(w.ring(giovanni))
	called.hears(speech.ReturnHello)
	called.presses("1") // keys of whom we called
	inv := w.rings(desk.Incoming())
	c, err := inv.Answer()
	require.NoError(t, err)
	agent := &line{T: t, Call: c}
	agent.SendTone(1000)
	together(called, agent, 1000)
	called.leaves()
	agent.over()
}

// A call center booked people whom the web refused (Sicily, February 2021). Here the
// last who may and the first who may not have one answer, whoever asks: the citizen by
// telephone, the pharmacy, the portal.
func TestNearMissIneligibleBookings(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	for _, who := range []struct {
		code, phone, card string
		may               bool
	}{
		{"MRADLA41T71F704B", "0392345626", "72027", true},  // born on 31 December 1941
		{"PZZNNA42A41F205T", "0212345633", "72734", false}, // born on the day after
	} {
		l := w.calls(who.phone)
		l.keying()
		l.presses(keysOf(who.code))
		l.hears(speech.IdentifyAskCardDigits)
		l.presses(who.card)
		if who.may {
			l.hears(speech.PreregisterEligible)
		} else {
			l.hears(speech.PreregisterNotEligible)
			assert.False(t, l.heardEver(speech.PreregisterEligible))
		}
		body := map[string]string{"fiscal_code": who.code, "phone": who.phone}
		_, pharmacy := w.try(http.MethodPost, "/api/v1/registrations", "demo-pharmacy-key-0001", body, nil)
		body["purpose"] = "verify"
		_, portal := w.try(http.MethodPost, "/api/v1/return-calls", portalKey, body, nil)
		for _, err := range []error{pharmacy, portal} {
			if who.may {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, "urn:richiamo:problem:not-eligible")
			}
		}
		l.leaves()
	}
}

// When the lines of a health department were full, callers heard that the number was
// disconnected, and gave up (Catawba, DHD10, Florida, in January 2021). Here a call too
// many is refused so that every network plays its tone for "all lines busy": 503, with
// cause 34 or 42 of Q.850. And when it is the network that is full and says that the
// number we dialled does not exist, it is dialled again.
func TestNearMissNumberDisconnectedAtSaturation(t *testing.T) {
	w := configured(t, demo.Options{}, "otherwise: 30s", "otherwise: 2s", "our_fault: 10s, 30s", "our_fault: 2s")
	conf := filepath.Join(w.in.Asterisk.InstanceDir, "etc", "asterisk.conf")
	text, err := os.ReadFile(conf)
	require.NoError(t, err)
	require.Contains(t, string(text), "maxcalls = 1000")
	require.NoError(t, os.WriteFile(conf, []byte(strings.ReplaceAll(string(text), "maxcalls = 1000", "maxcalls = 2")), 0o600))
	require.NoError(t, w.in.Asterisk.Restart(t.Context()))
	w.open()

	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	answered := func(number string) (l *line) {
		require.True(t, soon(patience, func() bool {
			c, err := w.dial(ctx, number)
			l = &line{T: t, Call: c}
			return err == nil
		}), "as soon as a line is free the next one is answered")
		return l
	}
	first, second := answered(giovanni), answered(luciaPhone) // the notebook is read on a line too
	first.hears(speech.WelcomeHello)
	second.hears(speech.WelcomeHello)
	for range 3 {
		_, err := w.dial(ctx, mariaPhone)
		var refused *sip.Refused
		require.True(t, errors.As(err, &refused), "%v", err)
		assert.Equal(t, http.StatusServiceUnavailable, refused.Status)
		assert.Contains(t, []int{34, 42}, refused.Cause, "no circuit, or congestion")
	}
	first.leaves()
	answered(mariaPhone).leaves()
	second.leaves()

	// Of a refusal Asterisk tells us the status, and not the cause that goes with it.
	for i, full := range []struct {
		status  int
		outcome string
	}{{503, "our-fault"}, {404, "unreachable"}} {
		number := []string{"0212340503", "0212340404"}[i]
		id := w.handOver(registrants()[i], number)
		require.NoError(t, w.ring(number).RefuseFor(full.status, 34))
		w.ring(number) // and is dialled again: one network's word does not make a number dead
		r := w.returnCall(id)
		require.NotEmpty(t, r.Attempts)
		assert.Equal(t, full.outcome, r.Attempts[0].Outcome)
		assert.Equal(t, "dialling", r.State)
	}
}

// A number shown that is not the one configured, or none, is what networks block: every
// call of ours shows exactly that, whatever it is for.
func TestNearMissForeignTrunkShownNumber(t *testing.T) {
	const shown = "0298765432"
	w := configured(t, demo.Options{}, `service_phone: "800000000"`, `service_phone: "`+shown+`"`)
	w.open()
	w.promised(giovanni)
	w.handOver(luciaCode, luciaPhone)
	w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	for _, number := range []string{giovanni, luciaPhone} {
		inv := w.ring(number)
		assert.Equal(t, shown, inv.From())
		assert.Contains(t, []string{"", shown}, inv.Asserted())
		require.NoError(t, inv.Refuse(480))
	}
}
