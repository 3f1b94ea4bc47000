package timing

import (
	"path"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// Avoidable says that an edit or a setting would have kept the cache although
// everything that the image is made of stayed the same or did not matter to the
// step. What somebody meant to change (an instruction, a base image's reference,
// a source file) is not avoidable for the step that it is for.
func Avoidable(c cause.Cause) bool {
	switch c.Kind {
	case cause.BuildArg, cause.BaseImageMoved, cause.RemoteSource, cause.NoCache,
		cause.CacheEvicted, cause.CacheOverwritten, cause.CacheNotExported, cause.CacheImportFailed,
		cause.CacheEmpty, cause.CacheBlobMissing, cause.PreviousBuildFailed, cause.RerunForChild:
		return true
	case cause.ContextFiles:
		if c.Evidence.FileCount > len(c.Evidence.Files) || len(c.Evidence.Files) == 0 {
			return false // not all of them are named
		}
		for _, f := range c.Evidence.Files {
			if !needless(f) {
				return false
			}
		}
		return true
	}
	return false
}

// needless says that a change of a file hardly matters to what is built: only its
// attributes differ, or it is no part of a program.
func needless(f cause.FileChange) bool {
	if f.Change == "mode" || f.Change == "xattr" {
		return true
	}
	name := path.Base(f.Path)
	return strings.HasPrefix(f.Path, ".git/") || name == ".dockerignore" || name == "Dockerfile" ||
		strings.HasSuffix(name, ".Dockerfile") || strings.HasPrefix(name, "Dockerfile.")
}
