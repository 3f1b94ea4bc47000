package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/history/actionscachetest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// planned is a repository whose jobs have a fresh builder each and leave the caches
// to layercause.
type planned struct {
	t      *testing.T
	daemon *buildkittest.Daemon
	dir    string
	env    map[string]string
	image  string
	tree   map[string]string
	// missing says that a cache is named which is not there.
	missing bool
}

// again is what the last record says of what was made again.
func (p *planned) again() float64 {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.dir, "report", "record.json.zst"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	r, err := record.Read(f)
	if err != nil {
		p.t.Fatal(err)
	}
	return r.Findings.Again
}

func newPlanned(t *testing.T) *planned {
	registry := buildkittest.Registry(t)
	p := &planned{t: t, dir: t.TempDir(), image: registry + "/acme/shop", env: map[string]string{}}
	p.daemon = buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	buildkittest.PushImage(t, registry+"/base", buildkittest.Image{Marker: t.Name()})
	p.tree = map[string]string{
		"Dockerfile":    "FROM " + registry + "/base\nCOPY a.txt /\nRUN sleep 1; cp /a.txt /a\nCOPY b.txt /\nRUN sleep 1; cp /b.txt /b\n",
		".dockerignore": "Dockerfile\n", "a.txt": "main", "b.txt": "main",
	}
	return p
}

// job builds a branch, or a pull request from it if there is a base.
func (p *planned) job(branch, base string, change func(*pipeline.BuildOptions)) (log string, r report.Report) {
	p.t.Helper()
	if err := p.daemon.Prune(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	if err := write(filepath.Join(p.dir, "tree"), p.tree); err != nil {
		p.t.Fatal(err)
	}
	event := `{"repository":{"default_branch":"main"},"number":7,"pull_request":{"number":7,"head":{"sha":"` + pulledSHA +
		`","ref":"` + branch + `","repo":{"full_name":"acme/shop"}},"base":{"ref":"` + base + `"}}}`
	if err := os.WriteFile(filepath.Join(p.dir, "event.json"), []byte(event), 0o600); err != nil {
		p.t.Fatal(err)
	}
	environ := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_EVENT_PATH": filepath.Join(p.dir, "event.json"),
		"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/" + branch, "GITHUB_SHA": pulledSHA,
		"GITHUB_WORKSPACE": filepath.Join(p.dir, "tree"), "GITHUB_STEP_SUMMARY": filepath.Join(p.dir, "summary"),
		"DOCKER_CONFIG": filepath.Join(p.dir, "docker"),
	}
	if base != "" {
		environ["GITHUB_EVENT_NAME"], environ["GITHUB_REF"] = "pull_request", "refs/pull/7/merge"
	}
	for name, value := range p.env {
		environ[name] = value
	}
	var out bytes.Buffer
	env := pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: filepath.Join(p.dir, "tree"), CacheDir: filepath.Join(p.dir, "cache"), Version: "test",
	}
	o := pipeline.BuildOptions{
		ReportDir: filepath.Join(p.dir, "report"), History: filepath.Join(p.dir, "history"), Builder: p.daemon.Address, Cache: "auto", Comment: "never",
	}
	o.Context, o.Progress = filepath.Join(p.dir, "tree"), "plain"
	if change != nil {
		change(&o)
	}
	if code := pipeline.ExitCode(&out, pipeline.Build(p.t.Context(), env, o)); code != pipeline.ExitBuilt {
		p.t.Fatalf("exit code %d:\n%s", code, out.String())
	}
	data, err := os.ReadFile(filepath.Join(p.dir, "report", "report.json"))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if (len(r.Warnings) > 0) != p.missing {
		p.t.Errorf("warnings of %s: %q", branch, r.Warnings)
	}
	return out.String(), r
}

func (p *planned) push(o *pipeline.BuildOptions) { o.Push, o.Tags = true, []string{p.image + ":1"} }

func (p *planned) tag(o *pipeline.BuildOptions) { o.Tags = []string{p.image + ":1"} }

// shown is what a report says of caches, and of the steps.
func shown(r report.Report) string {
	var b strings.Builder
	for _, c := range r.Caches {
		fmt.Fprintf(&b, "%s %s %s chosen=%v; ", c.Direction, c.Type, c.Ref[strings.LastIndexByte(c.Ref, '/')+1:], c.Chosen)
	}
	fmt.Fprintf(&b, "%d of %d hit", r.Totals.Hits, r.Totals.Hits+r.Totals.Misses)
	return b.String()
}

// scopeHash is the part of a cache's name that depends on the machine.
var scopeHash = regexp.MustCompile(`-linux-[a-z0-9]+-[0-9a-f]{8}`)

