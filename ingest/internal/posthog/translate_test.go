package posthog

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// FuzzTranslate shows that no body makes an envelope that is not JSON, and that
// each message knows the event it was made of. What comes out is what the door
// reads, and the door refuses whatever is odd in it.
func FuzzTranslate(f *testing.F) {
	f.Add([]byte(`{"api_key":"k","batch":[{"event":"$identify","distinct_id":"a","$set":{"a":1}},{"event":"x","properties":{"$set_once":{"b":null}},"offset":3}],"sent_at":"x"}`), "")
	f.Add([]byte(`[{"event":"$pageview","properties":{"$current_url":"u","$is_identified":false,"distinct_id":1,"$set":{"a":"\ud800"}}},7,null]`), "gzip-js")
	f.Add([]byte(`data=eyJldmVudCI6IngifQ%3D%3D`), "base64")
	f.Add([]byte(`{"event":"$create_alias","properties":{"alias":"a"}}`), "")
	f.Add([]byte(`{"event":"$groupidentify","properties":{"$group_set":[],"$group_key":{}}}`), "")
	f.Add([]byte(`data=[]&x`), "")
	f.Add([]byte(`ver=1&data=%1f%8b&compression=gzip-js`), "")
	f.Add([]byte(`compression=b64&xdata=7&data=eyJldmVudCI6Ij8_In0`), "lz64")
	f.Fuzz(func(t *testing.T, body []byte, compression string) {
		body, err := Unwrap(body, compression)
		if err != nil {
			return
		}
		b, err := Translate(body, 100, now, now)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		var out struct{ Batch []json.RawMessage }
		require.NoError(t, json.Unmarshal(b.Body, &out))
		require.Len(t, out.Batch, len(b.Source))
		last := 0
		for _, i := range b.Source {
			require.True(t, i == last || i == last+1)
			last = i
		}
	})
}

// Equal events have equal bytes, whatever order a map has: the log keeps equal
// contexts once.
func TestTranslateIsDeterministic(t *testing.T) {
	t.Parallel()
	body := []byte(`{"event":"A","distinct_id":"d","properties":{"b":1,"a":2,"$lib":"web","$timezone":"UTC","$ip":"1.2.3.4","$screen_width":1,"$screen_height":2,"$set":{"z":1,"y":2}}}`)
	first, err := Translate(body, 1, time.Time{}, now)
	require.NoError(t, err)
	for range 20 {
		again, err := Translate(body, 1, time.Time{}, now)
		require.NoError(t, err)
		require.Equal(t, string(first.Body), string(again.Body))
	}
	require.JSONEq(t, `{"batch":[
		{"type":"track","event":"A","userId":"d","properties":{"a":2,"b":1},"context":{"ip":"1.2.3.4","library":{"name":"web"},"screen":{"height":2,"width":1},"timezone":"UTC"}},
		{"type":"identify","userId":"d","traits":{"y":2,"z":1}}]}`, string(first.Body))
}

func BenchmarkTranslate(b *testing.B) {
	event := `{"uuid":"01a21c21-9b00-7ddb-8986-42b21d1e61ba","event":"Order","properties":{"$os":"Linux","$browser":"Chrome","$device_type":"Desktop","$timezone":"UTC",
		"$current_url":"http://localhost/","$pathname":"/","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64)","$screen_height":720,"$screen_width":1280,"$lib":"web","$lib_version":"1.449.2",
		"$insert_id":"xvdkn5rfqzg5rmuf","$time":1795768294.144,"distinct_id":"user-1","$device_id":"01a21c21-9aa0-7ce0-81e7-1670c1bb0049","$user_id":"user-1","revenue":42,
		"$session_id":"01a21c21-9adb-7049-b49f-5cdccd9d0a19","$is_identified":true},"timestamp":"2026-11-27T08:31:34.144Z"}`
	body := `{"api_key":"wk_demo","batch":[` + event
	for range 99 {
		body += "," + event
	}
	body += "]}"
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Translate([]byte(body), 100, now, now); err != nil {
			b.Fatal(err)
		}
	}
}
