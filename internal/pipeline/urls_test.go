package pipeline_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Files that a pull request can change name addresses. Only the build itself may ask
// them, and this one does not.
func TestNoAddressOfTheRepositoryIsAsked(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	p := newPlanned(t)
	p.missing = true // of the settings
	p.tree["Dockerfile"] = "# " + server.URL + "/comment\n# layercause-ignore " + server.URL + "\n" + p.tree["Dockerfile"] + "RUN echo npm ci " + server.URL + "/run\n"
	p.tree[".github/layercause.yml"] = "suggestions:\n  off: late-arg\nhistory: oci://" + host + "/settings\ncache-from: type=registry,ref=" + host + "/settings\ngithub: " + server.URL + "\n"
	p.tree[".github/workflows/image.yml"] = `on: push
jobs:
  image:
    runs-on: ubuntu-latest
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: "` + server.URL + `", BUILDKIT_HOST: "tcp://` + host + `", GITHUB_API_URL: "` + server.URL + `" }
    steps:
      - uses: layercause/layercause@main
        with:
          context: .
          builder: tcp://` + host + `
          history: oci://` + host + `/workflow
          cache-from: type=registry,ref=` + host + `/workflow
          cache-to: type=s3,endpoint_url=` + server.URL + `,bucket=b,region=r
`
	p.tree["package.json"] = `{"dependencies":{"a":"` + server.URL + `/a.tgz"},"repository":"` + server.URL + `"}`
	p.tree["package-lock.json"] = `{"packages":{"node_modules/a":{"resolved":"` + server.URL + `/a.tgz"}}}`
	p.tree[".npmrc"] = "registry=" + server.URL + "\n"
	p.tree[".gitmodules"] = "[submodule \"a\"]\n\tpath = a\n\turl = " + server.URL + "/a.git\n"
	p.tree[".layercause/history/salt"] = server.URL
	for range 2 { // the second build writes causes and suggestions too
		p.tree["a.txt"] += "again"
		p.job("cart", "main", nil)
	}
	if len(asked) > 0 {
		t.Errorf("asked: %v", asked)
	}
	// What the workflow gives the step in its environment is somebody's decision.
	p.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = server.URL
	if p.job("cart", "main", nil); len(asked) == 0 {
		t.Error("an address of the environment is not asked: then nothing shows that others are not")
	}
}
