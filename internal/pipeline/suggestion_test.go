package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/imagefiles"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

const suggestionDir = "../../testdata/suggestions"

// costly is the time from which on a step of these stories is one that a
// suggestion is made for: their tools take a second.
const costly = 0.9

// Each story of testdata/suggestions loses the cache, applies the patch that is
// suggested with git, and makes the same kind of edit again. README.md there
// describes the format.
func TestSuggestionsKeepTheirPromise(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(suggestionDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for stories in %s: %d found, %v", suggestionDir, len(paths), err)
	}
	tools := commands(t)
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	for _, p := range paths {
		s, err := readStory(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			a := &applied{world: newWorld(t, s, throughDaemon, d, registry), tools: tools}
			buildkittest.PushImage(t, a.registry+"/base", buildkittest.Image{Marker: a.registry, Commands: tools})
			a.tell()
		})
	}
}

// commands are the stand-ins for package managers that the base image has.
func commands(t *testing.T) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(suggestionDir, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if out[e.Name()], err = os.ReadFile(filepath.Join(suggestionDir, "bin", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// applied is a world in which a suggestion gets applied.
type applied struct {
	*world
	root       string // of the repository
	suggestion *report.Suggestion
	lost       report.Report // of the build that it was made for
	// files are the results of the builds that differ in nothing but the patch.
	before, after imagefiles.Files
	tools         map[string][]byte
	lostLayers    int64 // stored bytes, as far as an index of a cache tells
	// real says that packages are real, so that nobody knows how long they take: such
	// stories look at what the tools say.
	real bool
}

func (a *applied) tell() {
	a.root = a.tree()
	for _, act := range a.story.acts {
		if err := a.do(act); err != nil {
			a.t.Fatalf("%s.txtar:%d: %s: %v\n%s", a.story.name, act.line, act.name, err, a.output.String())
		}
	}
	if a.suggestion == nil || a.after == nil {
		a.t.Fatalf("%s.txtar applies no suggestion, or does not build with it", a.story.name)
	}
	a.check()
	g := a.suggestion
	got := fmt.Sprintf("%s at %s:%d, misses %d -> %d\n%s\n", g.Rule, g.File, g.Line, g.Predicted.MissesBefore, g.Predicted.MissesAfter, quantity.ReplaceAllString(g.Title, "N $2"))
	if p := g.Predicted; p.Commits > 1 {
		got += fmt.Sprintf("faster on %d of %d commits\n", p.CommitsSaved, p.Commits)
	}
	if v := g.Verified; v != nil {
		got += fmt.Sprintf("verified, with the same files: %v\n", v.SameFiles)
		got += strings.Join(append(v.Differences, ""), "\n")
	}
	differ, err := differences(a.before, a.after)
	if err != nil {
		a.t.Error(err)
	}
	got += differ + a.shrinkage() + a.fold(render(a.report))
	if diff := cmp.Diff(a.story.expected(a.cache), got); diff != "" {
		a.t.Errorf("the last build is not as wanted (-want +got):\n%s\nthe patch:\n%s", diff, g.Patch)
	}
}

// do carries out an act of these stories, or one that all stories have.
func (a *applied) do(act act) error {
	switch act.name {
	case "repository": // in the folder of the context, or above it
		a.root = filepath.Join(append([]string{a.tree()}, act.words...)...)
		return a.git("init", "-q", "--template=")
	case "commit":
		return errors.Join(a.git("add", "-A", "."), a.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "change"))
	case "unend": // takes the newline at the end of a file
		path := filepath.Join(a.tree(), act.words[0])
		data, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, []byte(strings.TrimSuffix(string(data), "\n")), 0o644))
	case "many": // files in a folder, so that a copy of it takes its time
		n, err := strconv.Atoi(act.words[0])
		return errors.Join(err, a.many(n, filepath.Join(a.tree(), act.words[1])))
	case "random": // bytes that do not compress, the same in each run
		n, err := strconv.Atoi(act.words[0])
		data := make([]byte, n)
		rand.NewChaCha8([32]byte{}).Read(data)
		return errors.Join(err, os.MkdirAll(filepath.Dir(filepath.Join(a.tree(), act.words[1])), 0o755),
			os.WriteFile(filepath.Join(a.tree(), act.words[1]), data, 0o644))
	case "image": // a base image of another name, with the same commands
		buildkittest.PushImage(a.t, a.registry+"/"+act.words[0], buildkittest.Image{Marker: act.words[0], Commands: a.tools})
		return nil
	case "logged", "unlogged": // says what the last build's commands say, or do not
		text := strings.Join(act.words, " ")
		if strings.Contains(a.output.String(), text) != (act.name == "logged") {
			return fmt.Errorf("%q is %s in the log:\n%s", text, map[bool]string{true: "not", false: "found"}[act.name == "logged"], a.output.String())
		}
		return nil
	case "apply":
		return a.apply(strings.Join(act.words, " "))
	case "heed": // what has no patch
		return a.take(act.words[0])
	case "build":
		file := filepath.Join(a.t.TempDir(), "result.tar")
		act.words = append([]string{"--output=type=tar,dest=" + file}, act.words...)
		if err := a.world.do(act); err != nil {
			return err
		}
		files, err := unpack(file)
		switch {
		case a.suggestion == nil:
			a.before = files
		case a.after == nil:
			a.after = files
		}
		return err
	}
	return a.world.do(act)
}

