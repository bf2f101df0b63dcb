package internal_test

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// mostMethods is the size of an interface that a caller can still fake by hand
// in a test.
const mostMethods = 5

func TestRule4InterfacesAreSmallAndBelongToTheCaller(t *testing.T) {
	t.Parallel()
	for room, inside := range rooms(t) {
		declared, used := map[string]*ast.InterfaceType{}, map[string]int{}
		where := map[string]string{}
		for _, f := range inside {
			ast.Inspect(f.File, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					if i, ok := n.Type.(*ast.InterfaceType); ok {
						declared[n.Name.Name], where[n.Name.Name] = i, f.at(n)
						used[n.Name.Name]-- // the declaration itself is seen below
					}
				case *ast.Ident:
					used[n.Name]++
				}
				return true
			})
		}
		for name, i := range declared {
			n := methods(i, declared)
			assert.True(t, n >= 1 && n <= mostMethods, "%s: %s has %d methods. An interface has one to five, so that it says "+
				"what its caller needs and a test can stand in for it: split it by who calls what", where[name], name, n)
			assert.Positive(t, used[name], "%s: %s is declared here and not used in %s. An interface belongs to the caller: "+
				"declare it in the room that calls it", where[name], name, room)
		}
	}
}

// methods counts the methods of an interface. Of an embedded one of another
// package it is known that it has one at least.
func methods(i *ast.InterfaceType, declared map[string]*ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		embedded, ok := m.Type.(*ast.Ident)
		switch {
		case len(m.Names) > 0:
			n += len(m.Names)
		case ok && declared[embedded.Name] != nil:
			n += methods(declared[embedded.Name], declared)
		default:
			n++
		}
	}
	return n
}

// timers are the files of the service that may have timers, how many, and for
// what. None is a deadline of a call, a ticket or an agent.
var timers = map[string]struct {
	n   int
	why string
}{
	"internal/app/app.go":                   {1, "the pause before connecting again"},
	"internal/ari/dial.go":                  {1, "the pause before an early command is repeated"},
	"internal/ari/run.go":                   {1, "the pause before connecting again"},
	"internal/ari/session.go":               {1, "the probe of the open connection"},
	"internal/call/clock.go":                {1, "the pause before the outside is told again"},
	"internal/call/worker.go":               {1, "one for each worker, set to the earliest saved deadline of its calls"},
	"internal/citizen/snapshot/importer.go": {1, "how often the progress of an import is told"},
	"internal/citizen/snapshot/registry.go": {1, "how often is looked whether there is a new registry"},
	"internal/dispatch/loop.go":             {1, "one for each planner: it looks at the saved deadlines every second"},
	"internal/web/station.go":               {1, "how often a page looks again at what others do"},
}

// plays tells whether a room keeps no record of anybody: servers, synthetic
// phones and people to play with, and commands. It may time what it plays.
func plays(room string) bool {
	return slices.Contains([]string{"lab", "lab/browser", "sip", "sip/ear"}, room) || levelOf(room) >= demoLevel
}

func TestRule5DeadlinesAreData(t *testing.T) {
	t.Parallel()
	const why = "A deadline lives in the store, so that it outlives the process: save it with the record and let the worker's tick find it"
	found := map[string]int{}
	for _, f := range production(t) {
		names := f.imported()
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch p, member := selects(names, n); {
			case p != "time":
			case slices.Contains([]string{"NewTimer", "NewTicker", "Tick", "After"}, member) && !plays(f.room):
				found[f.name]++
				assert.LessOrEqual(t, found[f.name], timers[f.name].n, "%s: time.%s. %s; if it is not a deadline of a call, "+
					"a ticket or an agent, say in timers (internal/arch_shape_test.go) what it is", f.at(n), member, why)
			case member == "AfterFunc":
				assert.Fail(t, "time.AfterFunc", "%s: %s", f.at(n), why)
			case member == "Sleep":
				assert.Fail(t, "time.Sleep", "%s: nothing can end a sleep early, not even the end of the process: wait on a timer and a context", f.at(n))
			}
			return true
		})
	}
	for name, allowed := range timers {
		assert.Equal(t, allowed.n, found[name], "%s has fewer timers than timers says (%s): correct the number", name, allowed.why)
	}
}

// Sizes beyond which code is not read in one go any more.
const (
	mostLines         = 500
	mostFunctionLines = 70
	roomFrom, roomTo  = 100, 1000
)

// long are the files and functions that may be longer, with the reason.
var long = map[string]string{}

func TestSizes(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, f := range tree(t) {
		if f.lines > mostLines {
			found[f.name] = true
			assert.Contains(t, long, f.name, "%s has %d lines; %d are read in one go. Cut it where the subject changes", f.name, f.lines, mostLines)
		}
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || f.test {
				continue
			}
			if n := f.set.Position(d.End()).Line - f.set.Position(d.Pos()).Line + 1; n > mostFunctionLines {
				name := f.name + " " + d.Name.Name
				found[name] = true
				assert.Contains(t, long, name, "%s: %s has %d lines; %d are read in one go. Name its parts", f.at(d), d.Name.Name, n, mostFunctionLines)
			}
		}
	}
	for name, why := range long {
		assert.True(t, found[name], "%s is not long any more (%s): take it out of long", name, why)
	}
	for room, inside := range rooms(t) {
		n := 0
		for _, f := range inside {
			n += f.lines
		}
		if room != "." && (n < roomFrom || n > roomTo) {
			t.Logf("%s has %d lines; rooms of %d to %d are easiest to keep in mind", room, n, roomFrom, roomTo)
		}
	}
}

