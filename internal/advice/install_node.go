package advice

import (
	"slices"
	"strings"
)

// nodeLocks are the files that each package manager of Node.js reads beside
// package.json and .npmrc.
var nodeLocks = map[string][]string{
	"npm":  {"package-lock.json", "npm-shrinkwrap.json"},
	"pnpm": {"pnpm-lock.yaml", "pnpm-workspace.yaml", ".pnpmfile.cjs"},
	"yarn": {"yarn.lock", ".yarnrc", ".yarnrc.yml"},
	"bun":  {"bun.lock", "bun.lockb", "bunfig.toml"},
}

// nodeSettings are what installs read whatever the package manager: puppeteer looks
// there for where to put the browser that it downloads.
// https://pptr.dev/guides/configuration
var nodeSettings = []string{"package.json", ".npmrc", ".puppeteerrc", ".puppeteerrc.*", "puppeteer.config.*"}

// nodeValued are the flags of installs whose value is the next word.
var nodeValued = []string{"--omit", "--include", "--only", "--registry", "--loglevel", "--cache", "--network-timeout", "--store-dir",
	"--workspace", "-w", "--filter", "-F", "--network-concurrency", "--mutex", "--cache-folder", "--fetch-timeout", "--fetch-retries",
	"--backend", "--mode", "--reporter", "--jobs"}

// classifyNode reads the command line of npm, yarn, pnpm, bun and corepack.
func classifyNode(tool string, args []string) action {
	if tool == "corepack" {
		return classifyCorepack(args)
	}
	dir, args := cutFlag(args, "--prefix", "-C", "--cwd", "--dir")
	if !knownFolder(dir) {
		return action{}
	}
	if tool == "yarn" && len(plain(args)) == 0 {
		if hasFlag(args, "--version", "-v", "--help") {
			return action{purpose: harmless}
		}
		args = append([]string{"install"}, args...)
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return action{}
	}
	rest := args[1:]
	eco := nodeEcosystem(tool, rest)
	switch args[0] {
	case "cache":
		return action{purpose: harmless}
	case "config", "set", "c":
		return action{purpose: harmless, dir: dir, writes: nodeConfigured(tool, rest)}
	case "global":
		return action{purpose: fetch}
	case "fetch": // reads the lock file and nothing else
		if tool != "pnpm" || !onlyFlags(rest, nodeValued...) {
			return action{}
		}
		eco.required, eco.unsure = []string{"pnpm-lock.yaml"}, nil
		eco.look = lookPnpmFetch
		return action{purpose: fetch, from: eco, dir: dir}
	case "ci", "install", "i", "clean-install", "add":
	default:
		return action{}
	}
	if hasFlag(rest, "-g", "--global") {
		if slices.ContainsFunc(plain(rest), func(p string) bool { return strings.HasPrefix(p, ".") || strings.HasPrefix(p, "/") }) {
			return action{}
		}
		return action{purpose: fetch}
	}
	if args[0] == "add" || !onlyFlags(rest, nodeValued...) {
		return action{why: "it adds packages to the project's package.json"}
	}
	return action{purpose: fetch, dir: dir, from: eco}
}

// nodeConfigured are the files of the project that a command may change which sets a
// tool up: npm, pnpm and yarn 1 write the user's unless they are told to.
func nodeConfigured(tool string, args []string) []string {
	switch {
	case tool == "yarn":
		return []string{".yarnrc.yml"}
	case flagValue(args, "--location", "-L") == "project":
		return []string{".npmrc", "pnpm-workspace.yaml"}
	}
	return nil
}

func nodeEcosystem(tool string, args []string) *ecosystem {
	return &ecosystem{
		name:     "the packages",
		files:    append(slices.Clone(nodeSettings), nodeLocks[tool]...),
		required: []string{"package.json"},
		folders:  []string{".yarn/releases", ".yarn/plugins", ".yarn/patches", "patches"},
		unsure:   []string{"**/package.json"},
		outputs:  []string{"node_modules"},
		look:     func(p *project) demand { return lookNode(p, tool, args) },
	}
}

// classifyCorepack reads the command line of corepack, which takes the package
// manager to fetch from its arguments or from package.json.
func classifyCorepack(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	switch args[0] {
	case "enable", "disable":
		return action{purpose: harmless}
	case "prepare", "install", "use":
		if slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "@") }) {
			return action{purpose: harmless}
		}
		return action{purpose: harmless, from: &ecosystem{
			name: "the packages", files: []string{"package.json"}, required: []string{"package.json"}}}
	}
	return action{}
}
