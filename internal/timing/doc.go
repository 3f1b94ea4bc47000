// Package timing counts what a build cost, what its hits saved and what its
// misses lost.
//
// In come a record, its causes and earlier records; out goes a [Ledger]. Steps
// run in parallel, so a miss costs what the wall time would have been shorter
// without it, and not the sum of the step's seconds. To know that, the build is
// laid out as tasks (its operations, the sending of the context, the download of
// layers, the import and export of caches, the export of the image), each with
// what it takes and what it waits for, and run in a simulation of BuildKit's
// scheduler (simulate.go). Run as it was observed it gives the wall time of the
// build, but for a residue, which is told. Every other figure is the difference
// between two courses of the same build: without the cache, without any miss,
// without one cause (account.go).
//
// Parts of the model that are not in the record are estimated from it: how many
// processors a step keeps busy, from the load of the machine (demand.go); the
// bound on parallel operations, from what waited although its inputs were there
// (parallelism.go); what of an export a step's layer takes, from the sizes of
// layers (exports.go).
//
// The package is pure: values in, values out. Times that cannot be, of clocks
// that jump or records from elsewhere, are bounded by the build and told in
// Ledger.Warnings.
package timing
