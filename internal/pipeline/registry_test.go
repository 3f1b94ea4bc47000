package pipeline

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit/builder"
)

func TestApplyLogins(t *testing.T) {
	var out bytes.Buffer
	var o BuildOptions
	applyLogins(&o, action.Inputs{RegistryLogins: []action.Login{{Registry: "ghcr.io", Username: "octocat", Password: "pa:ss"}}}, action.NewLog(&out, nil))
	if got := o.Logins["ghcr.io"]; got != (builder.Login{Username: "octocat", Password: "pa:ss"}) {
		t.Errorf("the login is %+v", got)
	}
	if !strings.Contains(out.String(), "::add-mask::pa:ss\n") {
		t.Errorf("the password is not masked: %q", out.String())
	}
}

func TestLoginHint(t *testing.T) {
	for said, want := range map[string]bool{
		"failed to push ghcr.io/acme/shop: unexpected status from HEAD request: 401 Unauthorized":        true,
		"ghcr.io/acme/base:1: failed to authorize: failed to fetch anonymous token":                      true,
		"pull access denied, repository does not exist or may require authorization: insufficient_scope": true,
		`process "/bin/sh -c false" did not complete successfully: exit code: 1`:                         false,
		"failed to compute cache key: \"/src\": not found":                                               false,
	} {
		for _, active := range []bool{true, false} {
			r := runner{active: active}
			if got := r.loginHint(errors.New(said)) != ""; got != (want && active) {
				t.Errorf("in a job: %t, %q: a hint: %t", active, said, got)
			}
		}
	}
}

func TestInContainer(t *testing.T) {
	env := map[string]string{
		"GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/shop", "RUNNER_WORKSPACE": "/home/runner/work/shop",
	}
	var out bytes.Buffer
	var o BuildOptions
	o.CacheFrom = []string{"type=local,src=/home/runner/work/_temp/cache"}
	o.CacheTo = []string{"type=local,dest=/tmp/.buildx-cache,mode=max"}
	o.Outputs = []string{"/home/runner/work/shop/shop/out", "type=local,dest=/opt/out", "type=registry"}
	o.BuildContexts = []string{"lib=/home/runner/work/shop/shop/lib"}
	o.BuildArgs = []string{"DIR=/home/runner/work/_temp/x"}
	inContainer(&o, action.ReadFolders(func(name string) string { return env[name] }), action.NewLog(&out, nil))
	got := strings.Join(append(append(append(append(o.CacheFrom, o.CacheTo...), o.Outputs...), o.BuildContexts...), o.BuildArgs...), "\n")
	want := `type=local,src=/github/runner_temp/cache
type=local,dest=/tmp/.buildx-cache,mode=max
/github/workspace/out
type=local,dest=/opt/out
type=registry
lib=/github/workspace/lib
DIR=/home/runner/work/_temp/x`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := strings.Count(out.String(), "::warning"); n != 2 || !strings.Contains(out.String(), "/tmp/.buildx-cache") || !strings.Contains(out.String(), "/opt/out") {
		t.Errorf("%d warnings, want one for each folder that is lost:\n%s", n, out.String())
	}
}
