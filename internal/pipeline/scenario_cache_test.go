package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/record"
)

// Caches that only those stories are told through that ask for it.
const (
	throughLocal  = "local"
	throughGHA    = "gha"
	throughS3     = "s3"
	throughAzblob = "azblob"
)

// These stories run one after the other: each prunes the daemon.
func TestScenariosThroughOtherCaches(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Flags: entitled})
	s3, azurite := buildkittest.StartS3(t), buildkittest.StartAzurite(t)
	for _, c := range []struct {
		name string
		keep func(w *world) keeper
	}{
		{throughLocal, inFolder},
		{throughGHA, inActionsCache},
		{throughS3, func(w *world) keeper { return inS3(w, s3) }},
		{throughAzblob, func(w *world) keeper { return inAzblob(w, azurite) }},
	} {
		told := stories(t, c.name)
		if len(told) == 0 {
			t.Errorf("no story is told through %s", c.name)
		}
		for _, s := range told {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				w := newWorld(t, s, c.name, d, registry)
				w.keep(c.keep(w))
				w.built = func() {
					checkIndexes(t, w.record)
					checkSecret(t, w)
				}
				tell(t, w)
			})
		}
	}
}

// checkIndexes holds a record to having read the index of each cache that could be
// imported, if only to find that there is none.
func checkIndexes(t *testing.T, r *record.Record) {
	t.Helper()
	for _, c := range r.Caches {
		switch {
		case c.Error != "":
		case c.Direction == record.Export && r.Status == record.Failed: // nothing was written
		case c.Index == nil:
			t.Errorf("the index of the %s %s is not known", c.Type, c.Direction)
		case c.Direction == record.Export && c.Index.Digest == "":
			t.Errorf("the index that was exported to %s has no name", c.Type)
		}
	}
}

// checkSecret looks for what opens the cache in the record, the report's files and
// the output.
func checkSecret(t *testing.T, w *world) {
	t.Helper()
	record, err := json.Marshal(w.record)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{"the record": record, "the output": w.output.Bytes()}
	files, err := filepath.Glob(filepath.Join(w.dir, "report", "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("the report has %d files: %v", len(files), err)
	}
	for _, f := range files {
		if texts[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		if w.keeper.secret != "" && bytes.Contains(text, []byte(w.keeper.secret)) {
			t.Errorf("what opens the cache is in %s", name)
		}
	}
}

// keep has the story's builds use a cache.
func (w *world) keep(k keeper) {
	w.keeper = &k
	lookup := w.env.LookupEnv
	w.env.LookupEnv = func(name string) (string, bool) {
		if v, ok := k.env[name]; ok {
			return v, true
		}
		return lookup(name)
	}
}

// damage does something to the cache that the next build will notice.
func (w *world) damage(act string) error {
	if w.keeper == nil {
		return errors.New("the daemon's own cache cannot be damaged so; say: lose TEXT")
	}
	if act == "overwrite-index" {
		return w.overwrite()
	}
	n, err := w.keeper.remove(act == "delete-index")
	if err == nil && n == 0 {
		err = errors.New("the cache has nothing to delete")
	}
	return err
}

// overwrite builds something else, which nobody keeps a record of, and exports it
// to the story's cache.
func (w *world) overwrite() error {
	dir := filepath.Join(w.dir, "another")
	text := "FROM " + w.registry + "/base\nRUN echo another > /another\n"
	if err := write(filepath.Join(dir, "tree"), map[string]string{"Dockerfile": text}); err != nil {
		return err
	}
	if err := w.daemon.Prune(w.t.Context()); err != nil {
		return err
	}
	o, err := flags([]string{"--cache-to", w.keeper.to + ",mode=max"})
	if err != nil {
		return err
	}
	o.Context, o.Builder, o.Progress = filepath.Join(dir, "tree"), w.daemon.Address, "plain"
	o.History, o.ReportDir = filepath.Join(dir, "history"), filepath.Join(dir, "report")
	return pipeline.Build(w.t.Context(), w.env, o)
}

// branch has the builds that follow be those of a branch, in a runner that knows
// that main is the default one.
func (w *world) branch(name string) error {
	if w.keeper == nil || w.keeper.branch == nil {
		return errors.New("only an Actions cache keeps branches apart")
	}
	w.keeper.branch(name)
	event := filepath.Join(w.dir, "event.json")
	for key, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": event,
		"GITHUB_REPOSITORY": "example/" + w.story.name, "GITHUB_WORKSPACE": w.dir,
	} {
		w.keeper.env[key] = value
	}
	return os.WriteFile(event, []byte(`{"repository": {"default_branch": "main"}}`), 0o644)
}
