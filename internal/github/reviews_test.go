package github_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

// patch is how GitHub shows the diff of a Dockerfile: line 5 is new.
const patch = "@@ -2,4 +2,5 @@ FROM a\n WORKDIR /app\n COPY . .\n RUN npm ci\n+RUN npm test\n USER app\n@@ -20,2 +21,2 @@\n RUN x\n-RUN y\n+RUN z"

// pulled is a server with the pull request and its diff.
func pulled(t *testing.T, o githubtest.Options) *githubtest.Server {
	t.Helper()
	gh := start(t, o)
	gh.AddFiles(repository, number,
		githubtest.ChangedFile{Path: "logo.png", Status: "added"},
		githubtest.ChangedFile{Path: "Dockerfile", Patch: patch})
	return gh
}

func suggested(rule string, start int, before, after string) github.Suggested {
	r := github.Replacement{Path: "Dockerfile", Start: start, Before: strings.Split(before, "\n"), After: strings.Split(after, "\n")}
	r.End = start + len(r.Before) - 1
	return github.Suggested{Key: github.SuggestionKey(rule, r), Replacement: r, Note: "**" + rule + "**"}
}

// npm is a suggestion whose lines the diff shows.
func npm() github.Suggested {
	return suggested("deps-before-source", 3, "COPY . .\nRUN npm ci", "COPY package.json ./\nRUN npm ci\nCOPY . .")
}

func review(list ...github.Suggested) github.Review {
	return github.Review{Repository: repository, Number: number, Commit: headSHA, Suggestions: list, Most: 3}
}

func suggest(t *testing.T, c *github.Client, list ...github.Suggested) github.Outcome {
	t.Helper()
	out, err := c.Suggest(t.Context(), review(list...))
	if err != nil {
		t.Fatalf("suggesting: %v", err)
	}
	return out
}

func wantOutcome(t *testing.T, got, want github.Outcome) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

func TestSuggestThenKeep(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	s := npm()
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Posted: []string{s.Key}})
	want := []githubtest.ReviewComment{{
		Repository: repository, Number: number, Author: githubtest.Workflow(), Commit: headSHA,
		Path: "Dockerfile", StartLine: 3, Line: 4,
		Body: "<!-- layercause:suggestion key=" + s.Key + " -->\n**deps-before-source**\n\n" +
			"```suggestion\nCOPY package.json ./\nRUN npm ci\nCOPY . .\n```",
	}}
	got := gh.ReviewComments(repository, number)
	want[0].ID = got[0].ID
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("comments (-want +got):\n%s", d)
	}
	// The next run says the same, at other lines: a push moved them.
	s.Start, s.End = 13, 14
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Known: []string{s.Key}})
	if got := gh.ReviewComments(repository, number); len(got) != 1 || got[0].Edits != 0 {
		t.Errorf("comments: %+v", got)
	}
	// And the one after knows better.
	s.Note = "another note"
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Known: []string{s.Key}})
	if got := gh.ReviewComments(repository, number); len(got) != 1 || got[0].Edits != 1 || !strings.Contains(got[0].Body, "another note") {
		t.Errorf("comments: %+v", got)
	}
}

func TestOneLineHasNoRange(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	s := suggested("x", 22, "RUN z", "RUN w")
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Posted: []string{s.Key}})
	if got := gh.ReviewComments(repository, number); len(got) != 1 || got[0].StartLine != 0 || got[0].Line != 22 {
		t.Errorf("comments: %+v", got)
	}
}

func TestLinesThatTheDiffDoesNotShow(t *testing.T) {
	image := suggested("x", 1, "PNG", "JPG")
	image.Path = "logo.png"
	other := npm()
	other.Path = "other/Dockerfile"
	for name, s := range map[string]github.Suggested{
		"above the hunk":        suggested("x", 1, "FROM a", "FROM b"),
		"partly":                suggested("x", 6, "USER app\nCMD b", "CMD b"),
		"in two hunks":          suggested("x", 6, "USER app\nRUN x", "RUN x"),
		"other text":            suggested("x", 3, "COPY src .", "COPY . ."), // the build was of a merge
		"removed":               suggested("x", 22, "RUN y", "RUN w"),
		"a file without a diff": image,
		"another file":          other,
	} {
		t.Run(name, func(t *testing.T) {
			gh := pulled(t, githubtest.Options{})
			wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Left: []string{s.Key}})
			if n := sent(gh, http.MethodPost); n != 0 {
				t.Errorf("%d reviews were sent", n)
			}
		})
	}
}

