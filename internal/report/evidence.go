package report

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/layercause/layercause/internal/cause"
)

// hasEvidence says that a cause has more to show than its clause in the table
// tells already.
func hasEvidence(c *Cause) bool {
	e := &c.Evidence
	return len(e.Files) > 1 || slices.ContainsFunc(e.Files, func(f cause.FileChange) bool { return f.Commit != "" }) ||
		c.StillLost > 0 || e.Before != "" || e.After != "" || e.Error != "" || e.Cache != "" ||
		len(e.Compared) > 0 || len(e.Searched) > 0 || len(e.NeededBy) > 0
}

// evidence is what each cause rests on, folded.
func (v *view) evidence(files, causes int) string {
	var b strings.Builder
	told := 0
	for i := range v.Causes {
		c := &v.Causes[i]
		if !hasEvidence(c) {
			continue
		}
		if told == causes {
			b.WriteString("\nAnd more, in report.json.\n")
			break
		}
		told++
		b.WriteByte('\n')
		v.causeEvidence(&b, c, files)
	}
	if told == 0 {
		return ""
	}
	return folded("Evidence", strings.TrimLeft(b.String(), "\n"))
}

func (v *view) causeEvidence(b *strings.Builder, c *Cause, files int) {
	b.WriteString("**")
	v.namedLine(headOf(c.Instruction), c.File, c.Line, c.EndLine).markdown(b, false)
	b.WriteString("** (" + kindName(c.Kind) + ")\n\n")
	for _, s := range v.facts(c) {
		b.WriteString("- ")
		s.markdown(b, false)
		b.WriteByte('\n')
	}
	for _, s := range v.fileFacts(&c.Evidence, files) {
		b.WriteString("- ")
		s.markdown(b, false)
		b.WriteByte('\n')
	}
}

// kindName is a kind as it stands in the list of causes. Another text is not a
// kind.
func kindName(k cause.Kind) string {
	if len(k) > 40 || !only(string(k), func(c byte) bool { return isLetter(c) || c == '-' }) {
		return "other"
	}
	return string(k)
}

// facts are the single pieces of evidence of a cause.
func (v *view) facts(c *Cause) []sentence {
	var facts []sentence
	e := &c.Evidence
	// Of a single file its own line says the same, and more.
	if c.Detail != "" && !(c.Kind == cause.ContextFiles && len(e.Files) == 1 && len(e.Folders) == 0) {
		facts = append(facts, prose(c.Detail, detailLimit))
	}
	add := func(label, text string) {
		if text != "" {
			facts = append(facts, words(label).code(text, detailLimit))
		}
	}
	add("cache: ", e.Cache)
	what := ""
	if isKeyed(c) {
		what = ", as a keyed digest of its value"
	}
	before, after := fromDifference(e.Before, e.After, detailLimit)
	add("before"+what+": ", before)
	add("after"+what+": ", after)
	add("error: ", e.Error)
	if w := e.Writer; w != nil {
		add("last written by the record: ", w.Record)
		add("at the commit: ", w.Commit)
		add("of: ", w.Ref)
	}
	if len(e.Compared) > 0 {
		facts = append(facts, listFact("compared, and equal: ", e.Compared))
	}
	if len(e.Searched) > 0 {
		facts = append(facts, listFact("looked for an earlier build in ", e.Searched))
	}
	if needed := v.neededBy(c); len(needed) > 0 {
		facts = append(facts, words("needed by ").with(needed))
	}
	if c.StillLost > 0 {
		facts = append(facts, words(v.stillLost(c)))
	}
	return facts
}

// isKeyed says that the evidence has digests in place of values, which are never kept. A
// list is one of names.
func isKeyed(c *Cause) bool {
	return c.Kind == cause.BuildArg && !strings.Contains(c.Evidence.Before, " ")
}

// differenceLead is how much of what two texts have in common stands before where they
// part, in bytes.
const differenceLead = 60

// fromDifference cuts the start that two texts have in common, if it would take the room
// in which they are told apart.
func fromDifference(before, after string, limit int) (string, string) {
	if before == "" || after == "" || len(before) <= limit && len(after) <= limit {
		return before, after
	}
	n := 0
	for n < min(len(before), len(after)) && before[n] == after[n] {
		n++
	}
	if n -= differenceLead; n <= 0 {
		return before, after
	}
	for n > 0 && !utf8.RuneStart(before[n]) {
		n-- // the same in both
	}
	return "…" + before[n:], "…" + after[n:]
}

func listFact(label string, items []string) sentence {
	s := words(label)
	for i, it := range items {
		if i == 20 {
			return s.say(" and " + itoa(len(items)-i) + " more")
		}
		if i > 0 {
			s = s.say(", ")
		}
		s = s.with(prose(it, detailLimit))
	}
	return s
}

// stillLost says what fixing this cause alone would not bring back.
func (v *view) stillLost(c *Cause) string {
	if c.StillLost == len(c.Steps) {
		return "fixing this alone brings no step back: other causes lost " + them(len(c.Steps)) + " too"
	}
	return "fixing this alone leaves " + itoa(c.StillLost) + " of " + count(len(c.Steps), "step") + " lost: other causes lost " + them(c.StillLost) + " too"
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
