package runnertest

import (
	"path/filepath"
	"strings"
)

// A mapping is a folder of the runner's machine and where the action's container
// has it.
type mapping struct{ host, container string }

// socket is the engine's socket in the container.
const socket = "/var/run/docker.sock"

// toContainer changes a value that is a path below a mapped folder, or is such a
// folder. A path in the middle of a value stays as it is. As in the runner, a
// mapping that was made later goes first.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Container/ContainerInfo.cs
func toContainer(mappings []mapping, value string) string {
	return translate(mappings, value, func(m mapping) (from, to string) { return m.host, m.container })
}

// toHost is the way back, which the runner goes for the file of an annotation
// alone: no output is changed.
func toHost(mappings []mapping, value string) string {
	return translate(mappings, value, func(m mapping) (from, to string) { return m.container, m.host })
}

func translate(mappings []mapping, value string, way func(mapping) (from, to string)) string {
	for i := len(mappings) - 1; i >= 0; i-- {
		from, to := way(mappings[i])
		if rest, ok := strings.CutPrefix(value, from); ok && (rest == "" || rest[0] == '/') {
			return to + rest
		}
	}
	return value
}

// fileOfAnnotation is the path that GitHub is told: relative to the workspace, or
// as it is where it is not below that.
func fileOfAnnotation(mappings []mapping, workspace, file string) string {
	file = toHost(mappings, file)
	if rel, err := filepath.Rel(workspace, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}
