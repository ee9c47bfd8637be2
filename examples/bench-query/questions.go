package main

import (
	"fmt"
	"strings"

	"github.com/footfall-go/footfall/query"
)

// question is one that is measured.
type question struct {
	name string
	json string
	// catalog is the question where json is empty.
	catalog query.CatalogQuery
	// hand are statements for the same answer as somebody would write them who
	// knows the tables; {ids} in one stands for what comes first in the rows of
	// the one before.
	hand []string
	// floor is the filter of the events the answer is made of.
	floor string
	// digest turns a result into the lines that the statements by hand have.
	digest func(result []byte) (string, error)
	// check is what the answer must be by what was generated, nil where that
	// was not counted.
	check func(*facts) string
}

const (
	lastMonth = `"range":{"from":"2026-06-01","to":"2026-07-01"}`
	wholeYear = `"range":{"from":"2025-07-01","to":"2026-07-01"}`
	steps     = `"steps":[{"event":"$page"},{"event":"Product Viewed"},{"event":"Product Added"},{"event":"Checkout Started"},{"event":"Order Completed"}]`
	segment   = `"segment":{"and":[{"did":{"event":"Product Viewed"},"count":{"gte":3}},{"did":{"event":"Product Added"}},{"not":{"did":{"event":"Order Completed"}}}]}`
)

// parts of the statements written by hand.
var parts = strings.NewReplacer(
	"{shop}", "tenant = 'shop' AND silo = ''",
	"{month}", "time >= '2026-06-01' AND time < '2026-07-01'",
	"{month+14d}", "time >= '2026-06-01' AND time < '2026-07-15'",
	"{year}", "time >= '2025-07-01' AND time < '2026-07-01'",
	"{year+14d}", "time >= '2025-07-01' AND time < '2026-07-15'",
	"{actor}", "if(user = 0, visitor, user) AS actor",
	"{did}", "type IN ('track', 'page', 'screen')",
	"{person}", "if(l.target = 0, e.actor, l.target) AS person",
	"{links}", "LEFT ANY JOIN (SELECT visitor AS id, argMin(user, (_epoch, _o, _i)) AS target FROM identities WHERE tenant = 'shop' AND silo = '' AND kind = 'link' GROUP BY visitor) AS l ON e.actor = l.id",
	"{funnel}", "name IN ('$page', 'Product Viewed', 'Product Added', 'Checkout Started', 'Order Completed')",
	"{segment}", "name IN ('Product Viewed', 'Product Added', 'Order Completed')",
	"{settings}", "SETTINGS do_not_merge_across_partitions_select_final = 1",
)

// fill puts the parts into a text.
func fill(text string) string { return parts.Replace(text) }

