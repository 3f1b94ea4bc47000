package cause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// variables explains the differences in the environment of a RUN: every declared
// ARG and ENV enters it, used or not, and in order.
func (e *explainer) variables(v, b *record.Vertex) []string {
	var changed []string
	differ := differing(v, b)
	for part := range differ {
		if name, ok := strings.CutPrefix(part, "env:"); ok {
			changed = append(changed, name)
		}
	}
	var out []string
	if differ["env-order"] {
		out = e.reordered(v, b, changed)
	}
	if len(changed) == 0 {
		return out
	}
	h, o := environment(v), environment(b)
	slices.Sort(changed)
	for _, name := range changed {
		out = append(out, e.variable(name, v, b, changed, h, o)...)
	}
	return out
}

func environment(v *record.Vertex) map[string]string {
	out := map[string]string{}
	for _, p := range v.Parts {
		if name, ok := strings.CutPrefix(p.Name, "env:"); ok {
			out[name] = p.Digest
		}
	}
	return out
}

// variable names the line that gave a variable another value.
func (e *explainer) variable(name string, v, b *record.Vertex, changed []string, h, o map[string]string) []string {
	at := e.inHead.declaration(v.Instruction, name)
	was := e.inBase.declaration(b.Instruction, name)
	switch {
	case at < 0 && was < 0 && e.otherFrontend() && e.sameImage(v, b):
		return nil // the frontend sets it
	case at < 0 && was < 0:
		// The base image brings it. If another image is used, that is the cause.
		if in, known := e.inputRoots(v, b); len(in)+len(known) > 0 {
			return nil
		}
		if argument(e.head, name) != argument(e.base, name) {
			// A trigger of the base image declares it.
			return []string{e.buildArg(name, e.fromOf(v.Instruction), v.Instruction, h[name], o[name])}
		}
		c := e.at(Env, e.fromOf(v.Instruction))
		c.Subject, c.Evidence.Name = name, name
		c.Detail = fmt.Sprintf("the base image sets %s to another value", name)
		return []string{e.add("env "+name, c)}
	case at >= 0 && was >= 0 && derived(&e.head.Dockerfile, at, e.base.Dockerfile.Instructions[was].Text, changed, name):
		return nil // it follows another variable that changed, which is named
	}
	// A line that is new sets it now, or one that is gone did.
	if _, ok := e.instructions[at]; at >= 0 && !ok {
		was = -1
	} else if _, ok := e.reverse[was]; was >= 0 && !ok {
		at = -1
	}
	if at >= 0 && was < 0 {
		if name, ok := e.broughtBy(at); ok {
			return []string{name}
		}
	}
	if at < 0 {
		if name, ok := e.removedTrigger(was, v.Instruction); ok {
			return []string{name}
		}
		if e.base.Dockerfile.Instructions[was].Trigger {
			// The image is the same, and brings it still: only a build argument shows it.
			return []string{e.buildArg(name, e.fromOf(v.Instruction), v.Instruction, h[name], o[name])}
		}
	}
	edited := e.keptLine(at, was)
	if now := e.displaced(at, was); edited < 0 && now >= 0 {
		return []string{e.relocated(name, now, h[name], o[name])}
	}
	command := ""
	if at >= 0 {
		command = commandOf(e.head, at)
	} else {
		command = commandOf(e.base, was)
	}
	if command == "ARG" {
		if above := e.global(name, at, was, v.Instruction, h[name], o[name]); len(above) > 0 {
			return above
		}
		return []string{e.buildArg(name, at, v.Instruction, h[name], o[name])}
	}
	if at >= 0 && was >= 0 {
		text := e.head.Dockerfile.Instructions[at].Text
		switch {
		case text == e.base.Dockerfile.Instructions[was].Text:
			// It reads something that this step does not see: an ARG of the stage that
			// the ENV was inherited from, or the base image's environment.
			return e.changedIn(text, at, was)
		case e.instructions[at] == was:
			return []string{e.edited(at)}
		}
		return []string{e.replaced(at, was)}
	}
	if edited >= 0 {
		return []string{e.edited(edited)}
	}
	c, key := e.at(Env, at), fmt.Sprintf("env %s %d", name, at)
	c.Detail = fmt.Sprintf("ENV %s is new", name)
	if at < 0 {
		c, key = e.at(Env, v.Instruction), "env removed "+name
		c.Detail = fmt.Sprintf("ENV %s, which stood above it, was removed", name)
	}
	c.Subject, c.Evidence.Name = name, name
	return []string{e.add(key, c)}
}

