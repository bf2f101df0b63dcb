package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// talk is one conversation: the engine's, and what has been learnt so far. It
// is made anew at each step, like everything in a flow.
type talk struct {
	*dialogue.Conversation
	Begin

	keyed   bool // a key was pressed in this call
	silent  bool // the recorded voice has said what it is
	repeats int  // questions repeated in this call, for the hints
	saved   bool // something the caller confirmed is on disk
	safe    bool // and nothing else is wanted so far

	citizen string // the one identified last
	people  int    // requests made in this call
	number  string // the number confirmed last

	ticket  string        // in the queue under this ticket
	queued  bool          // still waiting there: an agent's turn may come at any question
	shut    bool          // nobody answers now: no turn is waited for
	swept   bool          // the offices have closed while the caller waited
	passing bool          // the caller has been told that somebody is coming
	next    bool          // the caller has been told to be the next
	purpose queue.Purpose // why a person is wanted
	astray  string        // what was keyed and led nowhere

	slot    queue.HalfDay // the half-day chosen last; empty: as soon as possible
	longest int           // the longest wait that may still be said, in minutes; 0: any
	ahead   int           // the last place that was said; 0: none
	until   time.Time     // when the longest wait that was said is over
	late    bool          // the caller has been told that it is

	missed   bool // there was no agent for the caller when there should have been one
	reported bool // how our call ended has been told

	failing, told time.Time // since when nothing can be saved; when the caller was told last
}

// end says goodbye and hangs up.
func (t *talk) end(goodbye speech.ID) {
	if goodbye != "" {
		t.Say(goodbye)
	}
	t.Do(dialogue.Action{Kind: dialogue.Finish})
	t.GoTo(func(*dialogue.Conversation) {})
}

// A question is asked and answered with one key.
type question struct {
	say  func()        // leaves what is said
	keys string        // the keys that are answers; with 0 or 9 among them they lose their usual sense
	wait time.Duration // for the key; 0: the tenant's

	// What silence counts as, after so many repetitions; 0: the rule of the
	// house, which is one repetition, then a person or, if no key was ever
	// pressed, the way without keys.
	silence  byte
	patience int
	// What a wrong key counts as, after so many repetitions; 0: the rule of the
	// house, which is one repetition, then a person.
	wrong     byte
	tolerance int

	fresh bool // keys pressed before the question do not answer it
	plain bool // no "still here", no hints: the question itself tells it all
}

// ask puts a question and returns the key that answers it, one of keys or of
// silence and wrong. 0 leads to a person; 9 says it again.
func (t *talk) ask(q question) byte {
	silences, wrongs, again := 0, 0, false
	for {
		in := t.put(q, again)
		key := byte(0)
		if in.Keys != "" {
			key = in.Keys[0]
		}
		switch {
		case key == 0:
			silences++
			if q.silence != 0 && silences > q.patience {
				return q.silence
			}
			if q.silence == 0 && silences > 1 {
				t.leadOn()
				silences = 0 // a key has brought the caller back
			}
			if !q.plain {
				t.stillHere()
			}
		case contains(q.keys, key):
			return key
		case key == '9':
			silences, wrongs = 0, 0
		case key == '0':
			t.GoTo(t.toPerson)
		default:
			wrongs++
			if q.wrong != 0 && wrongs > q.tolerance {
				return q.wrong
			}
			if q.wrong == 0 && wrongs > 1 {
				t.GoTo(t.toPerson)
			}
			t.Say(speech.CommonNotUnderstood)
		}
		again = true
	}
}

// put says a question and waits for its key. The turn of a caller in the queue
// may come meanwhile, and comes first.
func (t *talk) put(q question, again bool) dialogue.Input {
	wait := q.wait
	if wait == 0 {
		wait = t.Setup.Tempo.Menu
	}
	say := func() {
		q.say()
		if again && !q.plain {
			t.hint()
		}
	}
	w := dialogue.Wait{For: dialogue.ForEntry, Turn: t.queued && !t.shut,
		Collect: &dialogue.Collect{Max: 1, First: wait, Fresh: q.fresh, Open: again}}
	say()
	in := t.Await(w, q.say)
	t.heard(in)
	return in
}

// heard notes what an input tells about the caller, and follows the turn and
// the end of the day.
func (t *talk) heard(in dialogue.Input) {
	switch in.Kind {
	case dialogue.YourTurn:
		t.GoTo(func(*dialogue.Conversation) { t.connect(in.Agent, t.connecting()) })
	case dialogue.Closing:
		t.GoTo(t.closing)
	}
	if in.Keys != "" {
		t.keyed = true
	}
}

// leadOn follows the second silence at a question.
func (t *talk) leadOn() {
	if t.keyed || t.queued {
		t.GoTo(t.toPerson)
	}
	t.withoutKeys()
}

// stillHere is said before a question that is asked again after silence. The
// first silence of a call is the moment when the caller is talking to the voice.
func (t *talk) stillHere() {
	if t.silent {
		t.Say(speech.CommonStillHere)
		return
	}
	t.silent = true
	t.Say(speech.CommonRecordedVoice)
}

// hint adds, to the first two questions that are repeated in a call, what else
// a caller can press.
func (t *talk) hint() {
	t.repeats++
	switch t.repeats {
	case 1:
		t.Say(speech.CommonRepeatHint)
	case 2:
		t.Say(speech.CommonPersonHint)
	}
}

// entry waits for the keys of a longer entry; what is said has been left.
func (t *talk) entry(c dialogue.Collect, say func()) dialogue.Input {
	say()
	in := t.Await(dialogue.Wait{For: dialogue.ForEntry, Turn: t.queued && !t.shut, Collect: &c}, say)
	t.heard(in)
	if in.End == dialogue.Pause && in.Keys == "0" { // a lone 0 is a person, whatever is being keyed
		t.GoTo(t.toPerson)
	}
	return in
}

// figures says a number that the caller should write, as often as wanted.
func (t *talk) figures(say func()) {
	for {
		say()
		if t.ask(question{
			say:  func() { t.Say(speech.CommonAgainOrOn) },
			keys: "19", wait: 5 * time.Second, silence: '1', wrong: '1', fresh: true, plain: true,
		}) != '9' {
			return
		}
	}
}

func contains(keys string, key byte) bool {
	for i := range len(keys) {
		if keys[i] == key {
			return true
		}
	}
	return false
}
