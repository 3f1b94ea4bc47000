package imagefiles

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Image is what is compared of an image.
type Image struct {
	Files Files
	// Config is its configuration as JSON, by the OCI image specification.
	Config []byte
}

// Change is how something differs.
type Change string

// The changes. Of a configuration there are the first three.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Content Change = "content"
	Kind    Change = "type"
	Mode    Change = "mode"
	Owner   Change = "owner"
	Link    Change = "link"
	Xattr   Change = "xattr"
)

// Difference is one thing that differs between two images.
type Difference struct {
	// Path is that of a file, with a slash in front, or names a field of the
	// configuration: config.User, config.Env.PATH.
	Path   string
	Change Change
	// Before and After are shown. They are empty where a value may be secret.
	Before, After string
}

// String says what differs, for a sentence.
func (d Difference) String() string {
	what := map[Change]string{
		Added: "is new", Removed: "is no longer there", Content: "has another content", Kind: "has another type",
		Mode: "has another mode", Owner: "has another owner", Link: "links to another place", Xattr: "has other extended attributes",
	}[d.Change]
	if d.Before != d.After && d.Before != "" && d.After != "" {
		what += ", " + d.After + " instead of " + d.Before
	}
	return d.Path + " " + what
}

// Compare lists what differs, sorted by path: the configuration first. One path can
// differ in several ways.
func Compare(before, after Image) ([]Difference, error) {
	out, err := compareConfigs(before.Config, after.Config)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(before.Files)
	if all == nil {
		all = Files{}
	}
	maps.Copy(all, after.Files)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x, was := before.Files[name]
		y, is := after.Files[name]
		path := "/" + name
		switch {
		case !was:
			out = append(out, Difference{Path: path, Change: Added, After: string(y.Type)})
		case !is:
			out = append(out, Difference{Path: path, Change: Removed, Before: string(x.Type)})
		default:
			out = append(out, entries(path, x, y)...)
		}
	}
	return out, nil
}

// entries compares two entries of a path.
func entries(path string, x, y Entry) []Difference {
	var out []Difference
	add := func(differ bool, c Change, before, after string) {
		if differ {
			out = append(out, Difference{path, c, before, after})
		}
	}
	if x.Type != y.Type {
		add(true, Kind, string(x.Type), string(y.Type))
		return out
	}
	add(x.Content != y.Content || x.Device != y.Device, Content, x.size(), y.size())
	add(x.Mode != y.Mode, Mode, fmt.Sprintf("%04o", x.Mode), fmt.Sprintf("%04o", y.Mode))
	add(x.UID != y.UID || x.GID != y.GID, Owner, fmt.Sprintf("%d:%d", x.UID, x.GID), fmt.Sprintf("%d:%d", y.UID, y.GID))
	add(x.Link != y.Link, Link, x.Link, y.Link)
	add(x.Xattrs != y.Xattrs, Xattr, "", "")
	return out
}

func (e Entry) size() string {
	switch e.Type {
	case File:
		return fmt.Sprintf("%d bytes", e.Size)
	case Char, Block:
		return fmt.Sprintf("%d:%d", e.Device[0], e.Device[1])
	}
	return ""
}

// Fold leaves of a folder that is new, or no longer there, the folder alone.
func Fold(all []Difference) []Difference {
	whole := map[string]Change{}
	for _, d := range all {
		if d.Change == Added || d.Change == Removed {
			whole[d.Path] = d.Change
		}
	}
	var out []Difference
	for _, d := range all {
		if c, ok := whole[parent(d.Path)]; !ok || c != d.Change {
			out = append(out, d)
		}
	}
	return out
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)]
}
