package kafka

import (
	"fmt"
	"sync"

	"github.com/IBM/sarama"
)

// requestBytes is about how much of several partitions goes into one request.
const requestBytes = 4 << 20

// sender brings batches to one broker, on a connection of its own and one
// request at a time: whatever becomes ready meanwhile goes together in the
// next. So the number of requests adapts to what the broker can take.
type sender struct {
	p    *producer
	addr string
	to   *sarama.Broker // as the client knows it

	mu      sync.Mutex
	waiting []*batch
	sending bool
	conn    *sarama.Broker // nil if there is none
}

func (p *producer) sender(leader *sarama.Broker) *sender {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.senders[leader.Addr()]
	if s == nil {
		s = &sender{p: p, addr: leader.Addr(), to: leader}
		p.senders[leader.Addr()] = s
	}
	return s
}

// submit takes a batch, which is answered once.
func (s *sender) submit(b *batch) error {
	if s.p.log.closed.Err() != nil {
		return ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, b)
	if !s.sending {
		s.sending = true
		s.p.working.Go(s.run)
	}
	return nil
}

func (s *sender) run() {
	for {
		group := s.take()
		if group == nil {
			return
		}
		got, err := s.send(group)
		for _, b := range group {
			a := answer{err: err}
			if err == nil {
				if a.block = got.GetBlock(s.p.log.cfg.Topic, b.partition); a.block == nil {
					a.err = fmt.Errorf("broker %s did not answer for partition %d", s.addr, b.partition)
				}
			}
			b.answer <- a
		}
	}
}

// take returns what goes together next. Each partition has one batch at most.
func (s *sender) take() []*batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, size := 0, 0
	for n < len(s.waiting) && (n == 0 || size < requestBytes) {
		for _, piece := range s.waiting[n].pieces {
			size += piece.size
		}
		n++
	}
	if n == 0 {
		s.sending = false
		return nil
	}
	group := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	return group
}

func (s *sender) send(group []*batch) (*sarama.ProduceResponse, error) {
	conn, err := s.connect()
	if err != nil {
		return nil, err
	}
	request := &sarama.ProduceRequest{
		RequiredAcks: sarama.WaitForAll, Timeout: int32(produceTimeout.Milliseconds()), Version: 8,
	}
	for _, b := range group {
		request.AddBatch(s.p.log.cfg.Topic, b.partition, b.records)
	}
	got, err := conn.Produce(request)
	if err != nil {
		s.abort()
	}
	return got, err
}

func (s *sender) connect() (*sarama.Broker, error) {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := s.p.log.dial(s.to)
	if err != nil {
		return nil, fmt.Errorf("connect to broker %s: %w", s.addr, err)
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	if s.p.log.closed.Err() != nil {
		s.abort()
		return nil, ErrClosed
	}
	return conn, nil
}

// abort closes the connection, which fails the request on it.
func (s *sender) abort() {
	s.mu.Lock()
	conn := s.conn
	s.conn = nil
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // it fails if the other side was faster
	}
}
