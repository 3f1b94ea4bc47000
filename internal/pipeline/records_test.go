package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	actionscache "github.com/tonistiigi/go-actions-cache"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/history/actionscachetest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/report"
)

// ci runs jobs, each on a runner of its own: what one leaves is in the cache service
// alone.
type ci struct {
	*testing.T
	daemon  *buildkittest.Daemon
	base    string
	service *actionscachetest.Service
	v2      bool
	jobs    int
	// set changes a job before it runs.
	set func(map[string]string, *pipeline.BuildOptions)
	out string // what the last job printed
}

func (c *ci) job(ref, app string, scopes ...actionscachetest.Scope) report.Report {
	c.Helper()
	c.jobs++
	dir := c.TempDir()
	if err := write(filepath.Join(dir, "tree"), map[string]string{
		"Dockerfile": "FROM " + c.base + "\nRUN echo tools > /tools\nCOPY app /app\nRUN cp /app /built\n",
		"app":        app,
	}); err != nil {
		c.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "event.json"), []byte(`{"repository":{"default_branch":"main"}}`), 0o600); err != nil {
		c.Fatal(err)
	}
	environ := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "owner/name", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": ref,
		"GITHUB_SHA": fmt.Sprintf("%040x", c.jobs), "GITHUB_EVENT_PATH": filepath.Join(dir, "event.json"),
		"GITHUB_WORKSPACE": dir, "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"), "GITHUB_OUTPUT": filepath.Join(dir, "output"),
		"ACTIONS_RUNTIME_TOKEN": c.service.Token(c.T, scopes...), "ACTIONS_RESULTS_URL": c.service.URL + "/",
		"GITHUB_SERVER_URL": "https://github.com", "DOCKER_CONFIG": filepath.Join(dir, "docker"),
	}
	if !c.v2 {
		environ["GITHUB_SERVER_URL"], environ["ACTIONS_CACHE_URL"] = "https://github.example.com", c.service.URL+"/"
	}
	var out bytes.Buffer
	o := pipeline.BuildOptions{ReportDir: filepath.Join(dir, "report"), Builder: c.daemon.Address}
	o.Context, o.Progress = filepath.Join(dir, "tree"), "plain"
	o.CacheFrom, o.CacheTo = []string{"type=gha"}, []string{"type=gha,mode=max"}
	if c.set != nil {
		c.set(environ, &o)
	}
	if err := c.daemon.Prune(c.Context()); err != nil {
		c.Fatal(err)
	}
	err := pipeline.Build(c.Context(), pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
	}, o)
	c.out = out.String()
	if err != nil {
		c.Fatalf("%v\n%s", err, c.out)
	}
	if token := environ["ACTIONS_RUNTIME_TOKEN"]; token != "" && strings.Contains(c.out, token) {
		c.Error("the log shows the token")
	}
	data, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	var r report.Report
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		c.Fatal(err)
	}
	return r
}

// sha is the commit of the n-th job.
func sha(n int) string { return fmt.Sprintf("%040x", n) }

const (
	mainScope = "refs/heads/main"
	pull1     = "refs/pull/1/merge"
	pull2     = "refs/pull/2/merge"
)

func newCI(t *testing.T, v2 bool) *ci {
	registry := buildkittest.Registry(t)
	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{Marker: t.Name()})
	return &ci{
		T: t, base: registry + "/base:1", v2: v2, service: actionscachetest.Start(t),
		daemon: buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}}),
	}
}

