package query

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// questions are questions of all kinds and the mistakes in them, but for what is not supported
// yet.
var questions = []struct{ question, want string }{
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{"event":"b","name":"second"}],"order":"strict","window":"90m","by":"session","exclude":[{"event":"x","after":1,"before":2}],"exclusion":"person","hold":["event.a"],"reach":"range","interval":"week","breakdown":{"property":"event.b","attribution":"step","step":2}}`, ""},
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"}],"window":"none","by":"group.company","attribution":"last","breakdown":{"property":"person.plan","limit":3}}`, ""},
	{
		`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{}],"order":"random","window":"14","by":"group.","exclusion":"all","reach":"far","interval":"total","hold":["session.length","event."]}`,
		"/steps/1/event required, /order bad_value, /exclusion bad_value, /reach bad_value, /interval bad_value, /window bad_value, /by bad_value, /hold/0 bad_value, /hold/1 bad_value",
	},
	{
		`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{"event":"b"}],"exclude":[{"event":"x","after":0,"before":"2"},{"event":"x","after":2,"before":3},{"event":"x","after":1,"before":1}],"step":3}`,
		"/exclude/0/after bad_type, /exclude/0/before bad_type, /exclude/1/after bad_value, /exclude/1/before bad_value, /exclude/2/before bad_value, /breakdown/property required, /step conflict",
	},
	{`{"kind":"funnel",` + month + `,"steps":[` + strings.Repeat(`{"event":"a"},`, 20) + `{"event":"a"}],"hold":["event.a","event.b","event.c","event.d"]}`, "/steps too_many, /hold too_many"},
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"}],"attribution":"step","step":2,"breakdown":{"property":"event.b"}}`, "/step bad_value"},
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"}],"breakdown":{"property":"event.b","attribution":"best","step":2}}`, "/breakdown/attribution bad_value, /breakdown/step conflict"},
	{`{"kind":"persons","of":{"kind":"funnel",` + month + `,"steps":[{"event":"a"}],"breakdown":{"property":"event.b"},"attribution":"best"},"at":{"step":1}}`, "/of/attribution bad_value"},
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{"event":"b"},{"event":"c"}],"exclude":[{"event":"x"},{"event":"y","after":2}]}`, ""},
	{`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{"event":"b"}],"exclude":[{"event":"y","after":2}]}`, "/exclude/0/after bad_value, /exclude/0/before bad_value"},

	{`{"kind":"retention",` + month + `,"start":{"event":"a"},"return":{"event":"*"},"interval":"month","periods":3,"cohort":"recurring","count":"on_or_after","buckets":"rolling","breakdown":{"property":"event.x"}}`, ""},
	{
		`{"kind":"retention",` + month + `,"start":{"event":"a","after":1},"interval":"total","periods":367,"cohort":"all","count":"never","buckets":"square"}`,
		"/start/after unknown_field, /interval bad_value, /periods bad_value, /return/event required, /cohort bad_value, /count bad_value, /buckets bad_value",
	},

	{`{"kind":"segment","segment":"paying-users_2"}`, ""},
	{`{"kind":"segment",` + month + `,"at":"2024-02-01","zone":"Europe/Berlin","segment":{"and":[{"did":{"event":"$page","filter":{"property":"event.$path","op":"eq","value":"/pricing"}},"count":{"gte":3},"within":{"last":"30d"}},{"did":{"event":"Cart Added"},"not_then":{"event":"Purchased"},"in":"24h"}]}}`, ""},
	{`{"kind":"segment","segment":{"or":[{"not":"x"},{"first_seen":{"last":"7d"}},{"property":"person.plan","op":"eq","value":"pro"},{"did":{"event":"a"},"count":{"eq":0}},{"did":{"event":"a"},"then":{"event":"b"},"in":"1w","within":{"last":"30d"}}]}}`, ""},
	{
		`{"kind":"segment","segment":{"and":["no spaces","",{},{"did":{"event":"a"},"then":{"event":"b"},"not_then":{"event":"c"},"count":{}},{"count":{"gte":1}},{"property":"event.x","op":"is_set"},{"or":[]}]}}`,
		"/segment/and/1 required, /segment/and/0 bad_value, /segment/and/2 bad_value, /segment/and/3/not_then conflict, /segment/and/3/count conflict, /segment/and/3/in required, /segment/and/4/did required, /segment/and/5/property bad_value, /segment/and/6/or required",
	},
	{
		`{"kind":"segment","segment":{"and":[{"did":{"event":"a"},"in":"2h","count":{"eq":1,"gte":1}},{"did":{"event":"a"},"count":{"gte":3,"lte":2}},{"did":{"event":"a"},"count":{"gte":-1}},{"first_seen":{}}]},"at":"soon"}`,
		"/segment/and/2/count/gte bad_type, /at bad_value, /segment/and/0/in conflict, /segment/and/0/count conflict, /segment/and/1/count bad_value, /segment/and/3/first_seen required",
	},

	{`{"kind":"trend",` + month + `,"series":[{"event":"a"},{"event":"b"}],"formula":"100 * (A / b) - .5","compare":"previous_year","cumulative":true,"rolling":1}`, ""},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"formula":"A/B","compare":"last","cumulative":"yes"}`, "/cumulative bad_type, /formula bad_value, /compare bad_value"},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"cumulative":true,"rolling":7}`, "/rolling conflict"},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"rolling":1000}`, "/rolling bad_value"},

	{`{"kind":"persons","of":{"kind":"trend",` + month + `,"series":[{"event":"a"}],"breakdown":{"property":"event.x"}},"at":{"series":0,"bucket":"2024-01-02","breakdown":"v"},"limit":5}`, ""},
	{`{"kind":"persons",` + month + `,"of":{"kind":"funnel","steps":[{"event":"a"},{"event":"b"}]},"at":{"step":2,"outcome":"dropped"}}`, ""},
	{`{"kind":"persons","of":{"kind":"retention",` + month + `,"start":{"event":"a"},"return":{"event":"a"}},"at":{"cohort":"2024-01-01T00:00:00Z","period":7}}`, ""},
	{`{"kind":"persons","of":{"kind":"segment","segment":"x"},"at":{}}`, ""},
	{`{"kind":"persons","of":{"kind":"segment","segment":"x"},"at":{"step":1}}`, "/at/step unknown_field"},
	{
		`{"kind":"persons","range":{"last":"1d"},"filter":{"property":"event.x","op":"is_set"},"of":{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{}]}}`,
		"/range conflict, /filter conflict, /of/steps/1/event required",
	},
	{`{"kind":"persons","of":{"kind":"funnel",` + month + `,"steps":[{"event":"a"}]},"at":{"step":1,"outcome":"dropped","breakdown":"x"}}`, "/at/step bad_value, /at/breakdown conflict"},
	{`{"kind":"persons","of":{"kind":"retention",` + month + `,"start":{"event":"a"},"return":{"event":"a"}},"at":{"period":8}}`, "/at/cohort required, /at/period bad_value"},
	{`{"kind":"persons","of":{"kind":"retention",` + month + `,"start":{"event":"a"},"return":{"event":"b"}},"at":{"cohort":"2024-01-01","size":true}}`, ""},
	{`{"kind":"persons","of":{"kind":"retention",` + month + `,"start":{"event":"a"},"return":{"event":"b"}},"at":{"cohort":"2024-01-01","size":true,"period":1}}`, "/at/size conflict"},
	{`{"kind":"persons","of":{"kind":"trend",` + month + `,"series":[{"event":"a"}]},"at":{"series":1,"bucket":"x"}}`, "/at/series bad_value, /at/bucket bad_value"},
	{`{"kind":"persons","of":{"kind":"events",` + month + `}}`, "/of/kind bad_value"},
	{`{"kind":"persons","of":{"kind":"persons","of":{"kind":"trend"}},` + month + `}`, "/of/of bad_value, /of/kind bad_value"},
}

