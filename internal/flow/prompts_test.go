package flow

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"richiamo/internal/speech"
	"richiamo/prompts"
)

// The prompts that no conversation says: the exchange plays them by itself when
// the service is away.
var saidByTheExchange = []speech.ID{"away.apology-notebook", "away.apology"}

// Every prompt of the catalogue is said by a conversation, so that no recording
// is there for nothing.
func TestEveryPromptIsSaid(t *testing.T) {
	t.Parallel()
	voice, err := speech.Load(prompts.FS(), "it")
	require.NoError(t, err)
	named := map[string]bool{}
	for _, dir := range []string{".", "../dialogue"} {
		files, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			ast.Inspect(tree, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "speech" {
						named[sel.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	var unsaid []speech.ID
	for _, id := range voice.IDs() {
		if !named[constant(id)] {
			unsaid = append(unsaid, id)
		}
	}
	require.ElementsMatch(t, saidByTheExchange, unsaid)
}

// constant is the name of a prompt's constant: "number.cli" is NumberCli.
func constant(id speech.ID) string {
	var b strings.Builder
	upper := true
	for _, r := range string(id) {
		switch {
		case r == '.' || r == '-':
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
