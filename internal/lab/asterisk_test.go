package lab_test

import (
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/asterisk"
	"richiamo/internal/lab"
)

const service = "800000000"

func TestAsteriskSideBySideAndAgain(t *testing.T) {
	t.Parallel()
	one, two := start(t, lab.Options{}), start(t, lab.Options{})
	require.NotEqual(t, one.SIPAddr, two.SIPAddr)
	require.NotEqual(t, one.ARIURL, two.ARIURL)
	for _, pbx := range []*lab.Asterisk{one, two} {
		status, body := ari(t, pbx, "GET", "/asterisk/info", nil, "")
		require.Equal(t, 200, status)
		require.Contains(t, body, pbx.Version)
		require.NotContains(t, pbx.Log(), "declined to load")
		require.NotContains(t, pbx.Log(), "ERROR", "errors of configuration")
	}

	first := one.PID()
	one.Kill()
	require.False(t, one.Running())
	require.NoError(t, one.Restart(t.Context()))
	require.NotEqual(t, first, one.PID())
	status, _ := ari(t, one, "GET", "/asterisk/info", nil, "")
	require.Equal(t, 200, status)

	folder := one.InstanceDir
	one.Stop()
	one.Stop()
	require.False(t, one.Running())
	require.NoDirExists(t, folder)
	status, _ = ari(t, two, "GET", "/asterisk/info", nil, "")
	require.Equal(t, 200, status, "the other one is not touched")
}

func TestAsteriskSaysWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer socket.Close()
	_, err = lab.StartAsterisk(t.Context(), lab.Options{SIPPort: socket.LocalAddr().(*net.UDPAddr).Port})
	require.ErrorContains(t, err, "is taken: end what listens there")
}

func TestAsteriskThatDoesNotComeUpTellsWhy(t *testing.T) {
	t.Parallel()
	_, err := lab.StartAsterisk(t.Context(), lab.Options{Adjust: func(v *asterisk.Values) { v.StockData = "/nowhere" }})
	require.ErrorContains(t, err, "did not come up")
	require.ErrorContains(t, err, "Stasis initialization failed")
}

func TestCitizensCallReachesTheApplication(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	events, _ := connectApp(t, pbx)
	for _, c := range []struct{ name, user, more, dialled, wantCaller string }{
		{"landline", "0212345678", "", service, "0212345678"},
		{"international form", "+390212345678", "", service, "+390212345678"},
		{"anonymous", "anonymous", "", service, ""},
		{"number withheld", "0212345678", "Privacy: id\r\n", service, ""},
		{"withheld, asserted by the carrier", "anonymous", "Privacy: id\r\nP-Asserted-Identity: <sip:0212345678@127.0.0.1>\r\n", service, ""},
		{"asserted by the carrier", "anything", "P-Asserted-Identity: <sip:0212345678@127.0.0.1>\r\n", service, "0212345678"},
		{"the trunk's own name", "carrier", "", service, ""},
		{"words of the dialplan", "02,$%7BEPOCH%7D", "", service, "02"},
		{"another number dialled", "3331234567", "", "+39800000001", "3331234567"},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller := newLine(t, pbx.SIPAddr, c.user, c.more)
			branch := caller.invite(c.dialled, "")
			arrived := next(t, events, "StasisStart")
			require.Equal(t, []string{"in", c.wantCaller, c.dialled}, arrived.Args)
			require.True(t, strings.HasPrefix(arrived.Channel.Name, "PJSIP/carrier-"), arrived.Channel.Name)
			require.Equal(t, "Ring", arrived.Channel.State, "not answered")
			_, limit := ari(t, pbx, "GET", "/channels/"+arrived.Channel.ID+"/variable", url.Values{"variable": {"TIMEOUT(absolute)"}}, "")
			require.Regexp(t, `"value":"3[56]\d\d\.`, limit, "seconds left")
			ari(t, pbx, "DELETE", "/channels/"+arrived.Channel.ID, nil, "")
			caller.ack(c.dialled, caller.final(branch))
		})
	}
}

