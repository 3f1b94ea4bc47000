package buildkit_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// With the Docker engine's own builder a build leaves its image where docker's commands
// do, builds upon the engine's images, and refuses before it runs what the engine lacks.
func TestTheEnginesOwnBuilder(t *testing.T) {
	d := buildkittest.StartDocker(t)
	tree := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("file", "content")
	write("Dockerfile", "FROM scratch\nCOPY file /\n")
	getenv := func(name string) (string, bool) {
		v, ok := map[string]string{"DOCKER_CONFIG": filepath.Join(tree, "docker"), "DOCKER_HOST": d.Host}[name]
		return v, ok
	}
	on, err := builder.Connect(t.Context(), builder.Options{Address: "default", Getenv: func(n string) string { v, _ := getenv(n); return v }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	if !on.Limited(t.Context()) {
		t.Error("the engine without containerd's image store is not known as one")
	}
	run := func(o buildkit.Options) error {
		t.Helper()
		o.Context, o.Root, o.Progress, o.Getenv = tree, tree, "plain", getenv
		b, err := buildkit.Prepare(o)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.Run(t.Context(), on, io.Discard)
		if err == nil {
			err = res.Err
		}
		return err
	}
	has := func(name string) bool {
		_, err := d.Engine.ImageInspect(t.Context(), name)
		return err == nil
	}
	for name, o := range map[string]buildkit.Options{
		"acme/plain:1": {Tags: []string{"acme/plain:1"}},
		"acme/load:1":  {Tags: []string{"acme/load:1"}, Load: true},
		"acme/image:1": {Outputs: []string{"type=image,name=acme/image:1"}},
	} {
		if err := run(o); err != nil || !has(name) {
			t.Errorf("%s is there: %t; %v", name, has(name), err)
		}
	}
	if err := run(buildkit.Options{Tags: []string{"acme/none:1"}, Outputs: []string{"type=cacheonly"}}); err != nil || has("acme/none:1") {
		t.Errorf("of type=cacheonly an image is there: %t; %v", has("acme/none:1"), err)
	}
	write("Dockerfile", "FROM acme/plain:1\nCOPY file /again\n")
	if err := run(buildkit.Options{Tags: []string{"acme/upon:1"}}); err != nil || !has("acme/upon:1") {
		t.Errorf("upon an image of the engine: %t; %v", has("acme/upon:1"), err)
	}
	for what, o := range map[string]buildkit.Options{
		"pushing":                  {Tags: []string{"example.com/a"}, Push: true},
		"an output of type=oci":    {Outputs: []string{"type=oci,dest=x"}},
		"an output of type=docker": {Outputs: []string{"type=docker,dest=x"}},
		"more than one platform":   {Platforms: []string{"linux/amd64,linux/arm64"}},
		"exporting a cache":        {CacheTo: []string{"type=local,dest=x"}},
		"attestations":             {Provenance: "mode=max"},
		"by digest":                {Outputs: []string{"type=image,name=acme/d,push-by-digest=true"}},
	} {
		var usage *buildkit.UsageError
		if err := run(o); !errors.As(err, &usage) || !strings.Contains(usage.Problem, what) || usage.Hint == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, o := range []buildkit.Options{
		{CacheTo: []string{"type=inline"}, Attests: []string{"type=provenance,disabled=true"}}, {DefaultProvenance: "mode=max"},
	} {
		if err := run(o); err != nil {
			t.Error(err)
		}
	}

	// Nor does it take an image with attestations from another builder.
	on, err = builder.Connect(t.Context(), builder.Options{Address: buildkittest.Start(t, buildkittest.Options{}).Address,
		Getenv: func(n string) string { v, _ := getenv(n); return v }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	write("Dockerfile", "FROM scratch\nCOPY file /\n")
	if err := run(buildkit.Options{Tags: []string{"acme/loaded:1"}, Load: true}); err != nil || !has("acme/loaded:1") {
		t.Errorf("loaded: %t, %v", has("acme/loaded:1"), err)
	}
	var usage *buildkit.UsageError
	if err := run(buildkit.Options{Tags: []string{"acme/loaded:2"}, Load: true, Provenance: "true"}); !errors.As(err, &usage) || !strings.Contains(usage.Problem, "no image with attestations") {
		t.Errorf("loaded with attestations: %v", err)
	}

	// One with the image store has a snapshotter, as BuildKit's own daemon has.
	full, err := builder.Connect(t.Context(), builder.Options{Address: buildkittest.Start(t, buildkittest.Options{}).Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { full.Close() })
	if store := (&builder.Builder{Client: full.Client, Driver: builder.DriverDocker}); store.Limited(t.Context()) || full.Limited(t.Context()) {
		t.Error("a daemon with a snapshotter is taken for the engine without one")
	}
}
