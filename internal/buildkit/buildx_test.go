package buildkit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
)

// What the daemon is asked for is what docker buildx asks it for.
// https://github.com/docker/buildx/blob/v0.37.2/build/opt.go
func TestAttributesAreThoseOfBuildx(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile":         "FROM scratch\n",
		"config/config.json": `{"proxies": {"default": {"httpProxy": "http://proxy:1", "noProxy": "inside"}, "tcp://far": {"httpsProxy": "http://far:1"}}}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const image = "docker-image://example.com/a:1"
	for name, c := range map[string]struct {
		o    Options
		env  map[string]string
		want map[string]string // "" is for an attribute that there must not be
	}{
		"a name that docker would lengthen":   {o: Options{BuildContexts: []string{"docker.io/library/alpine=" + image}}, want: map[string]string{"context:alpine": image}},
		"a name with the tag that is implied": {o: Options{BuildContexts: []string{"Alpine:latest=" + image}}, want: map[string]string{"context:alpine": image}},
		"a name with another tag":             {o: Options{BuildContexts: []string{"golang:1.26=" + image}}, want: map[string]string{"context:golang:1.26": image}},
		"the least provenance":                {want: map[string]string{"attest:provenance": "mode=min,inline-only=true", "attest:sbom": ""}},
		"no default provenance":               {env: map[string]string{"BUILDX_NO_DEFAULT_ATTESTATIONS": "t"}, want: map[string]string{"attest:provenance": ""}},
		"provenance as BuildKit has it":       {o: Options{Provenance: "true"}, want: map[string]string{"attest:provenance": "type=provenance"}},
		"provenance and sbom before attests": {o: Options{Provenance: "mode=min", SBOM: "false", Attests: []string{"type=provenance,mode=max", "type=sbom"}},
			want: map[string]string{"attest:provenance": "type=provenance,mode=min", "attest:sbom": ""}},
		"a value with a comma":  {o: Options{Attests: []string{`type=sbom,"generator=a,b"`}}, want: map[string]string{"attest:sbom": `type=sbom,"generator=a,b"`}},
		"an attestation is off": {o: Options{Attests: []string{"type=provenance,disabled=true"}}, want: map[string]string{"attest:provenance": ""}},
		"the usual platform":    {env: map[string]string{"DOCKER_DEFAULT_PLATFORM": "linux/arm64"}, want: map[string]string{"platform": "linux/arm64"}},
		"a platform that is given": {o: Options{Platforms: []string{"linux/s390x", "linux/s390x"}}, env: map[string]string{"DOCKER_DEFAULT_PLATFORM": "linux/arm64"},
			want: map[string]string{"platform": "linux/s390x"}},
		"docker's proxies":           {want: map[string]string{"build-arg:HTTP_PROXY": "http://proxy:1", "build-arg:NO_PROXY": "inside", "build-arg:HTTPS_PROXY": ""}},
		"the proxies of an engine":   {env: map[string]string{"DOCKER_HOST": "tcp://far"}, want: map[string]string{"build-arg:HTTP_PROXY": "", "build-arg:HTTPS_PROXY": "http://far:1"}},
		"a proxy that is given":      {o: Options{BuildArgs: []string{"http_proxy=mine"}}, want: map[string]string{"build-arg:HTTP_PROXY": "", "build-arg:http_proxy": "mine"}},
		"hosts with commas":          {o: Options{AddHosts: []string{"a:1.2.3.4,b=[::1],::2"}}, want: map[string]string{"add-hosts": "a=1.2.3.4,b=::1,b=::2"}},
		"the default size of memory": {o: Options{ShmSize: "0"}, want: map[string]string{"shm-size": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.o
			o.Context = dir
			o.Getenv = func(name string) (string, bool) {
				if name == "DOCKER_CONFIG" {
					return filepath.Join(dir, "config"), true
				}
				v, ok := c.env[name]
				return v, ok
			}
			r, err := newRequest(o)
			if err != nil {
				t.Fatal(err)
			}
			for attr, want := range c.want {
				if got, ok := r.opt.FrontendAttrs[attr]; got != want || ok != (want != "") {
					t.Errorf("%s is %q (%t), want %q", attr, got, ok, want)
				}
			}
		})
	}
}

// Each folder has a copy of its own at the daemon, under whatever name it is given.
func TestFoldersOfOneNameAreNotMixed(t *testing.T) {
	keys := map[string]bool{}
	for range 2 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := newRequest(Options{Context: dir, BuildContexts: []string{"assets=" + dir}, Getenv: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Fatal(err)
		}
		key := r.opt.FrontendAttrs["sharedkey:localdir:assets"]
		if strings.Contains(key, dir) {
			t.Errorf("the key %q, which provenance may show, has a path of this machine", key)
		}
		keys[key] = true
	}
	if len(keys) != 2 || keys[""] {
		t.Errorf("the keys are %v", keys)
	}
}

func TestCachesAreThoseOfBuildx(t *testing.T) {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token"}
	for name, c := range map[string]struct {
		cache string
		want  map[string]string
	}{
		"credentials of the environment":    {"type=s3,name=x", map[string]string{"name": "x", "access_key_id": "id", "secret_access_key": "key", "session_token": "token"}},
		"a token is not that of other keys": {"type=s3,access_key_id=a,secret_access_key=b", map[string]string{"access_key_id": "a", "secret_access_key": "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseCaches("--cache-from", []string{c.cache}, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got[0].Attrs); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A context that is fetched by SSH is fetched with the user's agent.
func TestContextOverSSHIsForwardedTheAgent(t *testing.T) {
	for context, want := range map[string]string{
		"git@example.com:acme/shop.git":          "--ssh default: no SSH agent is running: SSH_AUTH_SOCK is not set",
		"ssh://git@example.com/acme/shop.git#v1": "--ssh default: no SSH agent is running: SSH_AUTH_SOCK is not set",
		"https://example.com/acme/shop.git":      "",
	} {
		r, err := newRequest(Options{Context: context, Getenv: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if r.late != nil {
			got = r.late.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", context, got, want)
		}
	}
}

func TestMetadataIsDecodedAsBuildxDoes(t *testing.T) {
	const object, list = "eyJhIjoxfQ==", "W3siYSI6MX1d" // {"a":1} and [{"a":1}]
	var res Result
	res.readResponse(&client.SolveResponse{ExporterResponse: map[string]string{
		"object": object, "list": list, "empty": "e30=", "word": "dGV4dA==", "numbers": "WzEsMl0=",
	}})
	got, err := json.Marshal(res.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"empty":"e30=","list":[{"a":1}],"numbers":"WzEsMl0=","object":{"a":1},"word":"dGV4dA=="}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
