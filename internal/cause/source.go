package cause

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// platformChange is a step that is built for another platform than before.
func (e *explainer) platformChange(v, b *record.Vertex) string {
	c := e.at(Platform, e.fromOf(v.Instruction))
	c.Subject = v.Platform
	c.Detail = fmt.Sprintf("the platform changed from %s to %s", b.Platform, v.Platform)
	c.Evidence.Before, c.Evidence.After = b.Platform, v.Platform
	return e.add("platform "+v.Platform, c)
}

// sourceChange compares what a source resolved to.
func (e *explainer) sourceChange(v, b *record.Vertex) []string {
	if v.Key == b.Key || v.Source == nil || b.Source == nil {
		return nil
	}
	h, o := v.Source, b.Source
	if h.Kind == record.SourceLocal {
		return nil // compared as files
	}
	c := e.at(BaseImageMoved, v.Instruction)
	c.Subject = h.Ref
	c.Evidence.Before, c.Evidence.After = o.Digest, h.Digest
	switch {
	case v.Platform != b.Platform && h.Digest == o.Digest:
		return []string{e.platformChange(v, b)}
	case h.Kind == record.SourceGit, h.Kind == record.SourceHTTP:
		if h.RefDigest != o.RefDigest {
			if named := e.reworded(v, b); len(named) > 0 {
				return named
			}
		}
		c.Kind = RemoteSource
		c.Detail = fmt.Sprintf("%s gives other content than before", nonEmpty(h.Ref, "the remote source"))
	case h.Context != "" || o.Context != "":
		c.Kind, c.Subject = NamedContext, nonEmpty(h.Context, o.Context)
		c.Detail = fmt.Sprintf("the named context %s is another image than before", c.Subject)
	case h.RefDigest == o.RefDigest:
		c.Detail = fmt.Sprintf("%s points to another image than before", nonEmpty(h.Ref, "the base image"))
	default:
		return e.referenceChange(v, b, c)
	}
	return []string{e.add(fmt.Sprintf("source %d %s", v.Instruction, h.RefDigest), c)}
}

// reworded says who made an instruction name another URL: an edit, or a variable
// in it.
func (e *explainer) reworded(v, b *record.Vertex) []string {
	if v.Instruction < 0 || b.Instruction < 0 {
		return nil
	}
	if e.textDiffers(v, b) {
		return []string{e.edited(v.Instruction)}
	}
	return e.changedIn(e.head.Dockerfile.Instructions[v.Instruction].Text, v.Instruction, b.Instruction)
}

// referenceChange is a FROM or --from that names another image: its own text was
// edited, or a variable in it changed.
func (e *explainer) referenceChange(v, b *record.Vertex, c Cause) []string {
	if v.Instruction >= 0 && b.Instruction >= 0 {
		text := e.head.Dockerfile.Instructions[v.Instruction].Text
		if text == e.base.Dockerfile.Instructions[b.Instruction].Text {
			if vars := e.changedIn(text, v.Instruction, b.Instruction); len(vars) > 0 {
				return vars
			}
		}
	}
	c.Kind = BaseImageChanged
	c.Evidence.Before, c.Evidence.After = nonEmpty(b.Source.Ref, b.Source.Digest), nonEmpty(v.Source.Ref, v.Source.Digest)
	c.Detail = fmt.Sprintf("the base image changed from %s to %s", c.Evidence.Before, c.Evidence.After)
	return []string{e.add(fmt.Sprintf("base %d", v.Instruction), c)}
}

// baseChanged is a stage that starts from a stage where it started from an image
// before, or the other way round.
func (e *explainer) baseChanged(hv, consumer *record.Vertex) string {
	at := e.fromOf(consumer.Instruction)
	if hv != nil && hv.Source != nil && hv.Instruction >= 0 {
		at = hv.Instruction
	}
	c := e.at(BaseImageChanged, at)
	c.Detail = "the stage starts from something else than before"
	if at >= 0 {
		c.Evidence.After = e.head.Dockerfile.Instructions[at].Text
		if b, ok := e.instructions[at]; ok {
			c.Evidence.Before = e.base.Dockerfile.Instructions[b].Text
		}
		c.Subject = strings.TrimSpace(strings.TrimPrefix(c.Evidence.After, "FROM"))
	}
	return e.add(fmt.Sprintf("base %d", at), c)
}
