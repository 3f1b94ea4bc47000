package advice_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/workflow"
)

// Each file of testdata/known is a build of which records tell more than a replay
// can: its Dockerfile, workflows and other files, what was observed (see observe),
// and what the rule that the file is named after says: suggestions, or why it keeps
// silent.
func TestKnownBuilds(t *testing.T) {
	paths, err := filepath.Glob("testdata/known/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d cases, %v", len(paths), err)
	}
	for _, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), ".txtar")
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			rule, _, _ := strings.Cut(name, "_")
			if !slices.Contains(advice.Rules(), rule) {
				t.Fatalf("there is no rule %s", rule)
			}
			in := observed(t, a)
			got := said(t, a, rule, advice.Suggest(in))
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
			if i < 0 {
				i = len(a.Files)
				a.Files = append(a.Files, txtar.File{Name: "want"})
			}
			if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if *update {
				a.Files[i].Data = []byte(got)
				if err := os.WriteFile(p, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// said is what a rule says. Its patches apply with git, the Dockerfile of the result
// parses, and its workflows pass actionlint.
func said(t *testing.T, a *txtar.Archive, rule string, advised advice.Advice) string {
	t.Helper()
	var b strings.Builder
	for _, g := range advised.Suggestions {
		if g.Rule != rule {
			continue
		}
		p := g.Predicted
		fmt.Fprintf(&b, "%s:%d %s\n", g.File, g.Line, g.Title)
		if p.CommitsSaved > 0 {
			fmt.Fprintf(&b, "%d of %d builds, misses %d -> %d, %.2f s\n", p.CommitsSaved, p.Commits, p.MissesBefore, p.MissesAfter, p.SecondsSavedPerBuild)
		}
		for line := range strings.Lines(g.Patch) {
			if line[0] == '+' || line[0] == '-' {
				b.WriteString(strings.ReplaceAll(line, "\r", ""))
			}
		}
		if g.Patch != "" {
			applies(t, a, g.Patch)
		}
	}
	if b.Len() > 0 {
		return b.String()
	}
	for _, x := range advised.Silences {
		if x.Rule == rule {
			fmt.Fprintf(&b, "silent %d: %s\n", x.Line, x.Why)
		}
	}
	return b.String()
}

func applies(t *testing.T, a *txtar.Archive, patch string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range a.Files {
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, nil, "init", "-q")
	git(t, dir, []byte(patch), "apply", "--whitespace=nowarn", "-")
	for _, f := range a.Files {
		after := readFile(t, filepath.Join(dir, f.Name))
		switch {
		case filepath.Base(f.Name) == "Dockerfile":
			if _, err := dockerfile.Parse(f.Name, after); err != nil {
				t.Error(err)
			}
		case strings.HasPrefix(f.Name, ".github/workflows/"):
			if _, err := workflow.Read(f.Name, after); err != nil {
				t.Error(err)
			}
			cmd := exec.Command("../../bin/actionlint", "-shellcheck=", "-pyflakes=", filepath.Join(dir, f.Name))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("actionlint: %v\n%s\n%s", err, out, after)
			}
		}
	}
}

// words are KEY=VALUE pairs; a value may have blanks if it is the last one.
type words map[string]string

func (w words) seconds(key string) float64 {
	s, _ := strconv.ParseFloat(w[key], 64)
	return s
}

func (w words) number(key string) int64 {
	n, _ := strconv.ParseInt(w[key], 10, 64)
	return n
}

// observed makes the input of a case. Its lines are
//
//	source LINE KIND digest=… bytes=… seconds=… context=… ref=…
//	cause KIND LINE steps=LINE,… lost=… name=… writer=DOCKERFILE[:TARGET] subject=…
//	step LINE hit|miss seconds=…
//	cache import|export TYPE REF mode=… seconds=… error=… chosen=…
//	past [COUNT] kind=… lost=… steps=… misses=… saved=… export=… download=… wall=… branch=… base=… mode=… cache=TYPE:REF subject=… instruction=…
//	build target=… branch=… base=… default=… wall=… saved=… download=… bytes=… version=… bound=…
//	arg NAME, context NAME                  given to the build
//
// The digest "1" stands for sha256:111…, "commit 1" for 111…
func observed(t *testing.T, a *txtar.Archive) advice.Input {
	t.Helper()
	files := map[string][]byte{}
	for _, f := range a.Files {
		files[f.Name] = f.Data
	}
	f, err := dockerfile.Parse("Dockerfile", files["Dockerfile"])
	if err != nil {
		t.Fatal(err)
	}
	head := newRecord(f)
	head.Status, head.Invocation.Dockerfile, head.Builder.Version = record.Succeeded, "Dockerfile", "v0.33.1"
	in := advice.Input{Head: head, ReadFile: func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return text, nil
		}
		return nil, fs.ErrNotExist
	}}
	in.Ledger.CauseLost = map[string]float64{}
	for name, text := range files {
		if strings.HasPrefix(name, ".github/workflows/") {
			in.Workflows = append(in.Workflows, advice.Workflow{Path: name, Text: text})
		}
	}
	slices.SortFunc(in.Workflows, func(a, b advice.Workflow) int { return strings.Compare(a.Path, b.Path) })
	for line := range strings.Lines(string(a.Comment)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := observe(&in, f, line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return in
}

func observe(in *advice.Input, f *dockerfile.File, line string) error {
	var plain []string
	w := words{}
	for rest := line; rest != ""; {
		word, more, _ := strings.Cut(rest, " ")
		key, value, ok := strings.Cut(word, "=")
		switch {
		case !ok:
			plain = append(plain, word)
		case key == "subject" || key == "instruction" || key == "error":
			w[key], more = strings.TrimPrefix(rest, key+"="), ""
		default:
			w[key] = value
		}
		rest = more
	}
	at := func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || f.InstructionAt(n) < 0 {
			return 0, fmt.Errorf("there is no line %q", s)
		}
		return f.InstructionAt(n), nil
	}
	h := in.Head
	switch plain[0] {
	case "source":
		i, err := at(plain[1])
		if err != nil {
			return err
		}
		digest := "sha256:" + strings.Repeat(w["digest"], 64)
		if plain[2] == "git" {
			digest = strings.Repeat(w["digest"], 40)
		}
		ref := w["ref"]
		if ref == "" {
			ref = f.Instructions[i].Args[0]
		}
		h.Vertices = append(h.Vertices, record.Vertex{
			Instruction: i, Kind: record.OpSource, Bytes: w.number("bytes"),
			Source:    &record.Source{Kind: record.SourceKind(plain[2]), Ref: ref, Digest: digest, Context: w["context"]},
			Intervals: []record.Interval{{Start: 1, End: 1 + w.seconds("seconds")}},
		})
	case "step":
		i, err := at(plain[1])
		for n := range h.Steps {
			if h.Steps[n].Instruction == i {
				h.Steps[n].Status, h.Steps[n].Seconds = record.StepStatus(plain[2]), w.seconds("seconds")
			}
		}
		return err
	case "cause":
		i, err := at(plain[2])
		if err != nil {
			return err
		}
		x := f.Instructions[i]
		c := cause.Cause{ID: fmt.Sprintf("c%d", len(in.Causes)+1), Kind: cause.Kind(plain[1]), Line: x.Line, Instruction: x.Text, Subject: w["subject"]}
		c.Evidence.Name = w["name"]
		if w["writer"] != "" {
			file, target, _ := strings.Cut(w["writer"], ":")
			c.Evidence.Writer = &record.Writer{Dockerfile: file, Target: target}
		}
		for l := range strings.SplitSeq(w["steps"], ",") {
			step, err := at(l)
			if err != nil {
				return err
			}
			for n := range h.Steps {
				if h.Steps[n].Instruction == step {
					c.Steps, h.Steps[n].Status = append(c.Steps, h.Steps[n].ID), record.Miss
				}
			}
		}
		in.Ledger.CauseLost[c.ID] = w.seconds("lost")
		in.Ledger.Lost += w.seconds("lost")
		in.Causes = append(in.Causes, c)
	case "cache":
		if len(plain) < 4 {
			return errors.New("a cache has a direction, a type and a reference")
		}
		h.Caches = append(h.Caches, record.CacheAccess{
			Direction: record.Direction(plain[1]), Type: plain[2], Ref: plain[3], Mode: w["mode"], Seconds: w.seconds("seconds"), Error: w["error"],
			Chosen: w["chosen"] != ""})
		if plain[1] == "export" {
			in.Ledger.ExportSeconds += w.seconds("seconds")
		}
	case "past":
		n := 1
		if len(plain) > 1 {
			n, _ = strconv.Atoi(plain[1])
		}
		for range n {
			in.Past = append(in.Past, earlier(w))
		}
	case "build":
		h.Invocation.Target = w["target"]
		h.Commit = record.Commit{Branch: w["branch"], BaseBranch: w["base"], Default: w["default"]}
		h.Seconds, in.Ledger.Saved, in.Ledger.DownloadSeconds = w.seconds("wall"), w.seconds("saved"), w.seconds("download")
		in.Ledger.DownloadBytes, in.Ledger.SavedIsBound = w.number("bytes"), w["bound"] != ""
		if w["version"] != "" {
			h.Builder.Version = w["version"]
		}
	case "arg":
		h.Invocation.BuildArgs = append(h.Invocation.BuildArgs, record.Value{Name: plain[1]})
	case "context":
		h.Invocation.NamedContexts = append(h.Invocation.NamedContexts, plain[1])
	default:
		return errors.New("it is not known")
	}
	return nil
}

// earlier is the summary of an earlier build.
func earlier(w words) *record.Record {
	r := &record.Record{Status: record.Succeeded, Seconds: w.seconds("wall"), Commit: record.Commit{Branch: w["branch"], BaseBranch: w["base"]}}
	r.Findings = &record.Findings{
		Misses: int(w.number("misses")), Saved: w.seconds("saved"), Export: w.seconds("export"), Download: w.seconds("download"),
		Lost: w.seconds("lost"),
	}
	if w["kind"] != "" {
		r.Findings.Causes = []record.Finding{{Kind: w["kind"], Subject: w["subject"], Instruction: w["instruction"], Steps: int(w.number("steps")), Lost: w.seconds("lost")}}
	}
	if kind, ref, ok := strings.Cut(w["cache"], ":"); ok {
		r.Caches = []record.CacheAccess{{Direction: record.Export, Type: kind, Ref: ref, Mode: w["mode"], Seconds: w.seconds("export")}}
	}
	return r
}
