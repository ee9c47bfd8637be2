package ingest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func TestPackedBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for encoding, pack := range packers {
		packed := pack(t, event)
		before := len(b.log.events(t))
		require.Equal(t, 200, b.post("/v1/track", packed, "Content-Encoding", encoding).Code)
		require.Equal(t, 200, b.post("/v1/track", packed, "Content-Encoding", strings.ToUpper(encoding), "Content-Type", "application/x-www-form-urlencoded").Code)
		require.Equal(t, 200, b.post("/v1/track", packed).Code, "compressed, and nobody says so")
		require.Len(t, b.log.events(t), before+3)
		last := len(packed) - 1
		for _, body := range []string{"plain", packed[:last-3], packed[:3], packed[:last] + string(packed[last]^1), packed + "x", ""} {
			problemOf(t, b.post("/v1/track", body, "Content-Encoding", encoding), http.StatusBadRequest)
		}
		for other, pack := range packers {
			if other != encoding {
				problemOf(t, b.post("/v1/track", pack(t, event), "Content-Encoding", encoding), http.StatusBadRequest)
			}
		}
		require.Len(t, b.log.events(t), before+3)
	}
}

// streamed is zstd as a sender writes it that does not know how much will come:
// the frame does not tell its size, and asks for a window of 8 MiB.
func streamed(tb testing.TB, body string) string {
	tb.Helper()
	var buf bytes.Buffer
	z, err := zstd.NewWriter(&buf, zstd.WithWindowSize(8<<20))
	require.NoError(tb, err)
	half := len(body) / 2
	_, err = io.WriteString(z, body[:half])
	require.NoError(tb, err)
	require.NoError(tb, z.Flush())
	_, err = io.WriteString(z, body[half:])
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	return buf.String()
}

// wanting returns a streamed frame with another window descriptor.
func wanting(frame string, window byte) string { return frame[:5] + string([]byte{window}) + frame[6:] }

func TestStreamedZstd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, 200, b.post("/v1/batch", streamed(t, benchBatch(1000)), "Content-Encoding", "zstd").Code)
	require.Len(t, b.log.events(t), 1000)
	require.Equal(t, 200, b.post("/v1/track", wanting(streamed(t, event), 0x98), "Content-Encoding", "zstd").Code)
	// A window of 2 TiB no body of ours can need.
	problemOf(t, b.post("/v1/track", wanting(streamed(t, event), 0xf8), "Content-Encoding", "zstd"), http.StatusBadRequest)
}

// TestBombs sends little that wants to become much: it costs its sender a 413
// and the door no more memory than a body may take as it grows.
func TestBombs(t *testing.T) { //nolint:paralleltest // it measures what is allocated
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.AdminKey = adminKey })
	blank := strings.Repeat(" ", 64<<20)
	one := zstandard(t, blank[:400<<10])
	// A frame whose header promises 1 EiB in one segment, and one that wants a
	// window of 512 MiB.
	promise := "\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x10\x01\x00\x00"
	window := wanting(streamed(t, blank), 0x98)
	bombs := map[string]string{
		"gzip":                  gzipped(t, blank),
		"gzip, many members":    strings.Repeat(gzipped(t, blank[:400<<10]), 100),
		"zstd":                  zstandard(t, blank),
		"zstd, streamed":        streamed(t, blank),
		"zstd, many frames":     strings.Repeat(one, 1000),
		"zstd, a great promise": promise,
		"zstd, a great window":  window,
	}
	for name, body := range bombs {
		encoding, _, _ := strings.Cut(name, ",")
		for _, path := range []string{"/v1/batch", "/v1/track", "/v1/unlink"} {
			key := writeKey
			if path == "/v1/unlink" {
				key = readKey
			}
			send := func() int {
				return b.do(http.MethodPost, path, body, "Content-Encoding", encoding, "Authorization", "Bearer "+key).Code
			}
			send() // what is pooled is there from now on
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			status := send()
			runtime.ReadMemStats(&after)
			require.Equal(t, http.StatusRequestEntityTooLarge, status, "%s %s", name, path)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*maxBody), "%s %s", name, path)
		}
	}
	// An import may be larger, but not that large.
	for _, encoding := range []string{"gzip", "zstd"} {
		w := b.do(http.MethodPost, "/v1/import?tenant=shop&name=n&position=0", bombs[encoding], "Content-Encoding", encoding, "Authorization", "Bearer "+adminKey)
		require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	}
	require.Zero(t, b.log.count())
}

// FuzzUnpack decompresses strangers' bytes: what comes of them is within the
// limit and what others make of them.
func FuzzUnpack(f *testing.F) {
	for _, body := range []string{"", event, benchBatch(3)} {
		for encoding, pack := range packers {
			packed := pack(f, body)
			f.Add([]byte(packed), encoding == "zstd")
			f.Add([]byte(packed+packed), encoding == "zstd")
			f.Add([]byte(packed[:len(packed)-2]), encoding == "zstd")
		}
	}
	f.Add([]byte(streamed(f, benchBatch(3))), true)
	const limit = 4096
	h := setup(f).Handler
	f.Fuzz(func(t *testing.T, packed []byte, z bool) {
		s := newRequest(h)
		s.body = bytes.Clone(packed)
		encoding, other := gzipBody, func() (io.Reader, error) { return gzip.NewReader(bytes.NewReader(packed)) }
		if z {
			encoding, other = zstdBody, func() (io.Reader, error) {
				return zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
			}
		}
		err := s.unpack(encoding, limit)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(s.body), limit)
		if z && len(packed) == 0 {
			return // nothing is no frame, and nothing else comes of it
		}
		r, err := other()
		require.NoError(t, err)
		want, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, string(want), string(s.body))
	})
}
