package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/report"
)

// trial is one case: a shape, mutations, two builds and the verdict.
type trial struct {
	number        int
	before, after *world
	mutations     []string
	want          []expected
	got           []report.Cause
	doubts        []string
	judgement     judgement
}

// tries bounds how often a shape is looked for that a mutation can be applied to.
const tries = 1000

// newTrial chooses a mutation, a shape that it can be applied to, and perhaps a
// second mutation. All follows from the seed and the number.
func newTrial(shapes []*shape, all []mutation, seed uint64, number int) *trial {
	r := rand.New(rand.NewPCG(seed, uint64(number)))
	mark := fmt.Sprintf("c%d-%d", seed, number)
	for try := 0; ; try++ {
		// In turn, so that each mutation is as frequent as the others. The next one
		// stands in for one that suits no shape.
		first := all[(number+try/tries)%len(all)]
		s := shapes[r.IntN(len(shapes))]
		t := &trial{number: number, before: newWorld(s, mark), after: newWorld(s, mark)}
		if !first.apply(t.after, r) {
			continue
		}
		t.mutations = []string{first.name}
		if !first.alone && r.IntN(2) == 0 {
			second := all[r.IntN(len(all))]
			if !second.alone && second.name != first.name && second.apply(t.after, r) {
				t.mutations = append(t.mutations, second.name)
			}
		}
		return t
	}
}

func (t *trial) String() string {
	return fmt.Sprintf("case %d, %s: %s", t.number, t.before.shape.name, strings.Join(t.mutations, "; "))
}

// run builds before and after, and judges the report.
func (t *trial) run(ctx context.Context, h *host, bin, dir string) (err error) {
	l := t.after.loss
	r := buildkittest.NewRun(ctx)
	defer r.End(&err)
	first, second := h.daemon, h.daemon
	if l.pruned {
		first = h.builder(r)
		second = first
	}
	if l.another {
		second = h.builder(r)
	}
	if err := t.place(h, t.before, dir, nil); err != nil {
		return err
	}
	var export, load []string
	if l.export != "" {
		export = []string{"--cache-to", t.expand(h, dir, l.export)}
	}
	if l.load != "" {
		load = []string{"--cache-from", t.expand(h, dir, l.load)}
	}
	if _, err := t.build(ctx, h, first, bin, dir, t.before, export); err != nil {
		return err
	}
	if l.pruned {
		if err := first.Prune(ctx); err != nil {
			return err
		}
	}
	if l.overwrite {
		if err := t.buildOther(ctx, first, bin, dir, export); err != nil {
			return err
		}
	}
	if err := t.place(h, t.after, dir, t.before); err != nil {
		return err
	}
	rep, err := t.build(ctx, h, second, bin, dir, t.after, load)
	if err != nil {
		return err
	}
	o := observed{}
	for _, s := range rep.Steps {
		o[s.Line] = append(o[s.Line], s.Status)
	}
	t.want, t.doubts = t.after.causes(t.before.doc.String(), o)
	t.got = rep.Causes
	t.judgement = judge(t.want, t.got)
	return nil
}

// expand puts the places of the case into a text.
func (t *trial) expand(h *host, dir, text string) string {
	return strings.NewReplacer(
		"{registry}", h.registry+"/"+t.before.mark, "{http}", h.files.URL+"/"+t.before.mark,
		"{contexts}", filepath.Join(dir, "contexts"), "{secret}", filepath.Join(dir, "secret"),
	).Replace(text)
}

