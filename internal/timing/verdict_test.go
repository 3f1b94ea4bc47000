package timing

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

// builds makes earlier records of a cache, the newest first.
func builds(n int, f func(r *record.Record)) []*record.Record {
	var out []*record.Record
	for i := range n {
		r := &record.Record{StartedAt: time.Unix(1e9, 0).Add(-time.Duration(i+1) * time.Hour)}
		f(r)
		out = append(out, r)
	}
	return out
}

func TestVerdicts(t *testing.T) {
	imports := func(seconds float64) record.CacheAccess {
		return record.CacheAccess{Direction: record.Import, Type: "registry", Ref: "example.com/c", Seconds: seconds, Index: &record.CacheIndex{Digest: "sha256:1", Results: []int{0}}}
	}
	exports := func(seconds float64) record.CacheAccess {
		return record.CacheAccess{Direction: record.Export, Type: "registry", Ref: "example.com/c", Seconds: seconds}
	}
	actions := func(bytes int64, layers int) record.CacheAccess {
		c := record.CacheAccess{Direction: record.Export, Type: "gha", Ref: "cache", Seconds: 5, Bytes: bytes}
		for i := range layers {
			c.Parts = append(c.Parts, record.Phase{Kind: record.PhaseLayer, Start: float64(i) / 10, Bytes: 1})
		}
		return c
	}
	both := func(saved float64) func(r *record.Record) {
		return func(r *record.Record) {
			r.Caches = []record.CacheAccess{imports(1), exports(4)}
			r.Findings = &record.Findings{Saved: saved}
		}
	}
	var told []string
	for _, tc := range []struct {
		name   string
		caches []record.CacheAccess
		ledger Ledger
		past   []*record.Record
		want   []string
	}{
		{
			name: "it pays in this build", caches: []record.CacheAccess{imports(1)}, ledger: Ledger{Saved: 30, DownloadSeconds: 2},
			want: []string{"pays: 30 s saved for 3.0 s spent"},
		},
		{
			name: "it costs more over the builds", caches: []record.CacheAccess{imports(1), exports(4)}, ledger: Ledger{Saved: 30}, past: builds(9, both(1)),
			want: []string{
				"costs more than it saves: 39 s saved for 50 s spent over the last 10 builds, 30 s for 5.0 s in this one",
				"costs more than it saves: 39 s saved for 50 s spent over the last 10 builds, 30 s for 5.0 s in this one",
			},
		},
		{
			name: "hits without a time", caches: []record.CacheAccess{imports(1)}, ledger: Ledger{SavedIsBound: true},
			want: []string{"may cost more than it saves: at least 0 s saved for 1.0 s spent"},
		},
		{
			name: "exported for nobody", caches: []record.CacheAccess{exports(4)},
			past: builds(4, func(r *record.Record) { r.Caches = []record.CacheAccess{exports(90)} }),
			want: []string{"costs more than it saves: none of the last 5 builds imported it, and it took them 6m04s"},
		},
		{
			name: "exported for the first time", caches: []record.CacheAccess{exports(4)},
			want: []string{"nothing to weigh it against yet: 4.0 s spent, and no build has imported it"},
		},
		{
			name:   "empty",
			caches: []record.CacheAccess{{Direction: record.Import, Type: "gha", Ref: "x", Index: &record.CacheIndex{}}},
			past: builds(2, func(r *record.Record) {
				r.Caches = []record.CacheAccess{{Direction: record.Import, Type: "gha", Ref: "x", Index: &record.CacheIndex{}}}
			}),
			want: []string{"is empty: nothing has been exported to it, as in the 2 builds before"},
		},
		{
			name: "overwritten", ledger: Ledger{Saved: 2},
			caches: []record.CacheAccess{{
				Direction: record.Import, Type: "gha", Ref: "x", Seconds: 1,
				Index: &record.CacheIndex{Digest: "sha256:2", Writer: &record.Writer{Dockerfile: "api/Dockerfile", Target: "test"}},
			}},
			want: []string{"is overwritten: a build of api/Dockerfile, target test, wrote it last; pays: 2.0 s saved for 1.0 s spent"},
		},
		{
			name: "near its quota", caches: []record.CacheAccess{actions(1.5e9, 3)},
			past: builds(7, func(r *record.Record) { r.Caches = []record.CacheAccess{actions(1e9, 3)} }),
			want: []string{
				"is near its quota: 8.5 GB of the 10.0 GB that GitHub keeps for a repository, written by 8 builds in 7 days, 1.5 GB by this one; " +
					"costs more than it saves: none of the last 8 builds imported it, and it took them 40 s",
			},
		},
		{
			name: "too many entries at once", caches: []record.CacheAccess{actions(1e6, 230)},
			want: []string{
				"writes more often than the service allows: up to 230 entries in a minute, where GitHub takes 200 new ones for a repository; " +
					"nothing to weigh it against yet: 5.0 s spent, and no build has imported it",
			},
		},
		{
			name: "an error says it all", caches: []record.CacheAccess{{Direction: record.Import, Type: "gha", Error: "denied"}},
			want: []string{""},
		},
	} {
		told = append(told, tc.want...)
		t.Run(tc.name, func(t *testing.T) {
			r := &record.Record{StartedAt: time.Unix(1e9, 0), Caches: tc.caches, Invocation: record.Invocation{Dockerfile: "Dockerfile"}}
			for i := range r.Caches {
				if x := r.Caches[i].Index; x != nil && x.Digest == "sha256:1" {
					x.Writer = &record.Writer{Dockerfile: "Dockerfile"}
				}
			}
			if diff := cmp.Diff(tc.want, verdicts(r, &tc.ledger, tc.past)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
	// Every verdict of the docs is one of these.
	doc, err := os.ReadFile("../../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "| verdict | when |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	if len(rows) != 7 {
		t.Errorf("docs/ledger.md has %d verdicts", len(rows))
	}
	for _, row := range rows {
		verdict := strings.TrimSpace(strings.Split(row, "|")[1])
		if !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, verdict) }) {
			t.Errorf("docs/ledger.md has the verdict %q, which no case gives", verdict)
		}
	}
}
