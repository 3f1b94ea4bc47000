package buildkit_test

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/record"
)

// Steps of every kind that a key is made for: files of the context, a document, a
// command with a cache mount, layers of their own, and what is read by content.
const ofAllKinds = `FROM {base} AS build
WORKDIR /work
COPY a.txt .
COPY <<END document
text
END
RUN --mount=type=cache,target=/kept echo >> /kept/runs; wc -l < /kept/runs > /runs; head -c 8 /dev/urandom | od -x > /when
RUN echo same > /same
FROM {base}
COPY --from=build /same /same
RUN head -c 8 /dev/urandom | od -x > /after
COPY --link --from=build /runs /when /
COPY --link b.txt /
ADD --chmod=600 b.txt /added
`

// trialBuilder is a fresh builder, and the name of a base image.
func trialBuilder(t *testing.T) (on *builder.Builder, base string) {
	t.Helper()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	base = registry + "/trial/base"
	buildkittest.PushImage(t, base, buildkittest.Image{Marker: "trial"})
	return on, base
}

// A trial finds results of trials of its realm, by content too, and none else; and
// a build finds none of a trial.
func TestATrialHasACacheOfItsOwn(t *testing.T) {
	on, base := trialBuilder(t)
	tree := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("Dockerfile", strings.ReplaceAll(ofAllKinds, "{base}", base))
	put("a.txt", "a")
	put("b.txt", "b")
	o := buildkit.Options{Context: tree, Root: tree, Progress: "plain", Labels: []string{"a=b"}}
	o.Getenv = func(name string) (string, bool) { return filepath.Join(tree, "docker"), name == "DOCKER_CONFIG" }
	build := func() (hits, misses int) {
		t.Helper()
		b, err := buildkit.Prepare(o)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.Run(t.Context(), on, io.Discard)
		if err != nil || res.Err != nil {
			t.Fatal(err, res)
		}
		for _, s := range res.Record.Steps {
			switch s.Status {
			case record.Hit:
				hits++
			case record.Miss:
				misses++
			}
		}
		return hits, misses
	}
	try := func(realm string) (int, map[string]string) {
		t.Helper()
		b, err := buildkit.Prepare(o.ForTrials())
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		res, err := b.Try(t.Context(), on, io.Discard, buildkit.Trial{Realm: realm, Files: func(r io.Reader) error {
			for tr := tar.NewReader(r); ; {
				h, err := tr.Next()
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				data, err := io.ReadAll(tr)
				if err != nil {
					return err
				}
				if !strings.HasPrefix(h.Name, "bin/") {
					files[h.Name] = string(data)
				}
			}
		}})
		if err != nil || res.Err != nil {
			t.Fatal(err, res)
		}
		if !strings.Contains(string(res.Config), `"a":"b"`) {
			t.Errorf("the configuration is %s", res.Config)
		}
		return res.Executed, files
	}
	build()
	cold, first := try("one")
	for i := range 2 {
		if again, files := try("one"); again != 0 || fmt.Sprint(files) != fmt.Sprint(first) {
			t.Errorf("%d operations were executed again in trial %d\n%v\n%v", again, i+2, first, files)
		}
	}
	other, second := try("two")
	if cold != other || cold < 11 {
		t.Errorf("the first trials of two realms execute %d and %d operations", cold, other)
	}
	for _, name := range []string{"when", "after"} {
		if first[name] == second[name] || first[name] == "" {
			t.Errorf("/%s is %q in both realms", name, first[name])
		}
	}
	if first["runs"] != "1\n" || second["runs"] != "1\n" {
		t.Errorf("the cache mount was filled before: %q, %q", first["runs"], second["runs"])
	}

	// What is read by content is found by content.
	put("Dockerfile", strings.Replace(strings.ReplaceAll(ofAllKinds, "{base}", base), "echo same", "echo  same", 1))
	if n, files := try("one"); n != 1 || files["after"] != first["after"] || files["runs"] != "1\n" {
		t.Errorf("%d operations were executed where one was edited: %v", n, files)
	}
	put("a.txt", "other")
	n, files := try("one")
	if files["after"] != first["after"] || files["runs"] != "2\n" || files["when"] == first["when"] {
		t.Errorf("%d operations were executed where a file was edited: %v", n, files)
	}
	put("a.txt", "a")
	put("Dockerfile", strings.ReplaceAll(ofAllKinds, "{base}", base))
	if hits, misses := build(); misses != 0 || hits == 0 {
		t.Errorf("the same build again has %d hits and %d misses", hits, misses)
	}
	put("a.txt", "other")
	if _, misses := build(); misses == 0 {
		t.Error("a build found the results of a trial")
	}

	mounts := func() (ours, others int) {
		t.Helper()
		usage, err := on.Client.DiskUsage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range usage {
			switch {
			case u.RecordType != client.UsageRecordTypeCacheMount:
			case strings.Contains(u.Description, "/layercause/"):
				ours++
			default:
				others++
			}
		}
		return ours, others
	}
	if ours, others := mounts(); ours != 2 || others != 1 {
		t.Errorf("there are %d cache mounts of trials and %d of builds", ours, others)
	}
	if err := buildkit.Forget(t.Context(), on, "tw"); err != nil {
		t.Fatal(err)
	}
	if ours, others := mounts(); ours != 1 || others != 1 {
		t.Errorf("there are %d cache mounts of trials and %d of builds after one realm is forgotten", ours, others)
	}
}

// A command that is interrupted holds its cache mount until the daemon has ended it.
func TestAnInterruptedTrialIsForgotten(t *testing.T) {
	on, base := trialBuilder(t)
	tree := t.TempDir()
	text := "FROM " + base + "\nRUN --mount=type=cache,target=/kept echo started; sleep 60\n"
	if err := os.WriteFile(filepath.Join(tree, "Dockerfile"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := buildkit.Options{Context: tree, Root: tree, Progress: "plain"}
	o.Getenv = func(name string) (string, bool) { return filepath.Join(tree, "docker"), name == "DOCKER_CONFIG" }
	b, err := buildkit.Prepare(o.ForTrials())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := writerFunc(func(p []byte) (int, error) {
		if strings.HasSuffix(string(p), " started") {
			cancel()
		}
		return len(p), nil
	})
	if _, err := b.Try(ctx, on, log, buildkit.Trial{Realm: "broken-off", Context: tree}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the trial gives %v", err)
	}
	if err := buildkit.Forget(t.Context(), on, "broken-off"); err != nil {
		t.Fatal(err)
	}
	usage, err := on.Client.DiskUsage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range usage {
		if u.RecordType == client.UsageRecordTypeCacheMount {
			t.Errorf("%s stays", u.Description)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
