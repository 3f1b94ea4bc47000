package pipeline_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// The caches that every story is told through: the daemon's own, and one that the
// builds export to a registry while the daemon is pruned between them.
const (
	throughDaemon   = "daemon"
	throughRegistry = "registry"
)

var caches = []string{throughDaemon, throughRegistry, throughLocal, throughGHA, throughS3, throughAzblob}

// The entitlements that some builds ask for have to be allowed by the daemon too.
var entitled = []string{"--allow-insecure-entitlement=security.insecure", "--allow-insecure-entitlement=network.host"}

const scenarioDir = "../../testdata/scenarios"

func stories(t *testing.T, cache string) []*story {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(scenarioDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for stories in %s: %d found, %v", scenarioDir, len(paths), err)
	}
	var out []*story
	for _, p := range paths {
		s, err := readStory(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if s.through(cache) {
			out = append(out, s)
		}
	}
	return out
}

func TestScenariosThroughTheDaemonsCache(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Debug: true, Flags: entitled})
	var keys oracle
	t.Cleanup(func() { keys.ask(t, d) })
	for _, s := range stories(t, throughDaemon) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s, throughDaemon, d, registry)
			w.built = func() { keys.add(t, w) }
			tell(t, w)
		})
	}
}

// Each story has a daemon to itself: it prunes it.
func TestScenariosThroughARegistryCache(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	daemons := make(chan *buildkittest.Daemon, 2)
	for range cap(daemons) {
		daemons <- buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Flags: entitled})
	}
	for _, s := range stories(t, throughRegistry) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := <-daemons
			defer func() { daemons <- d }()
			tell(t, newWorld(t, s, throughRegistry, d, registry))
		})
	}
}

func tell(t *testing.T, w *world) {
	for _, a := range w.story.acts {
		if err := w.do(a); err != nil {
			t.Fatalf("%s.txtar:%d: %s: %v", w.story.name, a.line, a.name, err)
		}
		if a.name == "build" || a.name == "!" {
			checkRecord(t, w.record)
			if w.built != nil {
				w.built()
			}
		}
	}
	want := w.story.expected(w.cache)
	if w.keeper != nil {
		want = strings.ReplaceAll(want, "{cache}", w.fold(w.keeper.ref))
	}
	if diff := cmp.Diff(want, w.fold(render(w.report))); diff != "" {
		t.Errorf("the report is not as wanted (-want +got):\n%s", diff)
		t.Logf("the last build:\n%s", w.output.String())
	}
}

// checkRecord holds every build's record to what is true of all: against itself
// nothing has changed, so that each miss is a lost result.
func checkRecord(t *testing.T, r *record.Record) {
	t.Helper()
	ignored := slices.ContainsFunc(r.Vertices, func(v record.Vertex) bool { return v.IgnoreCache })
	for _, c := range cause.Explain(r, r, nil) {
		switch c.Kind {
		case cause.Unexplained, cause.RerunForChild, cause.PreviousBuildFailed,
			cause.CacheImportFailed, cause.CacheEmpty, cause.CacheEvicted, cause.CacheOverwritten, cause.CacheNotExported, cause.CacheBlobMissing:
		case cause.NoCache:
			if !ignored {
				t.Errorf("a record against itself: %s at line %d", c.Kind, c.Line)
			}
		default:
			t.Errorf("a record against itself: %s at line %d (%s)", c.Kind, c.Line, c.Subject)
		}
	}
}
