package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall-go/footfall/query"
)

// bench is one run of the command.
type bench struct {
	*world
	runs int
	only interface{ MatchString(string) bool }
	show bool
}

// cost is what one way to an answer takes.
type cost struct {
	cold   time.Duration
	warm   []time.Duration
	busy   []time.Duration // of the processors, in the warm runs
	read   query.Stats
	answer string
}

// at returns the smallest of the durations that a part of all does not exceed.
func at(q float64, all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[max(0, int(math.Ceil(q*float64(len(all))))-1)]
}

func (b *bench) measure(ctx context.Context) error {
	// A merge that begins now would count as work for the answers.
	if err := b.db.Exec(ctx, "SYSTEM STOP MERGES"); err != nil {
		return fmt.Errorf("stop the merges: %w", err)
	}
	parts, err := b.number(ctx, "SELECT count() FROM system.parts WHERE active AND database = '"+database+"' AND table = 'events'")
	if err != nil {
		return err
	}
	bytes, err := b.number(ctx, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '"+database+"'")
	if err != nil {
		return err
	}
	fmt.Printf("%d events in %d parts, %d persons, %d sessions, %.2f GB; each warm figure of %d runs\n\n",
		b.facts.Events, parts, b.facts.Persons, b.facts.Sessions, float64(bytes)/1e9, b.runs)
	fmt.Println("| question | cold | warm p50 | p99 | CPU | rows read | MB read | peak MB | by hand cold | by hand p50 | ratio | by hand CPU | CPU ratio | bare count |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, q := range questions {
		if !b.only.MatchString(q.name) {
			continue
		}
		if err := b.row(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return nil
}

func (b *bench) row(ctx context.Context, q question) error {
	ways := []func() (query.Stats, string, error){
		func() (query.Stats, string, error) { return b.ask(ctx, q) },
		func() (query.Stats, string, error) { return b.byHand(ctx, q) },
		func() (query.Stats, string, error) {
			n, err := b.number(ctx, fill("SELECT count() FROM events WHERE tenant = 'shop' AND silo = '' AND "+q.floor))
			return query.Stats{}, fmt.Sprint(n), err
		},
	}
	costs := make([]cost, len(ways))
	for i, way := range ways {
		if err := b.chill(ctx); err != nil {
			return err
		}
		took, _, err := costs[i].run(way)
		if err != nil {
			return err
		}
		costs[i].cold = took
	}
	for range b.runs {
		for i, way := range ways {
			took, busy, err := costs[i].run(way)
			if err != nil {
				return err
			}
			costs[i].warm, costs[i].busy = append(costs[i].warm, took), append(costs[i].busy, busy)
		}
	}
	ours, hand, floor := &costs[0], &costs[1], &costs[2]
	if ours.answer != hand.answer {
		return fmt.Errorf("the answer is\n%.1000s\nand by hand\n%.1000s", ours.answer, hand.answer)
	}
	if q.check != nil {
		if want := q.check(&b.facts); ours.answer != want {
			return fmt.Errorf("the answer is %s, generated were %s", ours.answer, want)
		}
	}
	peak, err := b.peak(ctx, ways[0])
	if err != nil {
		return err
	}
	p50, handP50, busy, handBusy := at(0.5, ours.warm), at(0.5, hand.warm), at(0.5, ours.busy), at(0.5, hand.busy)
	fmt.Printf("| %s | %s | %s | %s | %s | %.2f M | %.0f | %.0f | %s | %s | %.2f | %s | %.2f | %s |\n",
		q.name, ms(ours.cold), ms(p50), ms(at(0.99, ours.warm)), ms(busy),
		float64(ours.read.Rows)/1e6, float64(ours.read.Bytes)/1e6, float64(peak)/1e6,
		ms(hand.cold), ms(handP50), float64(p50)/float64(handP50), ms(handBusy), float64(busy)/float64(handBusy), ms(at(0.5, floor.warm)))
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond)) }

// run goes one way once. What the processors did for it is what they did for this
// whole process, the engine's and the driver's work: on a machine that others use
// it tells more than the time, of which most may be waiting for them.
func (c *cost) run(way func() (query.Stats, string, error)) (took, busy time.Duration, err error) {
	before, began := processors(), time.Now()
	stats, answer, err := way()
	took, busy = time.Since(began), processors()-before
	if err == nil && c.answer != "" && answer != c.answer {
		err = fmt.Errorf("the answer was %s and now is %s", c.answer, answer)
	}
	c.read, c.answer = stats, answer
	return took, busy, err
}

// processors returns how long they have worked for this process.
func processors() time.Duration {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return 0 // there is no such system
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// ask has the query engine answer.
func (b *bench) ask(ctx context.Context, q question) (stats query.Stats, digest string, err error) {
	var result any
	if q.json == "" {
		result, err = b.query.Catalog(ctx, b.tenant, q.catalog)
	} else {
		parsed, wrong := query.Parse([]byte(fill(q.json)))
		if wrong != nil {
			return stats, "", fmt.Errorf("read the question: %w", wrong)
		}
		var answer *query.Answer
		if answer, err = b.query.Run(ctx, b.tenant, parsed); err == nil {
			result, stats = answer.Result, answer.Stats
		}
	}
	if err != nil {
		return stats, "", fmt.Errorf("ask: %w", err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		return stats, "", fmt.Errorf("write the answer: %w", err)
	}
	digest, err = q.digest(text)
	return stats, digest, err
}

// byHand runs the statements that were written for the question. Their rows
// are single texts. Of one that finds ids for the next, what stands behind the
// bar is the answer.
func (b *bench) byHand(ctx context.Context, q question) (stats query.Stats, answer string, err error) {
	var lines, ids []string
	for i, statement := range q.hand {
		statement = strings.ReplaceAll(fill(statement), "{ids}", strings.Join(ids, ", "))
		var list []string
		r, n, err := b.texts(ctx, statement, &list)
		if err != nil {
			return stats, "", fmt.Errorf("run what was written by hand: %w", err)
		}
		stats.Rows, stats.Bytes = stats.Rows+r, stats.Bytes+n
		switch {
		case i+1 < len(q.hand) && strings.Contains(q.hand[i+1], "{ids}"):
			for _, line := range list {
				id, total, _ := strings.Cut(line, "|")
				// A number of this size without a type is read as one with a point.
				ids, lines = append(ids, "toUInt128('"+id+"')"), []string{total}
			}
		case len(ids) == 0:
			lines = append(lines, list...)
		}
	}
	return stats, strings.Join(sorted(lines), "\n"), nil
}

func (b *bench) texts(ctx context.Context, statement string, list *[]string) (rowsRead, bytesRead uint64, err error) {
	rows, err := b.conn.Query(ctx, query.Statement{SQL: statement})
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return 0, 0, err
		}
		*list = append(*list, line)
	}
	rowsRead, bytesRead = rows.Read()
	return rowsRead, bytesRead, rows.Err()
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

// peak runs once more and looks at the engine's account of the statements
// meanwhile; looking costs time, so this run has no other figure.
func (b *bench) peak(ctx context.Context, way func() (query.Stats, string, error)) (int64, error) {
	done := make(chan error, 1)
	go func() {
		_, _, err := way()
		done <- err
	}()
	var peak int64
	seen := map[string]bool{}
	for {
		select {
		case err := <-done:
			return peak, err
		case <-time.After(2 * time.Millisecond):
		}
		rows, err := b.db.Query(ctx, "SELECT query, peak_memory_usage, elapsed FROM system.processes WHERE query NOT LIKE '%system.processes%'")
		if err != nil {
			return 0, fmt.Errorf("look at the statements: %w", err)
		}
		for rows.Next() {
			var text string
			var used int64
			var elapsed float64
			if err := rows.Scan(&text, &used, &elapsed); err != nil {
				return 0, fmt.Errorf("look at the statements: %w", err)
			}
			peak = max(peak, used)
			if b.show && !seen[text] {
				seen[text] = true
				fmt.Fprintf(os.Stderr, "%s\n\n", text)
			}
		}
		if err := rows.Close(); err != nil {
			return 0, fmt.Errorf("look at the statements: %w", err)
		}
	}
}
