package advice

import (
	"encoding/xml"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// dotnetBuilds are the commands that restore the packages on their way.
var dotnetBuilds = []string{"build", "publish", "test", "pack", "run"}

// classifyDotnet reads the command line of dotnet.
func classifyDotnet(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	valued := []string{"-c", "--configuration", "-o", "--output", "-r", "--runtime", "-f", "--framework", "-v", "--verbosity", "-a", "--arch",
		"--os", "-s", "--source", "--packages", "--configfile", "--logger", "--collect", "--filter", "--version-suffix", "--project"}
	var target string
	var keep []string // the flags that decide what is restored
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case slices.Contains(valued, a):
			if i++; i == len(args) {
				return action{}
			}
			switch a {
			case "-r", "--runtime", "-a", "--arch", "--os", "-s", "--source", "--packages", "--configfile":
				keep = append(keep, a, args[i])
			case "--project":
				target = args[i]
			}
		case a == "--self-contained" || a == "--sc":
			self := i+1 == len(args) || args[i+1] != "false"
			if i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "false") {
				i++
			}
			if self { // the packages of the runtime come along
				keep = append(keep, "-p:SelfContained=true")
			}
		case strings.HasPrefix(a, "-r=") || strings.HasPrefix(a, "--runtime=") || strings.HasPrefix(a, "--arch=") || strings.HasPrefix(a, "--os=") || strings.HasPrefix(a, "-p:") || strings.HasPrefix(a, "/p:"):
			keep = append(keep, a)
		case strings.HasPrefix(a, "-") || strings.HasPrefix(a, "/"):
		case target != "":
			return action{}
		default:
			target = a
		}
	}
	if strings.Contains(target, "$") || path.IsAbs(target) {
		return action{}
	}
	eco := &ecosystem{
		name:     "the NuGet packages",
		files:    []string{"*.sln", "*.slnx", "*.slnf", "*.csproj", "*.fsproj", "*.vbproj", "Directory.*.props", "Directory.*.targets", "[Nn]u[Gg]et.[Cc]onfig", "NuGet.Config", "global.json", "packages.lock.json"},
		required: []string{"**/*.csproj", "**/*.fsproj", "**/*.vbproj"},
		unsure:   []string{"**/*.csproj", "**/*.fsproj", "**/*.vbproj", "**/packages.lock.json", "**/Directory.*.props", "**/Directory.*.targets"},
		outputs:  []string{"obj"}, look: func(p *project) demand { return lookDotnet(p, target) }}
	switch {
	case args[0] == "restore":
		return action{purpose: fetch, from: eco}
	case slices.Contains(dotnetBuilds, args[0]):
		a := action{purpose: builds, from: eco, why: "dotnet " + args[0] + " compiles the sources"}
		if !hasFlag(args, "--no-restore") {
			words := []string{"dotnet", "restore"}
			if target != "" {
				words = append(words, target)
			}
			a.first = command(append(words, keep...)...)
		}
		return a
	case args[0] == "--info", args[0] == "--version":
		return action{purpose: harmless}
	case args[0] == "tool" && len(args) > 1 && args[1] == "install" && hasFlag(args, "-g", "--global", "--tool-path"):
		return action{purpose: fetch}
	case slices.Equal(args, []string{"tool", "restore"}):
		return action{purpose: fetch, from: &ecosystem{
			name: "the .NET tools", files: []string{"dotnet-tools.json", "global.json"}, folders: []string{".config"},
			required: []string{".config/dotnet-tools.json", "dotnet-tools.json"}, look: func(p *project) demand { return lookNuGets(p, "x") }}}
	}
	return action{}
}

var (
	slnProject  = regexp.MustCompile(`(?m)^Project\([^)]*\)\s*=\s*"[^"]*",\s*"([^"]+proj)"`)
	slnxProject = regexp.MustCompile(`<Project\s[^>]*Path="([^"]+)"`)
)

// lookDotnet follows what is restored: the projects of a solution, and the
// projects that those stand on.
func lookDotnet(p *project, target string) demand {
	var d demand
	if target == "" {
		found := p.glob("*.sln", "*.slnx", "*.csproj", "*.fsproj", "*.vbproj")
		if len(found) != 1 {
			d.why = "what is restored is not one project or solution"
			return d
		}
		target = found[0]
	}
	if !p.has(target) {
		found := p.glob(path.Join(target, "*.csproj"), path.Join(target, "*.fsproj"), path.Join(target, "*.vbproj"))
		if len(found) != 1 {
			d.why = "the project " + target + " is not in the image"
			return d
		}
		target = found[0]
	}
	seen := map[string]bool{}
	queue := []string{path.Clean(target)}
	for i := 0; i < len(queue); i++ {
		if len(seen) > 2*mostMembers {
			d.why = "it restores too many projects to copy each one's"
			return d
		}
		file := queue[i]
		if seen[file] {
			continue
		}
		seen[file] = true
		if !p.has(file) {
			d.why = file + " is not in the image"
			continue
		}
		d.files = append(d.files, file)
		more, why := dotnetRefers(p, file)
		if why != "" {
			d.why = why
		}
		queue = append(append(queue, more...), p.around(file, dotnetAbove...)...)
	}
	if p.unseen {
		return d
	}
	d.members = true
	for _, file := range slices.Sorted(maps.Keys(seen)) {
		d.and(lookNuGets(p, file))
	}
	slices.Sort(d.files)
	d.files = slices.Compact(d.files)
	return d
}

