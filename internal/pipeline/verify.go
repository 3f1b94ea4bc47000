package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/imagefiles"
	"github.com/layercause/layercause/internal/record"
)

// Bounds of a verification.
const (
	mostVerified   = 3 // suggestions, or their best set: each takes two builds of its own
	verifyPatience = time.Hour
	cleaning       = 20 * time.Second
	mostDiffering  = 20 // differences of two images that are kept
	differingShown = 3  // in a warning
	longestError   = 400
)

// verification is what it takes to prove suggestions by builds: the build that they
// were made for, and the state of the repository that it is compared with.
type verification struct {
	options buildkit.Options // of the build, for the head
	on      *builder.Builder
	log     io.Writer // the progress of the builds
	commit  string    // the base
	// args are the build arguments of the base, if it has otherArgs; unknown are those
	// that had another value in it, of which none can be made up.
	args, unknown []string
	otherArgs     bool
	// changes are the files that lost the cache.
	changes []fileChange
}

// newVerification verifies the suggestions for a build that was explained. Args are the
// build's arguments with their values.
func newVerification(o buildkit.Options, args map[string]string, head, base *record.Record, causes []cause.Cause) *verification {
	v := &verification{options: o}
	if base == nil {
		return v
	}
	v.commit = base.Commit.SHA
	v.args, v.unknown, v.otherArgs = earlierArgs(args, head, base)
	folder := head.Invocation.Context
	for _, c := range causes {
		if c.Context != "context" || !filepath.IsLocal(folder) {
			continue
		}
		for _, f := range c.Evidence.Files {
			if filepath.IsLocal(f.Path) {
				v.changes = append(v.changes, fileChange{filepath.Join(folder, f.Path), f.Change})
			}
		}
	}
	return v
}

