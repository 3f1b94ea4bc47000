package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// commits are the last commits of the repository, read while the build runs.
type commits struct {
	done    chan struct{}
	history *replay.History
	err     error
	// prefix is the repository's folder below the one that paths are shown relative
	// to: most often nothing.
	prefix string
}

// readCommits begins to read how the files of a build changed. Context, Dockerfile
// and root are paths on this machine; paths are shown relative to root.
func readCommits(ctx context.Context, context, dockerfile, root string, number int) *commits {
	c := &commits{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = c.read(ctx, context, dockerfile, root, number)
	}()
	return c
}

func (c *commits) read(ctx context.Context, context, dockerfile, root string, number int) error {
	if !isDir(context) {
		return errNoRepository
	}
	top := git{ctx, context}.run("rev-parse", "--show-toplevel")
	if top == "" {
		return errNoRepository
	}
	below, err := inside(root, top)
	if err != nil {
		return err
	}
	if c.prefix = below; below == "." {
		c.prefix = ""
	}
	o := replay.Options{Dir: top, Commits: number}
	if o.Context, err = inside(top, context); err != nil {
		return err
	}
	if o.Dockerfile, err = inside(top, dockerfile); err != nil {
		return err
	}
	o.CRLF = endsCRLF(dockerfile) && !strings.Contains(git{ctx, top}.run("cat-file", "blob", "HEAD:"+o.Dockerfile), "\r\n")
	c.history, err = replay.Read(ctx, o)
	return err
}

// endsCRLF says whether the lines of a file end with CRLF.
func endsCRLF(file string) bool {
	text, err := os.ReadFile(file)
	return err == nil && bytes.Contains(text, []byte("\r\n"))
}

var errNoRepository = errors.New("the build context lies in no git repository")

// inside gives a path relative to a folder, with slashes.
func inside(folder, file string) (string, error) {
	for _, p := range []*string{&folder, &file} {
		if abs, err := filepath.Abs(*p); err == nil {
			*p = abs
		}
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
	}
	rel, err := filepath.Rel(folder, file)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s lies outside of the repository", filepath.Base(file))
	}
	return filepath.ToSlash(rel), nil
}

// fewCommits is how many commits tell less than the build that was just observed.
const fewCommits = 3

// wait gives the commits, or nil where they tell too little.
func (c *commits) wait() *replay.History {
	if c == nil {
		return nil
	}
	<-c.done
	if c.err != nil || c.history == nil || len(c.history.Commits) <= fewCommits {
		return nil
	}
	return c.history
}

// warnings say why the commits tell too little, where that can be mended.
func (c *commits) warnings() []string {
	if c == nil || c.history == nil || !c.history.Shallow {
		return nil
	}
	return []string{fmt.Sprintf("suggestions are judged by this build alone, as the clone is shallow; fetch-depth: %d shows more",
		replay.DefaultCommits+1)}
}

// replayer replays a history for package advice, whose paths are relative to the
// root that is shown.
func (c *commits) replayer(h *replay.History, r replay.Recipe) advice.Replay {
	return func(edits map[string]replay.Edit, memory replay.Memory) (*replay.Result, error) {
		r := r
		r.Memory, r.Edits = memory, map[string]replay.Edit{}
		for name, e := range edits {
			if c != nil && c.prefix != "" {
				name = strings.TrimPrefix(name, c.prefix+"/")
			}
			r.Edits[path.Clean(name)] = e
		}
		return h.Replay(r)
	}
}

// replayers replay with the Dockerfile of each commit, and with the newest one.
func (c *commits) replayers(h *replay.History, r replay.Recipe) (own, today advice.Replay) {
	own = c.replayer(h, r)
	r.Today = true
	return own, c.replayer(h, r)
}

// recipeOf says how the builds of a record are made. The arguments' values are not
// in it.
func recipeOf(r *record.Record, args map[string]string, every []string) replay.Recipe {
	out := replay.Recipe{Target: r.Invocation.Target, Args: args, Every: every}
	if all := r.Invocation.TargetPlatforms(); len(all) > 0 {
		out.Platform = all[0]
	}
	return out
}

// everyCommit lists the arguments whose value is another one at each commit: it
// holds the commit, or names the run or the time of it; or it was another one in
// the build before.
func everyCommit(args map[string]string, head, base *record.Record, getenv func(string) string) []string {
	var out []string
	moved := map[string]bool{}
	if base != nil && base.SaltID == head.SaltID {
		before := map[string]string{}
		for _, v := range base.Invocation.BuildArgs {
			before[v.Name] = v.Digest
		}
		for _, v := range head.Invocation.BuildArgs {
			moved[v.Name] = before[v.Name] != "" && before[v.Name] != v.Digest
		}
	}
	run := getenv("GITHUB_RUN_ID")
	number := getenv("GITHUB_RUN_NUMBER")
	for name, value := range args {
		sha := head.Commit.SHA
		switch {
		case moved[name],
			len(sha) >= 7 && strings.Contains(value, sha[:7]),
			run != "" && strings.Contains(value, run),
			number != "" && value == number,
			isTime(value, head.StartedAt):
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

var digits = regexp.MustCompile(`[0-9]+`)

// isTime says whether a value is the day of the build, or a second of it.
func isTime(value string, now time.Time) bool {
	if now.IsZero() {
		return false
	}
	plain := strings.Join(digits.FindAllString(value, -1), "")
	for _, at := range []time.Time{now.UTC(), now.UTC().AddDate(0, 0, -1), now.UTC().AddDate(0, 0, 1)} {
		if strings.HasPrefix(plain, at.Format("20060102")) {
			return true
		}
	}
	const day = 24 * 60 * 60
	var seconds int64
	if _, err := fmt.Sscanf(value, "%d", &seconds); err != nil || plain != value {
		return false
	}
	return seconds > now.Unix()-day && seconds < now.Unix()+day
}
