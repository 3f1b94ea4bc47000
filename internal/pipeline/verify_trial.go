package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/imagefiles"
)

// trial is a verification under way.
type trial struct {
	v       *verification
	options buildkit.Options // with the copy's paths
	trees   *trees
	realm   string
	realms  int
	redact  func(string) string

	head *built // unpatched, after the base
	// executions are what executions of the unpatched head were seen to differ in.
	executions []imagefiles.Difference
}

// built is one build of a trial.
type built struct {
	*buildkit.Tried
	image imagefiles.Image
}

// newRealm names a cache that is nobody else's.
func newRealm() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// fresh names a cache with nothing in it.
func (t *trial) fresh() string {
	t.realms++
	return fmt.Sprintf("%s-%d", t.realm, t.realms)
}

// end removes what the builds leave behind, also if they were interrupted.
func (t *trial) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	// Cache mounts that stay are the builder's garbage: nothing depends on it.
	buildkit.Forget(ctx, t.v.on, t.realm)
	t.trees.close()
}

// plan says what has to be copied: the folders of the local contexts, and the files
// that are read besides.
func (t *trial) plan(p *treePlan) {
	o := &t.options
	file := o.File
	if file == "" {
		file = filepath.Join(o.Context, "Dockerfile")
	}
	p.folders = []string{o.Context}
	p.files = []string{file}
	if real, err := filepath.EvalSymlinks(file); err == nil {
		p.files = append(p.files, real) // what a link leads to may be ignored
	}
	for _, rules := range []string{file + ".dockerignore", filepath.Join(o.Context, ".dockerignore")} {
		if _, err := os.Stat(rules); err != nil {
			continue
		}
		p.files = append(p.files, rules)
		if p.ignore == "" {
			p.ignore = rules
		}
	}
	for _, c := range o.BuildContexts {
		if _, dir, ok := strings.Cut(c, "="); ok && t.inRepository(dir) {
			p.folders = append(p.folders, dir)
		}
	}
}

// inRepository says that a named context is a folder of the repository. One that lies
// elsewhere is the same in both states.
func (t *trial) inRepository(dir string) bool {
	if !isDir(dir) {
		return false
	}
	root, err := filepath.EvalSymlinks(t.options.Root)
	real, err2 := filepath.EvalSymlinks(dir)
	if err != nil || err2 != nil {
		return false
	}
	if real, err = filepath.Abs(real); err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && filepath.IsLocal(rel)
}

// place makes the build's paths those of the copy.
func (t *trial) place() error {
	o := &t.options
	var err error
	move := func(path string) string {
		to, moveErr := t.trees.path(path)
		err = errors.Join(err, moveErr)
		return to
	}
	contexts := slices.Clone(o.BuildContexts)
	for i, c := range contexts {
		if name, dir, ok := strings.Cut(c, "="); ok && t.inRepository(dir) {
			contexts[i] = name + "=" + move(dir)
		}
	}
	o.BuildContexts = contexts
	if o.File != "" {
		o.File = move(o.File)
	}
	o.Context, o.Root, o.Hidden = move(o.Context), t.trees.tree(), nil
	return err
}

// build builds a state of the repository with edits. Finds names the cache.
func (t *trial) build(ctx context.Context, what string, s state, edits []advice.FileEdit, finds string, files bool) (*built, error) {
	if err := t.trees.set(ctx, s, edits); err != nil {
		return nil, err
	}
	o := t.options
	if s == atBase && t.v.otherArgs {
		o.BuildArgs = t.v.args
	}
	switch o.Progress {
	case "rawjson", "quiet", "none":
	default:
		fmt.Fprintf(t.v.log, "layercause verifies: %s\n", printable(what))
	}
	prepared, err := buildkit.Prepare(o)
	var usage *buildkit.UsageError
	if errors.As(err, &usage) { // a Dockerfile that cannot be read
		return &built{Tried: &buildkit.Tried{Err: err}}, nil
	}
	if err != nil {
		return nil, err
	}
	t.redact = prepared.Redact
	b := &built{}
	folder, err := realPath(t.v.options.Context) // a relative one would be that of other repositories
	if err != nil {
		return nil, err
	}
	try := buildkit.Trial{Realm: finds, Context: folder}
	if files {
		try.Files = func(r io.Reader) (err error) {
			b.image.Files, err = imagefiles.Read(r)
			return err
		}
	}
	if b.Tried, err = prepared.Try(ctx, t.v.on, t.v.log, try); err != nil {
		return nil, err
	}
	b.image.Config = b.Config
	return b, nil
}