// constants are package variables that are constants in all but the language,
// beyond those that immutable recognises.
var constants = map[string]string{
	"asterisk.word":    "a compiled pattern, never changed",
	"asterisk.secret":  "a compiled pattern, never changed",
	"asterisk.path":    "a compiled pattern, never changed",
	"asterisk.figures": "a compiled pattern, never changed",
}

// Package variables are state that no caller sees, and that tests share. What
// may stand there: errors, embedded files, assertions for the compiler, and
// tables that nothing writes to, because Go has no constant tables.
func TestNoHiddenState(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for room, inside := range rooms(t) {
		for _, f := range inside {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					assert.Fail(t, "init", "%s: it runs before anybody asked for it, in an order that nobody reads. Do it where it is needed", f.at(fn))
				}
				vars, ok := d.(*ast.GenDecl)
				if !ok || vars.Tok != token.VAR {
					continue
				}
				for _, spec := range vars.Specs {
					v := spec.(*ast.ValueSpec)
					for i, name := range v.Names {
						if why := constants[room+"."+name.Name]; why != "" {
							used[room+"."+name.Name] = true
							continue
						}
						assert.True(t, immutable(f, vars, v, i, inside), "%s: the package variable %s can be changed. State belongs into a value "+
							"that somebody makes, passes on and lets go of; a table into an unexported array, struct or function", f.at(name), name.Name)
					}
				}
			}
		}
	}
	for name, why := range constants {
		assert.True(t, used[name], "%s is no package variable any more (%s): take it out of constants", name, why)
	}
}

// immutable tells whether a package variable cannot be changed, or at least is
// not: an error, an embedded file, an assertion, or an unexported array or
// struct that nothing in its room writes to.
func immutable(f *file, d *ast.GenDecl, v *ast.ValueSpec, i int, room []*file) bool {
	name := v.Names[i].Name
	if name == "_" {
		return true
	}
	if p, member := selects(f.imported(), v.Type); p == "embed" && member == "FS" {
		return true
	}
	if id, ok := v.Type.(*ast.Ident); ok && id.Name == "string" && strings.Contains(d.Doc.Text()+v.Doc.Text()+directives(d), "go:embed") {
		return true
	}
	if len(v.Values) != len(v.Names) {
		return false
	}
	switch value := v.Values[i].(type) {
	case *ast.CallExpr:
		p, member := selects(f.imported(), value.Fun)
		return (strings.HasPrefix(name, "Err") || strings.HasPrefix(name, "err")) && (p+"."+member == "errors.New" || p+"."+member == "fmt.Errorf")
	case *ast.CompositeLit:
		if array, ok := value.Type.(*ast.ArrayType); ok && array.Len == nil {
			return false // a slice
		}
		if _, isMap := value.Type.(*ast.MapType); isMap {
			return false
		}
		return !ast.IsExported(name) && !slices.ContainsFunc(room, func(f *file) bool { return writes(f, name) })
	}
	return false
}

// directives are the lines of a declaration's comment that Doc.Text leaves out.
func directives(d *ast.GenDecl) string {
	var s strings.Builder
	if d.Doc != nil {
		for _, c := range d.Doc.List {
			s.WriteString(c.Text)
		}
	}
	return s.String()
}

// writes tells whether a file assigns to a package variable or to a part of it,
// or lets somebody else do so by taking its address or a slice of it.
func writes(f *file, name string) bool {
	found := false
	is := func(e ast.Expr) { found = found || e != nil && root(e) == name }
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					is(e)
				}
			}
		case *ast.IncDecStmt:
			is(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				is(n.X)
			}
		case *ast.SliceExpr:
			is(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				is(n.Key)
				is(n.Value)
			}
		}
		return true
	})
	return found
}

// root is the variable of which an expression names a part.
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return ""
}

func TestNamesAndComments(t *testing.T) {
	t.Parallel()
	vague := []string{"util", "utils", "common", "model", "models", "types", "helper", "helpers", "misc", "shared", "base"}
	byRoom := rooms(t)
	for _, room := range slices.Sorted(maps.Keys(byRoom)) {
		comment := ""
		for _, f := range byRoom[room] {
			comment += f.Doc.Text()
			assert.NotContains(t, vague, f.Name.Name, "%s: the name says nothing, so anything would end there; name the room after what it knows", f.name)
			for _, d := range f.Decls {
				for _, name := range undocumented(d) {
					assert.Fail(t, "no comment", "%s: %s is public and has no comment: whoever uses it needs units, shapes and errors", f.at(d), name)
				}
			}
		}
		assert.NotEmpty(t, comment, "%s has no package comment: a newcomer begins there", room)
	}
}

// undocumented gives the public names of a declaration that have no comment, of
// their own or of their group.
func undocumented(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if ast.IsExported(d.Name.Name) && d.Doc == nil && (d.Recv == nil || ast.IsExported(receiver(d))) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if ast.IsExported(s.Name.Name) && s.Doc == nil && (d.Doc == nil || len(d.Specs) > 1) {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if ast.IsExported(name.Name) && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// receiver names the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	e := d.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if generic, ok := e.(*ast.IndexExpr); ok {
		e = generic.X
	}
	return root(e)
}
