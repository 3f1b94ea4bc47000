package pipeline

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// lab is a repository, a builder, and the two builds that suggestions are verified
// for.
type lab struct {
	t          *testing.T
	tree       string
	base       string // the image
	options    buildkit.Options
	on         *builder.Builder
	log        bytes.Buffer
	earlier    *record.Record
	head       *record.Record
	args       map[string]string
	interrupts context.Context
}

// costlyStep is what a step of these Dockerfiles takes that is worth a suggestion, in
// seconds.
const costlyStep = 2.0

// inLab runs experiments on one daemon.
type inLab struct {
	daemon   *buildkittest.Daemon
	registry string
}

func newLabs(t *testing.T) *inLab {
	registry := buildkittest.Registry(t)
	return &inLab{buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}}), registry}
}

func (in *inLab) begin(t *testing.T, files map[string]string) *lab {
	t.Helper()
	l := &lab{t: t, tree: filepath.Join(t.TempDir(), "tree"), base: in.registry + "/base", interrupts: t.Context()}
	buildkittest.PushImage(t, l.base, buildkittest.Image{Marker: "lab"})
	on, err := builder.Connect(t.Context(), builder.Options{Address: in.daemon.Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	l.on = on
	if err := os.MkdirAll(l.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	l.git("init", "-q", "-b", "main", "--template=")
	l.write(files)
	l.options = buildkit.Options{
		Context: l.tree, Root: l.tree, Progress: "plain",
		Getenv: func(name string) (string, bool) {
			return filepath.Join(l.tree, "..", "docker"), name == "DOCKER_CONFIG"
		},
	}
	return l
}

func (l *lab) write(files map[string]string) {
	l.t.Helper()
	for name, text := range files {
		path := filepath.Join(l.tree, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			l.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(l.expand(text)), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *lab) expand(text string) string { return strings.ReplaceAll(text, "{base}", l.base) }

func (l *lab) git(args ...string) string {
	l.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", l.tree, "-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (l *lab) commit() {
	l.t.Helper()
	l.git("add", "-A")
	l.git("commit", "-q", "--allow-empty", "-m", "change")
}

// build builds the work tree as a user does.
func (l *lab) build() {
	l.t.Helper()
	o := l.options
	o.Commit.SHA = l.git("rev-parse", "HEAD")
	b, err := buildkit.Prepare(o)
	if err != nil {
		l.t.Fatal(err)
	}
	var log bytes.Buffer
	res, err := b.Run(l.t.Context(), l.on, &log)
	if err != nil || res.Err != nil {
		l.t.Fatal(err, log.String())
	}
	l.earlier, l.head, l.args = l.head, res.Record, b.Args()
}

// verify verifies suggestions for the last build against the one before.
func (l *lab) verify(suggestions ...advice.Suggestion) (advice.Advice, []string) {
	l.t.Helper()
	for i := range suggestions {
		g := &suggestions[i]
		g.Rule, g.File, g.Line, g.Patch, g.Predicted.SecondsSavedPerBuild = "rule", "Dockerfile", i+1, "a patch", float64(10-i)
		g.Predicted.Gains = []float64{g.Predicted.SecondsSavedPerBuild}
	}
	replayed := advice.Replayed{Commit: l.head.Commit.SHA, Reruns: []advice.Rerun{{Text: "RUN something"}}}
	v := newVerification(l.options, l.args, l.head, l.earlier, cause.Explain(l.head, l.earlier, nil))
	v.on, v.log = l.on, &l.log
	return v.run(l.interrupts, advice.Advice{Suggestions: suggestions, Builds: []advice.Replayed{replayed}})
}

// edit is a suggestion that replaces text in files of the work tree.
func (l *lab) edit(path, old, by string) advice.Suggestion {
	l.t.Helper()
	before, err := os.ReadFile(filepath.Join(l.tree, path))
	if err != nil && old != "" {
		l.t.Fatal(err)
	}
	after := strings.Replace(string(before), old, by, 1)
	if after == string(before) {
		l.t.Fatalf("%s has no %q", path, old)
	}
	return advice.Suggestion{Edits: []advice.FileEdit{{Path: path, Before: before, After: []byte(after)}}}
}

// proven is what came of suggestions: of each that stayed whether it is verified, how
// the files compare and whether time was saved; and the warnings.
func proven(all advice.Advice, warnings []string) []string {
	var out []string
	for _, g := range all.Suggestions {
		text := "kept"
		if v := g.Verified; v != nil {
			text += ", verified"
			if v.SecondsBefore > costlyStep && v.SecondsBefore-v.SecondsAfter > costlyStep/2 {
				text += ", faster"
			}
			if v.NoGain {
				text += ", refuted"
			}
			if v.SameFiles {
				text += ", same files"
			}
			for _, d := range v.Differences {
				text += ", " + d
			}
		}
		out = append(out, text)
	}
	return append(out, warnings...)
}

func (l *lab) check(want []string, all advice.Advice, warnings []string) {
	l.t.Helper()
	if diff := cmp.Diff(want, proven(all, warnings)); diff != "" {
		l.t.Errorf("-want +got:\n%s\n%s", diff, l.log.String())
	}
}

// state is what the work tree is, with the times that git looks at.
func (l *lab) state() []string {
	l.t.Helper()
	var out []string
	err := filepath.WalkDir(l.tree, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, strings.Join([]string{path, fi.Mode().String(), fi.ModTime().String()}, " "))
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}
