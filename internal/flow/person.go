package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// When a waiting caller is told something.
const (
	firstNews = 120 * time.Second
	nextNews  = 90 * time.Second
)

// person leads to somebody who can be talked to, or to the promise of a call.
// It ends the call.
func (t *talk) person(purpose queue.Purpose, keyed string) {
	t.lead(t.enter(Enter{Purpose: purpose, Keyed: keyed}))
}

// lead leads a caller on who has a place in the queue: to the hold, or to the
// promise of a call. It ends the call.
func (t *talk) lead(look Outlook) {
	t.unattended(look)
	estimate, known := t.estimate(look)
	switch {
	case look.Free:
	case look.Offer && look.Full:
		t.fullToday(look.Next)
	case look.Offer:
		if t.offer(look, estimate, known) {
			t.callback()
		}
	case known:
		t.announce(look)
		t.Say(speech.PersonWaitShort, estimate)
	default:
		t.Say(speech.PersonHold)
	}
	t.hold()
}

// offer asks, before the hold, whether the caller wants to be called instead.
func (t *talk) offer(look Outlook, estimate speech.Slot, known bool) bool {
	if known {
		t.announce(look)
	}
	return t.ask(question{
		say: func() {
			if known {
				t.Say(speech.PersonOfferFirst, estimate)
			} else {
				t.Say(speech.PersonOfferUnknown)
			}
		},
		keys: "12", silence: '2', wrong: '2', tolerance: 1,
	}) == '1'
}

// takeUp lets a caller wait in the place that a promised call has kept. Nobody
// is offered a call who has just chosen to wait instead of one.
func (t *talk) takeUp(ticket string) {
	look := t.enter(Enter{Purpose: queue.WantsPerson, Ticket: ticket})
	t.unattended(look)
	estimate, known := t.estimate(look)
	switch {
	case look.Free:
	case known:
		t.announce(look)
		t.Say(speech.PersonWaitShort, estimate)
	default:
		t.Say(speech.PersonHold)
	}
	t.hold()
}

// enter takes a place in the queue. From here on an agent's turn may come at
// any question. While the store is away no place can be kept: then a caller who
// can be is passed to an agent at once.
func (t *talk) enter(e Enter) Outlook {
	t.purpose, t.astray, t.safe = e.Purpose, e.Keyed, false
	e.Caller, e.Citizen = t.Caller, t.citizen
	look := insist[Outlook](t, t.NewRequest(AskEnter, e))
	t.ticket, t.queued = look.Ticket, look.Ticket != ""
	t.OnHangup(t.left)
	if look.Agent != "" {
		t.connect(look.Agent, t.connecting())
	}
	return look
}

// ours tells whether this call of ours is still the attempt of the ticket that
// the caller waits under: how it ends is then what becomes of the ticket.
func (t *talk) ours() bool { return t.ticket == t.Ticket && !t.reported }

// left settles what a caller leaves behind who hung up while waiting: the place
// is given up, unless we were the ones who called and had no agent to give.
func (t *talk) left(*dialogue.Conversation) {
	switch {
	case t.Ticket != "" && t.ours():
		if t.missed {
			t.settle(queue.NoAgent)
		}
	case t.broken():
	case t.ticket != "":
		dialogue.Ask[Empty](t.Conversation, AskLeft, OfTicket{t.ticket})
	}
	t.settle(t.hungUp())
}

// holdOn says that somebody will answer, and holds.
func (t *talk) holdOn(words speech.ID) {
	t.Say(words)
	t.hold()
}

// hold waits for an agent, with music, and with news now and then. 1 asks for
// a call instead, at any time and whatever becomes of the music.
func (t *talk) hold() {
	for due := t.Now().Add(firstNews); ; {
		play := func() { t.Do(dialogue.Action{Kind: dialogue.Hold}) }
		play()
		in := t.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true, Limit: max(due.Sub(t.Now()), time.Millisecond),
			Collect: &dialogue.Collect{Max: 1}}, play)
		t.heard(in)
		if in.Kind == dialogue.Entry {
			if in.Keys == "1" {
				t.callback()
			}
			continue
		}
		due = t.Now().Add(nextNews)
		look, _ := dialogue.Ask[Outlook](t.Conversation, AskOutlook, OfTicket{t.ticket})
		t.news(look)
		t.passing = false
		if !t.next && !(look.Full && look.Next == "") && (t.Caller != "" || t.number != "") {
			t.Say(speech.WaitOffer)
		}
	}
}

// news says one line: that we are late, once; that the caller is the next, once;
// the place while it is a small number; the estimate otherwise; and nothing that
// is not known.
func (t *talk) news(look Outlook) {
	estimate, known := t.estimate(look)
	switch {
	case !t.late && !t.until.IsZero() && t.Now().After(t.until):
		t.late = true
		t.Say(speech.WaitLate)
	case t.next:
		t.Say(speech.WaitAlive)
	case look.Known && look.Ahead == 0:
		t.next = true
		t.Say(speech.WaitNext)
	case look.Known && look.Ahead == 1:
		t.ahead = 1
		t.Say(speech.WaitPositionOne)
	case look.Known && look.Ahead > 1 && look.Ahead <= t.mostAhead():
		t.ahead = look.Ahead
		t.Say(speech.WaitPosition, speech.Ahead(look.Ahead))
	case known:
		t.announce(look)
		t.Say(speech.WaitEstimate, estimate)
	default:
		t.Say(speech.WaitAlive)
	}
}

// mostAhead is the largest place that may be said: a small number, and not more than
// was said before in this call. Whoever has a head start may have come in between.
func (t *talk) mostAhead() int {
	const small = 20
	if t.ahead == 0 {
		return small
	}
	return t.ahead
}

// estimate is the wait that may be said: one that is known, and not longer than
// any that was said before in this call.
func (t *talk) estimate(look Outlook) (speech.Slot, bool) {
	estimate, ok := speech.EstimateFor(look.Minutes)
	return estimate, ok && look.Known && (t.longest == 0 || speech.EstimateEnd(look.Minutes) <= t.longest)
}

// announce notes the wait that is about to be said.
func (t *talk) announce(look Outlook) {
	t.longest = speech.EstimateEnd(look.Minutes)
	if end := t.Now().Add(time.Duration(t.longest) * time.Minute); end.After(t.until) {
		t.until = end
	}
	t.Tell(AskAnnounced, Announced{Ticket: t.ticket, Minutes: t.longest})
}
