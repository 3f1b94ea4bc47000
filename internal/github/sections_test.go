package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

// of is the comment of one job of a run.
func of(run, attempt int64, s ...github.Section) github.Comment {
	c := comment("")
	c.Run, c.Attempt, c.Sections = run, attempt, s
	c.Runs = "https://github.test/acme/shop/actions/runs/"
	return c
}

func costing(s github.Section, lost float64) github.Section {
	s.Lost = lost
	return s
}

func inState(s github.Section, state github.State) github.Section {
	s.State = state
	return s
}

func publishAll(t *testing.T, gh *githubtest.Server, all ...github.Comment) (last github.Result) {
	t.Helper()
	for _, cm := range all {
		var err error
		if last, err = client(t, gh).Publish(t.Context(), cm); err != nil {
			t.Fatalf("publishing: %v", err)
		}
	}
	return last
}

// theOne is the body of the only comment.
func theOne(t *testing.T, gh *githubtest.Server) string {
	t.Helper()
	list := gh.Comments(repository, number)
	if len(list) != 1 {
		t.Fatalf("%d comments: %+v", len(list), list)
	}
	return list[0].Body
}

// visible is a body without its HTML comments.
func visible(body string) string {
	var b strings.Builder
	for l := range strings.Lines(body) {
		if !strings.HasPrefix(l, "<!--") {
			b.WriteString(l)
		}
	}
	for strings.Contains(b.String(), "\n\n\n") {
		s := strings.ReplaceAll(b.String(), "\n\n\n", "\n\n")
		b.Reset()
		b.WriteString(s)
	}
	return strings.TrimSpace(b.String())
}

func TestSectionsOfOthersStayAsTheyAre(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, costing(section("one", "**One.**\n\n```text\n  a  \n\nb\n```"), 3)))
	before := theOne(t, gh)
	one := before[strings.Index(before, "<!-- layercause:section"):]
	publishAll(t, gh, of(100, 1, section("two", "Two.")), of(100, 2, section("two", "Two again.")))
	if after := theOne(t, gh); !strings.Contains(after, one) || !says(after, "Two again.") || says(after, "Two.") {
		t.Errorf("got\n%s\nwant a part\n%s", after, one)
	}
}

// What stands on the pull request is of its head, whoever comes last.
func TestSectionsOfOtherCommits(t *testing.T) {
	const older, newer = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", headSHA
	at := func(c github.Comment, sha string) github.Comment { c.Commit = sha; return c }
	one, two := section("one", "One."), section("two", "Two.")
	// The head cannot always be asked for: then the runs tell.
	for _, headKnown := range []bool{true, false} {
		t.Run(fmt.Sprintf("head known %v", headKnown), func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			if !headKnown {
				gh.Fail(githubtest.Failure{Method: http.MethodGet, Path: "/pulls/7", Status: 404, Times: -1})
			}
			gh.Push(repository, number, older)
			publishAll(t, gh, at(of(100, 1, one), older), at(of(100, 1, two), older))
			gh.Push(repository, number, newer)
			publishAll(t, gh, at(of(101, 1, section("two", "Newer.")), newer))
			if got := visible(theOne(t, gh)); got != "Newer." {
				t.Fatalf("after a push: %q", got)
			}
			// The older commit's run goes on, and is run again.
			for attempt := range int64(2) {
				if res := publishAll(t, gh, at(of(100, attempt+1, one), older)); res.Did != github.Outdated {
					t.Errorf("attempt %d of the older run: %+v", attempt+1, res)
				}
			}
			if got := visible(theOne(t, gh)); got != "Newer." {
				t.Errorf("after the older run: %q", got)
			}
			// A force push goes back: a run of its own builds the older commit.
			gh.Push(repository, number, older)
			publishAll(t, gh, at(of(102, 1, one), older))
			if got := visible(theOne(t, gh)); got != "One." {
				t.Errorf("after a force push: %q", got)
			}
		})
	}
}

