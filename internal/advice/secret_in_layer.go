package advice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/workflow"
)

// secretInLayer hands a credential to the commands that read it as a secret, instead
// of as a build argument, whose value the image's history shows, or, of an earlier
// stage, the build's provenance (mode=max). Before:
//
//	ARG NPM_TOKEN
//	RUN npm ci
//
// and in the workflow
//
//	build-args: NPM_TOKEN=${{ secrets.NPM_TOKEN }}
//
// After:
//
//	RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci
//
// and
//
//	secrets: npm_token=${{ secrets.NPM_TOKEN }}
//
// BuildKit's own check names such arguments; this changes them. It does so only where
// the workflow that builds is in the repository, since one half without the other
// breaks the build; else it says which flag to use.
func secretInLayer(s *scene) []candidate {
	var out []candidate
	for i, in := range s.file.Instructions {
		if in.Stage < 0 {
			continue
		}
		for _, name := range in.Names {
			if !secretName(name) {
				continue
			}
			switch in.Command {
			case "ARG":
				if c, ok := s.secretArg(i, name); ok {
					out = append(out, c)
				}
			case "ENV":
				if value := envValue(in, name); value != "" && !strings.Contains(value, "$") {
					out = append(out, s.remark(i, fmt.Sprintf("Take the value of `%s` out of the image: everybody who has the image can read it, and the file", name)))
				}
			}
		}
	}
	return out
}

var (
	secretWords = regexp.MustCompile(`(?i)(^|_)(api_?key|access_key|private_key|deploy_key|signing_key|credentials?|passwd|password|pword|secret|token)(_|$)`)
	// plainWords are of names that tell about a secret and are none.
	plainWords = regexp.MustCompile(`(?i)(^|_)(public|file|path|version|url|uri|host|name|id|ttl|length|type|expiry|enabled)(_|$)`)
)

func secretName(name string) bool {
	return secretWords.MatchString(name) && !plainWords.MatchString(name)
}

// envValue is what an ENV gives a variable, without its quotes; it is empty if it has
// none, as one that is only there to be set when the program runs.
func envValue(in dockerfile.Instruction, name string) string {
	rest := strings.TrimSpace(in.Text[len("ENV"):])
	if value, ok := strings.CutPrefix(rest, name+" "); ok {
		return strings.Trim(strings.TrimSpace(value), `"'`) // the old form, of a single variable
	}
	m := regexp.MustCompile(`(?:^|\s)` + regexp.QuoteMeta(name) + `=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\\.|\S)*)`).FindStringSubmatch(rest)
	if m == nil {
		return ""
	}
	return strings.Trim(m[1], `"'`)
}

// secretArg moves one ARG.
func (s *scene) secretArg(at int, name string) (candidate, bool) {
	in := s.file.Instructions[at]
	given := slices.ContainsFunc(s.Head.Invocation.BuildArgs, func(v record.Value) bool { return v.Name == name })
	if !given {
		s.silent(at, "this build was given no value for %s", name)
		return candidate{}, false
	}
	id := strings.ToLower(name)
	shown := "provenance with mode=max"
	if _, chain := s.final(); slices.Contains(chain, in.Stage) {
		shown = "the image's history"
	}
	title := fmt.Sprintf("Pass `%s` as a secret: %s shows the value of a build argument", name, shown)
	remark := func(why string) (candidate, bool) {
		s.silent(at, "there is no patch: %s", why)
		return s.remark(at, fmt.Sprintf("Pass `%s` as a secret, since %s shows it: `--secret id=%s,env=%s` and `RUN --mount=type=secret,id=%s,env=%s`",
			name, shown, id, name, id, name)), true
	}
	if !s.readsSecretsByName() {
		return remark("the frontend may be older than 1.10, which brought env= for secrets")
	}
	readers, why := s.secretReaders(at, name)
	if why != "" {
		return remark(why)
	}
	b, ok := s.passes(name)
	if !ok {
		return remark("no workflow of the repository is known to pass it")
	}
	e := s.file.Edit()
	e.Remove(at)
	removed, added := []string{in.Text}, []string{}
	mount := fmt.Sprintf("--mount=type=secret,id=%s,env=%s ", id, name)
	for _, r := range readers {
		text := s.file.Instructions[r].Text
		if !strings.HasPrefix(text, "RUN ") || !e.Splice(r, len("RUN "), len("RUN "), mount) {
			return remark(quoted(s.file.Instructions[r]) + " cannot be edited safely")
		}
		removed, added = append(removed, text), append(added, "RUN "+mount+text[len("RUN "):])
	}
	c, ok := s.draft(e, at, title, removed, added)
	if !ok {
		return remark("the Dockerfile cannot be edited safely")
	}
	entry := b.BuildArgs[slices.IndexFunc(b.BuildArgs, func(a string) bool { return strings.HasPrefix(a, name+"=") })]
	edits, err := rewrite([]builder{b, b}, []stepChange{
		func(step workflow.Step, text []byte) ([]byte, error) {
			return step.Add(text, "secrets", id+"="+strings.TrimPrefix(entry, name+"="), "build-args")
		},
		func(step workflow.Step, text []byte) ([]byte, error) { return step.Remove(text, "build-args", entry) },
	})
	if err != nil {
		return remark(err.Error())
	}
	if c, ok = s.draftFiles(at, title, append(c.Edits, edits...)...); !ok || leaks(c.Patch) {
		return remark("it would show a credential")
	}
	c.sound, c.predicted = true, &Prediction{}
	c.Assumes = append(c.Assumes, "builds elsewhere, on a developer's machine for one, are given the secret too")
	return c, true
}

