package advice

import (
	"path"
	"slices"
	"strings"
)

// keeping is what a command keeps between its runs if its folders are mounted.
type keeping struct {
	tool    string // commands of the same tool share the folders
	mounts  []cacheMount
	factor  float64           // the part of its time that is left with warm folders
	why     string            // why they cannot be told; the rest is empty then
	swaps   map[string]string // words that turn keeping off, and what stands there instead
	cleans  bool              // it does nothing but empty the folders
	before  string            // a command that has to run first
	setting string            // a word that turns keeping on, for behind the tool's name
	unlike  []string          // files of the image that change, beside those in the folders
}

// cacheMount is one folder.
type cacheMount struct {
	folder string
	// locked is for folders that two builds must not use at once.
	locked bool
	// store says that what is installed is in the folder itself, so that all later
	// commands of the tool need it.
	store bool
	// spare is what is worth mounting only where a store cannot be.
	spare bool
}

// The parts of a command's time that are left when what it downloaded before is
// still there. They are a model for as long as nothing was measured, and on the
// careful side: unpacking, linking and running scripts stay.
const (
	leftOfInstall = 0.5 // unpacks what it finds
	leftOfNative  = 0.8 // compiles, too, and that is not kept
	leftOfCompile = 0.3 // finds what it compiled before
	leftOfSystem  = 0.6 // unpacks and configures what it finds
)

// keeps tells what a command keeps; nil is one of no tool that is known here.
func keeps(words []string, e runEnv) *keeping {
	if slices.Contains(words, unreadable) {
		return nil
	}
	k := keepsOf(path.Base(words[0]), words[1:], e)
	if k == nil || k.why != "" {
		return k
	}
	for _, m := range k.mounts {
		if m.folder == "" {
			k.why = "the folder that " + path.Base(words[0]) + " keeps things in is not known here"
		}
	}
	return k
}

func keepsOf(tool string, args []string, e runEnv) *keeping {
	switch tool {
	case "npm", "pnpm", "yarn", "bun":
		return keepsNode(tool, args, e)
	case "python", "python3":
		if len(args) > 1 && args[0] == "-m" && args[1] == "pip" {
			return keepsPip(args[2:], e)
		}
	case "pip", "pip3":
		return keepsPip(args, e)
	case "poetry", "pipenv", "uv":
		return keepsPython(tool, args, e)
	case "go", "cargo", "mvn", "mvnw", "gradle", "gradlew", "dotnet", "bundle", "composer", "mix":
		return keepsCompiled(tool, args, e)
	case "apt-get", "apt", "apk", "dnf", "microdnf", "yum":
		return keepsSystem(tool, args, e)
	}
	return nil
}

// keepsNode is for the package managers of Node.js.
func keepsNode(tool string, args []string, e runEnv) *keeping {
	_, args = cutFlag(args, "--prefix", "-C", "--cwd", "--dir")
	k := &keeping{tool: tool, factor: leftOfInstall}
	command := ""
	if rest := plain(args); len(rest) > 0 {
		command = rest[0]
	} else if tool == "yarn" {
		command = "install"
	}
	switch command {
	case "cache":
		if tool == "npm" || tool == "yarn" {
			k.cleans = hasFlag(args, "--force") || slices.Contains(args, "clean")
		}
	case "store", "pm":
		if rest := plain(args); !slices.Equal(rest, []string{"store", "prune"}) && !slices.Equal(rest, []string{"pm", "cache", "rm"}) {
			return nil
		}
		k.cleans = true
	case "ci", "install", "i", "clean-install", "add", "fetch", "global", "prune", "deploy":
	default:
		return nil
	}
	switch tool {
	case "npm":
		folder := flagValue(args, "--cache")
		if folder == "" {
			folder = e.in(".npm", "npm_config_cache", "NPM_CONFIG_CACHE")
		}
		k.mounts = []cacheMount{{folder: e.folder(folder)}}
	case "bun":
		folder := e.in(".bun/install/cache", "BUN_INSTALL_CACHE_DIR")
		if v, ok := e.values["BUN_INSTALL"]; ok && e.values["BUN_INSTALL_CACHE_DIR"] == "" {
			folder = e.folder(path.Join(v, "install/cache"))
		}
		k.mounts = []cacheMount{{folder: folder}}
		k.swaps = map[string]string{"--no-cache": ""}
	case "pnpm":
		folder := e.folder(flagValue(args, "--store-dir"))
		if folder == "" {
			folder = e.in(".local/share/pnpm/store", "npm_config_store_dir")
			if v, ok := e.values["PNPM_HOME"]; ok {
				folder = e.folder(path.Join(v, "store"))
			}
		}
		k.mounts = []cacheMount{{folder: folder}}
	case "yarn":
		// Which yarn it is only the project's files tell; keepsYarn decides.
		k.mounts = []cacheMount{{folder: e.yarnFolder(), locked: true}}
	}
	return k
}

