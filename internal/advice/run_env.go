package advice

import (
	"path"
	"regexp"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// runEnv is what decides in which folders the tools of a RUN keep things, as far
// as the Dockerfile and well-known base images tell.
type runEnv struct {
	values map[string]string // unreadable where only the build knows
	user   string            // as USER has it; empty is the base image's, taken for root
	image  string            // the base image's name, without registry, owner and tag
}

// baseEnv is what well-known images set.
var baseEnv = map[string]map[string]string{
	"golang":   {"GOPATH": "/go"},
	"rust":     {"CARGO_HOME": "/usr/local/cargo"},
	"ruby":     {"GEM_HOME": "/usr/local/bundle"},
	"composer": {"COMPOSER_HOME": "/tmp"},
	"gradle":   {"GRADLE_USER_HOME": "/home/gradle/.gradle"},
}

// envAt gives the environment of an instruction.
func (s *scene) envAt(i int) runEnv {
	e := runEnv{values: map[string]string{}}
	stage := s.file.Instructions[i].Stage
	var chain []int
	for at := stage; at >= 0; at = s.file.Stages[at].Parent {
		chain = append([]int{at}, chain...)
	}
	base := s.file.Stages[chain[0]].Base
	name, _, _ := strings.Cut(path.Base(base), "@")
	e.image, _, _ = strings.Cut(name, ":")
	for name, value := range baseEnv[e.image] {
		e.values[name] = value
	}
	for _, at := range chain {
		for j := s.file.Stages[at].From; j < s.file.StageEnd(at) && (at != stage || j < i); j++ {
			in := s.file.Instructions[j]
			switch in.Command {
			case "ENV", "ARG":
				for _, n := range in.Names {
					e.values[n] = valueIn(in, n)
				}
			case "USER":
				e.user = ""
				if len(in.Args) == 1 {
					e.user = in.Args[0]
				}
			}
		}
	}
	return e
}

// valueIn gives the value that an ENV or ARG sets, if it needs no expansion.
func valueIn(in dockerfile.Instruction, name string) string {
	re := regexp.MustCompile(`(?:^|\s)` + regexp.QuoteMeta(name) + `(?:=|\s+)(?:"([^"$\\]*)"|'([^'$\\]*)'|([^\s"'$\\]+))(?:\s|$)`)
	m := re.FindStringSubmatch(in.Text)
	if m == nil {
		return unreadable
	}
	return m[1] + m[2] + m[3]
}

// with adds the assignments in front of a command.
func (e runEnv) with(assigns []string) runEnv {
	if len(assigns) == 0 {
		return e
	}
	values := map[string]string{}
	for n, v := range e.values {
		values[n] = v
	}
	for _, a := range assigns {
		if n, v, ok := strings.Cut(a, "="); ok && !strings.Contains(v, "$") {
			values[n] = v
		} else {
			values[n] = unreadable
		}
	}
	e.values = values
	return e
}

// expand puts the values of variables into a path. It is "" where one is not known.
func (e runEnv) expand(at string) string {
	known := true
	at = variable.ReplaceAllStringFunc(at, func(name string) string {
		value := e.values[name[1:]]
		known = known && value != "" && value != unreadable
		return value
	})
	if !known {
		return ""
	}
	return at
}

var variable = regexp.MustCompile(`\$\w+`)

// on says whether a variable is set to something else than no.
func (e runEnv) on(name string) bool {
	switch strings.ToLower(e.values[name]) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// home is the user's home folder, or "" where that is not known.
func (e runEnv) home() string {
	if h, ok := e.values["HOME"]; ok {
		return e.folder(h)
	}
	if e.isRoot() {
		return "/root"
	}
	return ""
}

func (e runEnv) isRoot() bool {
	user, _, _ := strings.Cut(e.user, ":")
	return user == "" || user == "root" || user == "0"
}

// folder takes a value for a folder, if it is surely one.
func (e runEnv) folder(value string) string {
	if !path.IsAbs(value) || path.Clean(value) == "/" || !plainWord(value) || strings.Contains(value, ",") {
		return ""
	}
	return path.Clean(value)
}

// in gives the folder that the first of the variables names, or below is what
// lies in the home folder. It is "" where that is not known.
func (e runEnv) in(below string, names ...string) string {
	for _, n := range names {
		if v, ok := e.values[n]; ok {
			return e.folder(v)
		}
	}
	if e.home() == "" {
		return ""
	}
	return path.Join(e.home(), below)
}

// caches is like in for what lies in the folder of caches of the home.
func (e runEnv) caches(below string, names ...string) string {
	if v, ok := e.values["XDG_CACHE_HOME"]; ok {
		for _, n := range names {
			if _, set := e.values[n]; set {
				return e.in("", n)
			}
		}
		if e.folder(v) == "" {
			return ""
		}
		return path.Join(v, below)
	}
	return e.in(path.Join(".cache", below), names...)
}

// owner gives the options that make a mount the user's. It reports false for a
// user whose number is not known.
func (e runEnv) owner() (string, bool) {
	if e.isRoot() {
		return "", true
	}
	user, group, _ := strings.Cut(e.user, ":")
	if group == "" {
		group = "0"
	}
	if strings.Trim(user+group, "0123456789") != "" {
		return "", false
	}
	return ",uid=" + user + ",gid=" + group, true
}
