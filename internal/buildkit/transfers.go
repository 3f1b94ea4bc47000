package buildkit

import (
	"math"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// isTransfer says that a status is of files that this side sends.
func isTransfer(id string) bool { return strings.HasPrefix(id, "transferring ") }

// isDownload says that a status is of a layer that the daemon downloads.
func isDownload(id string) bool { return strings.HasPrefix(id, "sha256:") }

// download is a layer that the daemon downloaded, for the vertex that asked first.
type download struct {
	vertex digest.Digest
	status *status
	bytes  int64
}

// downloads lists the layers that were downloaded, each once: whoever waits for
// the same layer reports it too.
func (o *observer) downloads() map[string]download {
	out := map[string]download{}
	for _, d := range o.order {
		for _, s := range o.vertices[d].statuses {
			if !isDownload(s.id) || s.bytes == 0 {
				continue
			}
			first, ok := out[s.id]
			if !ok || s.start.Before(first.status.start) {
				first.vertex, first.status = d, s
			}
			first.bytes = max(first.bytes, s.bytes)
			out[s.id] = first
		}
	}
	return out
}

// bytes fills in what was sent or downloaded for each operation.
func (a *assembly) bytes(o *observer, downloads map[string]download) {
	of := map[digest.Digest]int64{}
	for _, d := range downloads {
		of[d.vertex] = plus(of[d.vertex], d.bytes)
	}
	for i, v := range a.graph.Vertices {
		r := &a.vertices[i]
		r.Bytes = of[v.ID]
		x := o.vertices[v.ID]
		if x == nil || r.Source == nil || r.Source.Kind != record.SourceLocal {
			continue
		}
		for _, s := range x.statuses {
			if isTransfer(s.id) {
				r.Bytes = plus(r.Bytes, s.bytes)
			}
		}
	}
}

// plus adds sizes. What a stream says is not trusted to stay within the numbers.
func plus(a, b int64) int64 {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}
