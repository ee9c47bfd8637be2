package querytest

import (
	"go/ast"
	"go/token"
	"math"
	"slices"
	"strconv"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// measure computes the number of some events that a series asks for, nil where
// there is none.
func (a *asked) measure(m *query.Series, facts []*fact) *float64 {
	persons := map[footfall.ID]bool{}
	type session struct {
		visitor footfall.ID
		number  uint64
	}
	sessions := map[session]bool{}
	var of []float64
	for _, f := range facts {
		persons[f.person] = true
		if f.Session != 0 {
			sessions[session{f.Visitor, f.Session}] = true
		}
		if v, ok := a.property(m.Of, f); m.Of != "" && ok && v.isNumber {
			of = append(of, v.number)
		}
	}
	switch m.Measure {
	case "", query.CountEvents:
		return number(float64(len(facts)))
	case query.CountPersons:
		return number(float64(len(persons)))
	case query.CountSessions:
		return number(float64(len(sessions)))
	case query.PerPerson:
		return ratio(float64(len(facts)), float64(len(persons)))
	case query.Sum:
		return number(sum(of))
	case query.Avg:
		return ratio(sum(of), float64(len(of)))
	case query.Min:
		return quantile(of, 0)
	case query.Max:
		return quantile(of, 1)
	case query.Median:
		return quantile(of, 0.5)
	case query.P90:
		return quantile(of, 0.9)
	case query.P95:
		return quantile(of, 0.95)
	}
	return quantile(of, 0.99)
}

// number returns a number of an answer, which is finite and has one zero.
func number(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	if f == 0 {
		f = 0
	}
	return &f
}

// ratio divides; there is none over 0.
func ratio(a, b float64) *float64 {
	if b == 0 {
		return nil
	}
	return number(a / b)
}

func sum(list []float64) (s float64) {
	for _, f := range list {
		s += f
	}
	return s
}

// quantile interpolates between the two nearest of the numbers (type 7).
func quantile(list []float64, q float64) *float64 {
	if len(list) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(list))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return number(sorted[low] + (at-float64(low))*(sorted[high]-sorted[low]))
}

// arithmetic computes an expression in which A, B, C … are numbers, nil where
// one that it needs is none.
func arithmetic(e ast.Expr, of func(series int) *float64) *float64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return arithmetic(e.X, of)
	case *ast.Ident:
		return of(int(e.Name[0] - 'A'))
	case *ast.BasicLit:
		f, _ := strconv.ParseFloat(e.Value, 64) // the question is sound
		return number(f)
	case *ast.UnaryExpr:
		if x := arithmetic(e.X, of); x != nil {
			return number(-*x)
		}
	case *ast.BinaryExpr:
		x, y := arithmetic(e.X, of), arithmetic(e.Y, of)
		if x == nil || y == nil {
			return nil
		}
		switch e.Op {
		case token.ADD:
			return number(*x + *y)
		case token.SUB:
			return number(*x - *y)
		case token.MUL:
			return number(*x * *y)
		}
		return ratio(*x, *y)
	}
	return nil
}
