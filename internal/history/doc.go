// Package history keeps the records of builds and finds the one to compare the
// next build with.
//
// In comes the record of a build that just ended; out go the nearest earlier
// record and why it was chosen. A history is a folder:
//
//	salt                                    the key of the digests in its records
//	v1/<digest of the key>/<time>-<id>.json.zst   one record
//	summaries-v3/<digest of the key>.jsonl  what a choice or a list needs of each, a shortcut
//
// Records are grouped by repository, Dockerfile, target and platforms, since
// only such builds can be compared ([Key]). Of each group the last [Keep]
// records stay.
//
// A folder of one build is filled from a [Remote] and saved to it by a [Mirror]:
// packages actionscache and ociartifact are such remotes. What comes from there is
// hostile until it is checked.
//
// Several processes may use one history at once. A record appears under its
// name in one step, when it is whole; nobody changes it after that. Whatever
// cannot be read is passed over with a warning that names the file, and left
// where it is.
//
//	store, err := history.Open(dir)
//	salt, err := store.Salt()          // for the digests of the new record
//	choice, err := store.Nearest(ctx, head)
//	warnings, err := store.Put(ctx, head)
package history
