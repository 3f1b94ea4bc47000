package cause_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

func hash(s string) string {
	return fmt.Sprintf("%x", xxhash.Sum64String(s))
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// clone copies a record deeply.
func clone(t testing.TB, r *record.Record) *record.Record {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out := &record.Record{}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// mutate changes a few things that a build can differ in.
func mutate(rnd *rand.Rand, r *record.Record) {
	for range 1 + rnd.IntN(3) {
		switch rnd.IntN(5) {
		case 0: // a file
			if m := &r.Manifests[0]; len(m.Paths) > 0 {
				setFile(m, rnd.IntN(len(m.Paths)), rnd.Uint64())
			}
		case 1: // an image
			for i := range r.Vertices {
				if s := r.Vertices[i].Source; s != nil && s.Kind == record.SourceImage && rnd.IntN(2) == 0 {
					s.Digest += "moved"
				}
			}
		case 2: // an instruction's text, and what it does
			v := &r.Vertices[rnd.IntN(len(r.Vertices))]
			if len(v.Parts) > 0 {
				v.Parts[0].Digest += "edited"
				r.Dockerfile.Instructions[v.Instruction].Text += " edited"
			}
		case 3: // a build argument, which every RUN of the stage below it sees
			value := fmt.Sprint(rnd.Uint32())
			name := fmt.Sprintf("env:V%d", rnd.IntN(10))
			for i := range r.Vertices {
				for n := range r.Vertices[i].Parts {
					if p := &r.Vertices[i].Parts[n]; p.Name == name {
						p.Digest = value
					}
				}
			}
		case 4: // the cache is ignored
			r.Vertices[rnd.IntN(len(r.Vertices))].IgnoreCache = true
		}
	}
	rekey(r)
}

func miss(r *record.Record) {
	for i := range r.Steps {
		r.Steps[i].Status = record.Miss
	}
	for i := range r.Vertices {
		r.Vertices[i].Status = record.Miss
	}
}

// check holds causes to what must be true of them whatever the records are.
func check(t *testing.T, r *record.Record, causes []cause.Cause) {
	t.Helper()
	status := map[string]record.StepStatus{}
	for _, s := range r.Steps {
		status[s.ID] = s.Status
	}
	explained := map[string]bool{}
	for i, c := range causes {
		if want := fmt.Sprintf("c%d", i+1); c.ID != want {
			t.Errorf("cause %d has the ID %s, want %s", i, c.ID, want)
		}
		if len(c.Steps) == 0 {
			t.Errorf("%s at line %d has no steps", c.Kind, c.Line)
		}
		seen := map[string]bool{}
		for _, s := range c.Steps {
			if status[s] != record.Miss {
				t.Errorf("%s at line %d names step %s, which is %s", c.Kind, c.Line, s, status[s])
			}
			if seen[s] {
				t.Errorf("%s at line %d names step %s twice", c.Kind, c.Line, s)
			}
			seen[s], explained[s] = true, true
		}
		for _, s := range c.Evidence.NeededBy {
			if status[s] != record.Miss && status[s] != record.StepFailed {
				t.Errorf("%s at line %d was needed by %s, which is %s", c.Kind, c.Line, s, status[s])
			}
		}
	}
	for id, s := range status {
		if s == record.Miss && !explained[id] {
			t.Errorf("step %s missed and has no cause", id)
		}
	}
}

func TestARecordAgainstItselfHasNothingThatChanged(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := generate(rnd, 1+rnd.IntN(4), 1+rnd.IntN(12), rnd.IntN(30))
		miss(r)
		causes := cause.Explain(r, clone(t, r), nil)
		check(t, r, causes)
		for _, c := range causes {
			if c.Kind != cause.Unexplained && c.Kind != cause.RerunForChild {
				t.Fatalf("seed %d: %s at line %d (%s)", seed, c.Kind, c.Line, c.Detail)
			}
		}
	}
}

func TestARecordWithoutMissesHasNoCause(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 10))
		r := generate(rnd, 1+rnd.IntN(4), 1+rnd.IntN(12), rnd.IntN(30))
		for i := range r.Steps {
			r.Steps[i].Status = record.Hit
		}
		if causes := cause.Explain(r, clone(t, r), nil); len(causes) > 0 {
			t.Fatalf("seed %d: %v", seed, causes)
		}
	}
}

// Every cause has exactly the steps that it alone would have invalidated: what two
// changes do together is what each does by itself.
func TestCausesOfTwoChangesAreThoseOfEach(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		base := generate(rnd, 1+rnd.IntN(4), 4+rnd.IntN(12), 30)
		steps := func(change ...func(*record.Record)) map[string][]string {
			head := clone(t, base)
			for _, c := range change {
				c(head)
			}
			rekey(head)
			for i := range head.Steps {
				s := &head.Steps[i]
				s.Status = record.Hit
				if s.Key != base.Steps[i].Key {
					s.Status = record.Miss
				}
				head.Vertices[s.Vertices[0]].Status = s.Status
			}
			out := map[string][]string{}
			for _, c := range cause.Explain(head, base, nil) {
				out[fmt.Sprintf("%s at %d (%s)", c.Kind, c.Line, c.Subject)] = c.Steps
			}
			return out
		}
		file, content := rnd.IntN(30), rnd.Uint64()
		image, run := rnd.IntN(len(base.Vertices)), rnd.IntN(len(base.Vertices))
		first := func(r *record.Record) { setFile(&r.Manifests[0], file, content) }
		second := func(r *record.Record) {
			if s := r.Vertices[image].Source; s != nil && s.Kind == record.SourceImage {
				s.Digest += "moved"
			}
			if v := &r.Vertices[run]; v.Kind == record.OpExec {
				v.Parts[0].Digest += "edited"
				r.Dockerfile.Instructions[v.Instruction].Text += " edited"
			}
		}
		want := steps(first)
		for name, list := range steps(second) {
			want[name] = list
		}
		if diff := cmp.Diff(want, steps(first, second)); diff != "" {
			t.Fatalf("seed %d (-each alone +together):\n%s", seed, diff)
		}
	}
}

