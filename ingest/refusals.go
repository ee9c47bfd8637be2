package ingest

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// Refusals is what the door knows of what it refused of one tenant since the
// handler was made: why an event is missing that never got into the log.
type Refusals struct {
	Counts
	// Codes counts the refused events by code.
	Codes map[Code]uint64
	// Samples are the last refusals, newest first: at most a hundred, and at
	// most eight of one request.
	Samples []RefusedSample
}

// RefusedSample is one refusal. It has the names that help to find its cause and none
// of the values: no properties, no traits, no ids of people. Texts are cut, and
// a name that holds a secret by the rules of the tenant is not kept.
type RefusedSample struct {
	Time      time.Time
	Status    int    // of a request that was refused as a whole, else 0
	Code      Code   // "" where a request has none
	Path      string // of the field at fault in its message, "" for all of it
	Message   string // a sentence for people
	MessageID string // as it was sent
	Event     string // name, of a track message
	Agent     string // User-Agent of the request
}

// The bounds of what is kept, which make some 30 MB at most whatever comes.
const (
	keptSamples    = 100 // of a tenant
	requestSamples = 8   // of a request, so that one does not push out all others
	sampledTenants = 500
	maxSampled     = 160              // bytes of each text
	staleSamples   = time.Minute      // how long samples stay though others want their room
	staleCheck     = time.Second / 10 // how often room is looked for
)

// Refusals returns what was refused of a tenant.
func (h *Handler) Refusals(id tenant.ID) Refusals {
	out := Refusals{Codes: map[Code]uint64{}}
	found, ok := h.counts.Load(id)
	if !ok {
		return out
	}
	n := found.(*counts)
	out.Counts = n.load()
	for i, code := range codes {
		if count := n.codes[i].Load(); count > 0 {
			out.Codes[code] = count
		}
	}
	out.Samples = n.samples.list()
	return out
}

// samples is a ring of the last refusals of a tenant. Its memory is used again
// and again: a flood costs copies of short texts and allocates nothing.
type samples struct {
	mu   sync.Mutex
	ring *[keptSamples]sample
	next int
	used atomic.Int64 // when the last one came, in nanoseconds
}

type sample struct {
	at      int64 // nanoseconds
	status  int
	code    Code
	path    string
	message string
	texts   []byte // message id, event, agent
	ends    [2]int
}

// list returns the samples, newest first.
func (r *samples) list() []RefusedSample {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring == nil {
		return nil
	}
	var out []RefusedSample
	for i := range keptSamples {
		m := &r.ring[(r.next+2*keptSamples-1-i)%keptSamples]
		if m.at == 0 {
			break
		}
		text := func(from, to int) string { return strings.ToValidUTF8(string(m.texts[from:to]), "\uFFFD") }
		out = append(out, RefusedSample{
			Time: time.Unix(0, m.at).UTC(), Status: m.status, Code: m.code, Path: m.path, Message: m.message,
			MessageID: text(0, m.ends[0]), Event: text(m.ends[0], m.ends[1]), Agent: text(m.ends[1], len(m.texts)),
		})
	}
	return out
}

// add keeps a sample and copies its texts.
func (r *samples) add(m sample, messageID, event, agent []byte) {
	old := &r.ring[r.next]
	r.next = (r.next + 1) % keptSamples
	b := append(old.texts[:0], cut(messageID)...)
	m.ends[0] = len(b)
	b = append(b, cut(event)...)
	m.ends[1] = len(b)
	m.texts = append(b, cut(agent)...)
	m.message = m.message[:min(len(m.message), 2*maxSampled)]
	*old = m
}

func cut(text []byte) []byte { return text[:min(len(text), maxSampled)] }

// drop gives the memory back.
func (r *samples) drop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.ring != nil
	r.ring, r.next = nil, 0
	return had
}

// sampling opens the samples of a tenant for writing, which ends with done; it
// returns nil where there is no room for one more tenant's.
func (h *Handler) sampling(n *counts, now time.Time) *samples {
	r := &n.samples
	r.used.Store(now.UnixNano())
	r.mu.Lock()
	if r.ring != nil {
		return r
	}
	if h.sampled.Add(1) > sampledTenants {
		h.sampled.Add(-1)
		r.mu.Unlock()
		if !h.makeRoom(now) {
			return nil
		}
		r.mu.Lock()
		h.sampled.Add(1)
	}
	if r.ring == nil {
		r.ring = new([keptSamples]sample)
	} else {
		h.sampled.Add(-1) // another request was first
	}
	return r
}

// makeRoom drops samples that are old. It looks for them now and then only:
// where all tenants are refused all the time, some have no samples.
func (h *Handler) makeRoom(now time.Time) (made bool) {
	last := h.lookedForRoom.Load()
	if now.UnixNano()-last < int64(staleCheck) || !h.lookedForRoom.CompareAndSwap(last, now.UnixNano()) {
		return false
	}
	h.counts.Range(func(_, value any) bool {
		r := &value.(*counts).samples
		if now.UnixNano()-r.used.Load() > int64(staleSamples) && r.drop() {
			h.sampled.Add(-1)
			made = true
		}
		return true
	})
	return made
}

// sampleRejected keeps some of the messages that were refused.
func (s *request) sampleRejected() {
	now := time.Now()
	n := s.h.countsOf(s.tenant.ID)
	for i := range s.rejected {
		n.codes[s.rejected[i].code.index()].Add(1)
	}
	ring := s.h.sampling(n, now)
	if ring == nil {
		return
	}
	defer ring.mu.Unlock()
	agent := []byte(s.r.Header.Get("User-Agent"))
	for i := range s.rejected[:min(len(s.rejected), requestSamples)] {
		r := &s.rejected[i]
		m := sample{at: now.UnixNano(), code: r.code, message: r.message}
		if field := r.field.String(); field != "" {
			m.path = "/" + field
		}
		id, event := s.harmless(r.messageID, r.event)
		ring.add(m, id, event, agent)
	}
}

// noteRefused counts a request that was refused as a whole, and keeps it as a
// sample. Those that met a limit are only counted: one sender too fast would
// push out all others. What is no fault of the sender's is neither.
func (h *Handler) noteRefused(r *http.Request, t *tenant.Tenant, p *problem.Problem) {
	if t == nil || p.Status >= http.StatusInternalServerError {
		return
	}
	h.countRefused(t.ID, 1)
	if p.Status == http.StatusTooManyRequests {
		return
	}
	now := time.Now()
	ring := h.sampling(h.countsOf(t.ID), now)
	if ring == nil {
		return
	}
	defer ring.mu.Unlock()
	m := sample{at: now.UnixNano(), status: p.Status, message: p.Detail}
	if len(p.Errors) > 0 {
		m.code, m.path = Code(p.Errors[0].Code), p.Errors[0].Path
	}
	ring.add(m, nil, nil, []byte(r.Header.Get("User-Agent")))
}

// harmless returns the two names of a message, or nothing if they hold a secret.
func (s *request) harmless(messageID, event []byte) (id, name []byte) {
	rules := s.h.secrecy.rules(s.tenant)
	if rules == nil || len(messageID)+len(event) == 0 {
		return messageID, event
	}
	b := appendQuoted(append(s.answer[:0], `{"messageId":`...), cut(messageID))
	b = appendQuoted(append(b, `,"event":`...), cut(event))
	b = append(b, '}')
	s.answer = b
	if s.redaction.holdsSecret(b, rules) {
		return nil, nil
	}
	return messageID, event
}
