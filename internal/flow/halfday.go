package flow

import (
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// A half-day is chosen from three at a time: more are not remembered.
const (
	atOnce  = 3
	maxSkip = 9 // the morning and the afternoon of six days
)

// chooseDay lets the caller choose the half-day of a call. Who chooses none is
// called as soon as possible.
func (t *talk) chooseDay() queue.HalfDay {
	for skip := 0; ; skip += atOnce {
		days := t.halfDays(skip)
		switch {
		case len(days) == 0 && skip == 0:
			t.Say(speech.CallbackNoDays)
			return ""
		case len(days) == 0: // all have been heard: from the first again
			skip = -atOnce
			continue
		}
		more := len(days) == atOnce && skip < maxSkip
		q := question{say: func() { t.sayDays(days, more) }, keys: dayKeys(len(days), more), silence: 'x', patience: 1}
		switch key := t.ask(q); key {
		case 'x':
			return ""
		case '4':
		default:
			return days[key-'1']
		}
	}
}

// halfDays asks which half-days have room. When that can't be told, there are
// none to be offered.
func (t *talk) halfDays(skip int) []queue.HalfDay {
	list, _ := dialogue.Ask[HalfDayList](t.Conversation, AskHalfDays, HalfDays{Skip: skip})
	var days []queue.HalfDay
	for _, day := range list.HalfDays {
		if _, ok := t.halfDaySlot(day); ok && len(days) < atOnce {
			days = append(days, day)
		}
	}
	return days
}

// sayDays names the half-days with their keys.
func (t *talk) sayDays(days []queue.HalfDay, more bool) {
	for i, day := range days {
		slot, _ := t.halfDaySlot(day)
		switch i {
		case 0:
			t.Say(speech.CallbackHalfDay1, slot)
		case 1:
			t.Say(speech.CallbackHalfDay2, slot)
		case 2:
			t.Say(speech.CallbackHalfDay3, slot)
		}
	}
	if more {
		t.Say(speech.CallbackHalfDayMore)
	}
}

// dayKeys are the keys of so many half-days.
func dayKeys(n int, more bool) string {
	keys := "123"[:n]
	if more {
		keys += "4"
	}
	return keys
}
