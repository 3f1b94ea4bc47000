package buildkit

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/tonistiigi/go-csvvalue"
)

// setAttestations translates --attest, --provenance and --sbom, of which the last two
// go before the first. As with buildx, a provenance is made unless it is switched off or
// another is asked for.
func setAttestations(o Options, r *request) error {
	all := slices.Clone(o.Attests)
	for _, short := range [][2]string{{"provenance", o.Provenance}, {"sbom", o.SBOM}} {
		if kind, value := short[0], short[1]; value != "" {
			if on, err := strconv.ParseBool(value); err == nil {
				value = fmt.Sprintf("disabled=%t", !on)
			}
			all = append(all, "type="+kind+","+value)
		}
	}
	attests := map[string]string{}
	for _, a := range all {
		kind, value, err := parseAttestation(a)
		if err != nil {
			return err
		}
		attests[kind] = value
	}
	if _, ok := attests["provenance"]; !ok {
		if off, err := strconv.ParseBool(o.env("BUILDX_NO_DEFAULT_ATTESTATIONS")); err != nil || !off {
			attests["provenance"] = cmp.Or(o.DefaultProvenance, "mode=min,inline-only=true")
			r.unasked = true
		}
	}
	for kind, value := range attests {
		if value != "" {
			r.opt.FrontendAttrs["attest:"+kind] = value
		}
	}
	return nil
}

// parseAttestation takes an entry of --attest apart. The value is empty if it switches
// the attestation off.
func parseAttestation(a string) (kind, value string, err error) {
	fields, err := csvvalue.Fields(a, nil)
	if err != nil {
		return "", "", &UsageError{fmt.Sprintf("--attest: %v", err), "write for example --attest type=sbom"}
	}
	attrs, err := keyValues("--attest", a, fields)
	if err != nil {
		return "", "", err
	}
	switch kind = attrs["type"]; kind {
	case "sbom", "provenance":
	case "":
		return "", "", &UsageError{"--attest has no type", "write for example --attest type=provenance,mode=max"}
	default:
		return "", "", &UsageError{fmt.Sprintf("--attest has the unknown type %q", kind), "the types are sbom and provenance"}
	}
	if text, ok := attrs["disabled"]; ok {
		off, err := strconv.ParseBool(text)
		if err != nil {
			return "", "", &UsageError{fmt.Sprintf("--attest: disabled=%s is neither true nor false", text), "write disabled=true, or leave it out"}
		}
		if off {
			return kind, "", nil
		}
	}
	// The type is passed on, so that the value is not empty; without a mode, BuildKit's
	// provenance is the largest.
	fields = slices.DeleteFunc(fields, func(f string) bool { return strings.HasPrefix(strings.ToLower(f), "disabled=") })
	var text strings.Builder
	w := csv.NewWriter(&text)
	if err := w.Write(fields); err != nil {
		return "", "", err
	}
	w.Flush()
	return kind, strings.TrimSuffix(text.String(), "\n"), nil
}

// setAnnotations translates --annotation into attributes of the image exporters.
func setAnnotations(o Options, r *request) error {
	for _, a := range o.Annotations {
		if a == "" {
			continue
		}
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
