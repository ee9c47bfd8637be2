package stream

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// Recovery is what [Config.Recover] does to one partition.
type Recovery struct {
	Epoch     uint16
	Partition uint16
	From      int64 // where it begins
	To        int64 // up to where it reads back: the log's end at that moment
	Sent      int64 // events that the store did not have
	Lost      int64 // records that the log does not have any more, and the store nothing of
	Gap       int64 // records before From of which there is no state, Lost ones among them
	Raised    bool  // the next epoch begins at To
}

// LossError says that a recovery would begin behind records that are gone. What
// the store has of them stays; but windows of ids, sessions under way and the
// account begin anew behind them, and of those at its end the store has nothing.
type LossError struct{ Recovery }

func (e *LossError) Error() string {
	return fmt.Sprintf("recovery would lose %d records: the newest state that the store bears out is at offset %d, the log starts at %d, "+
		"and the store has nothing from %d on; sessions and windows of ids begin anew there: set Config.AcceptLoss to go on",
		e.Lost, e.From-e.Gap, e.From, e.From-e.Lost)
}

// recovery is one under way.
type recovery struct {
	Recovery
	sent   atomic.Int64
	raised atomic.Bool
}

// Recoveries returns what was recovered of each partition since the call of
// [Runner.Run], refused ones included.
func (r *Runner) Recoveries() []Recovery {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Recovery, 0, len(r.recoveries))
	for _, v := range r.recoveries {
		now := v.Recovery
		now.Sent, now.Raised = v.sent.Load(), v.raised.Load()
		all = append(all, now)
	}
	slices.SortFunc(all, func(a, b Recovery) int { return int(a.Partition) - int(b.Partition) })
	return all
}

// recover believes no plan: it begins at the newest snapshot that the store
// bears out, and from there on reads back all that the log has now.
func (o *owned) recover(first, end int64) error {
	if !o.r.cfg.NextEpoch {
		if err := o.confront(Plan{}, end-probe); err != nil {
			return err
		}
	}
	at, err := o.sound(end, first, end)
	if err != nil {
		return err
	}
	if o.r.cfg.NextEpoch {
		if at, end, err = o.part(at, first, end); err != nil {
			return err
		}
	}
	v := &recovery{Recovery: Recovery{Epoch: o.key.epoch, Partition: o.key.partition, From: at, To: end}}
	if at < first {
		v.From, v.Gap = first, first-at
		till, err := o.heldUntil(at, first)
		if err != nil {
			return err
		}
		v.Lost = first - till
	}
	o.r.note(o.key, v)
	if v.Gap > 0 {
		if !o.r.cfg.AcceptLoss {
			err := &LossError{v.Recovery}
			o.status.halt(err)
			return o.lastWord(err)
		}
		o.log.Warn("recovering without records that are gone", "from", at, "to", first, "lost", v.Lost)
	}
	o.recovery, o.careful = v, end
	o.plan = Plan{From: v.From, To: v.From, Fold: fold.Version}
	o.log.Info("recovering", "from", v.From, "to", end)
	return o.begin(v.From)
}

// sound makes the state from the newest snapshot at or before an offset that the
// store bears out and, where the epoch is to end, the log that is [first, end).
func (o *owned) sound(at, first, end int64) (int64, error) {
	for {
		var err error
		if at, err = o.restore(at); err != nil {
			return 0, err
		}
		lacks, err := o.lacking(o.state.Witnesses(), nil)
		if err != nil {
			return 0, err
		}
		unsound := lacks != nil
		if !unsound {
			missing, err := o.uncounted(o.accounts(), nil)
			if err != nil {
				return 0, err
			}
			unsound = missing != ""
		}
		if !unsound && o.r.cfg.NextEpoch {
			if unsound, err = o.foreign(at, first, end); err != nil {
				return 0, err
			}
		}
		if !unsound || at == 0 {
			return at, nil
		}
		o.log.Warn("the store or the log is older than the snapshot, trying an older one", "offset", at)
		at--
	}
}

func (r *Runner) note(key partitionKey, v *recovery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recoveries[key] = v
}

// recovery returns that of a partition, nil if none has begun.
func (r *Runner) recovery(key partitionKey) *recovery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.recoveries[key]
}

// heldUntil returns the offset behind the last record before to that the store
// has an event of, at least from.
func (o *owned) heldUntil(from, to int64) (int64, error) {
	const most = 64 * probe // offsets of one question
	for size := int64(probe); to > from; size = min(2*size, most) {
		start := max(from, to-size)
		held, err := o.held(start, to)
		if err != nil {
			return 0, err
		}
		if len(held) > 0 {
			last := slices.MaxFunc(held, func(a, b footfall.Coordinate) int { return int(a.Offset - b.Offset) })
			return last.Offset + 1, nil
		}
		to = start
	}
	return from, nil
}

// lastWord waits for the other partitions, so that whoever reads what would be
// lost reads all of it, and returns the reason to end.
func (o *owned) lastWord(reason error) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		undecided := slices.ContainsFunc(o.r.partitions(), func(p *owned) bool {
			v := p.status.copy()
			return v.starting && v.stopped == nil
		})
		if !undecided {
			return reason
		}
		select {
		case <-tick.C:
		case <-o.ctx.Done():
			return context.Cause(o.ctx)
		}
	}
}
