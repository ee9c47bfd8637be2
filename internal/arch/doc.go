// Package arch keeps the arrows between packages: which package may import
// which, and which vendor belongs to which driver. It has no code but a test
// over a literal table; ARCHITECTURE.md gives the reasons.
package arch
