// Package cacheindex reads the index of a BuildKit cache and looks keys up in it.
//
// What goes in is a cache as --cache-from or --cache-to names it, and the keys of
// a build's operations; what comes out says of each key whether the cache holds
// it with its result, holds it without (mode=min), or does not hold it.
//
// The index of every type of cache is one JSON value, the graph of all keys that
// the exporting build used (github.com/moby/buildkit/cache/remotecache/v1/types).
// The digest of its bytes names it: two builds that read the same digest read
// what the same build wrote.
package cacheindex