// TestRunsShareRecordsAndCache has BuildKit's own exporter and importer and the
// history in one cache service. What the default branch saves a pull request
// restores; what a pull request saves nobody else sees.
func TestRunsShareRecordsAndCache(t *testing.T) {
	own := func(scope string) actionscachetest.Scope {
		return actionscachetest.Scope{Scope: scope, Permission: 3}
	}
	main := actionscachetest.Scope{Scope: mainScope, Permission: 1}
	for name, v2 := range map[string]bool{"v1": false, "v2": true} {
		t.Run(name, func(t *testing.T) {
			c := newCI(t, v2)
			for i, x := range []struct {
				what, ref, app string
				scopes         []actionscachetest.Scope
				base, why      string
				hits           int
				subject        string
			}{
				{"the first build of all", mainScope, "one", []actionscachetest.Scope{own(mainScope)}, "", "none", 0, ""},
				{"a pull request that changes a file", pull1, "two", []actionscachetest.Scope{own(pull1), main}, sha(1), "imported-index", 1, "app"},
				{"the pull request again", pull1, "two", []actionscachetest.Scope{own(pull1), main}, sha(2), "imported-index", 3, ""},
				// The same file, which the first pull request has built.
				{"another pull request", pull2, "two", []actionscachetest.Scope{own(pull2), main}, sha(1), "imported-index", 1, "app"},
				{"the default branch, when that is merged", mainScope, "two", []actionscachetest.Scope{own(mainScope)}, sha(1), "imported-index", 1, "app"},
				{"a pull request that comes later", "refs/pull/3/merge", "two", []actionscachetest.Scope{own("refs/pull/3/merge"), main}, sha(5), "imported-index", 3, ""},
			} {
				r := c.job(x.ref, x.app, x.scopes...)
				base, why := r.Build.Base.Commit, r.Build.Base.Why
				if base != x.base || why != x.why || r.Totals.Hits != x.hits {
					t.Errorf("%d, %s: compared with %q (%s) and %d hits, want %q (%s) and %d\n%s",
						i+1, x.what, base, why, r.Totals.Hits, x.base, x.why, x.hits, c.out)
				}
				if x.subject != "" && (len(r.Causes) == 0 || r.Causes[0].Subject != x.subject) {
					t.Errorf("%d, %s: the causes are %v, want %s", i+1, x.what, r.Causes, x.subject)
				}
				if strings.Contains(c.out, "::notice::") {
					t.Errorf("%d, %s:\n%s", i+1, x.what, c.out)
				}
			}
			for scope, want := range map[string]int{mainScope: 2, pull1: 2, pull2: 1} {
				ours, writers, buildkits := 0, 0, 0
				for _, key := range c.service.Keys(scope) {
					if strings.HasPrefix(key, "layercause-1-") && !strings.HasPrefix(key, "layercause-1-writers-") {
						ours++
					} else if strings.HasPrefix(key, "layercause-1-writers-") {
						writers++
					} else if strings.HasPrefix(key, "index-") {
						buildkits++
					}
				}
				if ours != want || writers != want || buildkits == 0 {
					t.Errorf("%s has %d of our entries and %d of writers, want %d, and %d indexes of BuildKit's", scope, ours, writers, want, buildkits)
				}
			}
		})
	}
}

// TestAHistoryThatHangs measures what a service that takes every request and never
// answers costs a build: no more than the time that restoring or saving may take.
func TestAHistoryThatHangs(t *testing.T) {
	c := newCI(t, true)
	c.set = func(_ map[string]string, o *pipeline.BuildOptions) { o.CacheFrom, o.CacheTo = nil, nil }
	timed := func() time.Duration {
		start := time.Now()
		c.job(mainScope, "one", actionscachetest.Scope{Scope: mainScope, Permission: 3})
		return time.Since(start)
	}
	without := timed()
	for what, hangs := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"hangs": hang,
		"hangs when it is written to": func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/CreateCacheEntry") && hang(w, r)
		},
	} {
		c.service.Instead(hangs)
		with := timed()
		t.Logf("%.1f s without, %.1f s with a service that %s", without.Seconds(), with.Seconds(), what)
		if more := with - without; more > 11*time.Second {
			t.Errorf("it took %s more with a service that %s", more, what)
		}
		if n := strings.Count(c.out, "::notice::"); n != 1 || !strings.Contains(c.out, "did not answer in time") {
			t.Errorf("%d notices:\n%s", n, c.out)
		}
	}
}

func hang(_ http.ResponseWriter, r *http.Request) bool {
	io.Copy(io.Discard, r.Body) // or the server does not see the client go
	<-r.Context().Done()
	return true
}

// TestRunsShareRecordsInARegistry keeps the history beside the images. There are no
// branches there: another pull request finds the first one's record.
func TestRunsShareRecordsInARegistry(t *testing.T) {
	c := newCI(t, true)
	where := "oci://" + strings.TrimSuffix(c.base, "/base:1") + "/records:ci"
	c.set = func(environ map[string]string, o *pipeline.BuildOptions) {
		o.History, o.CacheFrom, o.CacheTo = where, nil, nil
		delete(environ, "ACTIONS_RUNTIME_TOKEN")
	}
	if r := c.job(mainScope, "one"); r.Build.Base.Why != "none" || strings.Contains(c.out, "::notice::") {
		t.Errorf("the first build is compared with %v\n%s", r.Build.Base, c.out)
	}
	if r := c.job(pull1, "two"); r.Build.Base.Commit != sha(1) || len(r.Causes) == 0 || r.Causes[0].Subject != "app" {
		t.Errorf("the second build is compared with %v: %v\n%s", r.Build.Base, r.Causes, c.out)
	}
	if r := c.job(pull2, "two"); r.Build.Base.Commit != sha(2) {
		t.Errorf("the third build is compared with %v\n%s", r.Build.Base, c.out)
	}
}

