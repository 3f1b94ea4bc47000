package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// world is where one story happens: a tree, a daemon, a part of a registry.
type world struct {
	t        *testing.T
	story    *story
	cache    string
	keeper   *keeper // of the cache, if it is not the daemon's own
	daemon   *buildkittest.Daemon
	registry string // HOST:PORT/STORY
	dir      string
	env      pipeline.Env
	output   bytes.Buffer
	builds   int
	built    func() // called after each build
	web      string // http://HOST:PORT, if the story has a server
	hours    int    // that have gone by for what is published and committed

	report report.Report
	record *record.Record
}

func newWorld(t *testing.T, s *story, cache string, d *buildkittest.Daemon, registry string) *world {
	w := &world{t: t, story: s, cache: cache, daemon: d, dir: t.TempDir()}
	w.registry = registry + "/" + strings.ToLower(s.name) + "-" + cache
	w.env = pipeline.Env{
		LookupEnv: func(name string) (string, bool) {
			if name != "DOCKER_CONFIG" {
				return "", false
			}
			// The developer's own registry credentials stay out of it.
			return filepath.Join(w.dir, "docker"), true
		},
		Stdout: &w.output, Stderr: &w.output, Dir: w.dir, CacheDir: filepath.Join(w.dir, "cache"), Version: "test",
	}
	w.pushBase("latest")
	if cache == throughRegistry {
		w.keep(inRegistry(w))
	}
	if s.served() {
		if err := w.serve(); err != nil {
			t.Fatal(err)
		}
	}
	w.write(s.tree)
	return w
}

func (w *world) history() string { return filepath.Join(w.dir, "history") }

func (w *world) tree() string { return filepath.Join(w.dir, "tree") }

