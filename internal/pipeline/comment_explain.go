package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// recordPatience is how long one record may take to be explained. Ours take seconds
// at most; a hostile one may be made to take hours.
const recordPatience = 2 * time.Minute

// recordsPatience is how long all of them may take: there can be hundreds.
const recordsPatience = 10 * time.Minute

// explained turns a record of which nothing is trusted into a report.
func (c *commenting) explained(ctx context.Context, head, base *record.Record) (report.Report, error) {
	if sha := cmp.Or(c.event.HeadSHA, c.event.SHA); head.Commit.SHA != "" && sha != "" && head.Commit.SHA != sha {
		return report.Report{}, fmt.Errorf("it is of the commit %.12q, and not of %s", head.Commit.SHA, shortCommit(sha))
	}
	ctx, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	type outcome struct {
		report report.Report
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var out outcome
		defer func() {
			if p := recover(); p != nil {
				out.err = fmt.Errorf("explaining it stopped at a fault of layercause: %v", p)
			}
			done <- out
		}()
		out.report = c.explain(head, base)
	}()
	select {
	case out := <-done:
		return out.report, out.err
	case <-ctx.Done():
		return report.Report{}, errors.New("explaining it took too long")
	}
}

// explain takes two records through the pure stages. Advice is what they alone bear
// out: there is no checkout to replay, and none of its settings.
func (c *commenting) explain(head, base *record.Record) report.Report {
	var (
		warnings []string
		compared *report.Comparison
		notFirst = base != nil || comparedOnce(head) // whether or not the earlier record can be used
	)
	switch {
	case base != nil && base.SaltID != head.SaltID:
		base = nil
		warnings = append(warnings, "the earlier record was made with another history, whose keyed digests cannot be compared with this build's")
	case base != nil && base.Invocation.Dockerfile != head.Invocation.Dockerfile:
		base = nil
		warnings = append(warnings, "the earlier record is of another Dockerfile, and nothing is compared with it")
	case base == nil && notFirst:
		warnings = append(warnings, "this build was compared with an earlier one, whose record ("+baseName+") is not here: nothing is said of causes")
	}
	if base != nil {
		compared = &report.Comparison{Ref: base.Commit.Ref, Commit: base.Commit.SHA, Why: report.WhyNearest}
		timing.Carry(head, base)
	}
	var causes []cause.Cause
	if base != nil || !notFirst {
		causes = cause.Explain(head, base, nil)
	}
	ledger := timing.Account(head, causes, nil)
	advised := advice.Suggest(advice.Input{Head: head, Causes: causes, Ledger: ledger, Base: base})
	if f := head.Findings; f != nil {
		advised.Suggestions = slices.DeleteFunc(advised.Suggestions, func(g advice.Suggestion) bool {
			return slices.Contains(f.Withdrawn, record.Withdrawn{Rule: g.Rule, File: g.File, Line: g.Line})
		})
		advised.Best = nil // nothing is replayed
	}
	r := report.New(head, compared, causes, ledger, advised, slices.Concat(warnings, ignoreWarnings(head.Dockerfile)))
	r.SetPrice(c.price)
	e := c.event // whatever the record says of where it is from
	r.Links = report.Links{Server: e.ServerURL, Repository: e.Repository, RunID: e.RunID, Commit: cmp.Or(e.HeadSHA, e.SHA)}
	return r
}

// comparedOnce says that the build's own report had an earlier build to compare with.
func comparedOnce(head *record.Record) bool {
	return head.Findings != nil && slices.ContainsFunc(head.Findings.Causes, func(f record.Finding) bool {
		return f.Kind != string(cause.FirstBuild)
	})
}
