package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// File is where the settings are, relative to the repository's root.
const File = ".github/layercause.yml"

// misnamed is what nobody should believe to be in force.
const misnamed = ".github/layercause.yaml"

const (
	// All stands for every rule in suggestions.off.
	All = "all"
	// MaxCommits is the most that suggestions.commits may ask for.
	MaxCommits = 10_000
	// sizeLimit bounds the file, which anybody may change in a pull request.
	sizeLimit = 64 << 10
)

// Settings are what a repository asks for. The zero value asks for nothing.
type Settings struct {
	Suggestions Suggestions
}

// Suggestions says which suggestions are wanted.
type Suggestions struct {
	// Off are the names of the rules that are not asked; all of them if the file
	// says so.
	Off []string
	// Commits is how far back the replay goes; 0 means that the file does not say.
	Commits int
}

// Error is the first thing in the file that is not understood.
type Error struct {
	Path    string
	Line    int // from 1; 0 if no line is to blame
	Problem string
	Hint    string // what to do next
}

// Error names the file and the line.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Problem)
	}
	return e.Path + ": " + e.Problem
}

// Read reads the settings of a repository. Without a file they are zero. Rules are
// the names of the rules that there are.
func Read(root string, rules []string) (Settings, error) {
	unreadable := func(err error) error {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return &Error{Path: File, Problem: "it cannot be read: " + err.Error(), Hint: "make it a readable file, or remove it"}
	}
	// A link in a pull request must not lead out of the repository.
	r, err := os.OpenRoot(root)
	if err != nil {
		return Settings{}, unreadable(err)
	}
	defer r.Close()
	switch fi, err := r.Stat(File); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := r.Lstat(misnamed); err == nil {
			return Settings{}, &Error{Path: misnamed, Problem: "it is not read", Hint: "name it " + File}
		}
		return Settings{}, nil
	case err != nil:
		return Settings{}, unreadable(err)
	case !fi.Mode().IsRegular():
		return Settings{}, unreadable(errors.New("it is no file")) // a pipe would never end
	}
	f, err := r.Open(File)
	if err != nil {
		return Settings{}, unreadable(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, sizeLimit+1))
	if err != nil {
		return Settings{}, unreadable(err)
	}
	return Parse(File, text, rules)
}

// quoted shows a text of the file, which may hold anything.
func quoted(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return strconv.Quote(s)
}

// known says which rules a file may name.
func known(rules []string) string {
	rules = slices.Sorted(slices.Values(rules))
	return "the rules are " + strings.Join(rules, ", ")
}
