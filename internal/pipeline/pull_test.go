package pipeline_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/pipeline"
)

const pulledSHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

// pulledFile has a suggestion to get, and something for BuildKit's own checks.
const pulledFile = "FROM {base} as build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n"

// pull is a repository whose jobs run on a pull request.
type pull struct {
	t       *testing.T
	github  *githubtest.Server
	builder string
	dir     string
	file    string            // the Dockerfile's text
	more    map[string]string // files of the tree
	env     map[string]string // instead of that of a pull request
	edits   int
}

// newPull is one on a daemon that others use too, with a base image of its own so
// that their results are not its.
func newPull(t *testing.T, d *buildkittest.Daemon, registry string, o githubtest.Options) *pull {
	t.Helper()
	base := registry + "/pull/" + strings.ToLower(rand.Text())
	buildkittest.PushImage(t, base, buildkittest.Image{Marker: base, Commands: commands(t)})
	p := &pull{
		t: t, github: githubtest.Start(t, o), builder: d.Address, dir: t.TempDir(),
		file: strings.ReplaceAll(pulledFile, "{base}", base),
	}
	p.github.AddPull("acme/shop", 7, pulledSHA)
	return p
}

func pullDaemon(t *testing.T) (*buildkittest.Daemon, string) {
	registry := buildkittest.Registry(t)
	return buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}}), registry
}

// job edits a source and builds, and returns the log and the summary.
func (p *pull) job() (log, summary string) {
	p.t.Helper()
	p.edits++
	tree := map[string]string{
		"Dockerfile": p.file, "package.json": "{}", "package-lock.json": "\"node_modules/left\": \"1\"\n",
		"src/app.js": fmt.Sprint(p.edits), ".dockerignore": "Dockerfile\n.dockerignore\n",
		"../event.json": `{"number":7,"pull_request":{"number":7,"head":{"sha":"` + pulledSHA + `","ref":"cart"},"base":{"ref":"main"}}}`,
	}
	maps.Copy(tree, p.more)
	if err := write(filepath.Join(p.dir, "tree"), tree); err != nil {
		p.t.Fatal(err)
	}
	summaryFile := filepath.Join(p.dir, "summary")
	os.Remove(summaryFile)
	environ := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": githubtest.WorkflowToken, "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": filepath.Join(p.dir, "event.json"),
		"GITHUB_API_URL": p.github.URL, "GITHUB_STEP_SUMMARY": summaryFile, "GITHUB_OUTPUT": filepath.Join(p.dir, "output"),
		"GITHUB_WORKSPACE": filepath.Join(p.dir, "tree"), "DOCKER_CONFIG": filepath.Join(p.dir, "docker"),
	}
	maps.Copy(environ, p.env)
	var out bytes.Buffer
	env := pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: filepath.Join(p.dir, "tree"), CacheDir: filepath.Join(p.dir, "cache"), Version: "test",
	}
	o := pipeline.BuildOptions{ReportDir: filepath.Join(p.dir, "report"), History: filepath.Join(p.dir, "history"), Builder: p.builder}
	o.Context, o.Progress = filepath.Join(p.dir, "tree"), "plain"
	if code := pipeline.ExitCode(&out, pipeline.Build(p.t.Context(), env, o)); code != pipeline.ExitBuilt {
		p.t.Fatalf("exit code %d:\n%s", code, out.String())
	}
	text, err := os.ReadFile(summaryFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return out.String(), string(text)
}

func (p *pull) comment() string {
	p.t.Helper()
	list := p.github.Comments("acme/shop", 7)
	if len(list) != 1 {
		p.t.Fatalf("%d comments", len(list))
	}
	return list[0].Body
}

// newLines is the diff of a pull request that adds the whole Dockerfile.
func newLines(file string) string {
	text := strings.TrimSuffix(file, "\n")
	return fmt.Sprintf("@@ -0,0 +1,%d @@\n+", strings.Count(text, "\n")+1) + strings.ReplaceAll(text, "\n", "\n+")
}

const suggestionTitle = "Install the packages from their manifests"

