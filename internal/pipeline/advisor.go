package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/timing"
)

// advisor is what advice needs to know of the repository. The zero value knows
// nothing but the records.
type advisor struct {
	commits *commits
	args    map[string]string // the values of the build arguments
	getenv  func(string) string
	context string // the folder of the build context, if it is there
	root    string // of the repository, if it is there
	off     []string
	// verify proves suggestions by builds; nil leaves them as they are.
	verify func(ctx context.Context, head, base *record.Record, causes []cause.Cause, all advice.Advice) (advice.Advice, []string)
	// workflows are those of the repository.
	workflows []advice.Workflow
}

// advise asks for suggestions. Where nothing missed, the commits are not replayed:
// nobody waits for advice on a build that was fast.
func (a advisor) advise(head *record.Record, causes []cause.Cause, ledger timing.Ledger, c comparison) (advice.Advice, []string) {
	in := advice.Input{Head: head, Causes: causes, Ledger: ledger, Base: c.base, Past: c.past, Off: a.off, ReadFile: a.readFile(), Workflows: a.workflows}
	var warnings []string
	if missed(head) {
		warnings = a.replay(&in)
	}
	out := advice.Suggest(in)
	if a.root != "" {
		out = unlink(a.root, out)
	}
	if !slices.ContainsFunc(out.Suggestions, func(s advice.Suggestion) bool { return s.Predicted.CommitsSaved > 0 }) {
		warnings = nil // they say how far a prediction reaches
	}
	return out, warnings
}

// replay hands the commits in, or the change from the base to this build.
func (a advisor) replay(in *advice.Input) (warnings []string) {
	if h := a.commits.wait(); h != nil {
		every := everyCommit(a.args, in.Head, in.Base, a.getenv)
		in.Replay, in.Today = a.commits.replayers(h, recipeOf(in.Head, a.args, every))
		if a.root != "" {
			in.Replay, in.Today = throughLinks(a.root, in.Replay), throughLinks(a.root, in.Today)
		}
		return nil
	}
	if in.Base == nil {
		return nil
	}
	h, err := replay.FromRecords(in.Base, in.Head)
	if err != nil {
		return []string{fmt.Sprintf("replaying this build: %v", err)}
	}
	in.Replay, in.OneBuild = (*commits)(nil).replayer(h, recipeOf(in.Head, a.args, nil)), true
	return a.commits.warnings()
}

// mostRead bounds a file of the context that advice reads, in bytes: manifests are
// small.
const mostRead = 4 << 20

// readFile reads files of the build context, and none outside of it.
func (a advisor) readFile() func(string) ([]byte, error) {
	if a.context == "" || !isDir(a.context) {
		return nil
	}
	return func(name string) ([]byte, error) { return readRegular(a.context, name, mostRead) }
}
