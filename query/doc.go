// Package query answers questions about events: how many, by how many persons,
// in which sessions, how far on a way, and which ones.
//
// A question is a typed [Query]: a [Trend], [Funnel], [Retention],
// [SegmentSize], [Sessions], [Events] or [Persons].
// [Parse] reads one from JSON, strictly: a field it does not know is a mistake
// and never ignored, and all mistakes are reported at once as an
// [*InvalidError] with the JSON pointer of each. The [Engine] compiles it to
// ClickHouse SQL with bound parameters, every table under its tenant's
// predicate, runs it on a [Conn] and returns an [Answer]. The [Handler] does
// the same over HTTP:
//
//	engine, err := query.NewEngine(query.Config{Conn: clickhouse.New(conn)})
//	answer, err := engine.Run(ctx, t, &query.Trend{
//		Scope:  query.Scope{Range: query.Range{Last: "30d"}},
//		Series: []query.Series{{Selector: query.Selector{Event: "Order Completed"}}},
//	})
//
// [Engine.Catalog] lists what questions can be about.
//
// # Sharing
//
// Questions are equal if they have the same [Canonical] form. With
// Config.Version, which tells whether anything new can be seen, equal questions
// of a tenant share one answer: as long as none of them has begun, while it is on
// its way, and until something new can be seen or a minute is over. Such an answer
// says so (Stats.Cached), and has the watermark of its own time; whatever could be
// seen when a question was asked is in its answer in any case, but for one who is
// content with less (Scope.MaxAge). Config.AtOnce bounds how many questions are
// answered at once, and tenant.Settings.Queries those of one tenant; others wait,
// and tenants take turns. With Config.Answers processes share answers as well.
//
// # Live
//
// GET /api/v1/live sends events as they become visible, and how many persons did
// something in the last five minutes. The events come from a [Live], such as a
// [Feed] behind a live tap of the processor, and may be lost; the number is asked
// of the store. What a client does not read in time it misses, and is told so. A
// Feed is a [footfall.Eraser]: it does not show events of who was erased.
//
// # What the numbers mean
//
// A day, week or month is one of the calendar of a time zone, never a multiple
// of 86,400 s; an hour begins with the local hour and ends early where the
// clock changes. A day begins once: where the clock goes back soon after
// midnight, the last minutes of the day before, which come again, belong to the
// day that has begun. A range is half-open. Uniques over a range are counted
// over the range and are not the sum of its buckets.
//
// The person of an event is its user; without one, the user its visitor is
// linked to by the first link after the last unlink; else the visitor. Alias
// edges are followed from there, the newest of each id; of the edges of a
// circle the newest does not count. This is resolved when a question is asked,
// so a login counts what was done before it.
//
// A trait of a person (person.NAME) is what was said last, by event time, under
// that key of any of the person's ids; of equal times that with the greater
// message id counts. Said to be null is said to have none. What was set once
// ("$set_once") counts where nothing else was ever said, and of that the oldest.
// A trait of a group (group.TYPE.NAME) is the same of the group's id;
// group.TYPE.$id is that id. The group of a type that an event belongs to is the
// one it names itself, in the property $groups.TYPE or in its context; else the
// one that a group event last said its person to be in. So traits and
// memberships, like links, change what was done before them, unless an event
// says it itself. A trait that is an object is one value, and equal to its JSON.
//
// A property is compared as text by eq, in, contains and matches, where a
// number has its shortest text (42, not 42.0, and 0, not -0); gt, gte, lt and
// lte compare numbers with numbers and, given a date or an RFC 3339 time, texts
// that are times. An event without the property fails each of these and passes their
// negations. matches is an RE2 search in which a dot does not match the end
// of a line.
//
// Uniques and quantiles are exact unless a series asks for an estimate
// (Series.Approximate), which the answer says. median, p90, p95 and p99
// interpolate linearly between the two nearest values (type 7 of Hyndman and
// Fan, the default of R, NumPy and spreadsheets). Sums are compensated. Aggregates of
// nothing are null, but a sum or count of nothing is 0.
//
// A measure of a trait or of a session's property has one value for each event
// of the series: that of its person, group or session. Only numbers count.
//
// Each value of a cumulative trend is that of the range up to the end of its
// bucket, the total that of the whole. A rolling one is the mean of the values
// of its bucket and those before it in the range; none of them that is none
// counts; the total stays. A formula is computed from the values and totals of
// its series as they would be shown; under a breakdown the values are the
// greatest of the first series, and what a series has not is 0 or none as
// nothing is. A trend is compared bucket by bucket, in their order: with as many
// buckets right before the range; with as many days, and the hours left over, if
// the range does not begin with a bucket or is asked for in all; or with the
// same local dates of the year before, 28 February for the 29th. It is the answer
// that the same question would have had about that range, but for the values of
// the breakdown, which are those of the range itself.
//
// The persons behind a number of a trend ([Persons] with Of and At) are those
// who did the events of its series, bucket and value; where the measure is
// persons, their total is the number. Behind a cumulative number stand all from
// the beginning of the range, behind a mean of several buckets those of the last
// of them, and the lines of a formula are its series. A value of a breakdown
// that is itself "$other" is always among the others.
//
// Without Of, [Persons] lists whoever has an event in the range for which the
// filter is true, be it only an identify, group or alias: a customer that a server
// has told of is found by its traits before it does anything, and is in segments
// as well. Numbers of persons are of those who did something, and so may be lower;
// a filter for event.$type in track, page and screen lists just those, and all
// that were ever told of are behind a [SegmentSize] that is true of everybody,
// {"did":{"event":"*"},"count":{"gte":0}}.
//
// # Funnels
//
// The unit of a [Funnel] is a person, a session or a group; events without a
// session or group of the type are in none. A unit's events are in the order of
// their times, then of their places in the log. Each event of step 1 in the
// range begins an attempt, which may take as long as the window, both ends
// included; later steps may lie behind the range unless Reach is "range". Of the
// attempts of a unit the one that got furthest counts, of several the one that
// began first, so that a unit is counted once in each step.
//
// In order, an attempt reaches each step at the earliest time possible, and one
// event is one step of it at most. Within one millisecond any order is allowed:
// as many further steps are reached as can be given distinct events. Strictly,
// no other event of the unit lies between two steps, for which only events that
// pass the filter of the whole question count, and none of those that say who
// somebody is; what has the time of the entry may be thought before it, and of
// the last step reached behind it, but a millisecond between must be used up. In
// any order every event of a step begins an attempt, and the count of step i is
// of the units with at least i steps.
//
// An excluded event that is strictly later than step After was reached, and
// strictly earlier than step Before, ends the attempt, which keeps what it had
// reached before; or, with "person", takes the unit out of the whole funnel.
// Properties that are held must be there in each step and equal as texts; other
// events need not have them.
//
// The seconds of a step are those from the step before, in the attempts that
// count. Its histogram counts them in bins of 1, 2, 5, 10, 15 or 30 seconds or
// minutes, of 1, 2, 3, 6 or 12 hours, 1 or 2 days, or 1, 2, 4 … weeks: of the
// narrowest with which there would be at most 20 from the least to the greatest,
// those with something in them. Over time (Interval), each bucket has the attempts that began in it, so
// that a unit may be in several. The value of a breakdown is that of the first
// event of the attempt that has one, of the last, or of the event of a given
// step; then units that did not get there are in no group. The values with most
// units at step 1 are shown, and each unit is in one group.
//
// The persons behind a step are its units; of sessions and groups they are those
// who began the attempts, each once, so that there may be fewer of them.
//
// # Sessions
//
// A session lies in the range its start lies in. Under a filter it counts if
// the filter is true for at least one of its events. It is engaged with 10
// seconds, two views or a key event, and bounced otherwise.
//
// Which events are key events and which are non-interactive says
// [tenant.Session]. Non-interactive ones make no session longer and are none of
// its views, so neither its entry nor its exit; in all other questions they count
// like any event, and event.$interactive, which is false for them and missing
// else, tells them apart.
//
// # Retention
//
// A cohort are those whose start lies in one interval of the range: their very
// first start ever ([FirstEver]), their first in the range ([FirstInRange]), or
// the first in that interval ([Recurring]), with which one is in several
// cohorts. A first start ever is one of all that is kept, which fulfils the
// selector and the filter.
//
// A return counts in a period it lies in, if it is not before the start; the
// start itself is one if it is what returns are. It may lie after the range. The
// period 0 is that of the start: of [CalendarBuckets] the interval of the cohort,
// then each that follows it; of [RollingBuckets] the time from each person's own
// start on, of an hour, of 24 hours, 7 or 30 times 24 hours, and so on. With
// [OnOrAfterward] whoever returns in a period or at any time after it counts in it.
//
// A period that has not begun for anybody is null, and the first so many
// periods of a cohort that are over for everybody are complete. The mean of a
// period is that of all persons of the cohorts for which it is complete. The
// value of a breakdown is that of the start that defines the cohort; the values
// shown are those with the most persons in all cohorts.
//
// # Segments
//
// A [Segment] is true or false for a person at a moment, the At of a
// [SegmentSize] or else now: what came after it does not count. Not to have done
// something, or at most so often, is true of those who did it never. Those who
// are asked about are all who did something or said who they are. To have done
// one thing and then another needs two events, of which the later is that by
// time or, of one time, by its place in the log; In is the longest time between
// them, and of what was not done then the time that must have passed. Somebody
// was first seen at the first event of behaviour or, without any, at the first
// that says who it is. Traits are those of now, whatever the moment.
//
// In a filter a segment is true for the events of the persons in it, and not to
// be in it for those of all others. Within is the range of the question where it
// is not given.
//
// A [StoredSegment] is named by its id. It means the same in every question:
// what is not given as Within is always, and days are those of the tenant's own
// zone; so it is with the segments in its own filters. The filter of a
// [SegmentSize] is true for the events that count, of a dynamic one as well. A
// static one has the persons who were in it when it was stored; who is linked to
// another since counts as that person, and who was erased, or of whom nothing is
// kept, is in it no longer. To delete one makes mistakes of those that name it.
// The property segment.ID breaks down by it: "true" are the events of the persons
// in it, "false" all others.
package query
