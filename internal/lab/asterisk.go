package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"richiamo/asterisk"
)

// Places of the ports within a block; the rest is for sound.
const (
	sipOffset     = 0
	ariOffset     = 1
	carrierOffset = 2
	rtpOffset     = 10
)

// Options say how an Asterisk is to be. The zero value is right for a test.
type Options struct {
	// Dir is the instance folder, kept by Stop; empty: a temporary one, removed by Stop. Its path must be short
	// (under 90 characters), since a socket lies in it.
	Dir string
	// SIPPort (UDP), ARIPort (TCP) and CarrierPort (UDP, where calls to citizens are sent) are chosen when zero.
	SIPPort, ARIPort, CarrierPort int
	// RTPFirst and RTPLast bound the ports for sound; chosen when zero, with room for 190 calls.
	RTPFirst, RTPLast int
	// Adjust may change anything else before the configuration is rendered.
	Adjust func(*asterisk.Values)
}

// Asterisk is a running private Asterisk.
type Asterisk struct {
	// Version is for example 22.10.1.
	Version string
	// SIPAddr is where it speaks SIP over UDP, as HOST:PORT. The service answers at any number.
	SIPAddr string
	// CarrierAddr is where it sends calls to citizens: who plays the citizens listens there.
	CarrierAddr string
	// CarrierPort is CarrierAddr's port.
	CarrierPort int
	// ARIURL is the root of ARI, http://HOST:PORT/ari, with ARIUser and ARIPassword as basic authentication.
	ARIURL, ARIUser, ARIPassword string
	// App is the Stasis application that calls are handed to.
	App string
	// ServiceNumber is the number that citizens are shown.
	ServiceNumber string
	// Agents are the desk phones that may register, agent1 to agent9.
	Agents []asterisk.Agent
	// InstanceDir holds its configuration, database and logs.
	InstanceDir string
	// SoundsDir is where sound:NAME is looked for, as NAME.alaw.
	SoundsDir string

	program   string
	temporary bool
	ports     *block
	process   *process
}

// StartAsterisk starts an Asterisk and returns when it is fully up: ARI answers, calls are taken. Errors
// wrap ErrNotProvided when there is none on this machine, and carry the end of its log otherwise.
func StartAsterisk(ctx context.Context, o Options) (_ *Asterisk, err error) {
	programs, err := Available()
	if err != nil {
		return nil, err
	}
	a := &Asterisk{Version: programs.AsteriskVersion, program: programs.AsteriskBin, InstanceDir: o.Dir}
	defer func() {
		if err != nil {
			a.Stop()
		}
	}()
	if a.InstanceDir == "" {
		a.temporary = true
		if a.InstanceDir, err = os.MkdirTemp("", "richiamo-asterisk-"); err != nil {
			return nil, fmt.Errorf("lab: make the instance folder: %w", err)
		}
	} else if a.InstanceDir, err = filepath.Abs(a.InstanceDir); err != nil {
		return nil, fmt.Errorf("lab: find the instance folder: %w", err)
	}
	if err := a.choosePorts(&o); err != nil {
		return nil, err
	}
	values, err := defaults(programs, o)
	if err != nil {
		return nil, err
	}
	if o.Adjust != nil {
		o.Adjust(&values)
	}
	a.describe(values)
	if err := asterisk.Render(a.InstanceDir, values); err != nil {
		return nil, err
	}
	if values.Bench {
		if err := writeTones(a.SoundsDir); err != nil {
			return nil, err
		}
	}
	if err := a.start(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// choosePorts fills in the ports that were left open, and makes sure that the named ones are free.
func (a *Asterisk) choosePorts(o *Options) error {
	if o.SIPPort != 0 {
		if err := udpFree(o.SIPPort); err != nil {
			return err
		}
	}
	if o.ARIPort != 0 {
		if err := tcpFree(o.ARIPort); err != nil {
			return err
		}
	}
	if o.SIPPort != 0 && o.ARIPort != 0 && o.CarrierPort != 0 && o.RTPFirst != 0 {
		return nil
	}
	var err error
	if a.ports, err = reserve(); err != nil {
		return err
	}
	fill := func(port *int, offset int) {
		if *port == 0 {
			*port = a.ports.first + offset
		}
	}
	fill(&o.SIPPort, sipOffset)
	fill(&o.ARIPort, ariOffset)
	fill(&o.CarrierPort, carrierOffset)
	if o.RTPFirst == 0 {
		o.RTPFirst, o.RTPLast = a.ports.first+rtpOffset, a.ports.first+blockSize-1
	}
	return nil
}

// defaults are the values of an instance on loopback with everything invented.
func defaults(programs Programs, o Options) (asterisk.Values, error) {
	root, err := Repository()
	if err != nil {
		return asterisk.Values{}, err
	}
	sound, err := browserSound()
	if err != nil {
		return asterisk.Values{}, err
	}
	loopback := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	v := asterisk.Values{
		SystemName:    "lab" + strconv.Itoa(o.SIPPort),
		ModuleDir:     programs.AsteriskModules,
		StockData:     programs.AsteriskData,
		SIPAddr:       loopback(o.SIPPort),
		RTPFirst:      o.RTPFirst,
		RTPLast:       o.RTPLast,
		CarrierAddr:   loopback(o.CarrierPort),
		CarrierMatch:  "127.0.0.1",
		ServiceNumber: "800000000",
		ARIAddr:       loopback(o.ARIPort),
		ARIPermit:     "127.0.0.1/32",
		ARIUser:       "richiamo",
		ARIPassword:   "loopback-only",
		App:           "richiamo",
		BrowserSound:  sound,
		Language:      "it",
		Prompts:       filepath.Join(root, "prompts"),
		Music:         filepath.Join(root, "prompts", "moh"),
		MaxCalls:      1000,
		CallSeconds:   3600,

		PatienceSeconds: 10,
		ProbeSeconds:    5,
		Bench:           true,
	}
	for i := 1; i <= 9; i++ {
		name := "agent" + strconv.Itoa(i)
		v.Agents = append(v.Agents, asterisk.Agent{Name: name, Password: name + "-demo"})
	}
	return v, nil
}

// browserSound has telephones in browsers send their sound to 127.0.0.1, whatever addresses this machine has:
// Asterisk tells a browser of no address at all otherwise when it listens there only.
func browserSound() (map[string]string, error) {
	cards, loopback, err := Addresses()
	if err != nil {
		return nil, err
	}
	told := map[string]string{}
	for _, address := range slices.Concat(cards, loopback) {
		told[address] = "127.0.0.1"
	}
	return told, nil
}

// Addresses are the IPv4 addresses of this machine but for 127.0.0.0/8: those of network cards, and those of the
// loopback interface.
func Addresses() (cards, loopback []string, err error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, nil, fmt.Errorf("lab: find this machine's addresses: %w", err)
	}
	for _, card := range interfaces {
		addresses, err := card.Addrs()
		if err != nil {
			return nil, nil, fmt.Errorf("lab: find the addresses of %s: %w", card.Name, err)
		}
		for _, address := range addresses {
			network, ok := address.(*net.IPNet)
			switch {
			case !ok || network.IP.To4() == nil || network.IP.IsLoopback():
			case card.Flags&net.FlagLoopback != 0:
				loopback = append(loopback, network.IP.String())
			default:
				cards = append(cards, network.IP.String())
			}
		}
	}
	return cards, loopback, nil
}

// describe copies what users of the instance need to know out of its values.
func (a *Asterisk) describe(v asterisk.Values) {
	a.SIPAddr, a.CarrierAddr = v.SIPAddr, v.CarrierAddr
	if _, port, err := net.SplitHostPort(v.CarrierAddr); err == nil {
		a.CarrierPort, _ = strconv.Atoi(port)
	}
	a.ARIURL, a.ARIUser, a.ARIPassword = "http://"+v.ARIAddr+"/ari", v.ARIUser, v.ARIPassword
	a.App, a.ServiceNumber, a.Agents = v.App, v.ServiceNumber, v.Agents
	a.SoundsDir = asterisk.SoundsDir(a.InstanceDir)
}

// start runs the program and waits until it is up.
func (a *Asterisk) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var err error
	a.process, err = startProcess(a.console(), a.program, "-f", "-C", asterisk.ConfigFile(a.InstanceDir))
	if err != nil {
		return err
	}
	if err := a.waitUp(ctx); err != nil {
		a.process.kill()
		return fmt.Errorf("lab: Asterisk %s did not come up in %s: %w; its log ends: %s", a.Version, a.InstanceDir, err, a.Log())
	}
	return nil
}

