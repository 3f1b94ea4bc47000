package replay

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
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

// reader puts together what git printed.
type reader struct {
	git     git
	options Options
	commits []logged // the newest first
	tree    map[string]object

	versions []map[string]object // by commit, the oldest first: the files that say how to build
}

// history takes the trees back to the oldest commit.
func (r *reader) history(ctx context.Context) (*History, error) {
	n := len(r.commits)
	changes := make([][]change, n)
	r.versions = make([]map[string]object, n)
	names := r.names()
	for i, c := range r.commits { // i commits before the newest
		at := n - 1 - i
		files := r.look(names)
		if r.versions[at] = files; i == n-1 {
			break
		}
		for _, x := range c.changes {
			if x.before.mode == 0 {
				delete(r.tree, x.path)
			} else {
				r.tree[x.path] = x.before
			}
			if p, ok := r.inContext(x.path); ok {
				changes[at] = append(changes[at], change{p, contentOf(x.after)})
			}
		}
		names = r.moved(names, c.changes)
	}
	first := make(map[string]content, len(r.tree))
	for p, o := range r.tree {
		if p, ok := r.inContext(p); ok {
			first[p] = contentOf(o)
		}
	}
	states, err := r.states(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.follow(ctx, first, changes); err != nil {
		return nil, err
	}
	folders(first, changes)
	if r.options.Context == "." {
		for p, c := range dotGit {
			first[p] = c
		}
	}
	out := make([]Commit, n)
	for i, c := range r.commits {
		out[n-1-i] = c.Commit
	}
	return newHistory(out, newTree(first, changes), states), nil
}

// dotGit is the repository's own folder, part of a context that is the whole
// checkout: enough of it to see which of it an ignore file lets through.
var dotGit = map[string]content{
	".git": plain, ".git/HEAD": {kind: restless}, ".git/index": {kind: restless},
	".git/logs": plain, ".git/logs/HEAD": {kind: restless},
	".git/objects": plain, ".git/objects/00": plain, ".git/objects/00/" + strings.Repeat("0", 38): {kind: restless},
	".git/refs": plain, ".git/refs/heads": plain, ".git/refs/heads/main": {kind: restless},
}

// contentOf is what a checkout makes of an object.
func contentOf(o object) content {
	switch o.mode {
	case 0:
		return content{}
	case modeLink:
		return content{link, o.id}
	case modeModule:
		return content{module, ""}
	case modeExecutable:
		return content{file, "x" + o.id}
	}
	return content{file, o.id}
}

// inContext gives a path relative to the context. What no checkout can hold is in
// none.
func (r *reader) inContext(p string) (string, bool) {
	if len(p) > maxPath || strings.ContainsRune(p, 0) {
		return "", false
	}
	for word := range strings.SplitSeq(p, "/") {
		if word == "" || word == "." || word == ".." || strings.EqualFold(word, ".git") {
			return "", false
		}
	}
	return inside(r.options.Context, p)
}

// names are the Dockerfile's path and that of the ignore files that go with it.
func (r *reader) names() []string {
	return []string{r.options.Dockerfile, ignoredBy(r.options.Dockerfile), ignoreFile(r.options.Context)}
}

// look gives the objects of the files that say how to build.
func (r *reader) look(names []string) map[string]object {
	out := map[string]object{}
	for i, p := range names {
		if o := r.tree[p]; o.mode == modeFile || o.mode == modeExecutable {
			out[r.names()[i]] = o
		}
	}
	return out
}

// moved follows the Dockerfile back to where it was before a commit that only moved
// it: the file of the same content, or else the only file of the same name that the
// commit removed. The tree is that before the commit.
func (r *reader) moved(names []string, changes []rawChange) []string {
	if _, there := r.tree[names[0]]; there {
		return names
	}
	i := slices.IndexFunc(changes, func(c rawChange) bool { return c.path == names[0] })
	if i < 0 {
		return names
	}
	var equal, named []string
	for _, c := range changes {
		if c.after.mode != 0 || c.before.mode != modeFile && c.before.mode != modeExecutable {
			continue
		}
		if c.before.id == changes[i].after.id {
			equal = append(equal, c.path)
		}
		if path.Base(c.path) == path.Base(names[0]) {
			named = append(named, c.path)
		}
	}
	for _, found := range [][]string{equal, named} {
		if len(found) == 1 {
			return []string{found[0], ignoredBy(found[0]), names[2]}
		}
	}
	return names
}

// states reads the texts of the files that say how to build.
func (r *reader) states(ctx context.Context) ([]state, error) {
	var ids []string
	for _, v := range r.versions {
		for _, o := range v {
			ids = append(ids, o.id)
		}
	}
	texts, err := r.git.blobs(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := r.names()
	out := make([]state, len(r.versions))
	for i, v := range r.versions {
		read := func(p string) named {
			o, ok := v[p]
			if !ok {
				return named{path: p}
			}
			return named{p, texts[o.id]}
		}
		out[i] = state{file: read(names[0]), own: read(names[1]), root: read(names[2])}
	}
	return out, nil
}

// follow reads where links lead.
func (r *reader) follow(ctx context.Context, first map[string]content, changes [][]change) error {
	var ids []string
	for _, c := range first {
		if c.kind == link {
			ids = append(ids, c.id)
		}
	}
	for _, list := range changes {
		for _, c := range list {
			if c.after.kind == link {
				ids = append(ids, c.after.id)
			}
		}
	}
	texts, err := r.git.blobs(ctx, ids)
	if err != nil {
		return err
	}
	for p, c := range first {
		if c.kind == link {
			first[p] = content{link, string(texts[c.id])}
		}
	}
	for _, list := range changes {
		for i, c := range list {
			if c.after.kind == link {
				list[i].after.id = string(texts[c.after.id])
			}
		}
	}
	return nil
}