func TestSuggestionStandsOnTheLinesOfThePullRequest(t *testing.T) {
	t.Parallel()
	d, registry := pullDaemon(t)
	p := newPull(t, d, registry, githubtest.Options{})
	p.github.AddFiles("acme/shop", 7, githubtest.ChangedFile{Path: "Dockerfile", Patch: newLines(p.file)})
	p.job()
	if n := len(p.github.ReviewComments("acme/shop", 7)); n != 0 {
		t.Fatalf("%d suggestions after the first build", n)
	}
	log, summary := p.job()
	reviews := p.github.ReviewComments("acme/shop", 7)
	if len(reviews) != 1 {
		t.Fatalf("%d suggestions on lines:\n%s", len(reviews), log)
	}
	r := reviews[0]
	if r.Path != "Dockerfile" || r.StartLine != 3 || r.Line != 4 || r.Commit != pulledSHA ||
		!strings.Contains(r.Body, suggestionTitle) ||
		!strings.HasSuffix(r.Body, "\n```suggestion\nCOPY package-lock.json package.json ./\nRUN npm ci\nCOPY . .\n```") {
		t.Errorf("the suggestion: %+v", r)
	}
	if c := p.comment(); strings.Contains(c, suggestionTitle) || !strings.Contains(c, "1 suggestion stands on the lines that it changes") {
		t.Errorf("the comment:\n%s", c)
	}
	if !strings.Contains(summary, suggestionTitle) {
		t.Errorf("the summary does not have the suggestion:\n%s", summary)
	}
	// BuildKit's own checks are marked on their lines.
	if !strings.Contains(log, "::warning endLine=1,file=Dockerfile,line=1,title=FromAsCasing::") {
		t.Errorf("the log does not have the check's annotation:\n%s", log)
	}
	if !strings.Contains(summary, "1 finding of BuildKit checks") || !strings.Contains(p.comment(), "BuildKit's own checks have 1 finding") {
		t.Errorf("the check is not told of:\n%s\n%s", summary, p.comment())
	}

	p.job()
	if n := len(p.github.ReviewComments("acme/shop", 7)); n != 1 {
		t.Errorf("%d suggestions on lines after the same again", n)
	}
	p.github.ChangeReview(r.ID, func(cm *githubtest.ReviewComment) { cm.Resolved = true })
	_, summary = p.job()
	for name, text := range map[string]string{"comment": p.comment(), "summary": summary} {
		if strings.Contains(text, suggestionTitle) || strings.Contains(text, "suggestion stands") {
			t.Errorf("the %s has a suggestion that was dismissed:\n%s", name, text)
		}
	}
	if n := len(p.github.ReviewComments("acme/shop", 7)); n != 1 {
		t.Errorf("%d suggestions on lines after one was dismissed", n)
	}
}

// Where a suggestion cannot stand on its lines it stays a diff in the comment, and
// nothing of it fails the build.
func TestSuggestionStaysInTheComment(t *testing.T) {
	t.Parallel()
	d, registry := pullDaemon(t)
	fork := githubtest.Workflow()
	fork.ReadOnly = true
	for name, c := range map[string]struct {
		options githubtest.Options
		diff    string // empty adds the whole file
		failure githubtest.Failure
		notice  string
		comment bool
	}{
		"the diff does not show the lines": {diff: "@@ -5 +5 @@\n-RUN npm run all\n+RUN npm run build", comment: true},
		"a fork": {
			options: githubtest.Options{Tokens: map[string]githubtest.Identity{githubtest.WorkflowToken: fork}},
			notice:  "403 Resource not accessible by integration",
		},
		"a refusal": {failure: githubtest.Failure{Path: "/reviews", Status: 422}, notice: "suggesting changes on acme/shop#7: 422", comment: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPull(t, d, registry, c.options)
			if c.diff == "" {
				c.diff = newLines(p.file)
			}
			p.github.AddFiles("acme/shop", 7, githubtest.ChangedFile{Path: "Dockerfile", Patch: c.diff})
			p.job()
			if c.failure.Status != 0 {
				p.github.Fail(c.failure)
			}
			log, summary := p.job()
			if n := len(p.github.ReviewComments("acme/shop", 7)); n != 0 {
				t.Errorf("%d suggestions on lines", n)
			}
			if !strings.Contains(summary, suggestionTitle) {
				t.Errorf("the summary does not have the suggestion:\n%s", summary)
			}
			if c.comment && !strings.Contains(p.comment(), "+COPY package-lock.json package.json ./") {
				t.Errorf("the comment does not have the diff:\n%s", p.comment())
			}
			notices := strings.Count(log, "::notice::")
			if want := min(1, len(c.notice)); notices != want || !strings.Contains(log, c.notice) {
				t.Errorf("%d notices, want %d with %q:\n%s", notices, want, c.notice, log)
			}
		})
	}
}

