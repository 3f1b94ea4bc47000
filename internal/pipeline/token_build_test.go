package pipeline_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
)

// BuildKit asks the server of the context with the workflow's token.
func TestTheContextIsFetchedWithTheToken(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tokens := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, password, ok := r.BasicAuth(); ok {
			tokens[password] = true
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	d := buildkittest.Start(t, buildkittest.Options{})
	dir := t.TempDir()
	environ := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": server.URL, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": strings.Repeat("a", 40),
		"GITHUB_REF": "refs/heads/main", "INPUT_CONTEXT": "{{defaultContext}}", "INPUT_GITHUB-TOKEN": "planted", "INPUT_COMMENT": "never",
		"DOCKER_CONFIG": filepath.Join(dir, "docker"),
	}
	var out bytes.Buffer
	err := pipeline.Build(t.Context(), pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
	}, pipeline.BuildOptions{Builder: d.Address, ReportDir: filepath.Join(dir, "report")})
	if code := pipeline.ExitCode(&out, err); code != pipeline.ExitFailed {
		t.Errorf("exit code %d", code)
	}
	if len(tokens) != 1 || !tokens["planted"] {
		t.Errorf("the server was asked with %v:\n%s", tokens, out.String())
	}
	if log := strings.ReplaceAll(out.String(), "::add-mask::planted", ""); strings.Contains(log, "planted") {
		t.Errorf("the token is in the log:\n%s", log)
	}
}
