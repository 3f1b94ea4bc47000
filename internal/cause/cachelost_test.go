package cause_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// chain is a build of RUN steps, one on top of the other, each with its status.
func chain(id string, statuses ...record.StepStatus) *record.Record {
	r := &record.Record{
		ID: id, Status: record.Succeeded,
		Invocation: record.Invocation{Dockerfile: "Dockerfile"},
		Builder:    record.Builder{Worker: "w1"},
		Commit:     record.Commit{Ref: "refs/heads/topic", Branch: "topic", BaseBranch: "main", Default: "main"},
		Dockerfile: record.Dockerfile{
			Path:         "Dockerfile",
			Stages:       []record.Stage{{Name: "0", Parent: -1}},
			Instructions: []record.Instruction{{Command: "FROM", Text: "FROM scratch", Line: 1, EndLine: 1}},
		},
	}
	for i, s := range statuses {
		text := "RUN " + strings.Repeat("x", i+1)
		v := record.Vertex{Step: "s" + text, Kind: record.OpExec, Instruction: i + 1, Platform: "linux/amd64", Key: text, Status: s}
		if i > 0 {
			v.Inputs = []record.Input{{Vertex: i - 1}}
		}
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, record.Instruction{Command: "RUN", Text: text, Line: i + 2, EndLine: i + 2})
		r.Vertices = append(r.Vertices, v)
		r.Steps = append(r.Steps, record.Step{ID: v.Step, Instruction: i + 1, Platform: v.Platform, Status: s, Key: text, Vertices: []int{i}})
	}
	return r
}

func imported(typ, ref string, x *record.CacheIndex) record.CacheAccess {
	return record.CacheAccess{Direction: record.Import, Type: typ, Ref: ref, Index: x}
}

func exported(typ, ref, index string) record.CacheAccess {
	c := record.CacheAccess{Direction: record.Export, Type: typ, Ref: ref}
	if index != "" {
		c.Index = &record.CacheIndex{Digest: index}
	}
	return c
}