func TestDeskPhoneProvesItself(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	events, _ := connectApp(t, pbx)
	agent := pbx.Agents[0]
	phone := newLine(t, pbx.SIPAddr, agent.Name, "")
	here := "sip:" + pbx.SIPAddr
	register := func(more string) message {
		return phone.final(phone.send("REGISTER", here, "<sip:"+agent.Name+"@127.0.0.1>", "", more+"Expires: 300\r\n"))
	}
	challenge := register("")
	require.Equal(t, "401", challenge.status())
	require.Equal(t, "401", register(prove(challenge, "REGISTER", here, agent.Name, "wrong")).status())
	require.Equal(t, "200", register(prove(challenge, "REGISTER", here, agent.Name, agent.Password)).status())
	registered, err := pbx.CLI(t.Context(), "pjsip show aor "+agent.Name)
	require.NoError(t, err)
	require.Contains(t, registered, "sip:"+agent.Name+"@127.0.0.1")
	_, state := ari(t, pbx, "GET", "/endpoints/PJSIP/"+agent.Name, nil, "")
	require.NotContains(t, state, `"online"`, "registered, and not there: it answers no probe")

	for dialled, code := range map[string]string{"*60": "ready", "*603": "ready-3", "*61": "pause", "*62": "away"} {
		challenge = phone.final(phone.invite(dialled, ""))
		require.Equal(t, "401", challenge.status(), "a call must be proved too")
		phone.ack(dialled, challenge)
		branch := phone.invite(dialled, prove(challenge, "INVITE", phone.uri(dialled), agent.Name, agent.Password))
		arrived := next(t, events, "StasisStart")
		require.Equal(t, []string{"duty", agent.Name, code}, arrived.Args)
		ari(t, pbx, "DELETE", "/channels/"+arrived.Channel.ID, nil, "")
		phone.ack(dialled, phone.final(branch))
	}
}

// A desk phone reaches nobody: no citizen, no other agent, no other part of the dialplan.
func TestDeskPhoneCannotDialOut(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	connectApp(t, pbx)
	agent := pbx.Agents[1]
	phone := newLine(t, pbx.SIPAddr, agent.Name, "")
	for _, dialled := range []string{"0212345678", "112", "00393471234567", "agent1", "s", "*6", "*63", "*600", "*6011", "bench", "800000000", "read"} {
		challenge := phone.final(phone.invite(dialled, ""))
		phone.ack(dialled, challenge)
		answer := phone.final(phone.invite(dialled, prove(challenge, "INVITE", phone.uri(dialled), agent.Name, agent.Password)))
		phone.ack(dialled, answer)
		require.Equal(t, "404", answer.status(), dialled)
	}
}

func TestDeskPhoneIsUnavailableWithoutTheApplication(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	agent := pbx.Agents[8]
	phone := newLine(t, pbx.SIPAddr, agent.Name, "")
	challenge := phone.final(phone.invite("*60", ""))
	phone.ack("*60", challenge)
	answer := phone.final(phone.invite("*60", prove(challenge, "INVITE", phone.uri("*60"), agent.Name, agent.Password)))
	require.GreaterOrEqual(t, answer.status(), "400")
}

func TestCallToCitizenShowsOnlyTheServiceNumber(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	events, _ := connectApp(t, pbx)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: pbx.CarrierPort})
	require.NoError(t, err)
	defer socket.Close()
	exchange, err := net.ResolveUDPAddr("udp4", pbx.SIPAddr)
	require.NoError(t, err)
	citizen := &line{t: t, socket: socket, pbx: exchange}

	status, body := ari(t, pbx, "POST", "/channels/create", url.Values{
		"endpoint": {"PJSIP/0212345678@carrier"}, "app": {pbx.App}, "appArgs": {"out"}, "channelId": {"ticket-1"},
	}, `{"variables":{"TIMEOUT(absolute)":"2"}}`)
	require.Equal(t, 200, status, body)
	// Before StasisStart a dial is refused: 409, "Channel not in Stasis application".
	require.Equal(t, []string{"out"}, next(t, events, "StasisStart").Args)
	status, body = ari(t, pbx, "POST", "/channels/ticket-1/dial", url.Values{"timeout": {"45"}}, "")
	require.Equal(t, 204, status, body)

	call := citizen.read(func(m message) bool { return strings.HasPrefix(m.first, "INVITE ") })
	require.Equal(t, "INVITE sip:0212345678@"+pbx.CarrierAddr+" SIP/2.0", call.first)
	require.True(t, strings.HasPrefix(call.header.Get("From"), "<sip:"+service+"@127.0.0.1>"), "a name beside the number would be shown instead of it")
	require.Empty(t, call.header.Get("P-Asserted-Identity"))
	require.Empty(t, call.header.Get("Remote-Party-Id"))
	citizen.ring(call)
	citizen.read(func(m message) bool { return strings.HasPrefix(m.first, "CANCEL ") }) // the limit of 2 s
	next(t, events, "ChannelDestroyed")

	record, err := os.ReadFile(asterisk.BlackBox(pbx.InstanceDir))
	require.NoError(t, err)
	require.Contains(t, string(record), `"CHAN_START"`)
	require.Contains(t, string(record), `"ticket-1"`)
	require.NotContains(t, string(record), "0212345678", "the black box holds no number")
}

