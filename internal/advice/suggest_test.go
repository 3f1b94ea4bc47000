package advice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/dockerfile/dockerfiletest"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/timing"
)

func TestSuggestNothing(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	for name, change := range map[string]func(*advice.Input){
		"no record":           func(in *advice.Input) { in.Head = nil },
		"another frontend":    func(in *advice.Input) { in.Head.Dockerfile.Text = "recipe: {}" },
		"absolute Dockerfile": func(in *advice.Input) { in.Head.Dockerfile.Path = "/tmp/Dockerfile" },
		"Dockerfile outside":  func(in *advice.Input) { in.Head.Dockerfile.Path = "../Dockerfile" },
		"no context":          func(in *advice.Input) { in.Head.Manifests = nil },
		"nothing to replay":   func(in *advice.Input) { in.Replay = nil },
	} {
		t.Run(name, func(t *testing.T) {
			head := *sc.input.Head
			in := advice.Input{Head: &head, Causes: slices.Clone(sc.input.Causes), Ledger: sc.input.Ledger}
			window(t, &in)
			change(&in)
			if got := advice.Suggest(in).Suggestions; len(got) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Whatever the replay says, a build saves no more than it lost.
func TestPredictionIsBoundByLoss(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	sc.input.Ledger.Lost = 3
	if got := advice.Suggest(sc.input).Suggestions[0].Predicted.SecondsSavedPerBuild; got != 3 {
		t.Errorf("saves %g s of the 3 s that were lost", got)
	}
}

// Suggest never panics; its patches apply, keep every line and parse; they
// promise no more than was lost; and applied, the rule that made one has nothing
// left to say about the same changes.
func FuzzSuggest(f *testing.F) {
	for _, dir := range []string{"npm-comments-and-continuations", "npm-env-and-workdir", "npm-heredoc", "go-proxy",
		"late-arg-env-and-label", "late-arg-crlf", "late-arg-two-stages", "npm-workspaces", "pip-folder", "dockerignore-new",
		"apt-one-step", "apt-one-step-two-installs", "apt-lean", "apt-lean-heredoc", "chown-chmod", "chown-folder", "copy-link", "multi-stage",
		"narrow-copy", "narrow-copy-go", "order-by-volatility", "order-by-volatility-arg", "parallel-stages"} {
		f.Add(string(readFile(f, "testdata/suggest/"+dir+"/Dockerfile")))
	}
	f.Add("FROM node:24 AS a\nADD https://example.com/a \\\n  # here\n  /a\nADD --link https://example.com/b.git#main:src /b\nRUN true\n")
	f.Add("FROM node:24\nENV DB_PASSWORD=x\nCOPY . .\nCMD node .\n")
	f.Add("FROM python:3.13 AS a\nFROM --platform=linux/amd64 python AS python\nRUN true\n")
	f.Fuzz(func(t *testing.T, text string) {
		in, ok := everythingChanged(t, text)
		if !ok {
			return
		}
		everythingMoved(&in)
		suggestions := advice.Suggest(in).Suggestions
		for _, g := range suggestions {
			// A stage more is a step more, that takes less time.
			more := g.Rule == "parallel-stages" || g.Rule == "multi-stage"
			if g.Predicted.SecondsSavedPerBuild > in.Ledger.Lost+in.Past[0].Findings.Lost || g.Predicted.MissesAfter > g.Predicted.MissesBefore && !more {
				t.Errorf("predicted is %+v", g.Predicted)
			}
			if g.File != "Dockerfile" || g.Patch == "" { // of another file, or a remark
				continue
			}
			after, err := dockerfiletest.Apply(text, g.Patch)
			if err != nil {
				t.Fatalf("%v\n%s", err, g.Patch)
			}
			for line := range strings.Lines(text) {
				if line = strings.TrimRight(line, "\r\n"); !strings.Contains(after, line) && !rewrites[g.Rule] {
					t.Errorf("%q is lost", line)
				}
			}
			again, ok := everythingChanged(t, after)
			if !ok {
				t.Fatalf("the patch leaves %q", after)
			}
			if rewrites[g.Rule] && of(g.Rule, advice.Suggest(again).Suggestions) >= of(g.Rule, suggestions) {
				t.Errorf("applied, it suggests as much once more:\n%s", g.Patch)
			}
			if g.Rule == "late-arg" && strings.Count(after, "ARG") == 1 {
				for _, h := range advice.Suggest(again).Suggestions {
					if h.Rule == g.Rule {
						t.Errorf("applied, it suggests once more:\n%s\n%s", g.Patch, h.Patch)
					}
				}
			}
		}
	})
}

func of(rule string, all []advice.Suggestion) (n int) {
	for _, g := range all {
		if g.Rule == rule {
			n++
		}
	}
	return n
}

// everythingMoved has the earlier build's images and files be others than before.
func everythingMoved(in *advice.Input) {
	past := &record.Record{Status: record.Succeeded, Findings: &record.Findings{Misses: 100, Lost: 100}}
	for i, x := range in.Head.Dockerfile.Instructions {
		kind, source := "base-image-moved", &record.Source{Kind: record.SourceImage, Ref: "x", Digest: "sha256:" + strings.Repeat("1", 64)}
		switch {
		case x.Command == "FROM":
		case x.Command == "ADD" && strings.Contains(x.Text, ".git"):
			kind, source = "remote-source", &record.Source{Kind: record.SourceGit, Ref: "x", Digest: strings.Repeat("1", 40)}
		case x.Command == "ADD":
			kind, source.Kind = "remote-source", record.SourceHTTP
		default:
			continue
		}
		in.Head.Vertices = append(in.Head.Vertices, record.Vertex{Instruction: i, Source: source})
		past.Findings.Causes = append(past.Findings.Causes, record.Finding{Kind: kind, Instruction: x.Text, Steps: 1, Lost: 9})
	}
	in.Past = []*record.Record{past}
}

// everythingChanged is a build in which every COPY and every ARG lost the cache.
func everythingChanged(t testing.TB, text string) (advice.Input, bool) {
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		return advice.Input{}, false
	}
	head := newRecord(f)
	m := record.Manifest{Name: "context"}
	fill(&m, map[string]int64{"Dockerfile": 9, ".git/": 0, ".git/HEAD": 9, "go.mod": 1, "go.sum": 1, "main.go": 1, "package.json": 1,
		"package-lock.json": 1, "packages/a/package.json": 1, "requirements.txt": 1, "requirements/prod.txt": 1, "src/": 0, "src/a.js": 1}, ".")
	head.Manifests = []record.Manifest{m}
	for i := range head.Steps {
		head.Steps[i].Vertices = []int{i}
		head.Vertices = append(head.Vertices, record.Vertex{Kind: record.OpExec, Instruction: head.Steps[i].Instruction, Layer: &record.Layer{Bytes: 2e6}})
	}
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
	in := advice.Input{Head: head, Causes: causes, Ledger: ledger, ReadFile: func(string) ([]byte, error) { return nil, nil }}
	window(t, &in)
	return in, true
}

// A COPY of thousands of files, each named, takes no longer than its length asks for.
func TestThousandsOfSources(t *testing.T) {
	const files = 3000
	var sources strings.Builder
	sizes := map[string]int64{"package.json": 1, "package-lock.json": 1, "src/a.js": 1}
	for i := range files {
		fmt.Fprintf(&sources, " data/%d.txt", i)
		sizes[fmt.Sprintf("data/%d.txt", i)] = 1
	}
	in, ok := everythingChanged(t, "FROM node:24\nWORKDIR /app\nCOPY"+sources.String()+" /data/\nCOPY . .\nRUN npm ci\nRUN npm run build\n")
	if !ok {
		t.Fatal("the Dockerfile does not parse")
	}
	m := &in.Head.Manifests[0]
	m.Paths, m.Modes, m.Sizes, m.Digests, m.Data = nil, nil, nil, nil, nil
	fill(m, sizes, ".")
	window(t, &in)
	began := time.Now()
	if len(advice.Suggest(in).Suggestions) == 0 {
		t.Error("nothing is suggested")
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %s; each file asked for each source, of each file, takes hours", took)
	}
}

// What an edit would have saved in Dockerfiles of the past, and does not in today's,
// is no suggestion.
func TestTodayCounts(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	if len(advice.Suggest(sc.input).Suggestions) == 0 {
		t.Fatal("nothing is suggested to begin with")
	}
	sc.input.Today = sc.input.Replay
	if len(advice.Suggest(sc.input).Suggestions) == 0 {
		t.Error("nothing is suggested, though it helps today too")
	}
	sc.input.Today = func(_ map[string]replay.Edit, memory replay.Memory) (*replay.Result, error) {
		return sc.input.Replay(nil, memory)
	}
	for _, g := range advice.Suggest(sc.input).Suggestions {
		if g.Predicted.SecondsSavedPerBuild > 0 {
			t.Errorf("%s is to save %g s, though today it saves none", g.Rule, g.Predicted.SecondsSavedPerBuild)
		}
	}
}
