package buildkit

import (
	"encoding/json"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
)

type platformRef struct{ id, format string }

// exptypesPlatforms lists the results of a multi-platform build in the order in
// which they were asked for.
func exptypesPlatforms(res *gateway.Result) ([]platformRef, error) {
	if len(res.Refs) == 0 {
		return nil, nil
	}
	var ps exptypes.Platforms
	if err := json.Unmarshal(res.Metadata[exptypes.ExporterPlatformsKey], &ps); err != nil {
		return nil, fmt.Errorf("reading the platforms of the result: %w", err)
	}
	var out []platformRef
	for _, p := range ps.Platforms {
		out = append(out, platformRef{id: p.ID, format: platforms.Format(platforms.Normalize(p.Platform))})
	}
	return out, nil
}