// waitUp waits first for ARI, which answers early, then for the last module.
func (a *Asterisk) waitUp(ctx context.Context) error {
	if err := a.process.comesUp(ctx, func() bool { return a.answers(ctx) }); err != nil {
		return err
	}
	_, err := a.CLI(ctx, "core waitfullybooted")
	return err
}

// answers tells whether ARI answers.
func (a *Asterisk) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.ARIURL+"/asterisk/info", nil)
	if err != nil {
		return false
	}
	request.SetBasicAuth(a.ARIUser, a.ARIPassword)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// CLI runs a command of Asterisk's console, for example "pjsip show contacts", and returns what it prints.
func (a *Asterisk) CLI(ctx context.Context, command string) (string, error) {
	out, err := exec.CommandContext(ctx, a.program, "-C", asterisk.ConfigFile(a.InstanceDir), "-rx", command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("lab: console command %q: %w: %s", command, err, out)
	}
	return string(out), nil
}

// PID is the process id, for measuring what it costs. It changes with Restart.
func (a *Asterisk) PID() int { return a.process.cmd.Process.Pid }

// Running tells whether the process lives.
func (a *Asterisk) Running() bool { return a.process != nil && a.process.running() }

// Kill ends Asterisk at once, as a crash would, and returns when it is gone. Harmless when it is gone already.
func (a *Asterisk) Kill() {
	if a.process != nil {
		a.process.kill()
	}
}

// Pause stops Asterisk in the middle of whatever it does, sockets open, until Resume.
func (a *Asterisk) Pause() error { return a.process.signal(syscall.SIGSTOP) }

// Resume lets a paused Asterisk go on.
func (a *Asterisk) Resume() error { return a.process.signal(syscall.SIGCONT) }

// Restart starts Asterisk again on the same ports and folder; it is killed first when it still runs.
func (a *Asterisk) Restart(ctx context.Context) error {
	a.Kill()
	return a.start(ctx)
}

// Log returns the end of what Asterisk printed and logged: warnings and errors.
func (a *Asterisk) Log() string {
	return Tail(a.console()) + "\n" + Tail(filepath.Join(a.InstanceDir, "log", "messages"))
}

func (a *Asterisk) console() string { return filepath.Join(a.InstanceDir, "log", "console") }

// Stop ends Asterisk, gives its ports back and removes a temporary folder. It may be called again.
func (a *Asterisk) Stop() {
	if a.process != nil {
		a.process.stop(5 * time.Second)
	}
	if a.ports != nil {
		a.ports.release()
		a.ports = nil
	}
	if a.temporary {
		_ = os.RemoveAll(a.InstanceDir)
	}
}
