package advice

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

var updateCases = flag.Bool("update-cases", false, "write what the cases of testdata/installs and testdata/mounts want")

// Each file of testdata/installs has cases of one ecosystem. A case is a folder:
// its Dockerfile (without one, it copies all to /app and runs what its file run
// says), the files of its context, and in want the lines that deps-before-source
// puts above the sources of the last stage, or why it does not. In all of them only
// changed.txt changed.
func TestInstalls(t *testing.T) {
	eachCase(t, "testdata/installs", func(t *testing.T, context map[string]string) string {
		context["changed.txt"] = ""
		return installs(t, context)
	})
}

// eachCase runs the cases of all files in a folder and compares what they give with
// their want.
func eachCase(t *testing.T, dir string, run func(*testing.T, map[string]string) string) {
	files, err := filepath.Glob(dir + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s: %v", len(files), dir, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ar := txtar.Parse(data)
		for _, name := range cases(ar) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				context, want := map[string]string{}, -1
				for i, f := range ar.Files {
					if rel, ok := strings.CutPrefix(f.Name, name+"/"); ok && rel == "want" {
						want = i
					} else if ok {
						context[rel] = string(f.Data)
					}
				}
				got := run(t, context)
				switch {
				case *updateCases && want < 0:
					ar.Files = append(ar.Files, txtar.File{Name: name + "/want", Data: []byte(got)})
				case *updateCases:
					ar.Files[want].Data = []byte(got)
				case want < 0:
					t.Fatalf("%s has no want", name)
				default:
					if diff := cmp.Diff(string(ar.Files[want].Data), got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				}
			})
		}
		if *updateCases {
			order := cases(ar)
			slices.SortStableFunc(ar.Files, func(a, b txtar.File) int { return slices.Index(order, caseOf(a)) - slices.Index(order, caseOf(b)) })
			if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func caseOf(f txtar.File) string {
	name, _, _ := strings.Cut(f.Name, "/")
	return name
}

func cases(ar *txtar.Archive) []string {
	var out []string
	for _, f := range ar.Files {
		if name := caseOf(f); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// installs gives what the rule puts above the first COPY of a Dockerfile.
func installs(t *testing.T, context map[string]string) string {
	t.Helper()
	text, ok := context["Dockerfile"]
	if !ok {
		text = "FROM base\nWORKDIR /app\nCOPY . .\nRUN " + context["run"]
	}
	unseen := context["unseen"] != ""
	for _, name := range []string{"Dockerfile", "run", "unseen"} {
		delete(context, name)
	}
	changed := everyCopyChanged(t, text, context, unseen)
	p := newMove(changed, len(changed.file.Stages)-1)
	if p == nil {
		t.Fatalf("nothing to move in\n%s", text)
	}
	p.walk()
	var b strings.Builder
	for _, i := range append(slices.Clone(p.moved), p.first) {
		if i < 0 {
			continue
		}
		for _, line := range p.lines[i] {
			fmt.Fprintln(&b, line)
		}
		if i == p.first {
			fmt.Fprintln(&b, p.fetches)
			if p.rest != "" {
				fmt.Fprintf(&b, "below: %s\n", strings.Join(p.below, "\n"))
			}
			if p.whole {
				fmt.Fprintf(&b, "gone: %s\n", p.file.Instructions[i].Text)
			}
		} else {
			fmt.Fprintln(&b, p.file.Instructions[i].Text)
		}
	}
	for _, r := range p.silences {
		fmt.Fprintf(&b, "silent: %s\n", r.Why)
	}
	if p.unseen {
		fmt.Fprintln(&b, "unseen")
	}
	return b.String()
}

// everyCopyChanged is a scene in which changed.txt changed each COPY of a folder. Files
// that name their interpreter are executable.
func everyCopyChanged(t *testing.T, text string, context map[string]string, unseen bool) *scene {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	head := &record.Record{Invocation: record.Invocation{Context: "."}, Dockerfile: record.Dockerfile{Path: "Dockerfile", Text: text}}
	m := record.Manifest{Name: "context"}
	for name := range context {
		m.Paths = append(m.Paths, name)
	}
	slices.Sort(m.Paths)
	for _, name := range m.Paths {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(context[name], "#!") {
			mode = 0o755
		}
		m.Modes, m.Sizes = append(m.Modes, uint32(mode)), append(m.Sizes, int64(len(context[name])))
	}
	head.Manifests = []record.Manifest{m}
	for _, x := range f.Instructions {
		head.Dockerfile.Instructions = append(head.Dockerfile.Instructions, record.Instruction{Line: x.Line, EndLine: x.EndLine, Text: x.Text})
	}
	head.Builder = record.Builder{Driver: "unix", Worker: "lasts"}
	in := Input{Head: head, Base: &record.Record{ID: "earlier", Builder: head.Builder}}
	if !unseen {
		in.ReadFile = func(file string) ([]byte, error) { return []byte(context[file]), nil }
	}
	s, why := newScene(in)
	if s == nil {
		t.Fatal(why)
	}
	for i := range f.Instructions {
		s.history[i] = &change{Reruns: 1}
		if c := s.copies[i]; c != nil {
			if _, ok := c.target("changed.txt"); ok {
				s.history[i].Files = map[string]int{"changed.txt": 1}
			}
		}
	}
	return s
}

// A patch that git could not apply is not made, and that is said.
func TestMoveAroundACredential(t *testing.T) {
	s := everyCopyChanged(t, "FROM node:24\nCOPY . /app\nWORKDIR /app\nRUN git config --global url.https://"+struck+"@example.com/.insteadOf https://example.com/\nRUN npm ci\n",
		map[string]string{"changed.txt": "", "package.json": "{}"}, false)
	if got := depsBeforeSource(s); len(got) > 0 {
		t.Errorf("it suggests\n%s", got[0].Patch)
	}
	want := []Silence{{Line: 2, Why: "a patch of what stands around it would show a credential"}}
	if diff := cmp.Diff(want, s.silences); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
