package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// testToken has a first try that got no further than the first of two months,
// and a second one that sends everything, or only what is missing, while the
// first may still go on: under one token each month is written once.
func testToken(t *testing.T, s *subject) {
	whole := batch(t, 0, 40)
	for i := 40; i < len(whole.Events); i++ {
		whole.Events[i].Time += 40 * 24 * 60 * 60 * 1000
	}
	first, rest := *whole, *whole
	first.Events, rest.Events = whole.Events[:40], whole.Events[40:]

	s.insert(t, &first, 0)
	s.insert(t, whole, 0)
	s.requireRows(t, 80)
	s.insert(t, &rest, 0)
	s.insert(t, whole, 0)
	s.requireRows(t, 80)
	s.requirePresent(t, 0, 40, whole.Events)

	// A piece of the claim has a token of its own.
	require.NoError(t, s.Lose(t.Context(), 1, 3, 30, 40))
	piece := *whole
	piece.Piece, piece.Events = 3, whole.Events[60:]
	s.insert(t, whole, 0)
	s.requirePresent(t, 0, 40, whole.Events[:60])
	s.insert(t, &piece, 0)
	s.insert(t, &piece, 0)
	s.requireRows(t, 80)
	s.requirePresent(t, 0, 40, whole.Events)
}
