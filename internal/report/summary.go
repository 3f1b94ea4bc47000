package report

// summaryRows are those of the summary's table of missed steps.
const summaryRows = 500

// Summary renders the report as the Markdown of a step summary, at most
// [SummaryBudget] bytes. It holds what [Comment] holds, with everything that the
// comment had to cut.
func Summary(r Report) string {
	v := newView(&r)
	table, _ := v.missTable(v.missRows(summaryRows), 0, summaryRows, 10, SummaryBudget/3)
	return assemble(SummaryBudget, "report.html and report.json have all of it.", []section{
		{"the title", v.title()},
		{"the first line", v.firstLine(v.verdict())},
		{"the error", v.failureBlock(200)},
		{"gates", v.gates()},
		{"the base branch", v.besideBase().markdownText()},
		{"the steps that missed", table},
		{"what was lost in all", v.lostInAll()},
		{"the suggestion", v.topSuggestion(v.wanted(), anyLength)},
		{"more suggestions", v.moreSuggestions(v.wanted())},
		{"what builds refuted", refutedMarkdown(v.Suggestions)},
		{"the checks of BuildKit", v.checkList(200)},
		{"warnings", v.warnings(200)},
		{"the evidence", v.evidence(200, 100)},
		{"the timeline", v.gantt()},
		{"the last builds", v.trendSection()},
		{"what lost the most", v.worstSection()},
		{"the balance", foldedUnlessEmpty(v.balanceTitle(), v.balanceSheet())},
		{"all steps", foldedUnlessEmpty(allOf(r.Totals.Steps), v.allSteps(3000))},
	})
}

// title is the heading of a summary: a job has the summaries of many steps.
func (v *view) title() string {
	return words("### Build cache of ").with(v.buildName()).markdownText()
}
