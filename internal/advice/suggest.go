package advice

import (
	"fmt"
	"slices"
	"sort"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/timing"
)

// worthSeconds is the least a suggestion has to save in the builds that it makes
// faster, in seconds: below it a patch costs more to read than it brings.
const worthSeconds = 0.5

// Input is what is known of a repository and of its builds.
type Input struct {
	// Head is the build, or, where nothing was built, what a build would see: its
	// Dockerfile and the files of its context.
	Head *record.Record
	// Causes and Ledger are empty where nothing was built.
	Causes []cause.Cause
	Ledger timing.Ledger
	// Base is the earlier build that Head is compared with; nil if there is none.
	Base *record.Record
	// Past are the summaries of earlier builds, the newest first.
	Past []*record.Record
	// Replay goes through the last commits, or through what changed up to this
	// build, with the files edited that it is told. It is nil if neither is known.
	Replay Replay
	// Today does the same with the newest commit's Dockerfile at every commit; it may
	// be nil.
	Today Replay
	// OneBuild says that the replay is of this build alone.
	OneBuild bool
	// ReadFile gives a file of the build context by its path in it. It is nil if the
	// context is not there any more.
	ReadFile func(path string) ([]byte, error)
	// Workflows are the repository's, with paths relative to it.
	Workflows []Workflow
	// Off are the names of rules that are not asked.
	Off []string
}

// Replay replays with edits, and with what a build finds of earlier ones.
type Replay func(edits map[string]replay.Edit, memory replay.Memory) (*replay.Result, error)

// rule looks for one kind of edit.
type rule struct {
	name string
	find func(*scene) []candidate
}

func rules() []rule {
	return []rule{
		{"apt-lean", aptLean},
		{"apt-one-step", aptOneStep},
		{"cache-export-cost", cacheExportCost},
		{"cache-import-base", cacheImportBase},
		{"cache-mode", cacheMode},
		{"cache-mount", mountCaches},
		{"cache-scope", cacheScope},
		{"chown-layer", chownLayer},
		{"compression", compression},
		{"copy-link", copyLink},
		{"deps-before-source", depsBeforeSource},
		{"dockerignore", dockerignore},
		{"file-modes", fileModes},
		{"late-arg", lateArg},
		{"latest-tag", latestTag},
		{"multi-stage", multiStage},
		{"narrow-copy", narrowCopy},
		{"non-root", nonRoot},
		{"order-by-volatility", orderByVolatility},
		{"parallel-stages", parallelStages},
		{"pin-base", pinBase},
		{"pin-remote", pinRemote},
		{"secret-in-layer", secretInLayer},
		{"smaller-base", smallerBase},
	}
}

// Rules are the names of all rules, sorted.
func Rules() []string {
	var out []string
	for _, r := range rules() {
		out = append(out, r.name)
	}
	slices.Sort(out)
	return out
}

// Suggest gives the edits that the replay shows to be worth it. A Dockerfile that
// cannot be parsed and a remote context give none.
func Suggest(in Input) Advice {
	s, why := newScene(in)
	if s == nil {
		return Advice{Silences: []Silence{{Why: why}}}
	}
	var all []candidate
	for _, r := range rules() {
		s.rule = r.name
		if slices.Contains(in.Off, r.name) {
			s.silent(-1, "it is turned off")
			continue
		}
		for _, c := range r.find(s) {
			if at := s.placeOf(c); s.file.Ignored(r.name, at) {
				s.silent(at, "a comment in the Dockerfile asks for it")
				continue
			}
			if check := s.worsens(c.Edits); check != "" {
				s.silent(s.placeOf(c), "BuildKit's own check %s would complain of the edit", check)
				continue
			}
			c.Rule = r.name
			if !s.judge(&c) {
				s.silent(s.placeOf(c), "BuildKit could not read the Dockerfile with the edit")
				continue
			}
			all = append(all, c)
		}
	}
	all = ranked(all)
	best := s.best(all)
	a := Advice{Best: best, Builds: s.replayed()}
	for i, c := range all {
		// What saves nothing alone may do so with another: two arguments that change
		// with every commit have to move both.
		at := -1
		if best != nil {
			at = slices.Index(best.Members, i)
		}
		if !c.sound && !c.Predicted.worth() && at < 0 {
			s.silences = append(s.silences, Silence{c.Rule, c.Line, "it would save too little: " + c.Title})
			continue
		}
		if at >= 0 {
			best.Members[at] = len(a.Suggestions)
		}
		c.Suggestion.Sound = c.sound
		a.Suggestions = append(a.Suggestions, c.Suggestion)
	}
	a.Silences = s.silences
	return a
}

// placeOf is the instruction that a candidate is about, or the whole file.
func (s *scene) placeOf(c candidate) int {
	if c.File != s.Head.Dockerfile.Path {
		return dockerfile.WholeFile
	}
	return s.file.InstructionAt(c.Line)
}

// ranked puts the candidate that saves most first. Of candidates that do the same
// the first is kept.
func ranked(all []candidate) []candidate {
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if x, y := a.Predicted.SecondsSavedPerBuild, b.Predicted.SecondsSavedPerBuild; x != y {
			return x > y
		}
		if a.Rule != b.Rule {
			return a.Rule < b.Rule
		}
		return a.Line < b.Line
	})
	var out []candidate
	seen := map[string]bool{}
	for _, c := range all {
		if c.Patch == "" || !seen[c.Patch] {
			seen[c.Patch] = true
			out = append(out, c)
		}
	}
	return out
}

// silent notes why the rule that is being asked says nothing of an instruction;
// -1 is the whole file.
func (s *scene) silent(at int, format string, args ...any) {
	x := Silence{Rule: s.rule, Why: fmt.Sprintf(format, args...)}
	if at >= 0 {
		x.Line = s.file.Instructions[at].Line
	}
	if !slices.Contains(s.silences, x) {
		s.silences = append(s.silences, x)
	}
}