// place makes a world real; of what is there already only what differs.
func (t *trial) place(h *host, w *world, dir string, before *world) error {
	if before == nil {
		before = &world{doc: &dockerfile{}}
	}
	where := func(p string) string {
		if strings.HasPrefix(p, "@") {
			return filepath.Join(dir, "contexts", p)
		}
		return filepath.Join(dir, "tree", p)
	}
	images := slices.Clone(w.shape.images)
	for _, ref := range w.contexts {
		images = append(images, strings.TrimPrefix(ref, "docker-image://{registry}/"))
	}
	for _, s := range w.doc.stages() {
		if ref, ok := strings.CutPrefix(s.image, "{registry}/"); ok && strings.HasSuffix(ref, "-next") {
			images = append(images, ref)
		}
	}
	for _, ref := range images {
		if before.versions == nil || before.versions[ref] != w.versions[ref] || strings.HasSuffix(ref, "-next") {
			if err := h.push(w.mark+"/"+ref, fmt.Sprintf("%s %s %d\n", w.mark, ref, w.versions[ref])); err != nil {
				return err
			}
		}
	}
	for _, name := range w.shape.remotes {
		h.serve("/"+w.mark+"/"+name, fmt.Sprintf("%s %s %d\n", w.mark, name, w.versions[name]))
	}
	for p := range before.files {
		if _, ok := w.files[p]; !ok {
			if err := os.Remove(where(p)); err != nil {
				return err
			}
		}
	}
	if err := makeFolder(where(".")); err != nil {
		return err
	}
	for _, p := range slices.Sorted(maps.Keys(w.files)) {
		if old, ok := before.files[p]; ok && old == w.files[p] {
			continue
		}
		if err := w.files[p].write(where(p)); err != nil {
			return err
		}
	}
	for d, mode := range w.folders {
		if err := os.Chmod(where(d), os.FileMode(mode)); err != nil {
			return err
		}
	}
	if w.doc.String() != before.doc.String() {
		text := t.expand(h, dir, w.doc.String())
		if err := (file{data: text, mode: 0o644}).write(where(w.shape.dockerfile)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "secret"), []byte(w.secret), 0o600)
}

func (f file) write(path string) error {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if f.link != "" {
		return os.Symlink(f.link, path)
	}
	err := os.WriteFile(path, []byte(f.data), 0o644)
	return errors.Join(err, os.Chmod(path, os.FileMode(f.mode)))
}

// makeFolder makes a folder with a mode that no umask changes.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	return errors.Join(os.Mkdir(dir, 0o755), os.Chmod(dir, 0o755))
}

// buildTimeout is far more than any of the builds takes.
const buildTimeout = 2 * time.Minute

// build runs the program as a user does, and reads the report.
func (t *trial) build(ctx context.Context, h *host, d *buildkittest.Daemon, bin, dir string, w *world, flags []string) (*report.Report, error) {
	args := append([]string{"--file", filepath.Join(dir, "tree", w.shape.dockerfile)}, flags...)
	args = append(args, w.command(func(s string) string { return t.expand(h, dir, s) })...)
	if out, err := layercause(ctx, d, bin, dir, append(args, filepath.Join(dir, "tree"))); err != nil {
		return nil, fmt.Errorf("building: %w\n%s\n%s", err, w.doc, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err != nil {
		return nil, err
	}
	var rep report.Report
	return &rep, json.Unmarshal(data, &rep)
}

// buildOther builds something that has nothing in common with the case.
func (t *trial) buildOther(ctx context.Context, d *buildkittest.Daemon, bin, dir string, flags []string) error {
	other := filepath.Join(dir, "other")
	text := "FROM scratch\nCOPY Dockerfile /" + t.before.mark + "\n"
	if err := (file{data: text, mode: 0o644}).write(filepath.Join(other, "Dockerfile")); err != nil {
		return err
	}
	if out, err := layercause(ctx, d, bin, dir, append(flags, other)); err != nil {
		return fmt.Errorf("building something else: %w\n%s", err, out)
	}
	return nil
}

func layercause(ctx context.Context, d *buildkittest.Daemon, bin, dir string, args []string) (output []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	args = append([]string{
		"build", "--builder", d.Address, "--progress", "plain", "--comment", "never",
		"--history", filepath.Join(dir, "history"), "--report-dir", filepath.Join(dir, "report"),
	}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "layercause"), args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "DOCKER_CONFIG=" + filepath.Join(dir, "docker")}
	return cmd.CombinedOutput()
}
