package cause

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// otherFrontend says that another program read the Dockerfile than before, which
// may have made other operations of the same text: the image of the syntax line,
// or the builder itself.
func (e *explainer) otherFrontend() bool {
	h, b := e.head.Dockerfile.Syntax, e.base.Dockerfile.Syntax
	switch {
	case h == nil && b == nil:
		h, b := e.head.Builder.Version, e.base.Builder.Version
		return h != b && h != "" && b != ""
	case h == nil || b == nil:
		return true
	case h.Digest == "" || b.Digest == "":
		return h.Ref != b.Ref
	}
	return h.Digest != b.Digest
}

// frontend names the line that names the frontend; without one the first.
func (e *explainer) frontend() string {
	h, b := e.head.Dockerfile.Syntax, e.base.Dockerfile.Syntax
	c := Cause{Kind: FrontendChanged, File: e.head.Dockerfile.Path, Line: 1}
	if h != nil {
		c.Line = max(1, h.Line)
	}
	c.EndLine, c.Instruction = c.Line, textLine(e.head.Dockerfile.Text, c.Line)
	c.Subject = reader(e.head)
	c.Evidence.Before, c.Evidence.After = reader(e.base), reader(e.head)
	c.Detail = fmt.Sprintf("the Dockerfile is read by %s and no longer by %s, which made other operations of it", c.Evidence.After, c.Evidence.Before)
	if h != nil && b != nil && h.Ref == b.Ref {
		c.Evidence.Before, c.Evidence.After = b.Digest, h.Digest
		c.Detail = fmt.Sprintf("the frontend %s is another image than before and makes other operations of the Dockerfile", c.Subject)
	}
	return e.add("frontend", c)
}

// reader is what reads a build's Dockerfile.
func reader(r *record.Record) string {
	switch s := r.Dockerfile.Syntax; {
	case s == nil:
		return strings.TrimSpace("BuildKit " + r.Builder.Version)
	case s.Ref == "":
		return "BUILDKIT_SYNTAX" // a build argument, whose value is not shown
	default:
		return s.Ref
	}
}

// textLine is one line of a text, counted from 1.
func textLine(text string, n int) string {
	for line := range strings.Lines(text) {
		if n--; n == 0 {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// byFrontend blames another frontend for an operation that differs in a component
// that nothing else accounts for.
func (e *explainer) byFrontend(v, b *record.Vertex, parts parts, edited bool) []string {
	if !e.otherFrontend() {
		return nil
	}
	for part := range parts {
		if !e.accounted(part, v, b, edited) {
			return []string{e.frontend()}
		}
	}
	return nil
}

// accounted says that a component of an operation differs by what the Dockerfile,
// the flags of the build or the base image say, whatever frontend reads them.
func (e *explainer) accounted(part string, v, b *record.Vertex, edited bool) bool {
	set := func(command string) bool { return len(e.setBy(v, b, command)) > 0 }
	text := e.head.Dockerfile.Instructions[v.Instruction].Text
	expanded := func() bool { return edited || len(e.changedIn(text, v.Instruction, b.Instruction)) > 0 }
	kind, rest, _ := strings.Cut(part, ":")
	switch kind {
	case "args":
		return edited || set("SHELL") || !e.sameImage(v, b)
	case "env":
		return e.inHead.declaration(v.Instruction, rest) >= 0 ||
			e.inBase.declaration(b.Instruction, rest) >= 0 || !e.sameImage(v, b)
	case "cwd":
		return set("WORKDIR") || !e.sameImage(v, b)
	case "user":
		return set("USER") || !e.sameImage(v, b)
	case "network", "limits", "shm":
		return edited && kind == "network" || e.otherOptions()
	case "security", "secret-env", "mount", "select":
		return expanded()
	case "action":
		switch _, what, _ := strings.Cut(rest, ":"); what {
		case "time":
			return len(e.epoch(v)) > 0
		case "path":
			return expanded() || set("WORKDIR") || !e.sameImage(v, b)
		case "owner":
			return expanded() || set("USER") || !e.sameImage(v, b)
		}
		return expanded()
	}
	return true // such as "op", which covers the rest
}

// otherOptions says that flags of the build differ which enter the keys of
// commands.
func (e *explainer) otherOptions() bool {
	const hostname = "BUILDKIT_SANDBOX_HOSTNAME"
	return !slices.Equal(e.head.Invocation.Options, e.base.Invocation.Options) ||
		argument(e.head, hostname) != argument(e.base, hostname)
}

// sameImage says that both are laid on the same image, which then brings the same.
func (e *explainer) sameImage(v, b *record.Vertex) bool {
	return lowest(e.head, v) == lowest(e.base, b)
}

// lowest is the key of the image that an operation is laid on, or empty. Inputs
// stand before what uses them, so it ends.
func lowest(r *record.Record, v *record.Vertex) string {
	for {
		i := slices.IndexFunc(v.Inputs, func(in record.Input) bool { return !in.ByContent })
		switch {
		case i >= 0:
			v = &r.Vertices[v.Inputs[i].Vertex]
		case v.Source != nil:
			return v.Key
		default:
			return ""
		}
	}
}
