package internal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests keep the six rules of doc.go. A rule that hinders is changed
// there, here and with its reason, and not passed by.
//
//	arch_test.go         the source as it is read; rules 1 and 2: imports
//	arch_pure_test.go    rule 3: pure rooms
//	arch_shape_test.go   rules 4 and 5, and the habits: sizes, variables, names, comments
//	arch_masked_test.go  rule 6: what prints masked

// module is the name under which the rooms import each other.
const module = "richiamo"

// levels are the rooms from the lowest to the highest. A room imports only from
// levels below its own.
var levels = [][]string{
	{"fiscalcode", "phone"},
	{"citizen", "speech"},
	{"dialogue", "queue", "booking", "agent"},
	{"flow", "campaign", "plan"},
	{"call", "dispatch", "desk"},
	{"asterisk", "prompts", "console"}, // files, embedded: they import nothing of the house, and only adapters and above read them
	{"ari", "redisstore", "memstore", "storetest", "web", "telemetry", "sip", "sip/ear", "citizen/snapshot", "config", "lab", "lab/browser", "sim/town"},
	{"app", "sim"},
	{"demo", "doctor", "sim/day"}, // look at the whole from outside
	{"bench"},                     // measures what demo installs
	{"cmd/richiamo", "prompts/render", "console/build"},
}

// The levels that rules speak of.
const (
	domainLevel  = 3 // and below: pure
	filesLevel   = 5
	adapterLevel = 6
	demoLevel    = 8 // and above: put together what is below
	commandLevel = 10
)

// neighbours may import each other although they are of one level.
var neighbours = map[[2]string]string{
	{"desk", "call"}:       "the desk is what calls ask: it is call.Outside",
	{"desk", "dispatch"}:   "the desk hands every ticket to dispatch, the one place where tickets are written",
	{"lab/browser", "lab"}: "who provides the servers provides the browser; apart because what is delivered needs none",
	{"sip", "sip/ear"}:     "the ear is a part of the synthetic phone, apart because it is arithmetic alone",
}

// technologies are what the core must not know, and which rooms are there to
// know it. app and the levels above it put everything together and may know all.
var technologies = []struct {
	name     string
	packages []string // the package, or all below when it ends with a slash
	rooms    []string
}{
	{"Redis", []string{"github.com/redis/"}, []string{"redisstore"}},
	{"ARI", []string{"github.com/CyCoreSystems/"}, []string{"ari"}},
	{"websockets", []string{"github.com/coder/websocket"}, []string{"ari"}},
	{"SIP", []string{"github.com/emiago/"}, []string{"sip"}},
	{"RTP", []string{"github.com/pion/"}, []string{"sip"}},
	{"Prometheus", []string{"github.com/prometheus/"}, []string{"telemetry"}},
	// lab asks Asterisk's ARI whether it is up; the libraries of sip and
	// storetest bring HTTP along.
	{"HTTP", []string{"net/http"}, []string{"ari", "web", "telemetry", "lab", "lab/browser", "sip", "storetest"}},
	// asterisk and config only read addresses.
	{"the network", []string{"net"}, []string{"ari", "redisstore", "web", "telemetry", "lab", "lab/browser", "sip", "storetest", "asterisk", "config"}},
	{"YAML", []string{"go.yaml.in/yaml/"}, []string{"config", "storetest"}},
	{"Chromium", []string{"github.com/chromedp/"}, []string{"lab/browser"}},
	{"other programs", []string{"os/exec"}, []string{"lab", "lab/browser"}},
	{"testing", []string{"testing", "github.com/stretchr/"}, []string{"storetest"}},
}

// file is one Go file of the tree.
type file struct {
	room  string // "call", "citizen/snapshot", "cmd/richiamo"; "." is internal itself
	name  string // its path in the tree
	test  bool
	lines int
	set   *token.FileSet
	*ast.File
}

// at names a place in the file.
func (f *file) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line)
}

// imported gives the packages that the file imports, by the names that it has
// for them.
func (f *file) imported() map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// selects tells which member of an imported package an expression names.
func selects(names map[string]string, n ast.Node) (pkg, member string) {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok || x.Obj != nil { // a variable that hides the package
		return "", ""
	}
	return names[x.Name], s.Sel.Name
}

// files reads the tree once, tests included.
var files = sync.OnceValues(func() ([]*file, error) {
	var all []*file
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel("..", p)
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || name == "bin" || name == "var" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(set, name, source, parser.ParseComments)
		if err != nil {
			return err
		}
		room := strings.TrimPrefix(path.Dir(name), "internal/")
		if room == "internal" {
			room = "."
		}
		all = append(all, &file{
			room: room, name: name, test: strings.HasSuffix(name, "_test.go"),
			lines: bytes.Count(source, []byte("\n")), set: set, File: parsed,
		})
		return nil
	})
	return all, err
})

// tree gives all files; production those that are no tests.
func tree(t *testing.T) []*file {
	t.Helper()
	all, err := files()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func production(t *testing.T) []*file {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(tree(t)), func(f *file) bool { return f.test })
}

