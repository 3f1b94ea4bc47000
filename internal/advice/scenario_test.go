package advice_test

import (
	"bytes"
	"flag"
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

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/timing"
)

var update = flag.Bool("update", false, "write the expected suggestions")

// Each folder of testdata/suggest and testdata/silent is a build: its Dockerfile,
// a scenario (see read), and, in suggest, what is to be suggested.
func TestScenarios(t *testing.T) {
	for _, dir := range folders(t, "testdata/suggest") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			sc := read(t, dir)
			advised := advice.Suggest(sc.input)
			got := advised.Suggestions
			if len(got) == 0 {
				t.Errorf("nothing is suggested: %+v", advised.Silences)
			}
			var b strings.Builder
			for _, g := range got {
				fmt.Fprintf(&b, "%s: %s\n%s:%d-%d, misses %d -> %d, %g s\n%s\n", g.Rule, g.Title, g.File, g.Line, g.EndLine,
					g.Predicted.MissesBefore, g.Predicted.MissesAfter, g.Predicted.SecondsSavedPerBuild, g.Patch)
				sc.check(t, g)
			}
			if x := advised.Best; x != nil {
				fmt.Fprintf(&b, "together %v: misses %d -> %d, %g s\n%s\n", x.Members,
					x.Predicted.MissesBefore, x.Predicted.MissesAfter, x.Predicted.SecondsSavedPerBuild, x.Patch)
			}
			file := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, file)), b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, dir := range folders(t, "testdata/silent") {
		t.Run("silent/"+filepath.Base(dir), func(t *testing.T) {
			for _, g := range advice.Suggest(read(t, dir).input).Suggestions {
				t.Errorf("%s suggests: %s\n%s", g.Rule, g.Title, g.Patch)
			}
		})
	}
}

func folders(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%s has no scenario: %v", root, err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, filepath.Join(root, e.Name()))
	}
	return out
}

type scenario struct {
	input advice.Input
	file  *dockerfile.File
}

// read makes the input of a scenario. Its lines are
//
//	context FOLDER, dockerfile PATH        default . and Dockerfile
//	files PATH[=SIZE] …                    context files; a folder ends with /
//	ignore LINE                            a line of the .dockerignore
//	seconds LINE=SECONDS …                 of a step; else 10 for RUN, 0.1 for others
//	layer LINE=BYTES …                     the layers of steps, as a cache has them
//	modes PATH=MODE …                      of context files; else 644, of folders 755
//	modes-before PATH=MODE …               those of the build before, if they were others
//	content PATH TEXT                      what a context file holds; else nothing
//	cause KIND LINE SUBJECT …              files that changed (PATH or PATH:CHANGE), or the argument
//
// A cause misses what BuildKit would miss: of files, the step it names and all
// below it in the stage; of an argument, all from the first RUN below it.
func read(t *testing.T, dir string) scenario {
	t.Helper()
	data, text := readFile(t, filepath.Join(dir, "Dockerfile")), readFile(t, filepath.Join(dir, "scenario"))
	f, err := dockerfile.Parse("Dockerfile", data)
	if err != nil {
		t.Fatal(err)
	}
	head := newRecord(f)
	m := record.Manifest{Name: "context"}
	seconds := map[int]float64{}
	ledger := timing.Ledger{CauseLost: map[string]float64{}}
	sizes := map[string]int64{}
	layers := map[int]int64{}
	modes, before, contents := map[string]string{}, map[string]string{}, map[string]string{}
	var causes []cause.Cause
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "context":
			head.Invocation.Context = words[1]
		case "dockerfile":
			head.Dockerfile.Path = words[1]
		case "files":
			for _, w := range words[1:] {
				path, size, _ := strings.Cut(w, "=")
				n, _ := strconv.ParseInt(size, 10, 64)
				sizes[path] = n
			}
		case "ignore":
			m.Ignore = append(m.Ignore, strings.TrimSuffix(strings.TrimPrefix(line, "ignore "), "\n"))
		case "seconds":
			for _, w := range words[1:] {
				at, s, _ := strings.Cut(w, "=")
				seconds[number(t, at)], err = strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
			}
		case "layer":
			for _, w := range words[1:] {
				at, n, _ := strings.Cut(w, "=")
				layers[number(t, at)] = int64(number(t, n))
			}
		case "modes", "modes-before":
			for _, w := range words[1:] {
				path, mode, _ := strings.Cut(w, "=")
				if words[0] == "modes" {
					modes[path] = mode
				} else {
					before[path] = mode
				}
			}
		case "content":
			contents[words[1]] = strings.Join(words[2:], " ")
		case "cause":
			c := cause.Cause{ID: fmt.Sprintf("c%d", len(causes)+1), Kind: cause.Kind(words[1]), Line: number(t, words[2])}
			if c.Kind == cause.ContextFiles {
				for _, p := range words[3:] {
					path, change, other := strings.Cut(p, ":")
					if !other {
						change = "content"
					}
					c.Evidence.Files = append(c.Evidence.Files, cause.FileChange{Path: path, Change: change})
				}
			} else if len(words) > 3 {
				c.Subject, c.Evidence.Name = words[3], words[3]
			}
			causes = append(causes, c)
		default:
			t.Fatalf("scenario has %q", line)
		}
	}
	fill(&m, sizes, head.Invocation.Context)
	setModes(t, &m, modes)
	if len(m.Paths) > 0 {
		head.Manifests = []record.Manifest{m}
	}
	for i := range head.Steps {
		if n := layers[f.Instructions[head.Steps[i].Instruction].Line]; n > 0 {
			head.Steps[i].Vertices = []int{len(head.Vertices)}
			head.Vertices = append(head.Vertices, record.Vertex{Kind: record.OpExec, Instruction: head.Steps[i].Instruction, Layer: &record.Layer{Bytes: n}})
		}
	}
	miss(head, f, causes, seconds, &ledger)
	in := advice.Input{Head: head, Causes: causes, Ledger: ledger}
	in.ReadFile = func(name string) ([]byte, error) {
		if _, ok := slices.BinarySearch(m.Paths, name); !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(contents[name]), nil
	}
	if len(contents) == 0 {
		in.ReadFile = nil // what the files hold cannot be had
	}
	window(t, &in)
	if len(before) > 0 {
		m := &in.Base.Manifests[0]
		m.Modes = slices.Clone(m.Modes)
		setModes(t, m, before)
	}
	return scenario{in, f}
}

