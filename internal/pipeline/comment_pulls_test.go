package pipeline_test

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/pipeline"
)

// A locked conversation does not keep the other pull requests of the head from theirs.
func TestRecordsOfSeveralPullRequests(t *testing.T) {
	p := newPublisher(t, githubtest.Options{})
	p.github.AddPull("acme/shop", 8, pulledSHA)
	p.github.SetBranch("acme/shop", 8, "visitor/shop", "topic")
	p.github.Lock("acme/shop", 7)
	code, log := p.run(p.file("record.json.zst", encoded(t, legRecord("x"))))
	if code != pipeline.ExitBuilt || strings.Count(log, "::notice::") != 1 || !strings.Contains(log, "locked") {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	if n := len(p.github.Comments("acme/shop", 8)); n != 1 || p.body() != "" {
		t.Errorf("%d comments on the open one, and on the locked one %q", n, p.body())
	}
}

func TestRecordOfAForkThatIsGone(t *testing.T) {
	p := newPublisher(t, githubtest.Options{})
	p.event["head_repository"] = nil
	_, log := p.run(p.file("record.json.zst", encoded(t, legRecord("x"))))
	if !strings.Contains(log, "the fork that was built is gone") || strings.Contains(log, "OWNER/NAME") {
		t.Errorf("got:\n%s", log)
	}
}
