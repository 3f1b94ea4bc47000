package report

import "strings"

// Bounds of the comment. What is more stands in the summary and report.html.
const (
	commentRows    = 8 // rows of the table of missed steps; more are folded
	foldedRows     = 50
	openPatch      = 16 // lines of a diff that needs no fold
	openError      = 16 // lines of an error; the summary has more
	cellFiles      = 3  // files named in a cell
	foldedFiles    = 20 // files listed in a fold; more are summed up by folder
	commentSteps   = 100
	titlePlatforms = 4
	patchLines     = 80
	patchWidth     = 300
	anyLength      = 1 << 30
)

// Comment renders the report as the Markdown of a comment on a pull request, at
// most [CommentBudget] bytes. Its first line says it all; then come what needs a
// decision (the steps that missed, the best suggestion) and, folded, the rest.
func Comment(r Report) string { return CommentWithin(r, CommentBudget) }

// CommentWithin is [Comment] in at most so many bytes, for a comment that several
// reports share. Whole sections fall away, the least important first, down to the
// first line, and a note says so. Less than 200 bytes count as 200.
func CommentWithin(r Report, bytes int) string {
	bytes = max(bytes, leastBudget)
	v := newView(&r)
	d := v.verdict()
	sections := append([]section{{"the first line", v.shortFirstLine(d, bytes-len(shortNote)-1)}}, v.commentBody(d, bytes)...)
	return assemble(bytes, v.elsewhere(), sections)
}

// commentBody is what stands under the first line.
func (v *view) commentBody(d verdict, bytes int) []section {
	if v.quiet(d) {
		_, waterfall := v.textWaterfall()
		body := v.balanceSheet() + "\n" + v.looked() + waterfall + "\n" + v.stepsAndChecks()
		if beside := v.besideBase(); beside != nil {
			body = beside.markdownText() + "\n\n" + body
		}
		return []section{{"details", folded("Details", body)}}
	}
	here := v.inComment()
	missed := v.missRows(commentRows)
	table, shown := v.missTable(missed, 0, commentRows, cellFiles, bytes/3)
	patch := openPatch
	if v.failed() {
		patch = 0 // first things first
	}
	return []section{
		{"the error", v.failureBlock(openError)},
		{"where the log is", v.logPlace()},
		{"gates", v.gates()},
		{"the base branch", v.besideBase().markdownText()},
		{"the steps that missed", table},
		{"what was lost in all", v.lostInAll()},
		{"the suggestion", v.topSuggestion(here, patch)},
		{"more suggestions", v.moreSuggestions(here)},
		{"where suggestions are", v.suggestedElsewhere(here)},
		{"the other steps that missed", v.moreMissed(missed, shown, bytes/4)},
		{"warnings", v.warnings(20)},
		{"the evidence", v.evidence(foldedFiles, 20)},
		{"the timeline", foldedUnlessEmpty(v.textWaterfall())},
		{"the balance", foldedUnlessEmpty(v.balanceTitle(), v.balanceSheet())},
		{"all steps", foldedUnlessEmpty(allOf(v.Totals.Steps), v.stepsAndChecks())},
	}
}

// stepsAndChecks are all steps, and how many findings BuildKit's checks have.
func (v *view) stepsAndChecks() string {
	return strings.TrimLeft(v.allSteps(commentSteps)+"\n"+v.checkCount(), "\n")
}

// CommentTitle names the build for the heading of its section in a comment that
// several reports share: Dockerfile, target and platforms, as inline Markdown
// without the marks of a heading. It is empty if the report knows no Dockerfile.
func CommentTitle(r Report) string {
	if r.Build.Dockerfile == "" {
		return ""
	}
	v := newView(&r)
	s := v.buildName()
	for i, p := range r.Build.Platforms {
		s = s.say(", ")
		if i == titlePlatforms {
			s = s.say("and " + itoa(len(r.Build.Platforms)-i) + " more")
			break
		}
		s = s.code(p, 40)
	}
	return s.markdownText()
}

// buildName is the Dockerfile and the target.
func (v *view) buildName() sentence {
	s := sentence{placeSpan(cleanLine(v.Build.Dockerfile), v.Build.Dockerfile, "")}
	if v.Build.Target != "" {
		s = s.say(", target ").code(v.Build.Target, nameLimit)
	}
	return s
}

// shortFirstLine is the first line in so many bytes: without its links if they are
// too long, and at worst what kind of build it was.
func (v *view) shortFirstLine(d verdict, bytes int) string {
	for _, d := range []verdict{d, d.withoutLinks(), verdict{lead: d.lead, quiet: d.quiet}.withoutLinks()} {
		if line := v.firstLine(d); len(line) <= bytes {
			return line
		}
	}
	t := &v.Totals
	if v.failed() {
		return "**The build failed" + after(v.Build.WallSeconds) + ".**"
	}
	return itoa(t.Hits) + " of " + count(t.Hits+t.Misses, "step") + " hit the cache" + lostPart(", ", t.LostSeconds) + "."
}

