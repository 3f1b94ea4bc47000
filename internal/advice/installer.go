package advice

import (
	"path"
	"slices"
	"strings"
)

// purpose says what a command needs and does, as far as its words tell.
type purpose int

const (
	unknown  purpose = iota // may read any file and any variable
	harmless                // needs no file of the context and costs little
	fetch                   // installs packages, from what its ecosystem's manifests say
)

// ecosystem is a package manager with the files that tell it what to install.
type ecosystem struct {
	name string
	// files are patterns of names in the project's folder, required those of
	// which one must be there.
	files, required []string
	// folders of the project's folder are copied whole.
	folders []string
	// nested is the name of the manifests of a workspace's members.
	nested string
	// outputs are folders that an install makes. If the context brings one, the
	// order of install and COPY decides which files win.
	outputs []string
	// unless are patterns of names in the project's folder with which an install
	// needs more than the manifests.
	unless []string
}

// action is a classified command.
type action struct {
	purpose purpose
	// from is nil for an install that needs no file.
	from *ecosystem
	// named are the files that the command line names.
	named []string
	// writes are files of the project's folder that the command changes.
	writes []string
}

// classify tells what a command does. It only knows forms that need nothing but
// the manifests: what else a tool can do is unknown.
func classify(words []string) action {
	if slices.Contains(words, unreadable) {
		return action{}
	}
	args := words[1:]
	switch path.Base(words[0]) {
	case "apt-get", "apt", "apk", "dnf", "microdnf", "yum", "zypper":
		return classifySystem(args)
	case "npm":
		return classifyNode(args, "package-lock.json", "npm-shrinkwrap.json")
	case "pnpm":
		return classifyNode(args, "pnpm-lock.yaml", "pnpm-workspace.yaml", ".pnpmfile.cjs")
	case "yarn":
		if len(plain(args)) == 0 {
			args = append([]string{"install"}, args...)
		}
		return classifyNode(args, "yarn.lock", ".yarnrc", ".yarnrc.yml")
	case "bun":
		return classifyNode(args, "bun.lock", "bun.lockb", "bunfig.toml")
	case "corepack":
		return classifyCorepack(args)
	case "python", "python3":
		if len(args) > 1 && args[0] == "-m" && args[1] == "pip" {
			return classifyPip(args[2:])
		}
	case "pip", "pip3":
		return classifyPip(args)
	case "pipenv", "poetry", "uv":
		return classifyPython(path.Base(words[0]), args)
	case "go":
		return classifyGo(args)
	case "bundle", "gem", "composer", "mvn":
		return classifyOther(path.Base(words[0]), args)
	case "set", "true", ":", "echo", "useradd", "adduser", "groupadd", "addgroup":
		return action{purpose: harmless}
	case "mkdir", "rm":
		if outside(plain(args)) {
			return action{purpose: harmless}
		}
	}
	return action{}
}

// plain gives the words that are no flags.
func plain(args []string) []string {
	var out []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			out = append(out, a)
		}
	}
	return out
}

// outside says that all paths are well-known folders that no project lives in.
func outside(paths []string) bool {
	for _, p := range paths {
		ok := false
		for _, top := range []string{"/var/", "/tmp", "/root/.", "/usr/", "/etc/", "/run/", "/data", "~/."} {
			ok = ok || strings.HasPrefix(p, top)
		}
		if !ok || strings.Contains(p, "..") {
			return false
		}
	}
	return len(paths) > 0
}

func classifySystem(args []string) action {
	rest := plain(args)
	if len(rest) == 0 {
		return action{}
	}
	for _, r := range rest[1:] {
		if strings.Contains(r, "/") || strings.HasSuffix(r, ".deb") || strings.HasSuffix(r, ".rpm") || strings.HasSuffix(r, ".apk") {
			return action{} // a file
		}
	}
	switch rest[0] {
	case "install", "add", "upgrade", "update", "dist-upgrade":
		return action{purpose: fetch}
	case "clean", "autoremove", "autoclean", "remove", "purge", "del", "makecache":
		return action{purpose: harmless}
	}
	return action{}
}

// hasFlag says whether one of the flags is there, alone or with a value.
func hasFlag(args []string, names ...string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		name, _, _ := strings.Cut(a, "=")
		return slices.Contains(names, name)
	})
}

// onlyFlags says that nothing but flags follows the first n words, apart from
// the values of the flags given.
func onlyFlags(args []string, valued ...string) bool {
	for i := 0; i < len(args); i++ {
		if slices.Contains(valued, args[i]) {
			i++
		} else if !strings.HasPrefix(args[i], "-") {
			return false
		}
	}
	return true
}
