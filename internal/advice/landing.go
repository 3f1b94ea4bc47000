package advice

import (
	"slices"
	"strings"
)

// systemFolders are where packages are installed and configured. An install that
// moves above a COPY to one may lack what the COPY brings, or win over it where
// it lost before. Programs are no part of it: an entrypoint in /usr/local/bin
// means nothing to an install.
var systemFolders = []string{
	"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/etc", "/usr/local/lib", "/usr/local/share",
	"/var/lib", "/var/cache",
}

// sites are folders of web servers below those, for what is served.
var sites = []string{"/usr/share/nginx/html", "/usr/share/caddy"}

// settings are the files and folders of a home that tools read.
var settings = []string{
	".npmrc", ".yarnrc", ".yarnrc.yml", ".bunfig.toml", ".pip", ".config", ".netrc", ".gitconfig", ".ssh", ".m2", ".cargo",
	".bundle", ".gemrc", ".composer", ".docker", ".gnupg",
}

// steersInstalls says whether a COPY brings what an install below it may read or
// write though no manifest says so.
func (p *move) steersInstalls(c *copying) bool {
	dest := inDir(p.dirs[c.index], c.dest)
	within := func(folder string) bool { return inside(dest, folder) || inside(folder, dest) }
	if strings.HasPrefix(dest, "/") && !slices.ContainsFunc(systemFolders, within) && !within("/root") && !within("/home") {
		return false
	}
	return p.brings(c, func(at string) bool {
		// The base image's own folder may be the root.
		if rest, ok := strings.CutPrefix(at, "~"); ok && (inside(rest, "/etc") || inside(rest, "/usr") || inside(rest, "/var")) {
			at = rest
		}
		in := func(folder string) bool { return inside(at, folder) }
		if slices.ContainsFunc(sites, in) {
			return false
		}
		parts := strings.Split(at, "/")
		return slices.ContainsFunc(systemFolders, in) ||
			len(parts) > 2 && parts[1] == "root" && slices.Contains(settings, parts[2]) ||
			len(parts) > 3 && parts[1] == "home" && slices.Contains(settings, parts[3])
	})
}

// inside says whether a path is a folder or lies below it.
func inside(at, folder string) bool {
	return at == folder || folder == "/" || strings.HasPrefix(at, folder+"/")
}

// brings says whether a COPY brings a file to a path in the image like that.
func (p *move) brings(c *copying, like func(at string) bool) bool {
	return slices.ContainsFunc(p.context.Paths, func(file string) bool {
		at, _, ok := p.lands(c, file)
		return ok && like(at)
	})
}

// overwrites says whether a COPY brings one of the files or folders that a command
// writes in the folder: which of the two stays is decided by their order.
func (p *move) overwrites(names []string, dir string) bool {
	return len(names) > 0 && slices.ContainsFunc(p.late, func(c *copying) bool {
		return p.brings(c, func(at string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return inside(at, inDir(dir, name)) })
		})
	})
}
