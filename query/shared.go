package query

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// shared lets equal questions have one answer: those that are asked before it is
// begun, those that are asked while it is on its way or afterwards, as long as
// nothing else could come out, and those that are content with an older one.
type shared struct {
	mu      sync.Mutex
	flights map[answerKey]*flight       // the last of each question
	room    int64                       // bytes for what is kept
	kept    map[answerKey]*list.Element // of *keptAnswer, the last of each question
	recent  list.List                   // the one used last first
	used    int64
	answers Answers // beyond this process, or nil
}

// answerKey stands for everything an answer depends on, in itself or together
// with what could be seen.
type answerKey [sha256.Size]byte

// keptAnswer is one with the bytes that it counts for.
type keptAnswer struct {
	key   answerKey
	seen  sight
	value any
	bytes int64
}

// flight is an answer on its way, and who waits for it.
type flight struct {
	cancel context.CancelFunc
	asking int
	until  time.Time // when the last of them goes
	begun  bool      // what it sees is settled: that of the first who asked, or now
	seen   sight
	landed chan struct{} // closed when value and err are there
	value  any
	found  bool // somebody else had it
	err    error
}

// suits reports whether who asks can wait for the flight. What has not begun will
// see all that can be seen now.
func (f *flight) suits(a asking) bool {
	return a.takes(f.seen) || !f.begun && (f.seen.minute == a.seen.minute || !a.since.IsZero())
}

// computing is how a question that nobody else has asked is answered.
type computing struct {
	// turn waits until it may be begun, and returns what ends it.
	turn func(context.Context) (done func(), err error)
	// look tells what can be seen now.
	look func(context.Context) (version string, now time.Time)
	// find looks for the answer elsewhere. It may be nil.
	find func(context.Context, answerKey) (any, bool)
	// answer computes it until a moment.
	answer func(ctx context.Context, until time.Time) (any, error)
}

func newShared(room int64, answers Answers) *shared {
	return &shared{flights: map[answerKey]*flight{}, kept: map[answerKey]*list.Element{}, room: room, answers: answers}
}

// get returns an answer, and whether it was computed for this question alone. It
// is computed at most once for all who can wait for the same, in a context that
// ends when nobody does any more.
func (s *shared) get(ctx context.Context, a asking, c computing) (value any, own bool, err error) {
	s.mu.Lock()
	if kept := s.look(a); kept != nil {
		s.mu.Unlock()
		return kept.value, false, nil
	}
	f := s.flights[a.key]
	if own = f == nil || !f.suits(a); own {
		// The first to ask may go while others wait.
		flying, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{cancel: cancel, begun: c.find != nil, seen: a.seen, landed: make(chan struct{})}
		s.flights[a.key] = f
		go func() {
			defer cancel()
			value, err := s.safely(flying, a.key, f, c)
			s.land(flying, a.key, f, value, err)
		}()
	}
	f.asking++
	if a.until.After(f.until) {
		f.until = a.until
	}
	s.mu.Unlock()

	select {
	case <-f.landed:
		return f.value, own && !f.found, f.err
	case <-ctx.Done():
		return nil, own, s.leave(a.key, f, context.Cause(ctx))
	}
}

// look returns a kept answer that is right for who asks, or nil.
func (s *shared) look(a asking) *keptAnswer {
	e := s.kept[a.key]
	if e == nil {
		return nil
	}
	kept := e.Value.(*keptAnswer)
	if !a.takes(kept.seen) {
		return nil
	}
	s.recent.MoveToFront(e)
	return kept
}

// safely is fly, of which a panic is an error of those who ask and not the end of
// the process: it is in a goroutine of ours, where no server of theirs recovers it.
func (s *shared) safely(ctx context.Context, key answerKey, f *flight, c computing) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("query: panic while answering: %v\n%s", p, debug.Stack())
		}
	}()
	return s.fly(ctx, key, f, c)
}

// fly computes an answer when its turn has come, if it has to be.
func (s *shared) fly(ctx context.Context, key answerKey, f *flight, c computing) (any, error) {
	if c.find != nil {
		if value, ok := c.find(ctx, f.seen.of(key)); ok {
			return foreign{value}, nil
		}
		s.line(f)
	}
	done, err := c.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	// Before any statement, so that what becomes visible from here on makes
	// another sight.
	version, now := c.look(ctx)
	before := f.seen
	kept, until := s.begin(key, f, version, now)
	if kept != nil {
		return foreign{kept.value}, nil
	}
	if c.find != nil && !f.seen.same(before) {
		if value, ok := c.find(ctx, f.seen.of(key)); ok {
			return foreign{value}, nil
		}
	}
	ctx, cancel := context.WithDeadlineCause(ctx, until, ErrTimeout)
	defer cancel()
	return c.answer(ctx, until)
}

// line notes that a flight waits for its turn, and will see what can be seen
// then.
func (s *shared) line(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.begun = false
}

// begin notes what a flight sees. It returns the answer, if it has been kept
// meanwhile, and until when somebody waits for it.
func (s *shared) begin(key answerKey, f *flight, version string, now time.Time) (*keptAnswer, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.begun, f.seen.version, f.seen.at = true, version, now // the minute stays that of the range
	return s.look(asking{key: key, seen: f.seen}), f.until
}

// land hands an answer to all who wait and keeps it for those who come, here and
// elsewhere.
func (s *shared) land(ctx context.Context, key answerKey, f *flight, value any, err error) {
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
		key = f.seen.of(key)
		_ = s.answers.Set(context.WithoutCancel(ctx), hex.EncodeToString(key[:]), text, answersFor)
	}
}

// arrive reports whether there is an answer to be kept.
func (s *shared) arrive(key answerKey, f *flight, value any, bytes int64, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.value, f.err = value, err
	close(f.landed)
	if s.flights[key] == f {
		delete(s.flights, key)
	}
	if err != nil || f.asking == 0 || f.seen.version == "" {
		return false // when all have gone it may be half an answer
	}
	s.keep(&keptAnswer{key, f.seen, value, bytes + 500})
	return true
}

// keep makes room for an answer. One that would push out many others is not
// kept.
func (s *shared) keep(a *keptAnswer) {
	if e := s.kept[a.key]; e != nil {
		if e.Value.(*keptAnswer).seen.at.After(a.seen.at) {
			return // a younger one has overtaken it
		}
		s.drop(e)
	}
	if a.bytes > s.room/8 {
		return
	}
	s.kept[a.key] = s.recent.PushFront(a)
	for s.used += a.bytes; s.used > s.room; {
		s.drop(s.recent.Back())
	}
}

func (s *shared) drop(e *list.Element) {
	a := s.recent.Remove(e).(*keptAnswer)
	delete(s.kept, a.key)
	s.used -= a.bytes
}

// leave returns what who leaves is told, whose reason it gets.
func (s *shared) leave(key answerKey, f *flight, reason error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.asking--; f.asking == 0 {
		f.cancel()
		if s.flights[key] == f {
			delete(s.flights, key) // who comes now begins anew
		}
	}
	if !f.begun && errors.Is(reason, ErrTimeout) {
		return errNoTurn
	}
	return reason
}