// dotnetAbove are what MSBuild, NuGet and dotnet look for in the folder of a project
// and in all above it.
// https://learn.microsoft.com/visualstudio/msbuild/customize-by-directory
var dotnetAbove = []string{"Directory.Build.props", "Directory.Build.targets", "Directory.Build.rsp", "Directory.Packages.props",
	"packages.lock.json", "global.json"}

// around lists the files of these names in the folder of a file and in those above it.
func (p *project) around(file string, names ...string) []string {
	var out []string
	for dir := path.Dir(path.Join(p.dir, file)); ; dir = path.Dir(dir) {
		for _, name := range names {
			if at := path.Join(dir, name); p.files[at] != "" {
				out = append(out, p.rel(at))
			}
		}
		if dir == path.Dir(dir) {
			return out
		}
	}
}

// dotnetRefers lists the files that a solution or a project names.
func dotnetRefers(p *project, file string) (refers []string, why string) {
	data, ok := p.data(file)
	if !ok {
		return nil, ""
	}
	in := func(at string) string { return path.Join(path.Dir(file), strings.ReplaceAll(at, `\`, "/")) }
	switch path.Ext(file) {
	case ".sln", ".slnx":
		for _, m := range slices.Concat(slnProject.FindAllSubmatch(data, -1), slnxProject.FindAllSubmatch(data, -1)) {
			refers = append(refers, in(string(m[1])))
		}
		return refers, ""
	case ".props", ".targets":
	default:
		if !strings.HasSuffix(file, "proj") {
			return nil, ""
		}
	}
	type imported struct {
		Project   string `xml:"Project,attr"`
		Sdk       string `xml:"Sdk,attr"`
		Condition string `xml:"Condition,attr"`
	}
	var f struct {
		References []struct {
			Include string `xml:"Include,attr"`
		} `xml:"ItemGroup>ProjectReference"`
		Imports []imported `xml:"Import"`
		Groups  []imported `xml:"ImportGroup>Import"`
	}
	if xml.Unmarshal(data, &f) != nil && len(strings.TrimSpace(string(data))) > 0 {
		return nil, file + " is not the XML that is expected"
	}
	for _, r := range f.References {
		if strings.ContainsAny(r.Include, "$*;") {
			return nil, file + " refers to " + r.Include
		}
		refers = append(refers, in(r.Include))
	}
	for _, i := range append(f.Imports, f.Groups...) {
		at := strings.TrimPrefix(i.Project, "$(MSBuildThisFileDirectory)")
		switch {
		case i.Sdk != "" || dotnetFound.MatchString(at): // of the SDK, or looked for above
		case strings.ContainsAny(at, "$*;") || strings.Contains(strings.ToLower(at), "paket"):
			return nil, file + " imports " + i.Project
		case i.Condition == "" || p.has(in(at)):
			refers = append(refers, in(at))
		}
	}
	return refers, ""
}

// dotnetFound are imports of what stands in a folder above and is copied anyway.
var dotnetFound = regexp.MustCompile(`^\$\(\[MSBuild\]::GetPathOfFileAbove\(['"]?(Directory\.(Build|Packages)\.(props|targets)|\$\(MSBuildThisFile\))['"]?[,)]`)

// lookNuGets takes the settings of NuGet that count for a file.
func lookNuGets(p *project, file string) demand {
	d := demand{members: true}
	for _, at := range p.around(file, "nuget.config", "NuGet.config", "NuGet.Config") {
		d.files = append(d.files, at)
		d.and(lookNuGet(p, at))
	}
	return d
}

// lookNuGet takes the folders that stand among the sources of packages.
func lookNuGet(p *project, file string) demand {
	var d demand
	data, _ := p.data(file)
	var f struct {
		Sources []struct {
			Value string `xml:"value,attr"`
		} `xml:"packageSources>add"`
	}
	if xml.Unmarshal(data, &f) != nil && len(data) > 0 {
		d.why = file + " is not the XML that is expected"
	}
	for _, s := range f.Sources {
		if !strings.Contains(s.Value, "://") && s.Value != "" {
			d.files = append(d.files, path.Join(path.Dir(file), strings.ReplaceAll(s.Value, `\`, "/")))
		}
	}
	return d
}
