package stack

import (
	"reflect"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/query"
)

// closedSet lists the constants of a type, of which there are no others. A test
// holds the lists against the packages' source.
func closedSet[T ~string](values ...T) (reflect.Type, []any) {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return reflect.TypeFor[T](), list
}

// closedSets are all types whose values are a closed set of texts.
func closedSets() map[reflect.Type][]any {
	sets := map[reflect.Type][]any{}
	add := func(t reflect.Type, values []any) { sets[t] = values }
	add(closedSet(query.Hour, query.Day, query.Week, query.Month, query.Total))
	add(closedSet(
		query.CountEvents, query.CountPersons, query.CountSessions, query.PerPerson, query.Sum, query.Avg,
		query.Min, query.Max, query.Median, query.P90, query.P95, query.P99,
	))
	add(closedSet(query.CompareNone, query.PreviousPeriod, query.PreviousYear))
	add(closedSet(query.InOrder, query.Strict, query.AnyOrder))
	add(closedSet(query.EndsAttempt, query.DropsPerson))
	add(closedSet(query.WithinWindow, query.WithinRange))
	add(closedSet(query.FirstTouch, query.LastTouch, query.AtStep))
	add(closedSet(query.FirstEver, query.FirstInRange, query.Recurring))
	add(closedSet(query.OnPeriod, query.OnOrAfterward))
	add(closedSet(query.CalendarBuckets, query.RollingBuckets))
	add(closedSet(query.Converted, query.Dropped))
	add(closedSet(
		query.Equal, query.NotEqual, query.In, query.NotIn, query.Contains, query.NotContains, query.Matches,
		query.Greater, query.GreaterOrEqual, query.Less, query.LessOrEqual, query.IsSet, query.IsNotSet,
	))
	add(closedSet(
		ingest.InvalidJSON, ingest.TooLarge, ingest.TooDeep, ingest.UnknownType, ingest.MissingID, ingest.IllegalID, ingest.MissingEvent,
		ingest.BadType, ingest.BadTimestamp, ingest.TooFarAhead, ingest.TooOld, ingest.BadMessageID, ingest.ReservedName,
	))
	add(closedSet(keep.Person, keep.Tenant))
	add(closedSet(keep.Pending, keep.Done))
	add(closedSet(TraceStored, TraceQuarantined, TraceRefused, TracePending, TraceUnknown))
	add(closedSet(RowWaiting, RowReplayed, RowErased))
	return sets
}

// members say of some members more than their types do.
func members() map[string]object {
	span := object{"type": "string", "pattern": "^[0-9]{1,10}[smhdw]$"}
	oneOf := func(values ...any) object { return object{"type": "string", "enum": values} }
	value := object{"type": []any{"string", "number", "boolean"}}
	compared := object{"anyOf": []any{value, object{"type": "array", "items": value}}}
	return map[string]object{
		"query.Funnel.interval":       oneOf(string(query.Hour), string(query.Day), string(query.Week), string(query.Month)),
		"query.Retention.interval":    oneOf(string(query.Hour), string(query.Day), string(query.Week), string(query.Month)),
		"query.Funnel.window":         {"anyOf": []any{span, object{"const": "none"}}},
		"query.Funnel.by":             {"anyOf": []any{oneOf("person", "session"), object{"type": "string", "pattern": `^group\..`}}},
		"query.Range.last":            span,
		"query.Segment.in":            span,
		"query.Filter.value":          compared,
		"query.Segment.value":         compared,
		"query.Persons.of":            {"oneOf": []any{ref("query.Trend"), ref("query.Funnel"), ref("query.Retention"), ref("query.SegmentSize")}},
		"query.Events.person":         {"type": "string", "pattern": "^(user|visitor):."},
		"query.Event.type":            oneOf("track", "page", "screen", "identify", "group", "alias"),
		"query.PropertyName.types":    {"type": "array", "items": oneOf("number", "text")},
		"stack.erasureRequest.person": {"type": "string", "pattern": "^(user|visitor):."},
		"stack.ReplayRequest.reason":  {"type": "string", "minLength": 1},
	}
}

// forms are the types of requests that have exactly one of several forms, by the
// members that make one.
func forms() map[string][]any {
	needs := func(names ...any) object { return object{"required": names} }
	return map[string][]any{
		"query.Filter":  {needs("and"), needs("or"), needs("not"), needs("segment"), needs("property", "op")},
		"query.Segment": {needs("and"), needs("or"), needs("not"), needs("did"), needs("first_seen"), needs("property", "op")},
		"stack.ReplayRequest": {
			object{"required": []any{"all"}, "properties": object{"all": object{"const": true}}}, needs("reason"), needs("positions"),
		},
	}
}
