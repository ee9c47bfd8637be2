package querytest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// TestOracleSaysWhatScriptsSay plays all scripts without an engine.
func TestOracleSaysWhatScriptsSay(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	for name, scripts := range readScripts(t) {
		for _, script := range scripts {
			t.Run(name+"/"+script.Name, func(t *testing.T) {
				t.Parallel()
				w := &World{}
				shop := &tenant.Tenant{ID: id, Settings: script.Settings.WithDefaults()}
				for _, step := range script.Steps {
					if step.Question == "" {
						require.NoError(t, w.fill(shop, step.Load, script.Now))
						continue
					}
					answer := answerOf(t, w, shop, step.Question, script.Now)
					require.Equal(t, text(step.Rows), text(Rows(answer.Result)), "line %d: %s", step.Line, step.Question)
				}
			})
		}
	}
}

// fill adds rows, between which segments may be stored.
func (w *World) fill(t *tenant.Tenant, rows []Row, now time.Time) error {
	for _, r := range rows {
		if !isStored(r.Kind) {
			w.Load(t, r)
			continue
		}
		s, err := parseSegment(r.To)
		if err != nil {
			return err
		}
		if err := w.Put(t, r.Key, *s, r.Kind == "freeze", now); err != nil {
			return err
		}
	}
	return nil
}

func FuzzParseScripts(f *testing.F) {
	for _, seed := range []string{
		"world a\n  zone Asia/Kathmandu\n  week sunday\n  now 2024-03-05T12:00:00Z\n  retention 24h\nload\n  track 2024-03-01T10:00:00Z \"A b\" visitor=\"p h\" user=u session=7 id=x {\"a\":1}\n",
		"world a\nload\n  link visitor:phone ann\n  alias \"user:a b\" c\n  unlink visitor:phone ann\n  trait user:ann 2024-03-01T10:00:00Z \"my plan\" {\"a\": [1, \"x  y\"]}\n  member user:ann 2024-03-01T10:00:00Z company \"ac me\"\n  once group:company:x 2024-03-01T10:00:00Z k null\n",
		"world a\nload\n  trait user:a 2024-03-01T10:00:00Z k id=\"m 1\" \"id=x\"\n  member user:a 2024-03-01T10:00:00Z company id=m id=n\n  partitions 4\n  store s {\"did\":{\"event\":\"A\"}}\n  freeze \"t\" \"s\"\n",
		"world a\nload\n  identify 2024-03-01T10:00:00Z visitor=v\nask\n  {}\nrows\n  a b\n# c\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		scripts, err := ParseScripts(file)
		if err != nil {
			return
		}
		// What was read is written as it is read.
		for _, s := range scripts {
			for _, step := range s.Steps {
				for _, row := range step.Load {
					again, err := parseRow(row.String())
					require.NoError(t, err, row.String())
					require.Equal(t, row.String(), again.String())
					require.True(t, row.At.Equal(again.At))
					again.At = row.At
					require.Equal(t, row, again)
				}
			}
		}
	})
}
