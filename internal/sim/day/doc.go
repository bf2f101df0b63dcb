// Package day plays a day of a call center twice, with the real queue, the real
// planner and the real conversations: once as it used to be, where whoever wants a
// person has to hold the line, and once with callbacks. The two days have the same
// citizens with the same patience, who call at the same minutes.
//
//	scenario.go   the days that there are, and what can be changed in them
//	ways.go       the days on which something else is compared or told than a rush, and
//	              what of them can't be played yet
//	others.go     the days on which it matters who is served first, or from when on
//	need.go       the day on which the oldest are called first, and who is counted apart
//	play.go       one day: who calls when, and what is counted
//	compare.go    both days, and how many agents would do
//	table.go      the comparison as text
//	chart.go      the comparison as a picture
//
// The figures are those of a model: arrivals without memory within an hour,
// patience, redials and handle times as Scenario says. They are meant for comparing
// and for planning staff, and not as a forecast of a certain day.
package day