func TestEveryMissHasACause(t *testing.T) {
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		base := generate(rnd, 1+rnd.IntN(4), 1+rnd.IntN(12), rnd.IntN(30))
		head := clone(t, base)
		mutate(rnd, head)
		check(t, head, cause.Explain(head, base, nil))
		check(t, head, cause.Explain(head, nil, []string{"nowhere"}))
		// Against a record that has nothing to do with it.
		check(t, head, cause.Explain(head, generate(rnd, 2, 5, 10), nil))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// A change of one thing is told as that thing.
func TestAChangedFileIsTheOnlyCause(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		base := generate(rnd, 3, 10, 30)
		head := clone(t, base)
		file := rnd.IntN(30)
		setFile(&head.Manifests[0], file, rnd.Uint64())
		rekey(head)
		// What really re-runs: everything with another key.
		for i := range head.Steps {
			s := &head.Steps[i]
			s.Status = record.Hit
			if s.Key != base.Steps[i].Key {
				s.Status = record.Miss
			}
			head.Vertices[s.Vertices[0]].Status = s.Status
		}
		causes := cause.Explain(head, base, nil)
		check(t, head, causes)
		want := []cause.FileChange{{Path: head.Manifests[0].Paths[file], Change: "content"}}
		for _, c := range causes {
			if diff := cmp.Diff(want, c.Evidence.Files); c.Kind != cause.ContextFiles || diff != "" {
				t.Fatalf("seed %d: %s at line %d (-want +got):\n%s", seed, c.Kind, c.Line, diff)
			}
		}
	}
}

// The order of vertices and steps in the record has no meaning, as long as inputs
// stand first.
func TestTheOrderInTheRecordChangesNothing(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		base := generate(rnd, 1+rnd.IntN(4), 1+rnd.IntN(12), rnd.IntN(30))
		head := clone(t, base)
		mutate(rnd, head)
		want := cause.Explain(head, base, nil)
		got := cause.Explain(permute(rnd, clone(t, head)), permute(rnd, clone(t, base)), nil)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(cause.Cause{})); diff != "" {
			t.Fatalf("seed %d (-as built +permuted):\n%s", seed, diff)
		}
	}
}

// permute puts the vertices in another topological order and the steps in any.
func permute(rnd *rand.Rand, r *record.Record) *record.Record {
	n := len(r.Vertices)
	at := make([]int, n) // old index to new
	for i := range at {
		at[i] = -1
	}
	var order []int
	for len(order) < n {
		i := rnd.IntN(n)
		if at[i] >= 0 || slices.ContainsFunc(r.Vertices[i].Inputs, func(in record.Input) bool { return at[in.Vertex] < 0 }) {
			continue
		}
		at[i] = len(order)
		order = append(order, i)
	}
	vertices := make([]record.Vertex, n)
	for old, v := range r.Vertices {
		for i := range v.Inputs {
			v.Inputs[i].Vertex = at[v.Inputs[i].Vertex]
		}
		vertices[at[old]] = v
	}
	r.Vertices = vertices
	for i := range r.Steps {
		for j, v := range r.Steps[i].Vertices {
			r.Steps[i].Vertices[j] = at[v]
		}
	}
	rnd.Shuffle(len(r.Steps), func(i, j int) { r.Steps[i], r.Steps[j] = r.Steps[j], r.Steps[i] })
	return r
}

// changes are the kinds that say that something differs.
var changes = []cause.Kind{
	cause.InstructionChanged, cause.InstructionAdded, cause.BuildArg, cause.Env, cause.ContextFiles, cause.ContextRules,
	cause.BaseImageMoved, cause.BaseImageChanged, cause.RemoteSource, cause.NamedContext, cause.Platform, cause.StepOptions,
}

// known says that every operation belongs to an instruction and is for a platform
// that was built, as in every record of a build.
func known(r *record.Record) bool {
	platforms := map[string]bool{}
	for _, s := range r.Steps {
		platforms[s.Platform] = true
	}
	return !slices.ContainsFunc(r.Vertices, func(v record.Vertex) bool {
		return v.Source == nil && (v.Instruction < 0 || !platforms[v.Platform])
	})
}

// FuzzExplain gives whatever can be read as a record to Explain, against itself
// and against a sound one: it must come to an end, and its causes must hang
// together.
func FuzzExplain(f *testing.F) {
	sound := generate(rand.New(rand.NewPCG(1, 5)), 2, 8, 10)
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		r := clone(f, sound)
		mutate(rnd, r)
		data, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var packed bytes.Buffer
		w, err := zstd.NewWriter(&packed)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
		w.Close()
		r, err := record.Read(&packed)
		if err != nil {
			return
		}
		same := cause.Explain(r, r, nil)
		check(t, r, same)
		for _, c := range same {
			if known(r) && slices.Contains(changes, c.Kind) {
				t.Errorf("a record against itself: %s at line %d (%s)", c.Kind, c.Line, c.Detail)
			}
		}
		check(t, r, cause.Explain(r, sound, nil))
		check(t, sound, cause.Explain(sound, r, nil))
		check(t, r, cause.Explain(r, nil, nil))
	})
}
