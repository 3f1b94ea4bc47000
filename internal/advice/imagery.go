package advice

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// lineage lists the stages that a stage is made FROM, itself first.
func (s *scene) lineage(stage int) []int {
	var out []int
	for ; stage >= 0; stage = s.file.Stages[stage].Parent {
		out = append(out, stage)
	}
	return out
}

// shipped lists the stages whose layers are in the image that is built; nil if the
// build's target is not known.
func (s *scene) shipped() []int {
	last := len(s.file.Stages) - 1
	if t := s.Head.Invocation.Target; t != "" {
		if last = s.file.StageNamed(t); last < 0 {
			return nil
		}
	}
	return s.lineage(last)
}

// below lists the instructions that see the files of instruction at: those after it
// in its stage, and those of the stages made FROM it.
func (s *scene) below(at int) []int {
	own := s.file.Instructions[at].Stage
	var out []int
	for i := at + 1; i < len(s.file.Instructions); i++ {
		if slices.Contains(s.lineage(s.file.Instructions[i].Stage), own) {
			out = append(out, i)
		}
	}
	return out
}

// above lists the instructions whose files instruction at sees, the nearest first,
// and without those that start a stage.
func (s *scene) above(at int) []int {
	var out []int
	for n, stage := range s.lineage(s.file.Instructions[at].Stage) {
		last := s.file.StageEnd(stage)
		if n == 0 {
			last = at
		}
		for i := last - 1; i > s.file.Stages[stage].From; i-- {
			out = append(out, i)
		}
	}
	return out
}

// layerBytes is the size of an instruction's layer as it is stored; 0 is unknown.
func (s *scene) layerBytes(at int) int64 {
	var most int64
	for _, x := range s.steps[at] {
		for _, v := range x.Vertices {
			if v < len(s.Head.Vertices) && s.Head.Vertices[v].Layer != nil {
				most = max(most, s.Head.Vertices[v].Layer.Bytes)
			}
		}
	}
	return most
}

// ran says whether the instruction was executed in this build or a replayed one.
func (s *scene) ran(at int) bool {
	return s.changed(at).Reruns > 0 || slices.ContainsFunc(s.steps[at], func(x *record.Step) bool { return x.Status == record.Miss })
}

// frontendKnows says whether the frontend that reads the file has what came with
// docker/dockerfile:1.minor. BuildKit's own one is taken to have it.
func (s *scene) frontendKnows(minor int) bool {
	if s.file.Syntax == "" {
		return true
	}
	ref, _, digest := strings.Cut(s.file.Syntax, "@")
	name, tag, tagged := strings.Cut(path.Base(ref), ":")
	if name != "dockerfile" && name != "dockerfile-upstream" {
		return false
	}
	if digest && (!tagged || !strings.Contains(tag, ".")) {
		return false // it may be any version
	}
	tag = strings.TrimSuffix(strings.TrimSuffix(tag, "labs"), "-")
	switch tag {
	case "", "1", "latest", "master":
		return true
	}
	parts := strings.Split(tag, ".")
	if parts[0] != "1" || len(parts) < 2 {
		return false
	}
	n, err := strconv.Atoi(parts[1])
	return err == nil && n >= minor
}

// rootFolders are folders that belong to root with mode 755 in the images that
// have them, which nearly all do.
var rootFolders = []string{
	"/", "/etc", "/home", "/opt", "/srv", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/etc",
	"/usr/local/lib", "/usr/local/sbin", "/usr/local/share", "/usr/sbin", "/usr/share", "/usr/src", "/var", "/var/lib",
}

// exists says whether a folder is surely there before an instruction.
func (s *scene) exists(folder string, at int) bool {
	stages := s.lineage(s.file.Instructions[at].Stage)
	base := s.file.Stages[stages[len(stages)-1]].Base
	return folder == "/" || base != "scratch" && slices.Contains(rootFolders, folder) || s.madeByWorkdir(folder, at)
}

// madeByWorkdir says whether a WORKDIR above an instruction is the folder or lies
// below it.
func (s *scene) madeByWorkdir(folder string, at int) bool {
	return slices.ContainsFunc(s.above(at), func(i int) bool {
		in := s.file.Instructions[i]
		if in.Command != "WORKDIR" || len(in.Args) != 1 {
			return false
		}
		return inside(inDir(s.workdirs(in.Stage)[i], in.Args[0]), folder)
	})
}

// mentions says whether a text names the path or one below it, as it is written in
// full.
func mentions(text, p string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], p)
		if i < 0 {
			return false
		}
		end := at + i + len(p)
		if end == len(text) || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", rune(text[end])) {
			return true
		}
		at += i + 1
	}
}

// revised makes a candidate of an edit that changes instructions in place and takes
// others out.
func (s *scene) revised(e *dockerfile.Edit, at int, title string, changed, removed []int) (candidate, bool) {
	var old, now []string
	for _, i := range changed {
		old, now = append(old, s.file.Instructions[i].Text), append(now, e.Text(i))
	}
	for _, i := range removed {
		old = append(old, s.file.Instructions[i].Text)
	}
	return s.draft(e, at, title, old, now)
}
