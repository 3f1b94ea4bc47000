package report

import "strings"

// Budgets in bytes.
const (
	// CommentBudget is what a comment may take. GitHub's limit is 65,536
	// characters; the rest is for the marker and what else the publisher adds.
	CommentBudget = 60_000
	// SummaryBudget is what a step summary may take. Over 1 MiB GitHub shows
	// nothing at all.
	SummaryBudget = 900_000
	// leastBudget is the smallest that a comment can be held to.
	leastBudget = 200
)

// section is a part of a document that is shown whole or not at all.
type section struct {
	// name is how the closing line calls it when it was left out.
	name string
	text string
}

// assemble joins sections, which come in the order of their worth, as long as
// they fit into the budget. What did not fit is named at the end, with a
// pointer to where it can be found. The first section is always there; a section
// that a budget of hundreds of bytes must hold has to be that short.
func assemble(budget int, elsewhere string, sections []section) string {
	var all []section
	var names []string
	whole := -1
	for _, s := range sections {
		if s.text = strings.Trim(s.text, "\n"); s.text != "" {
			all = append(all, s)
			names = append(names, s.name)
			whole += len(s.text) + len("\n\n")
		}
	}
	if len(all) == 0 {
		return ""
	}
	// The note takes no more than it does when all but the first section is missing.
	room := budget
	if whole > budget {
		room -= len(leftOut(names[1:], elsewhere))
	}
	var b strings.Builder
	var left []string
	for i, s := range all {
		text := s.text + "\n"
		if i > 0 {
			text = "\n" + text
		}
		if i > 0 && b.Len()+len(text) > room {
			left = append(left, s.name)
			continue
		}
		b.WriteString(text)
	}
	if len(left) > 0 {
		note := leftOut(left, elsewhere)
		if b.Len()+len(note) > budget {
			note = shortNote
		}
		b.WriteString(note)
	}
	return b.String()
}

// leftOut is the line that names the sections which did not fit.
func leftOut(names []string, elsewhere string) string {
	return "\n<sub>Left out for length: " + strings.Join(names, ", ") + ". " + elsewhere + "</sub>\n"
}

// shortNote stands where a budget has no room for the names.
const shortNote = "\n<sub>The rest was left out for length.</sub>\n"
