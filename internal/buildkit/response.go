package buildkit

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/continuity/fs"
	"github.com/moby/buildkit/client"
)

// readResponse takes apart what the exporters answered, in the form of buildx's
// metadata file: JSON values are decoded, the rest are strings.
func (res *Result) readResponse(resp *client.SolveResponse) {
	res.Metadata = map[string]any{}
	if resp == nil {
		return
	}
	for k, v := range resp.ExporterResponse {
		res.Metadata[k] = v
		dt, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			continue
		}
		var object map[string]any
		var list []map[string]any
		if json.Unmarshal(dt, &object) == nil && len(object) > 0 || json.Unmarshal(dt, &list) == nil && len(list) > 0 {
			res.Metadata[k] = json.RawMessage(dt)
		}
	}
	res.Digest = resp.ExporterResponse["containerimage.digest"]
	res.ImageID = resp.ExporterResponse["containerimage.config.digest"]
	if res.ImageID == "" {
		res.ImageID = res.Digest
	}
}

// readIgnore finds the ignore file as BuildKit does: the Dockerfile's own first. Where
// one is a link, what it leads to is looked for below its folder alone, also if that is
// not where it leads to: a repository could show any file of this machine otherwise.
func readIgnore(contextDir, file string) ([]string, string) {
	if file == "" {
		file = filepath.Join(contextDir, "Dockerfile")
	}
	for _, path := range []string{file + ".dockerignore", filepath.Join(contextDir, ".dockerignore")} {
		path, err := fs.RootPath(filepath.Dir(path), filepath.Base(path))
		if err != nil {
			continue
		}
		if dt, err := os.ReadFile(path); err == nil {
			return strings.Split(string(dt), "\n"), path
		}
	}
	return nil, ""
}
