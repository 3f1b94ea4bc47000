package action

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// CommentMode says when the pull request gets a comment.
type CommentMode string

const (
	// CommentAlways comments on every build.
	CommentAlways CommentMode = "always"
	// CommentOnLoss comments when a step lost the cache, and keeps an existing
	// comment up to date.
	CommentOnLoss CommentMode = "on-loss"
	// CommentNever leaves the pull request alone.
	CommentNever CommentMode = "never"
)

// Inputs are the values under "with:" of a workflow step. Lists are in the
// order given, without empty values. A field whose input was not set is zero,
// except Comment, which then is [CommentOnLoss], and Context.
type Inputs struct {
	AddHosts       []string // HOST:IP
	Allow          []string // entitlements
	Annotations    []string // [TYPE:]KEY=VALUE
	Attests        []string // type=sbom,... or type=provenance,...
	BuildArgs      []string // NAME=VALUE, or NAME to take it from the environment
	BuildContexts  []string // NAME=PATH or NAME=URL
	Builder        string
	Cache          string   // auto, off, or empty
	CacheFrom      []string // a reference, or type=TYPE,KEY=VALUE,...
	CacheTo        []string
	CgroupParent   string
	Comment        CommentMode
	CostPerMinute  string // a price, as in 0.008 or 0.008EUR
	Context        string // a path, or a git URL
	File           string // the Dockerfile; empty is Dockerfile in the context
	GitHubToken    Hidden
	History        string // where records are kept
	Labels         []string
	Load           bool
	Matrix         string // the values of the job's matrix, as in "node: 20, os: alpine"
	Network        string
	NoCache        bool
	NoCacheFilters []string // stage names
	Outputs        []string // type=TYPE,KEY=VALUE,...
	Platforms      []string
	Provenance     string // empty, "true", "false", or attributes as in mode=max
	Pull           bool
	Push           bool
	Records        []string // paths of records to publish instead of building
	RegistryLogins []Login
	ReportDir      string // empty is the command's default
	SBOM           string // empty, "true", "false", or attributes
	Secrets        []Secret
	ShmSize        string
	SSH            []string // ID[=SOCKET|KEY,...]
	Tags           []string
	Target         string
	Ulimit         []string // NAME=SOFT[:HARD]
	// VerifySuggestions builds with the suggestions before they are made.
	VerifySuggestions bool

	// Warnings are about what was left out of the inputs; none holds a value.
	Warnings []string
}

// ReadInputs reads the action's inputs from the INPUT_* variables that the
// runner sets. In a "run:" step there are none, and the result holds defaults
// only. What an input cannot mean is an [*InputError].
//
// Without the context input, Context is "." when the workspace holds any file,
// which is what a workflow with a checkout step means, and else, like
// docker/build-push-action's, the URL of the repository at the commit that
// triggered the workflow. "{{defaultContext}}" in context and build-contexts
// stands for that URL.
func ReadInputs(getenv func(string) string) (Inputs, error) {
	r := reader{getenv: getenv}
	in := Inputs{
		AddHosts:       r.words("add-hosts"),
		Allow:          r.words("allow"),
		Annotations:    r.lines("annotations"),
		Attests:        r.lines("attests"),
		BuildArgs:      r.lines("build-args"),
		BuildContexts:  r.lines("build-contexts"),
		Builder:        r.text("builder"),
		Cache:          r.text("cache"),
		CacheFrom:      r.lines("cache-from"),
		CacheTo:        r.lines("cache-to"),
		CgroupParent:   r.text("cgroup-parent"),
		Comment:        r.comment("comment"),
		CostPerMinute:  r.text("cost-per-minute"),
		Context:        r.text("context"),
		File:           r.text("file"),
		GitHubToken:    Hidden(r.text("github-token")),
		History:        r.text("history"),
		Labels:         r.lines("labels"),
		Load:           r.flag("load"),
		Matrix:         r.matrix("matrix"),
		Network:        r.text("network"),
		NoCache:        r.flag("no-cache"),
		NoCacheFilters: r.words("no-cache-filters"),
		Outputs:        r.outputs("outputs"),
		Platforms:      r.words("platforms"),
		Provenance:     r.flagOrText("provenance"),
		Pull:           r.flag("pull"),
		Push:           r.flag("push"),
		Records:        r.lines("records"),
		RegistryLogins: r.logins("registry-logins"),
		ReportDir:      r.text("report-dir"),
		SBOM:           r.flagOrText("sbom"),
		Secrets:        r.secrets(),
		ShmSize:        r.text("shm-size"),
		SSH:            r.words("ssh"),
		Tags:           r.words("tags"),
		Target:         r.text("target"),
		Ulimit:         r.lines("ulimit"),

		VerifySuggestions: r.flag("verify-suggestions"),
	}
	r.onlyBuild("call")
	if len(in.Records) > 0 {
		r.onlyRecords()
	}
	in.Context = r.defaultContext(in.Context)
	for i, c := range in.BuildContexts {
		in.BuildContexts[i] = r.expandContext("build-contexts", c)
	}
	in.Warnings = r.warnings
	if r.err != nil {
		return Inputs{}, r.err
	}
	return in, nil
}

