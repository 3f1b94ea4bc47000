package pipeline

import (
	"cmp"
	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/report"
)

// weights order the findings of BuildKit's checks where GitHub shows only some:
// what may be a leak first, then what may be a mistake, then what is style. A rule
// that is not here may be a mistake.
var weights = map[string]float64{
	"SecretsUsedInArgOrEnv":        3,
	"StageNameCasing":              1,
	"FromAsCasing":                 1,
	"ConsistentInstructionCasing":  1,
	"ExposeProtoCasing":            1,
	"MaintainerDeprecated":         1,
	"LegacyKeyValueFormat":         1,
	"NoEmptyContinuation":          1,
	"InvalidDefinitionDescription": 1,
}

// checkAnnotations marks the lines that BuildKit's own checks found.
func checkAnnotations(rep report.Report) []action.Annotation {
	var out []action.Annotation
	for _, c := range rep.Checks {
		if c.Line == 0 {
			continue // the summary has it
		}
		weight, known := weights[c.Rule]
		if !known {
			weight = 2
		}
		out = append(out, action.Annotation{
			Level: action.LevelWarning, File: cmp.Or(c.File, rep.Build.Dockerfile), Line: c.Line, EndLine: c.EndLine,
			Title: c.Rule, Message: c.Message, Cost: weight,
		})
	}
	return out
}
