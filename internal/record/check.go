package record

import "fmt"

// Check is a finding of BuildKit's own checks of the Dockerfile, as the build
// reported it.
type Check struct {
	Rule        string `json:"rule"`                  // as in "StageNameCasing"
	Description string `json:"description,omitempty"` // what the rule is about
	URL         string `json:"url,omitempty"`
	// File and the lines are those of the instruction, when known.
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	EndLine int    `json:"endLine,omitempty"`
	// Message is what is wrong. It never holds a value of a build argument.
	Message string `json:"message"`
}

// CheckLimit is how many checks a record holds.
const CheckLimit = 500

func validateChecks(list []Check) error {
	if len(list) > CheckLimit {
		return fmt.Errorf("%w: %d checks", ErrTooLarge, len(list))
	}
	for i, c := range list {
		if c.Line < 0 || c.EndLine < c.Line {
			return fmt.Errorf("check %d: lines %d to %d", i, c.Line, c.EndLine)
		}
		for _, text := range []string{c.Rule, c.Description, c.URL, c.File, c.Message} {
			if len(text) > maxName {
				return fmt.Errorf("%w: a text of check %d", ErrTooLarge, i)
			}
		}
	}
	return nil
}
