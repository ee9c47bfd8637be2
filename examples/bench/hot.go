package main

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// mostBeside is how many times longer others may wait beside a visitor that sends
// half of all events.
const mostBeside = 2

// hot compares what the partitions wait for in which a visitor that sends half
// of all events has no part, with and without that visitor. It fails if that
// makes too much of a difference.
func (s *scale) hot(ctx context.Context) error {
	return s.with(ctx, 10*time.Second, func(f *fleet) error {
		if err := f.grow(ctx, 2); err != nil {
			return err
		}
		own, err := partitionOfHot()
		if err != nil {
			return err
		}
		send := newSender(f.door.url, writeKey, 64)
		var waits [2]latencies
		var ends [2]latencies
		for i := range 8 {
			send.hot = i%2 == 1
			lags, err := s.lags(ctx, f, send, own)
			if err != nil {
				return err
			}
			waits[i%2], ends[i%2] = append(waits[i%2], lags...), append(ends[i%2], lags.at(0.99))
		}
		if err := f.settled(ctx, time.Minute); err != nil {
			return err
		}
		alone, beside := ends[0].at(0.5), ends[1].at(0.5)
		times, tooMuch := besideHot(alone, beside)
		s.table.row("lag p99 of other partitions, one visitor sends half / nobody in particular", fmt.Sprintf("%.2f×", times), fmt.Sprintf("%d×", mostBeside), "",
			fmt.Sprintf("%s / %s; p50 %s / %s; %d events/s, median of 4 turns each, %d looks", ms(beside), ms(alone), ms(waits[1].at(0.5)), ms(waits[0].at(0.5)), hotRate, len(waits[0])+len(waits[1])))
		if err := f.complete(ctx); err != nil {
			return err
		}
		return tooMuch
	})
}

// besideHot returns how many times longer others wait, and an error if that is
// too much or cannot be told.
func besideHot(alone, beside time.Duration) (times float64, err error) {
	if times = float64(beside) / float64(alone); alone <= 0 || times > mostBeside {
		err = fmt.Errorf("the lag p99 of other partitions is %s beside a visitor that sends half of all events and %s without: at most %d times is well", ms(beside), ms(alone), mostBeside)
	}
	return times, err
}

const hotRate = 3000

// lags sends for a while and collects how far behind each partition is, but for
// one, at many looks.
func (s *scale) lags(ctx context.Context, f *fleet, send *sender, but uint16) (lags latencies, err error) {
	sent := make(chan error, 1)
	go func() {
		_, _, err := send.openLoop(ctx, hotRate, 20, s.d/3, nil)
		sent <- err
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-sent:
			return lags, err
		case <-tick.C:
		}
		st, err := f.status(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range st.Log.Partitions {
			if p.Partition != but {
				lags = append(lags, time.Duration(p.LagS*float64(time.Second)))
			}
		}
	}
}

// partitionOfHot is where the events of the visitor are that sends the most.
func partitionOfHot() (uint16, error) {
	id, err := tenant.ParseID(tenantID)
	text := []byte(uuidText)
	putUUID(text, 1, 1)
	return record.Partition(schema.VisitorID(id, string(text)), fleetPartitions), err
}