// yarnFolder is where yarn 1 keeps packages: root's is no part of its home.
func (e runEnv) yarnFolder() string {
	if v, ok := e.values["YARN_CACHE_FOLDER"]; ok {
		return e.folder(v)
	}
	if e.isRoot() {
		return "/usr/local/share/.cache/yarn"
	}
	return ""
}

func keepsPip(args []string, e runEnv) *keeping {
	k := &keeping{tool: "pip", factor: leftOfInstall, swaps: map[string]string{"--no-cache-dir": "", "--no-cache-dir=true": ""},
		mounts: []cacheMount{{folder: e.caches("pip", "PIP_CACHE_DIR")}}}
	switch {
	case len(args) == 0:
		return nil
	case args[0] == "cache" && slices.Contains(args, "purge"):
		k.cleans = true
	case !slices.Contains([]string{"install", "wheel", "download"}, args[0]):
		return nil
	case e.values["PIP_NO_CACHE_DIR"] != "": // pip takes "off" and "0" for yes as well
		k.why = "PIP_NO_CACHE_DIR turns pip's cache off, whatever its value"
	}
	return k
}

func keepsPython(tool string, args []string, e runEnv) *keeping {
	k := &keeping{tool: tool, factor: leftOfInstall}
	if len(args) == 0 {
		return nil
	}
	switch tool {
	case "uv":
		if args[0] != "sync" && args[0] != "pip" && args[0] != "tool" && args[0] != "cache" {
			return nil
		}
		if k.cleans = args[0] == "cache"; k.cleans && !slices.Contains(args, "clean") && !slices.Contains(args, "prune") {
			return nil
		}
		k.mounts = []cacheMount{{folder: e.caches("uv", "UV_CACHE_DIR")}}
		k.swaps = map[string]string{"--no-cache": "", "-n": "", "--no-cache-dir": ""}
		if e.on("UV_NO_CACHE") {
			k.why = "UV_NO_CACHE turns uv's cache off"
		}
	case "pipenv":
		if args[0] != "install" && args[0] != "sync" {
			return nil
		}
		k.mounts = []cacheMount{{folder: e.caches("pipenv", "PIPENV_CACHE_DIR")}}
	case "poetry":
		if args[0] != "install" && args[0] != "sync" && args[0] != "add" && args[0] != "cache" {
			return nil
		}
		if k.cleans = args[0] == "cache"; k.cleans && !slices.Contains(args, "clear") {
			return nil
		}
		// Virtual environments lie below the same folder, and are no cache.
		folder := e.caches("pypoetry", "POETRY_CACHE_DIR")
		if folder != "" {
			k.mounts = []cacheMount{{folder: path.Join(folder, "cache")}, {folder: path.Join(folder, "artifacts")}}
		} else {
			k.mounts = []cacheMount{{}}
		}
		k.swaps = map[string]string{"--no-cache": ""}
		if e.on("POETRY_NO_CACHE") {
			k.why = "POETRY_NO_CACHE turns poetry's cache off"
		}
	}
	return k
}

// keepsCompiled is for tools of languages that are compiled, and those of Ruby,
// PHP and Elixir.
func keepsCompiled(tool string, args []string, e runEnv) *keeping {
	if len(args) == 0 {
		return nil
	}
	k := &keeping{tool: strings.TrimSuffix(tool, "w"), factor: leftOfInstall}
	switch tool {
	case "go":
		return keepsGo(args, e)
	case "cargo":
		home := e.in(".cargo", "CARGO_HOME")
		k.mounts = []cacheMount{{folder: below(home, "registry"), store: true}, {folder: below(home, "git/db"), store: true}}
		k.factor = leftOfNative
	case "mvn", "mvnw":
		k.tool = "mvn"
		folder := e.in(".m2/repository")
		for _, a := range args {
			if at, ok := strings.CutPrefix(a, "-Dmaven.repo.local="); ok {
				folder = e.folder(at)
			}
		}
		k.mounts = []cacheMount{{folder: folder, store: true, locked: true}}
	case "gradle", "gradlew":
		home := e.in(".gradle", "GRADLE_USER_HOME")
		if v := flagValue(args, "-g", "--gradle-user-home"); v != "" {
			home = e.folder(v)
		}
		k.mounts = []cacheMount{{folder: below(home, "caches"), store: true, locked: true}}
		if tool == "gradlew" { // it downloads Gradle itself
			k.mounts = append(k.mounts, cacheMount{folder: below(home, "wrapper"), store: true, locked: true})
		}
	case "dotnet":
		if !slices.Contains(append([]string{"restore", "nuget"}, dotnetBuilds...), args[0]) {
			return nil
		}
		if k.cleans = args[0] == "nuget"; k.cleans && !slices.Contains(args, "locals") {
			return nil
		}
		k.mounts = []cacheMount{{folder: e.in(".nuget/packages", "NUGET_PACKAGES"), store: true},
			{folder: e.in(".local/share/NuGet/http-cache", "NUGET_HTTP_CACHE_PATH"), spare: true}}
	case "bundle":
		if args[0] != "install" {
			return nil
		}
		// Gems are installed beside the packages that they are unpacked from, with
		// BUNDLE_PATH in a folder that is named after the version of Ruby.
		home := e.values["GEM_HOME"]
		if e.values["BUNDLE_PATH"] != "" || e.on("BUNDLE_DEPLOYMENT") || hasFlag(args, "--path", "--deployment") {
			home = ""
		}
		k.mounts = []cacheMount{{folder: below(e.folder(home), "cache"), locked: true}}
		k.factor = leftOfNative
	case "composer":
		k.cleans = slices.Contains([]string{"clear-cache", "clearcache", "cc"}, args[0])
		if !k.cleans && args[0] != "install" && args[0] != "update" && args[0] != "require" {
			return nil
		}
		folder := e.folder(e.values["COMPOSER_CACHE_DIR"])
		if home := e.folder(e.values["COMPOSER_HOME"]); folder == "" && home != "" {
			folder = path.Join(home, "cache")
		}
		k.mounts = []cacheMount{{folder: folder}}
		k.swaps = map[string]string{"--no-cache": ""}
	case "mix":
		if !strings.Contains(strings.Join(args, " "), "deps.get") {
			return nil
		}
		k.mounts = []cacheMount{{folder: below(e.in(".hex", "HEX_HOME"), "packages"), locked: true}}
		k.factor = leftOfNative
	}
	return k
}

