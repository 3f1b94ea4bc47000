package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/report"
)

// buildTimeout is far more than any of the builds takes.
const buildTimeout = 3 * time.Minute

// text is a version of a file: a line, and bytes that cannot be compressed up to
// its size. Every version has the same size.
func (t *trial) text(path string, version int) string {
	line := fmt.Sprintf("%s %s %08d\n", t.name, path, version)
	rest := t.files[path] - len(line)
	if rest <= 0 {
		return line
	}
	h := fnv.New64a()
	h.Write([]byte(line))
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], h.Sum64())
	filler := make([]byte, rest)
	rand.NewChaCha8(seed).Read(filler)
	return line + string(filler)
}

// write puts down the files that differ from what is there.
func write(dir string, tree map[string]string) error {
	for path, text := range tree {
		path = filepath.Join(dir, path)
		if old, err := os.ReadFile(path); err == nil && string(old) == text {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// outputs are the flags for what becomes of the result.
func (t *trial) outputs(h *host, dir string) []string {
	switch t.output {
	case "image":
		return []string{"--output", "type=image,name=" + h.registry + "/app"}
	case "push":
		return []string{"--output", "type=image,push=true,name=" + h.registry + "/app"}
	case "oci":
		return []string{"--output", "type=oci,dest=" + filepath.Join(dir, "out.tar")}
	case "local":
		return []string{"--output", "type=local,dest=" + filepath.Join(dir, "out")}
	}
	return nil
}

// caches are the flags for the cache.
func (t *trial) caches(h *host, export bool) []string {
	if t.place == local {
		return nil
	}
	ref := "type=registry,ref=" + h.registry + "/cache"
	out := []string{"--cache-from", ref}
	if export {
		mode := t.mode
		if mode == "" {
			mode = "min"
		}
		out = append(out, "--cache-to", ref+",mode="+mode)
	}
	return out
}

// layercause builds the tree of a case as a user does, and reads the report.
func layercause(ctx context.Context, d *buildkittest.Daemon, bin, dir, history, name string, flags []string) (*report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	reports := filepath.Join(dir, "reports", name)
	args := append([]string{
		"build", "--builder", d.Address, "--progress", "plain", "--comment", "never",
		"--history", filepath.Join(dir, history), "--report-dir", reports,
	}, flags...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "layercause"), append(args, filepath.Join(dir, "tree"))...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "DOCKER_CONFIG=" + filepath.Join(dir, "docker")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building %q: %w\n%s", strings.Join(flags, " "), err, out)
	}
	if err := os.WriteFile(filepath.Join(reports, "output.txt"), out, 0o644); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(reports, "report.json"))
	if err != nil {
		return nil, err
	}
	var rep report.Report
	return &rep, json.Unmarshal(data, &rep)
}
