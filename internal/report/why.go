package report

import (
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// Limits of foreign text, in runes.
const (
	nameLimit        = 80
	instructionLimit = 60
	detailLimit      = 400
)

// why says what invalidated the steps of a cause: a clause that goes on after
// "lost the cache: ". It names at most so many files.
func (v *view) why(c *Cause, files int) sentence {
	e := &c.Evidence
	name := e.Name
	if name == "" {
		name = c.Subject
	}
	switch c.Kind {
	case cause.FirstBuild:
		return words("built for the first time")
	case cause.InstructionChanged:
		return words("the instruction was edited")
	case cause.InstructionAdded:
		return words("the instruction is new")
	case cause.BuildArg:
		if (e.Before == "") != (e.After == "") || strings.Contains(e.Before, " ") {
			return prose(c.Detail, detailLimit) // it is new, was removed or stands elsewhere
		}
		return about("build arg ", name, " has another value")
	case cause.Env:
		return about("environment variable ", name, " changed")
	case cause.ContextFiles:
		return filesChanged(c, files)
	case cause.ContextRules:
		if len(e.Files) > 0 {
			return words("the ignore rules changed: ").with(filesChanged(c, files))
		}
		return words("the ignore rules let in other files")
	case cause.BaseImageMoved:
		return about("image ", name, " was updated under the same name")
	case cause.BaseImageChanged:
		return fromTo("the base image changed", e.Before, e.After)
	case cause.RemoteSource:
		return about("", name, " has other content")
	case cause.NamedContext:
		return about("named context ", name, " resolves to something else")
	case cause.StageOutput:
		return about("the output of stage ", name, " changed")
	case cause.Platform:
		return fromTo("the platform changed", e.Before, e.After)
	case cause.StepOptions:
		return about("option ", name, " changed").with(fromTo("", e.Before, e.After))
	case cause.FrontendChanged:
		return about("the Dockerfile frontend ", name, " makes other operations")
	case cause.NoCache:
		return about("", name, " told it not to use the cache")
	}
	return v.whyGone(c, name)
}

// whyGone is [view.why] for the causes with an equal key: the result was not
// there.
func (v *view) whyGone(c *Cause, name string) sentence {
	var s sentence
	switch c.Kind {
	case cause.CacheEvicted:
		s = words("nothing changed, but the builder no longer has its result")
		if c.Evidence.Cache != "" {
			s = about("nothing changed, but the cache ", name, " is no longer there")
		}
	case cause.CacheOverwritten:
		s = words("nothing changed, but ").with(writer(c)).with(about(" overwrote the cache ", name, ""))
	case cause.CacheNotExported:
		s = about("nothing changed, but the cache ", c.Subject, " was exported without its result")
		if c.Evidence.Name != "" {
			s = s.say(" (").code(c.Evidence.Name, nameLimit).say(")")
		}
	case cause.CacheImportFailed:
		s = about("nothing changed, but the cache ", name, " could not be imported")
	case cause.CacheEmpty:
		s = about("nothing changed, but the cache ", name, " was empty")
		if c.Evidence.Cache == "" && c.Evidence.Before != "" {
			s = words("nothing changed, but it ran on another builder, without an imported cache")
		}
	case cause.CacheBlobMissing:
		s = words("nothing changed, but its layer is missing from the cache")
	case cause.PreviousBuildFailed:
		s = words("the build before failed before it could export its cache")
	case cause.RerunForChild:
		s = words("nothing changed, but its result was not in the cache")
	case cause.Unexplained:
		return unexplained(c)
	default:
		if c.Detail != "" {
			return prose(c.Detail, detailLimit)
		}
		return about("", name, "")
	}
	if needed := v.neededBy(c); len(needed) > 0 {
		s = s.say(", and ").with(needed).say(" needed it")
	}
	return s
}

// writer names the build that wrote a cache last.
func writer(c *Cause) sentence {
	w := c.Evidence.Writer
	switch {
	case w == nil:
		return words("another build")
	case w.Target != "":
		return words("a build of ").code(w.Dockerfile, nameLimit).say(", target ").code(w.Target, nameLimit).say(",")
	default:
		return words("a build of ").code(w.Dockerfile, nameLimit)
	}
}

// about puts a name between our words. Without a name the words close up.
func about(before, name, after string) sentence {
	if name == "" {
		if before == "" {
			before = "something"
		}
		return words(strings.TrimSpace(before) + after)
	}
	if before == "" {
		return code(name, nameLimit).say(after)
	}
	return words(before).code(name, nameLimit).say(after)
}

// fromTo says what changed, and from what to what where that is known.
func fromTo(what, before, after string) sentence {
	s := words(what)
	if before != "" {
		s = s.say(" from ").code(before, nameLimit)
	}
	if after != "" {
		s = s.say(" to ").code(after, nameLimit)
	}
	return s
}

// unexplained says so, and what was compared: that is what we do know.
func unexplained(c *Cause) sentence {
	s := words("no explanation found")
	for i, what := range c.Evidence.Compared {
		switch {
		case i == 0:
			s = s.say("; equal to before: ")
		case i == 4 && len(c.Evidence.Compared) > 5:
			return s.say(" and " + itoa(len(c.Evidence.Compared)-i) + " more")
		default:
			s = s.say(", ")
		}
		s = s.with(prose(what, nameLimit))
	}
	return s
}

// neededBy names the steps that asked for an output.
func (v *view) neededBy(c *Cause) sentence {
	var s sentence
	for i, id := range c.Evidence.NeededBy {
		if i == 2 && len(c.Evidence.NeededBy) > 3 {
			return s.say(" and " + count(len(c.Evidence.NeededBy)-i, "more step"))
		}
		if i > 0 {
			s = s.say(", ")
		}
		step := v.steps[id]
		if step == nil {
			s = s.say("another step")
			continue
		}
		s = s.code(headOf(step.Instruction), 40)
		if step.Line > 0 {
			s = s.say(" (").place(v.Links, step.File, step.Line, step.EndLine).say(")")
		}
	}
	return s
}

// filesChanged names the files of a cause, its subject first.
func filesChanged(c *Cause, limit int) sentence {
	files := renamesJoined(c.Evidence.Files)
	if len(files) == 0 {
		return about("", c.Subject, " changed")
	}
	shown := make([]cause.FileChange, 0, limit)
	for i := range files {
		if files[i].Path == c.Subject || files[i].RenamedFrom == c.Subject && c.Subject != "" {
			shown = append(shown, files[i])
			break
		}
	}
	for i := 0; i < len(files) && len(shown) < limit; i++ {
		if len(shown) == 0 || files[i] != shown[0] {
			shown = append(shown, files[i])
		}
	}
	var s sentence
	for i, f := range shown {
		if i > 0 {
			s = s.say(", ")
		}
		s = s.with(fileName(f, nameLimit))
		// "a, b changed, c added": once for neighbours that changed alike.
		if i+1 == len(shown) || fileVerb(shown[i+1]) != fileVerb(f) {
			s = s.say(" " + fileVerb(f))
		}
	}
	more := len(files) - len(shown)
	if n := c.Evidence.FileCount; n > len(c.Evidence.Files) {
		more = n - len(shown)
	}
	if more > 0 {
		s = s.say(" and " + itoa(more) + " more")
	}
	return s
}

// changed is the participle of a file's change.
func changed(change string) string {
	switch change {
	case "added", "removed":
		return change
	case "mode":
		return "has another mode"
	case "type":
		return "has another type"
	case "link":
		return "links elsewhere"
	case "xattr":
		return "has other extended attributes"
	}
	return "changed"
}