var questions = []question{
	{
		name:  "trend, 30 days, by a property",
		json:  `{"kind":"trend",` + lastMonth + `,"series":[{"event":"Product Viewed"}],"breakdown":{"property":"event.category"}}`,
		floor: "name = 'Product Viewed' AND {month}", digest: trendLines,
		hand: []string{`SELECT concat(g, '|', toString(day), '|', toString(sum(n))) FROM (
SELECT if(dense_rank() OVER (ORDER BY s DESC, l) <= 10, l, '$other') AS g, day, n FROM (
SELECT l, day, n, sum(n) OVER (PARTITION BY l) AS s FROM (
SELECT texts['category'] AS l, dateDiff('day', toDate('2026-06-01'), time) AS day, count() AS n FROM events FINAL WHERE {shop} AND {month} AND name = 'Product Viewed' GROUP BY l, day)))
GROUP BY g, day ORDER BY 1 {settings}`},
	},
	{
		name:  "trend, 30 days, persons",
		json:  `{"kind":"trend",` + lastMonth + `,"series":[{"event":"Product Viewed","measure":"persons"}]}`,
		floor: "name = 'Product Viewed' AND {month}", digest: trendLines,
		hand: []string{`SELECT concat('|', toString(day), '|', toString(uniqExact(person))) FROM (
SELECT day, {person} FROM (SELECT dateDiff('day', toDate('2026-06-01'), time) AS day, {actor} FROM events FINAL WHERE {shop} AND {month} AND name = 'Product Viewed') AS e {links})
GROUP BY day ORDER BY 1 {settings}`},
	},
	{
		name:  "trend, 12 months, events by name",
		json:  `{"kind":"trend",` + wholeYear + `,"interval":"total","series":[{"event":"*"}],"breakdown":{"property":"event.$name"}}`,
		floor: "{did} AND {year}", digest: trendLines,
		hand: []string{`SELECT concat(name, '|0|', toString(count())) FROM events FINAL WHERE {shop} AND {year} AND {did} GROUP BY name ORDER BY 1 {settings}`},
	},
	funnel("funnel, 5 steps, 30 days", lastMonth, "month", "2026-07-01"),
	funnel("funnel, 5 steps, 12 months", wholeYear, "year", "2026-07-01"),
	{
		name:  "retention, 12 weeks",
		json:  `{"kind":"retention","range":{"from":"2026-03-30","to":"2026-06-22"},"interval":"week","periods":12,"start":{"event":"$page"},"return":{"event":"$page"}}`,
		floor: "name = '$page' AND {year}", digest: retentionLines,
		hand: []string{`SELECT concat(toString(c), '|', toString(j), '|', toString(count())) FROM (
SELECT intDiv(dateDiff('day', toDate('2026-03-30'), f), 7) AS c, arrayJoin(arrayPushFront(arrayMap(w -> intDiv(dateDiff('day', toMonday(f), w), 7), weeks), -1)) AS j FROM (
SELECT person, min(time) AS f, groupUniqArray(toMonday(time)) AS weeks FROM (
SELECT time, {person} FROM (SELECT time, {actor} FROM events FINAL WHERE {shop} AND name = '$page') AS e {links})
GROUP BY person HAVING f >= '2026-03-30' AND f < '2026-06-22'))
WHERE j <= 12 GROUP BY c, j ORDER BY 1 {settings}`},
	},
	segmentOf("segment, 3 conditions, 30 days", lastMonth, "month"),
	segmentOf("segment, 3 conditions, 12 months", wholeYear, "year"),
	{
		name:  "sessions, 30 days",
		json:  `{"kind":"sessions",` + lastMonth + `,"interval":"day"}`,
		floor: "type = 'page' AND {month}", digest: sessionLines,
		hand: []string{
			`SELECT concat(toString(dateDiff('day', toDate('2026-06-01'), start)), '|', toString(count()), '|', toString(round(avg(views), 6)), '|', toString(floor(quantileExactInclusive(0.9)(toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start)) / 1000)))
FROM sessions FINAL WHERE {shop} AND opened_date >= '2026-05-24' AND opened_date <= '2026-07-08' AND start >= '2026-06-01' AND start < '2026-07-01' GROUP BY dateDiff('day', toDate('2026-06-01'), start) {settings}`,
			`SELECT concat(if(end.1 = 0, 'entry', 'exit'), '|', end.2, '|', toString(count())) FROM (
SELECT arrayJoin([(0, argMin(texts['$path'], time)), (1, argMax(texts['$path'], time))]) AS end FROM events FINAL
WHERE {shop} AND time >= '2026-06-01' AND time < '2026-07-09' AND type = 'page' AND (visitor, session) IN (
SELECT visitor, session FROM sessions FINAL WHERE {shop} AND opened_date >= '2026-05-24' AND opened_date <= '2026-07-08' AND start >= '2026-06-01' AND start < '2026-07-01')
GROUP BY visitor, session) GROUP BY end ORDER BY end.1, count() DESC, end.2 LIMIT 10 BY end.1 {settings}`,
		},
	},
	persons("persons, a page, 30 days", lastMonth, "month", nil),
	persons("persons, a page, 12 months", wholeYear, "year", func(f *facts) string { return fmt.Sprint(f.Persons) }),
	{
		name: "catalogue, 12 months", floor: "{did}", digest: catalogLines,
		hand: []string{
			`SELECT concat(name, '|', toString(count()), '|', toString(min(time)), '|', toString(max(time))) FROM events FINAL WHERE {shop} GROUP BY name {settings}`,
			`SELECT concat('event.', key, '|', toString(sum(n))) FROM (SELECT arrayJoin(arrayConcat(t, m)) AS key, n FROM (
SELECT texts.keys AS t, numbers.keys AS m, count() AS n FROM events FINAL WHERE {shop} AND {did} GROUP BY t, m)) GROUP BY key {settings}`,
			`SELECT concat('person.', key, '|', toString(uniqExact(id))) FROM traits WHERE {shop} GROUP BY key {settings}`,
		},
	},
}

