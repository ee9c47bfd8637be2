package query

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// shared lets equal questions have one answer: those that are asked while it is
// on its way, and those asked afterwards, as long as nothing else could come out.
type shared struct {
	mu      sync.Mutex
	flights map[answerKey]*flight
	room    int64                       // bytes for what is kept
	kept    map[answerKey]*list.Element // of *keptAnswer
	recent  list.List                   // the one used last first
	used    int64
	answers Answers // beyond this process, or nil
}

// answerKey stands for everything an answer depends on.
type answerKey [sha256.Size]byte

// keptAnswer is one with the bytes that it counts for.
type keptAnswer struct {
	key   answerKey
	value any
	bytes int64
}

// flight is an answer on its way, and who waits for it.
type flight struct {
	cancel context.CancelFunc
	asking int
	landed chan struct{} // closed when value and err are there
	value  any
	found  bool // another process had it
	err    error
}

func newShared(room int64, answers Answers) *shared {
	return &shared{flights: map[answerKey]*flight{}, kept: map[answerKey]*list.Element{}, room: room, answers: answers}
}

// answersForm tells answers of this code from those of another that runs beside
// it. It changes when the same question may get another answer, or one of another
// form.
const answersForm = "1"

// key returns what the answer to a question depends on beside the clock within a
// minute: whose it is and by which rules, what is asked for canonically, which
// times a relative range stands for, and what of the log can be seen.
func (r *run) key(kind string, question []byte, version string) answerKey {
	t, from, to := r.tenant, r.from.UnixMilli(), r.to.UnixMilli()
	if !r.ranged {
		from, to = 0, 0 // the moment is the clock's, or the question has it
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s %s\n%q %q %q %d %d\n%d %d %d\n%q\n%s", answersForm, kind,
		t.ID, t.Silo(), r.cal.loc, t.WeekStart, t.Retention,
		from, to, r.now.Truncate(time.Minute).Unix(), version, question))
}

// get returns an answer, and whether it was computed for this question alone.
// compute is called at most once for all who wait; its context ends when nobody
// does any more.
func (s *shared) get(ctx context.Context, key answerKey, compute func(context.Context) (any, error)) (value any, own bool, err error) {
	s.mu.Lock()
	if e := s.kept[key]; e != nil {
		s.recent.MoveToFront(e)
		value = e.Value.(*keptAnswer).value
		s.mu.Unlock()
		return value, false, nil
	}
	f := s.flights[key]
	if own = f == nil; own {
		// The first to ask may go while others wait.
		flying, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{cancel: cancel, landed: make(chan struct{})}
		s.flights[key] = f
		go func() {
			value, err := compute(flying)
			s.land(flying, key, f, value, err)
		}()
	}
	f.asking++
	s.mu.Unlock()

	select {
	case <-f.landed:
		return f.value, own && !f.found, f.err
	case <-ctx.Done():
		s.leave(key, f)
		return nil, own, context.Cause(ctx)
	}
}

// land hands an answer to all who wait and keeps it for those who come, here and
// elsewhere.
func (s *shared) land(ctx context.Context, key answerKey, f *flight, value any, err error) {
	defer f.cancel()
	other, found := value.(foreign)
	if found {
		value = other.value
	}
	var text []byte
	bytes := int64(0)
	if err == nil {
		var failed error
		text, failed = encodeAnswer(value)
		if bytes = int64(len(text)); failed != nil {
			bytes = s.room // what has no JSON is not kept
		}
	}
	f.found = found
	if s.arrive(key, f, value, bytes, err) && s.answers != nil && !found && bytes < s.room {
		// Nobody waits for this any more, nor has to know whether it worked.
		_ = s.answers.Set(context.WithoutCancel(ctx), hex.EncodeToString(key[:]), text, answersFor)
	}
}

// arrive reports whether there is an answer to be kept.
func (s *shared) arrive(key answerKey, f *flight, value any, bytes int64, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.value, f.err = value, err
	close(f.landed)
	if s.flights[key] != f {
		return false // all have gone, and it may be half an answer
	}
	delete(s.flights, key)
	if err == nil {
		s.keep(&keptAnswer{key, value, bytes + 500})
	}
	return err == nil
}

// keep makes room for an answer. One that would push out many others is not
// kept.
func (s *shared) keep(a *keptAnswer) {
	if a.bytes > s.room/8 {
		return
	}
	s.kept[a.key] = s.recent.PushFront(a)
	for s.used += a.bytes; s.used > s.room; {
		oldest := s.recent.Remove(s.recent.Back()).(*keptAnswer)
		delete(s.kept, oldest.key)
		s.used -= oldest.bytes
	}
}

func (s *shared) leave(key answerKey, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.asking--; f.asking > 0 {
		return
	}
	f.cancel()
	if s.flights[key] == f {
		delete(s.flights, key) // who comes now begins anew
	}
}
