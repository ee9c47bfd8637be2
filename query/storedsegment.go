package query

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// SegmentStore keeps what tenants have saved, and the persons of what is frozen.
// The stores of events are one.
type SegmentStore interface {
	// DefinedBy returns the newest versions of a tenant's definitions of a kind.
	DefinedBy(ctx context.Context, t tenant.ID, kind string) ([]footfall.Definition, error)
	// Define writes definitions, which replace older versions of theirs.
	Define(ctx context.Context, d ...footfall.Definition) error
	// Freeze writes members of a segment; the slice is the caller's.
	Freeze(ctx context.Context, m ...footfall.Member) error
	// Thaw deletes the members of a segment that are of versions before one.
	Thaw(ctx context.Context, t tenant.ID, segment string, before uint64) error
}

// StoredSegment is a segment under an id, which questions of its tenant name.
//
// It means the same in each of them: days are those of the tenant's own zone,
// and what is not given as Within is always. A dynamic one is found anew each
// time; a static one has the persons who were in it when it was stored, but for
// those erased since.
type StoredSegment struct {
	// ID has letters, digits, - and _, at most 100.
	ID string `json:"id"`
	// Name is what people call it. Defaults to ID.
	Name    string  `json:"name"`
	Segment Segment `json:"segment"`
	Static  bool    `json:"static"`
	// Count is how many persons are in it, nil where there was no time to count.
	Count   *uint64   `json:"count"`
	Updated time.Time `json:"updated"`
}

// The ways a stored segment fails.
var (
	// ErrNoSegment says that a tenant has no segment of an id.
	ErrNoSegment = errors.New("query: there is no such segment")
	// ErrNoStore says that the engine has no Config.Segments.
	ErrNoStore = errors.New("query: segments are not stored here")
)

// Bounds of what a tenant may store.
const (
	maxSegments    = 1000
	maxSegmentBody = 64 << 10
)

// storedSegment is one as it is kept; the id and the version are its row's.
type storedSegment struct {
	StoredSegment
	version uint64
	// What it takes of a question's bounds, and which others it names.
	nodes, ofPersons int
	segments         []reference
}

// savedSegment is the body of a definition.
type savedSegment struct {
	Name    string    `json:"name"`
	Segment Segment   `json:"segment"`
	Static  bool      `json:"static"`
	Updated time.Time `json:"updated"`
}

// load reads the definitions of a tenant by id.
func (e *Engine) load(ctx context.Context, t *tenant.Tenant) (map[string]footfall.Definition, error) {
	if e.config.Segments == nil {
		return nil, nil
	}
	list, err := e.config.Segments.DefinedBy(ctx, t.ID, schema.KindSegment)
	if err != nil {
		return nil, fmt.Errorf("%w: read the segments: %w", ErrUnavailable, err)
	}
	all := make(map[string]footfall.Definition, len(list))
	for _, d := range list {
		all[d.ID] = d
	}
	return all, nil
}

// open reads what a definition has.
func open(d *footfall.Definition) (*storedSegment, error) {
	var body struct {
		savedSegment

		Segment json.RawMessage `json:"segment"`
	}
	if err := json.Unmarshal([]byte(d.Body), &body); err != nil {
		return nil, fmt.Errorf("read segment %s: %w", d.ID, err)
	}
	root, problem := parseTree(body.Segment)
	if problem != nil {
		return nil, fmt.Errorf("read segment %s: %w", d.ID, &InvalidError{[]Problem{*problem}})
	}
	var c checker
	s := &storedSegment{version: d.Version}
	s.StoredSegment = StoredSegment{ID: d.ID, Name: body.Name, Static: body.Static, Updated: body.Updated, Segment: *c.decodeSegment("/segment", root, 1)}
	s.check(&c)
	if err := c.err(); err != nil {
		return nil, fmt.Errorf("read segment %s: %w", d.ID, err)
	}
	return s, nil
}

// check finds mistakes, and what the segment takes.
func (s *storedSegment) check(c *checker) {
	if !isSegmentID(s.ID) {
		c.checkSegmentID("/id", s.ID)
	}
	if len(s.Name) > maxText || !isText(s.Name) {
		c.fail("/name", "bad_value", "a name is UTF-8 without zero bytes, at most %d of them", maxText)
	}
	c.checkSegment("/segment", &s.Segment, 1, time.UTC)
	s.nodes, s.ofPersons, s.segments = c.nodes, c.ofPersons, c.segments
}

// resolve reads the stored segments that a question needs, those which they name
// themselves included.
func (r *run) resolve(asked context.Context, named []reference) error {
	if len(named) == 0 {
		return nil
	}
	ctx, cancel := context.WithDeadlineCause(asked, r.deadline, ErrTimeout)
	defer cancel()
	all, err := r.engine.load(ctx, r.tenant)
	if err != nil {
		return r.explain(asked, ctx, err)
	}
	n := nest{all: all, found: map[string]*storedSegment{}}
	for _, ref := range named {
		if err := n.visit(ref.path, ref.id); err != nil {
			return err
		}
	}
	r.stored = n.found
	return nil
}

// versions tells apart what stored segments mean at different times.
func (r *run) versions() (text []byte) {
	for _, id := range slices.Sorted(maps.Keys(r.stored)) {
		text = fmt.Appendf(text, "\n%s %d %s", id, r.stored[id].version, r.home.loc)
	}
	return text
}

// nest walks through segments that name segments.
type nest struct {
	all   map[string]footfall.Definition
	found map[string]*storedSegment
	above []string // the ids on the way down
	// What all of them take, each as often as it is named.
	nodes, ofPersons int
}

// visit looks at a segment that something at a path needs.
func (n *nest) visit(path, id string) error {
	invalid := func(code, format string, args ...any) error {
		return &InvalidError{[]Problem{{path, code, fmt.Sprintf(format, args...)}}}
	}
	for i, above := range n.above {
		if above == id {
			return invalid("circle", "segment %s needs itself: %s", id, strings.Join(slices.Concat(n.above[i:], []string{id}), ", "))
		}
	}
	s := n.found[id]
	if s == nil {
		d, ok := n.all[id]
		if !ok {
			return invalid("unknown_segment", "there is no segment %q%s", id, n.whose())
		}
		var err error
		if s, err = open(&d); err != nil {
			return err
		}
		n.found[id] = s
	}
	if s.Static {
		return nil // who was in it is known
	}
	n.nodes += s.nodes
	n.ofPersons += s.ofPersons
	if n.nodes > maxFilterNodes || n.ofPersons > maxOfPersons || len(n.above) >= maxFilterDepth {
		return invalid("too_many", "segment %s and those it needs have more than %d parts, %d conditions on persons or %d levels", id, maxFilterNodes, maxOfPersons, maxFilterDepth)
	}
	n.above = append(n.above, id)
	defer func() { n.above = n.above[:len(n.above)-1] }()
	for _, ref := range s.segments {
		if err := n.visit(path, ref.id); err != nil {
			return err
		}
	}
	return nil
}

func (n *nest) whose() string {
	if len(n.above) == 0 {
		return ""
	}
	return ", which segment " + n.above[len(n.above)-1] + " needs"
}

// title is what people call a segment.
func (s *StoredSegment) title() string { return cmp.Or(s.Name, s.ID) }
