package ingest

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// FuzzHandler sends strangers' bytes through the whole door: every answer is
// one of the contract, every message is counted once, and what reached the log
// is well formed.
func FuzzHandler(f *testing.F) {
	for _, body := range []string{
		`{"batch":[{"type":"track","event":"A","userId":"u"}]}`,
		`{"batch":[{"type":"page","anonymousId":"a","name":"N","properties":{"name":null,"url":"https:\/\/x\/?utm_source=%22"}}],"context":{"locale":"\"","page":{}}}`,
		`{"batch":[{"type":"alias","previousId":1,"userId":2,"context":{"":{}}}],"context":{ "a":1}}`,
		`{"batch":[{"type":"track","event":"A","userId":"u","integrations":{ },"context":{ }},{"type":"track","event":"B","userId":"u","integrations":{"\u0041":1}}],"integrations":{"A":{},"":2}}`,
		`{"type":"group","groupId":"\u0001","userId":"u","messageId":"m","traits":{ }}` + "\n{}",
		`{"type":"page","userId":"u","context":{"ip":"203.0.113.7","userAgent":"\"","userAgentData":{"mobile":true},"page":{"url":"http://x","referrer":"http://y"},"os":{"name":"iOS"}}}`,
		`{"type":"screen","userId":"u","messageId":"m","category":"\ud800","properties":{ "name":null },"timestamp":946684800000}`,
		`{"type":"page","anonymousId":"a","properties":{"nonInteraction":-1e0,"$session_id" : "\u0000\"","url":"?utm_source=%00&utm_term=+"},"context":{"campaign":{"name":"\ud800"}}}`,
		`{"batch":[{"type":"track","event":"K","anonymousId":"a","context":{"campaign":{"source":"\u0061"}}},{"type":"track","event":"N","userId":"u","properties":{"$session_id":0}}]}`,
	} {
		for route := range uint8(4) {
			f.Add([]byte(body), route)
		}
	}
	paths := []string{"/v1/batch", "/v1/page", "/v1/import?tenant=shop", "/v1/unlink"}
	keys := []string{writeKey, writeKey, adminKey, readKey}
	f.Fuzz(func(t *testing.T, body []byte, route uint8) {
		route %= uint8(len(paths))
		b := setup(t, func(c *Config, reg *tenant.Registration) {
			c.UserAgent, c.Geo = &agents{}, atlas
			reg.Session = tenant.Session{NonInteractive: []string{"N"}, KeyEvents: []string{"K", "$page"}, Campaign: true, ID: "$session_id"}
		})
		w := b.do(http.MethodPost, paths[route], string(body), "Authorization", "Bearer "+keys[route], "User-Agent", "Mozilla/5.0")
		var answer struct {
			Accepted *int
			Rejected []struct {
				Index *int
				Code  Code
			}
			Errors []struct{ Code Code }
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		switch w.Code {
		case http.StatusOK:
			require.NotNil(t, answer.Accepted)
			for _, r := range answer.Rejected {
				require.Contains(t, codes, r.Code)
			}
		case http.StatusBadRequest:
			if len(body) < 2 || body[0] != 0x1f {
				require.NotEmpty(t, answer.Errors)
			}
			for _, e := range answer.Errors {
				require.Contains(t, codes, e.Code)
			}
			require.Zero(t, b.log.count())
			return
		default:
			require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
			return
		}
		events := b.log.events(t)
		if route != 3 {
			require.Len(t, events, *answer.Accepted)
		}
		var e struct{ Batch []json.RawMessage }
		if route == 0 && json.Unmarshal(body, &e) == nil {
			require.Len(t, e.Batch, len(events)+len(answer.Rejected))
		}
		for _, ev := range events {
			var members map[string]json.RawMessage
			for _, object := range []string{ev.Properties, ev.Context, ev.Derived} {
				members = nil
				if object != "" {
					require.NoError(t, json.Unmarshal([]byte(object), &members), object)
				}
				require.True(t, utf8.ValidString(object))
			}
			require.Equal(t, ev.Marks&footfall.NonInteractive != 0, string(members["$interactive"]) == "false")
			bySender, byCampaign := ev.Marks&footfall.BySender != 0, ev.Marks&footfall.ByCampaign != 0
			require.Equal(t, ev.Type.Behaviour(), bySender != byCampaign, "one of them cuts")
			campaign := hasAny(members, "$utm_source", "$utm_medium", "$utm_campaign", "$utm_term", "$utm_content")
			require.Equal(t, bySender || byCampaign && campaign, ev.Tag != 0)
			require.NotEmpty(t, ev.Name)
			require.NotEmpty(t, ev.MessageID)
			require.NotEmpty(t, ev.AnonymousID+ev.UserID)
			require.False(t, ev.Visitor.IsZero())
			require.GreaterOrEqual(t, ev.Time, firstMoment)
			require.LessOrEqual(t, ev.Time, ev.Received+maxAhead)
		}
	})
}

func hasAny(members map[string]json.RawMessage, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return members[name] != nil })
}
