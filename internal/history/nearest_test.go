package history

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

func TestNearest(t *testing.T) {
	type earlier struct {
		keys   string
		branch string
		failed bool
		status record.StepStatus
	}
	cases := map[string]struct {
		before []earlier // from the oldest to the newest
		want   int       // index in before, or -1
		why    Why
	}{
		"nothing there":                    {nil, -1, None},
		"most equal keys":                  {[]earlier{{keys: "a b c"}, {keys: "a b x"}, {keys: "x y z"}}, 0, ByKeys},
		"one record alone":                 {[]earlier{{keys: "a x"}}, 0, ByKeys},
		"nothing in common, the newest":    {[]earlier{{keys: "x"}, {keys: "y"}}, 1, ByKeys},
		"nothing in common, same branch":   {[]earlier{{keys: "x", branch: "topic"}, {keys: "y", branch: "main"}}, 0, ByBranch},
		"tie: the branch":                  {[]earlier{{keys: "a", branch: "topic"}, {keys: "a", branch: "main"}, {keys: "a", branch: "dev"}}, 0, ByBranch},
		"tie: the base branch":             {[]earlier{{keys: "a", branch: "dev"}, {keys: "a", branch: "main"}, {keys: "a", branch: "other"}}, 0, ByBranch},
		"tie: the default branch":          {[]earlier{{keys: "a", branch: "main"}, {keys: "a", branch: "other"}}, 0, ByDefaultBranch},
		"tie: the newest":                  {[]earlier{{keys: "a"}, {keys: "a"}}, 1, ByKeys},
		"keys before branch":               {[]earlier{{keys: "a b", branch: "other"}, {keys: "a", branch: "topic"}}, 0, ByKeys},
		"a failed build last":              {[]earlier{{keys: "x"}, {keys: "a b c", failed: true}}, 0, ByKeys},
		"a failed build if nothing else":   {[]earlier{{keys: "a", failed: true}}, 0, ByKeys},
		"steps without result do not help": {[]earlier{{keys: "x"}, {keys: "a b", status: record.NotRun}, {keys: "a"}}, 2, ByKeys},
		"a hit counts as a result":         {[]earlier{{keys: "a b", status: record.Hit}, {keys: "a"}}, 0, ByKeys},
		"each key as often as it is there": {[]earlier{{keys: "a b"}, {keys: "a a a"}}, 0, ByKeys},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for i, e := range c.before {
				r := build(s, t, i, e.keys)
				r.Commit.Branch = e.branch
				if e.failed {
					r.Status = record.Failed
				}
				for j := range r.Steps {
					if e.status != "" {
						r.Steps[j].Status = e.status
					}
				}
				put(t, s, r)
			}
			head := build(s, t, 100, "a b c")
			head.Commit.Branch, head.Commit.BaseBranch = "topic", "dev"
			put(t, s, head) // a build is never its own base
			choice, err := s.Nearest(t.Context(), head)
			if err != nil {
				t.Fatal(err)
			}
			if choice.Why != c.why || len(choice.Warnings) > 0 || len(choice.Searched) != 1 {
				t.Errorf("why %q, warnings %q, searched %q; want why %q", choice.Why, choice.Warnings, choice.Searched, c.why)
			}
			got := -1
			if choice.Record != nil {
				got = int(choice.Record.StartedAt.Sub(begin).Minutes())
			}
			if got != c.want {
				t.Errorf("record %d was chosen, want %d", got, c.want)
			}
		})
	}
}

