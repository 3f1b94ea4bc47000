package action

// Kind is how an input's text becomes a value.
type Kind int

const (
	// Text is taken as it is, without surrounding space.
	Text Kind = iota
	// Switch is true or false in YAML's spellings.
	Switch
	// Words is a list separated by new lines and by commas.
	Words
	// Lines is a list separated by new lines alone; a quoted value may span
	// lines.
	Lines
	// RawLines is a list separated by new lines in which a quote means nothing.
	RawLines
)

// Spec describes one input of action.yml.
type Spec struct {
	Name    string // as written under "with:"
	Kind    Kind
	Default string // as declared in action.yml
}

// Specs returns every input in alphabetical order. action.yml declares exactly
// these; a test holds the two together.
//
// Which lists keep their commas, and that outputs alone ignores quotes, follows
// https://github.com/docker/build-push-action/blob/master/src/context.ts.
func Specs() []Spec {
	return []Spec{
		{"add-hosts", Words, ""},
		{"allow", Words, ""},
		{"annotations", Lines, ""},
		{"attests", Lines, ""},
		{"build-args", Lines, ""},
		{"build-contexts", Lines, ""},
		{"builder", Text, ""},
		{"cache", Text, "off"},
		{"cache-from", Lines, ""},
		{"cache-to", Lines, ""},
		{"call", Text, ""},
		{"cgroup-parent", Text, ""},
		{"comment", Text, string(CommentOnLoss)},
		{"context", Text, ""},
		{"cost-per-minute", Text, ""},
		{"file", Text, ""},
		{"github-token", Text, "${{ github.token }}"},
		{"history", Text, ""},
		{"labels", Lines, ""},
		{"load", Switch, "false"},
		{"matrix", Text, "${{ toJson(matrix) }}"},
		{"network", Text, ""},
		{"no-cache", Switch, "false"},
		{"no-cache-filters", Words, ""},
		{"outputs", RawLines, ""},
		{"platforms", Words, ""},
		{"provenance", Text, ""},
		{"pull", Switch, "false"},
		{"push", Switch, "false"},
		{"records", Lines, ""},
		{"registry-logins", Lines, ""},
		{"report-dir", Text, ".layercause"},
		{"sbom", Text, ""},
		{"secret-envs", Words, ""},
		{"secret-files", Lines, ""},
		{"secrets", Lines, ""},
		{"shm-size", Text, ""},
		{"ssh", Words, ""},
		{"tags", Words, ""},
		{"target", Text, ""},
		{"ulimit", Lines, ""},
		{"verify-suggestions", Switch, "false"},
	}
}
