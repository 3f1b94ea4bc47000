package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/dockerfile"
)

// faults lists what an edit does to a file that it need not do.
func faults(isDockerfile bool, before, after string) []string {
	var out []string
	removed, added := changed(before, after)
	bare := map[string]string{} // of the lines that do not come again elsewhere
	for _, line := range removed {
		if i := slices.Index(added, line); i >= 0 {
			added = slices.Delete(added, i, i+1)
		} else if text := strings.TrimRight(line, " \t\r\n"); text != "" {
			bare[text] = line
		}
	}
	for _, line := range added {
		was, ok := bare[strings.TrimRight(line, " \t\r\n")]
		if ok && strings.HasSuffix(was, "\n") && strings.HasSuffix(line, "\n") {
			out = append(out, fmt.Sprintf("only the end of a line changes: %q becomes %q", was, line))
		}
	}
	if strings.HasSuffix(before, "\n") != strings.HasSuffix(after, "\n") && before != "" && isDockerfile {
		out = append(out, "the newline at the end changes")
	}
	if crlf := strings.Count(before, "\r\n"); crlf == strings.Count(before, "\n") && crlf > 0 && strings.Count(after, "\n") != strings.Count(after, "\r\n") {
		out = append(out, "the lines end in two ways")
	}
	if isDockerfile {
		out = append(out, instructionFaults(before, after)...)
	}
	return out
}

// instructionFaults says which instructions and comments an edit touches though it
// keeps them.
func instructionFaults(before, after string) []string {
	var out []string
	old, err := dockerfile.Parse("before", []byte(before))
	if err != nil {
		return []string{err.Error()}
	}
	f, err := dockerfile.Parse("after", []byte(after))
	if err != nil {
		return []string{err.Error()}
	}
	bytesOf := func(f *dockerfile.File) map[string][]string {
		out := map[string][]string{}
		for _, in := range f.Instructions {
			out[in.Text] = append(out[in.Text], strings.TrimRight(string(f.Data[in.Bytes.Start:in.Bytes.End]), "\r\n"))
		}
		return out
	}
	was, is := bytesOf(old), bytesOf(f)
	for text, list := range was {
		now := is[text]
		if len(now) < len(list) {
			continue // it is removed or replaced
		}
		for _, x := range list {
			i := slices.Index(now, x)
			if i < 0 {
				out = append(out, fmt.Sprintf("an instruction that is kept is written in another way: %q", x))
				break
			}
			now = slices.Delete(slices.Clone(now), i, i+1)
		}
	}
	comments := func(f *dockerfile.File) map[string]int {
		out := map[string]int{}
		at := 0
		for _, in := range append(slices.Clone(f.Instructions), dockerfile.Instruction{Bytes: dockerfile.Range{Start: len(f.Data), End: len(f.Data)}}) {
			for line := range strings.Lines(string(f.Data[at:in.Bytes.Start])) {
				if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) == "" {
					line = ""
				}
				out[line]++
			}
			at = in.Bytes.End
		}
		return out
	}
	x, y := comments(old), comments(f)
	// A block that goes takes at most one blank line along, and a new stage brings one.
	if least, most := x[""]-len(old.Instructions), x[""]+len(f.Stages)-len(old.Stages); y[""] < least || y[""] > most {
		out = append(out, fmt.Sprintf("%d blank lines become %d", x[""], y[""]))
	}
	delete(x, "")
	delete(y, "")
	if !maps.Equal(x, y) {
		out = append(out, fmt.Sprintf("the comments were %v and are %v", x, y))
	}
	return out
}

// changed gives the lines that a shortest edit removes and adds.
func changed(before, after string) (removed, added []string) {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	common := make([][]int, len(a)+1) // the longest common part of what follows
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			removed, i = append(removed, a[i]), i+1
		default:
			added, j = append(added, b[j]), j+1
		}
	}
	return removed, added
}

// convert has BuildKit's frontend make a graph of a Dockerfile.
func (c *checkout) convert(text string) error {
	platform := platforms.MustParse("linux/amd64")
	target := platform
	if c.platform != "" {
		target = platforms.MustParse(c.platform)
	}
	caps := pb.Caps.CapSet(pb.Caps.All())
	res, err := dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(text), dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{BuildArgs: maps.Clone(c.args), Target: c.target, BuildPlatforms: []ocispecs.Platform{platform}},
		SourceMap:      llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte(text)),
		TargetPlatform: &target, MetaResolver: anyImage{}, LLBCaps: &caps,
	})
	if err != nil {
		return err
	}
	_, err = res.State.Marshal(context.Background())
	return err
}

// complaints are what BuildKit's own checks find, without the places.
func complaints(text string) []string {
	found, _ := dockerfile.Lint([]byte(text)) // of a text with an error, what was found up to it
	var out []string
	for _, x := range found {
		out = append(out, x.Rule+": "+x.Message)
	}
	slices.Sort(out)
	return out
}

// anyImage answers for every image that there is one.
type anyImage struct{}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	img := dockerspec.DockerOCIImage{}
	img.OS, img.Architecture = "linux", "amd64"
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		img.Platform = *opt.ImageOpt.Platform
	}
	img.RootFS = ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}
	data, err := json.Marshal(img)
	return ref, "", data, err
}
