package buildkit

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/client"

	"github.com/layercause/layercause/internal/record"
)

// checkForm is how a frontend writes a finding of its checks, see
// LintFormatShort in BuildKit's linter. Other warnings of a build look otherwise.
var checkForm = regexp.MustCompile(`^([A-Z][A-Za-z0-9]{2,63}): ((?s).*?)(?: \(line \d+\))?$`)

// speaksOfNames are the rules whose messages hold names and fixed words alone.
// The others may show a text with its variables expanded.
var speaksOfNames = map[string]bool{
	"StageNameCasing": true, "FromAsCasing": true, "NoEmptyContinuation": true, "ConsistentInstructionCasing": true,
	"DuplicateStageName": true, "ReservedStageName": true, "JSONArgsRecommended": true, "MaintainerDeprecated": true,
	"UndefinedArgInFrom": true, "UndefinedVar": true, "MultipleInstructionsDisallowed": true,
	"LegacyKeyValueFormat": true, "SecretsUsedInArgOrEnv": true, "InvalidDefinitionDescription": true,
}

// checks are the findings of the frontend's own checks. The frontend sends them
// while it makes the build's graph, so they cost nothing; its frontend.lint request
// gives the same, and that of stages which the build does not need, but runs the
// frontend once more.
func (o *observer) checks(file string, redact func(string) string) []record.Check {
	var out []record.Check
	for _, w := range o.warnings {
		m := checkForm.FindStringSubmatch(string(w.Short))
		if m == nil || w.SourceInfo == nil {
			continue
		}
		c := record.Check{Rule: m[1], Message: m[2], URL: w.URL, File: file}
		for _, d := range w.Detail {
			c.Description += string(d)
		}
		for _, r := range w.Range {
			if start := int(r.GetStart().GetLine()); c.Line == 0 || start < c.Line {
				c.Line = max(0, start)
			}
			c.EndLine = max(c.EndLine, c.Line, int(r.GetEnd().GetLine()))
		}
		if !speaksOfNames[c.Rule] && hasDollar(w, c.Line, c.EndLine) {
			c.Message = c.Description
		}
		for _, text := range []*string{&c.Message, &c.Description, &c.URL} {
			*text = shortText(redact(*text))
		}
		if !slices.Contains(out, c) && len(out) < record.CheckLimit {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b record.Check) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return out
}

// hasDollar says whether the lines that a warning is about can have variables
// expanded. Without lines anything can.
func hasDollar(w *client.VertexWarning, line, end int) bool {
	lines := strings.Split(string(w.SourceInfo.Data), "\n")
	if line < 1 || end > len(lines) {
		return true
	}
	return strings.Contains(strings.Join(lines[line-1:end], "\n"), "$")
}

// checkText bounds the texts of a check, which a frontend of anybody's may send.
const checkText = 2 << 10 // bytes

func shortText(s string) string {
	if len(s) <= checkText {
		return s
	}
	return strings.ToValidUTF8(s[:checkText], "") + "…"
}
