package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/record"
)

const runToken = githubtest.WorkflowToken

// legRecord is the record of one leg of a matrix that lost seconds to a first build.
func legRecord(leg string, change ...func(*record.Record)) *record.Record {
	r := &record.Record{
		Schema: record.Schema, ID: strings.Repeat("0a", 16), SaltID: "salt", StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Seconds: 5, Status: record.Failed,
		Failure:    &record.Failure{Message: "exit code 1 of " + leg, File: "Dockerfile", Line: 2, EndLine: 2, Step: "s1"},
		Invocation: record.Invocation{Context: ".", Dockerfile: "Dockerfile"},
		Commit:     record.Commit{Repository: "acme/shop", SHA: pulledSHA, Ref: "refs/pull/7/merge"},
		Job:        &record.Job{Name: "image", Matrix: "leg: " + leg},
		Builder:    record.Builder{Name: "b", Driver: "unix"},
		Dockerfile: record.Dockerfile{
			Path: "Dockerfile", Text: "FROM scratch\nRUN make\n",
			Stages:       []record.Stage{{Name: "0", Base: "scratch", Parent: -1}},
			Instructions: []record.Instruction{{Command: "FROM", Text: "FROM scratch", Line: 1, EndLine: 1}, {Command: "RUN", Text: "RUN make", Line: 2, EndLine: 2}},
		},
		Steps:    []record.Step{{ID: "s1", Instruction: 1, Stage: "0", Platform: "linux/amd64", Status: record.StepFailed, Seconds: 4, Key: "k"}},
		Vertices: []record.Vertex{},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func encoded(t *testing.T, r *record.Record) []byte {
	t.Helper()
	data, err := record.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// publisher is the second of the two workflows, whose token may write.
type publisher struct {
	t      *testing.T
	github *githubtest.Server
	dir    string
	event  map[string]any
	env    map[string]string
}

func newPublisher(t *testing.T, o githubtest.Options) *publisher {
	t.Helper()
	p := &publisher{t: t, github: githubtest.Start(t, o), dir: t.TempDir()}
	p.github.AddPull("acme/shop", 7, pulledSHA)
	p.github.SetBranch("acme/shop", 7, "visitor/shop", "topic")
	p.event = map[string]any{
		"id": 100, "run_attempt": 1, "name": "image", "head_sha": pulledSHA, "head_branch": "topic",
		"head_repository": map[string]any{"full_name": "visitor/shop"},
	}
	p.env = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": runToken, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_WORKFLOW": "comment",
		"GITHUB_RUN_ID": "200", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_EVENT_NAME": "workflow_run",
		"GITHUB_EVENT_PATH": filepath.Join(p.dir, "event.json"), "GITHUB_API_URL": p.github.URL,
		"GITHUB_STEP_SUMMARY": filepath.Join(p.dir, "summary"),
	}
	return p
}

// file writes a file and returns its path.
func (p *publisher) file(name string, data []byte) string {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *publisher) run(paths ...string) (code int, log string) {
	p.t.Helper()
	event, err := json.Marshal(map[string]any{"workflow_run": p.event})
	if err != nil {
		p.t.Fatal(err)
	}
	p.file("event.json", event)
	var out bytes.Buffer
	env := pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := p.env[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: p.dir, Version: "test",
	}
	code = pipeline.ExitCode(&out, pipeline.Comment(p.t.Context(), env, pipeline.CommentOptions{Records: paths}))
	return code, out.String()
}

func (p *publisher) body() string {
	p.t.Helper()
	list := p.github.Comments("acme/shop", 7)
	if len(list) == 0 {
		return ""
	}
	if len(list) > 1 {
		p.t.Fatalf("%d comments", len(list))
	}
	return list[0].Body
}

// What the record says of where it is from is not believed, and no wrong record keeps
// the others from being shown.
func TestRecordsAreNotTrusted(t *testing.T) {
	good := encoded(t, legRecord("good"))
	for name, c := range map[string]struct {
		make    func(p *publisher) string // the path of the wrong record
		warning string
	}{
		"no record":     {func(p *publisher) string { return p.file("x/record.json.zst", []byte("text")) }, "cannot be used: reading record: "},
		"cut off":       {func(p *publisher) string { return p.file("x/record.json.zst", good[:len(good)/2]) }, "cannot be used: reading record: "},
		"an empty file": {func(p *publisher) string { return p.file("x/record.json.zst", nil) }, "cannot be used: reading record: "},
		"another version": {func(p *publisher) string {
			return p.file("x/record.json.zst", squeeze(t, `{"schema":"layercause.record/v9"}`))
		}, "not a record of schema"},
		"deep":      {func(p *publisher) string { return p.file("x/record.json.zst", squeeze(t, strings.Repeat("[", 1000))) }, "cannot be used: "},
		"a bomb":    {func(p *publisher) string { return p.file("x/record.json.zst", bomb(t)) }, "exceeds a limit"},
		"too large": {func(p *publisher) string { return p.sparse("x/record.json.zst", 64<<20+1) }, "is no file of at most"},
		"another commit": {func(p *publisher) string {
			return p.file("x/record.json.zst", encoded(t, legRecord("x", func(r *record.Record) { r.Commit.SHA = "::error::\n@octocat" })))
		}, `it is of the commit "::error::\n@`},
		"a link to a file elsewhere": {func(p *publisher) string {
			outside := filepath.Join(t.TempDir(), "record.json.zst")
			if err := os.WriteFile(outside, encoded(t, legRecord("linked")), 0o644); err != nil {
				t.Fatal(err)
			}
			return p.link(outside, "x/record.json.zst")
		}, "there is no record.json.zst in it"},
		"a linked folder": {func(p *publisher) string { return filepath.Dir(p.link(t.TempDir(), "x/folder")) + "/record.json.zst" }, "there is no record.json.zst in it"},
		"an earlier record that is none": {func(p *publisher) string {
			p.file("x/base.json.zst", []byte("text"))
			return p.file("x/record.json.zst", encoded(t, legRecord("with a broken base")))
		}, "the earlier record cannot be used: "},
		"too many files": {func(p *publisher) string {
			for i := range 10_001 {
				p.file(fmt.Sprintf("x/%d", i), nil)
			}
			return p.file("x/record.json.zst", good)
		}, "it holds more than 10000 files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, githubtest.Options{})
			wrong := filepath.Dir(c.make(p))
			code, log := p.run(wrong, p.file("good/record.json.zst", good))
			if code != pipeline.ExitBuilt {
				t.Fatalf("exit code %d:\n%s", code, log)
			}
			warnings := 0
			for line := range strings.Lines(log) {
				if strings.HasPrefix(line, "::warning::") {
					warnings++
				}
				if strings.HasPrefix(line, "::error::") {
					t.Errorf("a record commands the runner: %s", line)
				}
			}
			if warnings != 1 || !strings.Contains(log, c.warning) {
				t.Errorf("%d warnings, want one with %q:\n%s", warnings, c.warning, log)
			}
			if body := p.body(); !strings.Contains(body, "exit code 1 of good") || strings.Contains(body, "linked") {
				t.Errorf("the comment:\n%s", body)
			}
		})
	}
}

func (p *publisher) link(target, name string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// sparse makes a large file that takes no room.
func (p *publisher) sparse(name string, size int64) string {
	path := p.file(name, nil)
	if err := os.Truncate(path, size); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func squeeze(t *testing.T, text string) []byte {
	t.Helper()
	return compressed(t, strings.NewReader(text))
}

// bomb is a record of a gigabyte of spaces within a few bytes.
func bomb(t *testing.T) []byte {
	t.Helper()
	return compressed(t, io.MultiReader(strings.NewReader(`{"schema":"layercause.record/v1","id":"`), io.LimitReader(letters{}, 1<<28)))
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// One last job of a matrix publishes what its legs have left.
func TestLegsShareOneComment(t *testing.T) {
	p := newPublisher(t, githubtest.Options{})
	for i, leg := range []string{"amd64", "arm64", "`@octocat` <b>\n# x"} {
		p.file(fmt.Sprintf("records/layercause-%d/record.json.zst", i), encoded(t, legRecord(leg)))
	}
	code, log := p.run(filepath.Join(p.dir, "records"))
	body := p.body()
	if code != pipeline.ExitBuilt || strings.Contains(log, "::warning::") {
		t.Fatalf("exit code %d:\n%s", code, log)
	}
	var headings []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "####") {
			headings = append(headings, strings.TrimSpace(line))
		}
	}
	want := []string{
		"#### Dockerfile, `linux/amd64`, job `image`, `leg: '@octocat' <b> # x`",
		"#### Dockerfile, `linux/amd64`, job `image`, `leg: amd64`",
		"#### Dockerfile, `linux/amd64`, job `image`, `leg: arm64`",
	}
	if !slices.Equal(headings, want) || !strings.Contains(body, "**3 builds failed") {
		t.Errorf("headings %q in\n%s", headings, body)
	}
	if n := len(p.github.Requests()); n > 8 {
		t.Errorf("%d requests", n)
	}
	summary, err := os.ReadFile(filepath.Join(p.dir, "summary"))
	if err != nil || strings.Count(string(summary), "### Build cache of") != 3 {
		t.Errorf("%v, the summary:\n%s", err, summary)
	}
}

// A pull request is found by the event alone.
func TestRecordNamesNoPullRequest(t *testing.T) {
	for name, change := range map[string]func(p *publisher){
		"the head moved on":         func(p *publisher) { p.github.Push("acme/shop", 7, strings.Repeat("a", 40)) },
		"another branch":            func(p *publisher) { p.event["head_branch"] = "other" },
		"another fork":              func(p *publisher) { p.event["head_repository"] = map[string]any{"full_name": "visitor/other"} },
		"a fork that is gone":       func(p *publisher) { p.event["head_repository"] = nil },
		"a closed pull request":     func(p *publisher) { p.github.ClosePull("acme/shop", 7) },
		"an event without a branch": func(p *publisher) { p.event["head_branch"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, githubtest.Options{})
			change(p)
			code, log := p.run(p.file("record.json.zst", encoded(t, legRecord("x"))))
			if code != pipeline.ExitBuilt || p.body() != "" {
				t.Errorf("exit code %d, %q:\n%s", code, p.body(), log)
			}
			if strings.Count(log, "::notice::")+strings.Count(log, "there is none to comment on") != 1 {
				t.Errorf("it is not said once:\n%s", log)
			}
			if s, err := os.ReadFile(filepath.Join(p.dir, "summary")); err != nil || !strings.Contains(string(s), "exit code 1 of x") {
				t.Errorf("the summary: %v\n%s", err, s)
			}
		})
	}
}

// Links lead to the repository and the head of the event, whatever the record says.
func TestLinksAreTheEvents(t *testing.T) {
	p := newPublisher(t, githubtest.Options{})
	p.run(p.file("record.json.zst", encoded(t, legRecord("x", func(r *record.Record) {
		r.Commit = record.Commit{Repository: "https://evil.example/acme/shop", SHA: pulledSHA, Ref: "https://evil.example/"}
		r.Failure.Message = "see https://evil.example/"
	}))))
	body := p.body()
	links := regexp.MustCompile(`\]\(([^)]*)\)|href|src=`).FindAllStringSubmatch(body, -1)
	if len(links) == 0 {
		t.Errorf("there is no link to the line:\n%s", body)
	}
	for _, l := range links {
		if l[1] != "https://github.com/acme/shop/blob/"+pulledSHA+"/Dockerfile#L2" && l[1] != "https://github.com/acme/shop/actions/runs/100" {
			t.Errorf("there is a link to %q", l[1])
		}
	}
}

// A token that may not write is one notice; the summary has the reports.
func TestPublishingWithoutTheRight(t *testing.T) {
	reader := githubtest.Workflow()
	reader.ReadOnly = true
	p := newPublisher(t, githubtest.Options{Tokens: map[string]githubtest.Identity{runToken: reader}})
	code, log := p.run(p.file("record.json.zst", encoded(t, legRecord("x"))))
	if code != pipeline.ExitBuilt || strings.Count(log, "::notice::") != 1 || !strings.Contains(log, "403 Resource not accessible by integration") {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	if s, err := os.ReadFile(filepath.Join(p.dir, "summary")); err != nil || !strings.Contains(string(s), "exit code 1 of x") {
		t.Errorf("the summary: %v\n%s", err, s)
	}
}

func compressed(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err == nil {
		_, err = io.Copy(z, r)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An earlier record that cannot be compared makes no first build of it.
func TestEarlierRecordThatCannotBeCompared(t *testing.T) {
	for want, change := range map[string]func(*record.Record){
		"made with another history": func(r *record.Record) { r.SaltID = "another" },
		"is of another Dockerfile":  func(r *record.Record) { r.Invocation.Dockerfile = "Other" },
	} {
		p := newPublisher(t, githubtest.Options{})
		miss := func(r *record.Record) {
			r.Status, r.Failure, r.Steps[0].Status = record.Succeeded, nil, record.Miss
		}
		p.file("record.json.zst", encoded(t, legRecord("x", miss)))
		p.file("base.json.zst", encoded(t, legRecord("x", miss, change)))
		code, log := p.run(p.dir)
		if body := p.body(); code != pipeline.ExitBuilt || !strings.Contains(body, want) || strings.Contains(strings.ToLower(body), "first build") {
			t.Errorf("%s: exit code %d:\n%s\n%s", want, code, log, body)
		}
	}
}
