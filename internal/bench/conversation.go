package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"richiamo/internal/app"
	"richiamo/internal/call"
	"richiamo/internal/config"
	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

const (
	// script is the conversation of the benchmarks, and language its recordings'.
	script   = "bench"
	language = "it"
	// modeVariable makes it the conversation of crash.
	modeVariable = "RICHIAMO_BENCH_CRASH"
	// profileVariable names the file for a processor profile.
	profileVariable = "RICHIAMO_BENCH_PROFILE"
)

// conversation is the short call: a prompt that a key cuts, another one, and the
// end. It is the same that the extension "bench" of the dialplan has.
func conversation(first speech.Recording) dialogue.Script {
	return dialogue.Script{Name: script, Version: 1, Flow: func(c *dialogue.Conversation) {
		c.Await(dialogue.Wait{For: dialogue.ForBegin}, nil)
		ask := func() { c.Say(speech.ID(first)) }
		ask()
		c.Await(dialogue.Wait{For: dialogue.ForEntry, Collect: &dialogue.Collect{Max: 1, First: 10 * time.Second}}, ask)
		c.Say(speech.ID(reply))
		c.Do(dialogue.Action{Kind: dialogue.Finish})
	}}
}

// host receives every call with the conversation of the benchmarks.
type host struct{ call.Host }

// Receive implements call.Host.
func (h host) Receive(c call.Channel) (call.Reception, error) {
	r, err := h.Host.Receive(c)
	if r.Script != "" {
		r.Script = script
	}
	return r, err
}

// Voice implements call.Host.
func (h host) Voice(string) call.Voice { return voice{lengths()} }

// Telephone implements call.Host.
func (h host) Telephone(_, agent string) string { return agent }

// Serve is Richiamo as it is served, until ctx ends, but for three things that
// make its calls those of the dialplan: the conversation, the recordings, and no
// pauses after a key and before the end. Everything else is done as ever, saving
// included.
func Serve(ctx context.Context, configFile string, log io.Writer) (err error) {
	cfg, err := config.Load(configFile)
	if err != nil {
		return err
	}
	if file := os.Getenv(profileVariable); file != "" {
		stop, err := profile(file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	first := prompt
	if os.Getenv(modeVariable) != "" {
		first = question
	}
	cfg.Asterisk.SoundsPrefix = soundsPrefix
	a, err := app.New(cfg, app.Options{Version: "bench", Log: log, Adjust: func(c *call.Config) {
		c.Scripts = append(c.Scripts, conversation(first))
		c.Host = host{c.Host}
		c.AfterKey, c.BeforeEnd = 0, 0
	}})
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	defer a.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-a.Done():
		return a.Err()
	}
}

// profile writes a processor profile from now on until it is stopped.
func profile(name string) (stop func() error, err error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("write the profile: %w", err), file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}