// window makes the build that was before, in which the files and arguments of the
// causes were others, and replays from there.
func window(t testing.TB, in *advice.Input) {
	t.Helper()
	in.Off = append(in.Off, "cache-mount") // it would speak in nearly all of them, and has cases of its own
	base := *in.Head
	base.Manifests = slices.Clone(base.Manifests)
	changed := map[string]bool{}
	args := map[string]string{}
	var every []string
	for i := range in.Causes {
		for f := range in.Causes[i].AllFiles() {
			changed[f.Path] = true
		}
		if name := in.Causes[i].Evidence.Name; in.Causes[i].Kind == cause.BuildArg && name != "" {
			args[name] = "1"
			every = append(every, name)
		}
	}
	for i := range base.Manifests {
		m := &base.Manifests[i]
		m.Digests = slices.Clone(m.Digests)
		for n, p := range m.Paths {
			if changed[p] {
				m.Digests[n*record.DigestSize]++
			}
		}
	}
	h, err := replay.FromRecords(&base, in.Head)
	if err != nil {
		return // there is nothing to replay
	}
	in.Base, in.OneBuild = &base, true
	in.Replay = func(edits map[string]replay.Edit, memory replay.Memory) (*replay.Result, error) {
		return h.Replay(replay.Recipe{Args: args, Every: every, Edits: edits, Memory: memory})
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rewrites are the rules that change instructions; the others move them.
var rewrites = map[string]bool{
	"apt-lean": true, "apt-one-step": true, "chown-layer": true, "copy-link": true, "file-modes": true, "latest-tag": true,
	"multi-stage": true, "parallel-stages": true, "pin-base": true, "pin-remote": true, "secret-in-layer": true,
}

// check applies the patch with git and holds the result against the original:
// it parses, and no line of it is lost.
func (sc scenario) check(t *testing.T, g advice.Suggestion) {
	t.Helper()
	if g.Patch == "" {
		return
	}
	dir := t.TempDir()
	head := sc.input.Head
	files := map[string][]byte{head.Dockerfile.Path: sc.file.Data}
	if m := head.Manifests; len(m) > 0 && m[0].IgnorePath != "" {
		files[m[0].IgnorePath] = []byte(strings.Join(m[0].Ignore, "\n"))
	}
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, nil, "init", "-q")
	git(t, dir, []byte(g.Patch), "apply", "--check", "-")
	git(t, dir, []byte(g.Patch), "apply", "--whitespace=nowarn", "-")
	got, err := os.ReadFile(filepath.Join(dir, g.File))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(files[g.File]) {
		if line = bytes.TrimRight(line, "\r\n"); !bytes.Contains(got, line) && !rewrites[g.Rule] {
			t.Errorf("the patch loses %q", line)
		}
	}
	if g.File == head.Dockerfile.Path {
		if _, err := dockerfile.Parse(g.File, got); err != nil {
			t.Error(err)
		}
		if n := bytes.Count(got, []byte("\r\n")); n > 0 && n < bytes.Count(got, []byte("\n")) {
			t.Errorf("line endings are mixed: %q", got)
		}
	}
	if p := g.Predicted; p.SecondsSavedPerBuild > sc.input.Ledger.Lost || p.MissesAfter > p.MissesBefore && g.Rule != "parallel-stages" || p.MissesAfter < 0 {
		t.Errorf("predicted is %+v of %g s", p, sc.input.Ledger.Lost)
	}
}

func git(t *testing.T, dir string, stdin []byte, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s\n%s", strings.Join(args, " "), err, out, stdin)
	}
}
