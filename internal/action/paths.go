package action

import (
	"path"
	"strings"
)

// Folders tells where a container action has the folders that the other steps of
// the job know by other names. The runner translates an input or a variable that
// is such a path; a path inside a longer text, as in type=local,dest=PATH, and an
// output it leaves alone.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
type Folders struct {
	all []folder
}

type folder struct{ host, container string }

const workspaceFolder = "/github/workspace"

// ReadFolders returns the folders of this container. There are none where the
// program runs on the runner's machine itself, or in a runner that is not GitHub's.
func ReadFolders(getenv func(string) string) Folders {
	_, name, ok := strings.Cut(getenv("GITHUB_REPOSITORY"), "/")
	above := getenv("RUNNER_WORKSPACE") // WORK/NAME; the runner's own folders are beside it
	if getenv("GITHUB_WORKSPACE") != workspaceFolder || !ok || !path.IsAbs(above) || path.Dir(above) == "/" {
		return Folders{}
	}
	temp := path.Join(path.Dir(above), "_temp")
	return Folders{[]folder{
		{path.Join(above, name), workspaceFolder},
		{path.Join(temp, "_github_home"), "/github/home"},
		{temp, "/github/runner_temp"},
	}}
}

// Host is what a later step calls a path: below the workspace, where steps start,
// it is relative, and elsewhere absolute.
func (f Folders) Host(file string) string {
	for _, d := range f.all {
		rest, ok := below(file, d.container)
		switch {
		case !ok:
		case d.container == workspaceFolder:
			return path.Join(".", rest)
		default:
			return d.host + rest
		}
	}
	return file
}

// Container changes the paths in the attributes of a list's entry, such as
// type=local,dest=PATH or NAME=PATH.
func (f Folders) Container(entry string) string {
	parts := strings.Split(entry, ",")
	for i, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			key, value = "", part
		} else {
			key += "="
		}
		for _, d := range f.all {
			if rest, ok := below(value, d.host); ok {
				parts[i] = key + d.container + rest
				break
			}
		}
	}
	return strings.Join(parts, ",")
}

// Lost reports whether an absolute path is in the container alone, so that what
// is written there is gone with the step.
func (f Folders) Lost(file string) bool {
	if len(f.all) == 0 || !path.IsAbs(file) {
		return false
	}
	_, ok := below(path.Clean(file), "/github")
	return !ok
}

func below(file, dir string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(file, dir)
	return rest, ok && (rest == "" || rest[0] == '/')
}
