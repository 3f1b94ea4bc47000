// Package buildkit runs one build and observes it.
//
// In come [Options], the build as buildx would be asked for it, and a connected
// builder; out comes a [Result]: the build's record and what the exporter
// answered. The package is the only one that speaks to BuildKit's client.
//
// A build is driven through BuildKit's gateway: inside the callback the
// frontend returns the whole graph before any of it is evaluated, so that the
// graph is known even if a step fails, and its digests are those of the status
// stream. While the daemon works, the context's files are hashed and the cache
// key of every operation is rebuilt with BuildKit's own code.
package buildkit