// firstLine is the verdict as one paragraph.
func (v *view) firstLine(d verdict) string {
	mark := "**"
	if d.quiet {
		mark = ""
	}
	line := mark + d.lead.markdownText() + mark
	if len(d.rest) > 0 {
		line += " " + d.rest.markdownText()
	}
	return line
}

// elsewhere points to the complete report.
func (v *view) elsewhere() string {
	if u := v.Links.run(); u != "" {
		return "The [summary of the run](" + u + ") and report.html have all of it."
	}
	return "The step summary and report.html have all of it."
}

func foldedUnlessEmpty(title, body string) string {
	if body == "" {
		return ""
	}
	return folded(title, body)
}

// failureBlock is the error of a failed build.
func (v *view) failureBlock(lines int) string {
	if v.Build.Failure == nil || strings.TrimSpace(v.Build.Failure.Message) == "" {
		return ""
	}
	text, left := firstLines(cleanBlock(v.Build.Failure.Message), lines, patchWidth)
	if left > 0 {
		text += "\n… " + count(left, "more line")
	}
	var b strings.Builder
	fenced(&b, "text", text)
	return b.String()
}

// logPlace leads to what a command that failed has printed: that is in no report, since
// GitHub masks secrets in the log alone.
func (v *view) logPlace() string {
	step, u := v.failedStep(), v.Links.run()
	if step == nil || u == "" || !strings.HasPrefix(strings.ToUpper(step.Instruction), "RUN") {
		return ""
	}
	return "What it printed is in the [log of the run](" + u + ")."
}

// gates names the gates that failed; those that passed need no words.
func (v *view) gates() string {
	var b strings.Builder
	shown := 0
	for _, g := range v.Gates {
		if g.Status == "pass" {
			continue
		}
		if shown++; shown > 20 {
			continue
		}
		s := words("Gate ").code(g.Gate, nameLimit).say(" failed")
		if g.Detail != "" {
			s = s.say(": ").with(prose(g.Detail, detailLimit))
		}
		b.WriteString("- ")
		s.markdown(&b, false)
		b.WriteByte('\n')
	}
	if shown > 20 {
		b.WriteString("- and " + itoa(shown-20) + " more\n")
	}
	return b.String()
}

// missTable is the table of the steps that missed, the most costly first, without
// those of the first rows. It stops after so many rows or bytes, says how many are
// left, and how many rows are told by now.
func (v *view) missTable(all []row, first, rows, files, budget int) (table string, told int) {
	if len(all) <= first {
		return "", len(all)
	}
	t := newTable("Lost:", "Step", "Why it ran", "Took:")
	told = first
	for _, r := range all[first:] {
		if told == first+rows || t.b.Len() > budget {
			break
		}
		v.missRow(t, r, files)
		told++
	}
	if left := len(all) - told; left > 0 {
		t.row(nil, words("and "+count(left, "more step")), nil, nil)
	}
	return t.b.String(), told
}

// moreMissed are the steps that the table has no room for, folded.
func (v *view) moreMissed(all []row, told, budget int) string {
	table, _ := v.missTable(all, told, foldedRows, cellFiles, budget)
	return foldedUnlessEmpty(count(len(all)-told, "more step")+" that missed", table)
}

// lostInAll says why the figures of the causes do not add up, where they do not.
func (v *view) lostInAll() string {
	sum := 0.0
	for i := range v.Causes {
		sum += v.Causes[i].LostSeconds
	}
	all := v.Totals.LostSeconds
	if len(v.Causes) < 2 || noTime(all) || noTime(all-sum) {
		return ""
	}
	return "Lost in all: " + duration(all) + ". Each figure is what the build would gain without that cause alone, so they need not add up."
}

func (v *view) missRow(t *table, r row, files int) {
	s := r.step
	lost := sentence{}
	if r.first && r.cause != nil && !noTime(r.cause.LostSeconds) {
		lost = amount(duration(r.cause.LostSeconds))
		lost = words("**").with(lost).say("**")
	}
	took := amount(duration(s.Seconds))
	if s.Status == "failed" {
		took = took.say(", failed")
	}
	// A phone shows the first columns, and has no room for one of line numbers.
	step := v.lineCell(s)
	if len(step) > 0 {
		step = step.say(" ")
	}
	t.row(lost, step.with(v.instruction(s, instructionLimit)), v.reason(r, files), took)
}

// lineCell is the number of a step's line, linked.
func (v *view) lineCell(s *Step) sentence {
	if s.Line < 1 {
		return nil
	}
	return sentence{{text: itoa(s.Line), link: v.Links.line(s.File, s.Line, s.EndLine)}}
}