// aptLists is where apt-get update leaves what can be installed, apkCache where apk
// keeps that and packages.
const (
	aptLists = "/var/lib/apt/lists"
	apkCache = "/etc/apk/cache"
)

func below(folder, name string) string {
	if folder == "" {
		return ""
	}
	return path.Join(folder, name)
}

func keepsGo(args []string, e runEnv) *keeping {
	_, args = cutFlag(args, "-C")
	k := &keeping{tool: "go", factor: leftOfInstall}
	modules := cacheMount{folder: below(e.in("go", "GOPATH"), "pkg/mod"), store: true}
	if v, ok := e.values["GOMODCACHE"]; ok {
		modules.folder = e.folder(v)
	}
	compiled := cacheMount{folder: e.caches("go-build", "GOCACHE")}
	vendored := hasFlag(args, "-mod") && flagValue(args, "-mod") == "vendor" || strings.Contains(e.values["GOFLAGS"], "-mod=vendor")
	switch {
	case len(args) == 0:
		return nil
	case args[0] == "clean" && !hasFlag(args, "-cache", "-modcache"):
		return nil
	case args[0] == "clean":
		k.cleans, k.mounts = true, []cacheMount{compiled, modules}
	case args[0] == "mod" || args[0] == "get":
		k.mounts = []cacheMount{modules}
	case !slices.Contains([]string{"build", "install", "test", "vet", "run", "generate"}, args[0]):
		return nil
	case e.values["GOCACHE"] == "off":
		k.why = "GOCACHE turns the cache of go off"
	case vendored:
		k.mounts, k.factor = []cacheMount{compiled}, leftOfCompile
	default:
		k.mounts, k.factor = []cacheMount{compiled, modules}, leftOfCompile
	}
	return k
}

// keepsSystem is for the system's package managers.
func keepsSystem(tool string, args []string, e runEnv) *keeping {
	rest := plain(args)
	if len(rest) == 0 {
		return nil
	}
	k := &keeping{tool: tool, factor: leftOfSystem}
	clean := rest[0] == "clean" || rest[0] == "autoclean"
	if !e.isRoot() {
		k.why = tool + " is called by another user than root"
		return k
	}
	switch tool {
	case "apt-get", "apt":
		k.tool = "apt"
		k.mounts = []cacheMount{{folder: "/var/cache/apt", locked: true}, {folder: aptLists, locked: true}}
		// Debian's images delete each package once it is installed.
		k.before = "rm -f /etc/apt/apt.conf.d/docker-clean"
		k.unlike = []string{"etc/apt/apt.conf.d/docker-clean"}
		if tool == "apt" {
			k.setting = "-oAPT::Keep-Downloaded-Packages=true"
		}
	case "apk":
		k.mounts = []cacheMount{{folder: apkCache, locked: true}}
		k.swaps = map[string]string{"--no-cache": "--update-cache"}
	default:
		k.mounts = []cacheMount{{folder: "/var/cache/yum", locked: true}}
		if tool == "dnf" { // which of them depends on its version
			k.mounts = []cacheMount{{folder: "/var/cache/dnf", locked: true}, {folder: "/var/cache/libdnf5", locked: true}}
		}
		k.setting = "--setopt=keepcache=1"
	}
	switch {
	case clean:
		k.cleans = true
	case !slices.Contains([]string{"install", "add", "upgrade", "update", "dist-upgrade", "build-dep", "groupinstall", "localinstall", "makecache"}, rest[0]):
		return nil
	}
	return k
}
