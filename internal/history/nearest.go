package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// Why says why a record was chosen, in the words of report.json.
type Why string

// The reasons for a choice.
const (
	// ByKeys: more of its steps have the keys of the build's steps than those of
	// any other record, or it is the newest of those that are equally good.
	ByKeys Why = "nearest"
	// ByBranch: the keys did not decide; it is of the same branch, or of the
	// branch that the pull request goes to.
	ByBranch Why = "branch"
	// ByDefaultBranch: the keys did not decide; it is of the default branch.
	ByDefaultBranch Why = "default-branch"
	// ByIndex: its build wrote the cache index that the build imported.
	ByIndex Why = "imported-index"
	// None: there is no record to compare with.
	None Why = "none"
)

// Choice is the record to compare a build with.
type Choice struct {
	// Record is nil if Why is [None].
	Record *record.Record
	Why    Why
	// Searched says where a record was looked for.
	Searched []string
	Warnings []string
	// Past are the last [Keep] records, as [Store.Past] gives them.
	Past []*record.Record
}

// Nearest chooses the earlier record that a build is compared with: the one whose
// build wrote the cache index that the build imported, unless another accounts
// for more of the build's hits, so that there was another cache than that one.
// Else it is the one with the most steps whose keys are those of the build's steps, since it needs
// the fewest explanations. Only steps that hit or ran count there, for only
// they have a result that could have been taken. Ties go to the same branch,
// then to the branch that a pull request goes to, then to the default branch,
// then to the newest. A failed build left results behind for a part of its
// steps only: it is chosen only if there is nothing else.
//
// Records whose digests were made with another salt cannot be compared; they
// are passed over with a warning, as is a record that turns out to be unreadable.
func (s *Store) Nearest(ctx context.Context, head *record.Record) (Choice, error) {
	key := KeyOf(head)
	found, warnings, err := s.Candidates(ctx, key)
	choice := Choice{Why: None, Searched: []string{key.String()}, Warnings: warnings}
	if err != nil {
		return choice, err
	}
	found = slices.DeleteFunc(found, func(c Candidate) bool { return c.Record.ID == head.ID })
	choice.Past = past(found, Keep)
	s.choose(&choice, head, found)
	return choice, nil
}

// choose takes the best of the candidates that can still be read whole.
func (s *Store) choose(choice *Choice, head *record.Record, found []Candidate) {
	folder := KeyOf(head).folder()
	others := len(found)
	found = slices.DeleteFunc(found, func(c Candidate) bool {
		return c.Record.SaltID != head.SaltID
	})
	if n := others - len(found); n > 0 {
		choice.Warnings = append(choice.Warnings, fmt.Sprintf(
			"history: %d earlier records in %s were passed over: their digests were made with another salt", n, s.dir))
	}
	ranked := rank(head, found)
	for i, r := range ranked {
		full, err := readFile(r.path, record.Read)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process has removed it meanwhile, as one of the oldest
		}
		if err == nil {
			err = belongs(full, folder, filepath.Base(r.path))
		}
		if err != nil {
			choice.Warnings = append(choice.Warnings, passedOver(r.path, err))
			continue
		}
		choice.Record, choice.Why = full, why(ranked[i:])
		return
	}
}

// String names the key for the list of places that were searched.
func (k Key) String() string {
	text := fmt.Sprintf("history of %q, Dockerfile %q", k.Repository, k.Dockerfile)
	if k.Target != "" {
		text += fmt.Sprintf(", target %q", k.Target)
	}
	if len(k.Platforms) > 0 {
		text += fmt.Sprintf(", platforms %q", k.Platforms)
	}
	return text
}

// kinship is how close two builds' branches are.
type kinship int

const (
	stranger kinship = iota
	defaultBranch
	baseBranch
	sameBranch
)

type ranking struct {
	Candidate
	succeeded bool
	wrote     bool // an index that the head imported
	hits      int  // steps with the key of a hit of the head's
	equal     int  // steps with a key of the head's
	kin       kinship
}

// rank sorts candidates, given from the newest to the oldest, by how good they
// are to compare with.
func rank(head *record.Record, found []Candidate) []ranking {
	keys, hits := map[string]int{}, map[string]int{}
	for _, s := range head.Steps {
		keys[s.Key]++
		if s.Status == record.Hit {
			hits[s.Key]++
		}
	}
	imported := false
	ranked := make([]ranking, len(found))
	for i, c := range found {
		ranked[i] = ranking{
			Candidate: c,
			succeeded: c.Record.Status == record.Succeeded,
			wrote:     wrote(c.Record, head),
			hits:      equalSteps(hits, c.steps),
			equal:     equalSteps(keys, c.steps),
			kin:       kin(head.Commit, c.Record.Commit),
		}
		imported = imported || ranked[i].wrote
	}
	slices.SortStableFunc(ranked, func(a, b ranking) int {
		switch {
		case a.succeeded != b.succeeded && a.succeeded:
			return -1
		case a.succeeded != b.succeeded:
			return 1
		case imported && a.hits != b.hits:
			return b.hits - a.hits
		case a.wrote != b.wrote && a.wrote:
			return -1
		case a.wrote != b.wrote:
			return 1
		case a.equal != b.equal:
			return b.equal - a.equal
		}
		return int(b.kin) - int(a.kin)
	})
	return ranked
}

// wrote says that an earlier build exported an index that the head imported.
func wrote(earlier, head *record.Record) bool {
	for _, e := range earlier.Caches {
		if e.Direction != record.Export || e.Index == nil || e.Index.Digest == "" {
			continue
		}
		if slices.ContainsFunc(head.Caches, func(c record.CacheAccess) bool {
			return c.Direction == record.Import && c.Index != nil && c.Index.Digest == e.Index.Digest
		}) {
			return true
		}
	}
	return false
}

// equalSteps counts the steps of a summary whose key is among keys, each key as
// often as it is there.
func equalSteps(keys map[string]int, steps string) int {
	used := map[string]int{}
	n := 0
	for step := range strings.SplitSeq(steps, " ") {
		if step == "" {
			continue
		}
		if key := step[1:]; used[key] < keys[key] {
			used[key]++
			n++
		}
	}
	return n
}

func kin(head, other record.Commit) kinship {
	switch b := other.Branch; {
	case b == "":
		return stranger
	case b == head.Branch:
		return sameBranch
	case b == head.BaseBranch:
		return baseBranch
	case b == head.Default:
		return defaultBranch
	}
	return stranger
}

// why says what put the first of the ranked before the others.
func why(ranked []ranking) Why {
	first := ranked[0]
	alone := len(ranked) == 1 ||
		ranked[1].succeeded != first.succeeded || ranked[1].equal != first.equal
	switch {
	case first.wrote:
		return ByIndex
	case alone && first.equal > 0:
		return ByKeys
	case first.kin == sameBranch, first.kin == baseBranch:
		return ByBranch
	case first.kin == defaultBranch:
		return ByDefaultBranch
	}
	return ByKeys
}
