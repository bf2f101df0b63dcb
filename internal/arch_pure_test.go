package internal_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// whyPure is the reason of rule 3.
const whyPure = "A pure room gives the same answer to the same arguments, today, after a crash and in a simulation: " +
	"time, ids and dice come in as arguments"

// pureImports are the packages that a pure room may import, besides rooms below
// it: values, texts and arithmetic. io and io/fs are there for what an argument
// reads, log/slog for LogValue.
var pureImports = []string{
	"bytes", "cmp", "container/heap", "crypto/sha256", "crypto/subtle", "embed", "encoding", "encoding/binary", "encoding/hex",
	"encoding/json", "errors", "fmt", "hash", "io", "io/fs", "iter", "log/slog", "maps", "math", "math/big", "math/bits", "path", "regexp",
	"slices", "sort", "strconv", "strings", "text/template", "time", "unicode", "unicode/utf8", "unique",
}

// pureModules are modules of others that one room may use.
var pureModules = map[string]string{
	"phone": "github.com/nyaruka/phonenumbers", // tables of numbering plans; no clock and no I/O
}

// slogValues are what LogValue is made of. Everything else of log/slog logs.
// Any is not among them: it keeps what it is given, whole.
var slogValues = []string{"Value", "StringValue", "IntValue", "BoolValue", "GroupValue", "String", "Int", "Bool", "Attr"}

// impure are members of allowed packages that would let the world in.
var impure = map[string][]string{
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep", "Timer", "Ticker", "Local", "LoadLocation"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"iter": {"Pull", "Pull2"}, // coroutines
}

func pure(f *file) bool {
	level := levelOf(f.room)
	return !f.test && level >= 0 && level <= domainLevel
}

func TestRule3PureRooms(t *testing.T) {
	t.Parallel()
	for _, f := range tree(t) {
		if !pure(f) {
			continue
		}
		names := f.imported()
		for _, p := range names {
			_, ours := roomOf(p)
			assert.True(t, ours || slices.Contains(pureImports, p) || pureModules[f.room] == p,
				"%s imports %s. %s", f.name, p, whyPure)
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.GoStmt:
				what = "starts a goroutine"
			case *ast.ChanType:
				what = "has a channel"
			case *ast.SelectStmt:
				what = "selects"
			case *ast.SendStmt:
				what = "sends on a channel"
			case *ast.UnaryExpr:
				if n.Op == token.ARROW {
					what = "receives from a channel"
				}
			case *ast.SelectorExpr:
				switch p, member := selects(names, n); {
				case p == "log/slog" && !slices.Contains(slogValues, member), slices.Contains(impure[p], member):
					what = "uses " + p + "." + member
				}
			}
			if what != "" {
				assert.Fail(t, "not pure", "%s %s. %s", f.at(n), what, whyPure)
			}
			return true
		})
	}
}

// A conversation is a function that is run again from the top for every answer.
func TestFlowsReplay(t *testing.T) {
	t.Parallel()
	flows := rooms(t)["flow"]
	require.NotEmpty(t, flows)
	set, parsed := flows[0].set, []*ast.File{}
	for _, f := range flows {
		parsed = append(parsed, f.File)
		ast.Inspect(f.File, func(n ast.Node) bool {
			if _, ok := n.(*ast.DeferStmt); ok {
				assert.Fail(t, "a flow defers", "%s: every question unwinds the function, so a deferred call would run at each of them. "+
					"What must happen when the caller hangs up is said with OnHangup", f.at(n))
			}
			if id, ok := n.(*ast.Ident); ok && id.Name == "recover" && id.Obj == nil {
				assert.Fail(t, "a flow recovers", "%s: it would catch the unwinding by which a question waits for its answer", f.at(n))
			}
			return true
		})
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", exported(t, "./internal/flow"))}
	_, err := config.Check(module+"/internal/flow", set, parsed, info)
	require.NoError(t, err)
	for _, f := range flows {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if loop, ok := n.(*ast.RangeStmt); ok {
				_, isMap := info.Types[loop.X].Type.Underlying().(*types.Map)
				assert.False(t, isMap, "%s ranges over a map: its order differs from run to run, so a journal would not replay; range over sorted keys", f.at(n))
			}
			return true
		})
	}
}

// exported gives the compiler's view of everything that a package imports.
func exported(t *testing.T, pkg string) importer.Lookup {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-export", "-json=ImportPath,Export", pkg)
	cmd.Dir = ".."
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, "go list: %s", problems.String())
	where := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p struct{ ImportPath, Export string }
		require.NoError(t, decoder.Decode(&p))
		where[p.ImportPath] = p.Export
	}
	return func(p string) (io.ReadCloser, error) { return os.Open(where[p]) }
}
