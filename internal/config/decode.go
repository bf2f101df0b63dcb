package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decoder turns the nodes of one file into the structures of this package. The
// usual decoding of YAML stops at the first fault of a scalar, or tells no key
// with it; here every fault is noted and decoding goes on.
//
// What a field may hold stands in its tags: default, need (it must be there),
// oneof, min, max, slug (a name in small letters, figures and hyphens), word (a
// name as Asterisk takes it), phrase (a name of the catalogue).
type decoder struct {
	file     string
	dir      string // relative paths start here
	env      func(string) (string, bool)
	lines    map[string]int // where each key that was met stands
	problems Problems
}

// note adds a fault at a key. A key that is not in the file has the line of
// what it should be in. One fault is told of a key: a second would follow from
// the first.
func (d *decoder) note(key, format string, args ...any) {
	if slices.ContainsFunc(d.problems, func(p Problem) bool { return p.Key == key }) {
		return
	}
	d.problems = append(d.problems, Problem{d.file, d.line(key), key, fmt.Sprintf(format, args...)})
}

func (d *decoder) line(key string) int {
	for ; key != ""; key = parent(key) {
		if n, ok := d.lines[key]; ok {
			return n
		}
	}
	return 0
}

// parent cuts the last name or index from a key.
func parent(key string) string {
	i := strings.LastIndexAny(key, ".[")
	return key[:max(i, 0)]
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// value decodes one node into v.
func (d *decoder) value(key string, n *yaml.Node, v reflect.Value, tag reflect.StructTag) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if key != "" {
		d.lines[key] = n.Line
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		d.note(key, "has no value; give it one, or remove the line")
		return
	}
	if w, ok := v.Addr().Interface().(*Window); ok {
		d.window(key, n, w)
		return
	}
	if isScalar(v.Type()) || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice {
		d.scalar(key, n, v, tag)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(key, n, v)
	default:
		d.sequence(key, n, v)
	}
}

// window decodes "always" or a list of hours.
func (d *decoder) window(key string, n *yaml.Node, w *Window) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "always":
		w.Always = true
	case n.Kind == yaml.SequenceNode:
		d.sequence(key, n, reflect.ValueOf(&w.Hours).Elem())
	default:
		d.note(key, "must be always, or a list such as `- {days: mon-fri, from: 09:00, to: 20:00}`")
	}
}

func (d *decoder) mapping(key string, n *yaml.Node, v reflect.Value) {
	setDefaults(v)
	if n.Kind != yaml.MappingNode {
		d.note(key, "must hold keys with values, not %s", kindName(n))
		return
	}
	fields := fieldsOf(v.Type())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, val := n.Content[i].Value, n.Content[i+1]
		full := join(key, name)
		at := slices.Index(names, name)
		if at < 0 || seen[name] {
			text := "is given twice; remove one"
			if at < 0 {
				text = "is no known key; " + didYouMean(name, names)
			}
			d.problems = append(d.problems, Problem{d.file, n.Content[i].Line, full, text})
			continue
		}
		seen[name] = true
		d.value(full, val, v.Field(fields[at].index), fields[at].tag)
	}
	d.absent(key, v, fields, seen)
}

// absent gives defaults to the parts that are not in the file, and notes the
// keys that must be.
func (d *decoder) absent(key string, v reflect.Value, fields []field, seen map[string]bool) {
	for _, f := range fields {
		switch {
		case seen[f.name]:
		case f.tag.Get("need") != "":
			d.note(join(key, f.name), "is missing; see docs/configuration.md for what it means")
		case v.Field(f.index).Kind() == reflect.Struct && !isScalar(v.Field(f.index).Type()):
			d.mapping(join(key, f.name), &yaml.Node{Kind: yaml.MappingNode}, v.Field(f.index))
		}
	}
}

// isScalar tells a type of this package that is written as one value.
func isScalar(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[fromText]())
}

