// Package prompts carries the texts and the recordings of the telephone
// voice inside the binary.
//
//	it/catalogue.txt   every Italian text; edit this one
//	it/NAME.alaw       its recordings for Asterisk: G.711 A-law, 8 kHz, no header
//	it/NAME.g722       the same in wideband: G.722, 64 kbit/s
//	it/hashes.txt      what each recording was made of; kept by the renderer
//	moh/quiete.*       the music on hold, a loop without words
//	NOTICE             whose voice it is
//
// After a change of the catalogue run "make prompts" (go run ./prompts/render):
// it makes the recordings that are new or changed and deletes those that
// nothing says any more. Package speech turns the texts into what is played.
package prompts

import (
	"embed"
	"io/fs"
)

//go:embed it moh NOTICE
var files embed.FS

// FS returns the files, read-only: the folder "it" for a language, "moh" for
// the music.
func FS() fs.FS { return files }
