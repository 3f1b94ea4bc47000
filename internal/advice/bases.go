package advice

import (
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// base is a FROM that names an image of a registry in plain words.
type base struct {
	at    int // the FROM
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
		if st.Parent >= 0 || strings.EqualFold(st.Base, "scratch") || strings.ContainsAny(st.Base, `$"'`) ||
			slices.Contains(s.Head.Invocation.NamedContexts, st.Base) {
			continue
		}
		b := base{at: st.From, stage: i, ref: st.Base}
		b.name, b.pin, _ = strings.Cut(st.Base, "@")
		if n := strings.LastIndex(b.name, ":"); n > strings.LastIndex(b.name, "/") {
			b.name, b.tag = b.name[:n], b.name[n+1:]
		}
		out = append(out, b)
	}
	return out
}

// official gives the name of an official image, without the parts that docker
// implies.
func (b base) official() string {
	return strings.TrimPrefix(strings.TrimPrefix(b.name, "docker.io/"), "library/")
}

// instead writes another reference into a FROM.
func (s *scene) instead(b base, ref, title string) (candidate, bool) {
	in := s.file.Instructions[b.at]
	at := strings.Index(in.Text, " "+b.ref)
	for at >= 0 && len(in.Flags) > 0 && strings.Contains(in.Text[at+1+len(b.ref):], "--") {
		next := strings.Index(in.Text[at+1:], " "+b.ref)
		if next < 0 {
			return candidate{}, false
		}
		at += 1 + next
	}
	e := s.file.Edit()
	if at < 0 || !e.Splice(b.at, at+1, at+1+len(b.ref), ref) {
		return candidate{}, false
	}
	after := in.Text[:at+1] + ref + in.Text[at+1+len(b.ref):]
	return s.draft(e, b.at, title, []string{in.Text}, []string{after})
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
