package buildkit

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"
)

// asFolder says that an image is written as a folder and not as an archive.
func asFolder(e client.ExportEntry) bool {
	tar, err := strconv.ParseBool(e.Attrs["tar"])
	return err == nil && !tar
}

// toStdout says that an output is an archive that no file was named for.
func toStdout(e client.ExportEntry) bool {
	switch dest := e.Attrs["dest"]; e.Type {
	case "tar":
		return dest == "" || dest == "-"
	case "oci":
		return !asFolder(e) && (dest == "" || dest == "-")
	case "docker":
		return dest == "-"
	}
	return false
}

// finishOutput opens what an exporter writes to on this side.
func finishOutput(o Options, e *client.ExportEntry, names []string) error {
	stdout, dest := toStdout(*e), e.Attrs["dest"]
	delete(e.Attrs, "dest")
	switch e.Type {
	case "image", "oci", "docker":
		if len(names) > 0 { // as with buildx, before a name of the output
			e.Attrs["name"] = strings.Join(names, ",")
		}
	}
	switch e.Type {
	case "local":
		return toFolder(o, e, dest)
	case "tar":
		return toFile(o, e, dest, stdout)
	case "oci":
		if asFolder(*e) {
			return toFolder(o, e, dest)
		}
		return toFile(o, e, dest, stdout)
	case "docker":
		if asFolder(*e) {
			return &UsageError{"--output type=docker,tar=false is not supported", "write --output type=oci,tar=false,dest=FOLDER"}
		}
		if dest != "" { // else the builder decides how the engine comes by it
			return toFile(o, e, dest, stdout)
		}
	case "image":
		if push, _ := strconv.ParseBool(e.Attrs["push"]); push && e.Attrs["name"] == "" {
			return &UsageError{"an image that is pushed needs a name", "add --tag REGISTRY/NAME:TAG"}
		}
	case "cacheonly":
	default:
		return &UsageError{fmt.Sprintf("--output has the unknown type %q", e.Type), "the types are local, tar, oci, docker, image, registry and cacheonly"}
	}
	return nil
}

// toFolder has a folder written to, which BuildKit's client makes.
func toFolder(o Options, e *client.ExportEntry, dest string) error {
	if dest == "" || dest == "-" {
		return &UsageError{fmt.Sprintf("--output type=%s needs a folder", e.Type), fmt.Sprintf("write --output type=%s,dest=PATH", e.Type)}
	}
	if fi, err := os.Stat(dest); err == nil && !fi.IsDir() {
		return &UsageError{fmt.Sprintf("--output type=%s: %q is no folder", e.Type, dest), "name another one with dest"}
	}
	e.OutputDir = dest
	if e.Type != "local" {
		return nil
	}
	mode, err := client.ParseLocalExporterMode(e.Attrs["mode"])
	if err != nil {
		return &UsageError{fmt.Sprintf("--output type=local: %v", err), "the modes are copy and delete"}
	}
	if mode == client.LocalExporterModeDelete && !slices.Contains(o.Allow, allowDelete) && !belowCurrent(dest) {
		return &UsageError{fmt.Sprintf("--output type=local,mode=delete would empty %q, which is not below the current folder", dest),
			"add --allow " + allowDelete + " if that is meant"}
	}
	return nil
}

// allowDelete is what --allow has to say for an output to delete what else is in a
// folder. It is an entitlement of buildx, of which the daemon knows nothing.
const allowDelete = "buildx.local.delete"

// belowCurrent says that a path leads below the current folder.
func belowCurrent(path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	current, err := filepath.EvalSymlinks(".")
	if err == nil {
		current, err = filepath.Abs(current)
	}
	if err != nil {
		return false
	}
	rest := ""
	for dir := abs; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			abs = filepath.Join(real, rest)
			break
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
	rel, err := filepath.Rel(current, abs)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

// toFile opens the file when the exporter starts to write, not before: a build
// that fails leaves the old file alone.
func toFile(o Options, e *client.ExportEntry, dest string, stdout bool) error {
	fi, err := os.Stat(dest)
	switch {
	case stdout && o.Stdout == nil, err == nil && slices.ContainsFunc(o.Log, func(log os.FileInfo) bool { return os.SameFile(log, fi) }):
		return &UsageError{fmt.Sprintf("--output type=%s would go to a terminal, or to the log of a job", e.Type),
			fmt.Sprintf("name a file: --output type=%s,dest=PATH", e.Type)}
	case stdout:
		e.Output = func(map[string]string) (io.WriteCloser, error) { return nopCloser{o.Stdout}, nil }
		return nil
	case err == nil && fi.IsDir():
		return &UsageError{fmt.Sprintf("--output type=%s: %q is a folder", e.Type, dest), "name a file with dest"}
	}
	e.Output = func(map[string]string) (io.WriteCloser, error) {
		if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
			return nil, err
		}
		return os.Create(dest)
	}
	return nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
