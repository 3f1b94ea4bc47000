package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
)

// An image says the same of its origin as one that docker/build-push-action builds.
// https://docs.docker.com/build/ci/github-actions/attestations/
func TestProvenanceOfTheAction(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	dir := t.TempDir()
	if err := write(dir, map[string]string{
		"tree/Dockerfile": "FROM scratch\nARG WHO\nCOPY file /\n", "tree/file": "content",
		"public.json": `{"repository":{"private":false}}`, "private.json": `{"repository":{"private":true}}`,
	}); err != nil {
		t.Fatal(err)
	}
	const run = "https://github.com/acme/shop/actions/runs/42/attempts/2"
	const largest, smallest, none = "by " + run + ", arguments: true, steps: true", "by " + run + ", arguments: false, steps: false", "none"
	n := 0
	for what, c := range map[string]struct {
		event  string
		inputs map[string]string
		want   string
	}{
		"of a public repository":  {"public", nil, largest},
		"of a private repository": {"private", nil, smallest},
		"switched on":             {"private", map[string]string{"INPUT_PROVENANCE": "true"}, largest},
		"switched off":            {"public", map[string]string{"INPUT_PROVENANCE": "false"}, none},
		"as asked for":            {"public", map[string]string{"INPUT_PROVENANCE": "mode=min"}, smallest},
		"another builder": {"public", map[string]string{"INPUT_PROVENANCE": "mode=min,builder-id=https://example.com"},
			"by https://example.com, arguments: false, steps: false"},
		"as attests asks": {"public", map[string]string{"INPUT_ATTESTS": "type=provenance,mode=min"}, smallest},
		"no default":      {"public", map[string]string{"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}, none},
		"for an engine as well": {"public", map[string]string{"INPUT_OUTPUTS": "type=docker,dest=" + filepath.Join(dir, "image.tar") + "\ntype=registry"},
			"by , arguments: false, steps: false"},
	} {
		n++
		ref := fmt.Sprintf("%s/acme/shop:%d", registry, n)
		environ := map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
			"GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_EVENT_PATH": filepath.Join(dir, c.event+".json"),
			"GITHUB_SHA": pulledSHA, "DOCKER_CONFIG": filepath.Join(dir, "docker"),
			"INPUT_CONTEXT": filepath.Join(dir, "tree"), "INPUT_TAGS": ref, "INPUT_PUSH": "true", "INPUT_BUILD-ARGS": "WHO=me", "INPUT_COMMENT": "never",
		}
		for k, v := range c.inputs {
			environ[k] = v
		}
		var out bytes.Buffer
		err := pipeline.Build(t.Context(), pipeline.Env{
			LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
			Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
		}, pipeline.BuildOptions{Builder: d.Address, ReportDir: filepath.Join(dir, "report")})
		if code := pipeline.ExitCode(&out, err); code != pipeline.ExitBuilt {
			t.Errorf("%s: exit code %d:\n%s", what, code, out.String())
			continue
		}
		if got := provenanceOf(t, ref); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "image.tar")); err != nil {
		t.Error(err)
	}
}

// provenanceOf tells who built an image, and whether its provenance has the build's
// arguments and steps.
func provenanceOf(t *testing.T, reference string) string {
	t.Helper()
	ref, err := name.ParseReference(reference, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		return "none" // an image alone
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range manifests.Manifests {
		if m.Annotations["vnd.docker.reference.type"] != "attestation-manifest" {
			continue
		}
		attestation, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := attestation.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%d attestations, %v", len(layers), err)
		}
		r, err := layers[0].Compressed()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var statement struct {
			Predicate struct {
				BuildDefinition struct {
					ExternalParameters struct {
						Request struct{ Args map[string]string }
					}
					InternalParameters struct{ BuildConfig struct{ LLBDefinition []any } }
				}
				RunDetails struct{ Builder struct{ ID string } }
			}
		}
		if err := json.NewDecoder(r).Decode(&statement); err != nil {
			t.Fatal(err)
		}
		p := statement.Predicate
		return fmt.Sprintf("by %s, arguments: %t, steps: %t", p.RunDetails.Builder.ID,
			p.BuildDefinition.ExternalParameters.Request.Args["build-arg:WHO"] == "me", len(p.BuildDefinition.InternalParameters.BuildConfig.LLBDefinition) > 0)
	}
	return "none"
}
