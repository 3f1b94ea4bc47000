// Package actionscache keeps a history in GitHub's Actions cache, in version 2 of
// its service and in version 1, which GitHub Enterprise Server has.
//
// An entry of the cache belongs to a scope, which is a branch or a pull request,
// and cannot be written again. A job reads the scopes of its own branch, of its
// pull request's base and of the default branch, and writes that of its own branch
// alone. So every scope has entries of its own:
//
//	layercause-1-<name>-<digest of the scope>#<number>
//
// The one with the highest number holds the archive. Who changes it reserves the
// next number, which one of several jobs gets: the others read what that one wrote
// and try again. So two jobs that end at once lose neither's record. The entries
// before stay until the service drops them, after 7 days.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching
package actionscache
