// Package analyticstest is an analytics of a test's own, with which a product
// tests what it sends: that its funnel is one, that a login joins what was done
// before it, that an order is counted once.
//
//	a := analyticstest.New(t, analyticstest.Config{})
//	shop := newShop(a.Door())          // the code under test
//	shop.visit("phone")
//	a.Advance(5 * time.Minute)
//	shop.order("phone", "ada")
//	require.Equal(t, []uint64{1, 1}, a.Funnel("$page", "Order Completed"))
//
// Events come in by the real door, an [ingest.Handler], over HTTP or by its
// Track, and meet its checks: what production would refuse is refused here. They
// stay in memory. Each question folds them anew into sessions, identities and
// traits, and is answered by [querytest.World], which is exact, slow and right by
// the same scripts as the engine. There is no ClickHouse, no file, no goroutine
// and nothing to wait for: what was answered with 200 is in the next answer.
//
// Time stands still until [Analytics.Advance] or [Analytics.At] moves it. What a
// request may take and the limits of a tenant go by the real clock all the same.
//
// It is for hundreds of events, not for millions. Stored segments are not known,
// and nothing is erased or expires but by the rules of the questions.
package analyticstest
