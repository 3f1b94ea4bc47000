package buildkit

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/go-csvvalue"
)

// loader opens the Docker engine's end of --load.
type loader func() (io.WriteCloser, error)

// setOutputs translates --output, --push, --load and --tag.
func setOutputs(o Options, r *request, load loader) error {
	var names []string
	for _, t := range o.Tags {
		for tag := range strings.SplitSeq(t, ",") {
			ref, err := reference.ParseNormalizedNamed(strings.TrimSpace(tag))
			if err != nil {
				return &UsageError{fmt.Sprintf("--tag %q is no image name: %v", tag, err), "write NAME[:TAG], in lower case"}
			}
			names = append(names, reference.TagNameOnly(ref).String())
		}
	}
	var out []client.ExportEntry
	for _, v := range o.Outputs {
		if strings.TrimSpace(v) == "" {
			continue
		}
		e, err := parseOutput(v)
		if err != nil {
			return err
		}
		out = append(out, e)
	}
	if o.Push {
		i := slices.IndexFunc(out, func(e client.ExportEntry) bool { return e.Type == "image" })
		if i < 0 {
			out = append(out, client.ExportEntry{Type: "image", Attrs: map[string]string{}})
			i = len(out) - 1
		}
		out[i].Attrs["push"] = "true"
	}
	if o.Load && !slices.ContainsFunc(out, func(e client.ExportEntry) bool { return e.Type == "docker" && e.Attrs["dest"] == "" }) {
		out = append(out, client.ExportEntry{Type: "docker", Attrs: map[string]string{}})
	}
	for i := range out {
		r.loads = r.loads || out[i].Type == "docker" && out[i].Attrs["dest"] == ""
		if out[i].Type == "docker" && len(r.platforms) > 1 {
			// BuildKit says so when everything is built.
			return &UsageError{fmt.Sprintf("--load, or an output of type=docker, holds one platform, and --platform names %d", len(r.platforms)),
				"load one platform, or push the image, or write --output type=oci,dest=PATH"}
		}
		if err := finishOutput(o, &out[i], names, load); err != nil {
			return err
		}
	}
	r.opt.Exports = slices.DeleteFunc(out, func(e client.ExportEntry) bool { return e.Type == "cacheonly" })
	return setAnnotations(o, r)
}

func parseOutput(v string) (client.ExportEntry, error) {
	fields, err := csvvalue.Fields(v, nil)
	if err != nil {
		return client.ExportEntry{}, &UsageError{fmt.Sprintf("--output: %v", err), "quote values that hold a comma or a quote"}
	}
	if len(fields) == 1 && fields[0] == v && !strings.HasPrefix(v, "type=") {
		if v == "-" {
			return client.ExportEntry{Type: "tar", Attrs: map[string]string{"dest": "-"}}, nil
		}
		return client.ExportEntry{Type: "local", Attrs: map[string]string{"dest": v}}, nil
	}
	attrs, err := keyValues("--output", v, fields)
	if err != nil {
		return client.ExportEntry{}, err
	}
	e := client.ExportEntry{Type: attrs["type"], Attrs: attrs}
	delete(attrs, "type")
	if e.Type == "registry" { // buildx's short form
		e.Type, attrs["push"] = "image", "true"
	}
	return e, nil
}

// finishOutput opens what an exporter writes to on this side.
func finishOutput(o Options, e *client.ExportEntry, names []string, load loader) error {
	dest := e.Attrs["dest"]
	delete(e.Attrs, "dest")
	needs := func(what string) error {
		return &UsageError{fmt.Sprintf("--output type=%s needs %s", e.Type, what), fmt.Sprintf("write --output type=%s,dest=PATH", e.Type)}
	}
	switch e.Type {
	case "image", "oci", "docker":
		if len(names) > 0 && e.Attrs["name"] == "" {
			e.Attrs["name"] = strings.Join(names, ",")
		}
	}
	switch e.Type {
	case "local":
		if dest == "" || dest == "-" {
			return needs("a folder")
		}
		e.OutputDir = dest
	case "tar":
		if dest == "" {
			return needs("dest")
		}
		e.Output = toFile(o, dest)
	case "oci":
		if tar, err := strconv.ParseBool(e.Attrs["tar"]); err == nil && !tar {
			e.OutputDir = dest
			return nil
		}
		if dest == "" {
			return needs("dest")
		}
		e.Output = toFile(o, dest)
	case "docker":
		if dest != "" {
			e.Output = toFile(o, dest)
			return nil
		}
		e.Output = func(map[string]string) (io.WriteCloser, error) { return load() }
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

// toFile opens the file when the exporter starts to write, not before: a build
// that fails leaves the old file alone.
func toFile(o Options, dest string) func(map[string]string) (io.WriteCloser, error) {
	return func(map[string]string) (io.WriteCloser, error) {
		if dest == "-" {
			return nopCloser{o.Stdout}, nil
		}
		if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
			return nil, err
		}
		return os.Create(dest)
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
