package buildkit

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"

	"github.com/layercause/layercause/internal/buildkit/builder"
)

// optFor is the request as a builder takes it. The Docker engine's own has an exporter
// for the images of the engine, which are where docker's commands leave a build's result
// if nobody says where it goes, and it builds upon them. Its errors are *UsageError.
// https://github.com/docker/buildx/blob/v0.37.2/driver/docker/driver.go
func (b *Build) optFor(ctx context.Context, on *builder.Builder) (client.SolveOpt, error) {
	opt := b.request.opt
	opt.Exports = slices.Clone(opt.Exports)
	if on.Driver != builder.DriverDocker {
		for i, e := range opt.Exports {
			if isLoad(e) {
				if b.request.attested() && !on.LoadsIndexes(ctx) {
					return opt, &UsageError{"the Docker engine takes no image with attestations without containerd's image store",
						"load it without --provenance, --sbom and --attest, or turn the image store on"}
				}
				opt.Exports[i].Output = func(map[string]string) (io.WriteCloser, error) { return b.load() }
			}
		}
		return opt, nil
	}
	opt.FrontendAttrs = b.attrsFor(on)
	if on.Limited(ctx) {
		if err := b.forLimited(); err != nil {
			return opt, err
		}
		delete(opt.FrontendAttrs, "attest:provenance") // nobody asked for it
	}
	if len(opt.Exports) == 0 && !b.request.discards {
		attrs := map[string]string{}
		if names := splitList(b.options.Tags); len(names) > 0 {
			attrs["name"] = strings.Join(names, ",")
		}
		opt.Exports = []client.ExportEntry{{Type: engineExporter, Attrs: attrs}}
	}
	for i, e := range opt.Exports {
		switch byDigest, _ := strconv.ParseBool(e.Attrs["push-by-digest"]); {
		case e.Type == "image" && byDigest:
			return opt, &UsageError{"the Docker engine's own builder does not push by digest", otherBuilder}
		case e.Type == "image", isLoad(e):
			opt.Exports[i].Type = engineExporter
		}
	}
	return opt, nil
}

// attrsFor are the frontend's attributes for a builder: the Docker engine's own looks for
// an image in the engine first.
func (b *Build) attrsFor(on *builder.Builder) map[string]string {
	attrs := maps.Clone(b.request.opt.FrontendAttrs)
	if on.Driver == builder.DriverDocker && !b.options.Pull {
		attrs["image-resolve-mode"] = "local"
	}
	return attrs
}

// Stays says that the image has a name and goes nowhere: it is in the builder's cache
// alone.
func (b *Build) Stays(on *builder.Builder) bool {
	r := b.request
	return len(b.options.Tags) > 0 && len(r.opt.Exports) == 0 && !r.discards && on.Driver != builder.DriverDocker
}

// isLoad says that an output goes to the Docker engine.
func isLoad(e client.ExportEntry) bool { return e.Type == "docker" && e.Output == nil }

// attested says that somebody asked for an attestation.
func (r *request) attested() bool {
	attrs := r.opt.FrontendAttrs
	return attrs["attest:provenance"] != "" && !r.unasked || attrs["attest:sbom"] != ""
}

// engineExporter is the exporter of the Docker engine's images.
const engineExporter = "moby"

const otherBuilder = "name another builder with --builder"

// forLimited refuses what an engine without containerd's image store has not. BuildKit
// would say so after the build.
func (b *Build) forLimited() error {
	missing := ""
	for _, e := range b.request.opt.Exports {
		push, _ := strconv.ParseBool(e.Attrs["push"])
		switch {
		case push:
			missing = "pushing"
		case e.Type == "oci", e.Type == "docker" && !isLoad(e):
			missing = "an output of type=" + e.Type
		}
	}
	if len(b.request.platforms) > 1 {
		missing = "more than one platform"
	}
	for _, e := range b.request.opt.CacheExports {
		if e.Type != "inline" {
			missing = "exporting a cache"
		}
	}
	if b.request.attested() {
		missing = "attestations"
	}
	if missing == "" {
		return nil
	}
	return &UsageError{fmt.Sprintf("the Docker engine's own builder does not support %s without containerd's image store", missing),
		otherBuilder + ", or turn the image store on"}
}
