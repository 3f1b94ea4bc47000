package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/report"
)

// buildTimeout is far more than any of the builds takes.
const buildTimeout = 3 * time.Minute

// row is one commit: what was said and what was.
type row struct {
	what      string
	predicted replay.Build
	observed  *report.Report
	wrong     []string
	// may counts the steps that were said to depend on what a stage makes, and hit
	// those of them that hit.
	may, hit int
	// seconds are predicted and measured; known says that all steps had been measured
	// in earlier builds.
	seconds, wall float64
	known         bool
}

// buildAll builds the commits one after the other and replays them.
func buildAll(ctx context.Context, run *buildkittest.Run, m mode, registry, bin string, steps []step) ([]row, error) {
	dir, err := os.MkdirTemp("", "replay-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d := buildkittest.Start(run, buildkittest.Options{PlainHTTP: []string{registry}})
	defer d.Stop(run)
	t := newTree(ctx, filepath.Join(dir, "tree"), registry+"/base")
	reports := make([]*report.Report, len(steps))
	for i, s := range steps {
		sha, err := t.make(s)
		if err != nil {
			return nil, err
		}
		flags := []string{"--build-arg", "COMMIT=" + sha}
		if m.export != "" {
			if err := d.Prune(ctx); err != nil {
				return nil, err
			}
			ref := fmt.Sprintf("type=registry,ref=%s/cache-%s", registry, m.export)
			flags = append(flags, "--cache-from", ref, "--cache-to", ref+",mode="+m.export)
		}
		if reports[i], err = layercause(ctx, d, bin, dir, flags); err != nil {
			return nil, fmt.Errorf("%q: %w", s.what, err)
		}
	}
	h, err := replay.Read(ctx, replay.Options{Dir: t.dir, Commits: len(steps) - 1})
	if err != nil {
		return nil, err
	}
	res, err := h.Replay(replay.Recipe{Every: []string{"COMMIT"}, Memory: m.memory})
	if err != nil {
		return nil, err
	}
	if len(res.Builds) != len(steps)-1 || res.Unread > 0 {
		return nil, fmt.Errorf("%d builds are replayed and %d could not be read, of %d", len(res.Builds), res.Unread, len(steps)-1)
	}
	var rows []row
	costs := &costs{seconds: map[string][]float64{}}
	costs.learn(nil, reports[0])
	for i, b := range res.Builds {
		r := compare(b, reports[i+1])
		r.what = steps[i+1].what
		r.seconds, r.known = costs.predict(b)
		costs.learn(b.Plan, reports[i+1])
		rows = append(rows, r)
	}
	return rows, nil
}

// compare finds the steps of which the replay was wrong.
func compare(b replay.Build, rep *report.Report) row {
	r := row{predicted: b, observed: rep, wall: rep.Build.WallSeconds}
	said := map[int]replay.Miss{}
	for _, m := range b.Misses {
		said[b.Plan.Steps[m.Step].Line] = m
	}
	unsure := map[int]bool{}
	for _, i := range b.Unsure {
		unsure[b.Plan.Steps[i].Line] = true
	}
	lines := map[int]bool{}
	for _, s := range b.Plan.Steps {
		lines[s.Line] = true
	}
	for _, s := range rep.Steps {
		m, miss := said[s.Line]
		switch ran := s.Status == "miss"; {
		case !lines[s.Line]:
			r.wrong = append(r.wrong, fmt.Sprintf("line %d is no step of the replay", s.Line))
		case miss && m.ByContent, unsure[s.Line]:
			r.may++
			if !ran {
				r.hit++
			}
		case miss != ran:
			r.wrong = append(r.wrong, fmt.Sprintf("line %d (%s) was a %s", s.Line, s.Instruction, s.Status))
		}
		delete(lines, s.Line)
	}
	for line := range lines {
		r.wrong = append(r.wrong, fmt.Sprintf("line %d is no step of the build", line))
	}
	return r
}

// layercause builds the tree as a user does, and reads the report.
func layercause(ctx context.Context, d *buildkittest.Daemon, bin, dir string, flags []string) (*report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	args := append([]string{
		"build", "--builder", d.Address, "--progress", "plain", "--comment", "never",
		"--history", filepath.Join(dir, "history"), "--report-dir", filepath.Join(dir, "report"),
	}, flags...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "layercause"), append(args, filepath.Join(dir, "tree"))...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "DOCKER_CONFIG=" + filepath.Join(dir, "docker")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building %q: %w\n%s", strings.Join(flags, " "), err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err != nil {
		return nil, err
	}
	var rep report.Report
	return &rep, json.Unmarshal(data, &rep)
}