func TestFilesArePagedThrough(t *testing.T) {
	gh := start(t, githubtest.Options{})
	for i := range 250 {
		gh.AddFiles(repository, number, githubtest.ChangedFile{Path: fmt.Sprint("file", i), Patch: "@@ -1 +1 @@\n-a\n+b"})
	}
	gh.AddFiles(repository, number, githubtest.ChangedFile{Path: "Dockerfile", Previous: "old/Dockerfile", Status: "renamed", Patch: patch})
	s := npm()
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Posted: []string{s.Key}})
	gh = start(t, githubtest.Options{})
	for i := range 3100 {
		gh.AddFiles(repository, number, githubtest.ChangedFile{Path: fmt.Sprint("file", i)})
	}
	gh.AddFiles(repository, number, githubtest.ChangedFile{Path: "Dockerfile", Patch: patch}) // GitHub does not list it
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Left: []string{s.Key}})
}

func TestNeverMoreThanMost(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	list := []github.Suggested{
		npm(), suggested("a", 6, "USER app", "USER a"), suggested("b", 5, "RUN npm test", "RUN b"), suggested("c", 22, "RUN z", "RUN c"),
	}
	keys := []string{list[0].Key, list[1].Key, list[2].Key, list[3].Key}
	wantOutcome(t, suggest(t, client(t, gh), list[0], list[1]), github.Outcome{Posted: keys[:2]})
	// What nobody can commit any more still counts: it stands there.
	gh.ChangeReview(gh.ReviewComments(repository, number)[0].ID, func(cm *githubtest.ReviewComment) { cm.Outdated = true })
	wantOutcome(t, suggest(t, client(t, gh), list...), github.Outcome{
		Posted: keys[2:3], Known: keys[1:2], Left: []string{keys[0], keys[3]},
	})
	wantOutcome(t, suggest(t, client(t, gh), list[3]), github.Outcome{Left: keys[3:], Others: 2}) // not the outdated one
	if n := len(gh.ReviewComments(repository, number)); n != 3 {
		t.Errorf("%d comments", n)
	}
}

// Of suggestions for the same lines one stands there: to commit the other as well would
// bring back what the first one changed.
func TestOverlappingSuggestions(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	wide, inside, below := npm(), suggested("cache-mount", 4, "RUN npm ci", "RUN --mount=type=cache,target=/root/.npm npm ci"),
		suggested("apart", 5, "RUN npm test", "RUN npm run test")
	wantOutcome(t, suggest(t, client(t, gh), wide, inside, below), github.Outcome{
		Posted: []string{wide.Key, below.Key}, Left: []string{inside.Key},
	})
	// Nor beside one that stands there.
	wantOutcome(t, suggest(t, client(t, gh), inside, wide), github.Outcome{Known: []string{wide.Key}, Left: []string{inside.Key}, Others: 1})
	if n := len(gh.ReviewComments(repository, number)); n != 2 {
		t.Errorf("%d comments", n)
	}
}

func TestDismissedIsNotSaidAgain(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	for i := range 150 { // threads of others, over a page of them
		gh.PlantReview(githubtest.ReviewComment{Repository: repository, Number: number, Path: "x", Line: 1, Body: fmt.Sprint(i)})
	}
	s := npm()
	suggest(t, client(t, gh), s)
	comments := gh.ReviewComments(repository, number)
	gh.ChangeReview(comments[len(comments)-1].ID, func(cm *githubtest.ReviewComment) { cm.Resolved, cm.Outdated = true, true })
	wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Dismissed: []string{s.Key}})
	if n := len(gh.ReviewComments(repository, number)); n != 151 {
		t.Errorf("%d comments", n)
	}
}

