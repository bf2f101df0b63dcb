package main

import (
	"richiamo/internal/speech"
	"richiamo/prompts"
)

// commands lists the sub-commands in the order in which help shows them.
func commands() []command {
	return []command{
		serveCommand(),
		doctorCommand(),
		demoCommand(),
		benchCommand(),
		simulateCommand(),
		backupCommand(),
		restoreCommand(),
		registryCommand(),
		agentCommand(),
		fiscalcodeCommand(),
		sayCommand(),
		phoneCommand(prompts.FS(), recordedWords()),
		versionCommand(),
	}
}

// recordedWords tells what a recording says; nothing is known if the prompts
// can't be read.
func recordedWords() Words {
	said := map[string]string{}
	if voice, err := speech.Load(prompts.FS(), "it"); err == nil {
		for _, p := range voice.Pieces() {
			said[string(p.Recording)] = p.Text
		}
	}
	return func(recording string) string { return said[recording] }
}
