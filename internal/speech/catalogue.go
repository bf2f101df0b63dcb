package speech

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Catalogue holds one language: the prompts of catalogue.txt, the phrases
// for their slots, and how long each recording is. It never changes and may
// be shared.
type Catalogue struct {
	prompts map[ID]*prompt
	order   []ID
	phrases map[string]phrase // by key
	keys    []string          // of phrases, in the order of the file
	lengths map[Recording]time.Duration
}

// A phrase is a recorded name for one slot.
type phrase struct{ slot, text string }

// A prompt is one entry of the catalogue, cut into what is played.
type prompt struct {
	id      ID
	cut     Cut
	text    string // figures in letters, slots as {name}, mark as ‖
	before  []part
	after   []part
	domains []domain
	less    [2]string // two counts of which the first is smaller; empty: none
}

// A domain lists the values that a count may take.
type domain struct {
	slot   string
	values []int
}

// A part is one stretch of a prompt: a recording, one of several recordings
// that differ in a slot, or a slot that is composed.
type part struct {
	recording Recording // empty for a composed slot
	text      string    // what the recording says, slots as {name}
	slots     []string  // slots spoken inside text
	composed  string    // name of a composed slot
	pause     int       // milliseconds of silence after it, unless it is the last
}

// Load reads the language lang from fsys: the file catalogue.txt and the
// recordings *.alaw in the folder of that name. It fails if a recording is
// missing.
func Load(fsys fs.FS, lang string) (*Catalogue, error) {
	text, err := fs.ReadFile(fsys, path.Join(lang, "catalogue.txt"))
	if err != nil {
		return nil, fmt.Errorf("speech: language %q has no catalogue: %w", lang, err)
	}
	c, err := Parse(string(text), lang)
	if err != nil {
		return nil, err
	}
	files, err := fs.ReadDir(fsys, lang)
	if err != nil {
		return nil, fmt.Errorf("speech: recordings of language %q: %w", lang, err)
	}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), ".alaw")
		if !ok {
			continue
		}
		info, err := file.Info()
		if err != nil {
			return nil, fmt.Errorf("speech: recording %s of language %q: %w", name, lang, err)
		}
		c.lengths[Recording(name)] = time.Duration(info.Size()) * time.Second / bytesPerSecond
	}
	for _, piece := range c.Pieces() {
		if c.lengths[piece.Recording] == 0 {
			return nil, fmt.Errorf("speech: recording %s of language %q is missing; run \"make prompts\"", piece.Recording, lang)
		}
	}
	return c, nil
}

// bytesPerSecond of A-law at 8 kHz.
const bytesPerSecond = 8000