// TestKindsOfQuestions reads questions of every kind: each mistake is named, and
// what is sound comes back from its JSON as it was.
func TestKindsOfQuestions(t *testing.T) {
	t.Parallel()
	for _, test := range questions {
		q, problems := readQuestion(t, test.question)
		require.Equal(t, test.want, strings.Join(problems, ", "), "%.300s", test.question)
		if test.want != "" {
			continue
		}
		text, err := json.Marshal(q)
		require.NoError(t, err)
		again, problems := readQuestion(t, string(text))
		require.Empty(t, problems, "%s", text)
		require.Equal(t, q, again, "%s", text)
	}
}

// readQuestion returns a question and what is wrong with it.
func readQuestion(tb testing.TB, question string) (Query, []string) {
	tb.Helper()
	root, problem := parseTree([]byte(question))
	require.Nil(tb, problem)
	var c checker
	q := c.decodeQuery("", root)
	q.check(&c)
	var problems []string
	for _, p := range firstOfPath(c.problems) {
		if p.Code != "unsupported" {
			require.NotEmpty(tb, p.Message)
			problems = append(problems, p.Path+" "+p.Code)
		}
	}
	return q, problems
}

func TestTextsOfQuestions(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]string{
		`{"kind":"funnel",` + month + `,"steps":[{"event":"Viewed"},{"event":"Paid","filter":{"property":"event.price","op":"gt","value":5}}],"exclude":[{"event":"Left","after":1,"before":2}],"hold":["event.cart","session.entry"],"breakdown":{"property":"event.$country"}}`: `funnel of persons from "Viewed" to "Paid" where price is over 5 within 14 days, without "Left" between steps 1 and 2, with the same cart and session's entry, by country (the first 10)`,
		`{"kind":"funnel",` + month + `,"steps":[{"event":"a"},{"event":"*"}],"order":"any","by":"group.company","window":"1h","interval":"week"}`:                                                                                                                                `funnel of companies with "a" and any event in any order within 1 hour per week`,
		`{"kind":"retention",` + month + `,"interval":"week","periods":12,"start":{"event":"Signed Up"},"return":{"event":"*"}}`:                                                                                                                                                  `persons who did "Signed Up" for the first time ever and any event in the 12 weeks after, per week`,
		`{"kind":"segment","segment":{"and":[{"did":{"event":"Viewed"},"count":{"gte":3},"within":{"last":"30d"}},{"did":{"event":"Added"},"not_then":{"event":"Paid"},"in":"24h"}]}}`:                                                                                            `persons who (did "Viewed" at least 3 times in the last 30 days and did "Added" and not then "Paid" within 24 hours)`,
		`{"kind":"trend",` + month + `,"series":[{"event":"a"},{"event":"*","measure":"persons"}],"formula":"A/B","compare":"previous_year","rolling":7}`:                                                                                                                         `A/B per day, where A is the number of "a"; B is the number of persons of any event, compared with the year before, as the mean of 7`,
	} {
		q, problems := readQuestion(t, question)
		require.Empty(t, problems)
		require.Equal(t, want, words(q))
	}
}

