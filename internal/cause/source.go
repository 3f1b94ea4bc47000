package cause

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// platformChange is a step that is built for another platform than before, by its
// FROM or by a variable in that.
func (e *explainer) platformChange(v, b *record.Vertex) []string {
	if _, vars := e.start(e.stageIndex(v.Instruction)); len(vars) > 0 {
		return vars
	}
	c := e.at(Platform, e.fromOf(v.Instruction))
	c.Subject = v.Platform
	c.Detail = fmt.Sprintf("the platform changed from %s to %s", b.Platform, v.Platform)
	c.Evidence.Before, c.Evidence.After = b.Platform, v.Platform
	return []string{e.add("platform "+v.Platform, c)}
}

// sourceChange compares what a source resolved to. By is the operation that uses
// it, or the source itself, and reads says that it uses it by content.
func (e *explainer) sourceChange(h int, b, by *record.Vertex, reads bool) []string {
	v := &e.head.Vertices[h]
	if v.Key == b.Key || v.Source == nil || b.Source == nil {
		return nil
	}
	s, o := v.Source, b.Source
	if s.Kind == record.SourceLocal && o.Kind == record.SourceLocal {
		return nil // compared as files
	}
	c := e.at(BaseImageMoved, e.userOf(h))
	c.Subject = s.Ref
	c.Evidence.Before, c.Evidence.After = o.Digest, s.Digest
	switch {
	case v.Platform != b.Platform && s.Digest == o.Digest:
		return e.platformChange(v, b)
	case s.Context != "" || o.Context != "":
		return []string{e.contextChange(e.userOf(h), s, o)}
	case s.RefDigest != o.RefDigest:
		if named := e.reference(h, b, by, reads); len(named) > 0 {
			return named
		}
		fallthrough
	case s.RefDigest == o.RefDigest:
		if s.Kind == record.SourceGit || s.Kind == record.SourceHTTP {
			c.Kind = RemoteSource
			c.Detail = fmt.Sprintf("%s gives other content than before", cmp.Or(s.Ref, "the remote source"))
			break
		}
		c.Detail = fmt.Sprintf("%s points to another image than before", cmp.Or(s.Ref, "the base image"))
	}
	return []string{e.add("source "+s.RefDigest, c)}
}

// contextChange is a named context that is something else than before. One of the
// two may be no source: a context that stands in for a stage.
func (e *explainer) contextChange(at int, h, b *record.Source) string {
	c := e.at(NamedContext, at)
	if b != nil {
		c.Subject, c.Evidence.Before = b.Context, b.Digest
	}
	if h != nil {
		c.Subject, c.Evidence.After = cmp.Or(h.Context, c.Subject), h.Digest
	}
	c.Detail = fmt.Sprintf("the named context %s is something else than before", c.Subject)
	return e.add(fmt.Sprintf("context %s", c.Subject), c)
}

// userOf is the instruction to look at for a source: the FROM, else the first of
// those that missed and read it.
func (e *explainer) userOf(h int) int {
	at := e.head.Vertices[h].Instruction
	if commandOf(e.head, at) == "FROM" || len(e.consumers[h]) == 0 {
		return at
	}
	first := e.consumers[h][0]
	return e.head.Steps[e.stepOrder[e.position[first]]].Instruction
}

// reference says why a source is another one than before: a FROM was edited, or the
// instruction that reads the source, or a variable in either.
func (e *explainer) reference(h int, b, by *record.Vertex, reads bool) []string {
	v := &e.head.Vertices[h]
	if commandOf(e.head, v.Instruction) == "FROM" && !reads {
		return e.restarted(by, v, b)
	}
	was, ok := e.instructions[by.Instruction]
	if !ok {
		return nil
	}
	text := e.head.Dockerfile.Instructions[by.Instruction].Text
	if text != e.base.Dockerfile.Instructions[was].Text {
		return []string{e.edited(by.Instruction)}
	}
	return e.changedIn(text, by.Instruction, was)
}

// restarted names the FROM that makes an operation's stage, or one that it starts
// from, start from something else than before, or the variable in that FROM. The
// sources are those that it started from, if they are known.
func (e *explainer) restarted(v, source, before *record.Vertex) []string {
	at, vars := e.start(e.stageIndex(v.Instruction))
	if len(vars) > 0 {
		return vars
	}
	if at < 0 {
		at = e.fromOf(v.Instruction)
		if source != nil && source.Instruction >= 0 {
			at = source.Instruction
		}
	}
	c := e.at(BaseImageChanged, at)
	c.Detail = "the stage starts from something else than before"
	if at >= 0 {
		c.Evidence.After = e.head.Dockerfile.Instructions[at].Text
		c.Subject = strings.TrimSpace(strings.TrimPrefix(c.Evidence.After, "FROM"))
		if b, ok := e.instructions[at]; ok {
			c.Evidence.Before = e.base.Dockerfile.Instructions[b].Text
		}
	}
	if source != nil && before != nil {
		h, o := source.Source, before.Source
		c.Subject = h.Ref
		c.Evidence.Before, c.Evidence.After = cmp.Or(o.Ref, o.Digest), cmp.Or(h.Ref, h.Digest)
		c.Detail = fmt.Sprintf("the base image changed from %s to %s", c.Evidence.Before, c.Evidence.After)
	}
	return []string{e.add(fmt.Sprintf("base %d", at), c)}
}

// start finds the FROM, of a stage or of one that it starts from, that names
// something else than before, or the variables that make it do so.
func (e *explainer) start(stage int) (from int, vars []string) {
	d := &e.head.Dockerfile
	for depth := 0; stage >= 0 && depth <= len(d.Stages); depth++ {
		from := d.Stages[stage].From
		b, ok := e.instructions[from]
		if !ok {
			return from, nil
		}
		was := e.base.Dockerfile.Stages[e.base.Dockerfile.Instructions[b].Stage]
		parent := d.Stages[stage].Parent
		switch {
		case parent >= 0 && was.Parent >= 0:
			// Names may change; what counts is which stage it is.
			if x, ok := e.instructions[d.Stages[parent].From]; !ok || x != e.base.Dockerfile.Stages[was.Parent].From {
				return from, nil
			}
		case parent >= 0 || was.Parent >= 0 || d.Stages[stage].Base != was.Base:
			return from, nil
		default:
			return -1, e.changedIn(d.Instructions[from].Text, from, b)
		}
		stage = parent
	}
	return -1, nil
}

// baseImage says what became of the image that a stage starts from in the end.
func (e *explainer) baseImage(instruction int, platform string) []string {
	from := e.fromOf(instruction)
	for depth := 0; from >= 0 && depth <= len(e.head.Dockerfile.Stages); depth++ {
		parent := e.head.Dockerfile.Stages[e.stageIndex(from)].Parent
		if parent < 0 {
			break
		}
		from = e.head.Dockerfile.Stages[parent].From
	}
	for i := range e.head.Vertices {
		v := &e.head.Vertices[i]
		if v.Source == nil || v.Instruction != from || v.Platform != platform {
			continue
		}
		if b, ok := e.vertices[i]; ok {
			return e.sourceChange(i, &e.base.Vertices[b], v, false)
		}
	}
	return nil
}
