package cause_test

import (
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// One RUN on an image has another key. What differs of it, and what read the two
// Dockerfiles, decides whether the frontend is to blame.
func TestFrontend(t *testing.T) {
	image := func(digest string) *record.Frontend {
		return &record.Frontend{Ref: "frontend:1", Line: 2, Digest: digest}
	}
	moved := func(base, head *record.Record) {
		base.Dockerfile.Syntax, head.Dockerfile.Syntax = image("sha256:1"), image("sha256:2")
	}
	upgraded := func(base, head *record.Record) { base.Builder.Version, head.Builder.Version = "v1", "v2" }
	type edits = []func(base, head *record.Record)
	declare := func(command string) func(base, head *record.Record) {
		return func(base, head *record.Record) {
			for _, r := range []*record.Record{base, head} {
				r.Dockerfile.Instructions[1] = record.Instruction{Command: command, Text: command + " NAME", Names: []string{"NAME"}, Line: 2, EndLine: 2}
			}
		}
	}
	baseMoved := func(_, head *record.Record) {
		v := &head.Vertices[0]
		v.Source.Digest, v.Key = "sha256:new", "new"
	}
	option := func(_, head *record.Record) { head.Invocation.Options = []record.Value{{Name: "ulimit", Digest: "d"}} }
	edit := func(_, head *record.Record) { head.Dockerfile.Instructions[2].Text = "RUN make all" }
	cases := map[string]struct {
		part  string // that differs
		edits edits
		want  cause.Kind
		line  int
	}{
		"limits":                                {"limits", edits{moved}, cause.FrontendChanged, 2},
		"limits of another builder":             {"limits", edits{upgraded}, cause.FrontendChanged, 1},
		"limits of the same frontend":           {"limits", nil, cause.StepOptions, 3},
		"limits by a flag":                      {"limits", edits{moved, option}, cause.StepOptions, 3},
		"network":                               {"network", edits{moved}, cause.FrontendChanged, 2},
		"a mount":                               {"mount:1", edits{moved}, cause.FrontendChanged, 2},
		"a variable that nothing declares":      {"env:NAME", edits{moved}, cause.FrontendChanged, 2},
		"an argument":                           {"env:NAME", edits{moved, declare("ARG")}, cause.BuildArg, 2},
		"a variable, and the base image moved":  {"env:NAME", edits{moved, baseMoved}, cause.BaseImageMoved, 1},
		"the command":                           {"args", edits{moved}, cause.FrontendChanged, 2},
		"the command, which was edited":         {"args", edits{moved, edit}, cause.InstructionChanged, 3},
		"the command, and the base image moved": {"args", edits{moved, baseMoved}, cause.BaseImageMoved, 1},
		"the folder":                            {"cwd", edits{moved}, cause.FrontendChanged, 2},
		"the user":                              {"user", edits{moved}, cause.FrontendChanged, 2},
		"nothing that can be named":             {"op", edits{moved}, cause.FrontendChanged, 2},
		"nothing, with the same frontend":       {"op", nil, cause.Unexplained, 3},
		"the same image under another name": {"limits", edits{moved, func(base, _ *record.Record) {
			base.Dockerfile.Syntax = &record.Frontend{Ref: "frontend:0", Digest: "sha256:2"}
		}}, cause.StepOptions, 3},
		"an image that nobody saw resolved": {"limits", edits{func(base, head *record.Record) {
			base.Dockerfile.Syntax, head.Dockerfile.Syntax = image(""), image("sha256:2")
		}}, cause.StepOptions, 3},
		"an image where the builder read it": {"limits", edits{func(_, head *record.Record) {
			head.Dockerfile.Syntax = image("sha256:2")
		}}, cause.FrontendChanged, 2},
		"the builder where an image read it": {"limits", edits{func(base, _ *record.Record) {
			base.Dockerfile.Syntax = image("sha256:2")
		}}, cause.FrontendChanged, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base, head := onImage(), onImage()
			for _, edit := range c.edits {
				edit(base, head)
			}
			head.Vertices[1].Parts = []record.Part{{Name: c.part, Digest: "2"}}
			base.Vertices[1].Parts = []record.Part{{Name: c.part, Digest: "1"}}
			head.Vertices[1].Key = "2"
			got := cause.Explain(head, base, nil)
			if len(got) != 1 || got[0].Kind != c.want || got[0].Line != c.line {
				t.Fatalf("got %+v, want one %s at %d", got, c.want, c.line)
			}
			if c.want == cause.FrontendChanged && (got[0].Evidence.Before == got[0].Evidence.After || got[0].Subject == "") {
				t.Errorf("what changed is not told: %+v", got[0])
			}
		})
	}
}

// onImage is one RUN on an image.
func onImage() *record.Record {
	return &record.Record{
		Status: record.Succeeded,
		Dockerfile: record.Dockerfile{
			Path: "Dockerfile", Text: "# one\n# syntax=frontend:1\n",
			Stages: []record.Stage{{Name: "0", Parent: -1}},
			Instructions: []record.Instruction{
				{Command: "FROM", Text: "FROM image", Line: 1, EndLine: 1},
				{Command: "LABEL", Text: "LABEL a=b", Line: 2, EndLine: 2},
				{Command: "RUN", Text: "RUN make", Line: 3, EndLine: 3},
			},
		},
		Steps: []record.Step{{ID: "s1", Instruction: 2, Platform: "linux/amd64", Status: record.Miss, Vertices: []int{1}}},
		Vertices: []record.Vertex{
			{
				Kind: record.OpSource, Platform: "linux/amd64", Status: record.Hit, Key: "image",
				Source: &record.Source{Kind: record.SourceImage, Ref: "image", RefDigest: "image", Digest: "sha256:old"},
			},
			{
				Step: "s1", Kind: record.OpExec, Instruction: 2, Platform: "linux/amd64", Status: record.Miss, Key: "1",
				Inputs: []record.Input{{Vertex: 0}},
			},
		},
	}
}
