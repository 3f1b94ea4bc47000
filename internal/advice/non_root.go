package advice

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// nonRoot has the final stage run as the user that its image brings for that. Before:
//
//	FROM node:24-slim
//	COPY --from=build /app /app
//	CMD ["node", "/app/server.js"]
//
// After:
//
//	FROM node:24-slim
//	COPY --from=build /app /app
//	USER node
//	CMD ["node", "/app/server.js"]
//
// The user comes after the last step, so nothing is built in another way. A rule
// that asks for a user in every Dockerfile would be noise: this one speaks only of
// images that are known to bring one, and of a program that is named, and needs root
// for nothing that can be seen: what a step prepares for it to write would be root's.
func nonRoot(s *scene) []candidate {
	_, chain := s.final()
	if len(chain) == 0 {
		return nil
	}
	from := s.file.Stages[chain[len(chain)-1]].From
	user, why := "", "its image is not known to bring a user"
	for _, b := range s.bases() {
		if b.at == from {
			user = userOf(b)
		}
	}
	at, starts := -1, -1
	for _, i := range s.within(chain) {
		in := s.file.Instructions[i]
		if reason := needsRoot(in); reason != "" && user != "" {
			user, why = "", reason
		}
		if in.Command == "CMD" || in.Command == "ENTRYPOINT" {
			starts = i
		}
		if in.Cacheable() || in.Command == "FROM" {
			at = i
		}
	}
	if reason := s.homeOfRoot(chain); reason != "" && user != "" {
		user, why = "", reason
	}
	if user != "" && (starts < 0 || s.file.Instructions[at].Stage != chain[0] && chain[0] != s.file.Instructions[starts].Stage) {
		user, why = "", "it does not say what it starts"
	}
	if user == "" {
		s.silent(from, "%s", why)
		return nil
	}
	line := "USER " + user
	e := s.file.Edit()
	switch {
	case starts > at && s.file.Instructions[starts].Stage == chain[0]:
		first := at + 1
		for s.file.Instructions[first].Command != "CMD" && s.file.Instructions[first].Command != "ENTRYPOINT" {
			first++
		}
		e.InsertBefore(first, line)
	case s.file.Instructions[at].Stage == chain[0]:
		e.InsertAfter(at, line)
	default:
		s.silent(from, "its last stage has no step")
		return nil
	}
	c, ok := s.draft(e, from, fmt.Sprintf("Run as `%s`, the user that `%s` brings, instead of root", user, s.file.Stages[chain[len(chain)-1]].Base), nil, []string{line})
	if !ok {
		return nil
	}
	c.sound, c.predicted = true, &Prediction{}
	c.Declares = []Difference{{Path: "config.User"}}
	c.Assumes = append(c.Assumes, "at run time it writes only where that user may: its home, /tmp, mounted folders that belong to it")
	return []candidate{c}
}

var dotnet = regexp.MustCompile(`^mcr\.microsoft\.com/dotnet/(aspnet|runtime|runtime-deps)$`)

// userOf is the user that an image brings for what runs in it and does not use by
// itself.
func userOf(b base) string {
	major, _ := strconv.Atoi(strings.SplitN(b.tag, ".", 2)[0])
	switch name := b.official(); {
	case b.windows():
		return "" // it has other users, and starts as none that is root
	case name == "node":
		return "node"
	case name == "oven/bun":
		return "bun"
	case name == "denoland/deno":
		return "deno"
	case strings.HasPrefix(name, "gcr.io/distroless/") && !strings.Contains(b.tag, "nonroot"):
		return "nonroot"
	case dotnet.MatchString(name) && major >= 8 && !strings.Contains(b.tag, "chiseled") && !strings.Contains(b.tag, "distroless"):
		return "app"
	}
	return ""
}

// needsRoot says why an instruction may need root at run time, or has chosen its
// user already.
func needsRoot(in dockerfile.Instruction) string {
	switch in.Command {
	case "USER":
		return "it chooses its user"
	case "ONBUILD":
		return "it has triggers"
	case "VOLUME":
		return "it writes to a volume, which belongs to root"
	case "EXPOSE":
		for _, p := range in.Args {
			number, _, _ := strings.Cut(p, "/")
			if n, err := strconv.Atoi(number); err != nil || n < 1024 {
				return "it listens on a port below 1024, or on one that is not known"
			}
		}
	case "ENV":
		if m := lowPort.FindStringSubmatch(in.Text); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n < 1024 {
				return "it listens on a port below 1024, going by " + declared(in)
			}
		}
	case "RUN":
		if sc, ok := readScript(in); ok && slices.ContainsFunc(sc.commands, preparesFolders) {
			return "a step makes folders or sets permissions, as for a program that writes there"
		}
	case "CMD", "ENTRYPOINT":
		if startsScript(strings.Fields(strings.Join(in.Args, " "))) {
			return "it starts a script of the project, which may be any program"
		}
		text := strings.ToLower(in.Text)
		for _, word := range []string{".sh", "gosu", "su-exec", "sudo", "chown", "dev", "watch", "nodemon", "entrypoint ", "$"} {
			if strings.Contains(strings.TrimPrefix(text, "entrypoint "), word) {
				return "what it starts may need root, or writes to its own folder"
			}
		}
	}
	return ""
}

// lowPort finds the port in what programs are told by variables, such as PORT=80 or
// ASPNETCORE_URLS=http://+:80.
var lowPort = regexp.MustCompile(`(?i)(?:\b|_)(?:ports?|urls)[= ]["']?(?:https?://[^:/\s]*:)?(\d{1,5})\b`)

// preparesFolders knows the commands that make a place to write to.
func preparesFolders(words []string) bool {
	return slices.Contains([]string{"mkdir", "chown", "chmod", "chgrp", "install", "touch", "setcap"}, path.Base(words[0]))
}

// startsScript says whether a command line runs what package.json or deno.json has by
// a name, or hands it to a supervisor.
func startsScript(words []string) bool {
	for i, word := range words {
		switch path.Base(word) {
		case "npm", "npx", "yarn", "pnpm", "pnpx", "bunx", "corepack", "pm2", "pm2-runtime":
			return true
		case "bun", "deno":
			rest := slices.DeleteFunc(slices.Clone(words[i+1:]), func(w string) bool { return strings.HasPrefix(w, "-") })
			if len(rest) > 1 && (rest[0] == "run" || rest[0] == "serve") {
				rest = rest[1:]
			}
			if len(rest) > 0 && !strings.Contains(rest[0], ".") { // else it is a file
				return true
			}
		}
	}
	return false
}
