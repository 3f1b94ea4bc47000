package buildkit_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/tonistiigi/fsutil"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// TestChecksAreTheFrontends builds Dockerfiles with something to find, and asks
// the same frontend for its own list: the checks of the build, and those that are
// made without a builder, must be the same.
func TestChecksAreTheFrontends(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	buildkittest.PushImage(t, registry+"/checks", buildkittest.Image{Marker: "checks"})
	buildkittest.PushFrontend(t, registry+"/frontend:1", buildkittest.Frontend{})
	for name, c := range map[string]struct {
		text  string
		rules []string
		// differs says why the list without a builder is another one.
		differs string
	}{
		"nothing to find": {text: "FROM {base}\nRUN true\n"},
		"one of many": {
			text:  "FROM {base} as Build\nMAINTAINER me\nENV A 1\nARG API_TOKEN\nWORKDIR rel\nRUN true\nCMD echo $NOBODY\nCMD echo hi\nEXPOSE 80/TCP\n",
			rules: []string{"FromAsCasing", "StageNameCasing", "MaintainerDeprecated", "LegacyKeyValueFormat", "SecretsUsedInArgOrEnv", "WorkdirRelativePath", "JSONArgsRecommended", "MultipleInstructionsDisallowed", "JSONArgsRecommended", "ExposeProtoCasing"},
		},
		"over several lines": {text: "FROM {base}\nRUN true \\\n\n  && true\nENV A=$B \\\n  C=1\n", rules: []string{"NoEmptyContinuation", "UndefinedVar"}},
		"a file that is ignored": {
			text: "FROM {base}\nCOPY kept.txt /\nCOPY [\"kept.txt\", \"ignored.txt*\", \"/\"]\nCOPY ignored.txt* /\n", rules: []string{"CopyIgnoredFile", "CopyIgnoredFile"},
			differs: "it knows no .dockerignore",
		},
		"by a frontend of its own": {text: "# syntax={frontend}\nFROM {base} as build\nRUN true\n", rules: []string{"FromAsCasing"}},
		"skipped":                  {text: "# check=skip=FromAsCasing\nFROM {base} as build\nRUN true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.NewReplacer("{base}", registry+"/checks", "{frontend}", registry+"/frontend:1").Replace(c.text)
			for file, content := range map[string]string{"Dockerfile": text, ".dockerignore": "ignored*\n", "kept.txt": "", "ignored.txt": ""} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := buildChecked(t, d, buildkit.Options{Context: dir, Root: dir})
			want := askForChecks(t, d, dir)
			if diff := cmp.Diff(want, withoutTexts(got)); diff != "" {
				t.Errorf("the build's checks are not the frontend's (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.rules, rulesOf(got)); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			for _, x := range got {
				if x.File != "Dockerfile" || !strings.HasPrefix(x.URL, "https://docs.docker.com/") || x.Description == "" {
					t.Errorf("%+v", x)
				}
			}
			offline, err := dockerfile.Lint([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if c.differs == "" {
				if diff := cmp.Diff(want, sorted(offline)); diff != "" {
					t.Errorf("without a builder (-want +got):\n%s", diff)
				}
			} else if cmp.Equal(want, sorted(offline)) {
				t.Errorf("without a builder it is the same, although %s", c.differs)
			}
		})
	}
}

// A message may have variables expanded, and their values may be secret.
func TestChecksShowNoValues(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	buildkittest.PushImage(t, registry+"/checks", buildkittest.Image{Marker: "checks"})
	dir := t.TempDir()
	text := "FROM " + registry + "/checks\nARG SECRET_PATH\nWORKDIR rel/${SECRET_PATH%-rest}\nCOPY ${SECRET_PATH%-rest}* /\n" +
		"ARG PORT\nEXPOSE ${PORT%-rest}/TCP\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte("Pl4nt3d*\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := buildChecked(t, d, buildkit.Options{Context: dir, Root: dir, BuildArgs: []string{"SECRET_PATH=Pl4nt3d-rest", "PORT=5433-rest"}})
	want := []string{"SecretsUsedInArgOrEnv", "WorkdirRelativePath", "CopyIgnoredFile", "ExposeProtoCasing"}
	if diff := cmp.Diff(want, rulesOf(got)); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for _, c := range got {
		all := c.Message + c.Description + c.URL
		if strings.Contains(all, "Pl4nt3d") || strings.Contains(all, "5433") || c.Message == "" {
			t.Errorf("%+v", c)
		}
	}
}

func buildChecked(t *testing.T, d *buildkittest.Daemon, o buildkit.Options) []record.Check {
	t.Helper()
	o.Progress, o.Salt = "plain", record.Salt{1}
	o.Getenv = func(string) (string, bool) { return "", false }
	b, err := buildkit.Prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	res, err := b.Run(t.Context(), on, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if res.Err != nil && !strings.Contains(res.Err.Error(), "not found") { // an ignored file is not there
		t.Fatal(res.Err)
	}
	return res.Record.Checks
}

// askForChecks asks the daemon's frontend, as docker build --check does.
func askForChecks(t *testing.T, d *buildkittest.Daemon, dir string) []dockerfile.Check {
	t.Helper()
	c, err := client.New(t.Context(), d.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tree, err := fsutil.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	var results lint.LintResults
	_, err = c.Build(t.Context(), client.SolveOpt{LocalMounts: map[string]fsutil.FS{"context": tree, "dockerfile": tree}}, "test",
		func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
			res, err := c.Solve(ctx, gateway.SolveRequest{
				Frontend:    "dockerfile.v0",
				FrontendOpt: map[string]string{"requestid": "frontend.lint", "frontend.caps": "moby.buildkit.frontend.subrequests"},
			})
			if err != nil {
				return nil, err
			}
			return gateway.NewResult(), json.Unmarshal(res.Metadata["result.json"], &results)
		}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if results.Error != nil {
		t.Fatal(results.Error)
	}
	var out []dockerfile.Check
	for _, w := range results.Warnings {
		x := dockerfile.Check{Rule: w.RuleName, Message: w.Detail, Line: int(w.Location.Ranges[0].Start.Line)}
		for _, r := range w.Location.Ranges {
			x.EndLine = max(x.EndLine, int(r.End.Line))
		}
		out = append(out, x)
	}
	return sorted(out)
}

func withoutTexts(list []record.Check) []dockerfile.Check {
	var out []dockerfile.Check
	for _, c := range list {
		out = append(out, dockerfile.Check{Rule: c.Rule, Line: c.Line, EndLine: c.EndLine, Message: c.Message})
	}
	return sorted(out)
}

func sorted(list []dockerfile.Check) []dockerfile.Check {
	slices.SortFunc(list, func(a, b dockerfile.Check) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return list
}

func rulesOf(list []record.Check) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Rule)
	}
	return out
}
