package record

import (
	"fmt"
	"strings"
	"time"
)

// sample returns a valid record with n steps and a manifest of as many files.
func sample(n int) *Record {
	salt := Salt{1}
	r := &Record{
		Schema:     Schema,
		ID:         strings.Repeat("0a", 16),
		SaltID:     salt.ID(),
		StartedAt:  time.Date(2026, 5, 6, 7, 8, 9, 10, time.UTC),
		Seconds:    12.5,
		Status:     Succeeded,
		Invocation: Invocation{Context: ".", Dockerfile: "Dockerfile", Platforms: []string{"linux/amd64"}, BuildArgs: []Value{{"V", salt.Digest("1")}}},
		Commit:     Commit{Repository: "octo/app", SHA: "c0ffee", Branch: "main"},
		Job:        &Job{Name: "image", Matrix: "node: 20"},
		Builder:    Builder{Name: "b", Driver: "unix", Version: "v0.33.1"},
		Dockerfile: Dockerfile{
			Path: "Dockerfile", Text: "FROM scratch\n",
			Stages:       []Stage{{Name: "0", Base: "scratch", Parent: -1}},
			Instructions: []Instruction{{Command: "FROM", Text: "FROM scratch", Line: 1, EndLine: 1}},
		},
		Vertices: []Vertex{{Kind: OpSource, Status: NotRun, Source: &Source{Kind: SourceLocal, RefDigest: "d"}}},
		Caches:   []CacheAccess{{Direction: Import, Type: "local", Ref: "cache", Seconds: 0.1}},
		Warnings: []string{"one"},
	}
	m := Manifest{Name: "context", Links: map[int]string{}, Ignore: []string{"node_modules"}}
	for i := range n {
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, Instruction{
			Command: "RUN", Text: fmt.Sprintf("RUN make step-%d && echo \"done\"", i), Line: i + 2, EndLine: i + 2})
		r.Steps = append(r.Steps, Step{
			ID: fmt.Sprintf("s%d", i+1), Instruction: i + 1, Stage: "0", Platform: "linux/amd64",
			Status: Miss, Seconds: 1, Key: salt.Digest("step", fmt.Sprint(i)), Vertices: []int{i + 1}})
		v := Vertex{Step: fmt.Sprintf("s%d", i+1), Kind: OpExec, Instruction: i + 1, Status: Miss,
			Key: salt.Digest("vertex", fmt.Sprint(i)), Inputs: []Input{{Vertex: i}},
			Intervals: []Interval{{Start: float64(i), End: float64(i + 1)}},
			Takes:     []Take{{Digest: "d", Paths: []string{"src"}, Files: [][2]int{{0, n}}}}}
		for p := range 12 {
			v.Parts = append(v.Parts, Part{Name: fmt.Sprintf("env:NAME_%d", p), Digest: salt.Digest("part", fmt.Sprint(i, p))})
		}
		r.Vertices = append(r.Vertices, v)
		m.Paths = append(m.Paths, fmt.Sprintf("src/file-%d.go", i))
		m.Digests = append(m.Digests, salt.Digest(fmt.Sprint(i))[:DigestSize]...)
		m.Data = append(m.Data, salt.Digest(fmt.Sprint(i))[:DataSize]...)
		m.Modes = append(m.Modes, 0o644)
		m.Sizes = append(m.Sizes, int64(i))
	}
	r.Manifests = []Manifest{m}
	return r
}
