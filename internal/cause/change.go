package cause

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// ownChanges compares two paired operations component by component.
func (e *explainer) ownChanges(v, b *record.Vertex) []string {
	var out []string
	parts := differing(v, b)
	edited := e.textDiffers(v, b) && parts.any("args", "mount:", "network", "security", "secret-env", "action:", "select:")
	switch {
	case edited && !parts["args"] && commandOf(e.head, v.Instruction) == "RUN":
		// The command is the same: what was edited are its flags.
		out = append(out, e.options(v, b, parts)...)
	case edited:
		out = append(out, e.edited(v.Instruction))
		if parts["network"] && flagsOf(e.head.Dockerfile.Instructions[v.Instruction].Text, "--network") !=
			flagsOf(e.base.Dockerfile.Instructions[b.Instruction].Text, "--network") {
			delete(parts, "network")
		}
		out = append(out, e.buildOptions(v, parts)...)
	}
	out = append(out, e.variables(v, b)...)
	out = append(out, e.inherited(v, b, parts, edited)...)
	if !edited {
		out = append(out, e.unedited(v, b, parts, len(out) > 0)...)
	}
	out = append(out, e.byFrontend(v, b, parts, edited)...)
	return append(out, e.fileChanges(v, b)...)
}

func (e *explainer) textDiffers(v, b *record.Vertex) bool {
	return e.head.Dockerfile.Instructions[v.Instruction].Text != e.base.Dockerfile.Instructions[b.Instruction].Text
}

// parts are names of an operation's components.
type parts map[string]bool

// any says that a part is there whose name is one of the names, or starts with
// one that ends with a colon.
func (p parts) any(names ...string) bool {
	for _, name := range names {
		if p[name] {
			return true
		}
		if !strings.HasSuffix(name, ":") {
			continue
		}
		for have := range p {
			if strings.HasPrefix(have, name) {
				return true
			}
		}
	}
	return false
}

// action says that the named component of a file operation's action is there.
func (p parts) action(what string) bool {
	for have := range p {
		if strings.HasPrefix(have, "action:") && strings.HasSuffix(have, ":"+what) {
			return true
		}
	}
	return false
}

// differing names the parts that differ.
func differing(v, b *record.Vertex) parts {
	// The order is fixed, so mostly only a few between the ends differ.
	h, o := v.Parts, b.Parts
	for len(h) > 0 && len(o) > 0 && h[0].Name == o[0].Name && h[0].Digest == o[0].Digest {
		h, o = h[1:], o[1:]
	}
	for len(h) > 0 && len(o) > 0 && h[len(h)-1].Name == o[len(o)-1].Name && h[len(h)-1].Digest == o[len(o)-1].Digest {
		h, o = h[:len(h)-1], o[:len(o)-1]
	}
	before := make(map[string]string, len(o))
	for _, p := range o {
		before[p.Name] = p.Digest
	}
	out := parts{}
	for _, p := range h {
		if d, ok := before[p.Name]; !ok || d != p.Digest {
			out[p.Name] = true
		}
		delete(before, p.Name)
	}
	for name := range before {
		out[name] = true
	}
	return out
}

// inherited names what other instructions of the stage set: the shell, the user
// and the folder.
func (e *explainer) inherited(v, b *record.Vertex, parts parts, edited bool) []string {
	var out []string
	if parts["args"] {
		out = append(out, e.setBy(v, b, "SHELL")...)
	}
	// A folder that WORKDIR makes belongs to the user.
	if parts["user"] || parts.action("owner") && commandOf(e.head, v.Instruction) == "WORKDIR" {
		out = append(out, e.setBy(v, b, "USER")...)
	}
	// A relative path is one below the folder. Where it was edited itself, that says
	// enough.
	path := parts.action("path") && (!edited || lastWord(e.head, v.Instruction) == lastWord(e.base, b.Instruction))
	if parts["cwd"] || path {
		out = append(out, e.setBy(v, b, "WORKDIR")...)
	}
	return out
}

func lastWord(r *record.Record, instruction int) string {
	text := r.Dockerfile.Instructions[instruction].Text
	return text[strings.LastIndexAny(text, " \t")+1:]
}

