package advice

import (
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// base is a FROM, or a COPY, that names an image of a registry in plain words.
type base struct {
	at    int
	stage int
	ref   string
	name  string // without a tag and a digest
	tag   string
	pin   string // the digest in the reference
}

// bases lists the images that stages start from.
func (s *scene) bases() []base {
	var out []base
	for i, st := range s.file.Stages {
		if b, ok := s.newBase(st.From, i, st.Base); ok && st.Parent < 0 && !strings.EqualFold(st.Base, "scratch") {
			out = append(out, b)
		}
	}
	return out
}

// copied lists the images that a COPY takes files from.
func (s *scene) copied() []base {
	var out []base
	for i, in := range s.file.Instructions {
		ref, ok := in.Flag("from")
		if in.Command != "COPY" || !ok || s.file.StageNamed(ref) >= 0 {
			continue
		}
		if b, ok := s.newBase(i, in.Stage, ref); ok {
			out = append(out, b)
		}
	}
	return out
}

func (s *scene) newBase(at, stage int, ref string) (base, bool) {
	b := base{at: at, stage: stage, ref: ref}
	b.name, b.pin, _ = strings.Cut(ref, "@")
	if n := strings.LastIndex(b.name, ":"); n > strings.LastIndex(b.name, "/") {
		b.name, b.tag = b.name[:n], b.name[n+1:]
	}
	return b, !strings.ContainsAny(ref, `$"'`) && !slices.Contains(s.Head.Invocation.NamedContexts, ref)
}

// official gives the name of an official image, without the parts that docker
// implies.
func (b base) official() string {
	return strings.TrimPrefix(strings.TrimPrefix(b.name, "docker.io/"), "library/")
}

// beforeRef matches what stands before the reference in an instruction.
var beforeRef = map[string]*regexp.Regexp{
	"FROM": regexp.MustCompile(`(?i)^FROM\s+(--\S+\s+)*`),
	"COPY": regexp.MustCompile(`(?i)^COPY\s+(--\S+\s+)*?--from=`),
}

// windows says that the image is one of Windows, going by its name.
func (b base) windows() bool {
	return strings.Contains(b.name, "/windows/") || strings.Contains(b.tag, "nanoserver") || strings.Contains(b.tag, "windowsservercore")
}

// instead writes another reference into a FROM, or into the --from of a COPY.
func (s *scene) instead(b base, ref, title string) (candidate, bool) {
	in := s.file.Instructions[b.at]
	at := len(beforeRef[in.Command].FindString(in.Text))
	rest, ok := strings.CutPrefix(in.Text[at:], b.ref)
	e := s.file.Edit()
	if at == 0 || !ok || !e.Splice(b.at, at, at+len(b.ref), ref) {
		return candidate{}, false
	}
	return s.draft(e, b.at, title, []string{in.Text}, []string{in.Text[:at] + ref + rest})
}

var (
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	gitCommit   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// sources are the sources of a kind that an instruction brings: one a platform.
func (s *scene) sources(at int, kind record.SourceKind) []*record.Vertex {
	var out []*record.Vertex
	for i := range s.Head.Vertices {
		v := &s.Head.Vertices[i]
		if v.Instruction == at && v.Source != nil && v.Source.Kind == kind {
			out = append(out, v)
		}
	}
	return out
}

// resolved is the one digest that an instruction's source resolved to, on all
// platforms.
func (s *scene) resolved(at int, kind record.SourceKind, like *regexp.Regexp) (string, bool) {
	digest := ""
	for _, v := range s.sources(at, kind) {
		d := v.Source.Digest
		if v.Source.Context != "" || v.Source.Ref == "" || !like.MatchString(d) || digest != "" && digest != d {
			return "", false
		}
		digest = d
	}
	return digest, digest != ""
}

// final is the stage that is built, and chain it and those that it starts from, the
// last one first.
func (s *scene) final() (stage int, chain []int) {
	stage = len(s.file.Stages) - 1
	if t := s.Head.Invocation.Target; t != "" {
		stage = s.file.StageNamed(t)
	}
	for i := stage; i >= 0; i = s.file.Stages[i].Parent {
		chain = append(chain, i)
	}
	return stage, chain
}

// within lists the instructions of some stages, in the order of the file.
func (s *scene) within(stages []int) []int {
	var out []int
	for i, in := range s.file.Instructions {
		if slices.Contains(stages, in.Stage) {
			out = append(out, i)
		}
	}
	return out
}

// runs says what commands an instruction runs, as far as a shell parser tells.
func runs(in dockerfile.Instruction) [][]string {
	sc, ok := readScript(in)
	if !ok {
		return nil
	}
	return sc.commands
}
