package advice

import (
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// scene is the input with what every rule looks up.
type scene struct {
	Input
	file    *dockerfile.File
	context *record.Manifest          // nil if nothing was read of the build context
	folders map[string]bool           // those of the context
	causes  map[string][]*cause.Cause // by step ID
	steps   map[int][]*record.Step    // by instruction
	copies  map[int]*copying          // the COPY and ADD of context files, by instruction
	at      map[*cause.Cause]int      // the instruction that a cause names
}

// newScene gives nil where no rule can say anything.
func newScene(in Input) *scene {
	h := in.Head
	if h == nil || len(in.Causes) == 0 || !local(h.Invocation.Context) || !local(h.Dockerfile.Path) {
		return nil
	}
	f, err := dockerfile.Parse(h.Dockerfile.Path, []byte(h.Dockerfile.Text))
	if err != nil || len(f.Instructions) != len(h.Dockerfile.Instructions) {
		return nil // it was not read by the frontend that we know
	}
	s := &scene{
		Input: in, file: f,
		causes: map[string][]*cause.Cause{},
		steps:  map[int][]*record.Step{}, copies: map[int]*copying{}, at: map[*cause.Cause]int{},
	}
	for i := range h.Manifests {
		if h.Manifests[i].Name == "context" {
			s.context = &h.Manifests[i]
		}
	}
	for i := range h.Steps {
		s.steps[h.Steps[i].Instruction] = append(s.steps[h.Steps[i].Instruction], &h.Steps[i])
	}
	for i := range in.Causes {
		c := &in.Causes[i]
		s.at[c] = f.InstructionAt(c.Line)
		for _, id := range c.Steps {
			s.causes[id] = append(s.causes[id], c)
		}
	}
	if s.context != nil {
		s.folders = folders(s.context)
	}
	for i := range f.Instructions {
		if c := newCopying(s, i); c != nil {
			s.copies[i] = c
		}
	}
	return s
}

// local says whether a path is relative to the repository and inside it.
func local(p string) bool {
	return p != "" && !path.IsAbs(p) && !strings.Contains(p, "://") && !strings.HasPrefix(p, "git@") &&
		p != ".." && !strings.HasPrefix(path.Clean(p), "../")
}

// saved lists the steps that would not have missed without the given causes and
// that the edit covers. A step with another cause would have missed all the same.
func (s *scene) saved(without []*cause.Cause, covers func(*record.Step) bool) []*record.Step {
	var out []*record.Step
	for i := range s.Head.Steps {
		x := &s.Head.Steps[i]
		of := s.causes[x.ID]
		if x.Status != record.Miss || len(of) == 0 || !covers(x) {
			continue
		}
		if !slices.ContainsFunc(of, func(c *cause.Cause) bool { return !slices.Contains(without, c) }) {
			out = append(out, x)
		}
	}
	return out
}

// predict counts what an edit would have changed in this one build. The seconds
// are those of the steps saved, and never more than the causes lost. What steps
// with several causes cost is in the loss of none of them, as none alone would
// have saved it.
func (s *scene) predict(causes []*cause.Cause, saved []*record.Step) Prediction {
	p := Prediction{Commits: 1}
	for _, x := range s.Head.Steps {
		if x.Status == record.Miss {
			p.MissesBefore++
		}
	}
	p.MissesAfter = p.MissesBefore - len(saved)
	lost := 0.0
	for _, c := range causes {
		lost += s.Ledger.CauseLost[c.ID]
	}
	for _, x := range saved {
		p.SecondsSavedPerBuild += x.Seconds
		if len(s.causes[x.ID]) > 1 {
			lost = s.Ledger.Lost
		}
	}
	p.SecondsSavedPerBuild = max(0, min(p.SecondsSavedPerBuild, lost, s.Ledger.Lost))
	return p
}

// workdirs gives the working directory at each instruction of a stage, as far as
// the Dockerfile tells: below the base image's own one, which is not known, paths
// start with "~". Variables stay as they are written.
func (s *scene) workdirs(stage int) map[int]string {
	out := map[int]string{}
	dir := "~"
	if p := s.file.Stages[stage].Parent; p >= 0 {
		dir = s.workdirs(p)[s.file.StageEnd(p)]
	}
	for i := s.file.Stages[stage].From; i < s.file.StageEnd(stage); i++ {
		out[i] = dir
		if in := s.file.Instructions[i]; in.Command == "WORKDIR" && len(in.Args) == 1 {
			dir = inDir(dir, in.Args[0])
		}
	}
	out[s.file.StageEnd(stage)] = dir
	return out
}

// inDir resolves a path in the image. One that begins with a variable is taken
// for absolute, which it nearly always is; if not, both sides of a comparison
// are wrong in the same way.
func inDir(dir, p string) string {
	p = strings.Trim(p, `"'`)
	if absolute(p) {
		return path.Clean(p)
	}
	return path.Join(dir, p)
}

func absolute(p string) bool { return strings.HasPrefix(p, "/") || strings.HasPrefix(p, "$") }
