package shop

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Message is one call of the Segment wire format.
type Message struct {
	Type        string         `json:"type"`
	MessageID   string         `json:"messageId"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	Event       string         `json:"event,omitempty"`
	Name        string         `json:"name,omitempty"`
	Timestamp   time.Time      `json:"timestamp"`
	Properties  map[string]any `json:"properties,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
	Context     map[string]any `json:"context,omitempty"`
}

// Config says how much traffic there is.
type Config struct {
	// Seed chooses the traffic. Defaults to 1.
	Seed uint64
	// Start is when the first visitor arrives. Required.
	Start time.Time
	// Busy is the moment from which Rate holds; before it the shop is a
	// small one with a few thousand events a day. Defaults to Start.
	Busy time.Time
	// Rate is the number of events a second after Busy. Defaults to 20.
	Rate float64
}

// quietPerDay is the number of events of a day before Config.Busy.
const quietPerDay = 2500

// eventsPerVisit is what visit makes on average; a test holds it to that.
const eventsPerVisit = 5.7

// Shop makes messages in the order of their times, without end. It is for one
// goroutine.
type Shop struct {
	cfg     Config
	rand    *rand.Rand
	arrival time.Time // of the next visitor
	pending queue     // what the visitors that are there will do
	people  []*person
	orders  int
	made    int
}

// New opens the shop.
func New(cfg Config) *Shop {
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if cfg.Rate <= 0 {
		cfg.Rate = 20
	}
	if cfg.Busy.IsZero() {
		cfg.Busy = cfg.Start
	}
	return &Shop{cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 0x5eed)), arrival: cfg.Start}
}

// Next returns the next message.
func (s *Shop) Next() Message {
	for len(s.pending) == 0 || s.arrival.Before(s.pending[0].Timestamp) {
		s.visit(s.arrival)
		s.arrival = s.arrival.Add(s.untilNext(s.arrival))
	}
	m := heap.Pop(&s.pending).(Message)
	s.made++
	m.MessageID = fmt.Sprintf("shop-%d-%d", s.cfg.Seed, s.made)
	return m
}

// untilNext draws the time to the next arrival. Days have a quiet night and a
// busy evening, weeks a slow weekend, as long as the shop is small.
func (s *Shop) untilNext(now time.Time) time.Duration {
	perSecond := s.cfg.Rate
	if now.Before(s.cfg.Busy) {
		hour := float64(now.Hour()) + float64(now.Minute())/60
		rhythm := 1 - 0.7*math.Cos((hour-3.5)/24*2*math.Pi)
		if day := now.Weekday(); day == time.Saturday || day == time.Sunday {
			rhythm *= 0.7
		}
		perSecond = quietPerDay / 86400.0 * rhythm
	}
	wait := time.Duration(s.rand.ExpFloat64() / perSecond * eventsPerVisit * float64(time.Second))
	// A long night's wait must not sleep through the opening of the busy time.
	if next := now.Add(wait); now.Before(s.cfg.Busy) && next.After(s.cfg.Busy) {
		return s.cfg.Busy.Sub(now)
	}
	return wait
}

// queue is a heap of messages, earliest first.
type queue []Message

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].Timestamp.Before(q[j].Timestamp) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(Message)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
