// Package match finds out how far a unit, such as a person, got on the steps of
// a funnel. It is exact, knows nothing of tables, and allocates nothing for a
// unit once its buffers have grown.
//
// A [Matcher] is given the events of one unit that match a step or an exclusion,
// each with the bits of what it matches, in the order of their times and places.
// Events of one millisecond are a tie, in which every order is allowed.
//
// Ordered: each event of step 1 begins an attempt, which reaches each step at the
// earliest time possible: of a tie it takes the largest number of further steps
// that can be given distinct events of it. Those events are the first by place
// that allow that number.
//
// Strict: likewise, but between two steps there is no other event that
// [Breaks]. In the tie of the entry, others may be thought before it; in the
// last tie reached, behind; a tie between must be used up.
//
// Any: each event begins an attempt, whose level at some time is the largest
// number of steps that can be given distinct events up to then.
//
// # Why it is fast
//
// An attempt that began earlier is never behind one that began later, so the
// place where attempts look for a step only moves forward: a unit of n events
// costs n times the steps, however many attempts there are. What a tie does to a
// level does not depend on the attempt and is found out once, and only in a tie
// with an event of several steps is it a matching. In any order the events that
// raise the level from some moment on are the first basis of a matroid, and that
// of one event more is among the old one and the event.
package match