// apply takes the rule's suggestion out of the last report and applies its patch.
func (a *applied) apply(rule string) error {
	if err := a.take(rule); err != nil {
		return err
	}
	patch := filepath.Join(a.t.TempDir(), "suggestion.patch")
	if err := os.WriteFile(patch, []byte(a.suggestion.Patch), 0o644); err != nil {
		return err
	}
	if err := a.git("apply", patch); err != nil {
		return fmt.Errorf("%w\n%s", err, a.suggestion.Patch)
	}
	return nil
}

// take finds the rule's suggestion.
func (a *applied) take(rule string) error {
	i := slices.IndexFunc(a.report.Suggestions, func(g report.Suggestion) bool { return g.Rule == rule })
	if i < 0 {
		return fmt.Errorf("of the %d suggestions none is %s: %v\n%s", len(a.report.Suggestions), rule, a.report.Silences, render(a.report))
	}
	a.suggestion, a.lost, a.lostLayers = &a.report.Suggestions[i], a.report, a.layers()
	return nil
}

// layers is what the layers of the last build's steps take, as they are stored.
func (a *applied) layers() (bytes int64) {
	for _, v := range a.record.Vertices {
		if v.Step != "" && v.Layer != nil {
			bytes += v.Layer.Bytes
		}
	}
	return bytes
}

// shrinkage says what the suggestion made smaller by a tenth or more.
func (a *applied) shrinkage() string {
	sum := func(files imagefiles.Files) (n int64) {
		for _, e := range files {
			n += e.Size
		}
		return n
	}
	out := ""
	if sum(a.after) < sum(a.before)*9/10 {
		out += "the image is smaller\n"
	}
	if n := a.layers(); n > 0 && n < a.lostLayers*9/10 {
		out += "the layers are smaller\n"
	}
	return out
}