// keptLine is the line that a variable came to or went from while the line stayed,
// or -1. One of the two is -1.
func (e *explainer) keptLine(at, was int) int {
	if at < 0 {
		if h, ok := e.reverse[was]; ok {
			at = h
		}
	}
	if b, ok := e.instructions[at]; ok && e.head.Dockerfile.Instructions[at].Text != e.base.Dockerfile.Instructions[b].Text {
		return at
	}
	return -1
}

// displaced finds where a line stands now that a step sees no longer, or sees now
// because it was moved; -1 if it was not.
func (e *explainer) displaced(at, was int) int {
	switch {
	case at >= 0 && was >= 0:
		return -1
	case at >= 0:
		if _, ok := e.instructions[at]; ok || e.movedFrom(at) >= 0 {
			return at
		}
		return -1
	}
	if now, ok := e.reverse[was]; ok {
		return now
	}
	return e.movedTo(was)
}

// relocated is an ARG or ENV line that was moved past a step.
func (e *explainer) relocated(name string, at int, after, before string) string {
	c := e.at(Env, at)
	id := fmt.Sprintf("env %s %d", name, at)
	if commandOf(e.head, at) == "ARG" {
		c.Kind, id = BuildArg, fmt.Sprintf("build-arg %s %d", name, c.Line)
		c.Evidence.Before, c.Evidence.After = before, after
	}
	c.Subject, c.Evidence.Name = name, name
	c.Detail = fmt.Sprintf("%s stands in another place than before", name)
	return e.add(id, c)
}

// buildArg names the ARG line; if that was removed, the step.
func (e *explainer) buildArg(name string, at, step int, after, before string) string {
	c := e.at(BuildArg, at)
	key := fmt.Sprintf("build-arg %s %d", name, c.Line)
	switch {
	case at < 0:
		c, key = e.at(BuildArg, step), "build-arg removed "+name
		c.Detail = fmt.Sprintf("ARG %s, which stood above it, was removed", name)
	case before == "" && !e.head.Dockerfile.Instructions[at].Trigger:
		c.Detail = fmt.Sprintf("ARG %s is new", name)
	default:
		c.Detail = fmt.Sprintf("the build argument %s has another value than before", name)
	}
	c.Subject = name
	c.Evidence.Name, c.Evidence.Before, c.Evidence.After = name, before, after
	return e.add(key, c)
}

// global names the ARG above the first FROM, if it is what gave a stage's ARG of the
// same name, which did not change itself, another value.
func (e *explainer) global(name string, at, was, step int, after, before string) []string {
	if at < 0 || was < 0 || argument(e.head, name) != argument(e.base, name) {
		return nil
	}
	if e.head.Dockerfile.Instructions[at].Text != e.base.Dockerfile.Instructions[was].Text {
		return nil
	}
	h, b := e.inHead.global(name), e.inBase.global(name)
	if h < 0 || h == at {
		return nil
	}
	text := e.head.Dockerfile.Instructions[h].Text
	if b < 0 || text != e.base.Dockerfile.Instructions[b].Text {
		return []string{e.buildArg(name, h, step, after, before)}
	}
	return e.changedIn(text, h, b)
}

// derived says that a declaration did not change itself but reads another
// variable that did.
func derived(d *record.Dockerfile, at int, before string, changed []string, name string) bool {
	in := d.Instructions[at]
	if in.Text != before {
		return false
	}
	return slices.ContainsFunc(references(in.Text), func(ref string) bool {
		return ref != name && slices.Contains(changed, ref)
	})
}

// references lists the variables that a text names as $NAME or ${NAME…}.
func references(text string) []string {
	var out []string
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
			continue
		case text[i] != '$':
			continue
		}
		j := i + 1
		if j < len(text) && text[j] == '{' {
			j++
		}
		start := j
		for j < len(text) && (text[j] == '_' || text[j]|0x20 >= 'a' && text[j]|0x20 <= 'z' || text[j] >= '0' && text[j] <= '9') {
			j++
		}
		if j > start {
			out = append(out, text[start:j])
		}
	}
	return out
}

