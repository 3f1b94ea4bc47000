package report

import (
	"strings"

	"github.com/layercause/layercause/internal/record"
)

func newChecks(head *record.Record) []Check {
	var out []Check
	for _, c := range head.Checks {
		out = append(out, Check(c))
	}
	return out
}

// check is one finding in a line: what, where, and the rule. A colon behind a line
// number would be an emoji of line 100.
func (v *view) check(c *Check) sentence {
	s := prose(c.Message, detailLimit).say(" (")
	if c.Line > 0 {
		s = s.place(v.Links, c.File, c.Line, c.EndLine).say(", ")
	}
	rule := code(c.Rule, nameLimit)
	rule[0].link = c.page()
	return s.with(rule).say(")")
}

// page is the address of the rule's documentation. A frontend can name any: only
// one of Docker's own is linked.
func (c *Check) page() string {
	const docs = "https://docs.docker.com/"
	path, ok := strings.CutPrefix(c.URL, docs)
	if !ok || len(path) > 200 || !only(path, func(b byte) bool { return isLetter(b) || isDigit(b) || b == '-' || b == '/' }) {
		return ""
	}
	return c.URL
}

// checkList is what BuildKit's own checks found, folded.
func (v *view) checkList(limit int) string {
	if len(v.Checks) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range v.Checks {
		if i == limit {
			b.WriteString("- and " + itoa(len(v.Checks)-i) + " more, in report.json\n")
			break
		}
		b.WriteString("- ")
		v.check(&v.Checks[i]).markdown(&b, false)
		b.WriteByte('\n')
	}
	return folded(count(len(v.Checks), "finding")+" of BuildKit checks", b.String())
}

// checkCount is all that the comment says of them: they are no news of this build,
// and the lines that the pull request changes carry them as annotations.
func (v *view) checkCount() string {
	if len(v.Checks) == 0 {
		return ""
	}
	return "BuildKit's own checks have " + count(len(v.Checks), "finding") + ", in the summary.\n"
}

func (p *page) allChecks() {
	if len(p.Checks) == 0 {
		return
	}
	p.raw("<h2>BuildKit’s own checks</h2>\n")
	facts := make([]sentence, 0, len(p.Checks))
	for i := range p.Checks {
		if i == htmlRows {
			facts = append(facts, words("and "+itoa(len(p.Checks)-i)+" more"))
			break
		}
		facts = append(facts, p.check(&p.Checks[i]))
	}
	p.facts(facts)
}