// printable takes out what could command a terminal: file names are anybody's.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// unpatched builds the base, and then the head with what the base left behind.
func (t *trial) unpatched(ctx context.Context) error {
	if !t.trees.differ() && !t.v.otherArgs {
		return fmt.Errorf("the commit %.12s of the build before has nothing that is not the same now", t.v.commit)
	}
	finds := t.fresh()
	base, err := t.build(ctx, "the build before, as it is, without any cache", atBase, nil, finds, false)
	switch {
	case err != nil:
		return err
	case base.Err != nil:
		return fmt.Errorf("the commit %.12s of the build before does not build: %s", t.v.commit, brief(base.Err))
	}
	t.head, err = t.build(ctx, "this build, as it is, after the one before", atHead, nil, finds, true)
	switch {
	case err != nil:
		return err
	case t.head.Err != nil:
		return fmt.Errorf("this build does not succeed again: %s", brief(t.head.Err))
	case t.head.Executed == 0:
		why := ""
		if len(t.v.unknown) > 0 {
			why = ": what " + strings.Join(t.v.unknown, ", ") + " was before is not known"
		}
		return errors.New("after the build before, no step of this build ran again" + why)
	}
	return nil
}

// patched proves one suggestion. It writes what was measured into it.
func (t *trial) patched(ctx context.Context, g *advice.Suggestion, name string) error {
	edits := g.Edits
	finds := t.fresh()
	base, err := t.build(ctx, name+": the build before, with the patch, without any cache", atBase, edits, finds, false)
	if errors.Is(err, errUnfit) {
		return fmt.Errorf("%w: at the commit %.12s %w", errUnverified, t.v.commit, err)
	}
	if err != nil {
		return err
	}
	if base.Err != nil {
		// It may be the base that the patch does not suit.
		head, err := t.build(ctx, name+": this build, with the patch, without any cache", atHead, edits, t.fresh(), false)
		switch {
		case err != nil:
			return err
		case head.Err != nil:
			return t.broken(ctx, head)
		}
		return fmt.Errorf("%w: with the patch the commit %.12s does not build: %s", errUnverified, t.v.commit, brief(base.Err))
	}
	var after *built
	for range 2 { // what is downloaded may be away for a moment
		after, err = t.build(ctx, name+": this build, with the patch, after the one before", atHead, edits, finds, true)
		if err != nil {
			return err
		}
		if after.Err == nil {
			break
		}
	}
	if after.Err != nil {
		return t.broken(ctx, after)
	}
	all, err := t.compare(ctx, after, g)
	if err != nil {
		return err
	}
	g.Verified = &advice.Verification{
		SecondsBefore: t.head.Seconds, SecondsAfter: after.Seconds, SameFiles: len(all) == 0,
	}
	g.Verified.Differences, g.Verified.DifferenceCount = differing(all, t.redact)
	return nil
}

// broken is a patch that does not build, which no rule may make. It is none if the build
// fails without it too by now: a builder dies, and what is downloaded may be away.
func (t *trial) broken(ctx context.Context, b *built) error {
	if _, err := t.again(ctx, "with a patch it fails, and this tells whether it does without one"); err != nil {
		return err
	}
	return &unfounded{"with its patch the build fails: " + brief(b.Err) + ". This is a fault of layercause: please report it"}
}

// again executes all of the unpatched head.
func (t *trial) again(ctx context.Context, why string) (*built, error) {
	b, err := t.build(ctx, "this build, as it is, without any cache: "+why, atHead, nil, t.fresh(), true)
	if err == nil && b.Err != nil {
		err = fmt.Errorf("this build does not succeed again: %s", brief(b.Err))
	}
	return b, err
}

// brief is what an error of a build says first: the rest is in the log.
func brief(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) <= longestError {
		return line
	}
	return strings.ToValidUTF8(line[:longestError], "") + "…"
}

// compare gives the differences of the images that the suggestion's rule declares. If
// there are others the suggestion is unfounded, unless the image differs so each time.
func (t *trial) compare(ctx context.Context, after *built, g *advice.Suggestion) ([]imagefiles.Difference, error) {
	all, err := imagefiles.Compare(t.head.image, after.image)
	if err != nil {
		return nil, err
	}
	all = imagefiles.Unedited(all, t.head.image, after.image, t.trees.texts(g.Edits))
	declared := declaredBy(g)
	steady := imagefiles.Steady(all, t.executions)
	if len(imagefiles.Undeclared(steady, declared)) > 0 {
		// What was seen before is not enough: a file may hold the minute.
		again, err := t.again(ctx, "the images differ, and this tells in what they always do")
		if err != nil {
			return nil, err
		}
		more, err := imagefiles.Compare(t.head.image, again.image)
		if err != nil {
			return nil, err
		}
		t.executions = append(t.executions, more...)
		steady = imagefiles.Steady(all, t.executions)
	}
	left := imagefiles.Undeclared(steady, declared)
	if len(left) == 0 {
		return steady, nil
	}
	texts, count := differing(left, t.redact)
	shown := texts[:min(len(texts), differingShown)]
	why := "with its patch the image differs: " + strings.Join(shown, "; ")
	if count > len(shown) {
		why += fmt.Sprintf("; and %d more", count-len(shown))
	}
	return nil, &unfounded{why}
}

// declaredBy is how the image may differ, by what the rule says.
func declaredBy(g *advice.Suggestion) []imagefiles.Declared {
	var out []imagefiles.Declared
	for _, d := range g.Declares {
		out = append(out, imagefiles.Declared{Path: d.Path, Change: imagefiles.Change(d.Change)})
	}
	return out
}
