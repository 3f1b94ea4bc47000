package pipeline

import (
	"bufio"
	"context"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// Bounds of asking git which commits changed the files of the causes.
const (
	gitPatience  = 2 * time.Second
	maxAsked     = 500       // files
	maxAskedText = 100 << 10 // bytes of their names
)

// checkout is the build context in a work tree of git.
type checkout struct {
	dir    string // empty: there is none
	commit string // the one that was built
}

// checkout is where a build context was checked out. What a runner built need not
// be the commit that it names: of a pull request that is a merge.
func (r *runner) checkout(dir string, built *record.Record) checkout {
	if r.active {
		return checkout{dir, "HEAD"}
	}
	return checkout{dir, built.Commit.SHA}
}

// checkoutOf looks for the checkout that a record was made in below the current
// folder's repository.
func checkoutOf(ctx context.Context, env Env, r *record.Record) checkout {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	if !isSHA(r.Commit.SHA) || !filepath.IsLocal(r.Invocation.Context) {
		return checkout{}
	}
	root := git{ctx, env.Dir}.run("rev-parse", "--show-toplevel")
	if root == "" {
		return checkout{}
	}
	return checkout{filepath.Join(root, r.Invocation.Context), r.Commit.SHA}
}

// nameCommits writes into the evidence the last commit since base that changed each
// file. Nothing is said of a file where git does not know: without a repository,
// with a history that does not go back that far, or where the change has not been
// committed.
func (c checkout) nameCommits(ctx context.Context, causes []cause.Cause, base string) {
	if c.commit == "" || !isDir(c.dir) || !isSHA(base) || base == c.commit {
		return
	}
	var paths []string
	left := maxAskedText
	asked := map[string]bool{}
	for i := range causes {
		if causes[i].Context != "context" {
			continue // a folder that need not be in this repository
		}
		for _, f := range causes[i].Evidence.Files {
			if left -= len(f.Path) + 1; left < 0 || len(paths) == maxAsked {
				break
			}
			if !asked[f.Path] && filepath.IsLocal(f.Path) && !strings.ContainsRune(f.Path, 0) {
				asked[f.Path] = true
				paths = append(paths, f.Path)
			}
		}
	}
	if len(paths) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	by := c.changedBy(ctx, base, paths)
	for i := range causes {
		if causes[i].Context != "context" {
			continue
		}
		for n, f := range causes[i].Evidence.Files {
			causes[i].Evidence.Files[n].Commit = by[f.Path]
		}
	}
}

// changedBy asks git for the commits. What is not committed has none, and a folder
// has none either.
func (c checkout) changedBy(ctx context.Context, base string, paths []string) map[string]string {
	by := make(map[string]string, len(paths))
	for _, p := range paths {
		by[p] = ""
	}
	ask := func(use func(line string) bool, command ...string) {
		args := slices.Concat(
			[]string{"-c", "core.quotePath=false", "--literal-pathspecs"},
			command,
			[]string{"--name-only", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "--relative", "--"},
			paths)
		eachLine(git{ctx, c.dir}.command(args...), use)
	}
	left := len(by)
	settle := func(path, commit string) bool {
		if known, asked := by[path]; asked && known == "" {
			by[path] = commit
			left--
		}
		return left > 0
	}
	const uncommitted = "-"
	ask(func(line string) bool { return settle(line, uncommitted) }, "diff", "HEAD")
	commit := ""
	ask(func(line string) bool {
		if sha, ok := strings.CutPrefix(line, "\x01"); ok {
			commit = sha
			return true
		}
		return settle(line, commit) // the newest comes first
	}, "log", "--format=%x01%H", base+".."+c.commit)
	maps.DeleteFunc(by, func(_, commit string) bool { return !isSHA(commit) })
	return by
}

// eachLine gives the lines that a command prints until one is enough.
func eachLine(cmd *exec.Cmd, use func(line string) bool) {
	out, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && use(lines.Text()) {
	}
	cmd.Process.Kill() // it is not asked any more
	cmd.Wait()
}

// isSHA says that a commit is named by its full hash, and by nothing that git could
// take for an option.
func isSHA(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
