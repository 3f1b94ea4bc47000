// Package cause says why steps missed the cache.
//
// In come the record of a build (head) and the record it is compared with
// (base, or nil); out come the causes, each with its evidence and the steps it
// invalidated. A step ran either because its key changed, and then a component
// of it or of one of its inputs differs between the records; or because a
// result for the same key was not there. Which of the two is decided by keys
// alone: the order of execution proves nothing, since a parent may run only
// because a child needs its output.
//
// The package is pure: values in, values out.
package cause
