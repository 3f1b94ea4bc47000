package pipeline_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
)

// planted are values that nobody must find in anything that is written.
type planted map[string]string

func (p planted) value(name string) string {
	if p[name] == "" {
		p[name] = fmt.Sprintf("Pl4nt3d-%s-%x", name, len(p)*7919+104729)
	}
	return p[name]
}

func TestNoSecretIsWritten(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	buildkittest.PushImage(t, registry+"/base", buildkittest.Image{Marker: "secrets"})
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/file" {
			// What asks for a cache here is not to try again.
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "a remote file")
	}))
	t.Cleanup(remote.Close)
	host := strings.TrimPrefix(remote.URL, "http://")

	for name, c := range map[string]struct {
		dockerfile string
		exit       int
	}{
		"the build succeeds": {exit: pipeline.ExitBuilt, dockerfile: `
ARG ABOVE
FROM {base}
ARG IN_RUN
ARG IN_ENV
ARG IN_LABEL
ARG IN_COPY
ARG IN_WORKDIR
ARG IN_HEREDOC
ARG IN_OWNER
ARG IN_URL
ENV FROM_ARGUMENT=$IN_ENV
LABEL label=$IN_LABEL
WORKDIR /work/$IN_WORKDIR
COPY app.txt /app/$IN_COPY/
COPY <<END /heredoc
$IN_HEREDOC
END
ADD http://user:{in-dockerfile-url}@{host}/file?token={in-dockerfile-query} /remote
ADD http://{host}/file?access_token=$IN_URL /remote2
RUN echo $IN_RUN > /out; echo http://user:{in-run-url}@host.invalid > /url
RUN --mount=type=secret,id=file --mount=type=secret,id=env test -s /run/secrets/file && test -s /run/secrets/env
`},
		// A part of a value is the one thing that striking out values cannot find.
		"the image's name is a part of a value": {exit: pipeline.ExitBuilt, dockerfile: `
ARG IN_IMAGE
FROM {registry}/${IN_IMAGE%-rest}
COPY app.txt /
`},
		"a COPY fails and its path shows a value": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_COPY
RUN echo above
COPY missing/$IN_COPY /app/
`},
		// As in Go's quotes, which an error puts around what it quotes.
		"a COPY fails and its path shows a value of two lines": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_LINES
COPY "missing/$IN_LINES" /app/
`},
		"an ADD fails and its URL shows a value with a quote": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_QUOTED
ADD http://me:$IN_QUOTED@{host}/file /app/
`},
		"a COPY fails and its path shows a value that begins as another": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_LONGER
COPY missing/$IN_LONGER /app/
`},
		"a RUN fails and prints a value": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_RUN
ARG IN_ENV
ENV FROM_ARGUMENT=$IN_ENV
RUN --mount=type=secret,id=env cat /run/secrets/env; echo $IN_RUN $FROM_ARGUMENT >&2; false
`},
		"an ADD fails and its URL shows a value": {exit: pipeline.ExitFailed, dockerfile: `
FROM {base}
ARG IN_URL
ADD http://user:{in-dockerfile-url}@127.0.0.1:1/file?token=$IN_URL /remote
`},
		"a FROM fails and shows a value": {exit: pipeline.ExitFailed, dockerfile: `
