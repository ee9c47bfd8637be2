package query

import "context"

// Conn runs statements on the store.
//
// It is safe for concurrent use. When ctx ends, a statement is cancelled on
// the store as well. Its errors wrap [ErrTimeout], [ErrLimit] or
// [ErrUnavailable] where they are that.
type Conn interface {
	Query(ctx context.Context, s Statement) (Rows, error)
}

// Statement is one SELECT with its parameters, which stand in the text as
// {name:Type}. Nothing a user wrote is part of the text.
//
// The values are string for String, []string for Array(String), int64 for
// Int64, []int64 for Array(Int64), float64 for Float64, []float64 for
// Array(Float64), footfall.ID for UInt128 (the first byte is the lowest) and
// []footfall.ID for Array(UInt128).
type Statement struct {
	SQL    string
	Params map[string]any
}

// Rows is the result of a [Statement]. Columns are String, Nullable(String),
// Array(String), Int64, UInt64, Float64 or Nullable(Float64) and go to
// *string, **string, *[]string, *int64, *uint64, *float64 and **float64.
// A Rows belongs to one goroutine.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	// Err returns what ended the rows early, nil at their regular end.
	Err() error
	Close() error
	// Read returns how much the store has read for the rows so far, 0 where
	// that is not known.
	Read() (rows, bytes uint64)
}
