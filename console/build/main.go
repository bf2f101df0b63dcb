// Command build makes the agent's page from its sources.
//
// Run it at the project's root, as "make console" does:
//
//	go run ./console/build
//
// It bundles console/src with console/vendor into console/static: one script,
// one style sheet, the typeface, the licences of what others wrote. The same
// sources give the same bytes, everywhere and every time; neither Node nor the
// network is needed.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	dir := flag.String("dir", "console", "folder of the page")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// run makes the files and writes them, in place of all that were there.
func run(dir string) error {
	page, err := build(dir)
	if err != nil {
		return err
	}
	static := filepath.Join(dir, "static")
	if err := os.RemoveAll(static); err != nil {
		return err
	}
	if err := os.MkdirAll(static, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(page)) {
		if err := os.WriteFile(filepath.Join(static, name), page[name], 0o644); err != nil {
			return err
		}
		fmt.Printf("%7d %s\n", len(page[name]), name)
	}
	return nil
}

// packages are where the imports of others' code lead, from vendor.
func packages() map[string]string {
	return map[string]string{
		"@preact/signals":      "preact-signals-2.11.4/signals.mjs",
		"@preact/signals-core": "preact-signals-core-1.14.5/signals-core.mjs",
		"events":               "events-3.3.0/events.js",
		"jssip":                "jssip-3.13.8/lib/JsSIP.js",
		"preact":               "preact-11.2.0/preact.mjs",
		"preact/hooks":         "preact-11.2.0/hooks.mjs",
		"preact/jsx-runtime":   "preact-11.2.0/jsxRuntime.mjs",
		"sdp-transform":        "sdp-transform-2.15.0/lib/index.js",
		// JsSIP's log would have the numbers of citizens in it.
		"debug": "../src/silent.js",
	}
}

// build makes the page's files, by name.
func build(dir string) (map[string][]byte, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     dir,
		EntryPoints:       []string{"src/desk.tsx", "src/desk.css"},
		Outdir:            filepath.Join(dir, "static"),
		EntryNames:        "[name]",
		AssetNames:        "[name]",
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		LegalComments:     api.LegalCommentsNone, // all of them are in licences.txt
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile},
		TsconfigRaw:       "{}",
		Plugins:           []api.Plugin{vendored(dir)},
	})
	if len(result.Errors) > 0 {
		said := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(said[0])
	}
	page := map[string][]byte{}
	for _, file := range result.OutputFiles {
		page[filepath.Base(file.Path)] = file.Contents
	}
	for _, name := range []string{"index.html", "icon.svg"} {
		if page[name], err = os.ReadFile(filepath.Join(dir, "src", name)); err != nil {
			return nil, err
		}
	}
	page["licences.txt"], err = licences(dir)
	return page, err
}

// vendored leads imports to vendor, and refuses those that are not there.
func vendored(dir string) api.Plugin {
	known := packages()
	resolve := func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if args.Kind == api.ResolveEntryPoint {
			return api.OnResolveResult{}, nil
		}
		file, ok := known[args.Path]
		if !ok {
			return api.OnResolveResult{}, fmt.Errorf("%s imports %q, which is not in console/vendor: put it there and name it in packages", args.Importer, args.Path)
		}
		return api.OnResolveResult{Path: filepath.Join(dir, "vendor", filepath.FromSlash(file))}, nil
	}
	return api.Plugin{Name: "vendor", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^[^./]`}, resolve)
	}}
}

// licences puts the licences of all that is in vendor together, as they ask for.
func licences(dir string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, "vendor", "*", "LICENSE*"))
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	var all bytes.Buffer
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "==== %s ====\n\n%s\n\n", path.Base(filepath.ToSlash(filepath.Dir(file))), bytes.TrimSpace(text))
	}
	return all.Bytes(), nil
}
