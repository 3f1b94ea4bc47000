package advice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/dockerfile/dockerfiletest"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

func TestSuggestNothing(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	for name, change := range map[string]func(*advice.Input){
		"no record":           func(in *advice.Input) { in.Head = nil },
		"no causes":           func(in *advice.Input) { in.Causes = nil },
		"another frontend":    func(in *advice.Input) { in.Head.Dockerfile.Text = "recipe: {}" },
		"absolute Dockerfile": func(in *advice.Input) { in.Head.Dockerfile.Path = "/tmp/Dockerfile" },
		"Dockerfile outside":  func(in *advice.Input) { in.Head.Dockerfile.Path = "../Dockerfile" },
		"no context":          func(in *advice.Input) { in.Head.Manifests = nil },
		"a line that is not":  func(in *advice.Input) { in.Causes[0].Line = 99 },
		"no line":             func(in *advice.Input) { in.Causes[0].Line = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			head := *sc.input.Head
			in := advice.Input{Head: &head, Causes: slices.Clone(sc.input.Causes), Ledger: sc.input.Ledger}
			change(&in)
			if got := advice.Suggest(in); len(got) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Steps run in parallel: what is saved is never more than the cause lost.
func TestPredictionIsBoundByLoss(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	sc.input.Ledger.CauseLost["c1"] = 4
	if got := advice.Suggest(sc.input)[0].Predicted.SecondsSavedPerBuild; got != 4 {
		t.Errorf("saves %g s of the 4 s that the cause lost", got)
	}
	sc.input.Ledger.Lost = 3
	if got := advice.Suggest(sc.input)[0].Predicted.SecondsSavedPerBuild; got != 3 {
		t.Errorf("saves %g s of the 3 s that were lost", got)
	}
}

// Suggest never panics; its patches apply, keep every line and parse; they
// promise no more than was lost; and applied, the rule that made one has nothing
// left to say about the same changes.
func FuzzSuggest(f *testing.F) {
	for _, dir := range []string{"npm-comments-and-continuations", "npm-env-and-workdir", "npm-heredoc", "go-proxy",
		"late-arg-env-and-label", "late-arg-crlf", "late-arg-two-stages", "npm-workspaces", "pip-folder", "dockerignore-new"} {
		f.Add(string(readFile(f, "testdata/suggest/"+dir+"/Dockerfile")))
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, ok := everythingChanged(text)
		if !ok {
			return
		}
		for _, g := range advice.Suggest(in) {
			if g.Predicted.SecondsSavedPerBuild > in.Ledger.Lost || g.Predicted.MissesAfter > g.Predicted.MissesBefore {
				t.Errorf("predicted is %+v", g.Predicted)
			}
			if g.File != "Dockerfile" {
				continue
			}
			after, err := dockerfiletest.Apply(text, g.Patch)
			if err != nil {
				t.Fatalf("%v\n%s", err, g.Patch)
			}
			for line := range strings.Lines(text) {
				if line = strings.TrimRight(line, "\r\n"); !strings.Contains(after, line) {
					t.Errorf("%q is lost", line)
				}
			}
			again, ok := everythingChanged(after)
			if !ok {
				t.Fatalf("the patch leaves %q", after)
			}
			if g.Rule == "late-arg" && strings.Count(after, "ARG") == 1 {
				for _, h := range advice.Suggest(again) {
					if h.Rule == g.Rule {
						t.Errorf("applied, it suggests once more:\n%s\n%s", g.Patch, h.Patch)
					}
				}
			}
		}
	})
}

// everythingChanged is a build in which every COPY and every ARG lost the cache.
func everythingChanged(text string) (advice.Input, bool) {
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		return advice.Input{}, false
	}
	head := newRecord(f)
	m := record.Manifest{Name: "context"}
	fill(&m, map[string]int64{"Dockerfile": 9, ".git/": 0, ".git/HEAD": 9, "go.mod": 1, "go.sum": 1, "main.go": 1, "package.json": 1,
		"package-lock.json": 1, "packages/a/package.json": 1, "requirements.txt": 1, "requirements/prod.txt": 1, "src/": 0, "src/a.js": 1}, ".")
	head.Manifests = []record.Manifest{m}
	var causes []cause.Cause
	for _, in := range f.Instructions {
		c := cause.Cause{ID: fmt.Sprintf("c%d", len(causes)), Line: in.Line}
		switch {
		case in.Command == "COPY":
			c.Kind, c.Evidence.Files = cause.ContextFiles, []cause.FileChange{{Path: "src/a.js", Change: "content"}}
		case in.Command == "ARG" && in.Stage >= 0 && len(in.Names) > 0:
			c.Kind, c.Evidence.Name = cause.BuildArg, in.Names[0]
		default:
			continue
		}
		causes = append(causes, c)
	}
	ledger := timing.Ledger{CauseLost: map[string]float64{}}
	miss(head, f, causes, nil, &ledger)
	return advice.Input{Head: head, Causes: causes, Ledger: ledger}, true
}

func ExampleSuggest() {
	head := &record.Record{
		Invocation: record.Invocation{Context: "."},
		Dockerfile: record.Dockerfile{
			Path: "Dockerfile",
			Text: "FROM node:24\nWORKDIR /app\nCOPY . .\nRUN npm ci\n",
			Instructions: []record.Instruction{
				{Command: "FROM", Line: 1, EndLine: 1}, {Command: "WORKDIR", Line: 2, EndLine: 2},
				{Command: "COPY", Line: 3, EndLine: 3}, {Command: "RUN", Line: 4, EndLine: 4}},
		},
		Steps: []record.Step{
			{ID: "s1", Instruction: 1, Status: record.Hit},
			{ID: "s2", Instruction: 2, Status: record.Miss, Seconds: 0.4},
			{ID: "s3", Instruction: 3, Status: record.Miss, Seconds: 58}},
		Manifests: []record.Manifest{{
			Name:  "context",
			Paths: []string{"app.js", "package-lock.json", "package.json"},
			Modes: []uint32{0o644, 0o644, 0o644}, Sizes: []int64{900, 90000, 400}}},
	}
	causes := []cause.Cause{{
		ID: "c1", Kind: cause.ContextFiles, Line: 3, Steps: []string{"s2", "s3"},
		Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "app.js", Change: "content"}}}}}
	ledger := timing.Ledger{Lost: 58.4, CauseLost: map[string]float64{"c1": 58.4}}
	for _, s := range advice.Suggest(advice.Input{Head: head, Causes: causes, Ledger: ledger}) {
		fmt.Printf("%s saves %g s\n%s", s.Rule, s.Predicted.SecondsSavedPerBuild, s.Patch)
	}
	// Output:
	// deps-before-source saves 58 s
	// --- a/Dockerfile
	// +++ b/Dockerfile
	// @@ -1,4 +1,5 @@
	//  FROM node:24
	//  WORKDIR /app
	// +COPY package-lock.json package.json ./
	// +RUN npm ci
	//  COPY . .
	// -RUN npm ci
}
