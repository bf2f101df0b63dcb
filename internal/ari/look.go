package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/CyCoreSystems/ari/v5"

	"richiamo/internal/call"
)

// down is the state of a channel that does not ring yet.
const (
	down = "Down"
	up   = "Up"
)

// Channels lists the channels that are in our application.
func (l *Line) Channels(ctx context.Context) ([]call.Channel, error) {
	var there []channel
	if err := l.get(ctx, "channels", "/channels", &there); err != nil {
		return nil, err
	}
	bridges, err := l.bridges(ctx)
	if err != nil {
		return nil, err
	}
	list := []call.Channel{}
	for i := range there {
		args, ours := there[i].args(l.cfg.App)
		if !ours {
			continue
		}
		c, err := l.view(ctx, &there[i], args, bridges)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Channel looks up one channel, whatever it is doing. call.ErrGone if there is
// none.
func (l *Line) Channel(ctx context.Context, id string) (call.Channel, error) {
	var there channel
	if err := l.get(ctx, "channel", channelPath(id, ""), &there); err != nil {
		return call.Channel{}, gone(err)
	}
	bridges, err := l.bridges(ctx)
	if err != nil {
		return call.Channel{}, err
	}
	args, _ := there.args(l.cfg.App)
	return l.view(ctx, &there, args, bridges)
}

// Phones tells for each desk phone, by the name of its endpoint, whether its
// telephone is there: registered, and it has answered the last probe
// (qualify_frequency in pjsip.conf), as far as it has been probed yet. The carrier is not among them.
func (l *Line) Phones(ctx context.Context) (map[string]bool, error) {
	var there []ari.EndpointData
	if err := l.get(ctx, "phones", "/endpoints/PJSIP", &there); err != nil {
		return nil, err
	}
	phones := make(map[string]bool, len(there))
	for _, e := range there {
		if e.Resource != l.cfg.Carrier {
			phones[e.Resource] = e.State == online
		}
	}
	return phones, nil
}

// online is an endpoint that has a contact which is not known to be unreachable.
const online = "online"

// bridges tells for each channel which bridge it is in.
func (l *Line) bridges(ctx context.Context) (map[string]string, error) {
	var there []ari.BridgeData
	if err := l.get(ctx, "bridges", "/bridges", &there); err != nil {
		return nil, err
	}
	of := map[string]string{}
	for i := range there {
		for _, c := range there[i].ChannelIDs {
			of[c] = there[i].ID
		}
	}
	return of, nil
}

// view is a channel as calls see it.
func (l *Line) view(ctx context.Context, c *channel, args []string, bridges map[string]string) (call.Channel, error) {
	seen := call.Channel{
		ID: c.ID, Up: c.State == up, Dialed: c.State != down,
		Bridge: bridges[c.ID], Caller: caller(args, c.Caller.Number), Args: args,
	}
	if seen.Dialed {
		return seen, nil
	}
	// Dialled, and not ringing yet? Only the mark tells. That it is gone
	// meanwhile will be told by an event.
	var mark struct{ Value string }
	err := gone(l.get(ctx, "channel", channelPath(c.ID, "/variable?variable="+dialledVariable), &mark))
	if done(err) != nil && !says(err, http.StatusConflict, "") {
		return seen, err
	}
	seen.Dialed = mark.Value != ""
	return seen, nil
}

// Info tells which exchange this is: Asterisk's version, its name, and the
// identity that it gives in events (entityid in asterisk.conf; without it the
// address of a network card, which may change).
func (l *Line) Info(ctx context.Context) (version, systemName, entityID string, err error) {
	var info ari.AsteriskInfo
	if err := l.get(ctx, "info", "/asterisk/info", &info); err != nil {
		return "", "", "", err
	}
	return info.SystemInfo.Version, info.ConfigInfo.Name, info.SystemInfo.EntityID, nil
}

// Recording fetches a finished recording: A-law, 8000 samples a second, one
// channel, no header. call.ErrGone if there is none of this name.
func (l *Line) Recording(ctx context.Context, name string) ([]byte, error) {
	sound, err := l.do(ctx, request{operation: "recording", method: http.MethodGet, path: storedPath(name) + "/file", again: true})
	if err != nil {
		return nil, gone(err)
	}
	return sound, nil
}

// DeleteRecording deletes a recording from the exchange. That there is none is
// success.
func (l *Line) DeleteRecording(ctx context.Context, name string) error {
	_, err := l.do(ctx, request{operation: "recording", method: http.MethodDelete, path: storedPath(name), again: true})
	return done(gone(err))
}

func storedPath(name string) string { return "/recordings/stored/" + url.PathEscape(name) }

// notebook is the channel that brings what the dialplan noted while we were away.
const notebook = "notebook"

// OpenNotebook asks for the numbers of those who called while nobody served
// them. Each comes as Entered with the arguments
//
//	notebook, KEY, NUMBER, EPOCH (seconds), DIALLED
//
// on one channel. Once it is on disk as a callback, DoContinue the channel at
// "notebook,delete": the note is deleted and the next one comes. After the last
// one Entered has the argument notebook only, and the channel may be hung up.
// That the notebook is open already is success.
func (l *Line) OpenNotebook(ctx context.Context) error {
	if l.isFenced() {
		return fmt.Errorf("ari: notebook: %w", ErrReplaced)
	}
	query := url.Values{
		"endpoint": {"Local/hold@notebook"}, "context": {notebook}, "extension": {"read"}, "priority": {"1"},
		"channelId": {notebook}, "otherChannelId": {notebook + "-far"},
	}
	_, err := l.do(ctx, request{operation: notebook, method: http.MethodPost, path: "/channels?" + query.Encode(), again: true})
	if says(err, http.StatusConflict, "") {
		return nil
	}
	return err
}
