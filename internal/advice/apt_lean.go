package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// aptLean keeps out of the image what apt-get leaves in a layer: the package lists,
// and packages that are only recommended. Before:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y tini
//
// After the first suggestion:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y tini && rm -rf /var/lib/apt/lists/*
//
// and after the second:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y --no-install-recommends tini
//
// It looks at RUNs whose layers are in the image that is built and whose size the
// record has, of a megabyte and more. Where a later step installs from the lists,
// or a mount covers them, it keeps silent about them; and about recommended packages
// where one is installed that hardly works without them.
func aptLean(s *scene) []candidate {
	var out []candidate
	shipped := s.shipped()
	for i, in := range s.file.Instructions {
		if in.Command != "RUN" || !slices.Contains(shipped, in.Stage) || s.layerBytes(i) < worthBytes {
			continue
		}
		commands, end, ok := locate(in)
		if !ok {
			continue
		}
		if c, ok := s.dropLists(i, commands, end); ok {
			out = append(out, c)
		}
		if c, ok := s.dropRecommended(i, commands); ok {
			out = append(out, c)
		}
	}
	return out
}

// dropLists removes the lists where they were fetched.
func (s *scene) dropLists(at int, commands []located, end int) (candidate, bool) {
	in := s.file.Instructions[at]
	apt := func(c located) bool { return c.words[0] != "apk" && c.updates() }
	if !slices.ContainsFunc(commands, apt) || !slices.ContainsFunc(commands, located.installs) || strings.Contains(in.Script(), "/var/lib/apt") {
		return candidate{}, false
	}
	if last := commands[len(commands)-1].words[0]; last == "exit" || last == "exec" {
		return candidate{}, false
	}
	for _, m := range in.Mounts() {
		if inside("/var/lib/apt/lists", strings.TrimSuffix(m.Target, "/")) || m.Target == "" {
			return candidate{}, false
		}
	}
	if i := s.needsLists(at, nil); i >= 0 {
		s.silent(at, "%s installs from its lists", quoted(s.file.Instructions[i]))
		return candidate{}, false
	}
	text := " && rm -rf /var/lib/apt/lists/*"
	if in.EndLine > in.Line && len(in.Heredocs) == 0 {
		text = " " + string(s.file.Escape) + "\n" + s.indent(in) + text[1:]
	}
	e := s.file.Edit()
	if !e.Splice(at, end, end, text) {
		return candidate{}, false
	}
	c, ok := s.revised(e, at, fmt.Sprintf("Remove the package lists in the step that fetches them, whose layer is %s", size(s.layerBytes(at))), []int{at}, nil)
	c.sound = true
	c.Declares = []Difference{{"/var/lib/apt/lists/**", "removed"}}
	c.Assumes = []string{"No script that a later step runs installs packages from the lists of this one."}
	return c, ok
}

// indent is what the last line of an instruction starts with.
func (s *scene) indent(in dockerfile.Instruction) string {
	lines := strings.Split(strings.TrimRight(string(s.file.Data[in.Bytes.Start:in.Bytes.End]), "\r\n"), "\n")
	last := lines[len(lines)-1]
	return last[:len(last)-len(strings.TrimLeft(last, " \t"))]
}

// incomplete are packages that lack something most users of them need without what
// they recommend: certificates, headers, an X server's keys, fonts.
var incomplete = []string{
	"curl", "wget", "git", "openssl", "gcc", "g++", "python3-pip", "xvfb", "openssh-client", "chromium", "firefox-esr",
	"libreoffice", "wkhtmltopdf", "gnupg", "npm", "cron", "ffmpeg",
}

// dropRecommended installs only what packages depend on.
func (s *scene) dropRecommended(at int, commands []located) (candidate, bool) {
	if slices.ContainsFunc(s.file.Instructions, func(x dockerfile.Instruction) bool {
		return strings.Contains(x.Text, "Install-Recommends") || strings.Contains(x.Text, "apt.conf")
	}) {
		return candidate{}, false
	}
	e := s.file.Edit()
	found := false
	for _, c := range commands {
		n := c.aptWord("install")
		if n < 0 || c.words[0] == "apk" || hasFlag(c.words, "--no-install-recommends", "--install-recommends", "--fix-broken", "-f") {
			continue
		}
		names := plain(c.words[n+1:])
		certificates := slices.Contains(names, "ca-certificates")
		for _, name := range names {
			name, _, _ = strings.Cut(name, "=")
			if strings.ContainsAny(name, "$"+unreadable) || slices.Contains(incomplete, name) && !(certificates && slices.Contains(incomplete[:4], name)) {
				s.silent(at, "%s may need what it recommends", strings.ReplaceAll(name, unreadable, "a package"))
				return candidate{}, false
			}
		}
		for n+1 < len(c.words) && strings.HasPrefix(c.words[n+1], "-") && c.words[n+1] != "-t" && c.words[n+1] != "-o" {
			n++
		}
		if len(names) == 0 || !e.Splice(at, c.at[n].End, c.at[n].End, " --no-install-recommends") {
			return candidate{}, false
		}
		found = true
	}
	if !found {
		return candidate{}, false
	}
	c, ok := s.revised(e, at, fmt.Sprintf("Install packages without those that they only recommend, in a layer of %s", size(s.layerBytes(at))), []int{at}, nil)
	c.sound = true
	c.Declares = []Difference{{"/**", "removed"}, {"/etc/**", "content"}, {"/var/**", "content"}, {"/usr/share/**", "content"}}
	c.Assumes = []string{"Nothing in the image uses a package that another one only recommended."}
	return c, ok
}
