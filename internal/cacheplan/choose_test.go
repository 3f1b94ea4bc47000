package cacheplan

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

const (
	scope   = "layercause-dockerfile-linux-amd64-4e8ac4b1"
	ghaFrom = "type=gha,scope=" + scope
	more    = ",mode=max,ignore-error=true"
)

func ref(branch string) string { return "ghcr.io/acme/shop:" + scope + "-" + branch }

// on is a build of a branch in Actions, and pull one of a pull request from cart.
func on(branch string, changes ...func(*Situation)) Situation {
	s := Situation{
		Actions: true, Event: "push", Service: true, Platform: "linux/amd64",
		Invocation: record.Invocation{Context: ".", Dockerfile: "Dockerfile"},
		Commit:     record.Commit{Branch: branch, Default: "main"},
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func pull(base string, changes ...func(*Situation)) Situation {
	return on("cart", append([]func(*Situation){func(s *Situation) {
		s.Event, s.Commit.BaseBranch = "pull_request", base
		s.Past = []*record.Record{exported("main", "")}
	}}, changes...)...)
}

// exported is a build of a branch, or of a pull request if there is a base, that wrote
// the caches there are.
func exported(branch, base string) *record.Record {
	return &record.Record{Commit: record.Commit{Branch: branch, BaseBranch: base}, Caches: []record.CacheAccess{
		{Direction: record.Export, Type: "gha", Ref: scope, Seconds: 10}, {Direction: record.Export, Type: "registry", Ref: ref(branch), Seconds: 10},
	}}
}

func past(list ...*record.Record) func(*Situation) { return func(s *Situation) { s.Past = list } }

func pushes(s *Situation) { s.Images, s.Pushes = []string{"ghcr.io/acme/shop:1"}, true }
func tagged(s *Situation) { s.Images = []string{"ghcr.io/acme/shop:1", "shop"} }

func TestChoose(t *testing.T) {
	tests := []struct {
		name     string
		s        Situation
		from, to []string
		why      string
	}{
		{"the default branch, in Actions", on("main"), []string{ghaFrom}, []string{ghaFrom + more},
			"cache: auto: imports the Actions cache " + scope + "; exports the Actions cache " + scope + " with mode=max, since main is the default branch"},
		{"the default branch, pushed", on("main", pushes), []string{"type=registry,ref=" + ref("main")},
			[]string{"type=registry,ref=" + ref("main") + more}, "since main is the default branch"},
		{"a pull request", pull("main"), []string{ghaFrom}, nil, "exports nothing: it takes 5 builds of pull requests and short branches without an export to tell whether one would pay, and 0 are known"},
		{"a pull request that does not push what main pushes", pull("main", tagged),
			[]string{"type=registry,ref=" + ref("main"), ghaFrom}, nil, "imports " + ref("main") + ", the Actions cache " + scope + ";"},
		{"a pull request that pushes", pull("main", pushes), []string{"type=registry,ref=" + ref("main")}, nil, "exports nothing"},
		{"a pull request to another branch", pull("v2", pushes),
			[]string{"type=registry,ref=" + ref("v2"), "type=registry,ref=" + ref("main")}, nil, "exports nothing"},
		{"a pull request whose branch has a cache", pull("main", pushes, func(s *Situation) {
			s.Past = append(s.Past, &record.Record{Caches: []record.CacheAccess{{Direction: record.Export, Type: "registry", Ref: ref("cart")}}})
		}), []string{"type=registry,ref=" + ref("cart"), "type=registry,ref=" + ref("main")}, nil, ""},
		{"a pull request of a fork", pull("main", pushes, func(s *Situation) { s.Fork = true }),
			[]string{"type=registry,ref=" + ref("main")}, nil, "exports nothing: the commit is a fork's, whose cache no other branch reads"},
		{"a branch that pull requests go to", on("next", func(s *Situation) {
			s.Past = []*record.Record{{Commit: record.Commit{Branch: "a", BaseBranch: "next"}}}
		}), []string{ghaFrom}, []string{ghaFrom + more}, "since pull requests go to next"},
		{"a protected branch", on("release", func(s *Situation) { s.Protected = true }), []string{ghaFrom}, []string{ghaFrom + more}, "since release is protected"},
		{"another branch", on("cart", past(exported("main", ""))), []string{ghaFrom}, nil, "and 0 are known"},
		{"the very first pull request", pull("main", past()), []string{ghaFrom}, []string{ghaFrom + more},
			"exports the Actions cache " + scope + " with mode=max, since no build is known that exported what this one imports"},
		{"the first one, pushed", pull("main", pushes, past()), []string{"type=registry,ref=" + ref("main")}, []string{"type=registry,ref=" + ref("cart") + more}, "since no build is known"},
		{"its second build", pull("main", past(exported("cart", "main"))), []string{ghaFrom}, nil, "and 0 are known"},
		{"after one that failed before it could export", pull("main", past(func() *record.Record { r := exported("cart", "main"); r.Status = record.Failed; return r }())),
			[]string{ghaFrom}, []string{ghaFrom + more}, "since no build is known"},
		{"after an export that failed", pull("main", past(func() *record.Record { r := exported("main", ""); r.Caches[0].Error = "down"; return r }())), []string{ghaFrom}, nil, "exports nothing"},
		{"another pull request's cache is not read", pull("main", past(exported("till", "main"))), []string{ghaFrom}, []string{ghaFrom + more}, "since no build is known"},
		{"nor one of another scope", pull("main", past(&record.Record{Commit: record.Commit{Branch: "main"},
			Caches: []record.CacheAccess{{Direction: record.Export, Type: "gha", Ref: "buildkit"}}})), []string{ghaFrom}, []string{ghaFrom + more}, "since no build is known"},
		{"a history that cannot be read", pull("main", past(), func(s *Situation) { s.PastUnknown = true }), []string{ghaFrom}, nil, "exports nothing"},
		{"who says what is imported", pull("main", past(), func(s *Situation) { s.From = true }), nil, nil, "cache: auto: cache-from is given; exports nothing"},
		{"the first one of a fork", pull("main", past(), func(s *Situation) { s.Fork = true }), []string{ghaFrom}, nil, "exports nothing: the commit is a fork's"},
		{"a tag", on("", pushes), []string{"type=registry,ref=" + ref("main")}, nil, "exports nothing: no branch is built"},
		{"a merge queue", on("gh-readonly-queue/main/pr-7", func(s *Situation) { s.Event, s.Commit.BaseBranch = "merge_group", "main" }),
			[]string{ghaFrom}, nil, "exports nothing: a merge queue's branch is built once"},
		{"a privileged event", pull("main", func(s *Situation) { s.Event = "pull_request_target" }), []string{ghaFrom}, nil, "exports nothing: a job of pull_request_target"},
		{"a privileged event on the default branch", on("main", func(s *Situation) { s.Event = "workflow_run" }), []string{ghaFrom}, nil, "exports nothing: a job of workflow_run"},
		{"reading alone", on("main", func(s *Situation) { s.Mode = "read" }), []string{ghaFrom}, nil, "exports nothing: the runner's ACTIONS_CACHE_MODE is read"},
		{"writing alone", on("main", func(s *Situation) { s.Mode = "write-only" }), nil, []string{ghaFrom + more}, "imports nothing: the runner's ACTIONS_CACHE_MODE is write-only"},
		{"neither", on("main", func(s *Situation) { s.Mode = "none" }), nil, nil, "exports nothing: the runner's ACTIONS_CACHE_MODE is none"},
		{"the engine's own builder", on("main", func(s *Situation) { s.Engine = true }), nil, nil, "exports nothing: without containerd's image store the Docker engine's own builder"},
		{"the engine's own builder, pushed", on("main", pushes, func(s *Situation) { s.Engine = true }), []string{"type=registry,ref=" + ref("main")}, nil,
			"exports nothing: without containerd's image store the Docker engine's own builder"},
		{"no service", on("main", func(s *Situation) { s.Service = false }), nil, nil, "imports nothing: the job has no cache service"},
		{"no service, tagged", on("main", tagged, func(s *Situation) { s.Service = false }), []string{"type=registry,ref=" + ref("main")}, nil,
			"exports nothing: the job has no cache service that it can use, and the build pushes no image"},
		{"no service, pushed", on("main", pushes, func(s *Situation) { s.Service = false }), []string{"type=registry,ref=" + ref("main")},
			[]string{"type=registry,ref=" + ref("main") + more}, ""},
		{"cache-from is given", on("main", func(s *Situation) { s.From = true }), nil, []string{ghaFrom + more}, "cache: auto: cache-from is given; exports"},
		{"cache-to is given", on("main", func(s *Situation) { s.To = true }), []string{ghaFrom}, nil, "; cache-to is given"},
		{"both are given", on("main", func(s *Situation) { s.From, s.To = true, true }), nil, nil, "cache: auto: cache-from is given; cache-to is given"},
		{"nobody's name of Docker Hub", on("main", func(s *Situation) { s.Images, s.Pushes = []string{"shop:1"}, true }), []string{ghaFrom}, []string{ghaFrom + more}, ""},
		{"no name at all", on("main", func(s *Situation) { s.Images, s.Pushes = []string{"Not A Name"}, true }), []string{ghaFrom}, []string{ghaFrom + more}, ""},
		{"a laptop", Situation{Images: []string{"ghcr.io/acme/shop"}, Commit: record.Commit{Branch: "main", Default: "main"}, Platform: "linux/amd64",
			Invocation: record.Invocation{Context: ".", Dockerfile: "Dockerfile"}},
			[]string{"type=registry,ref=" + ref("main")}, nil, "exports nothing: the builder on this machine keeps what it made"},
		{"a laptop without a name", Situation{}, nil, nil, "imports nothing: no tag names a repository"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Choose(test.s)
			if diff := cmp.Diff(Plan{From: test.from, To: test.to, Why: p.Why}, p); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(p.Why, test.why) || !strings.HasPrefix(p.Why, "cache: auto: ") || strings.Contains(p.Why, "\n") {
				t.Errorf("says %q, and not %q", p.Why, test.why)
			}
		})
	}
}

// short is a build of a pull request that lost some seconds to what the one before
// had made; took is what its own export took.
func short(branch string, lost, took float64) *record.Record {
	r := &record.Record{
		Commit:   record.Commit{Branch: branch, BaseBranch: "main"},
		Findings: &record.Findings{Lost: 1000, Again: lost},
	}
	if took > 0 {
		r.Caches = []record.CacheAccess{{Direction: record.Export, Type: "gha", Seconds: took}}
	}
	return r
}

func TestExportsOfPullRequests(t *testing.T) {
	main := &record.Record{Commit: record.Commit{Branch: "main"}, Caches: []record.CacheAccess{
		{Direction: record.Export, Type: "gha", Ref: scope, Seconds: 10}, {Direction: record.Import, Type: "gha", Seconds: 99},
		{Direction: record.Export, Type: "inline", Seconds: 99},
	}}
	failed := &record.Record{Commit: record.Commit{Branch: "main"}, Caches: []record.CacheAccess{
		{Direction: record.Export, Type: "gha", Ref: scope, Seconds: 500, Error: "down"},
	}}
	// Of a build that failed the exports stand in its record, and were never begun.
	broken := short("a", 0, 0)
	broken.Status, broken.Caches = record.Failed, []record.CacheAccess{{Direction: record.Export, Type: "gha", Ref: scope}}
	tests := []struct {
		name string
		past []*record.Record
		pays bool
		why  string
	}{
		{"too few", []*record.Record{short("a", 900, 0), short("a", 900, 0), short("a", 900, 0), short("a", 900, 0), main},
			false, "and 4 are known"},
		{"no export is known", []*record.Record{short("a", 900, 0), short("a", 900, 0), short("a", 900, 0), short("a", 900, 0), short("a", 0, 0), failed},
			false, "what an export takes is not known"},
		{"a build that failed exported nothing", []*record.Record{short("a", 20, 0), short("a", 20, 0), short("b", 5, 0), short("b", 0, 0), broken, main},
			false, "and 5 exports of 10.0 s would have taken 50.0 s"},
		{"it would have paid", []*record.Record{short("a", 20, 0), short("a", 20, 0), short("b", 20, 0), short("b", 0, 0), short("a", 0, 0), main, failed},
			true, "the last 5 builds of pull requests and short branches lost 60.0 s to what the build before had made and not exported, and 5 exports of 10.0 s would have taken 50.0 s"},
		{"it would have cost more", []*record.Record{short("a", 20, 0), short("a", 20, 0), short("b", 5, 0), short("b", 0, 0), short("a", 0, 0), main},
			false, "lost 45.0 s to what the build before had made and not exported, and 5 exports of 10.0 s would have taken 50.0 s"},
		{"the first builds of their branches", []*record.Record{short("a", 90, 0), short("b", 90, 0), short("c", 90, 0), short("d", 90, 0), short("e", 90, 0), main},
			false, "lost 0.0 s"},
		{"builds that exported tell nothing", []*record.Record{short("a", 90, 8), short("a", 90, 8), short("a", 90, 8), short("a", 90, 8), short("a", 90, 8), main},
			false, "and 0 are known"},
		{"nor does what follows on them", []*record.Record{short("a", 90, 0), short("a", 0, 8), short("b", 1, 0), short("b", 1, 0), short("b", 1, 0), short("b", 1, 0), main},
			false, "the last 5 builds of pull requests and short branches lost 3.0 s"},
		{"a fork's branch of the name of ours", []*record.Record{short("main", 90, 0), short("main", 90, 0), short("x", 0, 0), short("y", 0, 0), short("z", 0, 0),
			{Commit: record.Commit{Branch: "main"}}, main}, true, "lost 90.0 s"},
		{"builds without findings do not count", []*record.Record{{Commit: record.Commit{Branch: "a", BaseBranch: "main"}}, main}, false, "and 0 are known"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Choose(pull("main", func(s *Situation) { s.Past = test.past }))
			if (len(p.To) == 1) != test.pays || !strings.Contains(p.Why, test.why) {
				t.Errorf("exports %v: %s", p.To, p.Why)
			}
		})
	}
}

