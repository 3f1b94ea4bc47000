package pipeline

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit"
)

// readInputs reads what stands under "with:".
func readInputs(env Env, log *action.Log) (action.Inputs, error) {
	if env.Environ != nil {
		if err := action.CheckNames(env.Environ()); err != nil {
			return action.Inputs{}, err
		}
	}
	in, err := action.ReadInputs(env.getenv)
	for _, w := range in.Warnings {
		log.Warning(w)
	}
	return in, err
}

// inputOf are the inputs that stand for flags of another name.
var inputOf = map[string]string{
	"add-host": "add-hosts", "annotation": "annotations", "attest": "attests", "build-arg": "build-args",
	"build-context": "build-contexts", "label": "labels", "no-cache-filter": "no-cache-filters", "output": "outputs",
	"platform": "platforms", "secret": "secrets", "tag": "tags", "verify": "verify-suggestions",
}

// flagInText matches a flag in an error.
var flagInText = regexp.MustCompile(`--([a-z][a-z-]*[a-z])`)

// nameInput begins a user's mistake with the name of the input that has it, where
// inputs stand for the flags that the error is about.
func (r *runner) nameInput(err error) error {
	var problem, hint string
	var option *buildkit.UsageError
	var known *Error
	switch {
	case !r.inputs:
		return err
	case errors.As(err, &option):
		problem, hint = option.Problem, option.Hint
	case errors.As(err, &known) && known.Code == ExitUsage:
		problem, hint = known.Error(), known.Hint
	default:
		return err
	}
	name := ""
	switch m := flagInText.FindStringSubmatch(problem + " " + hint); {
	case strings.Contains(problem, "build context"):
		name = "context"
	case strings.Contains(problem, "has no stage"):
		name = "target"
	case m != nil:
		name = m[1]
	default:
		return err
	}
	if input, ok := inputOf[name]; ok {
		name = input
	}
	return &Error{ExitUsage, fmt.Errorf("input %s: %w", name, err), hint}
}
