package timing

import (
	"cmp"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// Sums are what the findings of several builds come to, in seconds of wall time.
type Sums struct {
	// Builds is how many of the records have findings.
	Builds           int
	Saved, Lost, Net float64
	SavedIsBound     bool
}

// WorstFile is a file of the context and what was lost to it.
type WorstFile struct {
	Path string
	// Lost are the seconds of the causes in which the file took part, Alone those of
	// causes in which it was the only file: the first is what was lost whenever it
	// changed, the second what would not have been lost had it alone stayed as it
	// was. Where several files changed, nothing is split between them.
	Lost, Alone float64
	// Builds is in how many builds it took part.
	Builds int
}

// WorstInstruction is an instruction and what was lost at it.
type WorstInstruction struct {
	// Text tells the instruction, since lines move; File and Line are where it stood
	// in the last build that named it.
	Text, File string
	Line       int
	Lost       float64
	Builds     int
}

// Sum adds up the findings of records.
func Sum(records []*record.Record) Sums {
	var s Sums
	for _, r := range findings(records) {
		f := r.Findings
		s.Builds++
		s.Saved += f.Saved
		s.Lost += f.Lost
		s.Net += f.Net
		s.SavedIsBound = s.SavedIsBound || f.SavedIsBound
	}
	return s
}

// Worst ranks the files and the instructions by the seconds that were lost to
// them in all the builds, the worst first. In one build nothing loses more than
// the build lost. What lost nothing is left out, and so are first builds, which
// had nothing to lose.
func Worst(records []*record.Record) ([]WorstFile, []WorstInstruction) {
	files, instructions := map[string]*WorstFile{}, map[[2]string]*WorstInstruction{}
	for _, r := range findings(records) {
		ofFile, ofInstruction := map[string]*WorstFile{}, map[[2]string]*WorstInstruction{}
		for _, c := range r.Findings.Causes {
			if c.Kind == string(cause.FirstBuild) {
				continue
			}
			for _, path := range distinct(c.Files) {
				f := entry(ofFile, path)
				f.Lost += c.Lost
				if len(c.Files) == 1 {
					f.Alone += c.Lost
				}
			}
			if c.Instruction != "" {
				in := entry(ofInstruction, [2]string{c.File, c.Instruction})
				if in.Line == 0 {
					in.Line = c.Line
				}
				in.Lost += c.Lost
			}
		}
		most := r.Findings.Lost
		for path, x := range ofFile {
			f := entry(files, path)
			f.Path = path
			f.Lost += min(x.Lost, most)
			f.Alone += min(x.Alone, most)
			f.Builds++
		}
		for key, x := range ofInstruction {
			in := entry(instructions, key)
			in.File, in.Text, in.Line = key[0], key[1], x.Line // the last build is the last here
			in.Lost += min(x.Lost, most)
			in.Builds++
		}
	}
	return rank(files, func(f *WorstFile) (float64, float64, string) { return f.Lost, f.Alone, f.Path }),
		rank(instructions, func(in *WorstInstruction) (float64, float64, string) { return in.Lost, 0, in.Text + "\n" + in.File })
}

// findings lists each record with findings once, the oldest first, in an order
// that does not depend on the one given.
func findings(records []*record.Record) []*record.Record {
	list := slices.DeleteFunc(slices.Clone(records), func(r *record.Record) bool { return r == nil || r.Findings == nil })
	slices.SortFunc(list, func(a, b *record.Record) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(list, func(a, b *record.Record) bool { return a.ID == b.ID })
}

func distinct(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func entry[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

// rank sorts by what was lost, then by the second number, then by name.
func rank[K comparable, V any](m map[K]*V, by func(*V) (lost, then float64, name string)) []V {
	list := make([]V, 0, len(m))
	for _, x := range m {
		if lost, _, _ := by(x); lost > 0 {
			list = append(list, *x)
		}
	}
	slices.SortFunc(list, func(a, b V) int {
		lostA, thenA, nameA := by(&a)
		lostB, thenB, nameB := by(&b)
		return cmp.Or(cmp.Compare(lostB, lostA), cmp.Compare(thenB, thenA), cmp.Compare(nameA, nameB))
	})
	return list
}