// many makes files of which no two are alike.
func (a *applied) many(n int, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i := range n {
		name := filepath.Join(folder, strconv.Itoa(i))
		if err := os.WriteFile(name, bytes.Repeat([]byte(name), 20), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (a *applied) git(args ...string) error {
	cmd := exec.CommandContext(a.t.Context(), "git", args...)
	cmd.Dir = a.root
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// check holds the last build to what the suggestion said.
func (a *applied) check() {
	p := a.suggestion.Predicted
	if p.Commits == 1 && (!a.missed(a.lost, p.MissesBefore) || !a.missed(a.report, p.MissesAfter)) {
		a.t.Errorf("%d misses before and %d after, predicted were %d and %d",
			a.lost.Totals.Misses, a.report.Totals.Misses, p.MissesBefore, p.MissesAfter)
	}
	if v := a.suggestion.Verified; v != nil && v.SecondsBefore-v.SecondsAfter < costly*p.SecondsSavedPerBuild/2 {
		a.t.Errorf("it took %.1f s instead of %.1f s, predicted was %.1f s less", v.SecondsAfter, v.SecondsBefore, p.SecondsSavedPerBuild)
	}
	least := costly
	switch {
	case p.SecondsSavedPerBuild < costly/3:
		return // it is for the image
	case a.suggestion.Rule == "copy-link":
		least = costly / 2 // no tool takes a second there
	}
	if a.suggestion.Rule == "parallel-stages" {
		a.checkOverlap()
		return
	}
	if a.suggestion.Rule == "cache-mount" {
		a.checkMounts()
		return
	}
	// A step that the patch puts in does what a costly one did on its way.
	added := false
	for _, s := range a.report.Steps {
		if strings.Contains(a.suggestion.Patch, "+"+s.Instruction+"\n") && strings.HasPrefix(s.Instruction, "RUN ") && !a.lostStep(s.Instruction) {
			// Below it may stand what is left of a RUN that was taken apart.
			if s.Status != "hit" && !added {
				a.t.Errorf("%s, which the patch puts in, does not hit", s.Instruction)
			}
			added = true
		}
	}
	if added {
		return
	}
	named := false
	for _, old := range a.lost.Steps {
		if old.Status != "miss" || old.Seconds < least || a.real && !strings.Contains(a.suggestion.Patch, "+"+old.Instruction+"\n") {
			continue
		}
		named = true
		if strings.Contains(a.suggestion.Patch, "-"+old.Instruction+"\n") && !strings.Contains(a.suggestion.Patch, "+"+old.Instruction+"\n") {
			continue // the patch takes it out
		}
		if !slices.ContainsFunc(a.report.Steps, func(s report.Step) bool { return s.Instruction == old.Instruction && s.Status == "hit" }) {
			a.t.Errorf("%s took %.1f s, and still does not hit", old.Instruction, old.Seconds)
		}
	}
	if s := p.SecondsSavedPerBuild * float64(p.Commits) / float64(max(1, p.CommitsSaved)); !a.real && (!named || s < least) || s > a.lost.Totals.LostSeconds {
		a.t.Errorf("the suggestion is to save %.1f s of %.1f s lost", s, a.lost.Totals.LostSeconds)
	}
}

// missed says whether a build missed as many steps as predicted. What a COPY takes of
// another stage may turn out to be the same, which no replay knows.
func (a *applied) missed(r report.Report, predicted int) bool {
	same := 0
	for _, s := range r.Steps {
		if s.Status == "hit" && strings.Contains(s.Instruction, "--from=") {
			same++
		}
	}
	return r.Totals.Misses <= predicted && r.Totals.Misses+same >= predicted
}

// checkOverlap wants two long steps of the last build to have run at one time.
func (a *applied) checkOverlap() {
	var long []record.Interval
	for _, v := range a.record.Vertices {
		for _, x := range v.Intervals {
			if v.Kind == record.OpExec && x.End-x.Start >= costly {
				long = append(long, x)
			}
		}
	}
	if len(long) != 2 || min(long[0].End, long[1].End)-max(long[0].Start, long[1].Start) < costly/2 {
		a.t.Errorf("the long steps ran in %+v", long)
	}
}

// checkMounts wants the steps with a mount to run again, and to find there what took
// them long.
func (a *applied) checkMounts() {
	ran := false
	for _, s := range a.report.Steps {
		if !strings.Contains(s.Instruction, "--mount=type=cache") || s.Status != "miss" {
			continue
		}
		ran = true
		if s.Seconds >= costly && !a.real {
			a.t.Errorf("%s took %.1f s, though its folders are warm", s.Instruction, s.Seconds)
		}
	}
	if !ran {
		a.t.Error("no step with a cache mount ran again")
	}
}

func (a *applied) lostStep(instruction string) bool {
	return slices.ContainsFunc(a.lost.Steps, func(s report.Step) bool { return s.Instruction == instruction })
}

// unpack reads the result of a build.
func unpack(path string) (imagefiles.Files, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return imagefiles.Read(f)
}

// differences lists the files of which the patch changed anything, one a line;
// of a folder that came or went only the folder.
func differences(before, after imagefiles.Files) (string, error) {
	all, err := imagefiles.Compare(imagefiles.Image{Files: before}, imagefiles.Image{Files: after})
	var b strings.Builder
	last := ""
	for _, d := range imagefiles.Fold(all) {
		if d.Path == last {
			continue
		}
		last = d.Path
		name := strings.TrimPrefix(d.Path, "/")
		switch d.Change {
		case imagefiles.Removed:
			fmt.Fprintf(&b, "no longer in the image: %s\n", name)
		case imagefiles.Added:
			fmt.Fprintf(&b, "new in the image: %s\n", name)
		default:
			fmt.Fprintf(&b, "other in the image: %s\n", name)
		}
	}
	return b.String(), err
}