func (d *decoder) sequence(key string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.note(key, "must be a list, each line of it with a hyphen, not %s", kindName(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.value(fmt.Sprintf("%s[%d]", key, i), item, v.Index(i), "")
	}
}

func (d *decoder) scalar(key string, n *yaml.Node, v reflect.Value, tag reflect.StructTag) {
	if n.Kind != yaml.ScalarNode {
		d.note(key, "must be a single value, not %s", kindName(n))
		return
	}
	text, err := expand(n.Value, d.env)
	if err == nil {
		err = setScalar(v, text)
	}
	if err == nil {
		err = allowed(v, tag)
	}
	if err != nil {
		d.note(key, "%s", err)
		return
	}
	if f, ok := v.Addr().Interface().(*File); ok && text != "" && !filepath.IsAbs(text) {
		*f = File(filepath.Join(d.dir, text))
	}
}

// setScalar reads text as the type of v.
func setScalar(v reflect.Value, text string) error {
	if own, ok := v.Addr().Interface().(fromText); ok {
		return own.fromText(text)
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		dur, err := duration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(dur))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q must be true or false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
	default:
		return fmt.Errorf("cannot be read into a %s", v.Type())
	}
	return nil
}

// allowed checks a value against the tags of its field.
func allowed(v reflect.Value, tag reflect.StructTag) error {
	if list := tag.Get("oneof"); list != "" && !slices.Contains(strings.Fields(list), v.String()) {
		return fmt.Errorf("%q must be one of: %s", v.String(), strings.ReplaceAll(list, " ", ", "))
	}
	if tag.Get("slug") != "" && !isSlug(v.String()) {
		return fmt.Errorf("%q must be a name of small letters, figures and hyphens, 1 to 40 long", v.String())
	}
	if tag.Get("word") != "" && !isWord(v.String()) {
		return fmt.Errorf("%q must be a name of letters, figures, _ and -, 1 to 40 long", v.String())
	}
	if tag.Get("phrase") != "" && !isWord(strings.ReplaceAll(v.String(), ".", "-")) {
		return fmt.Errorf("%q must be the name of a phrase in the catalogue of prompts", v.String())
	}
	if v.Type() == reflect.TypeFor[time.Duration]() && v.Int() < 0 {
		return errors.New("must not be negative")
	}
	if low := tag.Get("min"); low != "" && v.Int() < bound(v, low) {
		return fmt.Errorf("must be at least %s", low)
	}
	if high := tag.Get("max"); high != "" && v.Int() > bound(v, high) {
		return fmt.Errorf("must be at most %s", high)
	}
	return nil
}

// bound reads a tag of ours in the type of v; a tag that cannot be read is a
// fault of this package, which the test of the defaults finds.
func bound(v reflect.Value, text string) int64 {
	b := reflect.New(v.Type()).Elem()
	if err := setScalar(b, text); err != nil {
		panic(fmt.Sprintf("config: tag %q: %v", text, err))
	}
	return b.Int()
}

func isSlug(s string) bool {
	return isWord(s) && s == strings.ToLower(s) && !strings.Contains(s, "_")
}

func isWord(s string) bool {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	return s != "" && len(s) <= 40 && s[0] != '-' && s[0] != '_' && strings.Trim(s, chars) == ""
}

// setDefaults fills the direct fields of a structure with what their tags say.
func setDefaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		if text, ok := f.tag.Lookup("default"); ok {
			if err := setScalar(v.Field(f.index), text); err != nil {
				panic(fmt.Sprintf("config: default of %s: %v", f.name, err))
			}
		}
	}
}

// field is one key that a structure takes.
type field struct {
	name  string
	index int
	tag   reflect.StructTag
}

func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			list = append(list, field{name, i, f.Tag})
		}
	}
	return list
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

// expand replaces ${NAME} and ${NAME:-text} by the environment, and $${ by ${.
func expand(text string, env func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		inside, rest, ok := strings.Cut(text[i+2:], "}")
		name, fallback, hasFallback := strings.Cut(inside, ":-")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			return "", errors.New("holds a ${ that is no variable; write ${NAME} or ${NAME:-text}, and $${ for the characters themselves")
		}
		val, set := env(name)
		switch {
		case hasFallback && val == "":
			val = fallback
		case !set:
			return "", fmt.Errorf("needs the environment variable %s, which is not set; set it, or give a value as ${%s:-text}", name, name)
		}
		b.WriteString(text[:i] + val)
		text = rest
	}
}
