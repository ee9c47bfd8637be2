package stream

// TapStatus tells how a tap does in one partition. Troubles of taps leave
// [Status.Ready] alone: they concern neither log nor store. The counts are
// those since the Runner was made.
type TapStatus struct {
	Name    string `json:"name"`
	Durable bool   `json:"durable"`
	// Given is how many events the sink has. A durable tap counts one again
	// that it had to write again.
	Given uint64 `json:"given"`

	// Of a live tap: Given + Dropped + Queued is what was stored.
	Dropped uint64 `json:"dropped,omitempty"`
	Queued  int    `json:"queued,omitempty"`

	// Of a durable tap.
	Cursor    int64  `json:"cursor"`               // its place: events of the records before it were given
	LagEvents int64  `json:"lag_events,omitempty"` // accepted and at or after Cursor, or Unknown; duplicates count as well
	Refused   uint64 `json:"refused,omitempty"`    // given to the dead letter instead

	// Error is what it is in trouble with; it tries again unless it has
	// stopped, which needs an operator and ends at the next start.
	Error   string `json:"error,omitempty"`
	Stopped bool   `json:"stopped,omitempty"`
}

// taps reports on all taps; total is how many events were accepted so far.
func (o *owned) taps(total int64) []TapStatus {
	var all []TapStatus
	for _, t := range o.tappers {
		v := t.view()
		s := TapStatus{
			Name: t.tap.Name, Durable: t.tap.Durable, Given: v.given, Dropped: v.dropped, Queued: v.queued,
			Cursor: v.cursor, Refused: v.refused, Stopped: v.stopped,
		}
		if t.tap.Durable {
			// The total was taken before, so that it may be behind.
			s.LagEvents = max(total-int64(v.accepted), 0)
			if total == Unknown || !v.placed {
				s.LagEvents = Unknown
			}
		}
		if v.trouble != nil {
			s.Error = v.trouble.Error()
		}
		all = append(all, s)
	}
	return all
}
