package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// TestTraitsInHandAreBounded feeds events that say a thousand things each, to a
// store that is slow to take them.
func TestTraitsInHandAreBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		const perEvent, perRecord, records, most = 1000, 10, 40, 100_000
		largest, all := 0, 0
		w.store.upsert = func(u *footfall.Upserts) error {
			largest, all = max(largest, len(u.Traits)), all+len(u.Traits)
			time.Sleep(5 * time.Second)
			return nil
		}
		var traits strings.Builder
		for i := range perEvent {
			fmt.Fprintf(&traits, `,"%d":1`, i)
		}
		text := "{" + traits.String()[1:] + "}"
		for i := range records {
			var messages []message
			for j := range perRecord {
				messages = append(messages, message{visitor: "v", id: fmt.Sprint(i, "/", j), kind: footfall.Identify, traits: text})
			}
			w.append(0, "shop", messages...)
		}
		p := w.begin(w.config(), nil)
		p.visible()
		require.NoError(t, p.end())
		w.requireExact(1)
		require.Equal(t, perEvent*perRecord*records, all)
		require.Less(t, largest, most+3*perEvent*perRecord)
		require.Greater(t, largest, most/2, "the bound was not what cut them")
	})
}
