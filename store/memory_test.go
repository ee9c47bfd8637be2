package store_test

import (
	"testing"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store"
	"github.com/footfall-go/footfall/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) (footfall.Store, storetest.Reader) {
		m := store.NewMemory()
		return m, storetest.Memory(m)
	})
}

func TestMemoryKeeper(t *testing.T) {
	t.Parallel()
	storetest.RunKeeper(t, func(testing.TB) (storetest.Keeper, storetest.Reader) {
		m := store.NewMemory()
		return m, storetest.Memory(m)
	})
}

func TestMemorySnapshots(t *testing.T) {
	t.Parallel()
	storetest.RunSnapshots(t, func(testing.TB) storetest.Snapshots { return store.NewMemory() })
}
