package clickhouse_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// samples are questions that have, together, each text that the types of
// questions have; TestSamplesHaveEveryText makes sure of it.
var samples = []string{
	`{"kind":"trend",` + wholeYear + `,"zone":"Europe/Berlin","max_age":"1m","interval":"total","filter":{"property":"event.x","op":"ne","value":"y"},"series":[{"event":"Buy","name":"buys","filter":{"property":"event.y","op":"not_in","value":["pro"]},"measure":"sum","of":"event.n"}],"breakdown":{"property":"event.x","limit":1000}}`,
	`{"kind":"trend","range":{"from":"2024-03-01","to":"2024-05-01"},"series":[{"event":"*"},{"event":"*","measure":"persons"}],"interval":"month","formula":"A/B","compare":"previous_period"}`,
	`{"kind":"trend",` + wholeYear + `,"interval":"total","series":[{"event":"Buy","filter":{"property":"person.plan","op":"in","value":["fine"]}}]}`,
	`{"kind":"trend","range":{"last":"52w"},"interval":"total","series":[{"event":"*"}],"breakdown":{"property":"event.$name","limit":1000}}`,
	`{"kind":"trend",` + wholeYear + `,"interval":"total","series":[{"event":"*","measure":"persons"}],"breakdown":{"property":"person.plan","limit":1000}}`,
	`{"kind":"trend",` + wholeYear + `,"interval":"total","series":[{"event":"*","measure":"sessions"}],"breakdown":{"property":"session.entry"}}`,
	`{"kind":"trend",` + wholeYear + `,"interval":"total","series":[{"event":"*","measure":"max","of":"group.company.size"}],"breakdown":{"property":"group.company.$id"}}`,
	`{"kind":"funnel",` + wholeYear + `,"zone":"UTC","filter":{"property":"event.x","op":"is_set"},"steps":[{"event":"$page","name":"see","filter":{"property":"event.$path","op":"matches","value":"^/"}},{"event":"Buy"}],"order":"ordered","window":"14d","by":"person","exclude":[{"event":"Leave","name":"left","after":1,"before":2,"filter":{"property":"event.x","op":"contains","value":"z"}}],"exclusion":"attempt","hold":["event.x"],"reach":"window","interval":"month","breakdown":{"property":"event.x","attribution":"last"}}`,
	`{"kind":"funnel",` + wholeYear + `,"steps":[{"event":"*"},{"event":"*"}],"by":"group.company","window":"none"}`,
	`{"kind":"retention",` + wholeYear + `,"zone":"UTC","interval":"month","periods":3,"start":{"event":"*","name":"came","filter":{"property":"event.x","op":"is_set"}},"return":{"event":"Buy","name":"bought","filter":{"property":"event.n","op":"gt","value":"0"}},"cohort":"recurring","count":"on","buckets":"calendar","breakdown":{"property":"event.x"},"filter":{"property":"event.x","op":"not_in","value":["q"]}}`,
	`{"kind":"segment",` + wholeYear + `,"at":"2024-12-31","filter":{"property":"event.x","op":"is_set"},"segment":{"and":[{"did":{"event":"Buy","name":"b","filter":{"property":"event.x","op":"eq","value":"fine"}},"count":{"gte":1},"within":{"from":"2024-01-01","to":"2025-01-01"}},{"did":{"event":"*"},"then":{"event":"Buy","name":"c"},"in":"24h"},{"not":{"did":{"event":"*"},"not_then":{"event":"Buy"},"in":"1d"}},{"first_seen":{"last":"100w"}},{"or":[{"property":"person.plan","op":"eq","value":"pro"},"theirs-segment"]}]}}`,
	`{"kind":"segment",` + wholeYear + `,"at":"2024-12-31","filter":{"property":"event.x","op":"is_set"},"segment":{"and":[{"did":{"event":"Buy","name":"b","filter":{"property":"event.x","op":"eq","value":"fine"}},"count":{"gte":1},"within":{"from":"2024-01-01","to":"2025-01-01"}},{"did":{"event":"*"},"then":{"event":"Buy","name":"c"},"in":"24h"},{"not":{"did":{"event":"*"},"not_then":{"event":"Buy"},"in":"1d"}},{"first_seen":{"last":"100w"}},{"or":[{"property":"person.plan","op":"eq","value":"pro"}] }]}}`,
	`{"kind":"sessions",` + wholeYear + `,"interval":"month","filter":{"or":[{"property":"session.entry","op":"contains","value":"/"},{"property":"session.exit","op":"is_set"}]}}`,
	`{"kind":"events",` + wholeYear + `,"limit":1000,"filter":{"segment":"theirs-segment"}}`,
	`{"kind":"events",` + wholeYear + `,"person":"user:them"}`,
	`{"kind":"events",` + wholeYear + `,"person":"visitor:v","limit":1}`,
	`{"kind":"events",` + wholeYear + `,"cursor":"$EVENTS"}`,
	`{"kind":"persons",` + wholeYear + `,"limit":1,"cursor":"$PERSONS"}`,
	`{"kind":"persons",` + wholeYear + `,"limit":1000,"filter":{"segment":{"did":{"event":"*"}}}}`,
	`{"kind":"persons",` + wholeYear + `,"of":{"kind":"trend","interval":"month","series":[{"event":"*"}],"breakdown":{"property":"event.x","limit":1000}},"at":{"bucket":"2024-03-01","breakdown":"$other"}}`,
	`{"kind":"persons","of":{"kind":"funnel",` + wholeYear + `,"steps":[{"event":"*"},{"event":"Buy"}]},"at":{"step":2,"outcome":"converted"}}`,
	`{"kind":"persons","of":{"kind":"retention",` + wholeYear + `,"interval":"month","start":{"event":"*"},"return":{"event":"*"}},"at":{"cohort":"2024-03-01","period":1}}`,
	`{"kind":"persons","of":{"kind":"segment","segment":{"did":{"event":"*"}}}}`,
}

