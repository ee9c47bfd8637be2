// Package storetest is the suite that every [footfall.Store] passes.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(tb testing.TB) (footfall.Store, storetest.Reader) {
//			m := store.NewMemory()
//			return m, storetest.Memory(m)
//		})
//	}
package storetest
