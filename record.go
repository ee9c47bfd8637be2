package footfall

// Record is one entry of the log: the events of one request for one partition,
// or a command such as an erasure. What is inside is known to the door that
// writes it and to the processor that reads it; a log moves bytes.
type Record struct {
	Epoch     uint16
	Partition uint16
	Offset    int64  // given by the log: ascending within a partition
	Time      Millis // given by the log when it was appended; never goes back
	Events    uint32 // how many events Value holds; 0 for a command
	Tenant    string // whose they are, for the log's own accounts
	Header    []byte // settings of the tenant that the processor needs
	Value     []byte // the events, uncompressed
}
