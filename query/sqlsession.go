package query

import "github.com/footfall-go/footfall/internal/schema"

// sessionKey names a session in both tables.
const sessionKey = "(visitor, session)"

// views are the events a session's entry and exit are taken from. Their names
// follow from their types, and are what the table is sorted by. A view that is
// non-interactive is none: the session's views do not count it either.
const views = "name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false'"

// sessionValues returns a table of the sessions that can hold an event of the
// range, with one property: visitor, session, has, text, hasNum, num.
func (s *sql) sessionValues(name string) (table string, a accessor) {
	switch name {
	case sessionDuration:
		value := "(" + millis("last") + " - " + millis("start") + ") / 1000 AS num"
		return s.sessionsAround("visitor, session, " + value), accessor{hasText: "0", hasNum: "1", num: "num"}
	case sessionViews:
		return s.sessionsAround("visitor, session, toFloat64(views) AS num"), accessor{hasText: "0", hasNum: "1", num: "num"}
	}
	return s.viewsOf(name, s.since-sessionReach, s.to+sessionReach),
		accessor{hasText: "has", text: "text", hasNum: "0"}
}

func (s *sql) sessionsAround(columns string) string {
	return s.scan(columns, schema.Sessions,
		"opened_date >= "+s.date(s.since-sessionReach), "opened_date <= "+s.date(s.to+sessionReach))
}

// viewsOf returns a table of the first or last view of each session: visitor,
// session, has, text.
func (s *sql) viewsOf(name string, from, to int64) string {
	return "SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (" + s.viewsBetween(s.chosenView(name)+" AS view", from, to) + ")"
}

// viewsBetween returns something of the views of each session that has any:
// visitor, session and what is asked for.
func (s *sql) viewsBetween(columns string, from, to int64, where ...string) string {
	return s.scan("visitor, session, "+columns, schema.Events,
		append(append(s.between(from, to), views, "session != 0"), where...)...) + " GROUP BY visitor, session"
}

// chosenView aggregates views to the first or last: "=" and its text, or nothing
// where it has none. The order of the log decides between views of one time. What
// is compared is one number and what is kept one text, which the engine
// does much faster than the same with tuples.
func (s *sql) chosenView(name string) string {
	choose := "argMin"
	if name == sessionExit {
		choose = "argMax"
	}
	of := func(key string) string {
		return "if(mapContains(texts, " + key + "), concat('=', texts[" + key + "]), '')"
	}
	text := "if(type = 'page', " + of(s.text("$path")) + ", " + of(s.text("name")) + ")"
	return choose + "(" + text + ", bitOr(bitShiftLeft(toUInt256(" + millis("time") + " - " + s.integer(never) + "), 128), toUInt256(" + position + ")))"
}

// sessionCondition is true for rows whose session fulfils a comparison; a row
// without a session does not.
func (s *sql) sessionCondition(name string, op Op, value any) string {
	table, a := s.sessionValues(name)
	return sessionKey + " IN (SELECT visitor, session FROM (" + table + ") WHERE " + s.compare(a, op, value) + ")"
}

// sessions returns the sessions of the range with their numbers: time,
// visitor, session, views, key_event, ms (how long it took).
func (s *sql) sessions(f *Filter) string {
	where := []string{
		"opened_date >= " + s.date(s.since-sessionReach), "opened_date <= " + s.date(s.to+sessionReach),
		"start >= " + s.moment(s.since), "start < " + s.moment(s.to),
	}
	switch {
	case f == nil:
	case f.ofSessions():
		// The same for all events of a session, so that none has to be read.
		where = append(where, s.filter(f))
	default:
		// An event of a session that starts in the range is not before it.
		holding := append(s.between(s.since, s.to+sessionReach), "session != 0", behaviour, s.filter(f))
		where = append(where, sessionKey+" IN ("+s.scan("visitor, session", schema.Events, holding...)+")")
	}
	return s.scan("start, visitor, session, views, key_event, "+millis("last")+" - "+millis("start")+" AS ms", schema.Sessions, where...)
}

// engaged tells the sessions that are no bounce.
const engaged = "(ms >= 10000 OR views >= 2 OR key_event)"

// compileSessions rounds what it interpolates to microseconds, so that 2.7 s are
// not shown as 2.6999999999999997. It returns the numbers of each bucket: bucket, count, engaged,
// views, and mean, median and p90 of the seconds.
func (p *plan) compileSessions(q *Sessions, edges []int64) Statement {
	s := p.sql()
	text := "SELECT toInt64(" + s.bucketOf("start", edges) + ") AS bucket, count() AS n, countIf(" + engaged + ") AS stayed, toFloat64(avg(views)) AS depth, " +
		"avg(ms) / 1000 AS mean, round(quantileExactInclusive(0.5)(ms), 3) / 1000 AS median, round(quantileExactInclusive(0.9)(ms), 3) / 1000 AS p90\n" +
		"FROM (" + s.sessions(q.Filter) + ")\nGROUP BY bucket"
	return s.statement(text)
}

// topViews is how many entries and exits are listed.
const topViews = 10

// compileViews returns where the sessions began and ended, in one pass over
// their views: whether it is an end, text, count.
func (p *plan) compileViews(q *Sessions) Statement {
	s := p.sql()
	chosen := sessionKey + " IN (SELECT visitor, session FROM (" + s.sessions(q.Filter) + "))"
	bounds := s.viewsBetween(s.chosenView(sessionEntry)+" AS entry, "+s.chosenView(sessionExit)+" AS exit", s.since, s.to+sessionReach, chosen)
	return s.statement("SELECT toUInt64(view.1) AS end, substring(view.2, 2) AS text, count() AS n\nFROM (SELECT arrayJoin([(0, entry), (1, exit)]) AS view\nFROM (" + bounds + "))\n" +
		"WHERE view.2 != '' GROUP BY end, text ORDER BY end, n DESC, text ASC LIMIT " + itoa(topViews) + " BY end")
}
