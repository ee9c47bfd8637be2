package query

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// asking is somebody's question.
type asking struct {
	key  answerKey
	seen sight
	// since is the moment from which on anything that could be seen is good
	// enough. Zero asks for all that can be seen now.
	since time.Time
	until time.Time // by the wall clock, when the asker goes
}

// takes reports whether an answer that saw this will do.
func (a asking) takes(seen sight) bool {
	return a.seen.same(seen) || !a.since.IsZero() && !seen.at.Before(a.since)
}

// sight is what an answer can depend on beside its question.
type sight struct {
	version string // what of the log could be seen, as Config.Version told
	minute  int64  // which buckets are over; none ends within a minute
	at      time.Time
}

func newSight(version string, now time.Time) sight {
	return sight{version, now.Truncate(time.Minute).Unix(), now}
}

// same reports whether the same answers come out.
func (s sight) same(other sight) bool { return s.version == other.version && s.minute == other.minute }

// of returns the key of an answer to a question that saw this.
func (s sight) of(key answerKey) answerKey {
	return sha256.Sum256(fmt.Appendf(nil, "%x %d %s", key, s.minute, s.version))
}

// answersForm tells answers of this code from those of another that runs beside
// it. It changes when the same question may get another answer, or one of another
// form.
const answersForm = "2"

// key returns what the answer to a question depends on beside its sight: whose
// it is and by which rules, what is asked for canonically, and which times a
// relative range stands for.
func (r *run) key(kind string, question []byte) answerKey {
	t, from, to := r.tenant, r.from.UnixMilli(), r.to.UnixMilli()
	if !r.ranged {
		from, to = 0, 0 // the moment is the clock's, or the question has it
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s %s\n%q %q %q %d %d\n%d %d\n%s", answersForm, kind,
		t.ID, t.Silo(), r.cal.loc, t.WeekStart, t.Retention, from, to, question))
}
