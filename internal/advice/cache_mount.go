package advice

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// mountCaches mounts the folders in which tools keep what they download or compile.
//
// It speaks where an install or a compiler runs again and again, and where the
// builder keeps such mounts from build to build. Before:
//
//	RUN pip install --no-cache-dir -r requirements.txt
//
// After:
//
//	RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
//
// What is in such a folder is no longer in the image. So all commands of a tool
// get the mount that share the folder: those of a stage and of the stages that
// start from it. Where what is installed lies in the folder itself (Go's modules,
// Maven's repository), and a command that is not known, another stage or the image
// may want it, the folder is not mounted. A RUN that has a cache mount is left as
// it is. Flags that keep the tool from caching go, and so do commands that empty
// the folder; Debian's images need their hook off that deletes each package.
//
// What a warm folder saves is not known before it was tried: see leftOfInstall.
func mountCaches(s *scene) []candidate {
	if why := s.mountsEnd(); why != "" {
		s.silent(-1, "%s", why)
		return nil
	}
	var out []candidate
	for _, f := range s.families() {
		if from := s.file.Stages[f.root].From; slices.ContainsFunc(s.bases(), func(b base) bool { return b.at == from && b.windows() }) {
			s.silent(from, "the folders that tools keep things in are not known of images of Windows")
			continue
		}
		for _, g := range f.groups() {
			if c, ok := f.candidate(g); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

// longestJob is how far apart builds of one commit must be to be no builds of one job.
const longestJob = 6 * time.Hour

// mountsEnd says why the builder keeps no cache mount for the next build. A
// builder that is made for one job, as on a hosted runner, shows in that no record
// of another commit, or of another day, has its store.
func (s *scene) mountsEnd() string {
	h := s.Head
	if h.Builder.Driver == "" {
		h = s.Base // nothing was built
	}
	if h == nil {
		return "no build is known, and so no builder that keeps cache mounts for the next one"
	}
	outlived, known := false, false
	for _, r := range append([]*record.Record{s.Base}, s.Past...) {
		if r == nil || r == h || r.ID == h.ID && r.ID != "" {
			continue
		}
		known = true
		outlived = outlived || r.Builder.Worker != "" && r.Builder.Worker == h.Builder.Worker &&
			(h.Commit.SHA == "" || r.Commit.SHA != h.Commit.SHA || h.StartedAt.Sub(r.StartedAt) > longestJob)
	}
	imports := slices.ContainsFunc(h.Caches, func(c record.CacheAccess) bool { return c.Direction == record.Import })
	hits := slices.ContainsFunc(h.Steps, func(x record.Step) bool { return x.Status == record.Hit })
	if outlived || !known && hits && !imports {
		return ""
	}
	return "no earlier build is known to have used this builder, as on a hosted runner, where it ends with the job: a cache mount would be empty in every build"
}

// family is a stage that starts from no other one, and all that start from it.
type family struct {
	*scene
	root   int
	stages []int
	runs   map[int]*cachedRun // by instruction
}

// cachedRun is a RUN whose tools keep things.
type cachedRun struct {
	commands [][]string
	keeps    []*keeping // by command; nil for those of no tool
	env      runEnv
}

func (s *scene) families() []*family {
	var out []*family
	of := map[int]*family{}
	for stage := range s.file.Stages {
		root := stage
		for s.file.Stages[root].Parent >= 0 {
			root = s.file.Stages[root].Parent
		}
		f := of[root]
		if f == nil {
			f = &family{scene: s, root: root, runs: map[int]*cachedRun{}}
			of[root], out = f, append(out, f)
		}
		f.stages = append(f.stages, stage)
		for i := s.file.Stages[stage].From; i < s.file.StageEnd(stage); i++ {
			f.add(i)
		}
	}
	return out
}

func (f *family) add(i int) {
	in := f.file.Instructions[i]
	sc, ok := readScript(in)
	if !ok {
		return
	}
	if slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type == "cache" || m.Type == "" }) {
		f.silent(i, "it has a cache mount")
		return
	}
	r := &cachedRun{commands: sc.commands, env: f.envAt(i)}
	works := false
	for k, words := range sc.commands {
		e := r.env.with(sc.assigns[k])
		kept := keeps(words, e)
		if kept != nil && kept.tool == "yarn" {
			f.whichYarn(kept, e)
		}
		works = works || kept != nil && !kept.cleans
		r.keeps = append(r.keeps, kept)
	}
	if works {
		f.runs[i] = r
	}
}

// whichYarn tells yarn 1 from later ones, which keep packages in the project, or
// run the program from where they keep them.
func (f *family) whichYarn(k *keeping, e runEnv) {
	if k.why != "" || f.context == nil || !slices.Contains(f.context.Paths, ".yarnrc.yml") {
		return
	}
	p := &project{dir: "/", files: map[string]string{"/.yarnrc.yml": ".yarnrc.yml", "/yarn.lock": "yarn.lock"}, read: f.ReadFile}
	var rc struct {
		Linker string `yaml:"nodeLinker"`
		Global *bool  `yaml:"enableGlobalCache"`
	}
	seen, why := p.yaml(".yarnrc.yml", &rc)
	folder := e.in(".yarn/berry/cache", "YARN_GLOBAL_FOLDER")
	if v, ok := e.values["YARN_GLOBAL_FOLDER"]; ok {
		folder = below(e.folder(v), "cache")
	}
	switch {
	case !seen || why != "" || rc.Linker != "node-modules":
		k.why = "yarn runs the packages from the folder that it keeps them in"
	case rc.Global != nil && !*rc.Global || rc.Global == nil && !p.isYarn4():
		k.why = "yarn keeps packages in the project, unless it is Yarn 4 or .yarnrc.yml has enableGlobalCache: true"
	case folder == "":
		k.why = "the folder that yarn keeps things in is not known here"
	default:
		k.mounts = []cacheMount{{folder: folder, locked: true}}
	}
}

var yarnLockVersion = regexp.MustCompile(`(?m)^__metadata:\r?\n  version: (\d+)`)

// isYarn4 says whether a lock file has the form of Yarn 4, or of a later one. From
// then on packages are kept below the home folder:
// https://yarnpkg.com/configuration/yarnrc#enableGlobalCache
func (p *project) isYarn4() bool {
	text, _ := p.text("yarn.lock", "#")
	m := yarnLockVersion.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	version, err := strconv.Atoi(m[1])
	return err == nil && version >= 8
}

// groups lists the tools whose commands have to be edited together, since they
// share folders or instructions; each is named by one of its tools.
func (f *family) groups() [][]string {
	var out [][]string
	for _, i := range slices.Sorted(maps.Keys(f.runs)) {
		var tools []string
		for _, k := range f.runs[i].keeps {
			if k != nil && !slices.Contains(tools, k.tool) {
				tools = append(tools, k.tool)
			}
		}
		out = slices.DeleteFunc(out, func(g []string) bool {
			shared := slices.ContainsFunc(g, func(t string) bool { return slices.Contains(tools, t) })
			if shared {
				tools = append(tools, slices.DeleteFunc(g, func(t string) bool { return slices.Contains(tools, t) })...)
			}
			return shared
		})
		out = append(out, tools)
	}
	return out
}

// members lists the RUNs of a group, in order.
func (f *family) members(tools []string) []int {
	var out []int
	for _, i := range slices.Sorted(maps.Keys(f.runs)) {
		if slices.ContainsFunc(f.runs[i].keeps, func(k *keeping) bool { return k != nil && slices.Contains(tools, k.tool) }) {
			out = append(out, i)
		}
	}
	return out
}

func (f *family) candidate(tools []string) (candidate, bool) {
	at := f.members(tools)
	if !slices.ContainsFunc(at, func(i int) bool { return f.changed(i).Reruns > 0 }) {
		return candidate{}, false
	}
	kept := f.stores(at, tools)
	e := f.file.Edit()
	costs := map[string]float64{}
	var removed, added, folders, unlike []string
	first := -1
	for _, i := range at {
		r, why := f.edited(i, kept)
		if why != "" {
			f.silent(i, "%s", why)
			return candidate{}, false
		}
		if r == nil {
			continue
		}
		if first < 0 || f.changed(i).Reruns > f.changed(first).Reruns {
			first = i
		}
		e.Replace(i, r.lines...)
		removed, added = append(removed, f.file.Instructions[i].Text), append(added, r.text)
		folders, unlike = append(folders, r.folders...), append(unlike, r.unlike...)
		if seconds, _ := f.seconds(i); seconds > 0 {
			costs[r.text] = r.factor * seconds
		}
	}
	if first < 0 {
		return candidate{}, false
	}
	slices.Sort(folders)
	folders = slices.Compact(folders)
	title := fmt.Sprintf("Keep what %s downloads in a cache mount, so that %s finds it when it runs again",
		strings.Join(tools, " and "), quoted(f.file.Instructions[first]))
	c, ok := f.draft(e, first, title, removed, added)
	if !ok {
		f.silent(first, "the edit of its text is not safe")
		return c, false
	}
	c.costs = costs
	c.Assumes = f.assumes(first, costs[added[slices.Index(removed, f.file.Instructions[first].Text)]])
	for _, folder := range folders {
		c.Declares = append(c.Declares, Difference{Path: folder}, Difference{Path: folder + "/**"})
		for dir := path.Dir(folder); dir != "/"; dir = path.Dir(dir) { // made for the folder alone
			if gone := (Difference{Path: dir, Change: "removed"}); !slices.Contains(c.Declares, gone) {
				c.Declares = append(c.Declares, gone)
			}
		}
	}
	slices.Sort(unlike)
	for _, file := range slices.Compact(unlike) {
		c.Declares = append(c.Declares, Difference{Path: "/" + file})
	}
	return c, true
}

// assumes states the model, and how long the mount lives.
func (f *family) assumes(i int, left float64) []string {
	var out []string
	if seconds, _ := f.seconds(i); seconds > 0 && left > 0 {
		out = append(out, fmt.Sprintf("with what it downloaded before, it takes %.0f %% of the time", 100*left/seconds))
	}
	if f.Head.Builder.Driver == "" {
		return append(out, "the builder keeps its cache mounts from build to build, which one that ends with a job does not")
	}
	return append(out, "the builder keeps its cache mounts from build to build, as it kept its results")
}

// stores decides which folders of the group are mounted: none whose content one RUN
// would need of another, stores only where no one else may want what is in them,
// spares only where a store is not.
func (f *family) stores(at []int, tools []string) func(cacheMount) bool {
	why, blocker := f.apart(at, tools)
	needed := why != ""
	for _, i := range at {
		for _, k := range f.runs[i].keeps {
			if k == nil || !slices.Contains(tools, k.tool) {
				continue
			}
			for _, m := range k.mounts {
				if m.store && why == "" {
					why, blocker = f.wanted(m.folder, k.tool, at)
				}
			}
		}
	}
	if why != "" {
		f.silent(blocker, "%s", why)
	}
	unlisted, lister := f.lists(at)
	if unlisted != "" {
		f.silent(lister, "%s", unlisted)
	}
	return func(m cacheMount) bool {
		switch {
		case m.folder == aptLists || m.folder == apkCache:
			return unlisted == ""
		case m.store:
			return why == ""
		case m.spare:
			return why != ""
		}
		return !needed
	}
}

// wanted says what else may want what a tool installs into a folder, and where.
func (f *family) wanted(folder, tool string, at []int) (why string, where int) {
	dirs := map[int]string{}
	for _, stage := range f.stages {
		maps.Copy(dirs, f.workdirs(stage))
	}
	for i, in := range f.file.Instructions {
		own := in.Stage >= 0 && slices.Contains(f.stages, in.Stage)
		if from, ok := in.Flag("from"); ok && slices.Contains(f.stages, f.file.StageNamed(from)) {
			sources, _, _ := in.Paths()
			if slices.ContainsFunc(sources, func(s string) bool { return inside(folder, strings.TrimSuffix(s, "/")) || inside(s, folder) }) {
				return "it copies what " + tool + " installs into " + folder, i
			}
		}
		if _, dest, ok := in.Paths(); ok && own {
			dest = inDir(dirs[i], dest)
			_, from := in.Flag("from")
			brings := inside(dest, folder) || inside(folder, dest) && (from || dest != "/")
			if c := f.copies[i]; c != nil {
				brings = slices.ContainsFunc(f.context.Paths, func(file string) bool {
					rel, ok := c.target(file)
					return ok && inside(path.Join(dest, rel), folder)
				})
			}
			if brings {
				return "it brings what is in " + folder + ", which a mount would hide", i
			}
		}
		switch {
		case !own || i < at[0] || slices.Contains(at, i):
		case in.Command == "CMD" || in.Command == "ENTRYPOINT":
			if slices.Contains(strings.FieldsFunc(in.Text, func(r rune) bool { return strings.ContainsRune(` "[],'/`, r) }), tool) {
				return "the image runs " + tool + ", which wants what is in " + folder, i
			}
		case in.Command == "RUN":
			if !f.indifferent(in, folder) {
				return "it may need what " + tool + " installs into " + folder, i
			}
		}
	}
	return "", -1
}

// plainTools are commands that run no package manager and take no time worth
// counting; scriptTools run what JavaScript there is.
var (
	plainTools = []string{"cp", "mv", "ln", "chmod", "chown", "ls", "cat", "sed", "tar", "strip", "test", "[", "touch", "mkdir", "rm", "file", "ldd",
		"sha256sum", "date", "printenv", "printf"}
	scriptTools = []string{"npm", "yarn", "pnpm", "npx", "node", "curl", "wget", "upx", "sleep"}
)

// indifferent says whether a RUN surely does without what is in a folder.
func (f *family) indifferent(in dockerfile.Instruction, folder string) bool {
	sc, ok := readScript(in)
	return ok && !strings.Contains(in.Text, folder) && !slices.ContainsFunc(sc.commands, func(words []string) bool {
		return !slices.Contains(plainTools, words[0]) && !slices.Contains(scriptTools, words[0]) && classify(words).purpose == unknown && keeps(words, runEnv{}) == nil
	})
}
