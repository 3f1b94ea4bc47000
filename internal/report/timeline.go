package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// A timeline is when everything of a build worked: what report.html draws as a
// waterfall and the summary as a gantt chart.
type timeline struct {
	lanes []lane
	// seconds is the time that it covers.
	seconds float64
	// path are the lanes on the critical path that have a bar, in order of start,
	// and pathSeconds is how long any of them worked.
	path        []int
	pathSeconds float64
}

// A lane is one row: a step, or work that is no step's own.
type lane struct {
	// id is the anchor of the row in report.html.
	id string
	// part is "" for a step, else the part of the build that it belongs to.
	part string
	step *Step
	// word is what became of the step, or what the work is.
	word     string
	line     int
	name     string // foreign
	bars     []bar
	bytes    int64
	critical bool
}

// A bar is one span of work.
type bar struct {
	kind       barKind
	start, end float64
}

// A barKind is how a bar looks.
type barKind string

const (
	barRan    barKind = "ran"
	barFailed barKind = "failed"
	barMove   barKind = "move"  // contents on their way
	barCache  barKind = "cache" // reading or writing a cache
	barWork   barKind = "work"  // what is neither
)

// The parts of a build beside its stages.
const (
	preparing = "preparing"
	finishing = "finishing"
)

func (l *lane) start() float64 { return l.bars[0].start }

func (l *lane) end() float64 {
	end := 0.0
	for _, b := range l.bars {
		end = max(end, b.end)
	}
	return end
}

// prefix is what a name needs in front of it where no column tells what it is.
func (l *lane) prefix() string {
	if l.step != nil || strings.HasPrefix(l.name, l.word) {
		return ""
	}
	return l.word + " "
}

// timeline puts the rows in the order in which they are read: what prepares the
// build, the steps in the order of the file, and what comes after them.
func (v *view) timeline() *timeline {
	t := &timeline{seconds: v.Build.WallSeconds}
	before, after := v.otherLanes()
	t.lanes = append(t.lanes, before...)
	for i := range v.Steps {
		t.lanes = append(t.lanes, v.stepLane(i))
	}
	t.addDownloads(v.Phases, len(before))
	t.lanes = append(t.lanes, after...)
	for i := range t.lanes {
		l := &t.lanes[i]
		slices.SortStableFunc(l.bars, func(a, b bar) int { return cmp.Compare(a.start, b.start) })
		if len(l.bars) == 0 {
			continue
		}
		t.seconds = max(t.seconds, l.end())
		if l.critical {
			t.path = append(t.path, i)
		}
	}
	slices.SortStableFunc(t.path, func(a, b int) int { return cmp.Compare(t.lanes[a].start(), t.lanes[b].start()) })
	t.pathSeconds = t.covered()
	return t
}

// covered is how long any lane of the critical path worked.
func (t *timeline) covered() float64 {
	var bars []bar
	for _, i := range t.path {
		bars = append(bars, t.lanes[i].bars...)
	}
	slices.SortFunc(bars, func(a, b bar) int { return cmp.Compare(a.start, b.start) })
	sum, until := 0.0, 0.0
	for _, b := range bars {
		if b.end > until {
			sum += b.end - max(b.start, until)
			until = b.end
		}
	}
	return sum
}

func (v *view) stepLane(i int) lane {
	s := &v.Steps[i]
	l := lane{
		id: "step-" + itoa(i), step: s, word: "not run", line: s.Line, name: headOf(s.Instruction), critical: s.Critical,
	}
	kind := barRan
	switch record.StepStatus(s.Status) {
	case record.Hit:
		l.word = "hit"
	case record.Miss:
		l.word = "missed"
	case record.StepFailed:
		l.word, kind = "failed", barFailed
	}
	if v.platforms && s.Platform != "" {
		l.name = s.Platform + " " + l.name
	}
	for _, iv := range s.Intervals {
		switch {
		case iv.Transfer:
			l.add(barMove, iv.Start, iv.End)
		case missed(s): // looking a hit up is no work
			l.add(kind, iv.Start, iv.End)
		}
	}
	return l
}

