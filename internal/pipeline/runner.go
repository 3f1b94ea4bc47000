package pipeline

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/console"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/report"
)

// runner is the GitHub Actions runner, if one runs the program.
type runner struct {
	active  bool
	inputs  bool // the inputs stand for the flags
	event   action.Event
	log     *action.Log
	comment action.CommentMode
	token   string
	matrix  string
	// folders are those that other steps know by other names.
	folders action.Folders
	// records are to be published instead of a build.
	records []string
	// told says that the annotations tell already what the build failed with.
	told bool
}

// newRunner reads the event and, where the program runs as an action, the
// inputs, which stand for the flags.
func newRunner(env Env, o *BuildOptions) (*runner, error) {
	r := &runner{active: env.inActions(), comment: action.CommentMode(o.Comment), token: o.GitHubToken}
	switch r.comment {
	case "":
		r.comment = action.CommentOnLoss
	case action.CommentAlways, action.CommentOnLoss, action.CommentNever:
	default:
		return nil, usage("use always, on-loss or never", "--comment %q is unknown", o.Comment)
	}
	if !r.active {
		return r, nil
	}
	r.log = action.NewLog(env.Stdout, nil)
	r.folders = action.ReadFolders(env.getenv)
	var err error
	if r.event, err = action.ReadEvent(env.getenv); err != nil {
		r.log.Warning(err.Error())
	}
	if o.Context == "" {
		in, err := readInputs(env, r.log)
		if err != nil {
			r.log.Annotate([]action.Annotation{faultAnnotation(err)})
			return nil, err
		}
		r.inputs = true
		applyInputs(o, in)
		applyProvenance(o, r.event)
		applySecrets(o, in, r.event)
		applyLogins(o, in, r.log)
		inContainer(o, r.folders, r.log)
		r.comment, r.token, r.matrix = in.Comment, cmp.Or(r.token, string(in.GitHubToken)), in.Matrix
		for _, p := range in.Records {
			r.records = append(r.records, r.folders.Container(p))
		}
	}
	r.token = cmp.Or(r.token, env.getenv("GITHUB_TOKEN"))
	r.log.Mask(r.token)
	return r, nil
}

func applyInputs(o *BuildOptions, in action.Inputs) {
	o.Context, o.File, o.Target = in.Context, in.File, in.Target
	o.BuildArgs, o.BuildContexts = in.BuildArgs, in.BuildContexts
	o.SSH, o.Platforms, o.Tags, o.Outputs = in.SSH, in.Platforms, in.Tags, in.Outputs
	o.Push, o.Load, o.Pull = in.Push, in.Load, in.Pull
	o.CacheFrom, o.CacheTo = in.CacheFrom, in.CacheTo
	o.Cache = cmp.Or(o.Cache, in.Cache)
	o.NoCache, o.NoCacheFilter = in.NoCache, in.NoCacheFilters
	o.Labels, o.Annotations, o.Attests = in.Labels, in.Annotations, in.Attests
	o.Provenance, o.SBOM = in.Provenance, in.SBOM
	o.AddHosts, o.Network, o.Ulimits, o.ShmSize = in.AddHosts, in.Network, in.Ulimit, in.ShmSize
	o.Allow, o.CgroupParent = in.Allow, in.CgroupParent
	o.Builder = cmp.Or(o.Builder, in.Builder)
	o.History = cmp.Or(o.History, in.History)
	o.ReportDir = cmp.Or(o.ReportDir, in.ReportDir)
	o.CostPerMinute = cmp.Or(o.CostPerMinute, in.CostPerMinute)
	o.Verify = o.Verify || in.VerifySuggestions
}

// applySecrets hands the secrets on in memory: a file of them would have to be
// removed again. As docker/build-push-action does, it gives the token to a
// context that is this repository.
func applySecrets(o *BuildOptions, in action.Inputs, e action.Event) {
	o.SecretValues = map[string][]byte{}
	for _, s := range in.Secrets {
		switch {
		case s.Env != "":
			o.Secrets = append(o.Secrets, "id="+s.ID+",env="+s.Env)
		case s.File != "":
			o.Secrets = append(o.Secrets, `id=`+s.ID+`,"src=`+strings.ReplaceAll(s.File, `"`, `""`)+`"`)
		default:
			o.SecretValues[s.ID] = []byte(string(s.Value))
		}
	}
	if id := gitSecret(in, e); id != "" {
		o.SecretValues[id] = []byte(string(in.GitHubToken))
	}
}

// gitToken is the secret that BuildKit takes a git source's token from, for any
// server; with a dot and a host behind it, for that server alone.
const gitToken = "GIT_AUTH_TOKEN"

// gitSecret names the secret that the workflow's token is for, if the context is this
// repository and nobody gave another token. A Dockerfile can add from other servers:
// those are not given it.
func gitSecret(in action.Inputs, e action.Event) string {
	if in.GitHubToken == "" || e.Repository == "" {
		return ""
	}
	rest, own := strings.CutPrefix(in.Context, e.ServerURL+"/"+e.Repository+".git")
	_, host, _ := strings.Cut(e.ServerURL, "://")
	id := gitToken + "." + host
	if !own || rest != "" && rest[0] != '#' && rest[0] != '?' ||
		slices.ContainsFunc(in.Secrets, func(s action.Secret) bool { return s.ID == gitToken || s.ID == id }) {
		return ""
	}
	return id
}

// display is where the build's progress goes. In a step's log it stands in a
// fence, so that nothing that a command of the build prints is taken for a
// command to the runner.
func (r *runner) display(env Env) (w io.Writer, end func()) {
	if !r.active {
		return env.Stderr, func() {}
	}
	f, err := r.log.Fence()
	if err != nil {
		r.log.Warning(err.Error())
		return io.Discard, func() {}
	}
	return f, func() { f.Close() }
}

// notice tells what is no fault of the build.
func (r *runner) notice(env Env) func(string) {
	if r.active {
		return r.log.Notice
	}
	return func(text string) { fmt.Fprintln(env.Stderr, "notice: "+text) }
}

// links says where the report's lines can be looked at.
func (r *runner) links(dir string) report.Links {
	l := report.Links{Page: r.folders.Host(filepath.Join(dir, "report.html"))}
	if r.active {
		l.Server, l.Repository, l.RunID = r.event.ServerURL, r.event.Repository, r.event.RunID
		l.Commit = cmp.Or(r.event.HeadSHA, r.event.SHA)
	}
	return l
}

// stdout is where an output of the build may go that names no file. None may go to a
// terminal, nor to the log of a job, where what is built could command the runner: then
// it is nil, and what the log is tells it by its other names.
func (r *runner) stdout(env Env) (w io.Writer, log []os.FileInfo) {
	if !r.active && !isTerminal(env.Stdout) {
		return env.Stdout, nil
	}
	for _, stream := range []io.Writer{env.Stdout, env.Stderr} {
		if f, ok := stream.(*os.File); ok {
			if fi, err := f.Stat(); err == nil {
				log = append(log, fi)
			}
		}
	}
	return nil, log
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := console.ConsoleFromFile(f)
	return err == nil
}

func isDir(dir string) bool {
	fi, err := os.Stat(dir)
	return err == nil && fi.IsDir()
}