// The older commit's run makes no comment either, where the newer had nothing to say.
func TestOutdatedRunMakesNoComment(t *testing.T) {
	gh := start(t, githubtest.Options{})
	cm := of(100, 1, section("one", "One."))
	cm.Commit = strings.Repeat("a", 40)
	if res := publishAll(t, gh, cm); res.Did != github.Outdated || len(gh.Comments(repository, number)) != 0 {
		t.Errorf("result: %+v", res)
	}
}

func TestLaterAttemptCounts(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 2, section("one", "Second attempt.")))
	if res := publishAll(t, gh, of(100, 1, section("one", "First attempt."))); res.Did != github.Unchanged {
		t.Errorf("result: %+v", res)
	}
	publishAll(t, gh, of(101, 1, section("one", "Another run of the commit.")), of(100, 3, section("two", "Two.")))
	body := theOne(t, gh)
	if !says(body, "Another run of the commit.") || !says(body, "Two.") || strings.Contains(body, "attempt.") {
		t.Errorf("got\n%s", body)
	}
	// A person at a terminal has no run, and is meant.
	publishAll(t, gh, of(0, 0, section("one", "By hand.")))
	if body := theOne(t, gh); !says(body, "By hand.") || !says(body, "Two.") {
		t.Errorf("got\n%s", body)
	}
}

func TestQuietSections(t *testing.T) {
	gh := start(t, githubtest.Options{})
	quiet := func(name string) github.Section { return inState(section(name, name+" hit."), github.Quiet) }
	if res := publishAll(t, gh, of(100, 1, quiet("one"), quiet("two"))); res.Did != github.Skipped {
		t.Fatalf("without a comment: %+v", res)
	}
	publishAll(t, gh, of(100, 1, costing(section("three", "Three lost."), 2)), of(100, 1, quiet("one")))
	if got := visible(theOne(t, gh)); !strings.HasPrefix(got, "**1 build lost 2.0 s to cache misses.**\n\n#### `three`\n\nThree lost.\n\n<details>\n<summary>1 build lost nothing</summary>") {
		t.Errorf("beside one that lost:\n%s", got)
	}
	publishAll(t, gh, of(101, 1, quiet("three")))
	if got := visible(theOne(t, gh)); !strings.HasPrefix(got, "Nothing was lost in 2 builds.\n\n<details>") {
		t.Errorf("all quiet:\n%s", got)
	}
}

func TestFullCommentShortensTheLeastCostly(t *testing.T) {
	gh := start(t, githubtest.Options{})
	for n := range 20 {
		s := section(fmt.Sprintf("leg %02d", n), "")
		s.Lost = float64(n + 1)
		s.Text = func(bytes int) string { // as large as it may be
			head := fmt.Sprintf("**Leg %02d lost the cache.**\n\n", n)
			return head + strings.Repeat("x", min(8000, bytes-len(head)))
		}
		publishAll(t, gh, of(100, 1, s))
	}
	body := theOne(t, gh)
	if len(body) > 60_000 {
		t.Errorf("the comment has %d bytes", len(body))
	}
	for n := range 20 {
		if !strings.Contains(body, fmt.Sprintf("**Leg %02d lost the cache.**", n)) {
			t.Errorf("leg %d was lost", n)
		}
	}
	const note = "<sub>Shortened, since the comment is full: [the summary of its run](https://github.test/acme/shop/actions/runs/100) has all of it.</sub>"
	if n := strings.Count(body, note); n < 5 || n > 16 {
		t.Errorf("%d sections are shortened", n)
	}
	if at := strings.Index(body, note); !strings.Contains(body[:at], strings.Repeat("x", 2000)) || strings.Contains(body[:at], "leg 00") {
		t.Error("the most costly leg is not the one that is whole")
	}
}

// Far more builds than fit: the least costly ones are left out, and their jobs take
// that for an answer.
func TestMoreSectionsThanFit(t *testing.T) {
	gh := start(t, githubtest.Options{})
	var all []github.Section
	for n := range 256 {
		all = append(all, costing(section(fmt.Sprintf("leg %03d", n), fmt.Sprintf("**Leg %03d lost the cache: %s**", n, strings.Repeat("y", 300))), float64(n)))
	}
	publishAll(t, gh, of(100, 1, all...))
	body := theOne(t, gh)
	if len(body) > 60_000 || !strings.Contains(body, "**Leg 255 ") || strings.Contains(body, "**Leg 000 ") || !strings.Contains(body, " builds more did not fit") {
		t.Errorf("%d bytes:\n%s", len(body), body[max(0, len(body)-500):])
	}
	if res := publishAll(t, gh, of(100, 1, all[0])); res.Did != github.Unchanged {
		t.Errorf("of one that does not fit: %+v", res)
	}
}