// run builds with the suggestions that save most, and gives back those that stand,
// with what was measured. The warnings say of the others why not. Whatever goes wrong,
// a suggestion that could not be built stays as it is.
func (v *verification) run(ctx context.Context, all advice.Advice) (proven advice.Advice, warnings []string) {
	chosen, warnings := v.choose(all)
	if len(chosen) == 0 {
		return all, warnings
	}
	given := all
	defer func() {
		if p := recover(); p != nil {
			proven, warnings = given, append(warnings, fmt.Sprintf("verifying the suggestions stopped at a fault of layercause: %v", p))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	t, err := v.begin(ctx, all, chosen)
	if err == nil {
		defer t.end(ctx)
		if asked := strings.Join(v.options.Platforms, ","); asked != strings.Join(t.options.Platforms, ",") {
			warnings = append(warnings, "the suggestions were verified for "+t.options.Platforms[0]+" alone")
		}
		err = t.unpatched(ctx)
	}
	all.Suggestions = slices.Clone(all.Suggestions)
	withdrawn := map[int]bool{}
	for _, i := range chosen {
		if err != nil {
			break
		}
		g := &all.Suggestions[i]
		name := fmt.Sprintf("%s at %s:%d", g.Rule, g.File, g.Line)
		var fault *unfounded
		switch err = t.patched(ctx, g, name); {
		case errors.As(err, &fault):
			withdrawn[i], err = true, nil
			warnings = append(warnings, fmt.Sprintf("the suggestion %s was withdrawn: %s", name, fault.why))
		case errors.Is(err, errUnverified):
			warnings = append(warnings, fmt.Sprintf("the suggestion %s is not verified: %v", name, err))
			err = nil
		case err == nil:
			g.Verified.NoGain = all.NoGain(g, v.commit, *g.Verified)
		}
	}
	all = without(all, withdrawn)
	if err == nil && all.Best != nil {
		var more []string
		all.Best, more, err = t.together(ctx, all)
		warnings = append(warnings, more...)
	}
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		warnings = append(warnings, fmt.Sprintf("verifying the suggestions was given up after %s", verifyPatience))
	case ctx.Err() != nil:
		warnings = append(warnings, "verifying the suggestions was cancelled")
	default:
		warnings = append(warnings, "the suggestions are not verified: "+err.Error())
	}
	return all, warnings
}

// choose names the suggestions to verify: those that save most together, which are the
// ones to apply, and then the others, the one that saves most first.
func (v *verification) choose(all advice.Advice) (chosen []int, warnings []string) {
	for i := range all.Suggestions {
		// What needs a change of the workflow too, as a secret does, cannot be built here.
		if g := &all.Suggestions[i]; g.Patch != "" && !slices.ContainsFunc(g.Edits, inWorkflow) {
			chosen = append(chosen, i)
		}
	}
	apart := func(i int) int {
		if all.Best != nil && slices.Contains(all.Best.Members, i) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(chosen, func(i, j int) int {
		return cmp.Or(apart(i)-apart(j),
			cmp.Compare(all.Suggestions[j].Predicted.SecondsSavedPerBuild, all.Suggestions[i].Predicted.SecondsSavedPerBuild))
	})
	most := mostVerified
	if all.Best != nil {
		most--
	}
	if len(chosen) > most {
		warnings = append(warnings, fmt.Sprintf("of the %d suggestions the %d that save most were verified", len(chosen), most))
		chosen = chosen[:most]
	}
	return chosen, warnings
}

// inWorkflow says that an edit is of a workflow, of which no build tells anything.
func inWorkflow(e advice.FileEdit) bool {
	ext := filepath.Ext(e.Path)
	return ext == ".yml" || ext == ".yaml"
}

// without takes the suggestions out that are withdrawn. Those that saved nothing come
// after what may save something, and last of all those for which nothing else speaks.
func without(all advice.Advice, withdrawn map[int]bool) advice.Advice {
	var order []int
	for i := range all.Suggestions {
		if !withdrawn[i] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(idle(&all.Suggestions[i]), idle(&all.Suggestions[j]))
	})
	kept := make([]advice.Suggestion, len(order))
	now := map[int]int{}
	for at, i := range order {
		kept[at], now[i] = all.Suggestions[i], at
	}
	all.Suggestions = kept
	if all.Best == nil {
		return all
	}
	best := *all.Best
	best.Members = nil
	for _, i := range all.Best.Members {
		at, ok := now[i]
		if !ok || idle(&kept[at]) > 0 {
			all.Best = nil // its edits hold those that are refuted
			return all
		}
		best.Members = append(best.Members, at)
	}
	slices.Sort(best.Members)
	all.Best = &best
	return all
}

// idle is 1 for a suggestion that saved nothing when it was built, and 2 if that is all
// that it was to do.
func idle(g *advice.Suggestion) int {
	switch {
	case g.Refuted():
		return 2
	case g.Verified != nil && g.Verified.NoGain:
		return 1
	}
	return 0
}

// unfounded is a suggestion that building has refuted.
type unfounded struct{ why string }

func (e *unfounded) Error() string { return e.why }

// errUnverified is about one suggestion that could not be built as it has to be.
var errUnverified = errors.New("it could not be built")

// begin makes the trees.
func (v *verification) begin(ctx context.Context, all advice.Advice, order []int) (*trial, error) {
	if v.commit == "" {
		return nil, errors.New("there is no earlier build of a known commit to lose the cache to again")
	}
	t := &trial{v: v, options: v.options.ForTrials(), realm: newRealm()}
	p := treePlan{root: v.options.Root, base: v.commit, changes: v.changes, hidden: v.options.Hidden}
	for _, i := range order {
		p.edits = append(p.edits, all.Suggestions[i].Edits...)
	}
	if all.Best != nil {
		p.edits = append(p.edits, all.Best.Edits...)
	}
	t.plan(&p)
	var err error
	if t.trees, err = newTrees(ctx, p); err != nil {
		return nil, err
	}
	if err := t.place(); err != nil {
		t.trees.close()
		return nil, err
	}
	return t, nil
}

// differing is the list of differences that is kept, and how many there are.
func differing(all []imagefiles.Difference, redact func(string) string) ([]string, int) {
	all = imagefiles.Fold(all)
	var out []string
	for _, d := range all[:min(len(all), mostDiffering)] {
		out = append(out, redact(d.String()))
	}
	return out, len(all)
}