// kindsOfQuestions are the types of all of them.
var kindsOfQuestions = []query.Query{
	&query.Trend{}, &query.Funnel{}, &query.Retention{}, &query.SegmentSize{}, &query.Sessions{}, &query.Events{}, &query.Persons{},
}

// hostile are texts that break out of things.
var hostile = []string{
	"'\"`\\ {p1:String} {tenant:String} $$ ') OR 1=1 -- /* */ '); DROP TABLE events; --", "\x00", "\r\nX-Leak: 1",
	"\u200b\u202etxet\u2066\ufeff\ud7ff\U0001f469\u200d\U0001f4bb", strings.Repeat("ä'\\{", 2000), strings.Repeat("n", 8<<10-10),
	"../theirs", "theirs", "them", "*", "$other", "", "(?:a{1000}){1000}", "9999999999999w", "1e999",
}

// places fills in cursors that are before everything.
var places = strings.NewReplacer("$EVENTS", "ZTAuMC4wLjAuMA", "$PERSONS", "cDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw")

// parts returns every text of a document with what puts another in its place.
func parts(doc any, put func(any), at string, each func(at, text string, put func(any))) {
	switch v := doc.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts(v[name], func(to any) { v[name] = to }, at+"/"+name, each)
		}
	case []any:
		for i := range v {
			parts(v[i], func(to any) { v[i] = to }, fmt.Sprint(at, "/", i), each)
		}
	case string:
		each(at, v, put)
	}
}

// texts collects the fields of types that hold texts.
func texts(t reflect.Type, all map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		texts(t.Elem(), all)
	case reflect.Struct:
		for f := range t.Fields() {
			name := t.Name() + "." + f.Name
			if holds := f.Type.Kind(); holds == reflect.String || holds == reflect.Interface || f.Type == reflect.TypeFor[[]string]() || f.Type == reflect.TypeFor[*string]() {
				all[name] = true
			} else if !all["("+name] {
				all["("+name] = true // filters have filters
				texts(f.Type, all)
				delete(all, "("+name)
			}
		}
	}
}

// given collects the fields that a value has.
func given(v reflect.Value, all map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			given(v.Elem(), all)
		}
	case reflect.Slice:
		for i := range v.Len() {
			given(v.Index(i), all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				all[v.Type().Name()+"."+v.Type().Field(i).Name] = true
				given(v.Field(i), all)
			}
		}
	}
}

// TestSamplesHaveEveryText fails when a question has a text that no sample has.
func TestSamplesHaveEveryText(t *testing.T) {
	t.Parallel()
	want, got := map[string]bool{}, map[string]bool{}
	for _, kind := range kindsOfQuestions {
		texts(reflect.TypeOf(kind), want)
	}
	for _, sample := range samples {
		q, err := query.Parse([]byte(places.Replace(sample)))
		require.NoError(t, err, sample)
		given(reflect.ValueOf(q), got)
	}
	require.Greater(t, len(want), 30)
	for name := range want {
		require.True(t, got[name], "no sample has %s", name)
	}
	for _, kind := range kindsOfQuestions {
		require.True(t, slices.ContainsFunc(samples, func(sample string) bool { return strings.HasPrefix(sample, `{"kind":"`+kind.Kind()+`"`) }))
	}
}
