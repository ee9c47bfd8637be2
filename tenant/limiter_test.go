package tenant_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall-go/footfall/tenant"
	"github.com/footfall-go/footfall/tenant/tenanttest"
)

func TestBucketsAreALimiter(t *testing.T) {
	t.Parallel()
	tenanttest.TestLimiter(t, func(t *testing.T, test tenanttest.LimiterCase) {
		// The clock of a bubble begins at a midnight.
		synctest.Test(t, func(t *testing.T) { test(t, tenant.NewBuckets(), time.Sleep) })
	})
}
