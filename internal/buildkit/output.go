package buildkit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/go-csvvalue"
)

// setOutputs translates --output, --push, --load and --tag.
func setOutputs(o Options, r *request) error {
	names, err := tagNames(o.Tags)
	if err != nil {
		return err
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
	if o.Push && !slices.ContainsFunc(out, func(e client.ExportEntry) bool { return e.Type == "image" }) {
		out = append(out, client.ExportEntry{Type: "image", Attrs: map[string]string{}})
	}
	for i := range out {
		if o.Push && out[i].Type == "image" {
			pushed(out[i].Attrs)
		}
	}
	if o.Load && !slices.ContainsFunc(out, loaded) {
		out = append(out, client.ExportEntry{Type: "docker", Attrs: map[string]string{}})
	}
	stdout := false
	for i := range out {
		r.loads = r.loads || loaded(out[i])
		if out[i].Type == "docker" && len(r.platforms) > 1 {
			// BuildKit says so when everything is built.
			return &UsageError{fmt.Sprintf("--load, or an output of type=docker, holds one platform, and --platform names %d", len(r.platforms)),
				"load one platform, or push the image, or write --output type=oci,dest=PATH"}
		}
		if toStdout(out[i]) {
			if stdout {
				return &UsageError{"two outputs go to standard output", "name a file for one of them: --output type=TYPE,dest=PATH"}
			}
			stdout = true
		}
		if err := finishOutput(o, &out[i], names); err != nil {
			return err
		}
	}
	r.opt.Exports = slices.DeleteFunc(out, func(e client.ExportEntry) bool { return e.Type == "cacheonly" })
	r.discards = len(r.opt.Exports) < len(out)
	return setAnnotations(o, r)
}

// tagNames checks the names, and leaves them as they were given, as buildx does: what is
// pushed by its digest must not be given a tag.
func tagNames(tags []string) ([]string, error) {
	names := splitList(tags)
	for _, tag := range names {
		if _, err := reference.ParseNormalizedNamed(tag); err != nil {
			return nil, &UsageError{fmt.Sprintf("--tag %q is no image name: %v", tag, err), "write NAME[:TAG], in lower case"}
		}
	}
	return names, nil
}

// pushed makes an image one that is pushed. As with buildx, it is not unpacked too
// unless somebody asks for that.
func pushed(attrs map[string]string) {
	attrs["push"] = "true"
	if _, ok := attrs["unpack"]; !ok {
		attrs["unpack"] = "false"
	}
}

// loaded says that an output goes to the Docker engine.
func loaded(e client.ExportEntry) bool { return e.Type == "docker" && e.Attrs["dest"] == "" }

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
		e.Type = "image"
		pushed(attrs)
	}
	return e, nil
}
