package buildkit

import (
	"cmp"
	"io"
	"os"
	"runtime"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
)

// Options is a build as docker buildx would be asked for it: names, meaning and
// value syntax are those of buildx's flags.
type Options struct {
	Context       string   // folder or URL
	File          string   // Dockerfile; default Dockerfile in the context
	Target        string   // stage; default the last one
	BuildArgs     []string // NAME=VALUE, or NAME for the value in the environment
	BuildContexts []string // NAME=VALUE
	Secrets       []string // id=ID[,src=PATH|,env=NAME]
	// SecretValues are secrets given in memory, by ID.
	SecretValues map[string][]byte
	// Logins are credentials for registries; those of docker's configuration come after.
	Logins        builder.Logins
	SSH           []string // ID[=SOCKET|KEY[,KEY]]
	Platforms     []string // OS/ARCH[/VARIANT], also comma-separated
	Tags          []string
	Outputs       []string // type=TYPE[,KEY=VALUE…], or a folder
	Push, Load    bool
	CacheFrom     []string
	CacheTo       []string
	NoCache       bool
	NoCacheFilter []string // stages
	Labels        []string // KEY=VALUE
	Annotations   []string // [TYPE:]KEY=VALUE
	Attests       []string // type=TYPE[,KEY=VALUE…]
	Provenance    string
	// DefaultProvenance is made if nobody asks for any; empty is the smallest.
	DefaultProvenance string
	SBOM              string
	AddHosts          []string // NAME=IP or NAME:IP
	Network           string   // default, host or none
	Ulimits           []string
	ShmSize           string
	Allow             []string // entitlements
	CgroupParent      string
	Pull              bool
	Progress          string // auto, plain, tty, rawjson, quiet or none

	// Salt keys the digests in the record. AwaitSalt, where it is not nil, gives it
	// instead: it is called while the daemon works, and may take its time.
	Salt      record.Salt
	AwaitSalt func() record.Salt
	// Hidden are absolute paths that stay out of every local context: what is
	// written beside the build must not change the next one.
	Hidden []string
	// IndexDir is where the digests of unchanged files are kept between builds.
	IndexDir string
	// Commit is put into the record as it is.
	Commit record.Commit
	// Root is the repository's folder; paths are shown relative to it. Empty for
	// a context that is a URL.
	Root string

	// Machine is the platform of this machine's containers; empty is linux on its
	// processor.
	Machine string

	Getenv func(string) (string, bool)
	// Stdout is for an output that goes to "-". Nil is for none that may, and Log are
	// then the files that an output must not be by another name, such as /dev/stdout.
	Stdout io.Writer
	Log    []os.FileInfo
}

func (o Options) machine() string { return cmp.Or(o.Machine, "linux/"+runtime.GOARCH) }

// env is a variable of the environment, empty if it is not set.
func (o Options) env(name string) string {
	if value, ok := o.Getenv(name); ok {
		return value
	}
	return ""
}

// UsageError is a build that cannot be asked for: bad input of the user.
type UsageError struct {
	Problem string
	Hint    string
}

func (e *UsageError) Error() string { return e.Problem }

// dockerfileError is a [UsageError] that is a [dockerfile.SyntaxError] too, whose line can
// be shown.
type dockerfileError struct {
	syntax error
	usage  *UsageError
}

func (e *dockerfileError) Error() string { return e.syntax.Error() }

func (e *dockerfileError) Unwrap() []error { return []error{e.syntax, e.usage} }
