package cause

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// lost explains a step whose key is the same as before, or that nothing can be
// compared with: its result was not in the cache.
func (e *explainer) lost(s *record.Step) string {
	if e.base == nil {
		c := e.at(FirstBuild, s.Instruction)
		c.Detail = "no earlier record of this build was found"
		c.Evidence.Searched = e.searched
		return e.add("first-build", c)
	}
	neededBy := e.neededBy(s)
	if name, ok := e.loadFailed(s, neededBy); ok {
		return name
	}
	if e.failedBefore(s) {
		c := e.at(PreviousBuildFailed, s.Instruction)
		c.Detail = "the earlier build failed before the result of this step was kept"
		c.Subject = e.base.Commit.SHA
		return e.group("previous-build-failed", c, neededBy)
	}
	if name, ok := e.lostResult(s, neededBy); ok {
		return name
	}
	if len(neededBy) > 0 {
		c := e.at(RerunForChild, s.Instruction)
		c.Detail = "nothing changed here; its result was not in the cache, and a later step that missed needed it"
		c.Subject = strings.Join(neededBy, ", ")
		c.Evidence.NeededBy = neededBy
		c.Evidence.Compared = compared(e.head, s)
		return e.add("rerun "+s.ID, c)
	}
	c := e.at(Unexplained, s.Instruction)
	c.Detail = "everything compared is equal, so its result was lost from the cache, and nothing tells where"
	c.Evidence.Compared = compared(e.head, s)
	return e.add("unexplained "+s.ID, c)
}

// baseStep is the step of the base for the same instruction.
func (e *explainer) baseStep(s *record.Step) *record.Step {
	b, ok := e.instructions[s.Instruction]
	if !ok {
		return nil
	}
	return e.baseSteps[stepPlace{b, e.platforms[s.Platform]}]
}

// neededBy lists the steps that missed and use the step's output.
func (e *explainer) neededBy(s *record.Step) []string {
	var out []string
	for _, v := range s.Vertices {
		for _, id := range e.consumers[v] {
			if id != s.ID {
				out = append(out, id)
			}
		}
	}
	return e.inOrder(out)
}

// failedBefore says that the earlier build failed before the step had a result,
// or before it exported the result: exports come after a build that succeeded.
func (e *explainer) failedBefore(s *record.Step) bool {
	b := e.baseStep(s)
	if b == nil || e.base.Status != record.Failed {
		return false
	}
	switch b.Status {
	case record.NotRun, record.StepFailed:
		return true
	case record.Miss:
		return slices.ContainsFunc(e.base.Caches, func(c record.CacheAccess) bool { return c.Direction == record.Export })
	}
	return false
}

// group registers a cause that several steps share, with the steps that needed
// any of them.
func (e *explainer) group(name string, c Cause, neededBy []string) string {
	e.add(name, c)
	shared := e.causes[name]
	shared.Evidence.NeededBy = append(shared.Evidence.NeededBy, neededBy...)
	return name
}

// compared lists what of a step was compared and found equal.
func compared(r *record.Record, s *record.Step) []string {
	seen := map[string]bool{}
	var out []string
	add := func(x string) {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	add("instruction")
	for _, i := range s.Vertices {
		for _, p := range r.Vertices[i].Parts {
			name, _, _ := strings.Cut(p.Name, ":")
			switch name {
			case "args":
				add("command")
			case "env", "env-order":
				add("environment")
			case "mount":
				add("mounts")
			case "cwd":
				add("working directory")
			case "user":
				add("user")
			case "network", "security", "limits", "secret-env":
				add("options")
			case "platform":
				add("platform")
			}
		}
		if len(r.Vertices[i].Takes) > 0 {
			add("context files")
		}
		if len(r.Vertices[i].Inputs) > 0 {
			add("inputs")
		}
	}
	return out
}
