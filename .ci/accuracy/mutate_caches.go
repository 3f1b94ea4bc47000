package main

import "math/rand/v2"

// loss is how the results of the first build are lost before the second, in which
// nothing else changes. Then each step that misses has one kind of cause.
type loss struct {
	kind string // of the cause; empty if nothing is lost
	// pruned says that the builder is, and another that a second builder is used.
	pruned, another bool
	// export and load are the caches of the first and of the second build.
	export, load string
	// overwrite says that another build exports to the same cache in between.
	overwrite bool
}

func cacheMutations() []mutation {
	lose := func(name string, l loss) mutation {
		return mutation{name: name, alone: true, apply: func(w *world, _ *rand.Rand) bool {
			w.loss = l
			return true
		}}
	}
	const ref = "ref={registry}/cache"
	return []mutation{
		lose("builder pruned", loss{kind: "cache-evicted", pruned: true}),
		lose("another builder without a cache", loss{kind: "cache-empty", another: true}),
		lose("another builder with the cache", loss{another: true, export: "type=registry,mode=max," + ref, load: "type=registry," + ref}),
		lose("another builder with a cache that is not there", loss{
			kind: "cache-empty", another: true, export: "type=registry,mode=max," + ref, load: "type=registry," + ref + "-of-nobody",
		}),
		lose("another builder with a cache that cannot be reached", loss{
			kind: "cache-import-failed", another: true, export: "type=registry,mode=max," + ref, load: "type=registry,ref=127.0.0.1:1/cache",
		}),
		lose("another builder with a cache that another build wrote over", loss{
			kind: "cache-overwritten", another: true, overwrite: true, export: "type=registry,mode=max," + ref, load: "type=registry," + ref,
		}),
	}
}
