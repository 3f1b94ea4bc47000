package advice

import (
	"encoding/xml"
	"path"
	"regexp"
	"slices"
	"strings"
)

func mavenPackages(look func(*project) demand) *ecosystem {
	return &ecosystem{
		name: "the Maven packages", files: []string{"pom.xml", "mvnw"}, required: []string{"pom.xml"},
		folders: []string{".mvn"}, look: look, unsure: []string{"**/pom.xml"}}
}

// mavenValued are the options of mvn whose value is the next word.
var mavenValued = []string{"-P", "--activate-profiles", "-D", "--define", "-T", "--threads", "-pl", "--projects", "-gs", "--global-settings"}

// classifyMaven knows the goals that only download, and takes all others for a
// build that downloads on its way.
func classifyMaven(tool string, args []string) action {
	if tool != "mvn" && tool != "./mvnw" {
		return action{}
	}
	settings, rest := cutFlag(args, "-s", "--settings")
	file, rest := cutFlag(rest, "-f", "--file")
	dir := file
	if strings.HasSuffix(file, ".xml") {
		if path.Base(file) != "pom.xml" {
			return action{}
		}
		dir = path.Dir(file)
	}
	if !knownFolder(dir) || path.IsAbs(settings) {
		return action{}
	}
	a := action{}
	if settings != "" {
		a.named = []string{settings}
	}
	var goals, keep []string
	for i := 0; i < len(rest); i++ {
		switch {
		case slices.Contains(mavenValued, rest[i]) && i+1 < len(rest):
			keep = append(keep, rest[i], rest[i+1])
			i++
		case strings.HasPrefix(rest[i], "-"):
			keep = append(keep, rest[i])
		default:
			goals = append(goals, rest[i])
		}
	}
	if len(goals) == 0 || hasFlag(rest, "-o", "--offline") || dir != "" && dir != "." {
		return action{} // with -f, the settings are searched elsewhere
	}
	downloads := func(g string) bool {
		name := path.Base(g[strings.LastIndex(g, ":")+1:])
		return strings.Contains(g, "dependency") && slices.Contains([]string{"go-offline", "resolve", "resolve-plugins", "tree", "list", "collect"}, name)
	}
	if !slices.ContainsFunc(goals, func(g string) bool { return !downloads(g) }) {
		a.purpose = fetch
		a.from = mavenPackages(func(p *project) demand { return lookMaven(p, nil) })
		return a
	}
	a.purpose, a.why = builds, "mvn "+goals[len(goals)-1]+" compiles the sources"
	words := append([]string{tool}, keep...)
	if settings != "" {
		words = append(words, "-s", settings)
	}
	a.from = mavenPackages(func(p *project) demand { return lookMaven(p, append(words, "dependency:go-offline")) })
	return a
}

type pom struct {
	XMLName xml.Name `xml:"project"`
	Parent  struct {
		Version      string  `xml:"version"`
		RelativePath *string `xml:"relativePath"`
	} `xml:"parent"`
	Modules      []string `xml:"modules>module"`
	Profiles     []string `xml:"profiles>profile>modules>module"`
	Dependencies []struct {
		SystemPath string `xml:"systemPath"`
	} `xml:"dependencies>dependency"`
	Repositories       []pomRepository `xml:"repositories>repository"`
	PluginRepositories []pomRepository `xml:"pluginRepositories>pluginRepository"`
}

type pomRepository struct {
	URL string `xml:"url"`
}

// mavenBase are the names that a pom.xml has for its own folder.
var mavenBase = regexp.MustCompile(`^\$\{(project\.)?(basedir|baseUri)\}/*`)

