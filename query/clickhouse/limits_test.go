package clickhouse_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// TestTenantsSeeOnlyThemselves plants a canary in everything another tenant
// has, with the same ids, and asks everything.
func TestTenantsSeeOnlyThemselves(t *testing.T) {
	t.Parallel()
	all := setup(t)
	theirs := all.of(t, newTenant(t, "theirs", tenant.Settings{}))
	dedicated := all.of(t, newTenant(t, "dedicated", tenant.Settings{Dedicated: true}))
	ours := all.of(t, newTenant(t, "ours", tenant.Settings{}))
	for _, w := range []*world{theirs, dedicated, ours} {
		secret := "CANARY" + w.tenant.ID.String()
		if w == ours {
			secret = "fine"
		}
		w.write(
			ev{at: "2024-03-01T10:00:00Z", name: "$page", typ: footfall.Page, visitor: "v", user: "u", session: 1, id: "same", props: `{"$path":"/` + secret + `"}`},
			ev{at: "2024-03-01T10:00:01Z", name: secret, visitor: "v", session: 1, id: "same2", props: `{"x":"` + secret + `","n":1}`},
			ev{at: "2024-03-01T10:00:02Z", name: "A", visitor: "w" + secret, user: "u" + secret, id: "same3"},
		)
		w.session("v", 1, "2024-03-01T10:00:00Z", "2024-03-01T10:00:01Z", 1)
		w.edge(footfall.LinkUser, "visitor:v", "u"+secret)
		w.edge(footfall.LinkAlias, "user:u", "alias"+secret)
	}
	for _, question := range []string{
		`"kind":"trend","interval":"total","series":[{"event":"*"}],"breakdown":{"property":"event.x","limit":1000}`,
		`"kind":"trend","interval":"total","series":[{"event":"*","measure":"persons"}],"breakdown":{"property":"event.$name","limit":1000}`,
		`"kind":"trend","interval":"total","series":[{"event":"*","measure":"sessions"}],"breakdown":{"property":"session.entry"}`,
		`"kind":"sessions"`, `"kind":"events"`, `"kind":"persons"`,
		`"kind":"events","person":"user:u"`, `"kind":"events","person":"visitor:v"`, `"kind":"events","person":"user:uCANARYtheirs"`,
	} {
		b, err := json.Marshal(ours.ask(`{` + wholeYear + `,` + question + `}`))
		require.NoError(t, err)
		text := strings.ReplaceAll(string(b), `"text":"The newest events of user:uCANARYtheirs`, "")
		require.NotContains(t, text, "CANARY", question)
	}
	for _, w := range []*world{theirs, dedicated, ours} {
		require.InDelta(t, 3, w.total(`{"kind":"trend","interval":"total",`+wholeYear+`,"series":[{"event":"*"}]}`), 0)
		require.Contains(t, w.result(`{"kind":"sessions",`+wholeYear+`}`), `"count":[1]`)
		require.Contains(t, w.result(`{"kind":"persons",`+wholeYear+`}`), `"total":2`)
	}
	// A cursor of theirs is a place in ours.
	page := theirs.ask(`{"kind":"events",` + wholeYear + `,"limit":1}`).Result.(*query.EventsResult)
	require.NotContains(t, ours.result(`{"kind":"events",`+wholeYear+`,"cursor":"`+*page.Next+`"}`), "CANARY")
}

