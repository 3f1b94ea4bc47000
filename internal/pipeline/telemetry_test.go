package pipeline_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/telemetry/telemetrytest"
)

// A real build arrives at a collector as the report tells it, below the span that
// the CI's own trace has for it.
func TestTraceIsExported(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	layout := filepath.Join(t.TempDir(), "base")
	buildkittest.BaseImage(t, layout, buildkittest.Image{})
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"pull_request":{"number":7,"head":{"sha":"`+strings.Repeat("b", 40)+`","ref":"cart"},"base":{"ref":"main"}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		protocol string
		last     string // the last instruction
		exit     int
		result   string
	}{
		"built":  {"http/protobuf", "RUN test -e /one", pipeline.ExitBuilt, "success"},
		"failed": {"grpc", "RUN echo no >&2; false", pipeline.ExitFailed, "failure"},
	} {
		t.Run(name, func(t *testing.T) {
			collector := telemetrytest.Start(t)
			env := map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTP, "OTEL_EXPORTER_OTLP_PROTOCOL": c.protocol,
				"TRACEPARENT":    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
				"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "owner/name", "GITHUB_RUN_ID": "12", "GITHUB_WORKFLOW": "image",
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event, "GITHUB_REF": "refs/pull/7/merge", "RUNNER_NAME": "runner 1",
			}
			if c.protocol == "grpc" {
				env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.GRPC
			}
			before := time.Now()
			out, rep := buildTraced(t, t.TempDir(), d.Address, layout, c.last, env, c.exit)
			after := time.Now()
			if strings.Contains(out, "exporting the trace") {
				t.Errorf("the export failed:\n%s", out)
			}
			got := collector.Trace(t)
			for k, want := range map[string]string{
				"service.name": "layercause", "service.version": "test", "cicd.pipeline.name": "image", "cicd.pipeline.run.id": "12",
				"cicd.pipeline.run.url.full": "https://github.com/owner/name/actions/runs/12", "cicd.worker.name": "runner 1",
				"vcs.repository.url.full": "https://github.com/owner/name", "vcs.repository.name": "name", "vcs.owner.name": "owner",
				"vcs.provider.name": "github", "vcs.ref.head.name": "cart", "vcs.ref.head.type": "branch",
				"vcs.ref.head.revision": strings.Repeat("b", 40), "vcs.ref.base.name": "main", "vcs.change.id": "7",
			} {
				if got.Resource[k] != want {
					t.Errorf("%s is %q, want %q", k, got.Resource[k], want)
				}
			}
			root, _ := got.Find("build " + rep.Build.Dockerfile)
			if root.Span == nil {
				t.Fatalf("there is no root: %+v", got.Spans)
			}
			if hex.EncodeToString(root.TraceId) != "0af7651916cd43dd8448eb211c80319c" || hex.EncodeToString(root.ParentSpanId) != "b7ad6b7169203331" {
				t.Errorf("the build is not below the span that TRACEPARENT names: %x below %x", root.TraceId, root.ParentSpanId)
			}
			if root.Attributes["cicd.pipeline.task.run.result"] != c.result || len(root.Attributes["cicd.pipeline.task.run.id"]) != 32 ||
				root.Attributes["cicd.pipeline.task.run.url.full"] != "https://github.com/owner/name/actions/runs/12" {
				t.Errorf("the build's attributes: %v", root.Attributes)
			}
			for _, s := range got.Spans {
				if s.StartTimeUnixNano < uint64(before.UnixNano()) || s.EndTimeUnixNano > uint64(after.UnixNano()) {
					t.Errorf("%s is not within the time of the build", s.Path)
				}
			}
			for _, x := range rep.Steps {
				s, found := got.Find(root.Path + "/stage 0/" + x.Instruction)
				if x.Status == "not-run" {
					continue
				}
				if !found || s.Attributes["layercause.status"] != x.Status || s.Attributes["code.line.number"] == "" {
					t.Errorf("%s is %v", x.Instruction, s.Attributes)
				}
			}
			if len(rep.Steps) != 2 {
				t.Errorf("steps: %+v", rep.Steps)
			}
		})
	}
}

