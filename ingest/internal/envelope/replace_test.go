package envelope

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplaceWritesIntoTheBody(t *testing.T) {
	t.Parallel()
	body := `{"properties":{"ip":"203.0.113.77","a":1,"$ip":"::1"},"context":{"ip":"203\u002e0.113.77","traits":{"ip":["203.0.113.77"]}},"traits":{"ip":""}}`
	d := decoder(body)
	var m Message
	require.NoError(t, d.Message(&m))
	d.Replace(&m, PropertyIP, "203.0.113.0")
	d.Replace(&m, PropertyDollarIP, "2001:db8::")
	d.Replace(&m, ContextIP, "203.0.113.0")
	d.Null(&m, ContextTraitIP)
	d.Null(&m, TraitIP)
	require.Equal(t, `{"ip":"203.0.113.0" ,"a":1,"$ip":null }`, string(d.Raw(&m, Properties)))
	require.Equal(t, "203.0.113.0", string(d.Text(&m, PropertyIP)))
	require.True(t, m.Null(PropertyDollarIP))
	require.Equal(t, `"203.0.113.0"`, string(d.Raw(&m, ContextIP)))
	require.Equal(t, `{"ip":"203.0.113.0"      ,"traits":{"ip":null            }}`, string(d.Raw(&m, Context)))
	require.Equal(t, `{"ip":""}`, string(d.Raw(&m, Traits)), "there is no room for null, and nothing to hide")
	require.True(t, json.Valid(d.b[:d.n]))
}

func TestAddressesThatComeTwiceAreNotKept(t *testing.T) {
	t.Parallel()
	d := decoder(`{"context":{"ip":"203.0.113.1","ip":"203.0.113.2","traits":{"ip":"203.0.113.3","n":1},"traits":{"ip":"203.0.113.4"}},"properties":{"ip":"203.0.113.5","\u0069p":null}}`)
	var m Message
	require.NoError(t, d.Message(&m))
	require.Equal(t, `{"ip":null         ,"ip":"203.0.113.2","traits":{"ip":null         ,"n":1},"traits":{"ip":"203.0.113.4"}}`, string(d.Raw(&m, Context)))
	require.Equal(t, `{"ip":null         ,"\u0069p":null}`, string(d.Raw(&m, Properties)))
	require.Equal(t, `"203.0.113.2"`, string(d.Raw(&m, ContextIP)))
	require.Equal(t, `"203.0.113.4"`, string(d.Raw(&m, ContextTraitIP)))
}

func TestMessageFindsWhatItWasSentWith(t *testing.T) {
	t.Parallel()
	d := decoder(`{"context":{"timezone":"UTC","groupId":7,"groups":{"team":"t"},"userAgent":"M","userAgentData":{"brands":[{"brand":"X"}],"mobile":true,"platform":"P"},"ip":"::1",
		"screen":{"width":1,"height":2,"density":3},"app":{"version":"4","name":"N"},"library":{"version":"5","name":"L"},
		"os":{"name":"O","version":"6"},"device":{"type":"ios","name":"no"},"campaign":{"term":"t","content":"c"},"traits":{"ip":"::2","name":"no"}},
		"properties":{"ip":"::3","$ip":"::4"},"traits":{"ip":"::5"}}`)
	var m Message
	require.NoError(t, d.Message(&m))
	for f, want := range map[Field]string{
		ContextTimezone: `"UTC"`, ContextGroupID: `7`, ContextGroups: `{"team":"t"}`, ContextUserAgent: `"M"`, HintMobile: `true`, HintPlatform: `"P"`, ContextIP: `"::1"`,
		ScreenWidth: `1`, ScreenHeight: `2`, AppVersion: `"4"`, LibraryName: `"L"`, OSName: `"O"`, OSVersion: `"6"`,
		CampaignTerm: `"t"`, CampaignContent: `"c"`, ContextTraitIP: `"::2"`, PropertyIP: `"::3"`, PropertyDollarIP: `"::4"`, TraitIP: `"::5"`,
	} {
		require.Equal(t, want, string(d.Raw(&m, f)), "field %d", f)
	}
	require.Equal(t, Object, d.Kind(&m, ContextDevice))
	require.False(t, m.Has(CampaignName))
}
