// Package timing counts what a build cost, what its hits saved and what its
// misses lost.
//
// In come a record and its causes; out goes a [Ledger]. Steps run in parallel,
// so a miss costs what the wall time would have been shorter without it, which
// is read from the longest path through the step graph, and not the sum of the
// step's seconds. Cache import and export are costs and stand in the same
// ledger.
//
// Of several records with their findings it makes sums and rankings ([Sum],
// [Worst]), and of seconds money ([Price]).
//
// The package is pure: values in, values out.
package timing
