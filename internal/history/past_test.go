package history

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

// told is a build of which everything is kept that a list shows.
func told(s *Store, t testing.TB, n, steps int) *record.Record {
	r := build(s, t, n, strings.Repeat("h23456789012345678901x ", steps))
	r.Seconds = float64(n)
	r.Commit.SHA, r.Commit.Branch = "8d3f1c9a5b7e2046c1d8e9f0a1b2c3d4e5f60718", "main"
	r.Builder = record.Builder{Name: "b", Driver: "unix", Worker: "w", Cores: 2}
	r.Dockerfile.Path = "Dockerfile"
	r.Vertices = []record.Vertex{{Kind: record.OpExec, Status: record.Miss}}
	r.Caches = []record.CacheAccess{{
		Direction: record.Export, Type: "registry", Ref: "example.com/app:cache", Mode: "max", Seconds: 2, Start: 1,
		Bytes: 10, Size: 100, Error: strings.Repeat("é", 1000),
		Parts: []record.Phase{{Kind: record.PhaseLayer, Name: "layer", End: 1}},
		Index: &record.CacheIndex{Digest: "sha256:1", Results: []int{0}, Writer: &record.Writer{Record: "x", Dockerfile: "Dockerfile"}},
	}}
	r.Findings = &record.Findings{
		Hits: 3, Misses: 2, Saved: 9, Lost: 5, Net: -1,
		Causes: []record.Finding{{
			Kind: "context-files", File: "Dockerfile", Line: 6, Instruction: "COPY . .", Subject: "src/app.ts",
			Files: []string{"src/app.ts", "src/b.ts"}, Steps: 2, Lost: 5,
		}},
	}
	return r
}

func TestPastHasWhatAListNeeds(t *testing.T) {
	s := open(t)
	first, last := told(s, t, 1, 3), told(s, t, 2, 3)
	old := build(s, t, 0, "a")
	put(t, s, last, old, first)
	// From the records, from summaries that were read, and from one that was added.
	for _, when := range []string{"without summaries", "with summaries"} {
		got, warnings, err := s.Past(t.Context(), KeyOf(first), 2)
		if err != nil || len(warnings) > 0 || len(got) != 2 {
			t.Fatalf("%s: %d records, %v, %q", when, len(got), err, warnings)
		}
		for i, r := range []*record.Record{last, first} {
			want := *r
			want.Steps, want.Vertices, want.Dockerfile = nil, nil, record.Dockerfile{Path: "Dockerfile"}
			cache := want.Caches[0]
			cache.Error, cache.Parts = strings.Repeat("é", summaryText/2)+"…", nil
			cache.Index = &record.CacheIndex{Digest: "sha256:1", Writer: cache.Index.Writer}
			want.Caches = []record.CacheAccess{cache}
			if d := cmp.Diff(&want, got[i]); d != "" {
				t.Errorf("%s: record %d (-want +got):\n%s", when, i, d)
			}
		}
	}
	all, _, err := s.Past(t.Context(), KeyOf(first), 99)
	if err != nil || len(all) != 3 || all[2].ID != old.ID || all[2].Findings != nil {
		t.Errorf("all of it: %d records, %v", len(all), err)
	}
	choice, err := s.Nearest(t.Context(), last)
	if err != nil || len(choice.Past) != 2 || choice.Past[0].ID != first.ID {
		t.Errorf("beside the choice: %+v, %v", choice.Past, err)
	}
}

// A summary that says what no record can say is not believed.
func TestSummaryOutOfRange(t *testing.T) {
	s := open(t)
	r := told(s, t, 1, 3)
	put(t, s, r)
	if _, _, err := s.Past(t.Context(), KeyOf(r), 1); err != nil {
		t.Fatal(err)
	}
	path := s.summariesPath(KeyOf(r).folder())
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, lie := range [][2]string{
		{`"seconds":2`, `"seconds":-2`}, {`"lost":5}`, `"lost":-5}`}, {`"saved":9`, `"saved":-9`},
		{`"repository":"octo/app"`, `"repository":"octo/other"`},
	} {
		if !strings.Contains(string(data), lie[0]) {
			t.Fatalf("the summary does not hold %s:\n%s", lie[0], data)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), lie[0], lie[1])), 0o600); err != nil {
			t.Fatal(err)
		}
		got, warnings, err := s.Past(t.Context(), KeyOf(r), 1)
		if err != nil || len(warnings) > 0 || len(got) != 1 {
			t.Fatalf("%s: %d records, %v, %q", lie[1], len(got), err, warnings)
		}
		if got[0].Caches[0].Seconds != 2 || got[0].Findings.Saved != 9 || got[0].Findings.Causes[0].Lost != 5 ||
			got[0].Commit.Repository != "octo/app" {
			t.Errorf("%s was believed", lie[1])
		}
	}
}

func TestKeysListsWhatWasBuilt(t *testing.T) {
	s := open(t)
	if keys, warnings, err := s.Keys(t.Context()); err != nil || len(keys)+len(warnings) > 0 {
		t.Fatalf("an empty history has %v, %q, %v", keys, warnings, err)
	}
	a, b, c := build(s, t, 1, "a"), build(s, t, 2, "a"), build(s, t, 3, "a")
	b.Invocation.Target, c.Invocation.Platforms = "test", []string{"linux/amd64", "linux/arm64"}
	put(t, s, c, a, b)
	// What is no record of ours.
	bad := filepath.Join(s.Dir(), recordsDir, strings.Repeat("0", 32))
	for _, dir := range []string{bad, filepath.Join(s.Dir(), recordsDir, "other")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(files(t, s)[0])
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(files(t, s)[0])
	if err := os.WriteFile(filepath.Join(bad, name), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, warnings, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Key{KeyOf(a), KeyOf(c), KeyOf(b)}, keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], name) {
		t.Errorf("warnings %q, want one for the record in another's folder", warnings)
	}
}

// BenchmarkPast reads the summaries of the most records of a thousand steps.
func BenchmarkPast(b *testing.B) {
	s := open(b)
	for n := range Keep {
		put(b, s, told(s, b, n, 1000))
	}
	head := told(s, b, 99, 1000)
	b.Run("past", func(b *testing.B) {
		for b.Loop() {
			if got, _, err := s.Past(b.Context(), KeyOf(head), Keep); err != nil || len(got) != Keep {
				b.Fatal(len(got), err)
			}
		}
	})
	b.Run("nearest", func(b *testing.B) {
		for b.Loop() {
			if c, err := s.Nearest(b.Context(), head); err != nil || c.Record == nil {
				b.Fatal(err)
			}
		}
	})
}