// TestTextsOfRanges says of what is still going on what people call it.
func TestTextsOfRanges(t *testing.T) {
	t.Parallel()
	cal := newCalendar(zone(t, "Europe/Berlin"), tenant.MondayFirst)
	now := time.Date(2024, 5, 8, 10, 20, 30, 0, time.UTC)
	for scope, want := range map[string]string{
		`{"last":"1d"}`: "today",
		`{"last":"1w"}`: "this week",
		`{"last":"1h"}`: "this hour",
		`{"last":"1m"}`: "this minute",
		`{"last":"2d"}`: "the last 2 days",
		`{"from":"2024-05-07","to":"2024-05-08"}`:                               "on 7 May 2024",
		`{"from":"2024-05-01","to":"2024-06-01"}`:                               "1 May 2024 to 31 May 2024",
		`{"from":"2024-05-08T00:00:00+02:00","to":"2024-05-08T09:30:00+02:00"}`: "8 May 2024 00:00 to 8 May 2024 09:30",
	} {
		q, problems := readQuestion(t, `{"kind":"sessions","range":`+scope+`}`)
		require.Empty(t, problems)
		from, to := scopeOf(q).Range.resolve(now, cal)
		require.Equal(t, "Sessions in all, "+want+" (Europe/Berlin)", describe(q, cal, from, to))
	}
	for segment, want := range map[string]string{
		`{"did":{"event":"A"},"within":{"last":"1d"}}`:                           `Persons who did "A" today`,
		`{"did":{"event":"A"},"count":{"eq":0},"within":{"last":"1w"}}`:          `Persons who did "A" not once this week`,
		`{"did":{"event":"A"},"within":{"last":"3d"}}`:                           `Persons who did "A" in the last 3 days`,
		`{"did":{"event":"A"},"within":{"from":"2024-05-01","to":"2024-06-01"}}`: `Persons who did "A" from 2024-05-01 to 2024-06-01`,
		`{"first_seen":{"last":"1d"}}`:                                           `Persons who were first seen today`,
	} {
		q, problems := readQuestion(t, `{"kind":"segment","segment":`+segment+`}`)
		require.Empty(t, problems)
		require.Equal(t, want, describe(q, cal, now, now))
	}
	q, problems := readQuestion(t, `{"kind":"segment","at":"2024-05-01","segment":{"did":{"event":"A"},"within":{"last":"1d"}}}`)
	require.Empty(t, problems)
	require.Equal(t, `As of 2024-05-01, persons who did "A" today`, describe(q, cal, now, now))
}

