package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// copyLink makes a COPY a layer of its own, which stays in the cache when what
// stands above it changes: a base image that moved, or an earlier step. Before:
//
//	FROM debian:13
//	WORKDIR /srv
//	COPY assets /srv/assets
//
// After:
//
//	FROM debian:13
//	WORKDIR /srv
//	COPY --link assets /srv/assets
//
// It speaks where a COPY was executed again though it had not changed itself. With
// --link the folders that lead to the destination are made anew, as root's with mode
// 755, and a link among them is replaced by a folder. So it keeps silent where the
// destination is not a folder that is like that, and with --chown, which looks names
// up in the image.
func copyLink(s *scene) []candidate {
	var at []int
	e := s.file.Edit()
	moved := 0.0
	for i, in := range s.file.Instructions {
		if in.Command != "COPY" && in.Command != "ADD" {
			continue
		}
		_, linked := in.Flag("link")
		base := s.lostToBase(i)
		if c := s.changed(i); linked || c.Reruns <= c.Builds && !base {
			continue
		}
		if why := s.unlinkable(i); why != "" {
			s.silent(i, "%s", why)
			continue
		}
		if e.Splice(i, len(in.Command), len(in.Command), " --link") {
			at = append(at, i)
			if seconds, measured := s.seconds(i); base && measured {
				moved += seconds
			}
		}
	}
	if len(at) == 0 {
		return nil
	}
	title := "Copy with `--link`, so that a change above keeps " + quoted(s.file.Instructions[at[0]])
	if len(at) > 1 {
		title += " and " + plural(len(at)-1, "other", "others")
	}
	c, ok := s.revised(e, at[0], title, at, nil)
	if !ok {
		return nil
	}
	c.sound = moved >= worthSeconds
	c.Assumes = []string{"The folders that lead to where the files go are root's with mode 755, and none of them is a link."}
	return []candidate{c}
}

// lostToBase says whether this build executed an instruction because its base image
// is another one.
func (s *scene) lostToBase(at int) bool {
	return slices.ContainsFunc(s.Causes, func(c cause.Cause) bool {
		if c.Kind != cause.BaseImageMoved && c.Kind != cause.BaseImageChanged {
			return false
		}
		for _, x := range s.steps[at] {
			if slices.Contains(c.Steps, x.ID) {
				return true
			}
		}
		return false
	})
}

// unlinkable says why an instruction cannot have --link; it is empty if it can.
func (s *scene) unlinkable(at int) string {
	in := s.file.Instructions[at]
	_, dest, ok := in.Paths()
	switch {
	case !s.frontendKnows(4):
		return "the syntax line names a frontend that may not know --link"
	case !ok || len(in.Heredocs) > 0 || strings.Contains(dest, "$"):
		return "where it goes is not known"
	}
	for _, f := range in.Flags {
		switch {
		case f.Name == "from", f.Name == "exclude", f.Name == "checksum", f.Name == "chmod" && (f.Value == "755" || f.Value == "0755"):
		default:
			return "--link with --" + f.Name + " may give the folders above the files another owner or mode"
		}
	}
	for _, i := range s.below(at) {
		if s.file.Instructions[i].Command == "ONBUILD" {
			return "the image has triggers"
		}
	}
	folder := strings.TrimSuffix(inDir(s.workdirs(in.Stage)[at], dest), "/")
	if folder == "" {
		return ""
	}
	if !plainFolder(folder) {
		return folder + " may be a link, or of another owner or mode"
	}
	for _, i := range s.above(at) {
		x := s.file.Instructions[i]
		if x.Command == "WORKDIR" || x.Command == "ENV" || x.Command == "LABEL" {
			continue
		}
		_, chown := x.Flag("chown")
		if x.Command == "RUN" && (mentions(x.Text, topOf(folder)) || changesFolders(x.Text)) || chown && x.Command != "RUN" {
			return "an instruction above may make or change the folder it copies to"
		}
	}
	return ""
}

// changesFolders says whether a script may change an owner, a mode or a link by a
// relative path.
func changesFolders(text string) bool {
	return slices.ContainsFunc([]string{"chown", "chmod", "chgrp", "ln", "install -d", "install -o", "umask"}, func(w string) bool { return hasPath(text, w) })
}

// topOf is the uppermost folder of a path that is not one of the system's.
func topOf(folder string) string {
	parts := strings.Split(folder, "/")
	for n := 2; n <= len(parts); n++ {
		if p := strings.Join(parts[:n], "/"); !slices.Contains(rootFolders, p) {
			return p
		}
	}
	return folder
}

// plainFolder says whether a folder and those above it are like those that --link
// makes, in nearly all images that have them.
func plainFolder(folder string) bool {
	if !strings.HasPrefix(folder, "/") || strings.Contains(folder, "$") {
		return false
	}
	if slices.Contains(rootFolders, folder) {
		return true
	}
	switch top := strings.Split(folder, "/")[1]; top {
	case "bin", "sbin", "lib", "lib32", "lib64", "libx32", "tmp", "root", "home", "run", "proc", "dev", "sys", "var", "boot":
		return false
	case "usr":
		for _, p := range []string{"/usr/local/bin", "/usr/local/sbin", "/usr/src", "/usr/share/nginx", "/usr/local/share"} {
			if inside(folder, p) {
				return true
			}
		}
		return false
	}
	return true
}

// plural counts things.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