// Each Dockerfile, context, target and list of platforms has a cache of its own.
func TestScopes(t *testing.T) {
	seen := map[string]string{}
	for name, in := range map[string]record.Invocation{
		"plain":            {Context: ".", Dockerfile: "Dockerfile"},
		"a target":         {Context: ".", Dockerfile: "Dockerfile", Target: "test"},
		"another file":     {Context: ".", Dockerfile: "api/Dockerfile"},
		"another context":  {Context: "api", Dockerfile: "Dockerfile"},
		"another platform": {Context: ".", Dockerfile: "Dockerfile", Platforms: []string{"linux/arm64"}},
		"two platforms":    {Context: ".", Dockerfile: "Dockerfile", Platforms: []string{"linux/amd64", "linux/arm64"}},
		"a like name":      {Context: ".", Dockerfile: "Dockerfile-test"},
		"a long name":      {Context: ".", Dockerfile: strings.Repeat("long/", 100) + "Dockerfile"},
		"a longer name":    {Context: ".", Dockerfile: strings.Repeat("long/", 101) + "Dockerfile"},
		"a URL":            {Context: "https://github.com/acme/shop.git#0123", Dockerfile: "Dockerfile"},
		"below a URL":      {Context: "https://github.com/acme/shop.git#0123:api", Dockerfile: "Dockerfile"},
		"no letters":       {Context: ".", Dockerfile: "ÄÖ"},
	} {
		s := Situation{Invocation: in, Platform: "linux/amd64"}
		got := s.scope()
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s share %s", name, other, got)
		}
		seen[got] = name
		checkTag(t, s.ref("r", strings.Repeat("branch/", 100)))
		checkTag(t, s.ref("r", "Ä"))
	}
	at := func(commit string) string {
		return Situation{Invocation: record.Invocation{Context: "https://github.com/acme/shop.git#" + commit + ":api"}}.scope()
	}
	if at("0123") != at("4567") {
		t.Error("another commit has another cache")
	}
	query := func(query string) string {
		return Situation{Invocation: record.Invocation{Context: "https://github.com/acme/shop.git?" + query}}.scope()
	}
	if query("ref=main&checksum=0123&subdir=api") != query("ref=main&checksum=4567&subdir=api") || query("subdir=api") == query("subdir=web") {
		t.Error("another commit of a URL with a query has another cache, or another folder has the same")
	}
	s := Situation{Invocation: record.Invocation{Dockerfile: "Dockerfile"}}
	if s.ref("r", "a/b") == s.ref("r", "a-b") || s.ref("r", "A") == s.ref("r", "a") {
		t.Error("two branches share a cache")
	}
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
var tagForm = regexp.MustCompile(`^r:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

func checkTag(t *testing.T, ref string) {
	t.Helper()
	if !tagForm.MatchString(ref) {
		t.Errorf("%q is no reference", ref)
	}
}
