package redact

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// Ids, prices, times and addresses of real data are left alone: what changes is
// named, or is an e-mail address. Nothing is taken for a card.
func TestRealDataIsLeftAlone(t *testing.T) {
	t.Parallel()
	meant := regexp.MustCompile(`[?&](sig2|sid|key|code|token|auth)=[^&]|[a-z]@[a-z]`)
	for _, c := range []struct {
		folder, file, split string
		most                int
	}{
		{"retentioneering-ecom", "ecom.csv.gz", `,`, 0},
		{"elastic-reviews", "anonreviews.csv.gz", `,`, 0},
		{"apache-log", "access.log.gz", `"`, 300},
	} {
		f, err := os.Open(testenv.Data(t, c.folder, c.file))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, f.Close()) })
		z, err := gzip.NewReader(f)
		require.NoError(t, err)
		lines := bufio.NewScanner(z)
		split := regexp.MustCompile(c.split)
		rules := NewRules(Config{})
		values, hits := 0, 0
		for lines.Scan() {
			for _, value := range split.Split(lines.Text(), -1) {
				object, err := json.Marshal(map[string]string{"value": value})
				require.NoError(t, err)
				values++
				if _, n := redacted(string(object), rules, NoProfile); n > 0 {
					hits++
					require.Regexp(t, meant, value)
				}
			}
		}
		require.NoError(t, lines.Err())
		t.Logf("%s: %d of %d values changed", c.file, hits, values)
		require.LessOrEqual(t, hits, c.most)
	}
}