// A daemon of our own sends no spans beside ours: those of BuildKit have the values
// of arguments in their names.
func TestOwnDaemonDoesNotTrace(t *testing.T) {
	collector := telemetrytest.Start(t)
	p := planted{}
	dir := t.TempDir()
	if err := write(filepath.Join(dir, "tree"), map[string]string{"Dockerfile": "FROM scratch\nARG VALUE\nCOPY Dockerfile /$VALUE\n"}); err != nil {
		t.Fatal(err)
	}
	environ := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector.GRPC, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "DOCKER_HOST": "unix:///nowhere/docker.sock",
	}
	for k, v := range environ { // the daemon's environment is the process's
		t.Setenv(k, v)
	}
	var out bytes.Buffer
	env := pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
		Executable: buildkittest.Binary(t, "buildkitd"), // it is looked for beside the program
	}
	o := pipeline.BuildOptions{ReportDir: filepath.Join(dir, "report")}
	o.Context, o.Progress, o.BuildArgs = filepath.Join(dir, "tree"), "plain", []string{"VALUE=" + p.value("value")}
	if code := pipeline.ExitCode(&out, pipeline.Build(t.Context(), env, o)); code != pipeline.ExitBuilt {
		t.Fatalf("exit code %d:\n%s", code, out.String())
	}
	got := collector.Trace(t)
	if len(got.Spans) == 0 || !strings.HasPrefix(got.Spans[0].Path, "build ") {
		t.Errorf("the build's own trace is missing: %d spans", len(got.Spans))
	}
	for _, r := range collector.Requests() {
		if text := r.Body.String(); strings.Contains(text, p["value"]) {
			t.Errorf("a value was sent: %s", text)
		}
	}
}

// Whatever becomes of the export, the build's exit code and reports are its own,
// and no header or part of the address is told.
func TestExportFailsQuietly(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	layout := filepath.Join(t.TempDir(), "base")
	buildkittest.BaseImage(t, layout, buildkittest.Image{})
	collector := telemetrytest.Start(t)
	collector.Answer(func(*http.Request) int { return http.StatusInternalServerError })
	p := planted{}
	for name, c := range map[string]struct{ endpoint, active string }{
		"no address":            {p.value("address"), ""},
		"refused":               {strings.Replace(collector.HTTP, "://", "://user:"+p.value("password")+"@", 1) + "/" + p.value("path"), ""},
		"refused, on a runner":  {collector.HTTP + "/" + p.value("path"), "true"},
		"nobody, on a runner":   {"http://127.0.0.1:1/" + p.value("path"), "true"},
		"no address, on runner": {"http://" + p.value("address") + "%", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": c.endpoint, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20" + p.value("header"),
				"GITHUB_ACTIONS": c.active, "GITHUB_REPOSITORY": "owner/name",
			}
			for k, v := range env { // the SDK reads these itself
				if strings.HasPrefix(k, "OTEL_") {
					t.Setenv(k, v)
				}
			}
			dir := t.TempDir()
			out, rep := buildTraced(t, dir, d.Address, layout, "RUN true", env, pipeline.ExitBuilt)
			prefix := "warning: "
			if c.active != "" {
				prefix = "::warning::"
			}
			if !strings.Contains(out, prefix+"exporting the trace: ") || c.active == "" && !strings.Contains(out, "\nhint: ") {
				t.Errorf("no warning with a hint:\n%s", out)
			}
			if strings.Contains(strings.Join(rep.Warnings, " "), "exporting") {
				t.Errorf("the report was written before, and yet says %q", rep.Warnings)
			}
			log := filepath.Join(dir, "log")
			if err := os.WriteFile(log, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
			p.search(t, dir)
		})
	}
}

// buildTraced builds a small Dockerfile in an environment, and returns the log and
// the report.
func buildTraced(t *testing.T, dir, builder, base, last string, environ map[string]string, exit int) (string, report.Report) {
	t.Helper()
	if err := write(filepath.Join(dir, "tree"), map[string]string{"Dockerfile": "FROM base\nRUN touch /one\n" + last + "\n"}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	env := pipeline.Env{
		LookupEnv: func(n string) (string, bool) { v, ok := environ[n]; return v, ok },
		Stdout:    &out, Stderr: &out, Dir: dir, CacheDir: filepath.Join(dir, "cache"), Version: "test",
	}
	o := pipeline.BuildOptions{ReportDir: filepath.Join(dir, "report"), Builder: builder}
	o.Context, o.Progress = filepath.Join(dir, "tree"), "plain"
	o.BuildContexts = []string{"base=oci-layout://" + base}
	if code := pipeline.ExitCode(&out, pipeline.Build(t.Context(), env, o)); code != exit {
		t.Fatalf("exit code %d, want %d:\n%s", code, exit, out.String())
	}
	data, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rep report.Report
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	return out.String(), rep
}
