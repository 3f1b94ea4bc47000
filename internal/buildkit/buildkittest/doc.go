// Package buildkittest gives tests a real BuildKit daemon, a real registry, and
// a base image that needs neither network nor daemon to make. All of it ends with
// the test.
//
//	registry := buildkittest.Registry(t)
//	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{})
//	daemon := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
//	c := daemon.Client(t)
//
// [StartDocker] runs a Docker engine in the same way, and [StartS3] and
// [StartAzurite] services that caches can lie in.
//
// The daemon is bin/buildkitd at the module's root, which `make buildkitd` builds.
package buildkittest