// One step ran although its key is the base's. What is known of the caches and the
// builders decides what is said, and nothing is said that is not known.
func TestLostResult(t *testing.T) {
	with := func(results, keys, absent []int) *record.CacheIndex {
		return &record.CacheIndex{Digest: "sha256:2", Results: results, Keys: keys, Absent: absent}
	}
	none := &record.CacheIndex{}
	failed := imported("registry", "a", nil)
	failed.Error = "connection refused"
	notFound := imported("registry", "a", nil)
	notFound.Error = "a: not found"
	cases := map[string]struct {
		base, head       []record.CacheAccess
		baseStatus       record.StepStatus
		worker           string // of the head; the base's is w1
		edit             func(base, head *record.Record)
		want             cause.Kind
		subject, before  string
		detail, evidence string
	}{
		"pruned at the builder":                        {want: cause.CacheEvicted, before: "w1"},
		"hit before, and nothing was made of it":       {baseStatus: record.Hit, want: cause.CacheEvicted},
		"another builder":                              {worker: "w2", want: cause.CacheEmpty, before: "w1"},
		"a builder that does not say which it is":      {worker: "-", want: cause.Unexplained},
		"a key without a result":                       {head: []record.CacheAccess{imported("registry", "a", with(nil, []int{0}, nil))}, want: cause.CacheNotExported, subject: "a"},
		"there with its result":                        {head: []record.CacheAccess{imported("registry", "a", with([]int{0}, nil, nil))}, worker: "w2", want: cause.Unexplained},
		"nothing known of the key":                     {head: []record.CacheAccess{imported("registry", "a", with(nil, nil, nil))}, worker: "w2", want: cause.Unexplained},
		"an index that could not be read":              {head: []record.CacheAccess{imported("registry", "a", nil)}, worker: "w2", want: cause.Unexplained},
		"an index that could not be read, one builder": {head: []record.CacheAccess{imported("registry", "a", nil)}, want: cause.CacheEvicted},
		"overwritten": {
			base: []record.CacheAccess{exported("registry", "a", "sha256:1")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			want: cause.CacheOverwritten, subject: "a", before: "sha256:1",
		},
		"overwritten, maybe: what was exported is not known": {
			base: []record.CacheAccess{exported("registry", "a", "")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			worker: "w2", want: cause.Unexplained,
		},
		"exported without it": {
			base: []record.CacheAccess{exported("registry", "a", "sha256:2")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			want: cause.CacheNotExported, subject: "a", detail: "mode=min",
		},
		"exported elsewhere": {
			base: []record.CacheAccess{exported("registry", "b", "sha256:1")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			want: cause.CacheNotExported, subject: "a", before: "registry b",
		},
		"exported for another branch": {
			base: []record.CacheAccess{exported("gha", "a", "sha256:1")}, head: []record.CacheAccess{imported("gha", "a", with(nil, nil, []int{0}))},
			edit: func(base, _ *record.Record) { base.Commit.Ref, base.Commit.Branch = "refs/heads/other", "other" },
			want: cause.CacheNotExported, subject: "a", detail: "refs/heads/other",
		},
		"exported into an image, and another image imported": {
			base: []record.CacheAccess{exported("inline", "", "sha256:1")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			worker: "w2", want: cause.Unexplained,
		},
		"exported into an image that is not where it is imported from": {
			base: []record.CacheAccess{exported("inline", "", "sha256:1")}, head: []record.CacheAccess{imported("registry", "a", none)},
			want: cause.CacheEmpty, subject: "a",
		},
		"exported into the image that was imported": {
			base: []record.CacheAccess{exported("inline", "", "sha256:2")}, head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))},
			want: cause.CacheNotExported, subject: "a",
		},
		"an import that failed for want of a program": {
			head: []record.CacheAccess{{Direction: record.Import, Type: "registry", Ref: "a", Error: "docker-credential-x: executable file not found in $PATH"}},
			want: cause.CacheImportFailed, subject: "a",
		},
		"exported nowhere": {head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0}))}, want: cause.CacheNotExported, subject: "a"},
		"there in the second cache": {
			head:   []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0})), imported("registry", "b", with([]int{0}, nil, nil))},
			worker: "w2", want: cause.Unexplained,
		},
		"a key in the second cache": {
			head: []record.CacheAccess{imported("registry", "a", with(nil, nil, []int{0})), imported("registry", "b", with(nil, []int{0}, nil))},
			want: cause.CacheNotExported, subject: "b",
		},
		"absent from the one that it was exported to": {
			base: []record.CacheAccess{exported("gha", "b", "sha256:1")},
			head: []record.CacheAccess{imported("gha", "a", with(nil, nil, []int{0})), imported("gha", "b", with(nil, nil, []int{0}))},
			want: cause.CacheOverwritten, subject: "b",
		},
		"an import failed": {head: []record.CacheAccess{failed}, want: cause.CacheImportFailed, subject: "a"},
		"the import failed that it was exported to": {
			base: []record.CacheAccess{exported("registry", "a", "sha256:1")},
			head: []record.CacheAccess{imported("registry", "b", with(nil, nil, []int{0})), failed},
			want: cause.CacheImportFailed, subject: "a",
		},
		"another import failed": {
			base: []record.CacheAccess{exported("registry", "b", "sha256:1")},
			head: []record.CacheAccess{imported("registry", "b", with(nil, nil, []int{0})), failed},
			want: cause.CacheOverwritten, subject: "b",
		},
		"no cache there":               {head: []record.CacheAccess{imported("registry", "a", none)}, want: cause.CacheEmpty, subject: "a"},
		"no cache there, by its error": {head: []record.CacheAccess{notFound}, want: cause.CacheEmpty, subject: "a"},
		"no longer there": {
			base: []record.CacheAccess{exported("s3", "a", "sha256:1")}, head: []record.CacheAccess{imported("s3", "a", none)},
			want: cause.CacheEvicted, subject: "a", before: "sha256:1",
		},
		"an Actions cache of another branch": {
			base: []record.CacheAccess{exported("gha", "a", "sha256:1")}, head: []record.CacheAccess{imported("gha", "a", none)},
			edit: func(base, _ *record.Record) { base.Commit.Ref, base.Commit.Branch = "refs/heads/other", "other" },
			want: cause.CacheEmpty, subject: "a", detail: "refs/heads/other",
		},
		"an Actions cache of the base branch": {
			base: []record.CacheAccess{exported("gha", "a", "sha256:1")}, head: []record.CacheAccess{imported("gha", "a", none)},
			edit: func(base, _ *record.Record) { base.Commit.Ref, base.Commit.Branch = "refs/heads/main", "main" },
			want: cause.CacheEvicted, subject: "a",
		},
		"a layer could not be loaded": {
			head: []record.CacheAccess{imported("registry", "a", with([]int{0}, nil, nil))},
			edit: func(_, head *record.Record) {
				head.Vertices[0].LoadError = "blob sha256:" + strings.Repeat("a", 64) + " not found"
			},
			want: cause.CacheBlobMissing, subject: "sha256:" + strings.Repeat("a", 64),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status := c.baseStatus
			if status == "" {
				status = record.Miss
			}
			base, head := chain("b", status), chain("h", record.Miss)
			base.Caches, head.Caches = c.base, c.head
			if c.worker != "" {
				head.Builder.Worker = strings.Trim(c.worker, "-")
			}
			if c.edit != nil {
				c.edit(base, head)
			}
			got := cause.Explain(head, base, nil)
			if len(got) != 1 || got[0].Kind != c.want {
				t.Fatalf("got %+v, want one %s", got, c.want)
			}
			if c.subject != "" && got[0].Subject != c.subject {
				t.Errorf("the subject is %q, want %q", got[0].Subject, c.subject)
			}
			if c.before != "" && got[0].Evidence.Before != c.before {
				t.Errorf("before was %q, want %q", got[0].Evidence.Before, c.before)
			}
			if !strings.Contains(got[0].Detail, c.detail) {
				t.Errorf("it says %q, without %q", got[0].Detail, c.detail)
			}
		})
	}
}

// A step that hit in the base because of what was made of it may never have had a
// result on the builder; only a measured execution there proves one.
func TestHitThatWasNotNeededProvesNothing(t *testing.T) {
	for name, earlier := range map[string]*record.Measurement{
		"never executed in a record": nil,
		"executed on this builder":   {Key: "RUN x", Worker: "w1"},
		"executed on another":        {Key: "RUN x", Worker: "w0"},
		"with another key":           {Key: "RUN y", Worker: "w1"},
	} {
		t.Run(name, func(t *testing.T) {
			base, head := chain("b", record.Hit, record.Hit), chain("h", record.Miss, record.Miss)
			base.Steps[0].Earlier = earlier
			want := cause.RerunForChild
			if name == "executed on this builder" {
				want = cause.CacheEvicted
			}
			got := cause.Explain(head, base, nil)
			i := slices.IndexFunc(got, func(c cause.Cause) bool { return slices.Contains(c.Steps, head.Steps[0].ID) })
			if i < 0 || got[i].Kind != want {
				t.Errorf("got %+v, want %s for the first step", got, want)
			}
		})
	}
}
