package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall/stream"
)

// places are all places of a partition: the plan and those of followers. They
// are the committed offset of the group and its metadata, so that one fenced
// commit moves any of them and none ever disagrees with another.
//
// The offset is where the plan begins, so that tools for Kafka show a lag that
// means something. The metadata is text: "v1", then where the claim ends, the
// version of the fold and what else is written, or three times "-" before there
// was a plan, then name=offset of each follower. Behind the version of the fold
// stands ".epoch" once a recovery has begun one.
type places struct {
	plan      stream.Plan
	planned   bool
	epoch     uint16           // that a recovery has begun, 0 if none did
	followers map[string]int64 // never changed: a new one takes its place
}

// placesVersion begins the metadata.
const placesVersion = "v1"

// maxMetadata is what brokers take as metadata unless told otherwise.
const maxMetadata = 4096

// equal reports whether two are the same.
func (p places) equal(q places) bool {
	return p.plan == q.plan && p.planned == q.planned && p.epoch == q.epoch && maps.Equal(p.followers, q.followers)
}

func (p *places) encode() (offset int64, metadata string, err error) {
	var b strings.Builder
	if p.planned {
		fold := strconv.Itoa(int(p.plan.Fold))
		if p.epoch > 0 {
			fold += "." + strconv.Itoa(int(p.epoch))
		}
		fmt.Fprintf(&b, "%s %d %s %d", placesVersion, p.plan.To, fold, p.plan.Written)
	} else {
		b.WriteString(placesVersion + " - - -")
	}
	for _, name := range slices.Sorted(maps.Keys(p.followers)) {
		fmt.Fprintf(&b, " %s=%d", strconv.Quote(name), p.followers[name])
	}
	if b.Len() > maxMetadata {
		return 0, "", fmt.Errorf("commit places of %d followers: their names take %d bytes, brokers have room for %d", len(p.followers), b.Len(), maxMetadata)
	}
	return p.plan.From, b.String(), nil
}

// decodePlaces reads what encode wrote. An offset of -1 says that nothing was
// ever committed, or that it was forgotten.
func decodePlaces(offset int64, metadata string) (places, error) {
	p := places{followers: map[string]int64{}}
	if offset < 0 {
		return p, nil
	}
	wrong := func() (places, error) {
		return places{}, fmt.Errorf("committed metadata %q is not of this version", metadata)
	}
	rest, ok := strings.CutPrefix(metadata, placesVersion+" ")
	if !ok {
		return wrong()
	}
	to, rest, _ := strings.Cut(rest, " ")
	fold, rest, _ := strings.Cut(rest, " ")
	written, rest, _ := strings.Cut(rest, " ")
	if to != "-" || fold != "-" || written != "-" {
		fold, epoch, raised := strings.Cut(fold, ".")
		if raised {
			number, err := strconv.ParseUint(epoch, 10, 16)
			if err != nil {
				return wrong()
			}
			p.epoch = uint16(number)
		}
		end, err1 := strconv.ParseInt(to, 10, 64)
		version, err2 := strconv.ParseUint(fold, 10, 16)
		all, err3 := strconv.ParseInt(written, 10, 64)
		if errors.Join(err1, err2, err3) != nil || end < offset || all < 0 {
			return wrong()
		}
		p.plan, p.planned = stream.Plan{From: offset, To: end, Written: all, Fold: uint16(version)}, true
	}
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return wrong()
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return wrong()
		}
		rest, ok = strings.CutPrefix(rest[len(quoted):], "=")
		place, next, _ := strings.Cut(rest, " ")
		at, err := strconv.ParseInt(place, 10, 64)
		if !ok || err != nil || at < 0 {
			return wrong()
		}
		p.followers[name] = at
		rest = next
	}
	return p, nil
}

// move returns the places with that of a follower elsewhere.
func (p places) move(name string, offset int64) places {
	p.followers = maps.Clone(p.followers)
	p.followers[name] = offset
	return p
}

// drop returns the places without that of a follower.
func (p places) drop(name string) places {
	p.followers = maps.Clone(p.followers)
	delete(p.followers, name)
	return p
}
