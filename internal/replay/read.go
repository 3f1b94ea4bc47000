package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// DefaultCommits is how many commits are replayed unless another number is asked for.
const DefaultCommits = 50

// Options say what to read of a repository.
type Options struct {
	// Dir is any folder of the repository, or a bare repository.
	Dir string
	// Ref is the newest commit; empty is HEAD.
	Ref string
	// Commits is how many builds are replayed; 0 is [DefaultCommits].
	Commits int
	// Context is the build context relative to the repository, with slashes; empty is
	// the repository itself.
	Context string
	// Dockerfile is relative to the repository; empty is the one in the context.
	Dockerfile string
	// CRLF says that a checkout ends the lines of these files with CRLF where git keeps
	// them with LF, as with core.autocrlf or an attribute eol=crlf.
	CRLF bool
}

// ended is a text with the ends of lines that a checkout gives it.
func (o Options) ended(text []byte) []byte {
	if !o.CRLF || text == nil || bytes.Contains(text, []byte("\r\n")) {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}

// Error is a state of the repository in which nothing can be replayed.
type Error struct {
	Text string
	Hint string
	Err  error // what git said, or nil
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Text + ": " + e.Err.Error()
	}
	return e.Text
}

// Unwrap gives what git said.
func (e *Error) Unwrap() error { return e.Err }

// maxPath is the longest path, in bytes, that Linux takes: a longer one is in no
// checkout and so in no context.
const maxPath = 4095

// Read reads the last commits of a repository, first parents only, with the git
// program. It looks neither at the work tree nor at the index, and writes nothing.
// An error that a user can mend is an [Error].
func Read(ctx context.Context, o Options) (*History, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	g := git{o.Dir}
	head, shallow, err := g.find(ctx, o)
	if err != nil {
		return nil, err
	}
	log, err := g.ask(ctx, "log", "--first-parent", "-m", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative",
		"--no-ext-diff", "--no-textconv", "--no-color", "--no-notes", "--ignore-submodules=none", "--root", "-O/dev/null",
		logFormat, "-n", strconv.Itoa(o.Commits+1), head, "--")
	if err != nil {
		return nil, unread(err)
	}
	commits, err := parseLog(log)
	if err != nil {
		return nil, err
	}
	if len(commits) == 0 {
		return nil, &Error{Text: "the branch has no commit", Hint: "commit what is to be built"}
	}
	list, err := g.ask(ctx, "ls-tree", "-r", "-z", "--full-tree", head)
	if err != nil {
		return nil, unread(err)
	}
	tree, err := parseTree(list)
	if err != nil {
		return nil, err
	}
	r := &reader{git: g, options: o, commits: commits, tree: tree}
	h, err := r.history(ctx)
	if err != nil {
		return nil, err
	}
	h.Shallow = shallow && len(commits) <= o.Commits
	switch n := len(commits) - 1; {
	case h.Shallow:
		h.Notes = append(h.Notes, Note{
			fmt.Sprintf("the clone is shallow: it has %s instead of the %d that were asked for", count(n, "commit to replay", "commits to replay"), o.Commits),
			fmt.Sprintf("check out with fetch-depth: %d, or 0 for the whole history", o.Commits+1),
		})
	case n == 0:
		h.Notes = append(h.Notes, Note{"the branch has a single commit, and nothing to compare it with", "replay a branch with a history"})
	}
	return h, nil
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// complete puts the defaults in.
func (o *Options) complete() error {
	if o.Dir == "" {
		o.Dir = "."
	}
	if o.Ref == "" {
		o.Ref = "HEAD"
	}
	if o.Commits < 0 {
		return &Error{Text: fmt.Sprintf("%d is no number of commits", o.Commits), Hint: "ask for one or more"}
	}
	if o.Commits == 0 {
		o.Commits = DefaultCommits
	}
	o.Context = path.Clean("./" + filepath.ToSlash(o.Context))
	if o.Dockerfile == "" {
		o.Dockerfile = path.Join(o.Context, "Dockerfile")
	}
	o.Dockerfile = path.Clean(filepath.ToSlash(o.Dockerfile))
	for what, p := range map[string]string{"build context": o.Context, "Dockerfile": o.Dockerfile} {
		if !filepath.IsLocal(filepath.FromSlash(p)) {
			return &Error{
				Text: fmt.Sprintf("the %s %q lies outside the repository", what, p),
				Hint: "only what is committed can be replayed",
			}
		}
	}
	return nil
}

// find finds the newest commit, and says whether the clone is shallow.
func (g git) find(ctx context.Context, o Options) (head string, shallow bool, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", false, &Error{Text: "replaying commits needs the git program, which is not there", Hint: "install git", Err: nil}
	}
	answer, err := g.line(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		if ctx.Err() != nil {
			return "", false, ctx.Err()
		}
		return "", false, &Error{
			Text: fmt.Sprintf("%q is in no git repository that can be read", o.Dir), Err: err,
			Hint: "run it in a checkout with its .git folder",
		}
	}
	if strings.HasPrefix(o.Ref, "-") {
		return "", false, &Error{Text: fmt.Sprintf("%q names no commit", o.Ref), Hint: "name a branch, a tag or a commit"}
	}
	head, err = g.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", o.Ref+"^{commit}")
	if err != nil || !isID(head) {
		if o.Ref == "HEAD" {
			return "", false, &Error{Text: "the repository has no commit yet", Hint: "commit what is to be built"}
		}
		return "", false, &Error{Text: fmt.Sprintf("the repository has no commit %q", o.Ref), Hint: "name a branch, a tag or a commit, and fetch it"}
	}
	return head, answer == "true", nil
}

// unread says what git could not read.
func unread(err error) error {
	if missing(err) {
		return &Error{
			Text: "the clone lacks folders of its commits, as a partial one does", Err: err,
			Hint: "clone without --filter=tree:0; --filter=blob:none can be replayed",
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{Text: "git cannot read the repository's commits", Err: err, Hint: "check it with git fsck"}
}
