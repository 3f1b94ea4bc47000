package operation_test

import (
	"slices"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
)

const text = `FROM scratch AS lib
ONBUILD COPY shared /shared
FROM lib
COPY <<EOF /motd
hello
EOF
COPY --link --exclude=*.md a b/ /x/
COPY *.txt b/c /y/
RUN --mount=type=bind,source=src,target=/src make
`

func graph(t *testing.T) (*operation.Graph, *dockerfile.File) {
	t.Helper()
	caps := pb.Caps.CapSet(pb.Caps.All())
	res, err := dockerfile2llb.Dockerfile2LLB(t.Context(), []byte(text), dockerfile2llb.ConvertOpt{
		SourceMap: llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte(text)), LLBCaps: &caps,
	})
	if err != nil {
		t.Fatal(err)
	}
	def, err := res.State.Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := operation.New("Dockerfile")
	if err := g.Add("linux/amd64", def); err != nil {
		t.Fatal(err)
	}
	f, err := dockerfile.Parse("Dockerfile", g.Dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	f.Bring(1, f.Triggers(0))
	return g, f
}

// Each operation belongs to the instruction that made it: a trigger's to the trigger,
// a document's to the COPY that has it.
func TestPlaces(t *testing.T) {
	g, f := graph(t)
	places := g.Place(f)
	steps := make([]int, len(f.Instructions))
	helpers := 0
	for _, v := range g.Vertices {
		for _, i := range places.Steps(v) {
			steps[i]++
			if v.Helper() {
				helpers++
			}
		}
	}
	for i, in := range f.Instructions {
		if in.Cacheable() != (steps[i] > 0) {
			t.Errorf("%q has %d operations", in.Text, steps[i])
		}
	}
	if helpers != 2 {
		t.Errorf("%d operations help others, want the document and the merge", helpers)
	}
}

// What an operation reads stands in the form in which BuildKit hashes it.
func TestSelectors(t *testing.T) {
	g, f := graph(t)
	places := g.Place(f)
	want := map[string][]buildcontext.Selector{
		"ONBUILD COPY shared /shared": {{Path: "/shared", FollowLinks: true}},
		"COPY --link --exclude=*.md a b/ /x/": {
			{Path: "/a", FollowLinks: true, ExcludePatterns: []string{"*.md"}}, {Path: "/b", FollowLinks: true, ExcludePatterns: []string{"*.md"}},
		},
		"COPY *.txt b/c /y/": {{Path: "/*.txt", FollowLinks: true, Wildcard: true}, {Path: "/b/c", FollowLinks: true}},
		"RUN --mount=type=bind,source=src,target=/src make": {{Path: "/src", FollowLinks: true}},
	}
	for _, v := range g.Vertices {
		selectors := operation.Selectors(v)
		for i := range v.Edges {
			s := v.Input(i).Op.GetSource()
			if s == nil || s.Identifier != "local://context" {
				continue
			}
			text := f.Instructions[places.Instruction[v.Index]].Text
			if !slices.EqualFunc(selectors[i], want[text], func(a, b buildcontext.Selector) bool {
				return a.Path == b.Path && a.FollowLinks == b.FollowLinks && a.Wildcard == b.Wildcard && slices.Equal(a.ExcludePatterns, b.ExcludePatterns)
			}) {
				t.Errorf("%q reads %+v, want %+v", text, selectors[i], want[text])
			}
			delete(want, text)
			filter := operation.FilterOf(s.Attrs)
			slices.Sort(filter.FollowPaths)
			if list := []string{"*.txt", "a", "b", "b/c", "shared", "src"}; !slices.Equal(filter.FollowPaths, list) {
				t.Errorf("the source lets %q through, want %q", filter.FollowPaths, list)
			}
		}
	}
	for text := range want {
		t.Errorf("%q reads nothing", text)
	}
}
