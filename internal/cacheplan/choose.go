package cacheplan

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/layercause/layercause/internal/record"
)

// Situation is what a choice depends on. The zero value knows of no cache.
type Situation struct {
	Invocation record.Invocation
	// Commit has the branch, the one that a pull request goes to, and the default
	// one; of a tag it has no branch.
	Commit record.Commit
	// Platform is the builder's own, which stands for no platform asked for.
	Platform string
	// Images are names of the image, with or without a tag, and Pushes says that
	// the build pushes it.
	Images []string
	Pushes bool
	// Actions says that a runner of GitHub Actions runs the build, Event what
	// triggered it, Fork that the commit is somebody else's, and Protected that the
	// branch has a protection.
	Actions, Fork, Protected bool
	Event                    string
	// Service says that the job can use GitHub's cache service, and Mode is the
	// runner's ACTIONS_CACHE_MODE: read, write, write-only, none, or empty.
	Service bool
	Mode    string
	// Engine says that the builder is the Docker engine's own, of an engine without
	// containerd's image store: it reads caches of registries and writes none.
	Engine bool
	// From and To say that the user named caches to import and to export.
	From, To bool
	// Past are earlier builds of the same, the newest first. PastUnknown says that
	// they could not be read.
	Past        []*record.Record
	PastUnknown bool
}

// Plan is the choice.
type Plan struct {
	// From and To are entries of --cache-from and --cache-to.
	From, To []string
	// Why says what was chosen, and why nothing more, in one line.
	Why string
}

// Choose chooses caches. What the user named is left alone, each direction for
// itself.
func Choose(s Situation) Plan {
	var p Plan
	imports := "cache-from is given"
	if !s.From {
		p.From, imports = s.imports()
	}
	exports := "cache-to is given"
	if !s.To {
		p.To, exports = s.exports()
	}
	p.Why = "cache: auto: " + imports + "; " + exports
	return p
}

// imports are the caches that builds of this branch, and of those that it comes
// from, may have written. Which of them do push is not known where this one does
// not: then it looks into both kinds.
func (s Situation) imports() ([]string, string) {
	var list, names []string
	if repository := s.repository(); repository != "" {
		for _, branch := range s.sources() {
			ref := s.ref(repository, branch)
			list = append(list, "type=registry,ref="+ref)
			names = append(names, ref)
		}
	}
	if s.Service && !s.Engine && s.Mode != "none" && s.Mode != "write-only" && !(s.Pushes && len(list) > 0) {
		list = append(list, "type=gha,scope="+s.scope())
		names = append(names, "the Actions cache "+s.scope())
	}
	if len(list) == 0 {
		return nil, "imports nothing: " + s.nowhere()
	}
	return list, "imports " + strings.Join(names, ", ")
}

// sources are the branches whose caches in a registry are read: the own one if
// something was exported for it, then that of the pull request, then the default
// one.
func (s Situation) sources() []string {
	var out []string
	add := func(branch string) {
		for _, b := range out {
			if b == branch {
				return
			}
		}
		if branch != "" {
			out = append(out, branch)
		}
	}
	if s.Commit.Branch != "" && !s.Fork && (s.lasting() || s.exported(s.ref(s.repository(), s.Commit.Branch))) {
		add(s.Commit.Branch)
	}
	add(s.Commit.BaseBranch)
	add(s.Commit.Default)
	return out
}

// exported says that an earlier build wrote to a cache in a registry.
func (s Situation) exported(ref string) bool {
	for _, r := range s.Past {
		if r.Status == record.Failed {
			continue
		}
		for _, c := range r.Caches {
			if c.Direction == record.Export && c.Type == "registry" && c.Ref == ref && c.Error == "" {
				return true
			}
		}
	}
	return false
}

