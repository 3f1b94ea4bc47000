package action

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/util/suggest"
)

// inputPrefix begins the variables that the runner makes of inputs.
const inputPrefix = "INPUT_"

// always are inputs that the runner takes for every container action.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepswithargs
var always = []string{"ARGS", "ENTRYPOINT"}

// CheckNames finds inputs that action.yml does not declare. The runner warns of
// them and passes them on all the same; a misspelt one would be a build that
// quietly does something else. Environ is the environment as NAME=VALUE. The
// error is an [*InputError].
//
// Where none of the action's own inputs is set, the program was not started as the
// action, and the variables are somebody else's. A variable INPUT_… that stands
// under "env:" cannot be told from an input: the hint speaks of it.
//
// Source: RunAsync in
// https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionRunner.cs and
// AddInputsToEnvironment in
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/Handler.cs.
func CheckNames(environ []string) error {
	known := map[string]bool{}
	var names []string
	for _, s := range Specs() {
		known[variable(s.Name)] = true
		names = append(names, s.Name)
	}
	ours := false
	var unknown []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		switch rest, ok := strings.CutPrefix(name, inputPrefix); {
		case !ok || rest == "":
		case known[name]:
			ours = true
		case !slices.Contains(always, rest):
			unknown = append(unknown, strings.ToLower(rest))
		}
	}
	if !ours || len(unknown) == 0 {
		return nil
	}
	name := slices.Min(unknown)
	e := &InputError{
		Input: singleLine(shorten(name)), Problem: "there is no such input",
		Hint: fmt.Sprintf("remove it, or rename %s if it stands under env: and is meant for somebody else",
			singleLine(shorten(inputPrefix+strings.ToUpper(name)))),
	}
	dashed := strings.ReplaceAll(name, "_", "-")
	if slices.Contains(names, dashed) {
		e.Hint = "write " + dashed
	} else if near, ok := suggest.Search(dashed, names, true); ok {
		e.Hint = "write " + near
	}
	return e
}

// variable follows the runner's rule: upper case, a space becomes "_", a hyphen
// stays.
func variable(input string) string {
	return inputPrefix + strings.ToUpper(strings.ReplaceAll(input, " ", "_"))
}
