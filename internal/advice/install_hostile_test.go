package advice

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/dockerfile"
)

// hostileInstalls are installs with the manifest that each reads first.
var hostileInstalls = map[string]string{
	"npm ci": "package.json", "yarn install": ".yarnrc.yml", "pnpm i": "pnpm-workspace.yaml", "pip install -r requirements.txt": "requirements.txt",
	"poetry install": "pyproject.toml", "uv sync": "pyproject.toml", "pipenv sync": "Pipfile", "go build .": "go.mod", "go test ./...": "go.work",
	"cargo build": "Cargo.toml", "mvn package": "pom.xml", "gradle dependencies": "build.gradle", "bundle install": "Gemfile",
	"composer install": "composer.json", "dotnet restore a.csproj": "a.csproj", "dotnet restore a.sln": "a.sln", "mix deps.get": "mix.exs",
}

// beside are files without which some installs are not looked at.
func beside() map[string]string {
	return map[string]string{"changed.txt": "", "package.json": "{}", "yarn.lock": "", "Cargo.lock": "", "go.mod": "module a\n", "Pipfile.lock": "{}"}
}

// Manifests come from pull requests: whatever they hold, the rule ends, and soon.
func TestHostileManifests(t *testing.T) {
	many := func(format string) string {
		var b strings.Builder
		for i := range 20000 {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ run, file, text string }{
		"many folders":      {"npm ci", "package.json", `{"dependencies": {` + many(`"a%[1]d": "file:./a%[1]d", `) + `"x": "1"}}`},
		"many patterns":     {"npm ci", "package.json", `{"workspaces": [` + many(`"a%d/**/b/**", `) + `"x"]}`},
		"many stars":        {"npm ci", "package.json", `{"workspaces": ["` + strings.Repeat("**/a/", 5000) + `"]}`},
		"many patches":      {"pnpm i", "pnpm-workspace.yaml", "patchedDependencies:\n" + many("  a%[1]d: patches/%[1]d\n")},
		"deep":              {"npm ci", "package.json", strings.Repeat("[", 100000)},
		"deep toml":         {"uv sync", "pyproject.toml", "a = " + strings.Repeat("[", 20000)},
		"deep yaml":         {"pnpm i", "pnpm-workspace.yaml", strings.Repeat("[", 20000)},
		"aliases":           {"pnpm i", "pnpm-workspace.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\npackages: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"},
		"entities":          {"mvn package", "pom.xml", `<!DOCTYPE p [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><project>&b;</project>`},
		"many requirements": {"pip install -r requirements.txt", "requirements.txt", many("-r more/%d.txt\n")},
		"many uses":         {"go build .", "go.work", "go 1.26\nuse (\n" + many("\t./a%d\n") + ")\n"},
		"many modules":      {"mvn package", "pom.xml", "<project><modules>" + many("<module>a%d</module>") + "</modules></project>"},
		"many crates":       {"cargo build", "Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\n" + many("a%[1]d = {path = \"a%[1]d\"}\n")},
		"many php patches":  {"composer install", "composer.json", `{"extra": {"patches": [` + many(`"a%d", `) + `"x"]}}`},
		"many php folders":  {"composer install", "composer.json", `{"repositories": [` + many(`{"type": "path", "url": "a%d/**"}, `) + `{}]}`},
		"many overrides":    {"npm ci", "package.json", `{"overrides": {` + many(`"a%[1]d": {"b": "file:./a%[1]d"}, `) + `"x": "1"}}`},
		"nul bytes":         {"bundle install", "Gemfile", "gem \"a\", path: \"\x00\x00\"\n"},
		"climbs":            {"npm ci", "package.json", `{"dependencies": {"a": "file:../../../../etc"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			context := beside()
			for i := range 2000 {
				context[fmt.Sprintf("src/%d/a/b/c/d/e/f.js", i)] = ""
			}
			context["run"], context[tt.file] = tt.run, tt.text
			start := time.Now()
			got := installs(t, context)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if !strings.Contains(got, "silent: ") && !strings.Contains(got, "RUN ") {
				t.Errorf("neither an edit nor a reason: %q", got)
			}
			if strings.Contains(got, "COPY") && strings.Contains(got, "etc") {
				t.Errorf("it reaches out of the project:\n%s", got)
			}
		})
	}
}

// A manifest that is too large is not read at all, and counts as one not seen.
func TestManifestTooLarge(t *testing.T) {
	context := beside()
	context["package.json"] = strings.Repeat(" ", largestManifest+1)
	s := everyCopyChanged(t, "FROM base\nWORKDIR /app\nCOPY . .\nRUN npm ci\n", context, false)
	read := s.ReadFile
	s.ReadFile = func(file string) ([]byte, error) {
		if file == "package.json" {
			t.Error("it is read")
		}
		return read(file)
	}
	p := newMove(s, 0)
	p.walk()
	if c, ok := p.candidate(); !ok || len(c.Assumes) == 0 {
		t.Errorf("the suggestion takes nothing for granted: %v, %v", ok, c.Assumes)
	}
}

// Whatever a manifest holds, the COPY lines name files of the context alone.
func FuzzManifests(f *testing.F) {
	for run, file := range hostileInstalls {
		for _, text := range []string{"", "{}", "[a]\nb = {path = \"x\"}", "<project/>", "packages: [a]", "path: \"x\"", "-r x", "{\"workspaces\": [\"*\"]}"} {
			f.Add(run, file, text)
		}
	}
	f.Fuzz(func(t *testing.T, run, file, text string) {
		if _, ok := hostileInstalls[run]; !ok || strings.ContainsAny(file, "\x00\n") || file == "" || file == "run" || file == "Dockerfile" || file == "unseen" {
			return
		}
		context := beside()
		context["a.csproj"], context["x/setup.py"], context["x/package.json"] = "<Project/>", "", "{}"
		context[file] = text
		files := map[string]bool{}
		for name := range context {
			for dir := name; dir != "."; dir = dir[:max(0, strings.LastIndexByte(dir, '/'))] {
				files[dir] = true
				if !strings.Contains(dir, "/") {
					break
				}
			}
		}
		context["run"] = run
		for line := range strings.Lines(installs(t, context)) {
			words := strings.Fields(line)
			if words[0] != "COPY" {
				continue
			}
			for _, source := range words[1 : len(words)-1] {
				if !files[source] {
					t.Errorf("%s is no file of the context: %s", source, line)
				}
			}
		}
	})
}

// Whatever a Dockerfile holds, an edit of cache-mount leaves all other instructions
// as they are, and a second look finds nothing to mount any more in what it edited.
func FuzzMounts(f *testing.F) {
	for _, run := range []string{"npm ci", "pip install --no-cache-dir \\\n  -r x \\\n && rm -rf /root/.cache/pip", "apt-get update && apt-get install -y x && apt-get clean",
		"<<E\ngo build\nE", "[\"npm\", \"ci\"]", "dnf install -y x && dnf clean all", "X=1 npm ci --cache /x", "# c\n npm ci"} {
		f.Add("FROM base AS a\nRUN " + run + "\nFROM a\nRUN " + run + "\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := dockerfile.Parse("Dockerfile", []byte(text))
		if err != nil || len(file.Instructions) == 0 || file.Syntax != "" {
			return
		}
		for _, in := range file.Instructions {
			if in.Brought {
				return
			}
		}
		for _, c := range mountCaches(everyCopyChanged(t, text, map[string]string{"changed.txt": ""}, false)) {
			after, err := dockerfile.Parse("Dockerfile", c.Edits[0].After)
			if err != nil {
				t.Fatalf("%v\n%s", err, c.Edits[0].After)
			}
			if len(after.Instructions) != len(file.Instructions) {
				t.Fatalf("%d instructions become %d:\n%s", len(file.Instructions), len(after.Instructions), c.Edits[0].After)
			}
			for i, in := range after.Instructions {
				if was := file.Instructions[i]; in.Text != was.Text && (in.Command != "RUN" || !slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type == "cache" })) {
					t.Errorf("%q becomes %q", was.Text, in.Text)
				}
			}
		}
	})
}