// add appends a bar; a clock that jumped makes none that runs backwards.
func (l *lane) add(kind barKind, start, end float64) {
	start = max(start, 0)
	l.bars = append(l.bars, bar{kind, start, max(end, start)})
}

// addDownloads gives the layers that were loaded for a step to its row, unless
// the step has measured that itself.
func (t *timeline) addDownloads(phases []Phase, first int) {
	byLine := map[int]*lane{}
	for i := first; i < len(t.lanes); i++ {
		if l := &t.lanes[i]; l.line > 0 && byLine[l.line] == nil {
			byLine[l.line] = l
		}
	}
	var rest []lane
	for i := range phases {
		p := &phases[i]
		if p.Kind != string(timing.PhaseDownload) {
			continue
		}
		l := byLine[p.Line]
		if l == nil {
			rest = append(rest, phaseLane(p, i, preparing))
			continue
		}
		l.critical = l.critical || p.Critical
		if l.step.TransferSeconds == 0 {
			l.add(barMove, p.Start, p.End)
		}
		l.bytes += p.Bytes
	}
	t.lanes = slices.Insert(t.lanes, first, rest...)
}

// phaseOrder is the order of the rows before and after the steps.
var phaseOrder = []struct {
	kind timing.PhaseKind
	part string
	word string
	bar  barKind
}{
	{timing.PhaseLoad, preparing, "load", barWork},
	{timing.PhaseImport, preparing, "cache import", barCache},
	{timing.PhaseContext, preparing, "context", barMove},
	{timing.PhasePull, preparing, "pull", barMove},
	{timing.PhaseDownload, preparing, "download", barMove},
	{timing.PhaseExport, finishing, "export", barWork},
	{timing.PhasePush, finishing, "push", barMove},
	{timing.PhaseCacheExport, finishing, "cache export", barCache},
}

// otherLanes are the rows before and after the steps. An older record has no
// phases, and its caches stand for them.
func (v *view) otherLanes() (before, after []lane) {
	for _, o := range phaseOrder {
		var lanes []lane
		for i := range v.Phases {
			if p := &v.Phases[i]; p.Kind == string(o.kind) && o.kind != timing.PhaseDownload {
				lanes = append(lanes, phaseLane(p, i, o.part))
			}
		}
		if o.bar == barCache {
			lanes = v.cacheLanes(lanes, o.part, o.word)
		}
		slices.SortStableFunc(lanes, func(a, b lane) int { return cmp.Compare(a.start(), b.start()) })
		if o.part == preparing {
			before = append(before, lanes...)
		} else {
			after = append(after, lanes...)
		}
	}
	return before, after
}

func phaseLane(p *Phase, i int, part string) lane {
	l := lane{id: "phase-" + itoa(i), part: part, word: p.Kind, line: p.Line, name: strings.TrimPrefix(p.Name, "[internal] "), bytes: p.Bytes, critical: p.Critical}
	for _, o := range phaseOrder {
		if p.Kind == string(o.kind) {
			l.word = o.word
			l.add(o.bar, p.Start, p.End)
		}
	}
	return l
}

// cacheLanes marks the lanes of caches that failed, and makes those that no
// phase tells of.
func (v *view) cacheLanes(lanes []lane, part, word string) []lane {
	known := len(lanes) > 0
	for i := range v.Caches {
		c := &v.Caches[i]
		if "cache "+direction(c.Direction) != word {
			continue
		}
		if !known {
			l := lane{id: "cache-row-" + itoa(i), part: part, word: word, name: c.Type + " " + c.Ref, bytes: c.Bytes}
			l.add(barCache, c.Start, c.Start+c.Seconds)
			lanes = append(lanes, l)
		}
		if c.Error == "" {
			continue
		}
		for j := range lanes {
			if known && lanes[j].name == c.Type+" "+c.Ref || !known && j == len(lanes)-1 {
				lanes[j].name = word + " " + lanes[j].name // which the word told till now
				lanes[j].word, lanes[j].bars[0].kind = "failed", barFailed
			}
		}
	}
	return lanes
}
