// Package stream turns a log of requests into rows of a store, exactly once.
package stream
