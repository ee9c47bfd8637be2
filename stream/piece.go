package stream

import (
	"math"
	"sort"

	"github.com/footfall-go/footfall"
)

// piece is a part of a claim that is sent by itself because the whole was
// refused. Pieces come from halving ranges of coordinates, not lists of rows:
// so every process that works on the claim, a zombie or the next owner, gives
// the same piece the same number, and the store recognises it.
type piece struct {
	number   uint64 // 1 is the whole; the halves of n are 2n and 2n+1
	from, to footfall.Coordinate
	outcome  outcome
	attempt  int
	lost     int // acknowledged inserts that left rows missing
}

// outcome is what the store said last.
type outcome int

const (
	unknown outcome = iota // nothing yet, or an error: any row may be there, or still under way
	acked
)

// whole is the piece that is all of a claim.
func whole(b *footfall.Batch) piece {
	return piece{number: 1, from: footfall.Coordinate{Offset: b.From}, to: footfall.Coordinate{Offset: b.To}}
}

// name is the piece's number in [footfall.Batch].
func (p *piece) name() uint64 {
	if p.number == 1 {
		return 0
	}
	return p.number
}

// halves splits a piece between records, or a single record between events.
func (p *piece) halves() (left, right piece) {
	middle := footfall.Coordinate{Offset: p.from.Offset + (p.to.Offset-p.from.Offset)/2}
	switch {
	case p.to.Offset-p.from.Offset > 1:
	case p.to.Offset > p.from.Offset: // the rest of one record
		middle = footfall.Coordinate{Offset: p.from.Offset, Index: p.from.Index + (math.MaxUint32-p.from.Index)/2}
	default:
		middle = footfall.Coordinate{Offset: p.from.Offset, Index: p.from.Index + (p.to.Index-p.from.Index)/2}
	}
	return piece{number: 2 * p.number, from: p.from, to: middle}, piece{number: 2*p.number + 1, from: middle, to: p.to}
}

// holdsAny reports whether any of some coordinates is in the piece.
func (p *piece) holdsAny(set map[footfall.Coordinate]bool) bool {
	for c := range set {
		if !less(c, p.from) && less(c, p.to) {
			return true
		}
	}
	return false
}

func less(a, b footfall.Coordinate) bool {
	return a.Offset < b.Offset || a.Offset == b.Offset && a.Index < b.Index
}

// of returns the rows in the piece; rows are in the order of the log.
func (p *piece) of(rows []footfall.Event) []footfall.Event {
	before := func(c footfall.Coordinate) int {
		return sort.Search(len(rows), func(i int) bool { return !less(coordinate(&rows[i]), c) })
	}
	return rows[before(p.from):before(p.to)]
}
