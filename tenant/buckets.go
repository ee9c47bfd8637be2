package tenant

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Buckets keeps tenants to their [Limits] within one process: what it counted
// is gone with the process, so that a restart begins with full buckets and a
// new day. It is exact, however many requests come at once, and safe for
// concurrent use. Its memory is bounded by the tenants that sent something
// today; each has a lock of its own, so that a flood of one is in nobody's way.
type Buckets struct {
	start   time.Time
	buckets sync.Map // ID → *bucket
	size    atomic.Int64
	sweepAt atomic.Int64 // the size at which to look for buckets nobody needs
}

// bucket is one tenant's state. The rate is kept as one moment: that at which
// the bucket is full again, which is ahead of now by what was taken.
type bucket struct {
	mu   sync.Mutex
	full time.Duration // since Buckets.start
	day  int64         // days since 1970 UTC that used counts
	used int64
	gone bool // no longer in the map
}

// sweepFrom is the smallest number of buckets that is worth a look for idle
// ones.
const sweepFrom = 1024

// NewBuckets returns buckets that are all full.
func NewBuckets() *Buckets {
	b := &Buckets{start: time.Now()}
	b.sweepAt.Store(sweepFrom)
	return b
}

// Take counts n events of a tenant, if its limits allow all of them, and says
// where it stands. Zero events only ask whether a request of one would pass.
// Nothing here waits or fails; the signature is that of limiters elsewhere.
func (b *Buckets) Take(_ context.Context, t *Tenant, n int) (Quota, error) {
	limits := t.Limits.WithDefaults()
	if limits.IsZero() {
		return Quota{}, nil
	}
	now := time.Now()
	k := b.lock(t.ID)
	defer k.mu.Unlock()
	return k.take(limits, now.Sub(b.start), now, int64(n)), nil
}

// Give takes events back that were taken and did not get into the log.
func (b *Buckets) Give(_ context.Context, t *Tenant, n int) error {
	limits := t.Limits.WithDefaults()
	if limits.IsZero() || n <= 0 {
		return nil
	}
	now := time.Now()
	k := b.lock(t.ID)
	defer k.mu.Unlock()
	if limits.Rate > 0 {
		k.full -= limits.Span(int64(n))
	}
	if k.day == dayOf(now) {
		k.used = max(0, k.used-int64(n))
	}
	return nil
}

func (k *bucket) take(l Limits, now time.Duration, clock time.Time, n int64) Quota {
	today := dayOf(clock)
	if l.PerDay > 0 && k.day != today {
		k.day, k.used = today, 0
	}
	q, s := l.Take(Standing{Clock: clock, Owed: max(0, k.full-now), Used: k.used}, n)
	if q.Exceeded == NoWindow && n > 0 {
		if l.Rate > 0 {
			k.full = now + s.Owed
		}
		k.used = s.Used
	}
	return q
}

// lock returns a tenant's bucket, locked.
func (b *Buckets) lock(id ID) *bucket {
	for {
		got, ok := b.buckets.Load(id)
		if !ok {
			if got, ok = b.buckets.LoadOrStore(id, &bucket{}); !ok && b.size.Add(1) >= b.sweepAt.Load() {
				b.sweep()
			}
		}
		k := got.(*bucket)
		k.mu.Lock()
		if !k.gone {
			return k
		}
		k.mu.Unlock() // swept between the look and the lock
	}
}

// sweep forgets the buckets that say the same as new ones.
func (b *Buckets) sweep() {
	now := time.Now()
	b.buckets.Range(func(id, value any) bool {
		k := value.(*bucket)
		k.mu.Lock()
		if k.gone = k.full <= now.Sub(b.start) && (k.used == 0 || k.day != dayOf(now)); k.gone {
			b.buckets.CompareAndDelete(id, value)
			b.size.Add(-1)
		}
		k.mu.Unlock()
		return true
	})
	b.sweepAt.Store(max(sweepFrom, 2*b.size.Load()))
}
