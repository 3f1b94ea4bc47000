package workflow_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/workflow"
)

func load(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/build.yml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func steps(t testing.TB, text []byte) []workflow.Step {
	t.Helper()
	s, err := workflow.Read("build.yml", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRead(t *testing.T) {
	s := steps(t, load(t))
	if len(s) != 2 {
		t.Fatalf("%d steps are found", len(s))
	}
	got := fmt.Sprintf("%s %d %d %s %s %s %s %q %q %q\n%s %d %d %s %s %s %q %q",
		s[0].Job, s[0].Number, s[0].Line, s[0].Uses, s[0].Context, s[0].File, s[0].Matrix, s[0].BuildArgs[1:2], s[0].CacheFrom, s[0].CacheTo,
		s[1].Job, s[1].Number, s[1].Line, s[1].Uses, s[1].Context, s[1].Target, s[1].CacheFrom, s[1].CacheTo)
	want := `image 1 24 docker/build-push-action@v6 . services/${{ matrix.service }}/Dockerfile map[extra:[1] service:[api worker web]] ["VERSION=1.2"] ["type=gha"] ["type=gha,mode=min"]
image 2 37 layercause/layercause@main docs site [] ["type=registry,ref=user/app:cache"]`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"BUILT", "COMMIT"}, s[0].EveryCommit()); diff != "" {
		t.Errorf("arguments of every commit (-want +got):\n%s", diff)
	}
	if got := s[0].FromMatrix(s[0].File, "${{ matrix.a }}-${{ github.sha }}-${{ matrix.service }}"); !cmp.Equal(got, []string{"service", "a"}) {
		t.Errorf("from the matrix: %q", got)
	}
}

func TestBuilds(t *testing.T) {
	for _, c := range []struct {
		with                  string
		context, file, target string
		want                  bool
	}{
		{"tags: a", ".", "Dockerfile", "", true},
		{"tags: a", ".", "Dockerfile", "x", false},
		{"tags: a", ".", "web/Dockerfile", "", false},
		{"context: ./web/", "web", "web/Dockerfile", "", true},
		{"context: web", ".", "Dockerfile", "", false},
		{"context: ${{ github.workspace }}", ".", "Dockerfile", "", true},
		{"context: ${{ github.workspace }}/web", "web", "web/Dockerfile", "", true},
		{`context: "{{defaultContext}}:web"`, "web", "web/Dockerfile", "", true},
		{`context: "{{defaultContext}}"`, ".", "Dockerfile", "", true},
		{"context: https://github.com/a/b.git", ".", "Dockerfile", "", false},
		{"file: ./docker/Dockerfile", ".", "docker/Dockerfile", "", true},
		{"file: ${{ github.workspace }}/docker/Dockerfile", ".", "docker/Dockerfile", "", true},
		{"file: ${{ matrix.os }}/Dockerfile", ".", "alpine/Dockerfile", "", true},
		{"file: ${{ matrix.os }}/Dockerfile", ".", "fedora/Dockerfile", "", false},
		{"file: ${{ inputs.file }}", ".", "any/Dockerfile", "", true},
		{"target: ${{ matrix.os }}", ".", "Dockerfile", "debian", true},
		{"target: ${{ matrix.os }}", ".", "Dockerfile", "", false},
	} {
		text := "jobs:\n  a:\n    strategy:\n      matrix:\n        os: [alpine, debian]\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          " + c.with + "\n"
		if got := steps(t, []byte(text))[0].Builds(c.context, c.file, c.target); got != c.want {
			t.Errorf("with %s, it builds %s of %s, target %q: %v", c.with, c.file, c.context, c.target, got)
		}
	}
}

func TestParseCache(t *testing.T) {
	for text, want := range map[string]string{
		"type=gha": "gha buildkit",
		"type=gha, scope=${{ matrix.a }},mode=max": "gha ${{ matrix.a }}",
		"user/app:cache": "registry user/app:cache",
		"type=registry,ref=user/app:cache,mode=max":   "registry user/app:cache",
		"type=local,dest=/tmp/.buildx-cache":          "local .buildx-cache",
		"${{ github.ref == 'a' && 'x' || '' }}":       " ",
		"type=${{ inputs.cache }},ref=user/app:cache": "${{ inputs.cache }} user/app:cache",
	} {
		if c := workflow.ParseCache(text); c.Type+" "+c.Ref != want {
			t.Errorf("%s is %q of %q", text, c.Type, c.Ref)
		}
	}
}

// Each edit changes the lines that it is to change and no other.
func TestEdits(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(s []workflow.Step, text []byte) ([]byte, error)
		want string // of a diff: the lines that go and come
	}{
		{"in quotes", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Replace(text, "cache-to", "mode=min", "mode=max")
		}, "-          cache-to: 'type=gha,mode=min'\n+          cache-to: 'type=gha,mode=max'\n"},
		{"quotes in quotes", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Replace(text, "cache-to", "type=gha,mode=min", "${{ github.ref == 'refs/heads/main' && 'type=gha' || '' }}")
		}, "-          cache-to: 'type=gha,mode=min'\n+          cache-to: '${{ github.ref == ''refs/heads/main'' && ''type=gha'' || '''' }}'\n"},
		{"before a comment", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Replace(text, "cache-from", "type=gha", "type=gha,scope=${{ matrix.service }}")
		}, "-          cache-from: type=gha # from GitHub\n+          cache-from: type=gha,scope=${{ matrix.service }} # from GitHub\n"},
		{"in a folded block", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[1].Replace(text, "cache-to", "ref=user/app:cache", "ref=user/app:cache,mode=max")
		}, "-                type=registry,ref=user/app:cache\n+                type=registry,ref=user/app:cache,mode=max\n"},
		{"out of a block", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Remove(text, "build-args", "NPM_TOKEN=${{ secrets.NPM_TOKEN }}")
		}, "-            NPM_TOKEN=${{ secrets.NPM_TOKEN }}\n"},
		{"the only one", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Remove(text, "cache-from", "type=gha")
		}, "-          cache-from: type=gha # from GitHub\n"},
		{"a block that goes", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[1].Remove(text, "cache-to", "type=registry,ref=user/app:cache")
		}, "-            cache-to: >-\n-                type=registry,ref=user/app:cache\n"},
		{"into a block", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Add(text, "build-args", "X=1", "")
		}, "+            X=1\n"},
		{"a line becomes a block", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Add(text, "cache-from", "type=gha,scope=main", "")
		}, "-          cache-from: type=gha # from GitHub\n+          cache-from: | # from GitHub\n+            type=gha\n+            type=gha,scope=main\n"},
		{"a new input", func(s []workflow.Step, text []byte) ([]byte, error) {
			return s[0].Add(text, "secrets", "npm_token=${{ secrets.NPM_TOKEN }}", "build-args")
		}, "+          secrets: npm_token=${{ secrets.NPM_TOKEN }}\n"},
	} {
		for _, newline := range []string{"\n", "\r\n"} {
			text := bytes.ReplaceAll(load(t), []byte("\n"), []byte(newline))
			after, err := c.edit(steps(t, text), text)
			if err != nil {
				t.Errorf("%s, %q: %v", c.name, newline, err)
				continue
			}
			if n := bytes.Count(after, []byte("\r\n")); newline == "\r\n" && n != bytes.Count(after, []byte("\n")) {
				t.Errorf("%s: line endings are mixed", c.name)
			}
			if diff := cmp.Diff(c.want, changed(string(text), string(after))); diff != "" {
				t.Errorf("%s, %q (-want +got):\n%s", c.name, newline, diff)
			}
			lint(t, after)
		}
	}
}