// Nothing that a log or a Dockerfile holds ends a section or starts one.
func TestTextWithMarkers(t *testing.T) {
	gh := start(t, githubtest.Options{})
	two := section("two", "Two.")
	planted := "**One.**\n\n```text\n<!-- /layercause:section:" + section("one", "").Key + " -->\n" +
		"<!-- layercause:section:" + two.Key + " commit=" + headSHA + " run=999 attempt=1 state=loud lost=1.0 title= -->\n" +
		"planted\n<!-- /layercause:section:" + two.Key + " -->\n" + marker() + "\n```"
	publishAll(t, gh, of(100, 1, section("one", planted)), of(100, 1, two), of(100, 1, section("three", "Three.")))
	body := theOne(t, gh)
	if !says(body, "Two.") || !says(body, "Three.") || strings.Count(body, "planted") != 1 || strings.Count(body, "\n<!-- layercause:section:") != 3 {
		t.Errorf("got\n%s", body)
	}
}

// A comment that somebody else wrote is not read, however well it is made.
func TestPlantedSectionsAreNotRead(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("one", "One.")))
	body := theOne(t, gh)
	gh.Remove(gh.Comments(repository, number)[0].ID)
	gh.Plant(repository, number, githubtest.Identity{ID: 5, Login: "visitor"}, strings.ReplaceAll(strings.ReplaceAll(body, "One.", "click here"), "run=100", "run=900"))
	publishAll(t, gh, of(101, 1, section("two", "Two.")))
	list := gh.Comments(repository, number)
	if len(list) != 2 || visible(list[1].Body) != "Two." {
		t.Errorf("comments: %+v", list)
	}
}

// What a person with the right to edit does to our comment is mended, or left.
func TestBrokenSections(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("one", "One."), section("two", "Two.")))
	good := theOne(t, gh)
	for name, body := range map[string]string{
		"no end":        strings.Replace(good, "<!-- /layercause:section:"+section("one", "").Key+" -->\n", "", 1),
		"no commit":     strings.Replace(good, "commit="+headSHA+" ", "", 1),
		"number":        strings.Replace(good, "run=100", "run=1e9", 1),
		"large number":  strings.Replace(good, "run=100", "run=99999999999999999999", 1),
		"cut":           good[:len(good)/2],
		"marker alone":  marker(),
		"nested":        strings.Replace(good, "One.", good, 1),
		"title":         strings.Replace(good, "title=", "title=A", 1),
		"twice":         good + "\n" + good,
		"windows lines": strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			gh.Plant(repository, number, githubtest.Workflow(), body)
			publishAll(t, gh, of(100, 1, section("two", "Two.")), of(100, 2, section("one", "One.")))
			if got := theOne(t, gh); visible(got) != visible(good) {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// Sections of a second comment of ours are safe in the first before it goes.
func TestSectionsOfADuplicateAreKept(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("one", "One.")))
	one := theOne(t, gh)
	gh.Remove(gh.Comments(repository, number)[0].ID)
	publishAll(t, gh, of(100, 1, section("two", "Two.")))
	gh.Plant(repository, number, githubtest.Workflow(), one)
	res := publishAll(t, gh, of(100, 1, section("three", "Three.")))
	body := theOne(t, gh)
	if res.Deleted != 1 || !says(body, "One.") || !says(body, "Two.") || !says(body, "Three.") {
		t.Errorf("%+v:\n%s", res, body)
	}
}

