// Package webhook posts events to a URL: a [footfall.Sink] for a durable tap.
//
// A request is one batch, newline-delimited JSON, signed after the Standard
// Webhooks specification:
//
//	webhook-id: 0-3-120.0-135.4
//	webhook-timestamp: 1700000000
//	webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
//
// The id is made of the positions of the first and the last event, so that a
// request that is repeated has the id of the first. After a crash the events
// of the last batch may come in other batches; what drops every repetition is
// the position of each event: within a partition they ascend, so a receiver
// need only remember the last one it has of each.
//
// When somebody is erased a request says so, signed in the same way, behind what
// was posted of them: {"erase":{"name":…,"before":[0,3,140,0],"ids":[…]}}. It
// comes for each partition concerned, perhaps again, and asks to delete the
// events of these ids that stand before the position; see [Erasure].
//
// An answer of 2xx says that the receiver has the events. 408, 429, 5xx and no
// answer are tried again after a while, Retry-After being honoured; what else
// there is counts as refused for good.
package webhook
