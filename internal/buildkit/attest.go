package buildkit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/tonistiigi/go-csvvalue"
)

// setAttestations translates --attest, --provenance and --sbom. As with buildx,
// the smallest provenance is made unless it is switched off.
func setAttestations(o Options, r *request) error {
	attests := map[string]string{}
	for _, a := range o.Attests {
		fields, err := csvvalue.Fields(a, nil)
		if err != nil {
			return &UsageError{fmt.Sprintf("--attest: %v", err), "write for example --attest type=sbom"}
		}
		attrs, err := keyValues("--attest", a, fields)
		if err != nil {
			return err
		}
		kind := attrs["type"]
		if kind == "" {
			return &UsageError{"--attest has no type", "write for example --attest type=provenance,mode=max"}
		}
		if kind != "sbom" && kind != "provenance" {
			return &UsageError{fmt.Sprintf("--attest has the unknown type %q", kind), "the types are sbom and provenance"}
		}
		if off, err := strconv.ParseBool(attrs["disabled"]); err == nil && off {
			attests[kind] = ""
			continue
		}
		var rest []string
		for _, f := range fields {
			if k, _, _ := strings.Cut(f, "="); k != "type" && k != "disabled" {
				rest = append(rest, f)
			}
		}
		attests[kind] = strings.Join(rest, ",")
		if attests[kind] == "" {
			attests[kind] = "mode=min"
			if kind == "sbom" {
				attests[kind] = "generator="
			}
		}
	}
	for kind, value := range map[string]string{"provenance": o.Provenance, "sbom": o.SBOM} {
		if value == "" {
			continue
		}
		on, err := strconv.ParseBool(value)
		switch {
		case err != nil:
			attests[kind] = value
		case !on:
			attests[kind] = ""
		case kind == "provenance":
			attests[kind] = "mode=min"
		default:
			attests[kind] = "generator="
		}
	}
	if _, ok := attests["provenance"]; !ok {
		if v, _ := o.Getenv("BUILDX_NO_DEFAULT_ATTESTATIONS"); v == "" || v == "0" || v == "false" {
			attests["provenance"] = "mode=min,inline-only=true"
		}
	}
	for kind, value := range attests {
		if value == "" {
			continue
		}
		if value == "generator=" {
			value = ""
		}
		r.opt.FrontendAttrs["attest:"+kind] = value
	}
	return nil
}

// setAnnotations translates --annotation into attributes of the image exporters.
func setAnnotations(o Options, r *request) error {
	for _, a := range o.Annotations {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return &UsageError{fmt.Sprintf("--annotation %q is not KEY=VALUE", a), "write --annotation [TYPE:]KEY=VALUE"}
		}
		kinds, key, ok := strings.Cut(name, ":")
		if !ok {
			kinds, key = "manifest", name
		}
		for kind := range strings.SplitSeq(kinds, ",") {
			k := exptypes.AnnotationKey{Type: kind, Key: key}
			if typ, p, ok := strings.Cut(strings.TrimSuffix(kind, "]"), "["); ok {
				spec, err := platforms.Parse(p)
				if err != nil {
					return &UsageError{fmt.Sprintf("--annotation %q names no platform: %v", a, err), "write for example manifest[linux/amd64]:KEY=VALUE"}
				}
				k.Type, k.Platform = typ, &spec
			}
			switch k.Type {
			case exptypes.AnnotationIndex, exptypes.AnnotationIndexDescriptor, exptypes.AnnotationManifest, exptypes.AnnotationManifestDescriptor:
			default:
				return &UsageError{fmt.Sprintf("--annotation %q has the unknown type %q", a, k.Type), "the types are manifest, index, manifest-descriptor and index-descriptor"}
			}
			for i := range r.opt.Exports {
				switch r.opt.Exports[i].Type {
				case "image", "oci", "docker":
					r.opt.Exports[i].Attrs[k.String()] = value
				}
			}
		}
	}
	return nil
}
