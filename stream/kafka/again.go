package kafka

import (
	"errors"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// mark tells a record from any other that has ever been at its offset.
type mark struct {
	offset int64
	time   footfall.Millis // as the broker gave it, 0 if there is none
}

// once fetches what there is, or nothing after a while. How long it takes is
// bounded by the time-outs of the connection, and by its end.
//
// On another connection it fetches the record before once more. Brokers that have
// lost the end of the log, and have got new records meanwhile, would otherwise
// give the later ones of them, and those before would be skipped.
func (r *reader) once(from int64) ([]footfall.Record, error) {
	r.mu.Lock()
	r.unsure = r.unsure || r.conn == nil
	r.mu.Unlock()
	last := r.last
	again := r.unsure && last.time > 0 && last.offset == from-1
	if again {
		from = last.offset
	}
	records, err := r.request(from)
	if again {
		switch {
		case errors.Is(err, stream.ErrTrimmed):
			r.unsure = false
			return nil, errors.New("retention has removed the last record read") // what follows it may be there
		case err != nil || len(records) == 0:
			return nil, err
		case last != markOf(&records[0]):
			r.disconnect()
			return nil, footfall.Permanent(fmt.Errorf("%w: the record at offset %d of partition %d is another than was read before",
				stream.ErrLogLacks, last.offset, r.p.number))
		}
		records = records[1:]
	}
	if err == nil {
		r.unsure = false
	}
	if n := len(records); n > 0 {
		r.last = markOf(&records[n-1])
	}
	return records, err
}

func markOf(r *footfall.Record) mark { return mark{r.Offset, r.Time} }
