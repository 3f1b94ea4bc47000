package advice

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

// Each case of testdata/mounts is a Dockerfile (without one, it runs what its file
// run says on an image of no known name) of which every RUN runs again, with the
// files of its context. Its want has the lines that cache-mount writes, and why it
// leaves others as they are.
func TestMounts(t *testing.T) {
	eachCase(t, "testdata/mounts", func(t *testing.T, context map[string]string) string {
		text, ok := context["Dockerfile"]
		if !ok {
			text = "FROM base\nRUN " + context["run"]
		}
		delete(context, "Dockerfile")
		delete(context, "run")
		s := everyCopyChanged(t, text, context, false)
		s.rule = "cache-mount"
		var b strings.Builder
		for _, c := range mountCaches(s) {
			before := strings.Split(string(c.Edits[0].Before), "\n")
			for line := range strings.SplitSeq(strings.TrimSuffix(string(c.Edits[0].After), "\n"), "\n") {
				if !slices.Contains(before, line) {
					fmt.Fprintln(&b, line)
				}
			}
		}
		for _, x := range s.silences {
			fmt.Fprintf(&b, "silent: %s\n", x.Why)
		}
		return b.String()
	})
}

// A mount is of no use on a builder that ends with its job.
func TestMountsEnd(t *testing.T) {
	const text = "FROM base\nRUN pip install flask\n"
	hit := []record.Step{{Instruction: 1, Status: record.Hit}}
	imported := []record.CacheAccess{{Direction: record.Import}}
	on := func(worker string) record.Builder { return record.Builder{Driver: "unix", Worker: worker} }
	kept := &record.Record{ID: "earlier", Builder: on("w"), Commit: record.Commit{SHA: "1"}}
	of := func(sha string) record.Commit { return record.Commit{SHA: sha} }
	day := kept.StartedAt.Add(24 * time.Hour)
	for name, tt := range map[string]struct {
		head record.Record
		base *record.Record
		past []*record.Record
		says bool
	}{
		"nothing was built":              {head: record.Record{}},
		"only an earlier build":          {head: record.Record{}, base: &record.Record{ID: "earlier", Builder: on("w"), Steps: hit}, says: true},
		"nothing of an earlier build":    {head: record.Record{Builder: on("w")}},
		"hits of its own store":          {head: record.Record{Builder: on("w"), Steps: hit}, says: true},
		"hits of a cache":                {head: record.Record{Builder: on("w"), Steps: hit, Caches: imported}},
		"another commit on this store":   {head: record.Record{Builder: on("w"), Commit: of("2"), Caches: imported}, base: kept, says: true},
		"another commit on another":      {head: record.Record{Builder: on("v"), Commit: of("2"), Steps: hit}, base: kept},
		"another build of the job":       {head: record.Record{Builder: on("w"), Commit: of("1"), Steps: hit}, base: kept},
		"the same commit on another day": {head: record.Record{Builder: on("w"), Commit: of("1"), StartedAt: day}, base: kept, says: true},
		"no commit":                      {head: record.Record{Builder: on("w")}, base: kept, says: true},
		"an older build on this store":   {head: record.Record{Builder: on("w"), Commit: of("2"), Caches: imported}, past: []*record.Record{kept}, says: true},
		"no store is named":              {head: record.Record{Builder: on("")}, base: &record.Record{ID: "x"}},
		"this build is no earlier one":   {head: record.Record{ID: "head", Builder: on("w"), Caches: imported}, past: []*record.Record{{ID: "head", Builder: on("w")}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := everyCopyChanged(t, text, nil, false)
			head := tt.head
			head.ID, head.Dockerfile = "head", s.Head.Dockerfile
			s.Head, s.Base, s.Past, s.memory = &head, tt.base, tt.past, memoryOf(&head, tt.past)
			got := mountCaches(s)
			if (len(got) > 0) != tt.says || (len(s.silences) > 0) == tt.says {
				t.Errorf("it gives %d suggestions, and is silent because %v", len(got), s.silences)
			}
		})
	}
}

// The image may differ in the folder alone, and in those that were made for it.
func TestMountDeclares(t *testing.T) {
	for run, want := range map[string][]Difference{
		"pip install flask": {{Path: "/root/.cache/pip"}, {Path: "/root/.cache/pip/**"},
			{Path: "/root/.cache", Change: "removed"}, {Path: "/root", Change: "removed"}},
		"apt-get update && apt-get install -y x": {{Path: "/var/cache/apt"}, {Path: "/var/cache/apt/**"}, {Path: "/var/cache", Change: "removed"}, {Path: "/var", Change: "removed"},
			{Path: "/var/lib/apt/lists"}, {Path: "/var/lib/apt/lists/**"}, {Path: "/var/lib/apt", Change: "removed"}, {Path: "/var/lib", Change: "removed"},
			{Path: "/etc/apt/apt.conf.d/docker-clean"}},
	} {
		got := mountCaches(everyCopyChanged(t, "FROM base\nRUN "+run+"\n", nil, false))
		if len(got) != 1 {
			t.Fatalf("%s: %d suggestions", run, len(got))
		}
		if diff := cmp.Diff(want, got[0].Declares); diff != "" {
			t.Errorf("%s (-want +got):\n%s", run, diff)
		}
		if len(got[0].Assumes) != 2 {
			t.Errorf("%s takes for granted: %q", run, got[0].Assumes)
		}
	}
}

// A download that is put in may leave more than the build alone.
func TestFetchFirstDeclares(t *testing.T) {
	s := everyCopyChanged(t, "FROM golang:1.26\nCOPY . /src\nWORKDIR /src\nRUN go build .\n",
		map[string]string{"changed.txt": "", "go.mod": "module a\nrequire example.com/b v1.0.0\n"}, false)
	p := newMove(s, 0)
	p.walk()
	c, ok := p.candidate()
	if !ok {
		t.Fatalf("nothing is suggested: %v", s.silences)
	}
	if diff := cmp.Diff([]Difference{{Path: "/go/pkg/mod"}, {Path: "/go/pkg/mod/**"}}, c.Declares); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
