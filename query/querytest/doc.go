// Package querytest says what the answers of package query must be.
//
// A [World] is what tenants have sent, in plain lists, and [World.Answer] is a
// slow and obvious way to an answer: it reads every event, follows every rule
// of the semantics word by word and shares no code with the compiler of
// statements. It is the oracle: an engine is right if it agrees.
//
// [Run] is the suite that an engine must pass. It plays scripts (see [Script])
// whose answers were written by hand, on the oracle and on the engine, and asks
// both generated questions about generated worlds. What they disagree on is
// made smaller while they still do, and printed as a script.
//
// # What is asked
//
// The files of testdata have the rules, each with a case that would come out
// otherwise without it: calendar.test has hours to months where clocks are odd,
// and comparisons, sums so far, means and formulas over them; trend.test the
// measures; filter.test texts, numbers, times, zeros, missing properties and
// the values of breakdowns; funnel.test attempts, windows, ties, orders,
// exclusions, what is held and attribution; retention.test cohorts, periods,
// returns, means and what is not over; segment.test how often, one thing after
// another, since when, moments, ranges, and all of it as a filter; stored.test
// segments under an id; session.test engagement, lengths, entries and exits;
// identity.test links, devices and aliases. Which events make a session is the
// processor's to say, and is tested there. What fields of one question do together
// is in combined.test. The files whose names begin with suite have what other
// products' suites hold themselves to and what their documentation works out, in our
// words; where their rule is another one, a comment says so.
//
// By default a run asks two thousand generated questions, as far as 80 seconds
// suffice for them, and says how many of each kind; too few of one, or too many
// without anything to tell, fail it. Most have little to them, so that there can
// be many; a quarter have as much as any. [RunSample] asks fewer. These variables
// change it:
//
//	FOOTFALL_TEST_TIME=10m        as many as there is time for
//	FOOTFALL_TEST_QUESTIONS=5000  so many, of which fewer are a failure
//	FOOTFALL_TEST_SEED=1          the same run again
//	FOOTFALL_TEST_WORLD=7         only this world of it, as a failure names it
//
// # What was decided here
//
// Where the two had disagreed, and neither the documentation of package query nor
// any peer told which was right:
//
//   - A day that has begun goes on, though the wall shows the day before again.
//   - What a trend is compared with is what the same question says of that range;
//     so a segment in its filter, with no range of its own, is about that range.
//   - Nothing that a tenant keeps no longer is seen: it is no first event of
//     anybody, and no visitor is known by it alone.
//   - In a stored segment all is always, and by the tenant's own calendar, in the
//     filters of its selectors too; but the filter of the question about its size
//     narrows what counts.
//   - Behind a line of a formula the values of a breakdown are those that are
//     shown, which are the first series'.
//   - Events of one time are listed partition by partition of the log, while the
//     steps of a funnel take them by offset: what one person does in several
//     partitions in one millisecond has no order of its own.
//   - A number has one zero, also in a set.
package querytest
