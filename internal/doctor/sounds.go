package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"time"

	"richiamo/internal/speech"
	"richiamo/prompts"
)

// sounds looks whether Asterisk has the recordings that calls play. Where its
// folder of sounds lies on this machine, each is compared with the one built into
// this program; otherwise the longest is played to an empty room.
func (e *examination) sounds(ctx context.Context, x exchange) {
	var data struct {
		Value string `json:"value"`
	}
	_, err := x.get(ctx, "/asterisk/variable?variable=ASTDATADIR", &data)
	for _, language := range e.languages() {
		name := "sounds " + language
		voice, loaded := speech.Load(prompts.FS(), language)
		if loaded != nil {
			continue // told already
		}
		folder := filepath.Join(data.Value, "sounds", e.cfg.Asterisk.SoundsPrefix, language)
		root := filepath.Join(data.Value, "sounds")
		if _, missing := os.Stat(root); err == nil && data.Value != "" && missing == nil {
			e.compare(name, voice, language, folder)
			continue
		}
		e.play(ctx, x, name, voice, language)
	}
	e.ok("music on hold", "its module is running; not looked at: whether the class \"default\" has music")
}

// compare looks at every recording on disk.
func (e *examination) compare(name string, voice *speech.Catalogue, language, folder string) {
	var missing, others []string
	pieces := voice.Pieces()
	for _, p := range pieces {
		file := string(p.Recording) + ".alaw"
		ours, err := fs.ReadFile(prompts.FS(), path.Join(language, file))
		if err != nil {
			continue // Load has found it
		}
		switch theirs, err := os.ReadFile(filepath.Join(folder, file)); {
		case err != nil:
			missing = append(missing, file)
		case !bytes.Equal(theirs, ours):
			others = append(others, file)
		}
	}
	const cure = "install the recordings of this version (the folder prompts) there"
	switch {
	case len(missing) > 0:
		e.fail(name, cure, "%s lacks %s", folder, some(missing))
	case len(others) > 0:
		e.warn(name, cure, "in %s these are of another version: %s", folder, some(others))
	default:
		e.ok(name, "all %d recordings are in %s", len(pieces), folder)
	}
}

// roomName is the bridge that a recording is played to. Nobody is ever in it.
const roomName = "richiamo-doctor"

// play plays the longest recording to an empty room: a recording that Asterisk
// does not find ends at once.
func (e *examination) play(ctx context.Context, x exchange, name string, voice *speech.Catalogue, language string) {
	var longest speech.Recording
	for _, p := range voice.Pieces() {
		if voice.Duration(p.Recording) > voice.Duration(longest) {
			longest = p.Recording
		}
	}
	found, err := x.finds(ctx, "sound:"+path.Join(e.cfg.Asterisk.SoundsPrefix, language, string(longest)))
	switch {
	case err != nil:
		e.warn(name, "look into Asterisk's log", "it could not be tried whether Asterisk finds a recording: %v", err)
	case !found:
		e.fail(name, "install the folder prompts as sounds/"+e.cfg.Asterisk.SoundsPrefix+" of Asterisk's data folder", "Asterisk does not find the recording %s", longest)
	default:
		e.ok(name, "Asterisk, on another machine, finds %s; not looked at: the others", longest)
	}
}

// finds tells whether a recording of some seconds can be played.
func (x exchange) finds(ctx context.Context, media string) (found bool, err error) {
	if err := x.done(ctx, http.MethodPost, "/bridges/"+roomName+"?type=holding"); err != nil {
		return false, err
	}
	defer func() {
		if gone := x.done(context.WithoutCancel(ctx), http.MethodDelete, "/bridges/"+roomName); err == nil {
			err = gone
		}
	}()
	if err := x.done(ctx, http.MethodPost, "/bridges/"+roomName+"/play/"+roomName+"?media="+url.QueryEscape(media)); err != nil {
		return false, err
	}
	// It is being played, or is over already; anything else comes to one of the
	// two.
	for ctx.Err() == nil {
		var p struct {
			State string `json:"state"`
		}
		found, err = x.get(ctx, "/playbacks/"+roomName, &p)
		if err != nil || !found || p.State == "failed" {
			return false, err
		}
		if p.State != "playing" {
			continue
		}
		select { // of a recording that there is not, "playing" lasts for some milliseconds
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
		found, err = x.get(ctx, "/playbacks/"+roomName, &p)
		return found && p.State == "playing", err
	}
	return false, ctx.Err()
}

// done gives a command.
func (x exchange) done(ctx context.Context, method, path string) error {
	a, err := x.ask(ctx, method, path)
	if err == nil && a.status/100 != 2 {
		err = fmt.Errorf("asterisk answers %d", a.status)
	}
	return err
}
