package advice

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// dockerAction is the line of an action's metadata by which GitHub runs its image.
// Such an image has to run as root: see
// https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
var dockerAction = regexp.MustCompile(`(?mi)^\s*using:\s*['"]?docker\b`)

// homeOfRoot says why another user could not start what the stages make: it lies in
// the home of root or is read from there, only root may read it, or it is the image
// of an action.
func (s *scene) homeOfRoot(chain []int) string {
	for _, name := range []string{"action.yml", "action.yaml"} {
		if text, err := s.read(name); err == nil && dockerAction.Match(text) {
			return "it is the image of an action, by " + name + ", and GitHub runs such as root"
		}
	}
	for _, i := range s.within(chain) {
		in := s.file.Instructions[i]
		switch in.Command {
		case "WORKDIR", "COPY", "ADD", "ENV", "CMD", "ENTRYPOINT":
			text, what := in.Text, quoted(in)
			if _, dest, ok := in.Paths(); ok {
				text = dest
			}
			if in.Command == "ENV" {
				what = declared(in)
			}
			if inRoot(text) {
				return what + " names the home of root, which no other user may enter"
			}
		case "RUN":
			if why := s.leavesHome(i); why != "" {
				return why
			}
		}
		if file := s.closed(i); file != "" {
			return quoted(in) + " brings " + file + ", which only its owner may read"
		}
	}
	return ""
}

// declared names an ENV without its values, among which there may be a credential.
func declared(in dockerfile.Instruction) string {
	return "`ENV " + strings.Join(in.Names, " ") + "`"
}

func (s *scene) read(name string) ([]byte, error) {
	if s.ReadFile == nil {
		return nil, fs.ErrNotExist
	}
	return s.ReadFile(name)
}

// inRoot says whether a text names the home of root.
func inRoot(text string) bool {
	return mentions(text, "/root") || strings.Contains(text, "~/") || hasPath(text, "$HOME") || strings.Contains(text, "${HOME}")
}

// leavesHome says why a RUN may leave in the home of root what the program looks for
// in its own.
func (s *scene) leavesHome(at int) string {
	in := s.file.Instructions[at]
	why := quoted(in) + " may leave what is needed in the home of root, where no other user finds it"
	sc, ok := readScript(in)
	if !ok {
		return why
	}
	for _, words := range sc.commands {
		name := path.Base(words[0])
		switch {
		case name == "rm":
			continue
		case slices.ContainsFunc(words, inRoot), slices.Contains(words, "--user"),
			// They are handed a program to run.
			slices.Contains([]string{"sh", "bash", "ash"}, name),
			slices.Contains(words, "install") && slices.ContainsFunc(words, fetchesBrowser):
			return why
		}
		switch name {
		case "npm", "yarn", "pnpm", "bun":
			if p := s.browserOf(); p != "" {
				return p + " asks for a browser, which " + quoted(in) + " puts into the home of root"
			}
		}
	}
	return ""
}

// fetchesBrowser knows the packages that bring a browser into the home of whoever
// installs them.
func fetchesBrowser(word string) bool {
	return strings.HasPrefix(word, "playwright") || strings.HasPrefix(word, "puppeteer") || word == "cypress"
}

// browserOf gives the manifest of the context that asks for one of the packages that
// fetch a browser when they are installed.
func (s *scene) browserOf() string {
	paths := []string{"package.json"}
	if s.context != nil {
		paths = s.context.Paths
	}
	for _, p := range paths {
		if path.Base(p) != "package.json" || strings.Contains(p, "node_modules/") || strings.Count(p, "/") > 2 {
			continue
		}
		if text, err := s.read(p); err == nil && (strings.Contains(string(text), `"puppeteer"`) || strings.Contains(string(text), `"cypress"`)) {
			return p
		}
	}
	return ""
}

// closed gives a file that a COPY or ADD brings and only its owner may read.
func (s *scene) closed(at int) string {
	c := s.copies[at]
	if c == nil {
		return ""
	}
	for _, f := range c.in.Flags {
		if f.Name == "chmod" || f.Name == "chown" {
			return ""
		}
	}
	for i, file := range s.context.Paths {
		mode, need := fs.FileMode(s.context.Modes[i]), fs.FileMode(0o004)
		switch {
		case mode.IsDir():
			need = 0o005
		case !mode.IsRegular():
			continue
		}
		if _, taken := c.target(file); taken && mode&need != need {
			return file
		}
	}
	return ""
}