// rooms gives the production files of each room.
func rooms(t *testing.T) map[string][]*file {
	t.Helper()
	m := map[string][]*file{}
	for _, f := range production(t) {
		m[f.room] = append(m[f.room], f)
	}
	return m
}

func levelOf(room string) int {
	return slices.IndexFunc(levels, func(l []string) bool { return slices.Contains(l, room) })
}

// roomOf gives the room of an import path of this module.
func roomOf(importPath string) (string, bool) {
	p, ok := strings.CutPrefix(importPath, module+"/")
	return strings.TrimPrefix(p, "internal/"), ok
}

func TestEveryRoomHasItsLevelAndItsLine(t *testing.T) {
	t.Parallel()
	var doc string
	for _, f := range rooms(t)["."] {
		doc += f.Doc.Text()
	}
	for _, room := range slices.Sorted(maps.Keys(rooms(t))) {
		if room == "." {
			continue
		}
		assert.GreaterOrEqual(t, levelOf(room), 0,
			"%s has no level: give it one in levels (internal/arch_test.go); a room without a level imports what it likes", room)
		assert.Contains(t, doc, "\n\t"+room+"/ ",
			"internal/doc.go does not name %s: a newcomer looks there for what each room is for; give it one line", room)
	}
}

func TestRule1ImportsRunDown(t *testing.T) {
	t.Parallel()
	for _, f := range production(t) {
		for _, p := range f.imported() {
			to, ours := roomOf(p)
			if !ours || f.room == "." {
				continue
			}
			from := f.room
			_, known := neighbours[[2]string{from, to}]
			assert.True(t, levelOf(to) < levelOf(from) || known,
				"%s: %s imports %s, which is not below it. Imports run down, so that a room can be read, tested and changed "+
					"without those above it: declare an interface in %s for what it needs, and let app pass it in", f.name, from, to, from)
		}
		if levelOf(f.room) == filesLevel {
			for _, p := range f.imported() {
				_, ours := roomOf(p)
				assert.False(t, ours, "%s imports %s: a folder of files is read by the house and does not know it", f.name, p)
			}
		}
	}
	for pair, why := range neighbours {
		assert.True(t, slices.ContainsFunc(rooms(t)[pair[0]], func(f *file) bool {
			return slices.ContainsFunc(slices.Collect(maps.Values(f.imported())), func(p string) bool {
				to, ours := roomOf(p)
				return ours && to == pair[1]
			})
		}), "%s no longer imports %s (%s): take the line out of neighbours", pair[0], pair[1], why)
	}
}

// graph is which package imports which, over everything that is linked.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,ImportMap", "./...")
	cmd.Dir = ".."
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, "go list: %s", problems.String())
	g := map[string][]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p struct {
			ImportPath string
			Imports    []string
			ImportMap  map[string]string
		}
		require.NoError(t, decoder.Decode(&p))
		for i, to := range p.Imports {
			if real, ok := p.ImportMap[to]; ok {
				p.Imports[i] = real
			}
		}
		g[p.ImportPath] = p.Imports
	}
	return g
}

// way finds how a package comes to import another, or nil.
func way(g map[string][]string, from string, is func(string) bool) []string {
	before := map[string]string{from: ""}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		if is(next[0]) {
			var chain []string
			for p := next[0]; p != ""; p = before[p] {
				chain = append(chain, p)
			}
			slices.Reverse(chain)
			return chain
		}
		for _, to := range g[next[0]] {
			if _, seen := before[to]; !seen {
				before[to] = next[0]
				next = append(next, to)
			}
		}
	}
	return nil
}

func TestRule2TechnologiesStayInTheirAdapter(t *testing.T) {
	t.Parallel()
	g := graph(t)
	for p := range g {
		room, ours := roomOf(p)
		if !ours || room == "app" || levelOf(room) >= demoLevel {
			continue
		}
		for _, tech := range technologies {
			if slices.Contains(tech.rooms, room) {
				continue
			}
			chain := way(g, p, func(to string) bool {
				return slices.ContainsFunc(tech.packages, func(name string) bool {
					return to == name || strings.HasSuffix(name, "/") && strings.HasPrefix(to, name)
				})
			})
			assert.Nil(t, chain, "%s knows %s, by way of %s. Only %v may: what the core does not know can be exchanged, "+
				"and can be tested without it", room, tech.name, strings.Join(chain, " -> "), tech.rooms)
		}
	}
}

func TestRule2AdaptersDoNotKnowEachOther(t *testing.T) {
	t.Parallel()
	g := graph(t)
	for _, from := range levels[adapterLevel] {
		for _, to := range levels[adapterLevel] {
			if _, known := neighbours[[2]string{from, to}]; known || from == to {
				continue
			}
			chain := way(g, module+"/internal/"+from, func(p string) bool { return p == module+"/internal/"+to })
			assert.Nil(t, chain, "the adapter %s knows the adapter %s, by way of %s. Each is one technology that can be exchanged "+
				"alone: let app bring them together, by an interface of the room that needs it", from, to, strings.Join(chain, " -> "))
		}
	}
}
