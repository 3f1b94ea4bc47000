package advice

import (
	"math"
	"math/bits"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/replay"
)

// judge finds what a candidate saves alone: by a replay, or as its rule says. It
// reports false for one that breaks the build.
func (s *scene) judge(c *candidate) bool {
	if c.predicted != nil {
		c.Predicted = *c.predicted
		return !s.breaks(c.Edits)
	}
	if len(c.Edits) == 0 {
		return true
	}
	p, ok := s.predict(c.Edits, c.costs)
	if !ok {
		return !s.breaks(c.Edits)
	}
	c.Predicted = p
	return true
}

// worth says whether a build that gets faster gets faster by enough.
func (p Prediction) worth() bool {
	return p.CommitsSaved > 0 && p.SecondsSavedPerBuild*float64(p.Commits) >= worthSeconds*float64(p.CommitsSaved)
}

// predict replays the builds with the edits. It reports false if there is nothing
// to replay.
//
// Each commit is built with the Dockerfile of then, and with today's: what an edit
// would have saved in a Dockerfile that was mended since, it does not save any more.
// The smaller gain is the one that counts.
func (s *scene) predict(edits []FileEdit, costs map[string]float64) (Prediction, bool) {
	if s.before == nil || len(s.before.Builds) == 0 {
		return Prediction{}, false
	}
	after, err := s.Replay(carried(edits), s.memory)
	if err != nil || len(after.Builds) != len(s.before.Builds) || s.broken(after) {
		return Prediction{}, false
	}
	p := s.compare(s.before, after, costs)
	if s.today == nil || p.SecondsSavedPerBuild == 0 {
		return p, true
	}
	after, err = s.Today(carried(edits), s.memory)
	if err != nil || len(after.Builds) != len(s.today.Builds) {
		return p, true
	}
	if now := s.compare(s.today, after, costs); now.SecondsSavedPerBuild < p.SecondsSavedPerBuild {
		return now, true
	}
	return p, true
}

// breaks says whether BuildKit cannot read the Dockerfile with the edits, though it
// parses: a name that is no name of a stage, say.
func (s *scene) breaks(edits []FileEdit) bool {
	if s.before == nil || len(s.before.Builds) == 0 {
		return false
	}
	after, err := s.Replay(carried(edits), s.memory)
	return err == nil && s.broken(after)
}

// broken says that the newest build could not be made with the edits, and could
// without them.
func (s *scene) broken(after *replay.Result) bool {
	current := func(r *replay.Result) bool {
		last := r.Builds[len(r.Builds)-1].Plan
		return last != nil && last.Current
	}
	return len(after.Builds) > 0 && !current(after) && current(s.before)
}

func carried(edits []FileEdit) map[string]replay.Edit {
	out := map[string]replay.Edit{}
	for _, e := range edits {
		out[e.Path] = replay.Edit{Before: e.Before, After: e.After}
	}
	return out
}

// noticed is the least a build has to get faster to be counted, in seconds.
const noticed = 0.05

// compare counts what the edited builds save.
func (s *scene) compare(before, after *replay.Result, costs map[string]float64) Prediction {
	p := Prediction{Commits: len(after.Builds)}
	edited := s.prices.with(costs)
	guessed, cores := 0.0, s.Head.Builder.Cores
	limited := func(gain float64) float64 {
		if s.OneBuild && gain > s.Ledger.Lost {
			return s.Ledger.Lost
		}
		return gain
	}
	for i := range after.Builds {
		x, y := &before.Builds[i], &after.Builds[i]
		missed, misses := s.misses(x), s.misses(y)
		p.MissesBefore += len(missed)
		p.MissesAfter += len(misses)
		was, sure := s.prices.wall(x.Plan, missed, cores)
		is, surely := edited.wall(y.Plan, misses, cores)
		gain := limited(was - is)
		if gain > noticed {
			p.CommitsSaved++
		}
		p.SecondsSavedPerBuild += gain
		if s.showable() {
			p.Gains = append(p.Gains, gain)
		}
		guessed += math.Abs(gain - limited(sure-surely))
	}
	p.Estimated = guessed > 0.1*p.SecondsSavedPerBuild
	p.SecondsSavedPerBuild = max(0, math.Round(1000*p.SecondsSavedPerBuild/float64(p.Commits))/1000)
	return p
}

