// Package ociartifact keeps a history in an OCI registry, beside the images.
//
// An archive is the only layer of an artifact of its own type, under a tag of its
// own: the reference's tag, a hyphen, and the name of the archive. A registry that
// takes no type that it does not know, as GitLab's, has it as the layer of an image.
//
// A registry cannot replace a tag on a condition. So who writes looks at the tag
// once more just before it does, and again some time after: if another has written
// over it meanwhile, it takes that one's archive and begins anew. Two builds that
// end at once keep both records, as long as neither needs longer for its one
// request than the other waits, which is several times what its own took.
//
// There are no branches as in the Actions cache: who may push to the repository can
// replace what is there, and who may pull from it reads it.
//
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
package ociartifact