func TestFormula(t *testing.T) {
	t.Parallel()
	series := []float64{6, 3, 0}
	of := func(i int) *float64 { return &series[i] }
	for text, want := range map[string]float64{
		"A": 6, "a/b": 2, "A - B - 1": 2, "A / B / 2": 1, "2 + 3 * B": 11, "(2+3)*B": 15, "-A": -6, "A--B": 9, "  1.5 *\tA ": 9,
	} {
		f, err := parseFormula(text, len(series))
		require.NoError(t, err, text)
		require.InDelta(t, want, *f.value(of), 1e-12, text)
	}
	f, err := parseFormula("A / C + 1", len(series))
	require.NoError(t, err)
	require.Nil(t, f.value(of), "nothing is divided by 0")
	f, err = parseFormula("C * -B", len(series))
	require.NoError(t, err)
	require.False(t, math.Signbit(*f.value(of)), "there is one zero")
	for _, text := range []string{"", "A+", "A B", "D", "(A", "A)", "1.2.3", "é", "1e5", "A//B", strings.Repeat("(", maxFormula+1)} {
		_, err := parseFormula(text, len(series))
		require.Error(t, err, text)
	}
}

// FuzzFormula holds that a formula that is read has a value or none.
func FuzzFormula(f *testing.F) {
	for _, text := range []string{"A/B", "-(1 + b) * .5", "((((", "A--B"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if parsed, err := parseFormula(text, 2); err == nil {
			one := 1.0
			parsed.value(func(int) *float64 { return &one })
		}
	})
}

// The text of persons says whose number it is.
func TestPersonsText(t *testing.T) {
	t.Parallel()
	trend := `{"kind":"trend",` + month + `,"series":[{"event":"A"},{"event":"B"}]`
	funnel := `{"kind":"funnel",` + month + `,"steps":[{"event":"A"},{"event":"B"}]`
	retention := `{"kind":"retention",` + month + `,"start":{"event":"A"},"return":{"event":"B"}`
	by := `,"breakdown":{"property":"event.x"}}`
	for of, cells := range map[string]map[string]string{
		trend + `}`: {
			`{}`: "the persons behind the total of series 1: ", `{"series":1,"bucket":"2024-01-02"}`: "the persons behind the day from 2024-01-02 of series 2: ",
		},
		funnel + `}`:    {`{"step":2}`: "the persons who reached step 2: ", `{"step":2,"outcome":"dropped"}`: "the persons who reached step 1 and not step 2: "},
		retention + `}`: {`{"cohort":"2024-01-02","period":3}`: "the persons of the cohort from 2024-01-02 who returned in period 3: ", `{"cohort":"2024-01-02","size":true}`: "the persons of the cohort from 2024-01-02: "},
		retention + `,"count":"on_or_after"` + by: {
			`{"cohort":"2024-01-02","period":3,"breakdown":"v"}`:       `the persons of the cohort from 2024-01-02 who returned in period 3 or later with x "v": `,
			`{"cohort":"2024-01-02","size":true}`:                      "the persons of the cohort from 2024-01-02 without x: ",
			`{"cohort":"2024-01-02","size":true,"breakdown":"$other"}`: "the persons of the cohort from 2024-01-02 with another value of x than those shown: ",
		},
		`{"kind":"segment","segment":{"did":{"event":"A"}}}`: {`{}`: "the persons in the segment: "},
	} {
		for at, want := range cells {
			q, err := Parse([]byte(`{"kind":"persons","of":` + of + `,"at":` + at + `}`))
			require.NoError(t, err)
			text := q.(*Persons).describe()
			require.True(t, strings.HasPrefix(text, want), "%s: %s", at, text)
			require.Greater(t, len(text), len(want))
		}
	}
}
