package pipeline_test

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/workflow"
)

const recordedDir = "../../testdata/recorded"

// Each story of testdata/recorded applies a suggestion that rests on what records
// tell: of base images, secrets and caches. README.md there describes the format.
// They run one after the other: most of them prune the daemon.
func TestRecordedSuggestions(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(recordedDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for stories in %s: %d found, %v", recordedDir, len(paths), err)
	}
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Mirror: registry})
	for _, p := range paths {
		s, err := readStory(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		t.Run(s.name, func(t *testing.T) {
			x := &recorded{applied: &applied{world: newWorld(t, s, throughDaemon, d, registry)}, host: registry, branch: "main"}
			x.tell()
		})
	}
}

// recorded is a world in which such a suggestion gets applied.
type recorded struct {
	*applied
	host   string // of the registry, which has Docker Hub's images too
	branch string
	base   string // that the branch goes to
	bare   bool   // builds have no result
	image  string // the file of the last image
	// The images' configurations, as files are kept: without and with the patch.
	configBefore, configAfter map[string]string
}

func (x *recorded) tell() {
	x.root = x.tree()
	for _, act := range x.story.acts {
		if err := x.do(act); err != nil {
			x.t.Fatalf("%s.txtar:%d: %s: %v\n%s", x.story.name, act.line, act.name, err, x.output.String())
		}
	}
	g := x.suggestion
	if g == nil {
		x.t.Fatalf("%s.txtar applies no suggestion", x.story.name)
	}
	got := fmt.Sprintf("%s at %s:%d\n%s\n", g.Rule, g.File, g.Line, x.fold(quantity.ReplaceAllString(g.Title, "N $2")))
	if p := g.Predicted; p.CommitsSaved > 0 {
		got += fmt.Sprintf("faster in %d of %d builds, misses %d -> %d\n", p.CommitsSaved, p.Commits, p.MissesBefore, p.MissesAfter)
	}
	for line := range strings.Lines(g.Patch) {
		if line[0] == '+' || line[0] == '-' {
			got += x.fold(line)
		}
	}
	if g.Patch != "" && x.after != nil {
		differ, err := differences(x.before, x.after)
		if err != nil {
			x.t.Error(err)
		}
		got += differ
		for _, name := range slices.Sorted(maps.Keys(x.configAfter)) {
			if before, after := x.configBefore[name], x.configAfter[name]; before != after {
				got += fmt.Sprintf("config of the image: %s %q -> %q\n", name, before, after)
			}
		}
	}
	got += x.fold(render(x.report))
	if diff := cmp.Diff(x.story.expected(x.cache), got); diff != "" {
		x.t.Errorf("the last build is not as wanted (-want +got):\n%s", diff)
	}
}

// quantity is a time or a size, which differs from run to run.
var quantity = regexp.MustCompile(`\b[0-9]+(\.[0-9]+)? (s|MB)\b`)

func (x *recorded) do(act act) error {
	switch act.name {
	case "image": // of Docker Hub
		name, tag, _ := strings.Cut(act.words[0], ":")
		if tag == "" {
			tag = "latest"
		}
		buildkittest.PushImage(x.t, x.host+"/library/"+name+":"+tag, x.sized(act.words[1:]))
		return nil
	case "fresh":
		return x.daemon.Prune(x.t.Context())
	case "branch":
		return x.onBranch(act.words)
	case "workflow":
		return x.workflow(act.words)
	case "build":
		return x.build(act.words)
	case "remark":
		i := slices.IndexFunc(x.report.Suggestions, func(g report.Suggestion) bool { return g.Rule == act.words[0] })
		if i < 0 || x.report.Suggestions[i].Patch != "" {
			return fmt.Errorf("there is no remark of %s:\n%s", act.words[0], render(x.report))
		}
		x.suggestion = &x.report.Suggestions[i]
		return nil
	case "bare": // the next builds only fill the cache
		x.bare = true
		return nil
	case "exports":
		n := 0
		for _, c := range x.record.Caches {
			if c.Direction == record.Export && c.Error == "" {
				n++
			}
		}
		if want := act.words[0]; fmt.Sprint(n) != want {
			return fmt.Errorf("the build exports %d caches, not %s", n, want)
		}
		return nil
	case "media":
		return x.media(act.words[0])
	case "shows", "hides": // the image's history and configuration
		image, err := os.ReadFile(x.image)
		if err != nil {
			return err
		}
		if bytes.Contains(image, []byte(act.words[0])) != (act.name == "shows") {
			return fmt.Errorf("the image is not so: %s", act.words[0])
		}
		return nil
	}
	return x.applied.do(act)
}