// Whatever GitHub answers, the section of another job is as it was, and there is no
// second comment.
func TestRefusalsLeaveTheSectionsOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		failure githubtest.Failure
		reason  error // nil: it works all the same
	}{
		"a fork's token":            {githubtest.Failure{Method: http.MethodPatch, Status: 403, Body: `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/rest"}`, Times: -1}, github.ErrReadOnly},
		"not found":                 {githubtest.Failure{Method: http.MethodPatch, Status: 404, Times: -1}, github.ErrNotFound},
		"a locked conversation":     {githubtest.Failure{Method: http.MethodPatch, Status: 403, Body: `{"message":"Unable to edit comment because issue is locked."}`, Times: -1}, github.ErrLocked},
		"unprocessable":             {githubtest.Failure{Method: http.MethodPatch, Status: 422, Body: `{"message":"Body is too long","documentation_url":"https://docs.github.com/rest"}`, Times: -1}, github.ErrTooLong},
		"a server's error":          {githubtest.Failure{Method: http.MethodPatch, Status: 500, Times: 2}, nil},
		"an error though it worked": {githubtest.Failure{Method: http.MethodPatch, Status: 502, Apply: true}, nil},
		"a dropped answer":          {githubtest.Failure{Method: http.MethodPatch, Drop: true}, nil},
		"a rate limit":              {githubtest.Failure{Method: http.MethodPatch, Status: 429, Header: http.Header{"Retry-After": {"7"}}}, nil},
		"a long rate limit":         {githubtest.Failure{Method: http.MethodPatch, Status: 429, Header: http.Header{"Retry-After": {"700"}}, Times: -1}, github.ErrRateLimited},
		"no list after the write":   {githubtest.Failure{Method: http.MethodGet, Path: "/comments", Status: 503, After: 1, Times: -1}, nil},
		"a list that is late":       {githubtest.Failure{Method: http.MethodGet, Path: "/comments", Delay: 50 * time.Millisecond, Times: -1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			publishAll(t, gh, of(100, 1, section("one", "One.")))
			gh.Fail(c.failure)
			var waited time.Duration
			cl := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, d time.Duration) error { waited += d; return ctx.Err() }})
			res, err := cl.Publish(t.Context(), of(100, 1, section("two", "Two.")))
			body := theOne(t, gh)
			if !says(body, "One.") {
				t.Errorf("the other section is lost:\n%s", body)
			}
			if c.reason != nil {
				wantReason(t, err, c.reason)
				return
			}
			if err != nil || !says(body, "Two.") || res.Did != github.Edited {
				t.Errorf("%+v, %v:\n%s", res, err, body)
			}
			if name == "a rate limit" && waited < 7*time.Second {
				t.Errorf("waited %v", waited)
			}
		})
	}
}

// A comment that goes between the write and the reading is written again.
func TestVanishedSharedCommentComesBack(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("one", "One.")))
	var once sync.Once
	cl := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		once.Do(func() { gh.Remove(gh.Comments(repository, number)[0].ID) })
		return ctx.Err()
	}})
	res, err := cl.Publish(t.Context(), of(100, 1, section("two", "Two.")))
	if err != nil || res.Did != github.Created {
		t.Fatalf("%+v, %v", res, err)
	}
	if body := theOne(t, gh); !says(body, "One.") || !says(body, "Two.") {
		t.Errorf("got\n%s", body)
	}
}

// Somebody who writes over it each time wins, but not for ever.
func TestWritesAreBounded(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("one", "One.")))
	cl := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		id := gh.Comments(repository, number)[0].ID
		gh.Remove(id)
		gh.Plant(repository, number, githubtest.Workflow(), marker()+"\n")
		return ctx.Err()
	}})
	_, err := cl.Publish(t.Context(), of(100, 1, section("two", "Two.")))
	wantReason(t, err, github.ErrContended)
	if n := sent(gh, http.MethodPatch); n > 20 {
		t.Errorf("%d edits were sent", n)
	}
}

func TestCancelledPublicationEnds(t *testing.T) {
	gh := start(t, githubtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cl := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }})
	if _, err := cl.Publish(ctx, of(100, 1, section("two", "Two."))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if body := theOne(t, gh); !says(body, "Two.") {
		t.Errorf("got\n%s", body)
	}
}
