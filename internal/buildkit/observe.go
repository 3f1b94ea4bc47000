package buildkit

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// observer keeps what the status stream says of each vertex.
type observer struct {
	vertices map[digest.Digest]*seen
	order    []digest.Digest
}

// seen is one vertex of the stream. A vertex reports each of its phases: a load
// from the cache, an execution, a later download of its layers.
type seen struct {
	name  string
	spans map[time.Time]span // by start
	// cached: some event said so and carried no error.
	cached    bool
	hasInputs bool
	err       string
	// config is the digest of the index that an export of a cache wrote.
	config string
}

type span struct {
	start, end time.Time
	cached     bool
	inputs     bool // the event named the vertex's inputs
	err        string
}

func newObserver() *observer { return &observer{vertices: map[digest.Digest]*seen{}} }

// observe takes one message of the stream.
func (o *observer) observe(s *client.SolveStatus) {
	for _, v := range s.Vertexes {
		x := o.vertices[v.Digest]
		if x == nil {
			x = &seen{name: v.Name, spans: map[time.Time]span{}}
			o.vertices[v.Digest] = x
			o.order = append(o.order, v.Digest)
		}
		if v.Cached && v.Error == "" {
			x.cached = true
		}
		if v.Error != "" {
			x.err = v.Error
		}
		if len(v.Inputs) > 0 {
			x.hasInputs = true
		}
		if v.Started == nil {
			continue
		}
		p := x.spans[*v.Started]
		p.start, p.cached, p.err = *v.Started, v.Cached, v.Error
		p.inputs = p.inputs || len(v.Inputs) > 0
		if v.Completed != nil {
			p.end = *v.Completed
		}
		x.spans[*v.Started] = p
	}
	for _, st := range s.Statuses {
		if d, ok := strings.CutPrefix(st.ID, "writing config "); ok && o.vertices[st.Vertex] != nil {
			o.vertices[st.Vertex].config = d
		}
	}
}

// outcome is what a vertex of the graph did.
type outcome struct {
	status    record.StepStatus
	intervals []record.Interval
	err       string
	loadErr   string // of a result that was found
}

// outcome decides by all events of a vertex: it was executed if one of them, not
// marked as cached, names its inputs and ended; a hit whose layers are
// downloaded later reports once more, but without inputs; and a load that failed
// says cached with an error before the execution. A vertex without inputs was
// executed unless it was cached.
func (o *observer) outcome(d digest.Digest, inputs int, start time.Time) outcome {
	x := o.vertices[d]
	if x == nil {
		return outcome{status: record.NotRun}
	}
	out := outcome{status: record.NotRun}
	if x.cached {
		out.status = record.Hit
	}
	for _, p := range x.ordered() {
		if p.end.IsZero() {
			continue
		}
		executed := !p.cached && (p.inputs || inputs == 0 && !x.cached)
		if executed {
			switch {
			case p.err == "":
				out.status = record.Miss
			case isCanceled(p.err):
				out.status = record.NotRun
			default:
				out.status, out.err = record.StepFailed, p.err
			}
		}
		if p.cached {
			if p.err != "" && !isCanceled(p.err) {
				out.loadErr = p.err
			}
			continue // a look-up, no work
		}
		out.intervals = append(out.intervals, record.Interval{
			Start: seconds(p.start.Sub(start)), End: seconds(p.end.Sub(start)), Transfer: !executed,
		})
	}
	return out
}

func isCanceled(s string) bool { return strings.Contains(s, "context canceled") }

func (x *seen) ordered() []span {
	out := make([]span, 0, len(x.spans))
	for _, p := range x.spans {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Compare(a.start.UnixNano(), b.start.UnixNano()) })
	return out
}

// seconds rounds to microseconds, which keeps the record short. A clock that
// jumped back gives no negative time.
func seconds(d time.Duration) float64 {
	return max(0, float64(d.Microseconds())/1e6)
}

// microseconds takes the noise of addition off a time in seconds.
func microseconds(s float64) float64 { return math.Round(s*1e6) / 1e6 }

// caches reads the pseudo-vertices of cache import and export.
func (o *observer) caches(imports, exports []client.CacheOptionsEntry, start time.Time) []record.CacheAccess {
	var out []record.CacheAccess
	add := func(dir record.Direction, entries []client.CacheOptionsEntry, prefix string, match func(client.CacheOptionsEntry, string) bool) {
		used := map[digest.Digest]bool{}
		for _, e := range entries {
			a := record.CacheAccess{Direction: dir, Type: e.Type, Ref: cacheRef(e), Mode: e.Attrs["mode"]}
			for _, d := range o.order {
				x := o.vertices[d]
				rest, ok := strings.CutPrefix(x.name, prefix)
				if !ok || used[d] || !match(e, rest) {
					continue
				}
				used[d] = true
				for i, p := range x.ordered() {
					if i == 0 {
						a.Start = seconds(p.start.Sub(start))
					}
					if !p.end.IsZero() {
						a.Seconds += seconds(p.end.Sub(p.start))
					}
				}
				a.Error = record.RedactURLs(x.err)
				if dir == record.Export && x.config != "" {
					a.Index = &record.CacheIndex{Digest: x.config}
				}
				break
			}
			if dir == record.Import && a.Error == "" {
				a.Error = missingLocalCache(e)
			}
			out = append(out, a)
		}
	}
	add(record.Import, imports, "importing cache manifest from ", func(e client.CacheOptionsEntry, rest string) bool {
		switch e.Type {
		case "registry":
			return sameRef(rest, e.Attrs["ref"])
		case "local":
			return strings.HasPrefix(rest, "local:")
		default:
			return strings.HasPrefix(rest, e.Type)
		}
	})
	add(record.Export, exports, "exporting cache to ", func(e client.CacheOptionsEntry, rest string) bool {
		names := map[string]string{"registry": "registry", "local": "client directory", "gha": "GitHub Actions", "s3": "Amazon S3", "azblob": "Azure", "inline": "inline"}
		return strings.Contains(rest, names[e.Type])
	})
	return out
}

// sameRef compares references with and without the parts that docker implies.
func sameRef(a, b string) bool {
	norm := func(s string) string {
		s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "docker.io/"), "library/"), ":latest")
		return s
	}
	return norm(a) == norm(b)
}
