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
	builds                  // needs the sources, and fetches packages on its way
	enter                   // changes the folder for the commands that follow
	permits                 // makes files of the context executable
)

// ecosystem is a package manager with the files that tell it what to install.
type ecosystem struct {
	name string
	// files are patterns of names in the project's folder, required patterns of paths
	// of which one must be there, and folders are copied whole. Paths are from the
	// project's folder; ** stands for any folders.
	files, required, folders []string
	// outputs are folders that an install makes. If the context brings one, the
	// order of install and COPY decides which files win.
	outputs []string
	// look reads what the manifests hold; nil if that tells nothing.
	look func(*project) demand
	// Where what they hold cannot be seen, an install may need what matches unsure,
	// and the sources if something matches unless.
	unsure, unless []string
}

// action is a classified command.
type action struct {
	purpose purpose
	// from is nil for an install that needs no file.
	from *ecosystem
	// named are the files that the command line names.
	named []string
	// writes are files and folders that the command changes, from where it is called.
	writes []string
	// dir is the folder that the command works in or enters, from the one that it
	// is called in.
	dir string
	// first and why are those of a demand, where the words alone tell them.
	first, why string
	// whole says that the step which is put in does all that the command does.
	whole bool
	// mode is what the named files become by chmod.
	mode string
}

// classify tells what a command does. It only knows forms that need nothing but
// the manifests, or the sources and the manifests: what else a tool can do is
// unknown.
func classify(words []string) action {
	if slices.Contains(words, unreadable) {
		return action{}
	}
	tool, args := path.Base(words[0]), words[1:]
	switch tool {
	case "cd":
		if len(args) == 1 && !strings.ContainsAny(args[0], "$~*") && args[0] != "-" {
			return action{purpose: enter, dir: args[0]}
		}
	case "apt-get", "apt", "apk", "dnf", "microdnf", "yum", "zypper":
		return classifySystem(args)
	case "npm", "pnpm", "yarn", "bun", "corepack":
		return classifyNode(tool, args)
	case "git":
		if len(args) > 2 && args[0] == "config" && (args[1] == "--global" || args[1] == "--system") {
			return action{purpose: harmless}
		}
	case "python", "python3":
		if len(args) > 2 && args[0] == "-m" && args[1] == "venv" {
			return action{purpose: harmless, writes: plain(args[2:])}
		}
		if len(args) > 1 && args[0] == "-m" && args[1] == "pip" {
			return classifyPip(args[2:])
		}
		if len(args) > 0 && args[0] == "setup.py" {
			return action{why: "setup.py builds the project from its sources"}
		}
	case "pip", "pip3":
		return classifyPip(args)
	case "pipenv", "poetry", "uv":
		return classifyPython(tool, args)
	case "go":
		return classifyGo(args)
	case "cargo":
		return classifyCargo(args)
	case "mvn", "mvnw":
		return classifyMaven(words[0], args)
	case "gradle", "gradlew":
		return classifyGradle(words[0], args)
	case "bundle", "gem":
		return classifyRuby(tool, args)
	case "composer":
		return classifyComposer(args)
	case "docker-php-ext-install", "docker-php-ext-configure", "docker-php-ext-enable", "install-php-extensions", "pecl", "a2enmod", "phpenmod":
		if slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "/") && !strings.HasPrefix(a, "-") }) {
			return action{} // an extension from a folder
		}
		return action{purpose: fetch}
	case "dotnet":
		return classifyDotnet(args)
	case "mix":
		return classifyMix(args)
	case "chmod":
		return classifyChmod(args)
	case "set", "true", ":", "echo", nproc, "useradd", "adduser", "groupadd", "addgroup":
		return action{purpose: harmless}
	case "dpkg-reconfigure", "locale-gen", "localedef", "ldconfig", "update-ca-certificates":
		return action{purpose: harmless}
	case "mkdir", "ln":
		if outside(plain(args)) {
			return action{purpose: harmless}
		}
	case "rm":
		if outside(plain(args)) {
			return action{purpose: harmless, writes: withoutStars(plain(args))}
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

// withoutStars gives the folders that patterns match in.
func withoutStars(patterns []string) []string {
	out := slices.Clone(patterns)
	for i, p := range out {
		if at := strings.IndexAny(p, "*?["); at >= 0 {
			out[i] = path.Dir(p[:at] + "x")
		}
	}
	return out
}

// hasFlag says whether one of the flags is there, alone or with a value.
func hasFlag(args []string, names ...string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		name, _, _ := strings.Cut(a, "=")
		return slices.Contains(names, name)
	})
}

// onlyFlags says that nothing but flags follows, apart from the values of the
// flags given.
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

// flagValue gives the value of the first of the flags that is there, as the next
// word or behind a =.
func flagValue(args []string, names ...string) string {
	for i, a := range args {
		name, value, inline := strings.Cut(a, "=")
		if !slices.Contains(names, name) {
			continue
		}
		if inline {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// cutFlag takes a flag with its value out of the words.
func cutFlag(args []string, names ...string) (value string, rest []string) {
	for i := 0; i < len(args); i++ {
		name, v, inline := strings.Cut(args[i], "=")
		switch {
		case !slices.Contains(names, name):
			rest = append(rest, args[i])
		case inline:
			value = v
		case i+1 < len(args):
			i++
			value = args[i]
		}
	}
	return value, rest
}

// knownFolder says whether a folder that a command line names can be followed.
func knownFolder(dir string) bool { return !strings.ContainsAny(dir, "$~*?[") }