// build keeps the files and the image.
func (x *recorded) build(words []string) error {
	if x.bare {
		return x.world.build(words, pipeline.ExitBuilt)
	}
	files := filepath.Join(x.t.TempDir(), "files.tar")
	x.image = filepath.Join(x.t.TempDir(), "image.tar")
	words = append([]string{"--output=type=tar,dest=" + files, "--output=type=docker,dest=" + x.image}, words...)
	if err := x.world.build(words, pipeline.ExitBuilt); err != nil {
		return err
	}
	list, err := unpack(files)
	if x.suggestion == nil {
		x.before, x.configBefore = list, x.imageConfig()
	} else if x.after == nil {
		x.after, x.configAfter = list, x.imageConfig()
	}
	return err
}

// sized is an image that has, with size=N, so many megabytes that nothing compresses.
func (x *recorded) sized(settings []string) buildkittest.Image {
	var rest []string
	size := 0
	for _, s := range settings {
		if _, err := fmt.Sscanf(s, "size=%d", &size); err != nil {
			rest = append(rest, s)
		}
	}
	i := x.world.image(rest)
	if size > 0 {
		filler := make([]byte, size*1_000_000)
		rand.Read(filler)
		i.Commands = map[string][]byte{"filler": filler}
	}
	return i
}

// media looks for a media type among the layers of the story's cache.
func (x *recorded) media(suffix string) error {
	host, repository, _ := strings.Cut(x.registry, "/")
	var cache struct{ Layers []struct{ MediaType string } }
	if err := ask(http.MethodGet, "http://"+host+"/v2/"+repository+"/cache/manifests/latest", &cache); err != nil {
		return err
	}
	for _, l := range cache.Layers {
		if strings.HasSuffix(l.MediaType, suffix) {
			return nil
		}
	}
	return fmt.Errorf("no layer of the cache is %s: %v", suffix, cache.Layers)
}

// imageConfig is what the last image says of how it runs.
func (x *recorded) imageConfig() map[string]string {
	f, err := os.Open(x.image)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	texts := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			x.t.Fatal(err)
		}
		if h.Size < 1<<20 {
			texts[h.Name], _ = io.ReadAll(r)
		}
	}
	var manifest []struct{ Config string }
	if err := json.Unmarshal(texts["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		x.t.Fatalf("the image has no manifest: %v", err)
	}
	var image struct{ Config map[string]any }
	if err := json.Unmarshal(texts[manifest[0].Config], &image); err != nil {
		x.t.Fatal(err)
	}
	out := map[string]string{}
	for name, value := range image.Config {
		out[name] = fmt.Sprint(value)
	}
	return out
}