// What a repository does not want is not suggested, and what it says wrongly is a
// warning that fails no build.
func TestSuggestionsThatAreNotWanted(t *testing.T) {
	t.Parallel()
	d, registry := pullDaemon(t)
	for name, c := range map[string]struct {
		settings string
		above    string // the COPY
		top      string
		warning  string
		wanted   bool
	}{
		"turned off":                   {settings: "suggestions: {off: [deps-before-source]}"},
		"all turned off":               {settings: "suggestions: {off: all}"},
		"another one turned off":       {settings: "suggestions: {off: [late-arg]}", wanted: true},
		"turned off beside a fault":    {settings: "suggestions:\n  off: [deps-before-source, nonsense]", warning: `.github/layercause.yml:2: there is no rule "nonsense"; the rules are `},
		"no settings at all":           {settings: "- [", wanted: true, warning: ".github/layercause.yml"},
		"a comment above the line":     {above: "# layercause: ignore=deps-before-source it is small\n"},
		"a comment at the top":         {top: "# layercause: ignore=all\n\n"},
		"a comment about another rule": {above: "# layercause: ignore=late-arg\n", wanted: true},
		"a comment of no rule":         {above: "# layercause: ignore=nonsense\n", wanted: true, warning: "Dockerfile:3: the comment to layercause names the rule `nonsense`"},
		"a comment that means nothing": {above: "# layercause: ignor=all\n", wanted: true, warning: "Dockerfile:3: the comment to layercause has no effect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPull(t, d, registry, githubtest.Options{})
			p.file = c.top + strings.Replace(p.file, "COPY . .", c.above+"COPY . .", 1)
			p.more = map[string]string{".github/layercause.yml": c.settings}
			p.job()
			log, summary := p.job()
			if got := strings.Contains(summary, suggestionTitle) && strings.Contains(p.comment(), suggestionTitle); got != c.wanted {
				t.Errorf("it is suggested: %v, want %v\n%s", got, c.wanted, summary)
			}
			warnings := 0
			for line := range strings.Lines(log) {
				if strings.HasPrefix(line, "::warning::") {
					warnings++
				}
			}
			if want := min(1, len(c.warning)); warnings != want || !strings.Contains(log, c.warning) {
				t.Errorf("%d warnings, want %d with %q:\n%s", warnings, want, c.warning, log)
			}
		})
	}
}

// A commit that is the head of two pull requests has a comment on each, also where the
// conversation of the other one is locked.
func TestALockedPullRequestKeepsNoOtherFromItsComment(t *testing.T) {
	t.Parallel()
	d, registry := pullDaemon(t)
	for _, locked := range []int{7, 8} {
		p := newPull(t, d, registry, githubtest.Options{})
		p.github.AddPull("acme/shop", 8, pulledSHA)
		p.github.Lock("acme/shop", locked)
		p.env = map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/cart", "GITHUB_SHA": pulledSHA}
		p.job()
		log, _ := p.job()
		if n := len(p.github.Comments("acme/shop", 15-locked)); n != 1 {
			t.Errorf("%d comments beside #%d, which is locked", n, locked)
		}
		if n := strings.Count(log, "::notice::"); n != 1 || !strings.Contains(log, "Unlock the conversation") {
			t.Errorf("%d notices:\n%s", n, log)
		}
	}
}
