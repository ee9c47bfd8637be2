// Package kafka is a log on Apache Kafka, for more than one machine: a
// [stream.Log] whose partitions are those of one topic.
//
//	log, err := kafka.New(kafka.Config{
//		Brokers:   []string{"kafka-1:9092", "kafka-2:9092"},
//		Snapshots: store, // processors only
//	})
//	…
//	defer log.Close()
//	if err := log.CreateTopic(ctx); err != nil { // or CheckTopic
//		return err
//	}
//
// The door appends to it, and must know [Log.Partitions]; any number of
// processors own the partitions between them. It needs Kafka 2.8 or later, and
// is tested with 4.3.
//
// # The topic
//
// [Log.CreateTopic] makes it as it must be: records are deleted by age alone,
// their time is when the broker took them, and enough replicas have each. A
// topic that contradicts the configuration is refused with [ErrTopic], which
// names each contradiction. The number of partitions is for life, because what
// partition a visitor's events go to follows from it. If somebody adds some,
// appends fail and Own ends as soon as the client hears of it, within half a
// minute. To have another number, make another topic with another
// [Config.Epoch], and switch when the old one is drained. A topic that was lost
// and made anew, or that brokers have cut, is refused while the store has more
// of it; a recovery with stream.Config.NextEpoch goes on with it under the next
// epoch, which is noted beside the plans: processors of an earlier one are
// refused with stream.ErrRaised.
//
// # What is kept where
//
// The plan of a partition and the places of its followers are the committed
// offset of the group and the metadata of that commit: one value, which changes
// as a whole, and which the group's coordinator refuses to change for whoever
// is not a member of its current generation. Each claim commits with the
// generation that made it. The offset is where the plan begins, so that what
// Kafka's own tools show as lag is that. Snapshots are kept by [SnapshotStore].
//
// Brokers forget the offsets of a group without members after
// offsets.retention.minutes, a week by default. A processor that finds none for
// a topic with records refuses to start unless told to recover.
//
// # When something fails
//
//	a broker dies           batches go to the new leader under the same numbers,
//	                        which brokers take once; after AppendTimeout appends
//	                        fail with stream.ErrUnavailable
//	a broker freezes        likewise, as soon as the others have replaced it: one
//	                        that is silent for some seconds is taken for dead
//	it is back              what it says of ends and plans is not believed until
//	                        it has heard who has taken its place
//	too few replicas        likewise
//	too much on its way     stream.ErrUnavailable at once
//	an answer is lost       the same batch, or the same commit, again
//	a processor dies        its partitions go to others after SessionTimeout
//	a processor freezes     its commits are refused when it is back
//	all brokers are away    nobody owns anything; it begins anew by itself
//	retention overtakes     stream.ErrTrimmed for that partition alone
//	records are gone        stream.ErrLogLacks for that partition alone, also where
//	                        new ones have taken their place meanwhile
package kafka
