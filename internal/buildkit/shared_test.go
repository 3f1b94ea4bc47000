package buildkit_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/record"
)

// Two builds that run the same steps at the same time, as legs of a matrix on one
// builder do, execute them once. Both have seen them run.
func TestStepsThatAnotherBuildRunsToo(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	base := registry + "/shared/base"
	buildkittest.PushImage(t, base, buildkittest.Image{Marker: "shared"})
	var results [2]*buildkit.Result
	var builds errgroup.Group
	for i := range results {
		tree := t.TempDir()
		for name, text := range map[string]string{
			"Dockerfile": "FROM " + base + "\nCOPY file /\nRUN cat /file && sleep 2\nRUN sleep 1\n",
			"file":       "shared",
		} {
			if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		o := buildkit.Options{Context: tree, Root: tree, Progress: "plain"}
		o.Getenv = func(name string) (string, bool) { return filepath.Join(tree, "docker"), name == "DOCKER_CONFIG" }
		b, err := buildkit.Prepare(o)
		if err != nil {
			t.Fatal(err)
		}
		builds.Go(func() (err error) {
			on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
			if err != nil {
				return err
			}
			defer on.Close()
			time.Sleep(time.Duration(i) * 500 * time.Millisecond)
			results[i], err = b.Run(t.Context(), on, io.Discard)
			return err
		})
	}
	if err := builds.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		for _, s := range r.Record.Steps {
			if s.Status != record.Miss && s.Status != record.Hit {
				t.Errorf("build %d: %s is %s", i+1, s.ID, s.Status)
			}
		}
		if last := r.Record.Steps[len(r.Record.Steps)-1]; last.Seconds < 0.8 {
			t.Errorf("build %d: the last step took %g s, and slept a second", i+1, last.Seconds)
		}
	}
}
