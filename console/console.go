// Package console carries the agent's page inside the binary: sign-in, the
// telephone in the browser, who is on the line, and what came of the talk.
//
//	src/       its sources: TypeScript with JSX, one style sheet; edit these
//	vendor/    what others wrote of it, in fixed versions, with their licences
//	build/     makes static from both; needs Go alone
//	static/    what the browser gets; made, never edited
//
// After a change of src run "make console" (go run ./console/build). A test
// fails when it was forgotten. The page talks to the HTTP API of package web and,
// for sound, SIP over WebSocket to the exchange behind it; everything that must
// outlive the page is the server's.
//
// In src, desk.tsx is where reading begins: state.ts has what the page knows and
// api.ts how it asks, phone.ts is the one file that knows JsSIP, line.ts keeps
// the telephone registered, and the others are what is seen.
package console

import (
	"embed"
	"io/fs"
)

//go:embed static
var files embed.FS

// FS returns the page, read-only: index.html, and the files that it asks for as
// /console/NAME.
func FS() fs.FS {
	static, err := fs.Sub(files, "static")
	if err != nil { // the name is ours
		panic(err)
	}
	return static
}