// reader reads inputs one by one and keeps the first error.
type reader struct {
	getenv   func(string) string
	err      error
	warnings []string
}

func (r *reader) fail(input, problem, hint string) {
	if r.err == nil {
		r.err = &InputError{Input: input, Problem: problem, Hint: hint}
	}
}

func (r *reader) warn(input, text string) {
	r.warnings = append(r.warnings, "input "+input+": "+text)
}

func (r *reader) text(name string) string { return strings.TrimSpace(r.getenv(variable(name))) }

func (r *reader) list(name string, kind Kind) []string {
	list, err := ParseList(r.text(name), kind)
	if err != nil {
		r.fail(name, err.Error(), `a value that starts with " must end with ", and a " inside it is written twice`)
	}
	return list
}

func (r *reader) words(name string) []string    { return r.list(name, Words) }
func (r *reader) lines(name string) []string    { return r.list(name, Lines) }
func (r *reader) rawLines(name string) []string { return r.list(name, RawLines) }

// outputs are not to go to standard output, which is the step's log: what a build
// makes could command the runner.
func (r *reader) outputs(name string) []string {
	list := r.rawLines(name)
	for _, o := range list {
		for field := range strings.SplitSeq(o, ",") {
			if field = strings.Trim(field, `" `); o == "-" || strings.EqualFold(field, "dest=-") {
				r.fail(name, fmt.Sprintf("the output %q would go to the log of the step", shorten(o)), "name a file: type=tar,dest=PATH")
			}
		}
	}
	return list
}

// flag takes the booleans of YAML 1.2's core schema, like actions/core does.
// Unlike there an empty value is false: "${{ inputs.push }}" of a workflow that
// was called without the input is meant so.
func (r *reader) flag(name string) bool {
	v := r.text(name)
	b, ok := parseFlag(v)
	if !ok && v != "" {
		r.fail(name, fmt.Sprintf("%q is neither true nor false", shorten(v)), "write true or false")
	}
	return b
}

func (r *reader) flagOrText(name string) string {
	v := r.text(name)
	if b, ok := parseFlag(v); ok {
		return fmt.Sprint(b)
	}
	return v
}

func parseFlag(v string) (value, ok bool) {
	switch v {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func (r *reader) comment(name string) CommentMode {
	switch v := CommentMode(r.text(name)); v {
	case "":
		return CommentOnLoss
	case CommentAlways, CommentOnLoss, CommentNever:
		return v
	default:
		r.fail(name, fmt.Sprintf("%q is not known", shorten(string(v))), "write always, on-loss or never")
		return ""
	}
}

// onlyBuild rejects the other methods of a frontend (check, outline, targets):
// nothing is built by them, so there is no cache to explain.
func (r *reader) onlyBuild(name string) {
	if v := r.text(name); v != "" && v != "build" {
		r.fail(name, fmt.Sprintf("%q is not supported: only a build has cache misses to explain", shorten(v)),
			"remove the input here, and run docker/build-push-action with it in a step of its own")
	}
}

// onlyRecords rejects the inputs of a build beside records: nothing is built.
func (r *reader) onlyRecords() {
	for _, s := range Specs() {
		switch s.Name {
		case "records", "comment", "cost-per-minute", "github-token", "matrix", "report-dir":
			continue
		}
		if v := r.text(s.Name); v != "" && v != s.Default {
			r.fail(s.Name, "it is for a build, and the input records publishes builds that have ended",
				"use two steps, one that builds and one that publishes, or leave one of the two inputs out")
		}
	}
}

func (r *reader) defaultContext(given string) string {
	if given != "" {
		return r.expandContext("context", given)
	}
	workspace := r.getenv("GITHUB_WORKSPACE")
	if workspace == "" {
		return "."
	}
	if entries, err := os.ReadDir(workspace); err != nil || len(entries) > 0 {
		// A workspace that cannot be read is reported by the build, with its path.
		return "."
	}
	if url := gitContext(r.getenv); url != "" {
		return url
	}
	return "."
}

func (r *reader) expandContext(input, value string) string {
	if !defaultContextForm.MatchString(value) {
		return value
	}
	url := gitContext(r.getenv)
	if url == "" {
		r.fail(input, "{{defaultContext}} stands for the repository, and GITHUB_REPOSITORY does not name one",
			"write the path or URL of the context")
		return ""
	}
	return defaultContextForm.ReplaceAllLiteralString(value, url)
}

// defaultContextForm is the one variable of docker/build-push-action's templates, as
// Handlebars takes it. https://handlebarsjs.com/guide/expressions.html
var defaultContextForm = regexp.MustCompile(`\{\{\{?\s*defaultContext\s*\}?\}\}`)
