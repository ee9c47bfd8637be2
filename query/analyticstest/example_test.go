package analyticstest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/analyticstest"
)

// t stands for the *testing.T that a test has.
var t failing

type failing struct{}

func (failing) Helper()                           {}
func (failing) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Two visitors look at a product, one over HTTP; one of them logs in and buys.
func Example() {
	a := analyticstest.New(t, analyticstest.Config{})

	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/track",
		strings.NewReader(`{"event": "Product Viewed", "anonymousId": "phone"}`))
	request.SetBasicAuth(analyticstest.WriteKey, "")
	answer := httptest.NewRecorder()
	a.Door().ServeHTTP(answer, request)
	fmt.Println(strings.TrimSpace(answer.Body.String()))

	a.Track(ingest.Message{Event: "Product Viewed", AnonymousID: "laptop"})
	a.Advance(5 * time.Minute)
	a.Track(ingest.Message{Event: "Signed In", AnonymousID: "phone", UserID: "ada"})
	a.Advance(time.Minute)
	a.Track(ingest.Message{Event: "Order Completed", UserID: "ada", Properties: map[string]any{"revenue": 42}})

	fmt.Println(a.Funnel("Product Viewed", "Order Completed"))

	revenue := a.Ask(&query.Trend{
		Scope: query.Scope{Range: query.Range{Last: "1d"}},
		Series: []query.Series{{
			Selector: query.Selector{Event: "Order Completed"}, Measure: query.Sum, Of: "event.revenue",
		}},
	}).Result.(*query.TrendResult)
	fmt.Println("revenue today:", *revenue.Series[0].Total)
	// Output:
	// {"success":true,"accepted":1,"rejected":[]}
	// [2 1]
	// revenue today: 42
}
