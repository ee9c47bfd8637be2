package match

// Bounds of a funnel.
const (
	MaxSteps      = 20
	MaxExclusions = 10
)

// Order says what may lie between two steps.
type Order uint8

// The orders.
const (
	Ordered Order = iota
	Strict
	Any
)

// Funnel is what units are matched with.
type Funnel struct {
	// Steps is the number of steps, 1 to MaxSteps.
	Steps int
	Order Order
	// Window is how long an attempt may take, in milliseconds, its end
	// included; negative for ever.
	Window int64
	// From and To bound the entries: From <= time < To.
	From, To int64
	// Reach bounds the later steps and exclusions: time < Reach. It is not
	// before To.
	Reach int64
	// Exclude are the numbers of two steps, the first being 1, between which an
	// excluded event must not lie.
	Exclude []Exclusion
	// Drops says that an attempt ended by an exclusion takes its unit out of the
	// funnel; else it keeps what it had reached.
	Drops bool
	// Holds says that the steps of an attempt have one [Event.Hold].
	Holds bool
	// Edges are the starts of buckets of entries, for which attempts are counted
	// separately as well. Defaults to none.
	Edges []int64
}

// Exclusion is where excluded events end an attempt: strictly later than step
// After was reached and strictly earlier than step Before.
type Exclusion struct{ After, Before int }

// Breaks is the bit of events that may not lie between two strict steps. Below
// it are those of the steps, then those of the exclusions.
const Breaks uint32 = 1 << 31

// StepBit returns the bit of a step, the first being 1.
func StepBit(step int) uint32 { return 1 << (step - 1) }

// ExclusionBit returns the bit of an exclusion, the first being 0.
func ExclusionBit(i int) uint32 { return 1 << (MaxSteps + i) }

// Event is an event of a unit.
type Event struct {
	Time int64 // in milliseconds
	// Major and Minor are its place in the log, which tells the order of
	// events of one time.
	Major, Minor uint64
	// Hold stands for the values that are held. An event without one of them
	// must not have the bit of any step.
	Hold uint64
	// Bits says what it matches.
	Bits uint32
	// Value is the caller's.
	Value uint32
}

// Attempt is how far a unit got.
type Attempt struct {
	// Bucket is the index of the bucket of the entry, 0 without buckets.
	Bucket int
	// Level is the number of steps reached.
	Level int
	// Times are when they were reached, by step from 0.
	Times [MaxSteps]int64
	// Events are the indexes of the events that reached them.
	Events [MaxSteps]int32

	entry   int32 // index of the event that began it
	part    int32 // index of the part of the unit, with what is held
	dropped bool
}

// limit returns the last moment of an attempt that begins at t.
func (f *Funnel) limit(t int64) int64 {
	if f.Window < 0 {
		return f.Reach - 1
	}
	return min(f.Reach-1, t+f.Window)
}