// check compares what was done, and looks for what was said in the log, the report
// and the summary.
func (p *planned) check(what, log string, r report.Report, want, said string) {
	p.t.Helper()
	if got := scopeHash.ReplaceAllString(shown(r), "-ARCH-HASH"); got != want {
		p.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
	summary, err := os.ReadFile(filepath.Join(p.dir, "summary"))
	if err != nil {
		p.t.Fatal(err)
	}
	if said != "" && (!strings.Contains(r.CacheChoice, said) || !strings.Contains(log, "\n"+r.CacheChoice+"\n") && !strings.HasPrefix(log, r.CacheChoice+"\n")) ||
		!bytes.Contains(summary, []byte(firstWords(r.CacheChoice))) {
		p.t.Errorf("%s says %q, and not %q; the log:\n%s", what, r.CacheChoice, said, log)
	}
}

func firstWords(s string) string { return s[:min(len(s), len("cache: auto: imports"))] }

func TestCacheAutoInARegistry(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	log, r := p.job("main", "", p.push)
	p.check("the first build", log, r,
		"import registry shop:layercause-dockerfile-ARCH-HASH-main chosen=true; export registry shop:layercause-dockerfile-ARCH-HASH-main chosen=true; 0 of 4 hit",
		"since main is the default branch")

	const imports, exports = "import registry shop:layercause-dockerfile-ARCH-HASH-", "; export registry shop:layercause-dockerfile-ARCH-HASH-"
	p.tree["a.txt"] = "cart"
	log, r = p.job("cart", "main", p.tag)
	p.check("a pull request that does not push", log, r, imports+"main chosen=true; 0 of 4 hit", "exports nothing: the job has no cache service")
	p.tree["a.txt"], p.tree["b.txt"] = "main", "cart"
	log, r = p.job("cart", "main", p.push)
	p.check("one that changes less", log, r, imports+"main chosen=true; 2 of 4 hit", "and 1 are known")

	// What a pull request makes again is the evidence by which a later one exports.
	p.tree["a.txt"] = "cart"
	p.job("cart", "main", p.push)
	if again := p.again(); again != 0 {
		t.Errorf("%.1f s for what the build before had made, which was nothing of it", again)
	}
	for range 2 {
		p.job("cart", "main", p.push)
		if again := p.again(); again < 1.8 {
			t.Errorf("%.1f s for what the build before had made, which was both steps of 1 s", again)
		}
	}
	log, r = p.job("cart", "main", p.push)
	p.check("when it would have paid", log, r, imports+"main chosen=true"+exports+"cart chosen=true; 0 of 4 hit",
		"since the last 5 builds of pull requests and short branches lost ")
	log, r = p.job("cart", "main", p.push)
	p.check("when it has paid", log, r, imports+"cart chosen=true; "+imports+"main chosen=true"+exports+"cart chosen=true; 4 of 4 hit", "")

	p.missing = true
	log, r = p.job("cart", "main", func(o *pipeline.BuildOptions) {
		p.tag(o)
		o.CacheFrom = []string{"type=registry,ref=" + p.image + ":other"}
	})
	if !strings.Contains(log, "cache: auto: cache-from is given; exports ") || len(r.Caches) == 0 || r.Caches[0].Ref != p.image+":other" || r.Caches[0].Chosen {
		t.Errorf("with cache-from given: %s\n%s", shown(r), log)
	}
}

func TestCacheAutoInActions(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	service := actionscachetest.Start(t)
	p.env["ACTIONS_RESULTS_URL"] = service.URL
	main := actionscachetest.Scope{Scope: "refs/heads/main", Permission: 3}
	p.env["ACTIONS_RUNTIME_TOKEN"] = service.Token(t, main)
	log, r := p.job("main", "", nil)
	p.check("the first build", log, r,
		"import gha layercause-dockerfile-ARCH-HASH chosen=true; export gha layercause-dockerfile-ARCH-HASH chosen=true; 0 of 4 hit", "since main is the default branch")

	main.Permission = 1
	p.env["ACTIONS_RUNTIME_TOKEN"] = service.Token(t, actionscachetest.Scope{Scope: "refs/pull/7/merge", Permission: 3}, main)
	p.tree["b.txt"] = "cart"
	log, r = p.job("cart", "main", nil)
	p.check("a pull request", log, r, "import gha layercause-dockerfile-ARCH-HASH chosen=true; 2 of 4 hit", "exports nothing")
	if keys := service.Keys("refs/pull/7/merge"); len(keys) > 0 {
		t.Errorf("the pull request wrote %v", keys)
	}
}

// TestCacheAutoOnTheFirstPullRequest has a repository that no build has ever made a cache
// of, and whose default branch perhaps never does: a workflow of pull requests alone.
func TestCacheAutoOnTheFirstPullRequest(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	service := actionscachetest.Start(t)
	p.env["ACTIONS_RESULTS_URL"] = service.URL
	p.env["ACTIONS_RUNTIME_TOKEN"] = service.Token(t,
		actionscachetest.Scope{Scope: "refs/pull/7/merge", Permission: 3}, actionscachetest.Scope{Scope: "refs/heads/main", Permission: 1})
	const imports, exports = "import gha layercause-dockerfile-ARCH-HASH chosen=true; ", "export gha layercause-dockerfile-ARCH-HASH chosen=true; "
	log, r := p.job("cart", "main", nil)
	p.check("the first build", log, r, imports+exports+"0 of 4 hit", "with mode=max, since no build is known that exported what this one imports")
	p.tree["b.txt"] = "more"
	log, r = p.job("cart", "main", nil)
	p.check("the second", log, r, imports+"2 of 4 hit", "exports nothing: it takes 5 builds of pull requests and short branches without an export")
}

// TestCacheAutoWithATokenOfNoCache has a runner name a service and give a token that
// is not for it, as act does: BuildKit would refuse the whole build for such an export.
func TestCacheAutoWithATokenOfNoCache(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	p.env["ACTIONS_RESULTS_URL"], p.env["ACTIONS_RUNTIME_TOKEN"] = "http://127.0.0.1:1/", "not-a-token"
	log, r := p.job("main", "", nil)
	if len(r.Caches) != 0 || !strings.Contains(r.CacheChoice, "no cache service") {
		t.Errorf("caches %v, says %q:\n%s", r.Caches, r.CacheChoice, log)
	}
}