// TestAHistoryThatFails has the service fail in each way. The build succeeds, and
// says in one notice what is not there.
func TestAHistoryThatFails(t *testing.T) {
	c := newCI(t, true)
	own := actionscachetest.Scope{Scope: mainScope, Permission: 3}
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(code)
			fmt.Fprint(w, `{"message":"::error::no"}`)
			return true
		}
	}
	saving := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/CreateCacheEntry") && status(code)(w, r)
		}
	}
	for _, x := range []struct {
		name    string
		instead func(http.ResponseWriter, *http.Request) bool
		scope   actionscachetest.Scope
		environ map[string]string
		want    string
	}{
		{"down", status(500), own, nil, "could not be read: the service answered with status 500."},
		{"throttled", status(429), own, nil, "could not be read: the service is asked too often (status 429)."},
		{"saving is throttled", saving(429), own, nil, "could not be kept in the Actions cache: the service is asked too often (status 429)."},
		{"a token to read with", nil, actionscachetest.Scope{Scope: mainScope, Permission: 1}, nil, "this job may only read the Actions cache."},
		{"a mode to read in", nil, own, map[string]string{"ACTIONS_CACHE_MODE": "read"}, "this job may only read the Actions cache."},
		{"no cache for the job", nil, own, map[string]string{"ACTIONS_CACHE_MODE": "none"}, "ACTIONS_CACHE_MODE is none. This build's record is kept in a folder of the runner instead."},
		{"a token that is none", nil, own, map[string]string{"ACTIONS_RUNTIME_TOKEN": "not-a-token"}, "This build's record is kept in a folder of the runner instead."},
		{"nobody there", nil, own, map[string]string{"ACTIONS_RESULTS_URL": "http://127.0.0.1:1/"}, "could not be read: the service could not be reached: dial tcp 127.0.0.1:1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := *c
			c.T = t
			c.service.Instead(x.instead)
			c.set = func(environ map[string]string, o *pipeline.BuildOptions) {
				o.CacheFrom, o.CacheTo = nil, nil
				for k, v := range x.environ {
					environ[k] = v
				}
			}
			if r := c.job(mainScope, "one", x.scope); r.Build.Status != "succeeded" || len(r.Warnings) > 0 {
				t.Errorf("the build %s, warnings %q", r.Build.Status, r.Warnings)
			}
			if n := strings.Count(c.out, "::notice::"); n != 1 || !strings.Contains(c.out, x.want) || strings.Contains(c.out, "::warning") {
				t.Errorf("%d notices, want one with %q:\n%s", n, x.want, c.out)
			}
		})
	}
}

// TestAPlantedArchive puts something else where the records are. It is passed over
// with a notice, and the next record stands in its place.
func TestAPlantedArchive(t *testing.T) {
	c := newCI(t, true)
	own := actionscachetest.Scope{Scope: mainScope, Permission: 3}
	c.set = func(_ map[string]string, o *pipeline.BuildOptions) { o.CacheFrom, o.CacheTo = nil, nil }
	c.job(mainScope, "one", own)
	keys := c.service.Keys(mainScope)
	client, err := actionscache.New(c.service.Token(t, own), c.service.URL, true, actionscache.Opt{})
	if err == nil {
		err = client.Save(t.Context(), strings.TrimSuffix(keys[0], "1")+"2", actionscache.NewBlob([]byte("not an archive")))
	}
	if err != nil {
		t.Fatal(err)
	}
	r := c.job(mainScope, "two", own)
	if r.Build.Base.Why != "none" || strings.Count(c.out, "::notice::") != 1 || !strings.Contains(c.out, "an archive was passed over") {
		t.Errorf("compared with %v\n%s", r.Build.Base, c.out)
	}
	if r := c.job(mainScope, "three", own); r.Build.Base.Commit != sha(2) || strings.Contains(c.out, "::notice::") {
		t.Errorf("compared with %v\n%s", r.Build.Base, c.out)
	}
}

// TestAHistoryThatIsNone refuses what is no history, before anything is built.
func TestAHistoryThatIsNone(t *testing.T) {
	for where, want := range map[string]string{
		"gha":                         "--history gha: there is no Actions cache",
		"https://user:pass@host/app":  `--history "https://`,
		"oci://app":                   `--history "oci://app": it is not REGISTRY/NAME[:TAG]`,
		"oci://user:pass@example.com": `--history "oci://`,
	} {
		o := pipeline.BuildOptions{History: where, ReportDir: t.TempDir()}
		o.Context = t.TempDir()
		err := pipeline.Build(t.Context(), pipeline.Env{LookupEnv: func(string) (string, bool) { return "", false }, Dir: o.Context}, o)
		var out bytes.Buffer
		if code := pipeline.ExitCode(&out, err); code != pipeline.ExitUsage || !strings.Contains(out.String(), want) ||
			!strings.Contains(out.String(), "hint: ") || strings.Contains(out.String(), "pass") {
			t.Errorf("%s: exit code %d, %s", where, code, out.String())
		}
	}
}