func TestKeepsCallsAndNotesWhenTheApplicationIsAway(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{Adjust: func(v *asterisk.Values) { v.PatienceSeconds = 1 }})

	// Away: three callers. All are answered, told something, and hung up; one can be called back.
	var lines []*line
	var branches []string
	for _, user := range []string{"anonymous", "8991234567", "+390212345678"} {
		caller := newLine(t, pbx.SIPAddr, user, "")
		lines, branches = append(lines, caller), append(branches, caller.invite(service, ""))
	}
	for i, caller := range lines {
		caller.provisional(branches[i], "180")
		answer := caller.final(branches[i])
		require.Equal(t, "200", answer.status())
		caller.ack(service, answer)
	}
	for _, caller := range lines {
		caller.hungUp()
	}

	require.NotContains(t, pbx.Log(), "does not exist in any format", "the apologies were heard")

	// A crash does not lose the note.
	require.NoError(t, pbx.Restart(t.Context()))
	events, leave := connectApp(t, pbx)
	read := func() event {
		status, body := ari(t, pbx, "POST", "/channels", url.Values{
			"endpoint": {"Local/hold@notebook"}, "context": {"notebook"}, "extension": {"read"}, "priority": {"1"},
		}, "")
		require.Equal(t, 200, status, body)
		return next(t, events, "StasisStart")
	}
	note := read()
	require.Len(t, note.Args, 5)
	require.Equal(t, "notebook", note.Args[0])
	require.Equal(t, "0212345678", note.Args[2])
	require.Regexp(t, `^\d{10}$`, note.Args[3])
	require.Equal(t, service, note.Args[4])

	// Richiamo dies before it has saved the note: the same note comes again.
	ari(t, pbx, "DELETE", "/channels/"+note.Channel.ID, nil, "")
	leave()
	events, _ = connectApp(t, pbx)
	again := read()
	require.Equal(t, note.Args, again.Args)

	// Saved and confirmed: it is gone, and there is no other.
	status, body := ari(t, pbx, "POST", "/channels/"+again.Channel.ID+"/continue",
		url.Values{"context": {"notebook"}, "extension": {"delete"}, "priority": {"1"}}, "")
	require.Equal(t, 204, status, body)
	require.Equal(t, []string{"notebook"}, next(t, events, "StasisStart").Args)
	require.Equal(t, []string{"notebook"}, read().Args)
}

func TestCallIsTakenByAnApplicationThatComesBackInTime(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	caller := newLine(t, pbx.SIPAddr, "0212345678", "")
	branch := caller.invite(service, "")
	caller.provisional(branch, "180") // it has been offered in vain once
	events, _ := connectApp(t, pbx)
	require.Equal(t, []string{"in", "0212345678", service}, next(t, events, "StasisStart").Args)
}

func TestBenchCallIsPlayedByTheDialplanAlone(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	caller := newLine(t, pbx.SIPAddr, "0212345678", "")
	answer := caller.final(caller.invite("bench", ""))
	require.Equal(t, "200", answer.status())
	caller.ack("bench", answer)
	caller.hungUp()
	require.NotContains(t, pbx.Log(), "does not exist in any format")
}

func TestARICanNeitherRunCommandsNorReadNumbers(t *testing.T) {
	t.Parallel()
	pbx := start(t, lab.Options{})
	_, err := pbx.CLI(t.Context(), "database put notebook note 0212345678-"+service)
	require.NoError(t, err)
	for _, function := range []string{"SHELL(id)", "FILE(/etc/passwd)", "DB(notebook/note)", "DB_KEYS(notebook)"} {
		_, body := ari(t, pbx, "GET", "/asterisk/variable", url.Values{"variable": {function}}, "")
		require.JSONEq(t, `{"value":""}`, body, function)
	}
	ari(t, pbx, "POST", "/asterisk/variable", url.Values{"variable": {"DB(notebook/note)"}, "value": {"forged"}}, "")
	stored, err := pbx.CLI(t.Context(), "database get notebook note")
	require.NoError(t, err)
	require.Contains(t, stored, "0212345678-"+service)
}
