// Command render makes the recordings of the prompts from their texts.
//
// Run it at the project's root, as "make prompts" does:
//
//	go run ./prompts/render            make what is new or changed
//	go run ./prompts/render -all       make everything again
//	go run ./prompts/render -espeak    with the other voice, espeak-ng
//
// It needs sox and ffmpeg; the voice, SVOX Pico it-IT, it takes from the
// machine or for the moment from Debian. Where neither can be had it takes
// espeak-ng, and then makes everything again: a caller hears one voice only.
//
// Each recording is one breath of the voice: silence at both ends cut, pauses
// set to the lengths of the script, filtered so that it is clear on a telephone
// and for old ears, written as A-law and G.722 of the same length, a multiple
// of 20 ms. A whisper of noise, different in each recording, makes every 20 ms
// of the A-law one of a kind: whoever hears a packet knows what is said.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"richiamo/internal/speech"
)

func main() {
	dir := flag.String("dir", "prompts", "folder of the prompts")
	all := flag.Bool("all", false, "make all recordings again")
	espeak := flag.Bool("espeak", false, "use espeak-ng, not SVOX Pico")
	flag.Parse()
	if err := run(*dir, *all, *espeak); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

// run renders the Italian prompts and the music.
func run(dir string, all, espeak bool) error {
	folder := filepath.Join(dir, "it")
	text, err := os.ReadFile(filepath.Join(folder, "catalogue.txt"))
	if err != nil {
		return err
	}
	catalogue, err := speech.Parse(string(text), "it")
	if err != nil {
		return err
	}
	pieces := catalogue.Pieces()
	old, err := readHashes(folder)
	if err != nil {
		return err
	}
	wanted := picoDescription
	if espeak {
		wanted = espeakDescription
	}
	description := old.voice
	todo := old.changed(folder, pieces, all || old.voice != wanted)
	if len(todo) == 0 {
		fmt.Printf("render: %d recordings, all as their texts\n", len(pieces))
	} else {
		voice, err := findVoice(espeak)
		if err != nil {
			return err
		}
		defer voice.close()
		if voice.description != wanted && voice.description != old.voice {
			todo = pieces // another voice than before: none of the old recordings fits
		}
		fmt.Printf("render: %d of %d recordings, %s\n", len(todo), len(pieces), voice.description)
		if err := renderAll(voice, folder, todo); err != nil {
			return err
		}
		description = voice.description
	}
	if err := writeHashes(folder, description, pieces); err != nil {
		return err
	}
	if err := removeUnused(folder, pieces); err != nil {
		return err
	}
	return renderMusic(filepath.Join(dir, "moh"), all)
}

// renderAll renders pieces, a few at a time.
func renderAll(voice *voice, folder string, pieces []speech.Piece) error {
	queue := make(chan speech.Piece)
	var wait sync.WaitGroup
	problems := make([]error, runtime.NumCPU())
	for i := range problems {
		wait.Go(func() {
			for piece := range queue {
				if err := renderPiece(voice, folder, piece); err != nil {
					problems[i] = errors.Join(problems[i], fmt.Errorf("%s: %w", piece.Recording, err))
				}
			}
		})
	}
	for _, piece := range pieces {
		queue <- piece
	}
	close(queue)
	wait.Wait()
	return errors.Join(problems...)
}

// renderPiece makes the two files of one recording.
func renderPiece(voice *voice, folder string, piece speech.Piece) error {
	var sound []float64
	switch {
	case piece.Tone:
		sound = tone(piece.Beat)
	case piece.Text == "":
		sound = make([]float64, samples(piece.Beat))
	default:
		spoken, err := voice.say(piece.Text, piece.Beat > 0)
		if err != nil {
			return err
		}
		sound = shape(spoken, strings.Count(piece.Text, ". "))
	}
	for len(sound) < samples(piece.Beat) {
		sound = append(sound, 0)
	}
	return writeRecording(filepath.Join(folder, string(piece.Recording)), sound, piece.Text != "")
}

// hashes is the file hashes.txt: the voice, and what each recording says.
type hashes struct {
	voice string
	list  map[string]string
}

func readHashes(folder string) (hashes, error) {
	h := hashes{list: map[string]string{}}
	file, err := os.Open(filepath.Join(folder, "hashes.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, hash, _ := strings.Cut(lines.Text(), " ")
		if name == "voice" {
			h.voice = hash
		} else {
			h.list[name] = hash
		}
	}
	return h, lines.Err()
}

// changed lists the pieces that have to be made.
func (h hashes) changed(folder string, pieces []speech.Piece, all bool) []speech.Piece {
	return slices.DeleteFunc(slices.Clone(pieces), func(p speech.Piece) bool {
		for _, extension := range []string{".alaw", ".g722"} {
			if _, err := os.Stat(filepath.Join(folder, string(p.Recording)+extension)); err != nil {
				return false
			}
		}
		return !all && h.list[string(p.Recording)] == p.Fingerprint()
	})
}

func writeHashes(folder, voice string, pieces []speech.Piece) error {
	var b strings.Builder
	fmt.Fprintf(&b, "voice %s\n", voice)
	sorted := slices.Clone(pieces)
	slices.SortFunc(sorted, func(a, b speech.Piece) int { return strings.Compare(string(a.Recording), string(b.Recording)) })
	for _, p := range sorted {
		fmt.Fprintf(&b, "%s %s\n", p.Recording, p.Fingerprint())
	}
	return os.WriteFile(filepath.Join(folder, "hashes.txt"), []byte(b.String()), 0o644)
}

// removeUnused deletes recordings that nothing says any more.
func removeUnused(folder string, pieces []speech.Piece) error {
	used := map[string]bool{}
	for _, p := range pieces {
		used[string(p.Recording)] = true
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, file := range files {
		extension := filepath.Ext(file.Name())
		name := strings.TrimSuffix(file.Name(), extension)
		if (extension == ".alaw" || extension == ".g722") && !used[name] {
			fmt.Println("render: nothing says", name, "any more")
			if err := os.Remove(filepath.Join(folder, file.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
