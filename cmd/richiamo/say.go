package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"richiamo/internal/phone"
	"richiamo/internal/speech"
	"richiamo/prompts"
)

const sayHelp = `Shows how the telephone voice says something: the words in letters, then the
recordings that would be played, one a line.

Usage: richiamo say [--lang it] WHAT ...

  number N            a number from 0 to 1000000
  date YYYY-MM-DD     a date, with its weekday
  time HH:MM          an hour of the 24-hour clock
  phone NUMBER        a telephone number, figure by figure in groups
  spell TEXT          letters by cities, and figures
  prompt ID [NAME=VALUE ...]   a prompt of the script with its slots filled
  list                all prompts: name, what a key cuts, text

Examples:

  richiamo say number 1234
  richiamo say date 2027-02-15
  richiamo say time 09:30
  richiamo say phone 0212345678
  richiamo say spell RSSMRA
  richiamo say prompt number.cli phone=0212345678
  richiamo say prompt callback.promise "clock-range=today 10:30 11:00"
  richiamo say prompt wait.position ahead=4

In a prompt that has one, ‖ marks from where on a key counts.
`

// sayCommand shows words and recordings; it plays nothing.
func sayCommand() command {
	return command{
		name:    "say",
		summary: "shows the words and recordings of a number, date, hour, telephone number or prompt",
		run: func(_ context.Context, args []string, std stdio) int {
			flags := flag.NewFlagSet("say", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			lang := flags.String("lang", "it", "")
			switch err := flags.Parse(args); {
			case errors.Is(err, flag.ErrHelp):
				fmt.Fprint(std.out, sayHelp)
				return exitOK
			case err != nil:
				fmt.Fprintf(std.err, "richiamo say: %v\n\n%s", err, sayHelp)
				return exitUsage
			case flags.NArg() == 0 || flags.NArg() == 1 && flags.Arg(0) != "list":
				fmt.Fprint(std.err, sayHelp)
				return exitUsage
			}
			if err := say(std.out, *lang, flags.Arg(0), flags.Args()[1:]); err != nil {
				fmt.Fprintf(std.err, "richiamo say: %v\n", err)
				return exitFailed
			}
			return exitOK
		},
	}
}

// say prints what is said.
func say(out io.Writer, lang, what string, values []string) error {
	catalogue, err := speech.Load(prompts.FS(), lang)
	if err != nil {
		return err
	}
	if what == "list" {
		for _, id := range catalogue.IDs() {
			fmt.Fprintf(out, "%s\t%v\t%s\n", id, catalogue.Cut(id), catalogue.Text(id))
		}
		return nil
	}
	if what != "prompt" && len(values) != 1 {
		return fmt.Errorf("%s takes one value", what)
	}
	said, err := renderWhat(catalogue, what, values)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, said.Words)
	for _, recording := range said.Before {
		fmt.Fprintln(out, recording)
	}
	if len(said.After) > 0 {
		fmt.Fprintln(out, "‖")
	}
	for _, recording := range said.After {
		fmt.Fprintln(out, recording)
	}
	return nil
}

// renderWhat renders one kind of thing.
func renderWhat(catalogue *speech.Catalogue, what string, values []string) (speech.Rendered, error) {
	switch what {
	case "number":
		n, err := strconv.Atoi(values[0])
		if err != nil {
			return speech.Rendered{}, fmt.Errorf("%q is not a whole number", values[0])
		}
		return catalogue.Number(n)
	case "date":
		return catalogue.Date(speech.Day(values[0]))
	case "time":
		hour, minute, _ := strings.Cut(values[0], ":")
		h, err1 := strconv.Atoi(hour)
		m, err2 := strconv.Atoi(minute)
		if err1 != nil || err2 != nil {
			return speech.Rendered{}, fmt.Errorf("%q is not a time such as 09:30", values[0])
		}
		return catalogue.Time(speech.At(h, m))
	case "phone":
		number, err := phone.Parse(values[0])
		if err != nil {
			return speech.Rendered{}, err
		}
		return catalogue.Figures(number.Groups()...)
	case "spell":
		return catalogue.Spell(values[0])
	case "prompt":
		return renderPrompt(catalogue, speech.ID(values[0]), values[1:])
	}
	return speech.Rendered{}, fmt.Errorf("cannot say %q; \"richiamo say --help\" lists what can be said", what)
}

// renderPrompt fills the slots of a prompt from words like phone=0212345678.
func renderPrompt(catalogue *speech.Catalogue, id speech.ID, words []string) (speech.Rendered, error) {
	var slots []speech.Slot
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		kind, known := speech.KindOf(name)
		if !ok || !known {
			return speech.Rendered{}, fmt.Errorf("%q does not fill a slot; prompt %s has %v", name, id, catalogue.Slots(id))
		}
		slot := speech.Slot{Name: name, Kind: kind, Value: value}
		switch name {
		case "phone":
			number, err := phone.Parse(value)
			if err != nil {
				return speech.Rendered{}, err
			}
			slot = speech.Phone(number.Groups()...)
		case "service-phone":
			slot = speech.ServicePhone(speech.Threes(value)...)
		case "receipt":
			slot = speech.Receipt(value)
		case "code":
			slot = speech.Code(value)
		case "word":
			slot = speech.Word(value)
		}
		slots = append(slots, slot)
	}
	return catalogue.Render(speech.Say(id, slots...))
}
