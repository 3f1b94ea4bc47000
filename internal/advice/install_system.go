package advice

import "strings"

// classifySystem reads the command line of the system's package managers.
func classifySystem(args []string) action {
	rest := plain(args)
	if len(rest) == 0 {
		return action{}
	}
	var named []string
	for _, r := range rest[1:] {
		switch {
		case !strings.HasSuffix(r, ".deb") && !strings.HasSuffix(r, ".rpm") && !strings.HasSuffix(r, ".apk") && !strings.HasPrefix(r, "./"):
			if strings.Contains(r, "/") && (strings.HasPrefix(r, "/") || strings.Contains(r, ":")) {
				return action{why: "it installs " + r + ", which may be a file of the project"}
			}
		case strings.ContainsAny(r, "$*?[:") || strings.HasPrefix(r, "/"):
			return action{why: "it installs " + r + ", which may be a file of the project"}
		default:
			named = append(named, r)
		}
	}
	switch rest[0] {
	case "install", "add", "upgrade", "update", "dist-upgrade", "localinstall":
		if len(named) == 0 {
			return action{purpose: fetch}
		}
		return action{purpose: fetch, named: named, from: &ecosystem{name: "the system's packages"}}
	case "clean", "autoremove", "autoclean", "remove", "purge", "del", "makecache":
		return action{purpose: harmless}
	}
	return action{}
}
