package call

import (
	"time"

	"richiamo/internal/dialogue"
)

// What an agent can key on a desk phone in a talk. Only the telephone of the agent
// in charge is listened to: the citizen's keys mean nothing here, whatever they
// are.
//
//	**          put the citizen on hold; again: take back (a helper who was asked is dropped)
//	*7 NUMBER # consult agentNUMBER; the citizen is on hold
//	*8          transfer the citizen to the helper
//	*9          conference of citizen, agent and helper
//	*4          back to the queue, in front
//
// The citizen hears the tones of the keys, since sound is passed on as it is, and
// is told nothing else of them.

// code is what has been keyed of a code.
type code struct {
	keys string
	last byte
	at   time.Time // of the last key
}

// codePause is the pause after which a code that was begun is forgotten, and
// longestCode the most keys that one can have.
const (
	codePause   = 4 * time.Second
	longestCode = 10
)

// The targets of wishes.
const (
	agentTarget = "agent:agent" // and the number of the agent
	ownQueue    = "queue:"      // the queue that the citizen came from
)

// key takes one key and gives the wish that it completes. held tells whether the
// citizen is on hold.
func (c *code) key(k byte, at time.Time, held bool) (wish dialogue.Input, done bool) {
	switch {
	case k == c.last && at.Equal(c.at): // the same key, told twice
		return wish, false
	case at.Sub(c.at) > codePause:
		c.keys = ""
	}
	c.last, c.at = k, at
	if c.keys == "" {
		if k == '*' {
			c.keys = "*"
		}
		return wish, false
	}
	c.keys += string(k)
	wish, done = wished(c.keys, held)
	if done || !openCode(c.keys) {
		c.keys = ""
	}
	return wish, done
}

// wished reads a whole code.
func wished(keys string, held bool) (wish dialogue.Input, ok bool) {
	switch keys {
	case "**":
		wish.Verb = dialogue.PutOnHold
		if held {
			wish.Verb = dialogue.TakeBack
		}
	case "*8":
		wish.Verb = dialogue.Transfer
	case "*9":
		wish.Verb = dialogue.Conference
	case "*4":
		wish.Verb, wish.Target = dialogue.Transfer, ownQueue
	default:
		last := len(keys) - 1
		if len(keys) < 4 || keys[:2] != "*7" || keys[last] != '#' {
			return wish, false
		}
		wish.Verb, wish.Target = dialogue.Consult, agentTarget+keys[2:last]
	}
	wish.Kind = dialogue.Wished
	return wish, true
}

// openCode tells whether more keys can make a code of it.
func openCode(keys string) bool {
	if len(keys) < 2 || keys[:2] != "*7" || len(keys) >= longestCode {
		return false
	}
	for i := 2; i < len(keys); i++ {
		if keys[i] < '0' || keys[i] > '9' {
			return false
		}
	}
	return true
}

// deskKey takes a key of a party's telephone.
func (w *worker) deskKey(l *live, p *party, e Event) {
	wait := l.turn.Wait
	if wait.For != dialogue.ForTalk || wait.Serial != p.serial || l.talk == nil {
		p.code = code{}
		return
	}
	if wish, done := p.code.key(e.Digit, e.At, l.talk.Apart); done {
		wish.At, wish.Agent = e.At, p.agent
		w.feed(l, wish)
	}
}
