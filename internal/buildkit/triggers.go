package buildkit

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

// bring puts what ONBUILD triggers bring into the stages of the file: BuildKit runs
// them as if they stood below the FROM, and gives their operations its lines. The
// triggers of an image stand in its configuration, which the daemon has read by now.
func (a *assembly) bring(ctx context.Context, c gateway.Client, buildArgs map[string]string) {
	if a.file == nil {
		return
	}
	undeclared := a.undeclared(buildArgs)
	for s, stage := range a.file.Stages {
		if stage.Parent >= 0 {
			a.file.Bring(s, a.file.Triggers(stage.Parent))
			continue
		}
		if source := a.baseOf(s); source != nil && (undeclared || a.triggered(s)) {
			a.file.Bring(s, imageTriggers(ctx, c, source))
		}
	}
}

// undeclared says that a command sees a build argument that no line of the file
// declares. A trigger may.
func (a *assembly) undeclared(buildArgs map[string]string) bool {
	declared := map[string]bool{}
	for _, in := range a.file.Instructions {
		for _, name := range in.Names {
			declared[name] = true
		}
	}
	for _, v := range a.graph.vertices {
		if e := v.op.GetExec(); e != nil && slices.ContainsFunc(e.GetMeta().GetEnv(), func(kv string) bool {
			name, value, _ := strings.Cut(kv, "=")
			given, ok := buildArgs[name]
			return ok && given == value && !declared[name]
		}) {
			return true
		}
	}
	return false
}

// baseOf is the source that a stage starts from, or nil.
func (a *assembly) baseOf(stage int) *vertex {
	return a.atFrom(stage, func(v *vertex) bool { return v.op.GetSource() != nil })
}

// triggered says that there is an operation, and not only an image, at the FROM of
// a stage.
func (a *assembly) triggered(stage int) bool {
	return a.atFrom(stage, func(v *vertex) bool { return v.op.GetSource() == nil }) != nil
}

func (a *assembly) atFrom(stage int, match func(*vertex) bool) *vertex {
	from := a.file.Stages[stage].From
	for _, v := range a.graph.vertices {
		if match(v) && slices.ContainsFunc(v.lines, func(l lineRange) bool { return a.instructionAt(l) == from }) {
			return v
		}
	}
	return nil
}

// imageTriggers reads the triggers of an image, without the word ONBUILD.
func imageTriggers(ctx context.Context, c gateway.Client, v *vertex) []string {
	s := v.op.GetSource()
	opt := sourceresolver.Opt{LogName: "[internal] load metadata for the triggers of a base image"}
	platform, err := platforms.Parse(v.platform)
	switch {
	case err != nil:
		return nil
	case strings.HasPrefix(s.Identifier, "docker-image://"):
		opt.ImageOpt = &sourceresolver.ResolveImageOpt{Platform: &platform}
	case strings.HasPrefix(s.Identifier, "oci-layout://"):
		opt.OCILayoutOpt = &sourceresolver.ResolveOCILayoutOpt{Platform: &platform, Store: sourceresolver.ResolveImageConfigOptStore{
			SessionID: s.Attrs[pb.AttrOCILayoutSessionID], StoreID: s.Attrs[pb.AttrOCILayoutStoreID],
		}}
	default:
		return nil
	}
	res, err := c.ResolveSourceMetadata(ctx, s, opt)
	if err != nil || res.Image == nil {
		return nil // what the triggers made stays without a step
	}
	var img dockerspec.DockerOCIImage
	if json.Unmarshal(res.Image.Config, &img) != nil {
		return nil
	}
	return img.Config.OnBuild
}

// numbered is the name that BuildKit gives to what a trigger makes. The rest of it
// may show the values of variables.
var numbered = regexp.MustCompile(`^\[[^\]]*?(\d+)/\d+\] ONBUILD (?:LINK )?(\w+)`)

// triggers maps each operation at the FROM of a stage to the trigger that made it.
// BuildKit numbers the commands of a stage in their order.
func (a *assembly) triggers(stage int) map[int]int {
	from := a.file.Stages[stage].From
	at := map[int][]int{} // vertices by number
	words := map[int]string{}
	for i, v := range a.graph.vertices {
		m := numbered.FindStringSubmatch(v.name)
		if m == nil || !slices.ContainsFunc(v.lines, func(l lineRange) bool { return a.instructionAt(l) == from }) {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			at[n], words[n] = append(at[n], i), strings.ToUpper(m[2])
		}
	}
	out := map[int]int{}
	in := a.file.Instructions
	next := from + 1
	for _, n := range slices.Sorted(maps.Keys(at)) {
		for i := next; i < len(in) && in[i].Brought && in[i].Stage == stage; i++ {
			if in[i].Command != words[n] {
				continue
			}
			for _, v := range at[n] {
				out[v] = i
			}
			next = i + 1
			break
		}
	}
	return out
}