// showable says that two builds in a row, on a builder that keeps its results, miss what
// the replayed ones do. No change of the files brings about again that a base image moved
// or a result was evicted, or that a cache keeps the image's own steps alone.
func (s *scene) showable() bool {
	return s.memory != replay.LastImage && !(s.OneBuild && len(s.elsewhere) > 0)
}

// misses are the steps of a plan that a build executes: those that the replay
// says, and, of the build that was observed, those that missed for a reason which
// no replay knows of, such as a base image that moved or a result that was evicted.
func (s *scene) misses(b *replay.Build) []int {
	var out []int
	for _, m := range b.Misses {
		out = append(out, m.Step)
	}
	if !s.OneBuild || b.Plan == nil {
		return out
	}
	for i := range b.Plan.Steps {
		if s.elsewhere[b.Plan.Steps[i].Text] && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// unknowable lists the steps, by their text, that missed for a reason which no replay
// knows of.
func unknowable(in Input) map[string]bool {
	out := map[string]bool{}
	ids := map[string]bool{}
	for _, c := range in.Causes {
		switch c.Kind {
		case cause.ContextFiles, cause.ContextRules, cause.BuildArg, cause.InstructionChanged, cause.InstructionAdded, cause.Env:
			continue
		}
		for _, id := range c.Steps {
			ids[id] = true
		}
	}
	for _, x := range in.Head.Steps {
		if ids[x.ID] {
			out[in.Head.Dockerfile.Instructions[x.Instruction].Text] = true
		}
	}
	return out
}

// mostTogether is how many candidates are tried in every combination. Of more,
// those that save least alone are left out.
const mostTogether = 6

// best finds the candidates that save most together, if that is more than the best
// one alone. What they save does not add up: two may keep the same step, one may
// undo the other, and one may be worth nothing without the other.
func (s *scene) best(all []candidate) *Set {
	var tried []int
	for i, c := range all {
		if c.predicted == nil && c.Predicted.Commits > 0 && len(tried) < mostTogether {
			tried = append(tried, i)
		}
	}
	if len(tried) < 2 {
		return nil
	}
	var best *Set
	most := all[tried[0]].Predicted.SecondsSavedPerBuild
	for _, mask := range subsets(len(tried)) {
		set := Set{}
		costs := map[string]float64{}
		fits := true
		for n, i := range tried {
			if mask&(1<<n) == 0 {
				continue
			}
			set.Members = append(set.Members, i)
			set.Edits, fits = together(set.Edits, all[i].Edits)
			if !fits {
				break
			}
			for text, seconds := range all[i].costs {
				costs[text] = seconds
			}
		}
		if !fits || !s.parses(set.Edits) {
			continue
		}
		p, ok := s.predict(set.Edits, costs)
		// A larger set has to be worth its edits.
		if !ok || !p.worth() || (p.SecondsSavedPerBuild-most)*float64(p.Commits) < worthSeconds*float64(p.CommitsSaved) {
			continue
		}
		if set.Patch, ok = patchOf(set.Edits); ok {
			set.Predicted, most = p, p.SecondsSavedPerBuild
			best = &set
		}
	}
	return best
}

// subsets are those of two or more of n things, as bits, the small ones first.
func subsets(n int) []uint {
	var out []uint
	for mask := uint(3); mask < 1<<n; mask++ {
		if bits.OnesCount(mask) > 1 {
			out = append(out, mask)
		}
	}
	slices.SortStableFunc(out, func(a, b uint) int { return bits.OnesCount(a) - bits.OnesCount(b) })
	return out
}

// parses says whether the Dockerfile among the edits can still be read.
func (s *scene) parses(edits []FileEdit) bool {
	i := slices.IndexFunc(edits, func(e FileEdit) bool { return e.Path == s.Head.Dockerfile.Path })
	if i < 0 {
		return true
	}
	f, err := dockerfile.Parse(edits[i].Path, edits[i].After)
	return err == nil && len(f.Stages) >= len(s.file.Stages)
}

// together adds edits to others. It reports false where two change the same lines.
func together(edits, more []FileEdit) ([]FileEdit, bool) {
	out := slices.Clone(edits)
	for _, e := range more {
		i := slices.IndexFunc(out, func(o FileEdit) bool { return o.Path == e.Path })
		if i < 0 {
			out = append(out, e)
			continue
		}
		merged, ok := dockerfile.Merge(e.Before, out[i].After, e.After)
		if !ok {
			return nil, false
		}
		out[i].After = merged
	}
	return out, true
}