// Anybody can write a marker on a public repository: it must not keep a
// suggestion away, nor count, nor be edited.
func TestPlantedMarker(t *testing.T) {
	s := npm()
	for _, o := range []githubtest.Options{{}, {Prefix: "/api/v3"}} {
		gh := pulled(t, o)
		for range 3 {
			gh.PlantReview(githubtest.ReviewComment{
				Repository: repository, Number: number, Author: githubtest.Identity{ID: 666, Login: "mallory"},
				Path: "Dockerfile", Line: 4, Resolved: true,
				Body: "<!-- layercause:suggestion key=" + s.Key + " -->\nplanted",
			})
		}
		wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Posted: []string{s.Key}})
		// Without the threads, the author's name decides.
		gh.Fail(githubtest.Failure{Path: "/graphql", Status: 502, Times: -1})
		out, err := client(t, gh).Suggest(t.Context(), review(s))
		if err == nil || !strings.Contains(err.Error(), "asking for the resolved threads of acme/shop#7: 502") {
			t.Errorf("got %v", err)
		}
		wantOutcome(t, out, github.Outcome{Known: []string{s.Key}})
		for _, cm := range gh.ReviewComments(repository, number)[:3] {
			if cm.Edits != 0 {
				t.Errorf("the planted comment was edited: %q", cm.Body)
			}
		}
	}
}

func TestHostileLines(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	nasty := suggested("x", 4, "RUN npm ci", "RUN echo ```` @everyone </details>\n```\n<!-- layercause:suggestion key=0 -->\n# [x](http://example.com)")
	hidden := suggested("y", 4, "RUN npm ci", "RUN npm ci \u202e")
	huge := suggested("z", 4, "RUN npm ci", "RUN "+strings.Repeat("x", github.BodyLimit))
	wantOutcome(t, suggest(t, client(t, gh), nasty, hidden, huge), github.Outcome{
		Posted: []string{nasty.Key}, Left: []string{hidden.Key, huge.Key},
	})
	body := gh.ReviewComments(repository, number)[0].Body
	if !strings.Contains(body, "\n`````suggestion\n"+strings.Join(nasty.After, "\n")+"\n`````") {
		t.Errorf("the lines can leave their block:\n%s", body)
	}
}

func TestReviewRefusals(t *testing.T) {
	readOnly := githubtest.Workflow()
	readOnly.ReadOnly = true
	fork := githubtest.Options{Tokens: map[string]githubtest.Identity{githubtest.WorkflowToken: readOnly}}
	tests := []struct {
		name    string
		options githubtest.Options
		failure githubtest.Failure
		text    string
		posts   int
	}{
		{"fork", fork, githubtest.Failure{}, "suggesting changes on acme/shop#7: 403 Resource not accessible by integration", 1},
		{"not found", githubtest.Options{}, githubtest.Failure{Path: "/files", Status: 404}, "listing the files of acme/shop#7: 404 Not Found", 0},
		{"comments not found", githubtest.Options{}, githubtest.Failure{Path: "/comments", Status: 404}, "listing the review comments of acme/shop#7: 404 Not Found", 0},
		{"line not in the diff", githubtest.Options{}, githubtest.Failure{Path: "/reviews", Status: 422,
			Body: `{"message":"Unprocessable Entity","errors":["Line could not be resolved"],"documentation_url":"https://docs.github.com/rest"}`},
			"suggesting changes on acme/shop#7: 422 Unprocessable Entity; Line could not be resolved", 1},
		{"server error", githubtest.Options{}, githubtest.Failure{Path: "/reviews", Status: 500, Times: -1}, "suggesting changes on acme/shop#7: 500", 1},
		{"server error on reading", githubtest.Options{}, githubtest.Failure{Path: "/files", Status: 503, Times: -1}, "listing the files of acme/shop#7: 503", 0},
		{"nonsense", githubtest.Options{}, githubtest.Failure{Path: "/files", Status: 200, Body: `[{"filename":`, Times: -1}, "listing the files of acme/shop#7: ", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gh, err := githubtest.New(test.options)
			if err != nil {
				t.Fatal(err)
			}
			if test.failure.Status != 200 { // that one breaks the description on purpose
				gh = pulled(t, test.options)
			} else {
				gh = served(t, gh)
			}
			if test.failure.Status != 0 {
				gh.Fail(test.failure)
			}
			s := npm()
			out, err := client(t, gh).Suggest(t.Context(), review(s))
			if err == nil || !strings.HasPrefix(err.Error(), test.text) {
				t.Errorf("got %v, want %q", err, test.text)
			}
			wantOutcome(t, out, github.Outcome{Left: []string{s.Key}})
			if n := sent(gh, http.MethodPost); n != test.posts {
				t.Errorf("%d reviews were sent, want %d", n, test.posts)
			}
		})
	}
}