// What a build imported is what it could have hit: the record that wrote the index
// is the one to compare with, unless the hits came from elsewhere.
func TestNearestToAnImportedIndex(t *testing.T) {
	export := func(r *record.Record, index string) *record.Record {
		r.Caches = []record.CacheAccess{{Direction: record.Export, Type: "registry", Index: &record.CacheIndex{Digest: index}}}
		return r
	}
	cases := map[string]struct {
		hits     string // the keys of the head that hit
		imported string
		want     int
		why      Why
	}{
		"the writer":                       {"a", "sha256:1", 1, ByIndex},
		"nothing hit":                      {"", "sha256:1", 1, ByIndex},
		"another accounts for more hits":   {"a b", "sha256:1", 0, ByKeys},
		"a writer that nobody knows":       {"a", "sha256:3", 0, ByKeys},
		"the cache had no index":           {"a", "", 0, ByKeys},
		"the writer is as near as another": {"a b c", "sha256:2", 0, ByIndex},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			put(t, s, export(build(s, t, 0, "a b c"), "sha256:2"), export(build(s, t, 1, "a x y"), "sha256:1"))
			head := build(s, t, 2, "a b c")
			for i := range head.Steps {
				if strings.Contains(c.hits, head.Steps[i].Key) {
					head.Steps[i].Status = record.Hit
				}
			}
			head.Caches = []record.CacheAccess{{Direction: record.Import, Type: "registry", Index: &record.CacheIndex{Digest: c.imported}}}
			// The second time the summaries are made anew from the records.
			for range 2 {
				choice, err := s.Nearest(t.Context(), head)
				if err != nil || choice.Record == nil {
					t.Fatal(choice, err)
				}
				if got := int(choice.Record.StartedAt.Sub(begin).Minutes()); got != c.want || choice.Why != c.why {
					t.Errorf("record %d was chosen (%s), want %d (%s)", got, choice.Why, c.want, c.why)
				}
				if err := os.RemoveAll(filepath.Dir(s.summariesPath(KeyOf(head).folder()))); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestWriter(t *testing.T) {
	s := open(t)
	one, other := build(s, t, 0, "a"), build(s, t, 1, "a")
	one.Caches = []record.CacheAccess{{Direction: record.Export, Index: &record.CacheIndex{Digest: "sha256:1"}}}
	other.Caches = []record.CacheAccess{{Direction: record.Export, Index: &record.CacheIndex{Digest: "sha256:2"}}}
	other.Invocation.Dockerfile, other.Invocation.Target = "other.Dockerfile", "test"
	other.Commit = record.Commit{SHA: "abc", Ref: "refs/heads/other"}
	for _, r := range []*record.Record{one, other} {
		if _, err := s.Nearest(t.Context(), r); err != nil { // as every build does first
			t.Fatal(err)
		}
		put(t, s, r)
	}
	want := record.Writer{Record: other.ID, Commit: "abc", Ref: "refs/heads/other", Dockerfile: "other.Dockerfile", Target: "test"}
	if w := s.Writer(t.Context(), "sha256:2"); w == nil || *w != want {
		t.Errorf("the writer is %+v, want %+v", w, want)
	}
	for _, index := range []string{"", "sha256:3", "sha256"} {
		if w := s.Writer(t.Context(), index); w != nil {
			t.Errorf("the index %q was written by %+v", index, w)
		}
	}
}

func TestNearestPassesOverAnotherSalt(t *testing.T) {
	s := open(t)
	foreign := build(s, t, 1, "a b c")
	foreign.SaltID = record.Salt{9}.ID()
	put(t, s, build(s, t, 0, "a"), foreign)
	choice, err := s.Nearest(t.Context(), build(s, t, 2, "a b c"))
	if err != nil {
		t.Fatal(err)
	}
	if choice.Record == nil || choice.Record.ID != build(s, t, 0, "").ID {
		t.Errorf("chose %+v, want the record of the same salt", choice.Record)
	}
	if len(choice.Warnings) != 1 || !strings.Contains(choice.Warnings[0], "another salt") {
		t.Errorf("warnings %q", choice.Warnings)
	}
}

// A record whose steps can be read and the rest cannot is found out only when
// it is chosen; the next one takes its place.
func TestNearestGoesOnWhenTheBestIsCutOff(t *testing.T) {
	s := open(t)
	best := build(s, t, 1, "a b")
	for range 200_000 {
		best.Warnings = append(best.Warnings, best.ID)
	}
	put(t, s, build(s, t, 0, "a"), best)
	var path string
	for _, p := range files(t, s) {
		if strings.Contains(p, best.ID) {
			path = p
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-3); err != nil {
		t.Fatal(err)
	}
	choice, err := s.Nearest(t.Context(), build(s, t, 2, "a b"))
	if err != nil {
		t.Fatal(err)
	}
	if choice.Record == nil || choice.Record.ID != build(s, t, 0, "").ID {
		t.Errorf("chose %v, want the whole one", choice.Record)
	}
	if len(choice.Warnings) != 1 || !strings.Contains(choice.Warnings[0], path) {
		t.Errorf("warnings %q do not name %s alone", choice.Warnings, path)
	}
}

// Another process may remove the oldest records between the look at the history
// and the reading of the chosen one. That is no fault, and worth no warning.
func TestNearestGoesOnWhenTheBestIsRemoved(t *testing.T) {
	s := open(t)
	best := build(s, t, 1, "a b")
	put(t, s, build(s, t, 0, "a"), best)
	head := build(s, t, 2, "a b")
	found, _, err := s.Candidates(t.Context(), KeyOf(head))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		if c.Record.ID == best.ID {
			if err := os.Remove(c.path); err != nil {
				t.Fatal(err)
			}
		}
	}
	var choice Choice
	s.choose(&choice, head, found)
	if choice.Record == nil || choice.Record.ID != build(s, t, 0, "").ID || len(choice.Warnings) > 0 {
		t.Errorf("chose %v with warnings %q, want the one that is left and none", choice.Record, choice.Warnings)
	}
}