// TestHostileText puts what breaks out of things into every field.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := setup(t)
	texts := []string{
		`'`, `"`, `\`, `'); DROP TABLE events; --`, `{p1:String}`, `{tenant:String}`, "`", "$$", "a\nb", "\u2028", "%s%d", strings.Repeat("ä\\'", 1500), "/*", "?", "@x", "*", "\t", "ÿ\u0001",
	}
	var events []ev
	for _, text := range texts {
		props, err := json.Marshal(map[string]string{text: text, "x": text})
		require.NoError(t, err)
		events = append(events, ev{at: "2024-03-01T10:00:00Z", name: text, visitor: "v" + text, user: text, props: string(props)})
	}
	w.write(events...)
	for _, text := range texts {
		b, err := json.Marshal(text)
		require.NoError(t, err)
		property, err := json.Marshal("event." + text)
		require.NoError(t, err)
		event := string(b)
		if text == "*" {
			event = `"$identify"`
		}
		filter := `{"and":[{"property":` + string(property) + `,"op":"eq","value":` + string(b) + `},{"property":"event.x","op":"in","value":[` + string(b) + `,"other"]},{"property":"event.$name","op":"eq","value":` + string(b) + `}]}`
		if text != "*" {
			require.InDelta(t, 1, w.total(`{"kind":"trend","interval":"total",`+wholeYear+`,"series":[{"event":`+event+`,"filter":`+filter+`}]}`), 0, text)
		}
		lines := points(w.ask(`{"kind":"trend","interval":"total",` + wholeYear + `,"breakdown":{"property":` + string(property) + `},"series":[{"event":"*","filter":` + filter + `}]}`))
		require.Len(t, lines, 1, text)
		require.Equal(t, text, *lines[0].Breakdown)
		q := query.Events{Person: "user:" + text}
		q.Range = query.Range{From: "2024-01-01", To: "2025-01-01"}
		events := w.run(&q).Result.(*query.EventsResult).Events
		require.Len(t, events, 1, text)
		require.Equal(t, []string{text, "v" + text, "user:" + text}, []string{*events[0].User, *events[0].Visitor, *events[0].Person})
		require.Equal(t, text, events[0].Name)
	}
}

func TestRetentionHidesWhatIsToBeDeleted(t *testing.T) {
	t.Parallel()
	w := setupWith(t, query.Config{}, tenant.Settings{Retention: 10 * 24 * time.Hour})
	now := time.Now().UTC()
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.RFC3339) }
	w.write(
		ev{at: day(20), name: "A", visitor: "old"},
		ev{at: day(2), name: "A", visitor: "new"},
		ev{at: day(0), name: "A", visitor: "new"},
	)
	trend := w.ask(`{"kind":"trend","range":{"last":"30d"},"series":[{"event":"A"}]}`).Result.(*query.TrendResult)
	require.Len(t, trend.Buckets, 30)
	require.True(t, trend.LastOpen)
	require.InDelta(t, 2, *trend.Series[0].Total, 0)
	require.Contains(t, w.result(`{"kind":"persons","range":{"last":"30d"}}`), `"total":1`)
	require.InDelta(t, 0, w.total(`{"kind":"trend","interval":"total","range":{"from":"2020-01-01","to":"2020-02-01"},"series":[{"event":"A"}]}`), 0)
}

func TestLimitsAndTime(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var events []ev
	for i := range 2000 {
		events = append(events, ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: fmt.Sprint(i), id: fmt.Sprint(i)})
	}
	w.write(events...)
	ask := func(ctx context.Context, config query.Config, settings tenant.Settings) error {
		config.Conn = w.conn
		engine, err := query.NewEngine(config)
		require.NoError(t, err)
		q, err := query.Parse([]byte(`{"kind":"trend",` + wholeYear + `,"series":[{"event":"A","measure":"persons"}]}`))
		require.NoError(t, err)
		_, err = engine.Run(ctx, newTenant(t, "shop", settings), q)
		return err
	}
	require.NoError(t, ask(t.Context(), query.Config{}, tenant.Settings{}))
	require.ErrorIs(t, ask(t.Context(), query.Config{MaxRows: 100}, tenant.Settings{}), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), query.Config{MaxMemory: 10_000}, tenant.Settings{}), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), query.Config{}, tenant.Settings{QueryRows: 100}), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), query.Config{}, tenant.Settings{QueryMemory: 10_000}), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), query.Config{MaxRows: 100}, tenant.Settings{QueryRows: 1 << 40}), query.ErrLimit, "no tenant has more than there is")
	require.ErrorIs(t, ask(t.Context(), query.Config{}, tenant.Settings{QueryTime: time.Nanosecond}), query.ErrTimeout)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ask(ctx, query.Config{}, tenant.Settings{}), context.Canceled)
}
