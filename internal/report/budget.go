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
	// noteBudget is kept free for the line that names what was left out.
	noteBudget = 600
)

// section is a part of a document that is shown whole or not at all.
type section struct {
	// name is how the closing line calls it when it was left out.
	name string
	text string
}

// assemble joins sections, which come in the order of their worth, as long as
// they fit into the budget. What did not fit is named at the end, with a
// pointer to where it can be found.
func assemble(budget int, elsewhere string, sections []section) string {
	var b strings.Builder
	var left []string
	for _, s := range sections {
		if s.text == "" {
			continue
		}
		text := strings.Trim(s.text, "\n") + "\n"
		if b.Len()+1+len(text) > budget-noteBudget {
			left = append(left, s.name)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	if len(left) > 0 {
		b.WriteString("\n<sub>Left out for length: " + strings.Join(left, ", ") + ". " + elsewhere + "</sub>\n")
	}
	return b.String()
}
