package runnertest

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// testPullRequest runs the action three times on a pull request, as three jobs
// would: at first, after an edit, and with a step that fails. The first has nothing to
// comment on, the second comments, and the third edits that.
func testPullRequest(t *testing.T, w world) {
	first := w.run(t, map[string]string{"greeting.txt": "hello\n"})
	if first.ExitCode != 0 {
		t.Fatalf("the first run ended with %d:\n%s", first.ExitCode, first.Log)
	}
	if comments := w.github.State().Comments; len(comments) != 0 {
		t.Fatalf("a first build, which lost nothing, made comments: %+v", comments)
	}

	second := w.run(t, map[string]string{"greeting.txt": "good day\n"})
	t.Run("the second run explains the edit", func(t *testing.T) { w.checkEdit(t, second) })
	comments := w.github.State().Comments
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "greeting.txt") {
		t.Fatalf("the comments after the second run are %+v, want one that tells of the edit:\n%s", comments, second.Log)
	}
	before := comments[0]

	failed := w.run(t, map[string]string{"Dockerfile": dockerfile + "RUN false\n"})
	t.Run("a failing step fails the job at its line", func(t *testing.T) {
		if failed.ExitCode != 1 {
			t.Errorf("exit code %d, want 1\n%s", failed.ExitCode, failed.Log)
		}
		line := strings.Count(dockerfile, "\n") + 1
		for _, a := range failed.Annotations {
			if a.Level == "error" && a.File == "Dockerfile" && a.Line == line {
				return
			}
		}
		t.Errorf("no error at Dockerfile:%d among %+v", line, failed.Annotations)
	})
	t.Run("the failed run edits the second one's comment", func(t *testing.T) {
		comments := w.github.State().Comments
		if len(comments) != 1 || comments[0].ID != before.ID {
			t.Fatalf("the comments are %+v, want the one of ID %d", comments, before.ID)
		}
		if !strings.Contains(comments[0].Body, "failed") {
			t.Errorf("the comment does not tell of the failure:\n%s", comments[0].Body)
		}
	})

	for name, result := range map[string]Result{"first": first, "second": second, "failed": failed} {
		t.Run("the "+name+" run keeps to the contract", func(t *testing.T) { w.checkContract(t, result) })
	}
}

func (w world) checkEdit(t *testing.T, r Result) {
	if r.ExitCode != 0 {
		t.Fatalf("it ended with %d:\n%s", r.ExitCode, r.Log)
	}
	line := 1 + strings.Count(dockerfile[:strings.Index(dockerfile, "COPY . .")], "\n")
	if len(r.Annotations) != 1 {
		t.Fatalf("%d annotations, want one: %+v", len(r.Annotations), r.Annotations)
	}
	if a := r.Annotations[0]; a.File != "Dockerfile" || a.Line != line || !strings.Contains(a.Message, "greeting.txt") {
		t.Errorf("annotation %+v, want one at Dockerfile:%d about greeting.txt", a, line)
	}
	for _, want := range []string{"COPY . .", "greeting.txt", "Dockerfile:" + strconv.Itoa(line)} {
		if !strings.Contains(r.Summary, want) {
			t.Errorf("the summary does not tell of %q:\n%s", want, r.Summary)
		}
	}
	if rate, err := strconv.ParseFloat(r.Outputs["hit-rate"], 64); err != nil || rate != 0.5 {
		t.Errorf("hit-rate is %q, want 2 of 4 steps", r.Outputs["hit-rate"])
	}
	for _, name := range []string{"saved-seconds", "lost-seconds"} {
		if s, err := strconv.ParseFloat(r.Outputs[name], 64); err != nil || s < 0 {
			t.Errorf("%s is %q", name, r.Outputs[name])
		}
	}
	var report struct {
		Causes []struct {
			Kind, File, Subject string
			Line                int
		}
	}
	if err := json.Unmarshal(w.file(t, r, "report.json"), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Causes) != 1 || report.Causes[0].Kind != "context-files" ||
		report.Causes[0].Line != line || report.Causes[0].Subject != "greeting.txt" {
		t.Errorf("the causes in report.json are %+v", report.Causes)
	}
}

// checkContract holds for every run: nothing that the build printed is taken for
// a command, and no token is seen.
func (w world) checkContract(t *testing.T, r Result) {
	for _, a := range r.Annotations {
		if strings.Contains(a.Message, "planted") && a.Line == 1 {
			t.Errorf("the build's output became an annotation: %+v", a)
		}
	}
	if r.Summary == "" {
		t.Error("there is no summary")
	}
	seen := map[string]string{"the log": r.Shown, "the summary": r.Summary}
	for _, c := range w.github.State().Comments {
		seen["a comment"] = c.Body
	}
	for name, value := range r.Outputs {
		seen["output "+name] = value
	}
	for where, text := range seen {
		for _, secret := range []string{Token, RuntimeToken} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the token %q", where, secret)
			}
		}
	}
}