// expand puts this world's places into a text, and fold takes them out.
func (w *world) expand(s string) string {
	pairs := []string{"{registry}", w.registry, "{web}", w.web, "{tree}", w.tree(), "{tmp}", filepath.Join(w.dir, "tmp")}
	if w.keeper != nil {
		pairs = append(pairs, "{cache-from}", w.keeper.from, "{cache-to}", w.keeper.to)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func (w *world) fold(s string) string {
	pairs := []string{w.registry, "{registry}", w.tree(), "{tree}", filepath.Join(w.dir, "tmp"), "{tmp}"}
	if w.web != "" {
		pairs = append(pairs, w.web, "{web}")
	}
	return blobDigest.ReplaceAllString(strings.NewReplacer(pairs...).Replace(s), "{digest}")
}

// blobDigest is the digest of a result, which no two builds have the same of.
var blobDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

func (w *world) write(files map[string]string) {
	w.t.Helper()
	expanded := map[string]string{}
	for name, text := range files {
		if base := filepath.Base(name); base == "Dockerfile" || strings.HasSuffix(base, ".Dockerfile") || strings.HasPrefix(name, ".github/") {
			text = w.expand(text)
		}
		expanded[name] = text
	}
	if err := write(w.tree(), expanded); err != nil {
		w.t.Fatal(err)
	}
}

// pushBase pushes the image {registry}/base.
func (w *world) pushBase(tag string, settings ...string) {
	buildkittest.PushImage(w.t, w.registry+"/base:"+tag, w.image(settings))
}

// do carries out one act.
func (w *world) do(a act) error {
	path := func(i int) string { return filepath.Join(w.tree(), a.words[i]) }
	need := func(n int) error {
		if len(a.words) != n {
			return fmt.Errorf("%s takes %d words", a.name, n)
		}
		return nil
	}
	switch a.name {
	case "build":
		return w.build(a.words, pipeline.ExitBuilt)
	case "!":
		if len(a.words) == 0 || a.words[0] != "build" {
			return errors.New("only a build can be expected to fail")
		}
		return w.build(a.words[1:], pipeline.ExitFailed)
	case "edit":
		w.write(w.story.edits[a.folder()])
		return nil
	case "publish":
		return w.publish(w.story.edits[a.folder()])
	case "push":
		branch := "main"
		if len(a.words) > 1 {
			branch = a.words[1]
		}
		return w.push(w.story.edits[a.folder()], branch)
	case "rm":
		return errors.Join(need(1), os.RemoveAll(path(0)))
	case "chmod":
		mode, err := octal(a.words[0])
		return errors.Join(need(2), err, os.Chmod(path(1), mode))
	case "umask":
		mask, err := octal(a.words[0])
		return errors.Join(need(1), err, w.umask(mask))
	case "crlf":
		return errors.Join(need(1), crlf(path(0)))
	case "mkdir":
		return errors.Join(need(1), makeFolder(path(0)))
	case "sshkey":
		return errors.Join(need(1), sshKey(path(0)))
	case "symlink":
		os.Remove(path(1))
		return errors.Join(need(2), os.Symlink(a.words[0], path(1)))
	case "hardlink":
		os.Remove(path(1))
		return errors.Join(need(2), os.Link(path(0), path(1)))
	case "move":
		return errors.Join(need(2), os.Rename(path(0), path(1)))
	case "base":
		w.pushBase(a.words[0], a.words[1:]...)
		return nil
	case "frontend":
		return w.pushFrontend(a.words)
	case "forget":
		return errors.Join(need(0), os.RemoveAll(w.history()))
	case "layout":
		buildkittest.BaseImage(w.t, filepath.Join(w.dir, "tmp", a.words[0]), w.image(a.words[1:]))
		return nil
	case "lose":
		return w.lose(strings.Join(a.words, " "))
	case "prune":
		if w.cache == throughDaemon {
			return errors.New("prune would hurt the other stories; say: lose TEXT")
		}
		return w.daemon.Prune(w.t.Context())
	case "delete-index", "delete-blobs", "overwrite-index":
		return errors.Join(need(0), w.damage(a.name))
	case "branch":
		return errors.Join(need(1), w.branch(a.words[0]))
	}
	return fmt.Errorf("unknown command %q", a.name)
}

// buildTimeout is when a build of a story is taken to hang.
const buildTimeout = 5 * time.Minute

// build runs one build and reads its report.
func (w *world) build(words []string, exit int) error {
	for i := range words {
		words[i] = w.expand(words[i])
	}
	o, err := flags(words)
	if err != nil {
		return err
	}
	w.builds++
	o.Context, o.Builder, o.Progress = w.tree(), w.daemon.Address, "plain"
	if o.File != "" {
		o.File = filepath.Join(w.tree(), o.File)
	}
	o.History = w.history()
	o.ReportDir = filepath.Join(w.dir, "report")
	if w.keeper != nil {
		if w.builds > 1 {
			if err := w.daemon.Prune(w.t.Context()); err != nil {
				return err
			}
		}
		if o.CacheFrom == nil && w.builds > 1 {
			o.CacheFrom = []string{w.keeper.from}
		}
		if o.CacheTo == nil {
			o.CacheTo = []string{w.keeper.to + ",mode=max"}
		}
	}
	w.output.Reset()
	ctx, cancel := context.WithTimeout(w.t.Context(), buildTimeout)
	defer cancel()
	err = pipeline.Build(ctx, w.env, o)
	if code := pipeline.ExitCode(&w.output, err); code != exit {
		return fmt.Errorf("build %d ended with exit code %d, want %d:\n%s", w.builds, code, exit, w.output.String())
	}
	return w.read(o.ReportDir)
}

func (w *world) read(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		return err
	}
	w.report = report.Report{}
	if err := json.Unmarshal(data, &w.report); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, "record.json.zst"))
	if err != nil {
		return err
	}
	defer f.Close()
	w.record, err = record.Read(f)
	return err
}

// lose drops the daemon's results whose description contains a text, and nothing
// else. A result that another one is built on stays, as long as that is there.
func (w *world) lose(text string) error {
	c, err := client.New(w.t.Context(), w.daemon.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	// buildkitd may still hold a result for a moment after its build, and prune
	// passes over what is held.
	deadline := time.Now().Add(10 * time.Second)
	for found := false; ; time.Sleep(20 * time.Millisecond) {
		ids, err := w.results(c, text)
		switch {
		case err != nil:
			return err
		case len(ids) == 0 && !found:
			return fmt.Errorf("no result of this story has %q in its description", text)
		case len(ids) == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("buildkitd keeps the results with %q in their description", text)
		}
		found = true
		for _, id := range ids {
			if err := prune(w.t.Context(), c, client.WithFilter([]string{"id==" + id})); err != nil {
				return err
			}
		}
	}
}

// results are the identifiers of this story's results with a text in their
// description.
func (w *world) results(c *client.Client, text string) ([]string, error) {
	usage, err := c.DiskUsage(w.t.Context())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, u := range usage {
		if strings.Contains(w.fold(u.Description), text) && strings.Contains(u.Description, w.story.name) {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

func prune(ctx context.Context, c *client.Client, o client.PruneOption) error {
	ch := make(chan client.UsageInfo)
	go func() {
		for range ch {
		}
	}()
	defer close(ch)
	return c.Prune(ctx, ch, client.PruneAll, o)
}
