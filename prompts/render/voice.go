package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The tempo is measured, not computed: over all prompts, pauses included,
// about 115 words a minute. Single figures are drawn out by a synthesiser and
// need a brisker pace to come two a second.
const (
	picoSpeed, picoFigures     = "88", "110"
	espeakSpeed, espeakFigures = "135", "165"
)

// The descriptions stand in hashes.txt: a change of voice, tempo, filter or
// processing makes all recordings again.
const (
	picoDescription   = "SVOX Pico it-IT, speed " + picoSpeed + " and " + picoFigures + ", " + processing
	espeakDescription = "espeak-ng it, speed " + espeakSpeed + " and " + espeakFigures + ", " + processing
)

// A voice turns a text into sound.
type voice struct {
	description string
	command     func(file, speed, text string) *exec.Cmd
	speed       string
	figures     string // speed for single figures
	folder      string // temporary, removed by close
}

// findVoice finds or fetches a voice.
func findVoice(espeak bool) (*voice, error) {
	for _, tool := range []string{"sox", "ffmpeg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing; cure: apt-get install sox ffmpeg", tool)
		}
	}
	folder, err := os.MkdirTemp("", "richiamo-voice-")
	if err != nil {
		return nil, err
	}
	v := &voice{folder: folder}
	if !espeak {
		if err = v.findPico(); err == nil {
			return v, nil
		}
		fmt.Fprintf(os.Stderr, "render: no SVOX Pico (%v); espeak-ng speaks instead, and NOTICE has to say so\n", err)
	}
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		v.close()
		return nil, errors.New("espeak-ng is missing; cure: apt-get install espeak-ng")
	}
	v.description, v.speed, v.figures = espeakDescription, espeakSpeed, espeakFigures
	v.command = func(file, speed, text string) *exec.Cmd {
		return exec.Command("espeak-ng", "-v", "it", "-s", speed, "-w", file, text)
	}
	return v, nil
}

func (v *voice) close() { os.RemoveAll(v.folder) }

// findPico uses the pico2wave of the machine, or one that is unpacked for the
// moment from Debian's packages.
func (v *voice) findPico() error {
	program, err := exec.LookPath("pico2wave")
	if err != nil {
		if program, err = v.fetchPico(); err != nil {
			return err
		}
	}
	v.description, v.speed, v.figures = picoDescription, picoSpeed, picoFigures
	v.command = func(file, speed, text string) *exec.Cmd {
		cmd := exec.Command(program, "-l", "it-IT", "-w", file, `<speed level="`+speed+`">`+text+`</speed>`)
		cmd.Dir = v.folder
		libraries, _ := filepath.Glob(filepath.Join(v.folder, "root/usr/lib/*"))
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(libraries, ":"))
		return cmd
	}
	return nil
}

// fetchPico downloads Debian's packages of Pico, which are in the section
// non-free: not for a condition on their use, but because the source of the
// voice data is not published. The package lists go to a temporary folder and
// come from the machine's own Debian sources with non-free added; nothing is
// installed.
func (v *voice) fetchPico() (string, error) {
	sources := filepath.Join(v.folder, "sources")
	for _, sub := range []string{"sources", "lists/partial", "cache/archives/partial", "root"} {
		if err := os.MkdirAll(filepath.Join(v.folder, sub), 0o755); err != nil {
			return "", err
		}
	}
	if err := addNonFree(sources); err != nil {
		return "", err
	}
	script := `set -e
cd "$0"
apt="apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$0/sources
 -o Dir::State::lists=$0/lists -o Dir::Cache=$0/cache -o APT::Sandbox::User="
$apt update
$apt download libttspico-utils libttspico0 libttspico-data libpopt0
for package in *.deb; do dpkg -x "$package" root; done`
	if out, err := exec.Command("sh", "-c", script, v.folder).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot fetch it from Debian: %w: %s", err, lastLine(out))
	}
	return v.relocate()
}

// relocate makes the unpacked program look for its voice data in ./l/, below
// the temporary folder: the path is compiled in.
func (v *voice) relocate() (string, error) {
	program := filepath.Join(v.folder, "pico2wave")
	code, err := os.ReadFile(filepath.Join(v.folder, "root/usr/bin/pico2wave"))
	if err != nil {
		return "", err
	}
	compiled := []byte("/usr/share/pico/lang/")
	here := append([]byte("./l/"), make([]byte, len(compiled)-len("./l/"))...)
	if !bytes.Contains(code, compiled) {
		return "", errors.New("this pico2wave keeps its data elsewhere than expected")
	}
	if err := os.WriteFile(program, bytes.ReplaceAll(code, compiled, here), 0o755); err != nil {
		return "", err
	}
	return program, os.Symlink("root/usr/share/pico/lang", filepath.Join(v.folder, "l"))
}

// addNonFree copies the machine's package sources that have the component
// main, with non-free beside it.
func addNonFree(folder string) error {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	main := regexp.MustCompile(`(?m)^(Components:.*|deb .*)\bmain\b.*$`)
	found := false
	for _, file := range append(files, "/etc/apt/sources.list") {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("debian")) || !main.Match(text) {
			continue
		}
		found = true
		name := strings.TrimSuffix(filepath.Base(file), ".disabled")
		if err := os.WriteFile(filepath.Join(folder, name), main.ReplaceAll(text, []byte("${1}main non-free")), 0o644); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("this machine has no Debian package sources")
	}
	return nil
}

// say returns the text as sound, 16 kHz; figure chooses the pace of single
// figures.
func (v *voice) say(text string, figure bool) ([]float64, error) {
	speed := v.speed
	if figure {
		speed = v.figures
	}
	file, err := os.CreateTemp(v.folder, "*.wav")
	if err != nil {
		return nil, err
	}
	file.Close()
	defer os.Remove(file.Name())
	if out, err := v.command(file.Name(), speed, text).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the voice failed: %w: %s", err, lastLine(out))
	}
	raw, err := exec.Command("sox", file.Name(), "-t", "f32", "-r", "16000", "-c", "1", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("sox cannot read the voice: %w", err)
	}
	return fromFloats(raw), nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