// changed lists the lines that went and came, those that went first.
func changed(before, after string) string {
	count := func(s string) map[string]int {
		m := map[string]int{}
		for line := range strings.Lines(s) {
			m[line]++
		}
		return m
	}
	var out string
	was, is := count(before), count(after)
	for line := range strings.Lines(before) {
		if is[line] < was[line] {
			out += "-" + strings.ReplaceAll(line, "\r", "")
		}
	}
	for line := range strings.Lines(after) {
		if was[line] < is[line] {
			out += "+" + strings.ReplaceAll(line, "\r", "")
		}
	}
	return out
}

// lint asks actionlint.
func lint(t *testing.T, text []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "build.yml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	// The step "now" is not in the file, which is all that there is to complain of.
	if out, err := exec.Command("../../bin/actionlint", "-shellcheck=", "-pyflakes=", "-ignore", `property "now" is not defined`, file).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s\n%s", err, out, text)
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	const head = "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n"
	for name, text := range map[string]string{
		"an anchor":           head + "        with:\n          cache-to: &c type=gha,mode=min\n          x: *c\n",
		"an alias":            "x: &c type=gha,mode=min\n" + head + "        with:\n          cache-to: *c\n",
		"an anchored step":    strings.Replace(head, "- uses", "- &s\n        uses", 1) + "        with:\n          cache-to: type=gha,mode=min\n      - *s\n",
		"a flow":              head + "        with: {cache-to: 'type=gha,mode=min', push: true}\n",
		"two lines":           head + "        with:\n          cache-to: type=gha,mode=min\n            and more\n",
		"an escape":           head + "        with:\n          cache-to: \"type=gha,mode\\x3dmin\"\n",
		"twice":               head + "        with:\n          cache-to: type=gha,mode=min,mode=min\n",
		"a tag":               head + "        with:\n          cache-to: !x type=gha,mode=min\n",
		"two documents":       head + "        with:\n          cache-to: type=gha,mode=min\n---\na: 1\n",
		"without such inputs": head + "        with:\n          push: true\n",
	} {
		s, err := workflow.Read("build.yml", []byte(text))
		if err != nil {
			continue
		}
		for what, edit := range map[string]func() ([]byte, error){
			"replaced": func() ([]byte, error) { return s[0].Replace([]byte(text), "cache-to", "mode=min", "mode=max") },
			"removed":  func() ([]byte, error) { return s[0].Remove([]byte(text), "cache-to", "type=gha,mode=min") },
		} {
			if what == "removed" && (name == "an escape" || name == "twice") {
				continue
			}
			if got, err := edit(); !errors.Is(err, workflow.ErrUnsafe) {
				t.Errorf("with %s it is %s: %v\n%s", name, what, err, got)
			}
		}
	}
}

