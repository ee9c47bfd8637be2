package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

// Erasure is the only line of a request that says who is to be forgotten.
type Erasure struct {
	Erase struct {
		Name   string `json:"name"` // of the request, the same in every partition
		Tenant string `json:"tenant"`
		// Before is a position of a partition: what is of these ids there and
		// stands before it is to go.
		Before [4]int64  `json:"before"`
		Time   time.Time `json:"time"`
		// IDs are as in an event's user, or its visitor where it has no user.
		// Without any it is all of the tenant.
		IDs []footfall.ID `json:"ids,omitempty"`
	} `json:"erase"`
}

func encodeErasure(e *footfall.Erasure) ([]byte, error) {
	var line Erasure
	line.Erase.Name, line.Erase.Tenant, line.Erase.Before = e.Name, e.Tenant.String(), place(e.Before)
	line.Erase.Time, line.Erase.IDs = e.Time.Time(), e.IDs
	body, err := json.Marshal(&line)
	return append(body, '\n'), err
}

// idOfErasure names it by its place, like a batch.
func idOfErasure(e *footfall.Erasure) string {
	return fmt.Sprintf("%d-%d-%d.erase", e.Before.Epoch, e.Before.Partition, e.Before.Offset)
}