ARG IN_FROM
FROM {host}/$IN_FROM
RUN true
`},
	} {
		t.Run(name, func(t *testing.T) {
			p := planted{}
			dir := t.TempDir()
			text := strings.NewReplacer("{base}", registry+"/base", "{registry}", registry, "{host}", host,
				"{in-dockerfile-url}", p.value("in-dockerfile-url"), "{in-dockerfile-query}", p.value("in-dockerfile-query"),
				"{in-run-url}", p.value("in-run-url")).Replace(c.dockerfile)
			secret := filepath.Join(dir, "secret")
			if err := os.WriteFile(secret, []byte(p.value("secret-file")), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := write(filepath.Join(dir, "tree"), map[string]string{"Dockerfile": text, "app.txt": "app"}); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SECRET_ENV", p.value("secret-env")) // BuildKit's own code reads it
			environ := map[string]string{
				"DOCKER_CONFIG":         filepath.Join(dir, "docker"),
				"IN_ENV":                p.value("build-arg-from-env"),
				"ACTIONS_RUNTIME_TOKEN": p.value("runtime-token"),
				"AWS_SECRET_ACCESS_KEY": p.value("aws-secret"), "AWS_ACCESS_KEY_ID": p.value("aws-id"),
				// As in a job, so that the summary and the outputs are written too.
				"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": p.value("github-token"), "GITHUB_REPOSITORY": "owner/name",
				"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_API_URL": remote.URL + "/api",
				"GITHUB_STEP_SUMMARY": filepath.Join(dir, "step-summary"), "GITHUB_OUTPUT": filepath.Join(dir, "output"),
				"GITHUB_WORKSPACE": dir,
			}
			var out bytes.Buffer
			env := pipeline.Env{
				LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
				Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
			}
			o := pipeline.BuildOptions{ReportDir: filepath.Join(dir, "report"), History: filepath.Join(dir, "history"), Builder: d.Address}
			o.Context, o.Progress = filepath.Join(dir, "tree"), "plain"
			o.BuildArgs = []string{"IN_ENV"}
			for _, name := range []string{"ABOVE", "IN_RUN", "IN_LABEL", "IN_COPY", "IN_WORKDIR", "IN_HEREDOC", "IN_URL", "UNDECLARED"} {
				o.BuildArgs = append(o.BuildArgs, name+"="+p.value("build-arg-"+name))
			}
			o.BuildArgs = append(o.BuildArgs, "IN_FROM="+strings.ToLower(p.value("build-arg-in-from")))
			o.BuildArgs = append(o.BuildArgs,
				"IN_LINES="+p.value("first-line")+"\n"+p.value("second-line")+"\n", "IN_QUOTED="+p.value("before")+`"\%zz`+p.value("behind"))
			o.BuildArgs = append(o.BuildArgs, "IN_LONGER=Pl4nt3d-start"+p.value("end"))
			for i := range 8 { // one of them is found first, were it left to chance
				o.BuildArgs = append(o.BuildArgs, fmt.Sprintf("IN_SHORTER%d=Pl4nt3d-start", i))
			}
			p["build-arg-in-from"] = strings.ToLower(p["build-arg-in-from"])
			p["build-arg-in-image"] = strings.ToLower(p.value("build-arg-in-image"))
			buildkittest.PushImage(t, registry+"/"+p["build-arg-in-image"], buildkittest.Image{Marker: "secret name"})
			o.BuildArgs = append(o.BuildArgs, "IN_IMAGE="+p["build-arg-in-image"]+"-rest")
			o.Secrets = []string{"id=file,src=" + secret, "id=env,env=SECRET_ENV"}
			o.CacheFrom = []string{
				"type=gha,url=http://" + host + "/,scope=main,token=" + p.value("gha-token"),
				"type=s3,region=eu,bucket=b,endpoint_url=http://user:" + p.value("s3-url") + "@" + host + ",use_path_style=true,secret_access_key=" + p.value("s3-secret") + ",access_key_id=" + p.value("s3-id"),
			}
			o.Labels = []string{"label=plain"}
			if c.exit == pipeline.ExitBuilt {
				// Its client tries for seconds, so that one case has it.
				o.CacheFrom = append(o.CacheFrom,
					"type=azblob,account_url=http://"+host+"/account?sig="+p.value("azblob-signature")+",container=c,secret_access_key="+base64.StdEncoding.EncodeToString([]byte(p.value("azblob-key"))))
			}
			for range 2 { // the second build writes causes as well
				err := pipeline.Build(t.Context(), env, o)
				if code := pipeline.ExitCode(&out, err); code != c.exit {
					t.Fatalf("exit code %d, want %d:\n%s", code, c.exit, out.String())
				}
				for i, a := range o.BuildArgs {
					if strings.HasPrefix(a, "IN_RUN=") || strings.HasPrefix(a, "IN_COPY=") {
						o.BuildArgs[i] = a + p.value("second-"+a[:6])
					}
				}
			}
			if found := p.search(t, dir, "tree", "secret", "docker"); found == 0 {
				t.Error("nothing was written that could be searched")
			}
			if _, err := os.Stat(filepath.Join(dir, "report", "base.json.zst")); err != nil {
				t.Error(err) // the second build has one to be compared with
			}
		})
	}
}

// search looks for the values in every file below dir, unpacked, except in some
// folders; it returns how many files it has read.
func (p planted) search(t *testing.T, dir string, except ...string) int {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if top, _, _ := strings.Cut(rel, string(filepath.Separator)); slices.Contains(except, top) {
			return nil
		}
		if e.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if plain, err := decompress(data); err == nil {
			data = append(data, plain...)
		}
		files++
		for name, value := range p {
			for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), url.QueryEscape(value), fmt.Sprintf("%x", value)} {
				if i := bytes.Index(data, []byte(form)); i >= 0 {
					t.Errorf("%s holds the %s: …%q…", rel, name, data[max(0, i-80):min(len(data), i+len(form)+20)])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"record.json.zst", "report.json", "comment.md", "summary.md", "report.html", "trace.json"} {
		if _, err := os.Stat(filepath.Join(dir, "report", want)); err != nil {
			t.Error(err)
		}
	}
	return files
}

func decompress(data []byte) ([]byte, error) {
	r, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.DecodeAll(data, nil)
}
