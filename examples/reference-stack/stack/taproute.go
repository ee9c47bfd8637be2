package stack

import (
	"errors"
	"net/http"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/stream"
)

// TapsAnswer is the answer of GET /api/v1/taps.
type TapsAnswer struct {
	Taps []PartitionTap `json:"taps"`
}

// PartitionTap is a tap in one partition.
type PartitionTap struct {
	Partition uint16 `json:"partition"`
	stream.TapStatus
	End int64 `json:"end"` // of the log
}

// lag says how far the tap is behind, for people.
func (t *PartitionTap) lag() string {
	switch {
	case !t.Durable:
		return "-"
	case t.LagEvents == stream.Unknown:
		return count(t.End-t.Cursor, "record")
	}
	return count(t.LagEvents, "event")
}

func (t *PartitionTap) kind() string {
	if t.Durable {
		return "durable"
	}
	return "live"
}

func (t *PartitionTap) state() string {
	switch {
	case t.Idle:
		return "not configured"
	case t.Elsewhere:
		return "of another process"
	case t.Stopped:
		return "stopped: " + oneLine(t.Error)
	case t.Error != "":
		return "trying again: " + oneLine(t.Error)
	}
	return "running"
}

// tapsOf returns the taps of all partitions.
func tapsOf(partitions []stream.PartitionStatus) []PartitionTap {
	all := []PartitionTap{}
	for i := range partitions {
		for _, t := range partitions[i].Taps {
			all = append(all, PartitionTap{Partition: partitions[i].Partition, TapStatus: t, End: partitions[i].End})
		}
	}
	return all
}

func (s *Server) serveTaps(w http.ResponseWriter, r *http.Request) {
	if !s.admin(w, r) || !parameters(w, r) {
		return
	}
	taps, err := s.progress.taps(r.Context())
	if err != nil {
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), RetryAfter: time.Second})
		return
	}
	writeJSON(w, http.StatusOK, TapsAnswer{taps})
}

func (s *Server) serveDropTap(w http.ResponseWriter, r *http.Request) {
	if !s.admin(w, r) || !parameters(w, r) {
		return
	}
	name := r.PathValue("name")
	switch err := s.runner.DropTap(r.Context(), name); {
	case err == nil:
		s.log.InfoContext(r.Context(), "tap dropped", "tap", name)
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, stream.ErrUnknownTap):
		problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "no tap of that name has a place"})
	case errors.Is(err, stream.ErrTapInUse):
		problem.Write(w, r, problem.Problem{Status: http.StatusConflict, Detail: "the tap is configured: take it out first"})
	default:
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), RetryAfter: time.Second})
	}
}
