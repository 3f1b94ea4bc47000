// Package buildcontext knows the files of a local source: which of them a COPY,
// an ADD or a bind mount takes, and their digests, exactly as BuildKit selects
// and hashes them.
//
// In comes a folder; a [Tree] is given to BuildKit's client as the source's
// file system and watches what the daemon reads, so that a file that is sent is
// read only once. Out comes a [Snapshot], the entries that pass the source's
// filters with their digests, which answers what a selector takes
// ([Snapshot.Select]) and what BuildKit's content digest of it is
// ([Snapshot.Checksum]).
//
// The digests are computed with BuildKit's own packages fsutil and contenthash,
// so they equal the daemon's. A file whose size, times and inode are those of
// an earlier build is not read again ([Index]).
package buildcontext
