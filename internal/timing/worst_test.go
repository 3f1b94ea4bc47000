package timing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/layercause/layercause/internal/record"
)

// past is a record of the nth minute.
func past(n int, lost float64, causes ...record.Finding) *record.Record {
	return &record.Record{
		ID: fmt.Sprint("r", n), StartedAt: time.Date(2026, 1, 2, 3, n, 0, 0, time.UTC),
		Findings: &record.Findings{Saved: 10, Lost: lost, Net: 10 - lost, Causes: causes},
	}
}

func copied(line int, lost float64, files ...string) record.Finding {
	return record.Finding{Kind: "context-files", File: "Dockerfile", Line: line, Instruction: "COPY . .", Files: files, Lost: lost}
}

func TestWorst(t *testing.T) {
	files, instructions := Worst([]*record.Record{
		past(3, 6, copied(7, 6, "a", "b")),
		past(1, 4, copied(6, 4, "a"), record.Finding{Kind: "build-arg", File: "Dockerfile", Line: 2, Instruction: "ARG V", Lost: 0}),
		{ID: "old"}, nil,
		past(2, 9, record.Finding{Kind: "build-arg", File: "Dockerfile", Line: 2, Instruction: "ARG V", Lost: 9}),
		past(0, 5, record.Finding{Kind: "first-build", Instruction: "RUN true", Files: []string{"c"}, Lost: 5}),
	})
	if d := cmp.Diff([]WorstFile{{"a", 10, 4, 2}, {"b", 6, 0, 1}}, files); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]WorstInstruction{{"COPY . .", "Dockerfile", 7, 10, 2}, {"ARG V", "Dockerfile", 2, 9, 2}}, instructions); d != "" {
		t.Errorf("instructions (-want +got):\n%s", d)
	}
}

// In one build nothing loses more than the build lost, though two causes may
// share what was lost.
func TestWorstWithinABuild(t *testing.T) {
	files, instructions := Worst([]*record.Record{past(1, 5, copied(3, 5, "a"), copied(9, 4, "a", "b"))})
	if files[0] != (WorstFile{"a", 5, 5, 1}) || instructions[0].Lost != 5 || instructions[0].Builds != 1 {
		t.Errorf("%+v %+v", files, instructions)
	}
}

func TestSum(t *testing.T) {
	s := Sum([]*record.Record{past(1, 4), past(2, 16), {ID: "old"}, past(2, 16)})
	if s != (Sums{Builds: 2, Saved: 20, Lost: 20, Net: 0}) {
		t.Errorf("%+v", s)
	}
}

// TestWorstHolds states of random builds: the order of the records does not
// matter, nobody loses more than all builds did or takes part in more builds
// than there are, and the ranking is one.
func TestWorstHolds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		var records []*record.Record
		for n := range random.IntN(9) {
			lost := random.Float64() * 20
			var causes []record.Finding
			for range random.IntN(4) {
				var names []string
				for range random.IntN(4) {
					names = append(names, string(rune('a'+random.IntN(4))))
				}
				c := copied(random.IntN(9), random.Float64()*lost, names...)
				c.Instruction = fmt.Sprint("RUN ", random.IntN(3))
				causes = append(causes, c)
			}
			records = append(records, past(n, lost, causes...))
		}
		files, instructions := Worst(records)
		sum := Sum(records)
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		files2, instructions2 := Worst(append(records, records...))
		close := cmpopts.EquateApprox(0, 1e-9)
		if d := cmp.Diff(files, files2, close) + cmp.Diff(instructions, instructions2, close); d != "" {
			t.Fatalf("another order:\n%s", d)
		}
		for i, f := range files {
			if f.Lost > sum.Lost+1e-9 || f.Alone > f.Lost+1e-9 || f.Builds < 1 || f.Builds > sum.Builds || f.Lost <= 0 {
				t.Fatalf("%+v of %+v", f, sum)
			}
			if i > 0 && f.Lost > files[i-1].Lost {
				t.Fatalf("no ranking: %+v", files)
			}
		}
		for i, in := range instructions {
			if in.Lost > sum.Lost+1e-9 || in.Builds < 1 || in.Builds > sum.Builds || in.Lost <= 0 {
				t.Fatalf("%+v of %+v", in, sum)
			}
			if i > 0 && in.Lost > instructions[i-1].Lost {
				t.Fatalf("no ranking: %+v", instructions)
			}
		}
	}
}