// passes is the step of a workflow that passes a build argument from an expression,
// if there is one only.
func (s *scene) passes(name string) (builder, bool) {
	var found []builder
	for _, b := range s.builders {
		for _, a := range b.BuildArgs {
			if value, ok := strings.CutPrefix(a, name+"="); ok && expressionOnly.MatchString(value) && len(b.Secrets) == 0 {
				found = append(found, b)
			}
		}
	}
	if len(found) != 1 || len(s.builders) != 1 {
		return builder{}, false
	}
	return found[0], true
}

var expressionOnly = regexp.MustCompile(`^\$\{\{[^{}]*\}\}$`)

// secretReaders lists the RUNs that read the argument or may do so. It says why the
// argument cannot be moved.
func (s *scene) secretReaders(at int, name string) (readers []int, why string) {
	own := s.file.Instructions[at]
	if len(own.Names) != 1 {
		return nil, "the ARG declares more than one name"
	}
	for i, in := range s.file.Instructions {
		if i == at {
			continue
		}
		if slices.Contains(in.Names, name) {
			return nil, "it is declared more than once"
		}
		if in.Stage != own.Stage {
			if in.Command == "FROM" && s.file.Stages[in.Stage].Parent == own.Stage {
				return nil, "another stage starts from its stage and has the value too"
			}
			continue
		}
		switch {
		case i < at:
		case in.Command == "RUN":
			if in.Reads(name) || !plainly(in) {
				readers = append(readers, i)
			}
		case in.Reads(name):
			return nil, "it is read by what is no RUN"
		}
	}
	if len(readers) == 0 {
		return nil, "no RUN reads it"
	}
	return readers, ""
}

// plainly says that a RUN has nothing but tools that read no variable which is not
// written out. Package managers do: from their configuration, which may name it.
func plainly(in dockerfile.Instruction) bool {
	commands := runs(in)
	return commands != nil && !slices.ContainsFunc(commands, func(words []string) bool {
		return !plainTool(words[0]) || strings.Contains(strings.Join(words, " "), unreadable)
	})
}

// readsSecretsByName says whether the frontend knows --mount=type=secret,env=.
func (s *scene) readsSecretsByName() bool {
	if s.file.Syntax == "" {
		var major, minor int
		n, _ := fmt.Sscanf(strings.TrimPrefix(s.Head.Builder.Version, "v"), "%d.%d", &major, &minor)
		return n == 2 && (major > 0 || minor >= 16)
	}
	tag, ok := strings.CutPrefix(strings.TrimPrefix(s.file.Syntax, "docker.io/"), "docker/dockerfile:")
	if !ok {
		return false
	}
	tag, _, _ = strings.Cut(tag, "@")
	if tag == "1" || tag == "latest" {
		return true
	}
	version := strings.Split(strings.TrimSuffix(tag, "-labs"), ".")
	if len(version) < 2 || version[0] != "1" {
		return false
	}
	minor, err := strconv.Atoi(version[1])
	return err == nil && minor >= 10
}
