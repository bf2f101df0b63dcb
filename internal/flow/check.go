package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// The check of the trunk is a call of ours to a number of the authority, made before
// the first citizen of the day is called. Where somebody else's telephone answers,
// that it does is all that can be known. Where the number is one of our own, the
// call comes back in to us, and shows what citizens would see.
//
// Which of the calls that come in meanwhile is the one can't be told by its number,
// since the number is what is being tried. So the call that goes out keys six
// figures as soon as it is answered, again and again, and each call that comes in is
// asked to wait a moment: the one that brings the figures is ours, and is no
// citizen's. All others go on as if nothing had been. That figures come through is
// tried with it: citizens could do nothing without.
const (
	backEvery = 2 * time.Second  // the figures are keyed so often
	backTimes = 5                // and so many times: then the call has not come back
	backLimit = 14 * time.Second // a call that comes in is in doubt for at most so long, which is longer
)

// check is our call that tries the trunk.
func check(c *dialogue.Conversation) {
	t := begin(c)
	t.place()
	if t.Proof != "" {
		t.comeBack()
	}
	t.settle(queue.Delivered)
	t.Say(speech.CheckHello)
	t.end("")
}

// comeBack waits for the call to come back in: the other leg of it, which is another
// conversation, reports how, and hangs up.
func (t *talk) comeBack() {
	failed := func() {
		outcome := queue.NotBack
		if t.Lost() {
			outcome = queue.OurFault
		}
		dialogue.Ask[Back](t.Conversation, AskBack, CameBack{Keys: t.Proof, Outcome: outcome})
	}
	t.OnHangup(func(*dialogue.Conversation) { failed() })
	t.OnResume(nil)
	press := func() { t.Do(dialogue.Action{Kind: dialogue.Press, Keys: "*" + t.Proof + "#"}) }
	for range backTimes {
		press()
		t.Await(dialogue.Wait{For: dialogue.ForTurn, Limit: backEvery}, press)
	}
	failed()
	t.end("")
}

// back is a call that comes in while the trunk is being tried.
func back(c *dialogue.Conversation) {
	t := begin(c)
	c.OnHangup(nil) // nobody has heard anything yet
	c.OnResume(nil)
	if t.cameBack() {
		t.end("")
	}
	c.OnHangup(func(*dialogue.Conversation) { t.broken() })
	c.OnResume(t.resume)
	t.welcome()
}

// cameBack tells whether a call that has come in is our own one. Once no check is
// under way any more it listens for another moment: then the line of one that has
// failed is cleared.
func (t *talk) cameBack() bool {
	began, keys, doubted, over := t.Now(), "", false, false
	collect := dialogue.Collect{Max: 7, Signs: true, First: backEvery, Between: backEvery}
	for {
		it, ok := dialogue.Ask[Back](t.Conversation, AskBack,
			CameBack{Keys: keys, Outcome: queue.Shown(t.Shown, t.Setup.ServicePhone)})
		switch decided := ok && !it.Waiting; {
		case it.Ours:
			return true
		case decided && (over || !doubted), t.Now().Sub(began) >= backLimit:
			return false
		default:
			over = decided
		}
		moment := func() { t.Say(speech.CommonMoment) }
		if !doubted {
			doubted = true
			moment()
		}
		keys = t.Await(dialogue.Wait{For: dialogue.ForEntry, Collect: &collect}, moment).Keys
	}
}
