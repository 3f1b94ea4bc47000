// Package internal_test holds the rules that span packages.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/layercause/layercause"

// arrows says which of our packages a package may import, besides those below
// its own folder. Data moves forward: who needs an earlier stage is in the wrong
// package. Whatever is not here is not allowed; pipeline alone may import all.
var arrows = map[string][]string{
	"record":       {},
	"dockerfile":   {},
	"buildcontext": {},
	"operation":    {"dockerfile", "buildcontext"},
	"buildkit":     {"record", "dockerfile", "buildcontext", "operation"},
	"imagefiles":   {},
	"history":      {"record"},
	"cause":        {"record"},
	"timing":       {"record", "cause"},
	"cacheplan":    {"record"},
	"replay":       {"record", "dockerfile", "buildcontext", "operation"},
	"workflow":     {"action"},
	"advice":       {"record", "dockerfile", "cause", "timing", "replay", "workflow"},
	"report":       {"record", "cause", "timing", "advice"},
	"action":       {},
	"github":       {},
	"telemetry":    {},
	"settings":     {},
}

// pure lists the packages that take values and return values; they have no
// business with what these packages of the standard library reach.
var (
	pure    = []string{"imagefiles", "cause", "timing", "cacheplan", "advice", "report"}
	outside = []string{"os", "os/exec", "net", "net/http", "syscall"}
)

// An importing is one import in one file.
type importing struct {
	file string // relative to the module
	path string
}

func (i importing) inTest() bool { return strings.HasSuffix(i.file, "_test.go") }

// room is the package below internal/ that a folder belongs to.
func room(folder string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(folder, "internal/"), "/")
	return name
}

// helper reports whether a folder is one of test helpers or lies in one: its
// name ends in "test".
func helper(folder string) bool {
	return slices.ContainsFunc(strings.Split(folder, "/"), func(name string) bool {
		return len(name) > len("test") && strings.HasSuffix(name, "test")
	})
}

func imports(t *testing.T) []importing {
	t.Helper()
	var all []importing
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, s := range f.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, importing{rel, p})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go files were found")
	}
	return all
}

func TestImports(t *testing.T) {
	for _, i := range imports(t) {
		folder := path.Dir(i.file)
		if broken := breaks(i, folder); broken != "" {
			t.Errorf("%s imports %s: %s", i.file, i.path, broken)
		}
	}
}

// breaks says which rule an import breaks.
func breaks(i importing, folder string) string {
	target, ours := strings.CutPrefix(i.path, module+"/")
	switch {
	case strings.HasPrefix(folder, "cmd/"):
		return breaksCommand(i, target, ours)
	case !strings.HasPrefix(folder, "internal"):
		return "" // tools
	case !ours:
		return breaksOutside(i, folder)
	case !strings.HasPrefix(target, "internal/"):
		return "only folders below internal/ are imported"
	}
	from, to := room(folder), room(target)
	if helper(target) {
		if i.inTest() || helper(folder) {
			return ""
		}
		return "test helpers are for tests"
	}
	if from == to || from == "pipeline" {
		return ""
	}
	allowed, known := arrows[from]
	switch {
	case !known:
		return from + " does not stand in the table of packages"
	case !slices.Contains(allowed, to):
		return from + " may import only " + strings.Join(append([]string{"nothing else"}, allowed...), ", ")
	}
	return ""
}

func breaksCommand(i importing, target string, ours bool) string {
	standard := !strings.Contains(strings.SplitN(i.path, "/", 2)[0], ".")
	switch {
	case standard, target == "internal/pipeline" && ours, i.path == "github.com/spf13/cobra":
		return ""
	case i.inTest():
		return ""
	}
	return "the command imports pipeline and cobra alone"
}

func breaksOutside(i importing, folder string) string {
	name := room(folder)
	if i.path == "github.com/moby/buildkit/client" && name != "buildkit" && !helper(folder) && !i.inTest() {
		return "buildkit is the only one that speaks with the daemon"
	}
	if slices.Contains(pure, name) && !i.inTest() && slices.Contains(outside, i.path) {
		return name + " takes values and returns values"
	}
	return ""
}

// TestTheRulesBite states that the rules refuse what they are there to refuse.
func TestTheRulesBite(t *testing.T) {
	cases := []struct {
		file, path string
		broken     bool
	}{
		{"internal/cause/x.go", module + "/internal/record", false},
		{"internal/cause/x.go", module + "/internal/timing", true},
		{"internal/record/x.go", module + "/internal/cause", true},
		{"internal/report/x.go", "os", true},
		{"internal/report/x_test.go", "os", false},
		{"internal/report/x.go", "github.com/moby/buildkit/client", true},
		{"internal/buildkit/builder/x.go", "github.com/moby/buildkit/client", false},
		{"internal/buildkit/builder/x.go", module + "/internal/buildkit", false},
		{"internal/buildkit/x.go", module + "/internal/buildkit/buildkittest", true},
		{"internal/buildkit/x_test.go", module + "/internal/buildkit/buildkittest", false},
		{"internal/pipeline/x.go", module + "/internal/report", false},
		{"internal/pipeline/x.go", module + "/internal/github/githubtest", true},
		{"internal/newroom/x.go", module + "/internal/record", true},
		{"cmd/layercause/main.go", module + "/internal/report", true},
		{"cmd/layercause/main.go", module + "/internal/pipeline", false},
		{"cmd/layercause/main.go", "github.com/spf13/cobra", false},
		{"cmd/layercause/main.go", "github.com/moby/buildkit/client", true},
		{"cmd/layercause/main.go", "os", false},
	}
	for _, c := range cases {
		got := breaks(importing{c.file, c.path}, path.Dir(c.file))
		if (got != "") != c.broken {
			t.Errorf("%s imports %s: %q, want broken %v", c.file, c.path, got, c.broken)
		}
	}
}
