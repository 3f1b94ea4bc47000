package buildkit

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

// SOURCE_DATE_EPOCH of the environment is a build argument, as with buildx, unless
// one is given.
func TestEpochOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  string
		args []string
		want string
		set  bool
	}{
		"in the environment":             {env: "1000000000", want: "1000000000", set: true},
		"empty in the environment":       {env: ""},
		"both":                           {env: "1000000000", args: []string{"SOURCE_DATE_EPOCH=5"}, want: "5", set: true},
		"given as empty":                 {env: "1000000000", args: []string{"SOURCE_DATE_EPOCH="}, want: "", set: true},
		"another that is given":          {env: "1000000000", args: []string{"A=5"}, want: "1000000000", set: true},
		"by name, from the environment":  {env: "7", args: []string{"SOURCE_DATE_EPOCH"}, want: "7", set: true},
		"neither, with another argument": {args: []string{"A=5"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := newRequest(Options{
				Context: dir, BuildArgs: c.args,
				Getenv: func(name string) (string, bool) {
					if name == "DOCKER_CONFIG" {
						return dir, true
					}
					return c.env, name == "SOURCE_DATE_EPOCH" && c.env != ""
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, ok := r.opt.FrontendAttrs["build-arg:SOURCE_DATE_EPOCH"]
			if got != c.want || ok != c.set {
				t.Errorf("the argument is %q (%t), want %q (%t)", got, ok, c.want, c.set)
			}
		})
	}
}

// TestTheSubjectIsKnownBeforeTheSalt asks for it while the salt is on its way: the
// caches are chosen by it, and the history is.
func TestTheSubjectIsKnownBeforeTheSalt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch AS t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Prepare(Options{
		Context: dir, Root: dir, Target: "t", Platforms: []string{"linux/arm64"}, BuildArgs: []string{"A=1"},
		Getenv:    func(string) (string, bool) { return "", false },
		AwaitSalt: func() record.Salt { t.Error("the salt was waited for"); return record.Salt{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := record.Invocation{Context: ".", Dockerfile: "Dockerfile", Target: "t", Platforms: []string{"linux/arm64"}}
	if diff := cmp.Diff(want, b.Subject()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTheRunnersOfAMatrix build each for its own platform if nobody names one: what one
// of them built is no earlier build of the other.
func TestTheRunnersOfAMatrix(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := func(machine string, platforms ...string) []string {
		b, err := Prepare(Options{
			Context: dir, Root: dir, Machine: machine, Platforms: platforms,
			Getenv: func(string) (string, bool) { return "", false },
		})
		if err != nil {
			t.Fatal(err)
		}
		return b.Subject().TargetPlatforms()
	}
	for _, c := range []struct {
		machine string
		asked   []string
		want    []string
	}{
		{machine: "linux/amd64"}, // as in records that do not say
		{machine: "linux/arm64", want: []string{"linux/arm64"}},
		{machine: "linux/arm64", asked: []string{"linux/arm64"}, want: []string{"linux/arm64"}},
		{machine: "linux/arm64", asked: []string{"linux/s390x,linux/amd64"}, want: []string{"linux/amd64", "linux/s390x"}},
		{machine: "linux/amd64", asked: []string{"linux/amd64"}, want: []string{"linux/amd64"}},
	} {
		if diff := cmp.Diff(c.want, key(c.machine, c.asked...)); diff != "" {
			t.Errorf("%s, asked for %v (-want +got):\n%s", c.machine, c.asked, diff)
		}
	}
}
