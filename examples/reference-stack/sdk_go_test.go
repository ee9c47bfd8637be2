package referencestack

import (
	"fmt"
	"sync"
	"testing"
	"time"

	rudder "github.com/rudderlabs/analytics-go/v4"
	segment "github.com/segmentio/analytics-go/v3"
	"github.com/stretchr/testify/require"
)

// outcome hears what becomes of each message, as Callback and Logger of the Go
// SDKs, which are of one descent.
type outcome struct {
	mu     sync.Mutex
	cond   *sync.Cond
	open   int      // messages of which nothing was heard
	lines  []string // what was logged
	failed bool
}

func newOutcome() *outcome {
	o := &outcome{}
	o.cond = sync.NewCond(&o.mu)
	return o
}

func (o *outcome) Logf(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, fmt.Sprintf(format, args...))
}

func (o *outcome) Errorf(format string, args ...any) { o.Logf(format, args...) }

// heard takes note of one message; an SDK may tell of a failure more than once.
func (o *outcome) heard(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open--
	o.failed = o.failed || err != nil
	o.cond.Broadcast()
}

func (o *outcome) sending() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open++
}

// wait waits until something was heard of each message and returns what was
// logged if any failed for good.
func (o *outcome) wait() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.open > 0 {
		o.cond.Wait()
	}
	if !o.failed {
		return nil
	}
	return o.lines
}

// soon is the pause before another try, so that ten of them are over in time.
func soon(int) time.Duration { return 20 * time.Millisecond }

type segmentOutcome struct{ *outcome }

func (o segmentOutcome) Success(segment.Message)            { o.heard(nil) }
func (o segmentOutcome) Failure(_ segment.Message, e error) { o.heard(e) }

func segmentGo(tb testing.TB, p plan) []string {
	tb.Helper()
	o := segmentOutcome{newOutcome()}
	client, err := segment.NewWithConfig(p.Key, segment.Config{
		Endpoint: p.URL, BatchSize: 10, Interval: 200 * time.Millisecond, Logger: o, Callback: o, RetryAfter: soon,
	})
	require.NoError(tb, err)
	do := func(m segment.Message) {
		o.sending()
		require.NoError(tb, client.Enqueue(m))
	}
	if p.Bad {
		do(segment.Track{UserId: "undefined", Event: "Bad"})
	} else {
		for n := range p.Count {
			do(segment.Track{AnonymousId: "anon-1", Event: "Tick", Properties: segment.NewProperties().Set("n", n)})
		}
		do(segment.Identify{AnonymousId: "anon-1", UserId: "user-1", Traits: segment.NewTraits().Set("plan", "pro")})
		do(segment.Page{UserId: "user-1", Name: "Intro", Properties: segment.NewProperties().SetURL("https://shop.example/docs")})
		do(segment.Screen{UserId: "user-1", Name: "Home"})
		do(segment.Group{UserId: "user-1", GroupId: "acme", Traits: segment.NewTraits().SetName("Acme")})
		do(segment.Alias{PreviousId: "anon-1", UserId: "user-1"})
	}
	said := o.wait() // closing ends further tries
	require.NoError(tb, client.Close())
	return said
}

type rudderOutcome struct{ *outcome }

func (o rudderOutcome) Success(rudder.Message)            { o.heard(nil) }
func (o rudderOutcome) Failure(_ rudder.Message, e error) { o.heard(e) }

func rudderGo(tb testing.TB, p plan) []string {
	tb.Helper()
	o := rudderOutcome{newOutcome()}
	client, err := rudder.NewWithConfig(p.Key, rudder.Config{
		DataPlaneUrl: p.URL, BatchSize: 10, Interval: 200 * time.Millisecond, Logger: o, Callback: o, RetryAfter: soon,
	})
	require.NoError(tb, err)
	do := func(m rudder.Message) {
		o.sending()
		require.NoError(tb, client.Enqueue(m))
	}
	if p.Bad {
		do(rudder.Track{UserId: "undefined", Event: "Bad"})
	} else {
		for n := range p.Count {
			do(rudder.Track{AnonymousId: "anon-1", Event: "Tick", Properties: rudder.NewProperties().Set("n", n)})
		}
		do(rudder.Identify{AnonymousId: "anon-1", UserId: "user-1", Traits: rudder.NewTraits().Set("plan", "pro")})
		do(rudder.Page{UserId: "user-1", Name: "Intro", Properties: rudder.NewProperties().SetURL("https://shop.example/docs")})
		do(rudder.Screen{UserId: "user-1", Name: "Home"})
		do(rudder.Group{UserId: "user-1", GroupId: "acme", Traits: rudder.NewTraits().SetName("Acme")})
		do(rudder.Alias{PreviousId: "anon-1", UserId: "user-1"})
	}
	said := o.wait()
	require.NoError(tb, client.Close())
	return said
}
