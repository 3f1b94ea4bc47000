// Package builder finds a BuildKit daemon, connects to it, and starts one where
// none is to be had.
//
// What goes in is what the user said (an address or a builder's name,
// certificates) and the environment; what comes out is a connected client and
// how it was reached. In this order [Connect] takes
//
//  1. the builder that was asked for: an address (unix, tcp, docker-container)
//     or the name of a buildx builder;
//  2. the address in BUILDKIT_HOST, or the builder that BUILDX_BUILDER names;
//  3. the builder that buildx has as its current one;
//  4. a container of ours in the Docker engine, if one answers;
//  5. buildkitd as a child, which ends with [Builder.Close].
//
// A builder that was asked for is taken or refused, never replaced by another
// one. What was found by looking around may fail with a notice, and the next way
// is tried.
//
// Connecting to a given address sends nothing beyond what is needed: the one
// connection that tells whether anything listens is the one the build then uses.
//
// The container of ours stays, and its cache with it. In a CI job it is the job's
// own ([Options.Job]): the steps of the job share it, and at its end [RemoveJob]
// takes it away.
//
// LAYERCAUSE_BUILDKIT_IMAGE names another image for the container of ours, and
// LAYERCAUSE_BUILDKIT_NETWORK its network. The child runs as root, or through
// rootlesskit.
//
//	b, err := builder.Connect(ctx, builder.Options{Address: "unix:///run/buildkit/buildkitd.sock"})
//	if err != nil {
//		return err // a *builder.Error or a *builder.UsageError
//	}
//	defer b.Close()
package builder
