package advice

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// scene is the input with what every rule looks up.
type scene struct {
	Input
	file    *dockerfile.File
	context *record.Manifest       // nil if nothing was read of the build context
	folders map[string]bool        // those of the context
	steps   map[int][]*record.Step // by instruction
	copies  map[int]*copying       // the COPY and ADD of context files, by instruction
	prices  prices
	memory  replay.Memory
	// before is the replay without an edit; nil if there is none. History is what it
	// tells of each instruction.
	before  *replay.Result
	history map[int]*change
	today   *replay.Result // with today's Dockerfile at every commit; nil if not known
	// elsewhere are the steps that missed for a reason that no replay knows of.
	elsewhere map[string]bool

	looks    map[int]*installLook // of RUNs, by instruction, once they were asked for
	checks   map[string]int       // findings of BuildKit's own checks, counted when asked for
	builders []builder            // the steps of workflows that may build this

	rule     string // the one that is being asked
	silences []Silence
}

// newScene gives nil, and why, where no rule can say anything.
func newScene(in Input) (*scene, string) {
	h := in.Head
	if h == nil {
		return nil, "nothing was built"
	}
	if !local(h.Invocation.Context) || !local(h.Dockerfile.Path) {
		return nil, "the context or the Dockerfile lies outside the repository"
	}
	f, err := dockerfile.Parse(h.Dockerfile.Path, []byte(h.Dockerfile.Text))
	if err != nil {
		return nil, "the Dockerfile cannot be read: " + err.Error()
	}
	for _, x := range h.Dockerfile.Instructions {
		if i := f.InstructionAt(x.Line); !x.Trigger && (i < 0 || f.Instructions[i].Text != x.Text) {
			return nil, "the Dockerfile was read by a frontend that layercause does not know"
		}
	}
	if len(h.Dockerfile.Instructions) != len(f.Instructions) {
		return nil, "the Dockerfile has triggers that a FROM brings"
	}
	s := &scene{
		Input: in, file: f, steps: map[int][]*record.Step{}, copies: map[int]*copying{}, looks: map[int]*installLook{},
		prices: newPrices(h, in.Base), memory: memoryOf(h, append(slices.Clone(in.Past), in.Base)), elsewhere: unknowable(in),
	}
	for i := range h.Manifests {
		if h.Manifests[i].Name == "context" {
			s.context = &h.Manifests[i]
		}
	}
	for i := range h.Steps {
		s.steps[h.Steps[i].Instruction] = append(s.steps[h.Steps[i].Instruction], &h.Steps[i])
	}
	if s.context != nil {
		s.folders = folders(s.context)
	}
	for i := range f.Instructions {
		if c := newCopying(s, i); c != nil {
			s.copies[i] = c
		}
	}
	s.look()
	s.readWorkflows()
	return s, ""
}

// memoryOf tells which results the builds find: those of a builder that keeps its
// store, or what the last one exported. A pull request exports nothing, as a rule:
// earlier builds, the newest first, tell what it imports.
func memoryOf(h *record.Record, earlier []*record.Record) replay.Memory {
	imports, memory := false, replay.LastImage
	for _, c := range h.Caches {
		imports = imports || c.Direction == record.Import
		if c.Direction == record.Export && c.Mode == "max" || c.Direction == record.Import && (c.Chosen || isWhole(c, earlier)) {
			memory = replay.LastBuild
		}
	}
	if !imports {
		return replay.Everything
	}
	return memory
}

// isWhole says that who wrote a cache last, as far as is known, exported all steps to it.
func isWhole(c record.CacheAccess, earlier []*record.Record) bool {
	for _, r := range earlier {
		if r == nil {
			continue
		}
		for _, w := range r.Caches {
			if w.Direction == record.Export && w.Type == c.Type && w.Ref == c.Ref && w.Error == "" {
				return w.Mode == "max"
			}
		}
	}
	return false
}

// local says whether a path is relative to the repository and inside it.
func local(p string) bool {
	return p != "" && !path.IsAbs(p) && !strings.Contains(p, "://") && !strings.HasPrefix(p, "git@") &&
		p != ".." && !strings.HasPrefix(path.Clean(p), "../")
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

// braced is a variable in braces, which is the same without them.
var braced = regexp.MustCompile(`\$\{(\w+)\}`)

// inDir resolves a path in the image. One that begins with a variable is taken
// for absolute, which it nearly always is; if not, both sides of a comparison
// are wrong in the same way.
func inDir(dir, p string) string {
	p = braced.ReplaceAllString(strings.Trim(p, `"'`), "$$$1")
	if absolute(p) {
		return path.Clean(p)
	}
	return path.Join(dir, p)
}

func absolute(p string) bool { return strings.HasPrefix(p, "/") || strings.HasPrefix(p, "$") }
