package buildkit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"

	"github.com/layercause/layercause/internal/record"
)

// Images gives the names of the image, and says whether it is pushed.
func (b *Build) Images() (names []string, pushes bool) {
	for _, e := range b.request.opt.Exports {
		if e.Type != "image" {
			continue
		}
		if push, _ := strconv.ParseBool(e.Attrs["push"]); push {
			return splitList([]string{e.Attrs["name"]}), true
		}
	}
	return splitList(b.options.Tags), false
}

// Choose adds caches that nobody asked for by name, as flags would. The record says
// of them that they were chosen. One that is not there yet is empty, and no error.
func (b *Build) Choose(from, to []string) error {
	imports, err := parseCaches("--cache-from", from, b.options.Getenv)
	if err != nil {
		return err
	}
	exports, err := parseCaches("--cache-to", to, b.options.Getenv)
	if err != nil {
		return err
	}
	r := b.request
	r.chosen = slices.Concat(r.chosen, imports, exports)
	r.imports, r.exports = append(r.imports, imports...), append(r.exports, exports...)
	r.opt.CacheImports = append(r.opt.CacheImports, imports...)
	r.opt.CacheExports = append(r.opt.CacheExports, exports...)
	return nil
}

// markChosen says of the record's caches which were chosen.
func (r *request) markChosen(caches []record.CacheAccess) {
	for i := range caches {
		c := &caches[i]
		c.Chosen = slices.ContainsFunc(r.chosen, func(e client.CacheOptionsEntry) bool {
			return e.Type == c.Type && cacheRef(e) == c.Ref && (e.Attrs["mode"] != "") == (c.Direction == record.Export)
		})
	}
}

// emptyIfNew makes a chosen cache that is not there one that is empty: nothing has
// been exported to it yet, and nobody has named it by mistake.
func emptyIfNew(c *record.CacheAccess) {
	if c.Chosen && c.Direction == record.Import && strings.HasSuffix(c.Error, "not found") {
		c.Error, c.Index = "", &record.CacheIndex{}
	}
}
