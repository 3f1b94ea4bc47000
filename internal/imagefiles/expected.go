package imagefiles

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
)

// Declared is a difference that is expected.
type Declared struct {
	// Path is a pattern of files and folders, each with everything in it, as those of a
	// .dockerignore are; or a field of the configuration with its entries, such as
	// config.User or config.Env.
	Path   string
	Change Change // empty is any
}

// expectation is a declared difference that is ready to be looked for.
type expectation struct {
	Declared
	files *patternmatcher.PatternMatcher // nil for the configuration
}

// expectations leaves out patterns that cannot be: they declare nothing.
func expectations(declared []Declared) []expectation {
	var out []expectation
	for _, x := range declared {
		if isConfig(x.Path) {
			out = append(out, expectation{Declared: x})
			continue
		}
		if m, err := patternmatcher.New([]string{strings.Trim(x.Path, "/")}); err == nil {
			out = append(out, expectation{x, m})
		}
	}
	return out
}

func (x *expectation) covers(d Difference) bool {
	switch {
	case x.Change != "" && x.Change != d.Change, isConfig(d.Path) != (x.files == nil):
		return false
	case x.files == nil:
		return d.Path == x.Path || strings.HasPrefix(d.Path, x.Path+".")
	}
	ok, err := x.files.MatchesOrParentMatches(strings.TrimPrefix(d.Path, "/"))
	return err == nil && ok
}

// Undeclared gives the differences that nobody declared. A folder may go, or come,
// with what it holds, if that is declared.
func Undeclared(all []Difference, declared []Declared) []Difference {
	expected := expectations(declared)
	open := make([]bool, len(all))
	type content struct{ all, declared int }
	holds := map[string]content{}        // the differences in a folder
	for i := len(all) - 1; i >= 0; i-- { // what a folder holds stands after it
		d := all[i]
		open[i] = !slices.ContainsFunc(expected, func(x expectation) bool { return x.covers(d) })
		in := holds[d.Path]
		if comes := d.Change == Added || d.Change == Removed; comes && in.all > 0 && in.all == in.declared {
			open[i] = false
		}
		if isConfig(d.Path) {
			continue
		}
		of := holds[parent(d.Path)]
		of.all++
		if !open[i] {
			of.declared++
		}
		holds[parent(d.Path)] = of
	}
	var out []Difference
	for i, d := range all {
		if open[i] {
			out = append(out, d)
		}
	}
	return out
}

// Edit is a change of a file that is built from: its text before and after, nil where
// there is no such file.
type Edit struct{ Before, After []byte }

// Unedited gives the differences that are not the edits themselves: an image may hold
// the files that it was built from, as a Dockerfile that COPY takes along.
func Unedited(all []Difference, before, after Image, edits []Edit) []Difference {
	was := func(e Entry, ok bool, text []byte) bool {
		return ok == (text != nil) && (!ok || e.Type == File && e.Content == sha256.Sum256(text))
	}
	var out []Difference
	for _, d := range all {
		name := strings.TrimPrefix(d.Path, "/")
		x, inBefore := before.Files[name]
		y, inAfter := after.Files[name]
		own := func(e Edit) bool { return was(x, inBefore, e.Before) && was(y, inAfter, e.After) }
		text := d.Change == Content || d.Change == Added || d.Change == Removed
		if isConfig(d.Path) || !text || !slices.ContainsFunc(edits, own) {
			out = append(out, d)
		}
	}
	return out
}

// Steady gives the differences that two executions of one and the same build do not
// show. Between these a file may have another content, and be there in one alone; and
// where a folder has files of different names, as of logs that are named after the
// time, it may have any.
func Steady(all, executions []Difference) []Difference {
	type key struct {
		path   string
		change Change
	}
	moving := map[key]bool{}
	names := map[string]map[Change]bool{} // what comes and goes in a folder
	for _, d := range executions {
		moving[key{d.Path, d.Change}] = true
		if c := d.Change; c == Added || c == Removed {
			moving[key{d.Path, Added}], moving[key{d.Path, Removed}] = true, true
			if !isConfig(d.Path) {
				if names[parent(d.Path)] == nil {
					names[parent(d.Path)] = map[Change]bool{}
				}
				names[parent(d.Path)][c] = true
			}
		}
	}
	var out []Difference
	gone := map[string]bool{} // what came or went of itself, and everything in it
	for _, d := range all {
		comes := d.Change == Added || d.Change == Removed
		inFolder := !isConfig(d.Path) && names[parent(d.Path)][Added] && names[parent(d.Path)][Removed]
		switch {
		case moving[key{d.Path, d.Change}], moving[key{d.Path, Kind}], comes && inFolder, !isConfig(d.Path) && gone[parent(d.Path)]:
			gone[d.Path] = comes
		default:
			out = append(out, d)
		}
	}
	return out
}
