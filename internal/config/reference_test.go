package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const referenceFile = "../../docs/configuration.md"

// The reference is rendered from the comments and tags of the structures, so
// that it cannot lag behind them.
func TestReferenceIsTrue(t *testing.T) {
	want := renderReference(t)
	if *update {
		require.NoError(t, os.WriteFile(referenceFile, []byte(want), 0o644))
	}
	got, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "run go test ./internal/config -update and read the difference")
}

// structure is one part of the file.
type structure struct {
	key string // where it stands
	of  reflect.Type
}

// structures lists the parts of the file in the order in which it is written.
func structures() []structure {
	var list []structure
	var walk func(key string, t reflect.Type)
	walk = func(key string, t reflect.Type) {
		list = append(list, structure{key, t})
		for _, f := range fieldsOf(t) {
			ft, at := t.Field(f.index).Type, join(key, f.name)
			switch {
			case ft == reflect.TypeFor[Window]():
				walk(at+"[]", reflect.TypeFor[Hours]())
			case ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct && !isScalar(ft.Elem()):
				walk(at+"[]", ft.Elem())
			case ft.Kind() == reflect.Struct && !isScalar(ft):
				walk(at, ft)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
	return list
}

func newOf(t reflect.Type) reflect.Value { return reflect.New(t).Elem() }

func renderReference(t *testing.T) string {
	t.Helper()
	comments := readComments(t)
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Rendered from the comments of internal/config by: go test ./internal/config -update -->

Richiamo has one configuration file, in YAML; ` + "`deploy/demo/richiamo.yaml`" + ` is a whole one.
` + "`richiamo serve`, `doctor`, `backup`, `restore` and `registry`" + ` read it with ` + "`--config FILE`" + `; all faults are told at once, each with file, line and key.

- An unknown key, a key given twice and a key without a value are faults.
- A value may hold ` + "`${NAME}`" + `, which is the environment variable NAME and must be set, or ` + "`${NAME:-text}`" + `, which is text when NAME is not set or empty. ` + "`$${`" + ` stands for the two characters ` + "`${`" + `.
- A relative path starts from the folder of the file.
- A duration has a unit: ` + "`500ms`, `45s`, `5m`, `24h`" + `. A share is told in percent: ` + "`50%`" + `.
- Files that hold secrets must not be readable by everybody: ` + "`chmod o= FILE`" + `.
`)
	for _, s := range structures() {
		title := "The file"
		if s.key != "" {
			title = "`" + s.key + "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title, comments[s.of.Name()])
		for _, f := range fieldsOf(s.of) {
			sf := s.of.Field(f.index)
			meaning := comments[s.of.Name()+"."+sf.Name]
			if meaning == "" { // a part of its own, explained there
				meaning = "See `" + join(s.key, f.name) + "` below."
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.name, typeText(sf), defaultText(sf), strings.ReplaceAll(meaning, "|", `\|`))
		}
	}
	return b.String()
}

func defaultText(f reflect.StructField) string {
	if def, ok := f.Tag.Lookup("default"); ok {
		return "`" + def + "`"
	}
	if f.Tag.Get("need") != "" {
		return "**required**"
	}
	if f.Type.Kind() == reflect.Struct && !isScalar(f.Type) {
		return "as below"
	}
	return "none"
}

func typeText(f reflect.StructField) string {
	if list := f.Tag.Get("oneof"); list != "" {
		return "one of `" + strings.ReplaceAll(list, " ", "`, `") + "`"
	}
	text := ""
	switch f.Type {
	case reflect.TypeFor[time.Duration]():
		text = "duration"
	case reflect.TypeFor[File]():
		text = "path"
	case reflect.TypeFor[Secret]():
		text = "secret text"
	case reflect.TypeFor[Date]():
		text = "day, `1941-12-31`"
	case reflect.TypeFor[Clock]():
		text = "time of the day"
	case reflect.TypeFor[Days]():
		text = "days of the week"
	case reflect.TypeFor[Waits]():
		text = "durations, `15m, 1h`"
	case reflect.TypeFor[Share]():
		text = "share"
	case reflect.TypeFor[YearDay]():
		text = "day of the year, `12-07`"
	case reflect.TypeFor[Words]():
		text = "names, `one, two`"
	case reflect.TypeFor[[]Date]():
		text = "list of days"
	case reflect.TypeFor[Window]():
		text = "`always`, or list"
	case reflect.TypeFor[[]string]():
		text = "list of texts"
	default:
		switch f.Type.Kind() {
		case reflect.Int:
			text = "whole number"
		case reflect.Bool:
			text = "`true` or `false`"
		case reflect.Slice:
			text = "list"
		case reflect.Struct:
			text = "keys"
		default:
			text = "text"
		}
	}
	if f.Tag.Get("slug") != "" || f.Tag.Get("word") != "" || f.Tag.Get("phrase") != "" {
		text = "name"
	}
	low, high := f.Tag.Get("min"), f.Tag.Get("max")
	switch {
	case low != "" && high != "":
		text += fmt.Sprintf(", %s to %s", low, high)
	case high != "":
		text += ", at most " + high
	}
	return text
}

// readComments reads this package's own source: the comment of each structure
// by its name, of each field by Structure.Field.
func readComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, name := range []string{"config.go", "tenant.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			gen, ok := n.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				return true
			}
			spec := gen.Specs[0].(*ast.TypeSpec)
			body, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			comments[spec.Name.Name] = oneLine(gen.Doc)
			for _, f := range body.Fields.List {
				if f.Doc != nil {
					comments[spec.Name.Name+"."+f.Names[0].Name] = oneLine(f.Doc)
				}
			}
			return true
		})
	}
	return comments
}

func oneLine(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}