// lookMaven follows the modules of a pom.xml. Modules that stand on each other
// cannot be resolved before they are built, so a download is put in for a single
// one alone.
func lookMaven(p *project, first []string) demand {
	var d demand
	seen := map[string]bool{}
	queue := []string{"pom.xml"}
	for i := 0; i < len(queue); i++ {
		if len(seen) > mostMembers {
			d.why = "the pom.xml has too many modules to copy each one's"
			return d
		}
		file := queue[i]
		if seen[file] {
			continue
		}
		seen[file] = true
		data, ok := p.data(file)
		if !ok {
			if file != "pom.xml" {
				d.why = "the module " + path.Dir(file) + " cannot be read"
			}
			continue
		}
		var f pom
		if len(strings.TrimSpace(string(data))) > 0 && xml.Unmarshal(data, &f) != nil {
			d.why = file + " is not the XML that is expected"
			return d
		}
		d.members = true
		d.files = append(d.files, file)
		for _, m := range append(f.Modules, f.Profiles...) {
			m = path.Join(path.Dir(file), strings.TrimSpace(m))
			if path.Ext(m) != ".xml" {
				m = path.Join(m, "pom.xml")
			}
			queue = append(queue, m)
		}
		if f.Parent.Version != "" && (f.Parent.RelativePath == nil || *f.Parent.RelativePath != "") {
			parent := "../pom.xml"
			if f.Parent.RelativePath != nil {
				parent = *f.Parent.RelativePath
			}
			if at := path.Join(path.Dir(file), parent); p.has(at) {
				queue = append(queue, at)
			}
		}
		for _, dep := range f.Dependencies {
			if at := mavenBase.ReplaceAllString(dep.SystemPath, ""); at != "" {
				d.files = append(d.files, path.Join(path.Dir(file), at))
			}
		}
		for _, r := range append(f.Repositories, f.PluginRepositories...) {
			at, local := strings.CutPrefix(strings.TrimSpace(r.URL), "file:")
			if local || mavenBase.MatchString(at) {
				if at = mavenBase.ReplaceAllString(strings.TrimLeft(at, "/"), ""); strings.ContainsAny(at, "$") {
					d.why = file + " has a repository in " + at
				}
				d.files = append(d.files, path.Join(path.Dir(file), at))
			}
		}
	}
	d.files = append(d.files, mavenConfig(p)...)
	if len(first) > 0 && len(seen) == 1 && !p.unseen && d.why == "" {
		d.first = command(first...)
	}
	if len(first) > 0 && len(seen) > 1 && d.why == "" {
		d.why = "the modules of the pom.xml stand on each other, so that their packages cannot be fetched before the modules are built"
	}
	return d
}

// mavenConfig lists the files that the options of .mvn/maven.config name.
// https://maven.apache.org/configure.html
func mavenConfig(p *project) []string {
	text, _ := p.text(".mvn/maven.config", "#")
	var out []string
	for rest := strings.Fields(text); len(rest) > 0; rest = rest[1:] {
		if at := flagValue(rest[:min(2, len(rest))], "-s", "--settings", "-gs", "--global-settings"); at != "" {
			out = append(out, p.rel(at))
		}
	}
	return out
}

func gradlePackages(look func(*project) demand) *ecosystem {
	return &ecosystem{
		name:     "the Gradle packages",
		files:    []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties", "gradle.lockfile", "gradlew"},
		required: []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"},
		folders:  []string{"gradle", "buildSrc"}, outputs: []string{".gradle"}, look: look,
		unsure: []string{"**/build.gradle", "**/build.gradle.kts", "**/gradle.lockfile"}}
}

// classifyGradle knows the task that lists the packages. A build with the wrapper
// downloads Gradle itself first, which needs the wrapper alone.
func classifyGradle(tool string, args []string) action {
	if tool != "gradle" && tool != "./gradlew" || hasFlag(args, "-p", "--project-dir", "-b", "-c", "-I", "--init-script", "--offline", "--include-build") {
		return action{}
	}
	tasks := plain(args)
	if len(tasks) == 0 {
		if hasFlag(args, "--version", "-v") && tool == "./gradlew" {
			return action{purpose: fetch, from: gradleWrapper()}
		}
		return action{}
	}
	if slices.Equal(tasks, []string{"dependencies"}) || slices.Equal(tasks, []string{"buildEnvironment"}) {
		return action{purpose: fetch, from: gradlePackages(lookGradle)}
	}
	a := action{purpose: builds, why: "gradle " + tasks[0] + " compiles the sources, and no task of Gradle only downloads"}
	if tool == "./gradlew" {
		a.from, a.first = gradleWrapper(), "./gradlew --version"
	}
	return a
}

func gradleWrapper() *ecosystem {
	return &ecosystem{name: "Gradle", files: []string{"gradlew"}, required: []string{"gradlew"}, folders: []string{"gradle/wrapper"}}
}

// gradleReads are words of a build script with which it reads more files than the
// ones that Gradle itself knows.
var gradleReads = regexp.MustCompile(`\b(readText|readLines|newInputStream|FileInputStream|commandLine|\.text\b|providers\.exec|fileTree|apply\s+from)|includeBuild|apply\(from`)

// lookGradle looks for scripts that read more than themselves.
func lookGradle(p *project) demand {
	var d demand
	for _, file := range p.glob("*.gradle", "*.gradle.kts", "**/build.gradle", "**/build.gradle.kts") {
		text, ok := p.text(file, "//")
		if !ok {
			continue
		}
		if at := gradleReads.FindString(text); at != "" {
			d.why = file + " reads more files (" + oneLine(at) + ")"
		}
	}
	return d
}
