package buildkit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/operation"
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
	for _, v := range a.graph.Vertices {
		if e := v.Op.GetExec(); e != nil && slices.ContainsFunc(e.GetMeta().GetEnv(), func(kv string) bool {
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
func (a *assembly) baseOf(stage int) *operation.Vertex {
	return a.atFrom(stage, func(v *operation.Vertex) bool { return v.Op.GetSource() != nil })
}

// triggered says that there is an operation, and not only an image, at the FROM of
// a stage.
func (a *assembly) triggered(stage int) bool {
	return a.atFrom(stage, func(v *operation.Vertex) bool { return v.Op.GetSource() == nil }) != nil
}

func (a *assembly) atFrom(stage int, match func(*operation.Vertex) bool) *operation.Vertex {
	from := a.file.Stages[stage].From
	for _, v := range a.graph.Vertices {
		if match(v) && slices.ContainsFunc(v.Lines, func(l operation.Lines) bool { return operation.At(a.file, l) == from }) {
			return v
		}
	}
	return nil
}

// imageTriggers reads the triggers of an image, without the word ONBUILD.
func imageTriggers(ctx context.Context, c gateway.Client, v *operation.Vertex) []string {
	s := v.Op.GetSource()
	opt := sourceresolver.Opt{LogName: "[internal] load metadata for the triggers of a base image"}
	platform, err := platforms.Parse(v.Platform)
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