// Parse reads the text of a catalogue alone; durations of such a catalogue
// are zero. All mistakes are reported at once, each with its line.
func Parse(text, lang string) (*Catalogue, error) {
	if lang != "it" {
		return nil, fmt.Errorf("speech: there is no grammar for language %q; known: it", lang)
	}
	c := &Catalogue{
		prompts: map[ID]*prompt{},
		phrases: map[string]phrase{},
		lengths: map[Recording]time.Duration{},
	}
	var problems []error
	for _, e := range entries(text) {
		if err := c.enter(e); err != nil {
			problems = append(problems, fmt.Errorf("speech: catalogue line %d: %s: %w", e.line, e.name, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	return c, nil
}

// checkNames finds two recordings of one name: a.b-1 and a.b.1 would be.
func (c *Catalogue) checkNames() error {
	seen := map[Recording]bool{}
	for _, piece := range c.Pieces() {
		if seen[piece.Recording] {
			return fmt.Errorf("speech: two recordings would be named %s; rename a prompt or a phrase", piece.Recording)
		}
		seen[piece.Recording] = true
	}
	return nil
}

// An entry is one paragraph of catalogue.txt: a line with a name and words,
// and indented lines of text.
type entry struct {
	line  int
	name  string
	words []string
	text  string
}

func entries(text string) []entry {
	var list []entry
	for i, line := range strings.Split(text, "\n") {
		content := strings.TrimSpace(line)
		switch {
		case content == "" || strings.HasPrefix(content, "#"):
		case line[0] == ' ' || line[0] == '\t':
			if len(list) == 0 {
				list = append(list, entry{line: i + 1})
			}
			last := &list[len(list)-1]
			last.text = strings.TrimSpace(last.text + " " + content)
		default:
			words := strings.Fields(content)
			list = append(list, entry{line: i + 1, name: words[0], words: words[1:]})
		}
	}
	return list
}

// enter adds one entry.
func (c *Catalogue) enter(e entry) error {
	if !validName(e.name) {
		return errors.New("a name is made of a-z, 0-9, \".\" and \"-\"")
	}
	if _, twice := c.prompts[ID(e.name)]; twice || c.phrases[e.name].slot != "" {
		return errors.New("the name is there twice")
	}
	if e.text == "" {
		return errors.New("no text; its lines are indented")
	}
	if slots := len(slotsIn(e.text)); strings.Count(e.text, "{") != slots || strings.Count(e.text, "}") != slots {
		return errors.New("a slot is written {name}; a { or } stands alone")
	}
	if len(e.words) == 2 && e.words[0] == "phrase" {
		if kind, _ := KindOf(e.words[1]); kind != KindPhrase {
			return fmt.Errorf("{%s} is not a slot for phrases", e.words[1])
		}
		if len(slotsIn(e.text)) > 0 {
			return errors.New("a phrase has no slots of its own")
		}
		c.phrases[e.name] = phrase{slot: e.words[1], text: inLetters(e.text)}
		c.keys = append(c.keys, e.name)
		return nil
	}
	p, err := newPrompt(e)
	if err != nil {
		return err
	}
	c.prompts[p.id] = p
	c.order = append(c.order, p.id)
	return nil
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" &&
		!strings.ContainsAny(name[:1]+name[len(name)-1:], ".-")
}

// newPrompt reads the words after the name (the cut, then the values of the
// counts) and cuts the text.
func newPrompt(e entry) (*prompt, error) {
	p := &prompt{id: ID(e.name), text: inLetters(e.text)}
	if len(e.words) == 0 {
		return nil, errors.New("after the name: yes, no or mark (what a key cuts), or phrase and its slot")
	}
	cut := slices.Index([]string{"no", "yes", "mark"}, e.words[0])
	if cut < 0 {
		return nil, fmt.Errorf("%q is not yes, no or mark", e.words[0])
	}
	p.cut = Cut(cut)
	for _, word := range e.words[1:] {
		if err := p.restrict(word); err != nil {
			return nil, err
		}
	}
	before, after, marked := strings.Cut(p.text, "‖")
	if marked != (p.cut == CutMark) || strings.Contains(after, "‖") {
		return nil, errors.New("exactly the texts with one ‖ are cut by \"mark\"")
	}
	cutter := cutter{name: e.name}
	var err1, err2 error
	p.before, err1 = cutter.cut(before)
	p.after, err2 = cutter.cut(after)
	return p, errors.Join(err1, err2, p.checkDomains())
}

// restrict reads "n-keys=2-15", "n-digits=5,6" or "n-keys<n-digits".
func (p *prompt) restrict(word string) error {
	if a, b, ok := strings.Cut(word, "<"); ok {
		p.less = [2]string{a, b}
		return nil
	}
	slot, list, _ := strings.Cut(word, "=")
	d := domain{slot: slot}
	for _, item := range strings.Split(list, ",") {
		low, high, isRange := strings.Cut(item, "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 0 || to < from || to > 100 {
			return fmt.Errorf("%q does not list counts up to 100, such as n-keys=2-15", word)
		}
		for n := from; n <= to; n++ {
			d.values = append(d.values, n)
		}
	}
	p.domains = append(p.domains, d)
	return nil
}

// maxVariants is how many recordings one sentence may need.
const maxVariants = 100

// checkDomains finds counts without values, values without a count, and more
// values than anybody wants to record.
func (p *prompt) checkDomains() error {
	var counts, listed []string
	combinations := 1
	for _, name := range p.slots() {
		if kind, _ := KindOf(name); kind == KindCount {
			counts = append(counts, name)
		}
	}
	for _, d := range p.domains {
		listed = append(listed, d.slot)
		combinations *= len(d.values)
	}
	if combinations > maxVariants {
		return fmt.Errorf("its counts make %d recordings; at most %d", combinations, maxVariants)
	}
	slices.Sort(counts)
	slices.Sort(listed)
	if !slices.Equal(counts, listed) {
		return fmt.Errorf("counts in the text are %v, counts with values in the first line %v", counts, listed)
	}
	return nil
}

// slots lists the names of the slots, each once, in the order of the text.
func (p *prompt) slots() []string {
	var names []string
	for _, name := range slotsIn(p.text) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// IDs lists the prompts in the order of the catalogue.
func (c *Catalogue) IDs() []ID { return slices.Clone(c.order) }

// Cut says what a key may do to the prompt; CutNo for an unknown one.
func (c *Catalogue) Cut(id ID) Cut {
	if p := c.prompts[id]; p != nil {
		return p.cut
	}
	return CutNo
}

// Text returns the prompt with its slots as {name}, its mark as ‖ and all
// figures in letters; "" for an unknown prompt.
func (c *Catalogue) Text(id ID) string {
	if p := c.prompts[id]; p != nil {
		return p.text
	}
	return ""
}

// Slots lists the names of the slots that the prompt needs.
func (c *Catalogue) Slots(id ID) []string {
	if p := c.prompts[id]; p != nil {
		return p.slots()
	}
	return nil
}

// Phrases lists the keys of the phrases for a slot, such as "service".
func (c *Catalogue) Phrases(slot string) []string {
	var keys []string
	for _, key := range c.keys {
		if c.phrases[key].slot == slot {
			keys = append(keys, key)
		}
	}
	return keys
}

// Duration returns how long a recording plays; zero for an unknown one.
func (c *Catalogue) Duration(r Recording) time.Duration { return c.lengths[r] }

// Total returns how long the recordings play one after the other.
func (c *Catalogue) Total(list []Recording) time.Duration {
	var total time.Duration
	for _, r := range list {
		total += c.lengths[r]
	}
	return total
}