// unedited explains an operation that changed although its text is the same.
// Explained says that other instructions already account for some of it.
func (e *explainer) unedited(v, b *record.Vertex, parts parts, explained bool) []string {
	var out []string
	if parts.any("action:", "select:", "mount:") {
		out = append(out, e.changedIn(e.head.Dockerfile.Instructions[v.Instruction].Text, v.Instruction, b.Instruction)...)
	}
	if parts.action("time") {
		out = append(out, e.epoch(v)...)
	}
	if !explained && len(out) == 0 && parts.any("action:", "select:") {
		// What no line of the file sets, the base image does: a variable, the folder.
		out = append(out, e.baseImage(v.Instruction, v.Platform)...)
	}
	if parts["platform"] {
		out = append(out, e.platformChange(v, b)...)
	}
	return append(out, e.buildOptions(v, parts)...)
}

// setBy names the instruction above that sets what a step inherits.
func (e *explainer) setBy(v, b *record.Vertex, command string) []string {
	h, x := v.Instruction, b.Instruction
	for {
		h, x = e.inHead.lastAbove(h, command), e.inBase.lastAbove(x, command)
		switch {
		case h < 0 && x < 0:
			return nil
		case h < 0:
			return []string{e.removal(v, []int{x})}
		case x < 0:
			if name, ok := e.broughtBy(h); ok {
				return []string{name}
			}
			c := e.at(InstructionAdded, h)
			c.Subject, c.Detail = command, "the instruction is new"
			return []string{e.add(newName(h), c)}
		}
		text := e.head.Dockerfile.Instructions[h].Text
		if text != e.base.Dockerfile.Instructions[x].Text {
			if e.instructions[h] != x {
				// Both stood there before; which of them is the last has changed.
				return []string{e.replaced(h, x)}
			}
			return []string{e.edited(h)}
		}
		if vars := e.changedIn(text, h, x); len(vars) > 0 {
			return vars
		}
		// The same text: it is relative to the one above.
	}
}

// edited is an instruction whose text changed.
func (e *explainer) edited(h int) string {
	if name, ok := e.broughtBy(h); ok {
		return name
	}
	c := e.at(InstructionChanged, h)
	c.Subject = commandOf(e.head, h)
	c.Detail = "the instruction was edited"
	if b, ok := e.instructions[h]; ok {
		c.Evidence.Before = e.base.Dockerfile.Instructions[b].Text
	}
	c.Evidence.After = c.Instruction
	return e.add(fmt.Sprintf("edited %d", h), c)
}

func (e *explainer) replaced(h, b int) string {
	if name, ok := e.broughtBy(h); ok {
		return name
	}
	c := e.at(InstructionChanged, h)
	c.Subject = commandOf(e.head, h)
	c.Detail = fmt.Sprintf("another %s applies than before", c.Subject)
	c.Evidence.Before, c.Evidence.After = e.base.Dockerfile.Instructions[b].Text, c.Instruction
	return e.add(fmt.Sprintf("edited %d", h), c)
}

// removal names the step below the place where instructions were taken out.
func (e *explainer) removal(v *record.Vertex, removed []int) string {
	if name, ok := e.removedTrigger(removed[len(removed)-1], v.Instruction); ok {
		return name
	}
	c := e.at(InstructionChanged, v.Instruction)
	in := e.base.Dockerfile.Instructions[removed[len(removed)-1]]
	c.Subject = in.Command
	c.Detail = fmt.Sprintf("%q, which stood above it, was removed", firstLine(in.Text))
	if len(removed) > 1 {
		c.Detail = fmt.Sprintf("%d instructions that stood above it were removed", len(removed))
	}
	c.Evidence.Before = in.Text
	return e.add(fmt.Sprintf("removed %v", removed), c)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// unnamed is a key that differs while no component of it can be named.
func (e *explainer) unnamed(v, b *record.Vertex) string {
	if e.textDiffers(v, b) {
		return e.edited(v.Instruction)
	}
	c := e.at(Unexplained, v.Instruction)
	c.Detail = "its key differs from the earlier build's, and no component that was compared says why"
	for n, in := range v.Inputs {
		if in.ByContent && !hasTake(v, n) && e.head.Vertices[in.Vertex].Source == nil {
			c.Kind = StageOutput
			c.Detail = "the output of the stage it copies from differs from the earlier build's"
			c.Subject = e.stageOf(e.head.Vertices[in.Vertex].Instruction)
			c.Evidence.Before, c.Evidence.After = b.Key, v.Key
			return e.add(fmt.Sprintf("stage-output %d", v.Instruction), c)
		}
	}
	if e.otherFrontend() {
		return e.frontend()
	}
	differ := differing(v, b)
	for _, p := range v.Parts {
		if !differ[p.Name] {
			c.Evidence.Compared = append(c.Evidence.Compared, p.Name)
		}
	}
	return e.add(fmt.Sprintf("unnamed %d", v.Instruction), c)
}
