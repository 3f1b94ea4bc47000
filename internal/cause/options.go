package cause

import (
	"fmt"
	"iter"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// options names what differs in the way a RUN is carried out. What its own flags
// say is an option of this step, with the flags before and after; what the flags of
// the build say is one cause for all steps.
func (e *explainer) options(v, b *record.Vertex, parts parts) []string {
	h, o := e.head.Dockerfile.Instructions[v.Instruction].Text, e.base.Dockerfile.Instructions[b.Instruction].Text
	var out []string
	for _, flag := range []string{"network", "security", "mount"} {
		before, after := flagsOf(o, "--"+flag), flagsOf(h, "--"+flag)
		if !parts[flag] && (flag != "mount" || !parts.any("mount:", "select:", "secret-env", "shm")) || before == after {
			continue
		}
		c := e.at(StepOptions, v.Instruction)
		c.Subject, c.Evidence.Name, c.Evidence.Before, c.Evidence.After = flag, flag, before, after
		c.Detail = fmt.Sprintf("the %s option of the step changed", flag)
		out = append(out, e.add(fmt.Sprintf("option %s %d", flag, v.Instruction), c))
		delete(parts, flag)
		delete(parts, "shm")
	}
	return append(out, e.buildOptions(v, parts)...)
}

// buildOptions names what the flags of the build changed.
func (e *explainer) buildOptions(v *record.Vertex, parts parts) []string {
	if e.otherFrontend() && !e.otherOptions() {
		return nil
	}
	var out []string
	add := func(subject, detail string) {
		c := e.at(StepOptions, v.Instruction)
		c.Subject, c.Evidence.Name, c.Detail = subject, subject, detail
		out = append(out, e.add(buildWide+subject, c))
	}
	if parts["network"] {
		add("network", "the network mode of the build changed")
	}
	if parts.any("limits", "shm") {
		add("limits", "a host, limit or other option of the build changed")
	}
	return out
}

// flagsOf gives the flags of an instruction that have a name.
func flagsOf(text, name string) string {
	var out []string
	for word := range flagWords(text) {
		if flag, _, _ := strings.Cut(word, "="); flag == name {
			out = append(out, word)
		}
	}
	if len(out) == 0 {
		return "no " + name
	}
	return strings.Join(out, " ")
}

// flagWords are the words between the command of an instruction and what it is
// given.
func flagWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, word := range strings.Fields(text) {
			if i > 0 && (!strings.HasPrefix(word, "--") || !yield(word)) {
				return
			}
		}
	}
}
