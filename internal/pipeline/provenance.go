package pipeline

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tonistiigi/go-csvvalue"

	"github.com/layercause/layercause/internal/action"
)

// applyProvenance has an image say the same of its origin as one that
// docker/build-push-action builds: which run built it, and, of a public repository, all
// that there is to say. An image for the Docker engine has no place for it.
// https://docs.docker.com/build/ci/github-actions/attestations/
func applyProvenance(o *BuildOptions, e action.Event) {
	if e.RunURL == "" {
		return
	}
	builder := "builder-id=" + e.RunURL
	if o.Provenance != "" {
		switch on, err := strconv.ParseBool(o.Provenance); {
		case err != nil:
			o.Provenance = withField(o.Provenance, builder)
		case on:
			o.Provenance = builder
		}
		return
	}
	for i, a := range o.Attests {
		if slices.Contains(fieldsOf(a), "type=provenance") {
			o.Attests[i] = withField(a, builder)
		}
	}
	switch isDocker := func(output string) bool { return slices.Contains(fieldsOf(output), "type=docker") }; {
	case o.Load, slices.ContainsFunc(o.Outputs, isDocker):
	case e.Private:
		o.DefaultProvenance = "mode=min,inline-only=true," + builder
	default:
		o.DefaultProvenance = "mode=max," + builder
	}
}

// fieldsOf takes an entry of a list apart; one that cannot be is refused later.
func fieldsOf(entry string) []string {
	fields, err := csvvalue.Fields(entry, nil)
	if err != nil {
		return nil
	}
	return fields
}

// withField adds a field to an entry that has none of its name.
func withField(entry, field string) string {
	name, _, _ := strings.Cut(field, "=")
	if slices.ContainsFunc(fieldsOf(entry), func(f string) bool { return strings.HasPrefix(f, name+"=") }) {
		return entry
	}
	return entry + "," + field
}