func TestHostileFiles(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1)
	}
	many := "jobs:\n  a:\n    steps:\n" + strings.Repeat("      - uses: docker/build-push-action@v6\n", 4000)
	started := time.Now()
	for name, text := range map[string]string{
		"a bomb":      bomb.String() + "jobs: *a59\n",
		"brackets":    strings.Repeat("[", workflow.MaxSize),
		"braces":      "jobs: " + strings.Repeat("{a: ", workflow.MaxSize/5),
		"dashes":      strings.Repeat("- ", workflow.MaxSize/3),
		"questions":   strings.Repeat("? ", workflow.MaxSize/3),
		"large":       "a: " + strings.Repeat("x", workflow.MaxSize),
		"steps":       many,
		"its own":     "jobs: &a\n  b: *a\n",
		"no YAML":     "\x00\xff{",
		"nothing":     "",
		"a list":      "[1, 2]",
		"other kinds": "jobs:\n  a: []\n  b: {steps: {}}\n  c: {steps: [1, null, {uses: [], with: 3}]}\n",
	} {
		s, err := workflow.Read(name, []byte(text))
		if err == nil && len(s) > 1000 {
			t.Errorf("%s has %d steps", name, len(s))
		}
	}
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("they take %s", took)
	}
}

// FuzzEdits states that an edit that is made keeps what it does not change: but
// for one run of bytes, the text is the same, and the other inputs mean the same.
func FuzzEdits(f *testing.F) {
	f.Add(load(f), "cache-to", "mode=min", "mode=max")
	f.Add(load(f), "cache-from", "type=gha", "type=gha,scope='a'")
	f.Add(load(f), "build-args", "VERSION=1.2", "# x: y")
	f.Add(bytes.ReplaceAll(load(f), []byte("\n"), []byte("\r\n")), "cache-to", "type=gha", "a: b")
	f.Add([]byte("jobs: {a: {steps: [{uses: docker/build-push-action@v6, with: {cache-to: a, push: true}}]}}"), "cache-to", "a", "b")
	f.Add([]byte("jobs:\n  a:\n    steps:\n    - uses: docker/build-push-action@v6\n      with:\n        cache-to: >+\n          a\n\n          b\n        # more\n        cache-from: \"a\\tb\" # c"), "cache-from", "b", "'")
	f.Add([]byte("jobs:\n a:\n  steps:\n  - uses: docker/build-push-action@v6\n    with:\n     cache-to: |+\n      a\n      b\n\n     c: d"), "cache-to", "b", "c")
	f.Fuzz(func(t *testing.T, text []byte, input, old, with string) {
		list, err := workflow.Read("w.yml", text)
		if err != nil {
			return
		}
		for i, s := range list {
			edits := map[string]func() ([]byte, error){
				"replace": func() ([]byte, error) { return s.Replace(text, input, old, with) },
				"add":     func() ([]byte, error) { return s.Add(text, input, with, old) },
				"remove":  func() ([]byte, error) { return s.Remove(text, input, old) },
			}
			for input, entries := range map[string][]string{"cache-to": s.CacheTo, "cache-from": s.CacheFrom, "build-args": s.BuildArgs} {
				for n, entry := range entries {
					key := fmt.Sprintf(" %s %d", input, n)
					edits["replace"+key] = func() ([]byte, error) { return s.Replace(text, input, entry, with) }
					edits["add"+key] = func() ([]byte, error) { return s.Add(text, input, with, "") }
					edits["remove"+key] = func() ([]byte, error) { return s.Remove(text, input, entry) }
				}
			}
			for key, edit := range edits {
				name, _, _ := strings.Cut(key, " ")
				after, err := edit()
				if err != nil {
					continue
				}
				again, err := workflow.Read("w.yml", after)
				if err != nil || len(again) != len(list) {
					t.Fatalf("%s: %v\n%s", name, err, after)
				}
				for j := range list {
					x, y := list[j], again[j]
					if i == j || input != "context" && input != "file" && input != "target" {
						if x.Context != y.Context || x.File != y.File || x.Target != y.Target || x.Uses != y.Uses || x.Job != y.Job {
							t.Errorf("%s changes step %d:\n%s", name, j, after)
						}
					}
					if i != j && !(cmp.Equal(x.CacheTo, y.CacheTo) && cmp.Equal(x.CacheFrom, y.CacheFrom) && cmp.Equal(x.BuildArgs, y.BuildArgs)) {
						t.Errorf("%s changes the cache of step %d:\n%s", name, j, after)
					}
				}
				// Of one entry there is one line; to remove an input takes its lines.
				gone := strings.Count("\n"+changed(string(text), string(after)), "\n-")
				if name != "remove" && gone > 2 {
					t.Errorf("%s changes %d lines:\n%s", name, gone, after)
				}
				if prefix, suffix := shared(text, after); key == "replace" && prefix+suffix < len(text)-2*len(old) {
					t.Errorf("to replace %q keeps %d bytes of %d", old, prefix+suffix, len(text))
				}
			}
		}
	})
}

// shared is how many bytes two texts have in common at both ends.
func shared(a, b []byte) (prefix, suffix int) {
	for prefix < len(a) && prefix < len(b) && a[prefix] == b[prefix] {
		prefix++
	}
	for suffix < len(a)-prefix && suffix < len(b)-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	return prefix, suffix
}

func ExampleStep_Replace() {
	text := []byte(`jobs:
  image:
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/build-push-action@v6
        with:
          cache-to: type=gha # small
`)
	steps, _ := workflow.Read(".github/workflows/image.yml", text)
	after, _ := steps[0].Replace(text, "cache-to", "type=gha", "type=gha,mode=max")
	fmt.Print(string(after[len(text)-36:]))
	// Output:
	//  cache-to: type=gha,mode=max # small
}
