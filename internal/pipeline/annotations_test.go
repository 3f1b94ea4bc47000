package pipeline

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/report"
)

// tree makes folders and empty files below a folder of its own.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := resolved(t.TempDir())
	for _, f := range files {
		folder, name := filepath.Split(filepath.Join(dir, f) + f[len(strings.TrimSuffix(f, "/")):])
		err := os.MkdirAll(folder, 0o755)
		if err == nil && name != "" {
			err = os.WriteFile(filepath.Join(folder, name), nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func annotated(t *testing.T, o BuildOptions, rep report.Report) []string {
	t.Helper()
	var out bytes.Buffer
	r := &runner{active: true, log: action.NewLog(&out, nil), event: action.Event{
		Repository: "acme/shop", ServerURL: "https://github.com", SHA: strings.Repeat("a", 40), HeadSHA: strings.Repeat("b", 40), Ref: "refs/pull/7/merge",
	}}
	r.annotate(t.Context(), o, rep)
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// A line of the report is shown on the file of the repository that it is of, and on no
// other.
func TestWhereAnnotationsStand(t *testing.T) {
	dir := tree(t, "repo/.git/", "repo/Dockerfile", "repo/docker/app.Dockerfile", "repo/other/.git/", "repo/other/Dockerfile", "repo/module/Dockerfile",
		"repo/module/.git", "elsewhere/Dockerfile", "repo/src/")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "repo", "link")); err != nil {
		t.Fatal(err)
	}
	var rep report.Report
	rep.Build.Dockerfile = "Dockerfile"
	rep.Causes = []report.Cause{{Kind: cause.ContextFiles, File: "Dockerfile", Line: 6, EndLine: 7, Detail: "a changed", Steps: []string{"s1"}, LostSeconds: 90}}
	rep.Checks = []report.Check{{Rule: "FromAsCasing", File: "Dockerfile", Line: 1, EndLine: 1, Message: "style"}}
	rep.Build.Failure = &report.Failure{File: "Dockerfile", Line: 9, EndLine: 9, Message: "exit code 1"}
	all := func(file string) []string {
		return []string{
			"::notice endLine=7,file=" + file + ",line=6,title=Lost the cache%3A context-files::a changed; 1 step re-ran, 1m30s lost",
			"::warning endLine=1,file=" + file + ",line=1,title=FromAsCasing::style",
			"::error endLine=9,file=" + file + ",line=9,title=The build failed here::exit code 1",
		}
	}
	none := []string{"::error title=The build failed here::exit code 1"}
	own := "https://github.com/acme/shop.git#"
	for name, c := range map[string]struct {
		context, file string
		want          []string
	}{
		"the root":                {filepath.Join(dir, "repo"), "", all("Dockerfile")},
		"a folder below":          {filepath.Join(dir, "repo", "src"), filepath.Join(dir, "repo", "docker", "app.Dockerfile"), all("Dockerfile")},
		"a file elsewhere":        {filepath.Join(dir, "repo"), filepath.Join(dir, "elsewhere", "Dockerfile"), none},
		"a folder elsewhere":      {filepath.Join(dir, "elsewhere"), "", none},
		"a link out of it":        {filepath.Join(dir, "repo", "link"), "", none},
		"another repository":      {filepath.Join(dir, "repo", "other"), "", none},
		"a submodule":             {filepath.Join(dir, "repo", "module"), "", none},
		"its URL at the merge":    {own + "refs/pull/7/merge", "", all("Dockerfile")},
		"its URL at the commit":   {own + strings.Repeat("a", 40), "", all("Dockerfile")},
		"a folder of its URL":     {own + strings.Repeat("b", 40) + ":images/app", "", all("images/app/Dockerfile")},
		"its URL elsewhere":       {own + "refs/heads/main", "", none},
		"its URL without a ref":   {"https://github.com/acme/shop.git", "", none},
		"a folder out of its URL": {own + "refs/pull/7/merge:../x", "", none},
		"another URL":             {"https://github.com/acme/base.git#refs/pull/7/merge", "", none},
		"an archive":              {"https://example.com/context.tar.gz", "", none},
	} {
		t.Run(name, func(t *testing.T) {
			o := BuildOptions{}
			o.Context, o.File, o.Root = c.context, c.file, filepath.Join(dir, "repo")
			if got := annotated(t, o, rep); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// The most costly causes are shown, and there is room for one notice more. What has no
// line is an error of the whole build.
func TestWhichCausesAreAnnotated(t *testing.T) {
	dir := tree(t, "Dockerfile")
	var rep report.Report
	for i := range 14 {
		rep.Causes = append(rep.Causes, report.Cause{Kind: cause.BuildArg, File: "Dockerfile", Line: i + 1, EndLine: i + 1, Detail: "V changed", LostSeconds: float64(20 - i)})
	}
	rep.Causes = append(rep.Causes, report.Cause{Kind: cause.FirstBuild, Line: 1}, report.Cause{Kind: cause.Unexplained})
	rep.Build.Failure = &report.Failure{Message: "no space left"}
	o := BuildOptions{}
	o.Context, o.Root = dir, dir
	got := annotated(t, o, rep)
	if len(got) != action.AnnotationLimit || !strings.HasPrefix(got[0], "::notice endLine=1,file=Dockerfile,line=1,") ||
		!strings.HasPrefix(got[8], "::notice endLine=9,") || got[9] != "::error title=The build failed::no space left" {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	rep.Causes = nil
	for range 12 {
		rep.Checks = append(rep.Checks, report.Check{Rule: "UndefinedVar", File: "Dockerfile", Line: 2, EndLine: 2, Message: fmt.Sprint(len(rep.Checks))})
	}
	got = annotated(t, o, rep)
	if last := got[len(got)-1]; last != "GitHub shows 10 annotations of each kind a step; 2 more are in the summary" {
		t.Errorf("the last line is %q", last)
	}
}