// onBranch has the next builds be those of a branch, or of a pull request from it to
// another one, in a runner that knows that main is the default one.
func (x *recorded) onBranch(words []string) error {
	x.branch, x.base = words[0], ""
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": filepath.Join(x.dir, "event.json"),
		"GITHUB_REPOSITORY": "example/" + x.story.name, "GITHUB_WORKSPACE": x.tree(), "GITHUB_REF": "refs/heads/" + x.branch,
	}
	event := `{"repository": {"default_branch": "main"}}`
	if len(words) > 1 {
		x.base = words[1]
		env["GITHUB_EVENT_NAME"], env["GITHUB_REF"] = "pull_request", "refs/pull/1/merge"
		env["GITHUB_HEAD_REF"], env["GITHUB_BASE_REF"] = x.branch, x.base
		event = fmt.Sprintf(`{"repository": {"default_branch": "main"}, "pull_request": {"number": 1, "head": {"ref": %q, "sha": %q}, "base": {"ref": %q}}}`,
			x.branch, strings.Repeat("1", 40), x.base)
	}
	lookup := x.env.LookupEnv
	x.env.LookupEnv = func(name string) (string, bool) {
		if v, ok := env[name]; ok || strings.HasPrefix(name, "GITHUB_") {
			return v, ok
		}
		return lookup(name)
	}
	return os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(event), 0o644)
}

// workflow builds as the workflow's step says. The words give what an expression
// stands for: NAME=VALUE for ${{ matrix.NAME }} and ${{ secrets.NAME }}. A step=N
// among them says which step it is, if it is not the first.
func (x *recorded) workflow(words []string) error {
	paths, err := filepath.Glob(filepath.Join(x.root, ".github", "workflows", "*.yml"))
	if err != nil || len(paths) != 1 {
		return fmt.Errorf("%d workflows, %w", len(paths), err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		return err
	}
	steps, err := workflow.Read(paths[0], text)
	if err != nil {
		return err
	}
	values, n := map[string]string{}, 0
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		values[name] = value
		if name == "step" {
			n = int(value[0] - '1')
		}
	}
	if n >= len(steps) {
		return errors.New("there is no such step")
	}
	s := steps[n]
	var flags []string
	for name, list := range map[string][]string{
		"--build-arg=": s.BuildArgs, "--cache-from=": s.CacheFrom, "--cache-to=": s.CacheTo, "--secret=": s.Secrets,
	} {
		for _, entry := range list {
			entry = x.evaluate(entry, values)
			if name == "--secret=" {
				id, value, _ := strings.Cut(entry, "=")
				file := filepath.Join(x.dir, "secret-"+id)
				if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
					return err
				}
				entry = "id=" + id + ",src=" + file
			}
			if entry != "" {
				flags = append(flags, name+entry)
			}
		}
	}
	if s.Target != "" {
		flags = append(flags, "--target="+x.evaluate(s.Target, values))
	}
	if err := x.build(flags); err != nil {
		return err
	}
	return x.keepsTo(values)
}

// keepsTo looks for the values of secrets in the record and the report. BuildKit's own
// progress shows those of build arguments.
func (x *recorded) keepsTo(values map[string]string) error {
	known, err := json.Marshal(x.record)
	if err != nil {
		return err
	}
	texts := map[string][]byte{"the record": known}
	files, err := filepath.Glob(filepath.Join(x.dir, "report", "*"))
	if err != nil || len(files) < 4 {
		return fmt.Errorf("the report has %d files: %w", len(files), err)
	}
	for _, f := range files {
		if texts[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			return err
		}
	}
	for name, value := range values {
		for where, text := range texts {
			if strings.Contains(name, "TOKEN") && bytes.Contains(text, []byte(value)) {
				return fmt.Errorf("the value of %s is in %s", name, where)
			}
		}
	}
	return nil
}

var (
	expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)
	onRef      = regexp.MustCompile(`^github\.ref == 'refs/heads/(.*)' && '(.*)' \|\| ''$`)
)

// evaluate knows the expressions of the stories.
func (x *recorded) evaluate(text string, values map[string]string) string {
	return expression.ReplaceAllStringFunc(text, func(m string) string {
		e := expression.FindStringSubmatch(m)[1]
		if r := onRef.FindStringSubmatch(e); r != nil {
			if x.base == "" && x.branch == r[1] {
				return r[2]
			}
			return ""
		}
		if e == "github.head_ref || github.ref_name" {
			return x.branch
		}
		_, name, _ := strings.Cut(e, ".")
		v, ok := values[name]
		if !ok {
			x.t.Errorf("what is %s?", m)
		}
		return v
	})
}
