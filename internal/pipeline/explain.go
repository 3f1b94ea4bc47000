package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// comparison is the earlier record that a build is explained against.
type comparison struct {
	base     *record.Record
	why      string
	searched []string
	warnings []string
	// past are the records before this one, the newest first, as the history's Past
	// gives them.
	past []*record.Record
	// made are the keys of what the last build of the same branch made, of a branch
	// that is not the default one.
	made map[string]bool
	// price is what a minute costs, if somebody said so.
	price timing.Price
}

// mostPast is how many earlier builds the sums over time take.
const mostPast = history.Keep

// compare finds the record to compare with: the given one, or the nearest.
func compare(ctx context.Context, store *history.Store, given, head *record.Record) comparison {
	if given != nil {
		return compareGiven(ctx, store, given, head)
	}
	if store == nil {
		return comparison{why: report.WhyNone}
	}
	for _, a := range head.Caches {
		if a.Direction == record.Import && a.Index != nil {
			a.Index.Writer = store.Writer(ctx, a.Index.Digest)
		}
	}
	c, err := store.Nearest(ctx, head)
	out := comparison{base: c.Record, why: string(c.Why), searched: c.Searched, warnings: c.Warnings, past: c.Past}
	if b := head.Commit; (b.BaseBranch != "" || b.Branch != b.Default) && missed(head) {
		out.made = store.Made(ctx, head)
	}
	if err != nil {
		out.warnings = append(out.warnings, err.Error())
	}
	return out
}

func missed(r *record.Record) bool {
	return slices.ContainsFunc(r.Steps, func(s record.Step) bool { return s.Status == record.Miss })
}

// compareGiven compares with --base-record.
func compareGiven(ctx context.Context, store *history.Store, given, head *record.Record) comparison {
	c := comparison{base: given, why: report.WhyNearest}
	switch {
	case given.SaltID != head.SaltID:
		c = comparison{why: report.WhyNone, warnings: []string{
			"--base-record was made with another history, whose keyed digests cannot be compared with this build's",
		}}
	case given.Invocation.Dockerfile != head.Invocation.Dockerfile:
		c = comparison{why: report.WhyNone, warnings: []string{
			fmt.Sprintf("--base-record is of another Dockerfile, %s, and nothing is compared with it", given.Invocation.Dockerfile),
		}}
	}
	if store == nil {
		return c
	}
	past, warnings, err := store.Past(ctx, history.KeyOf(head), mostPast)
	c.past, c.warnings = past, append(c.warnings, warnings...)
	if err != nil {
		c.warnings = append(c.warnings, err.Error())
	}
	return c
}

// explainBuild explains a build that has ended. A fault of ours is a warning in
// a report without causes: it must not fail what was built.
func explainBuild(ctx context.Context, checkout checkout, head *record.Record, c comparison, a advisor, warnings []string) (r report.Report) {
	defer func() {
		if p := recover(); p != nil {
			warnings = append(warnings, fmt.Sprintf("explaining the build stopped at a fault of layercause: %v", p))
			r = report.New(head, nil, nil, timing.Ledger{Wall: head.Seconds}, advice.Advice{}, warnings)
		}
	}()
	return explain(ctx, checkout, head, c, a, warnings)
}

// explain takes a record through the pure stages. Between them git names the
// commits of the files that changed.
func explain(ctx context.Context, checkout checkout, head *record.Record, c comparison, a advisor, warnings []string) report.Report {
	timing.Carry(head, c.base)
	causes := cause.Explain(head, c.base, c.searched)
	if c.base != nil {
		checkout.nameCommits(ctx, causes, c.base.Commit.SHA)
	}
	ledger := timing.Account(head, causes, c.past)
	advised, more := a.advise(head, causes, ledger, c)
	warnings = append(warnings, more...)
	made := advised.Suggestions
	if a.verify != nil {
		advised, more = a.verify(ctx, head, c.base, causes, advised)
		warnings = append(warnings, more...)
	}
	var base *report.Comparison
	if c.base != nil {
		base = &report.Comparison{Ref: c.base.Commit.Ref, Commit: c.base.Commit.SHA, Why: c.why}
	}
	r := report.New(head, base, causes, ledger, advised, slices.Concat(warnings, ignoreWarnings(head.Dockerfile)))
	head.Findings = findings(r)
	head.Findings.Withdrawn = withdrawn(made, advised.Suggestions)
	head.Findings.Again = timing.Again(head, c.made)
	r.SetPrice(c.price)
	r.SetPast(append([]*record.Record{head}, c.past...))
	return r
}

// ExplainOptions are the flags of the explain command.
type ExplainOptions struct {
	Base, Head string // files of records
	ReportDir  string // empty: no files
	// CostPerMinute is a price such as 0.008EUR; empty is none.
	CostPerMinute string
}

// Explain explains one record against another.
func Explain(ctx context.Context, env Env, o ExplainOptions) error {
	if err := explainRecords(ctx, env, o); err != nil {
		return classify(err)
	}
	return nil
}

func explainRecords(ctx context.Context, env Env, o ExplainOptions) error {
	const hint = "name two record.json.zst files: the earlier build's first"
	price, err := parsePrice(o.CostPerMinute)
	if err != nil {
		return err
	}
	var records [2]*record.Record
	for i, path := range []string{o.Base, o.Head} {
		r, err := readRecord(path)
		if errors.Is(err, os.ErrNotExist) {
			return usage(hint, "there is no record at %q", path)
		}
		if err != nil {
			return usage(hint, "the record %q cannot be used: %w", path, err)
		}
		records[i] = r
	}
	base, head := records[0], records[1]
	if base.SaltID != head.SaltID {
		return usage("records can be compared if they were made with the same --history folder",
			"the two records come from different histories, whose keyed digests cannot be compared")
	}
	if base.Invocation.Dockerfile != head.Invocation.Dockerfile {
		return usage("name two records of the same Dockerfile",
			"the records are of different Dockerfiles: %s and %s", base.Invocation.Dockerfile, head.Invocation.Dockerfile)
	}
	r := explain(ctx, checkoutOf(ctx, env, head), head, comparison{base: base, why: report.WhyNearest, price: price}, advisor{}, nil)
	if o.ReportDir != "" {
		encoded, err := record.Encode(head)
		if err == nil {
			err = writeReports(o.ReportDir, encoded, base, r)
		}
		if err != nil {
			return reportUnwritten(err)
		}
	}
	return report.Terminal(env.Stdout, r, false)
}