func funnel(name, scope, span, to string) question {
	return question{
		name: name, json: `{"kind":"funnel",` + scope + `,` + steps + `}`, floor: "{funnel} AND {" + span + "}",
		digest: funnelLines,
		hand: []string{`SELECT arrayStringConcat([toString(countIf(level >= 1)), toString(countIf(level >= 2)), toString(countIf(level >= 3)), toString(countIf(level >= 4)), toString(countIf(level >= 5))], '|') FROM (
SELECT person, windowFunnel(1209600000)(ms, name = '$page' AND ms < toUnixTimestamp64Milli(toDateTime64('` + to + `', 3, 'UTC')), name = 'Product Viewed', name = 'Product Added', name = 'Checkout Started', name = 'Order Completed') AS level FROM (
SELECT ms, name, {person} FROM (SELECT toUInt64(toUnixTimestamp64Milli(time)) AS ms, name, {actor} FROM events FINAL WHERE {shop} AND {funnel} AND {` + span + `+14d}) AS e {links})
GROUP BY person) {settings}`},
	}
}

func segmentOf(name, scope, span string) question {
	return question{
		name: name, json: `{"kind":"segment",` + scope + `,"at":"2026-07-01",` + segment + `}`, floor: "{segment} AND {" + span + "}",
		digest: countLine,
		hand: []string{`SELECT toString(count()) FROM (
SELECT person, sum(v) AS views, sum(a) AS adds, sum(o) AS orders FROM (
SELECT v, a, o, {person} FROM (SELECT countIf(name = 'Product Viewed') AS v, countIf(name = 'Product Added') AS a, countIf(name = 'Order Completed') AS o, {actor} FROM events FINAL WHERE {shop} AND {segment} AND {` + span + `} GROUP BY actor) AS e {links})
GROUP BY person HAVING views >= 3 AND adds >= 1 AND orders = 0) {settings}`},
	}
}

func persons(name, scope, span string, check func(*facts) string) question {
	return question{
		name: name, json: `{"kind":"persons",` + scope + `}`, floor: "{" + span + "}", check: check, digest: totalLine,
		hand: []string{
			`SELECT concat(toString(person), '|', toString(count() OVER ())) FROM (
SELECT DISTINCT {person} FROM (SELECT {actor} FROM events FINAL WHERE {shop} AND {` + span + `} GROUP BY actor) AS e {links}) ORDER BY person LIMIT 100 {settings}`,
			`SELECT concat(toString(person), ' ', toString(min(time)), ' ', toString(max(time))) FROM (
SELECT time, {person} FROM (SELECT time, {actor} FROM events FINAL WHERE {shop} AND {did} AND (user IN ({ids}) OR visitor IN (SELECT visitor FROM identities WHERE {shop} AND user IN ({ids})) OR visitor IN ({ids}))) AS e {links})
WHERE person IN ({ids}) GROUP BY person {settings}`,
		},
	}
}