// reordered is an environment in which the variables that did not change themselves
// stand in another order.
func (e *explainer) reordered(v, b *record.Vertex, changed []string) []string {
	isChanged := func(name string) bool { return slices.Contains(changed, name) }
	h, o := slices.DeleteFunc(order(v), isChanged), slices.DeleteFunc(order(b), isChanged)
	name := ""
	for i := range h {
		if i >= len(o) || h[i] != o[i] {
			name = h[i]
			break
		}
	}
	if name == "" {
		return nil
	}
	kind, at := Env, e.inHead.declaration(v.Instruction, name)
	if at >= 0 && commandOf(e.head, at) == "ARG" {
		kind = BuildArg
	}
	c := e.at(kind, at)
	c.Subject, c.Evidence.Name = name, name
	c.Evidence.Before, c.Evidence.After = strings.Join(o, " "), strings.Join(h, " ")
	c.Detail = fmt.Sprintf("%s stands in another place than before, and the order of variables counts", name)
	return []string{e.add(fmt.Sprintf("order %s", name), c)}
}

func order(v *record.Vertex) []string {
	var out []string
	for _, p := range v.Parts {
		if name, ok := strings.CutPrefix(p.Name, "env:"); ok {
			out = append(out, name)
		}
	}
	return out
}

// epoch names SOURCE_DATE_EPOCH, which stamps the folder that WORKDIR makes. It is a
// build argument, or the default of an ARG above the first FROM.
func (e *explainer) epoch(v *record.Vertex) []string {
	const name = "SOURCE_DATE_EPOCH"
	h, o := argument(e.head, name), argument(e.base, name)
	at := e.inHead.declaration(v.Instruction, name)
	if h != o {
		if at < 0 {
			at = e.inHead.global(name)
		}
		if at < 0 {
			at = e.fromOf(v.Instruction)
		}
		return []string{e.buildArg(name, at, v.Instruction, h, cmp.Or(o, "unset"))}
	}
	at, was := e.inHead.global(name), e.inBase.global(name)
	switch {
	case h != "" || at < 0 && was < 0:
		return nil
	case at < 0 || was < 0:
		return []string{e.buildArg(name, at, v.Instruction, "", "")}
	case e.head.Dockerfile.Instructions[at].Text != e.base.Dockerfile.Instructions[was].Text:
		return []string{e.buildArg(name, at, v.Instruction, "", "default")}
	}
	return e.changedIn(e.head.Dockerfile.Instructions[at].Text, at, was)
}

// changedIn names the variables of a text that have another value than before.
func (e *explainer) changedIn(text string, h, b int) []string {
	return e.changedVariables(text, h, b, map[seen]bool{})
}

// seen is a variable at the line that declares it.
type seen struct {
	name string
	at   int
}

// changedVariables does so for the variables that have not been seen.
func (e *explainer) changedVariables(text string, h, b int, done map[seen]bool) []string {
	var out []string
	for _, name := range references(text) {
		out = append(out, e.changedVariable(name, h, b, done)...)
	}
	return out
}

func (e *explainer) changedVariable(name string, h, b int, done map[seen]bool) []string {
	at, was := e.inHead.declared(h, name), e.inBase.declared(b, name)
	if at < 0 || was < 0 || done[seen{name, at}] {
		return nil
	}
	done[seen{name, at}] = true
	in, old := e.head.Dockerfile.Instructions[at], e.base.Dockerfile.Instructions[was]
	after, before := argument(e.head, name), argument(e.base, name)
	switch {
	case in.Command == "ARG" && (after != before || in.Text != old.Text):
		return []string{e.buildArg(name, at, h, after, cmp.Or(before, "default"))}
	case in.Command == "ENV" && in.Text != old.Text:
		return []string{e.edited(at)}
	}
	if in.Command == "ARG" {
		if above := e.global(name, at, was, h, after, cmp.Or(before, "default")); len(above) > 0 {
			return above
		}
	}
	return e.changedVariables(in.Text, at, was, done)
}

// argument is the keyed digest of a build argument's value, or empty.
func argument(r *record.Record, name string) string {
	for _, a := range r.Invocation.BuildArgs {
		if a.Name == name {
			return a.Digest
		}
	}
	return ""
}