// unfed says that no build is known that wrote, or was to write, what this one imports:
// then one has to begin, or each build of the branch does all its steps again. Where the
// user says what is imported, nothing is known of that.
func (s Situation) unfed() bool {
	if s.From || s.PastUnknown {
		return false
	}
	repository := s.repository()
	for _, r := range s.Past {
		if r.Status == record.Failed {
			continue // before it could export
		}
		b := r.Commit
		own := b.Branch == s.Commit.Branch && b.BaseBranch == s.Commit.BaseBranch
		base := b.BaseBranch == "" && (b.Branch == s.Commit.BaseBranch || b.Branch == s.Commit.Default)
		for _, c := range r.Caches {
			if c.Direction == record.Export && (own || base) && (c.Type == "gha" && c.Ref == s.scope() ||
				c.Type == "registry" && c.Ref == s.ref(repository, b.Branch)) {
				return false
			}
		}
	}
	return true
}

// exports are the cache that this build writes, if it writes one.
func (s Situation) exports() ([]string, string) {
	const nothing = "exports nothing: "
	entry, name := "", ""
	switch repository := s.repository(); {
	case s.Engine:
		return nil, nothing + "without containerd's image store the Docker engine's own builder writes no cache; a builder of docker/setup-buildx-action does"
	case !s.Actions:
		return nil, nothing + "the builder on this machine keeps what it made"
	case s.Fork:
		return nil, nothing + "the commit is a fork's, whose cache no other branch reads, and which would take room from theirs"
	case privileged(s.Event):
		return nil, nothing + "a job of " + s.Event + " shall not write what others build with"
	case s.Event == "merge_group":
		return nil, nothing + "a merge queue's branch is built once"
	case s.Commit.Branch == "":
		return nil, nothing + "no branch is built, so no later build would read it"
	case s.Pushes && repository != "":
		name = s.ref(repository, s.Commit.Branch)
		entry = "type=registry,ref=" + name
	case s.Service && (s.Mode == "read" || s.Mode == "none"):
		return nil, nothing + "the runner's ACTIONS_CACHE_MODE is " + s.Mode
	case s.Service:
		name = "the Actions cache " + s.scope()
		entry = "type=gha,scope=" + s.scope()
	default:
		return nil, nothing + "the job has no cache service that it can use, and the build pushes no image that others could"
	}
	why := ""
	switch {
	case s.lasting():
		why = s.standing()
	case s.unfed():
		why = "no build is known that exported what this one imports"
	default:
		pays, evidence := s.wouldPay()
		if !pays {
			return nil, nothing + evidence
		}
		why = evidence
	}
	// A cache that cannot be written fails no build.
	return []string{entry + ",mode=max,ignore-error=true"}, "exports " + name + " with mode=max, since " + why
}

// privileged says that an event's job may hold more rights than who wrote the code.
// https://docs.github.com/en/actions/reference/security/secure-use
func privileged(event string) bool {
	switch event {
	case "pull_request_target", "workflow_run", "issue_comment":
		return true
	}
	return false
}

// lasting says that other builds start from the branch.
func (s Situation) lasting() bool { return s.standing() != "" }

// standing says why other builds start from the branch; it is empty if nothing
// tells that they do.
func (s Situation) standing() string {
	branch := s.Commit.Branch
	switch {
	case s.Commit.BaseBranch != "" || branch == "":
		return ""
	case branch == s.Commit.Default:
		return branch + " is the default branch"
	case s.Protected:
		return branch + " is protected"
	}
	for _, r := range s.Past {
		if r.Commit.BaseBranch == branch {
			return "pull requests go to " + branch
		}
	}
	return ""
}

// repository is where the image is pushed to, by this build or by another one: the
// first name's. A name of Docker Hub without a user is nobody's to push to.
func (s Situation) repository() string {
	for _, image := range s.Images {
		named, err := reference.ParseNormalizedNamed(image)
		if err != nil {
			continue
		}
		if name := reference.TrimNamed(named).Name(); !strings.HasPrefix(name, "docker.io/library/") {
			return name
		}
	}
	return ""
}

// nowhere says why no cache can be reached.
func (s Situation) nowhere() string {
	switch {
	case s.Engine:
		return "without containerd's image store the Docker engine's own builder reads a cache of a registry alone, and no tag names one"
	case s.Actions && s.Service:
		return "the runner's ACTIONS_CACHE_MODE is " + s.Mode
	case s.Actions:
		return "the job has no cache service that it can use, and no tag names a repository that others push to"
	}
	return "no tag names a repository that another build could have pushed to"
}
