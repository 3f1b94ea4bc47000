package cause_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// longStage is a stage of n RUN instructions, each laid on the one before, as many as
// the limits on reading a record let pass.
func longStage(n int, text func(i int) string) *record.Record {
	r := &record.Record{
		Schema: record.Schema, ID: "r1", SaltID: "salt", Status: record.Succeeded,
		Dockerfile: record.Dockerfile{
			Path: "Dockerfile", Stages: []record.Stage{{Name: "0", Parent: -1}},
			Instructions: []record.Instruction{{Command: "FROM", Text: "FROM scratch", Line: 1, EndLine: 1}},
		},
		Vertices: []record.Vertex{{
			Kind: record.OpSource, Platform: "linux/amd64", Status: record.Hit,
			Source: &record.Source{Kind: record.SourceImage, Ref: "scratch", RefDigest: "scratch", Digest: "scratch"},
		}},
	}
	for i := range n {
		id := fmt.Sprint("s", i+1)
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, record.Instruction{
			Command: "RUN", Text: text(i), Line: i + 2, EndLine: i + 2,
		})
		r.Vertices = append(r.Vertices, record.Vertex{
			Step: id, Kind: record.OpExec, Instruction: i + 1, Platform: "linux/amd64", Status: record.Miss,
			Inputs: []record.Input{{Vertex: i}}, Parts: []record.Part{{Name: "args", Digest: text(i)}},
			Key: fmt.Sprint(i, text(i)),
		})
		r.Steps = append(r.Steps, record.Step{
			ID: id, Instruction: i + 1, Stage: "0", Platform: "linux/amd64", Status: record.Miss, Vertices: []int{i + 1},
		})
	}
	return r
}

// maxHostile bounds what explaining any record may allocate in all, in bytes.
const maxHostile = 1_500_000_000

func TestHugeRecordsTakeBoundedMemory(t *testing.T) {
	const n = 20_000
	plain := func(i int) string { return fmt.Sprint("RUN step ", i) }
	edited := func(i int) string { return fmt.Sprint("RUN step ", i, " edited") }
	long := strings.Repeat("word ", 4<<20/5)
	stages := func(r *record.Record) *record.Record {
		d := &r.Dockerfile
		for i := range d.Instructions[1:] {
			d.Stages = append(d.Stages, record.Stage{Name: fmt.Sprint(i + 1), Parent: i, From: 0})
			d.Instructions[i+1].Stage = i + 1
		}
		return r
	}
	for name, pair := range map[string][2]*record.Record{
		"every step edited": {longStage(n, edited), longStage(n, plain)},
		"the other way round": {
			longStage(n, plain), longStage(n, func(i int) string { return plain(n - i) }),
		},
		"a stage for each step": {stages(longStage(n/4, edited)), stages(longStage(n/4, plain))},
		"long texts":            {longStage(40, func(i int) string { return "RUN x" + long }), longStage(40, func(i int) string { return "RUN y" + long })},
		"no earlier record":     {longStage(n, plain), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			causes := cause.Explain(pair[0], pair[1], nil)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > maxHostile {
				t.Errorf("%d MB for %d causes", n/1_000_000, len(causes))
			}
			explained := map[string]bool{}
			for _, c := range causes {
				for _, s := range c.Steps {
					explained[s] = true
				}
			}
			if len(explained) != len(pair[0].Steps) {
				t.Errorf("%d of %d steps have a cause", len(explained), len(pair[0].Steps))
			}
		})
	}
}

// Manifests that no walk would give, overlapping ranges and names without end.
func TestHostileManifestsAreCompared(t *testing.T) {
	for name, damage := range map[string]func(*record.Record){
		"paths in any order": func(r *record.Record) { slices.Reverse(r.Manifests[0].Paths) },
		"one path":           func(r *record.Record) { fill(r.Manifests[0].Paths, "a") },
		"no names":           func(r *record.Record) { fill(r.Manifests[0].Paths, "") },
		"slashes":            func(r *record.Record) { fill(r.Manifests[0].Paths, strings.Repeat("/", 1000)) },
		"a folder in itself": func(r *record.Record) {
			for i := range r.Manifests[0].Paths {
				r.Manifests[0].Paths[i] = strings.Repeat("a/", i%3000)
				r.Manifests[0].Modes[i] = 1 << 31
			}
		},
		"overlapping ranges": func(r *record.Record) {
			for i := range r.Vertices {
				for n := range r.Vertices[i].Takes {
					t := &r.Vertices[i].Takes[n]
					t.Files = append([][2]int{{3, 3}, {0, 5000}, {100, 200}, {0, 0}}, t.Files...)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := generate(newRand(9), 3, 12, 5000)
			head := clone(t, base)
			damage(head)
			for i := range head.Manifests[0].Paths {
				setFile(&head.Manifests[0], i, uint64(i))
			}
			rekey(head)
			miss(head)
			check(t, head, cause.Explain(head, base, nil))
			check(t, head, cause.Explain(head, clone(t, head), nil))
			miss(base)
			check(t, base, cause.Explain(base, head, nil))
		})
	}
}

func fill(paths []string, p string) {
	for i := range paths {
		paths[i] = p
	}
}