func TestReviewRateLimit(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	gh.Fail(githubtest.Failure{Path: "/reviews", Status: 429, Header: http.Header{"Retry-After": {"7"}}})
	var waited time.Duration
	c := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, d time.Duration) error { waited += d; return ctx.Err() }})
	s := npm()
	wantOutcome(t, suggest(t, c, s), github.Outcome{Posted: []string{s.Key}})
	if waited < 7*time.Second {
		t.Errorf("waited %v", waited)
	}
	gh.Fail(githubtest.Failure{Path: "/reviews", Status: 429, Header: http.Header{"Retry-After": {"3600"}}})
	_, err := client(t, gh).Suggest(t.Context(), review(suggested("x", 22, "RUN z", "RUN w")))
	wantReason(t, err, github.ErrRateLimited)
}

func TestSlowReviewEndsWithTheContext(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	gh.Fail(githubtest.Failure{Path: "/files", Delay: 10 * time.Second, Times: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	if _, err := client(t, gh).Suggest(ctx, review(npm())); err == nil {
		t.Error("it succeeded")
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// However long the server and its limits let the requests wait, the job goes on with its
// comment: no request is sent without an end that all of them share.
func TestReviewHasAnEndOfItsOwn(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	var ends []time.Time
	c := clientWith(t, gh, github.Options{HTTPClient: &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		end, ok := req.Context().Deadline()
		if !ok || time.Until(end) > 5*time.Minute {
			t.Errorf("%s %s may take until %v (%v)", req.Method, req.URL.Path, end, ok)
		}
		ends = append(ends, end)
		return http.DefaultTransport.RoundTrip(req)
	})}})
	suggest(t, c, npm())
	if len(ends) < 3 || !ends[0].Equal(ends[len(ends)-1]) {
		t.Errorf("%d requests, to end by %v", len(ends), ends)
	}
}

func TestLostAnswerToReview(t *testing.T) {
	for name, failure := range map[string]githubtest.Failure{
		"server error": {Path: "/reviews", Status: 502, Apply: true},
		"dropped":      {Path: "/reviews", Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			gh := pulled(t, githubtest.Options{})
			gh.Fail(failure)
			s := npm()
			wantOutcome(t, suggest(t, client(t, gh), s), github.Outcome{Posted: []string{s.Key}})
			if n := len(gh.ReviewComments(repository, number)); n != 1 {
				t.Errorf("%d comments", n)
			}
		})
	}
}

// Two jobs of a matrix see the same Dockerfile at the same time.
func TestTwoReviewsAtOnceLeaveOne(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	s := npm()
	var once sync.Once
	rival := client(t, gh)
	c := clientWith(t, gh, github.Options{HTTPClient: &http.Client{
		Transport: before(http.MethodPost, func() {
			once.Do(func() { suggest(t, rival, s) })
		}),
	}})
	wantOutcome(t, suggest(t, c, s), github.Outcome{Posted: []string{s.Key}})
	if n := len(gh.ReviewComments(repository, number)); n != 1 {
		t.Errorf("%d comments", n)
	}
	// And others at once are no more than allowed.
	more := review(suggested("a", 4, "RUN npm ci", "RUN a"), suggested("b", 5, "RUN npm test", "RUN b"))
	rivals := review(suggested("c", 22, "RUN z", "RUN c"))
	once = sync.Once{}
	c = clientWith(t, gh, github.Options{HTTPClient: &http.Client{
		Transport: before(http.MethodPost, func() {
			once.Do(func() { suggest(t, rival, rivals.Suggestions...) })
		}),
	}})
	out, err := c.Suggest(t.Context(), more)
	if n := len(gh.ReviewComments(repository, number)); err != nil || n != 3 || len(out.Posted) != 1 {
		t.Errorf("%d comments, %+v, %v", n, out, err)
	}
}

func TestNothingToSuggestAsksNothing(t *testing.T) {
	gh := pulled(t, githubtest.Options{})
	wantOutcome(t, suggest(t, client(t, gh)), github.Outcome{})
	if n := len(gh.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
