package referencestack

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRoles walks through a deployment in four processes: what one takes in,
// others bring into the store, and another answers questions about.
func TestRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 4)
	ingest, query := d.launch(t, "ingest"), d.launch(t, "query")
	one, two := d.start(t, "process"), d.start(t, "process")
	ingest.waitReady(t)
	query.waitReady(t)

	ingest.send(t, ids("m", 100)...)
	ingest.send(t, ids("m", 10)...) // again
	st := query.settled(t)
	require.Equal(t, ledger{Accepted: 110, Stored: 100, Duplicate: 10}, st.Ledger["shop"])
	require.EqualValues(t, 100, query.count(t, "events"))
	require.EqualValues(t, 100, query.count(t, "persons"))

	owners := map[string]int{}
	for _, p := range st.Log.Partitions {
		owners[p.Owner]++
	}
	require.Len(t, owners, 2, "both processors have partitions: %v", owners)
	for _, s := range []*server{ingest, one, two} {
		other := s.settled(t)
		require.Equal(t, st.Ledger, other.Ledger, "every role tells the same")
	}
}
