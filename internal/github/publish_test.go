package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

func TestSecondRunEditsFirstComment(t *testing.T) {
	gh := start(t, githubtest.Options{})
	first := publish(t, client(t, gh), "first text")
	if first.Did != github.Created || first.URL == "" {
		t.Fatalf("first run: %+v", first)
	}
	// A new client, as in a new run.
	second := publish(t, client(t, gh), "second text")
	if second.Did != github.Edited || second.ID != first.ID {
		t.Fatalf("second run: %+v, want comment %d edited", second, first.ID)
	}
	comments := gh.Comments(repository, number)
	if len(comments) != 1 || !says(comments[0].Body, "second text") || comments[0].Edits != 1 {
		t.Errorf("comments: %+v", comments)
	}
}

func TestUnchangedTextIsNotWritten(t *testing.T) {
	gh := start(t, githubtest.Options{})
	first := publish(t, client(t, gh), "same text\n")
	again := publish(t, client(t, gh), "same text\n")
	if again.Did != github.Unchanged || again.ID != first.ID {
		t.Errorf("second run: %+v", again)
	}
	if n := sent(gh, http.MethodPatch); n != 0 {
		t.Errorf("%d edits were sent", n)
	}
}

func TestFindsCommentAmongPages(t *testing.T) {
	gh := start(t, githubtest.Options{})
	visitor := githubtest.Identity{ID: 5, Login: "visitor"}
	for i := range 240 {
		gh.Plant(repository, number, visitor, fmt.Sprintf("remark %d", i))
	}
	first := publish(t, client(t, gh), "first text")
	for i := range 10 {
		gh.Plant(repository, number, visitor, fmt.Sprintf("later remark %d", i))
	}
	second := publish(t, client(t, gh), "second text")
	if second.Did != github.Edited || second.ID != first.ID {
		t.Errorf("second run: %+v, want comment %d edited", second, first.ID)
	}
	pages := 0
	for _, r := range gh.Requests() {
		if r.Method == http.MethodGet && strings.Contains(r.Path, "per_page=100") && strings.Contains(r.Path, "page=3") {
			pages++
		}
	}
	// Each run reads before it writes and reads back.
	if pages != 4 {
		t.Errorf("the third page was read %d times, want 4", pages)
	}
}

func TestPlantedMarkerIsLeftAlone(t *testing.T) {
	bot := githubtest.Workflow()
	for name, planter := range map[string]githubtest.Identity{
		"user":                  {ID: 5, Login: "visitor"},
		"another app":           {ID: 6, Login: "other[bot]", App: true},
		"user named like a bot": {ID: 7, Login: bot.Login},
	} {
		t.Run(name, func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			planted := gh.Plant(repository, number, planter, marker()+"\nclick here")
			res := publish(t, client(t, gh), "ours")
			if res.Did != github.Created || res.ID == planted {
				t.Fatalf("result: %+v", res)
			}
			if res = publish(t, client(t, gh), "ours, again"); res.Did != github.Edited || res.ID == planted {
				t.Fatalf("second result: %+v", res)
			}
			comments := gh.Comments(repository, number)
			if len(comments) != 2 || comments[0].Body != marker()+"\nclick here" {
				t.Errorf("comments: %+v", comments)
			}
		})
	}
}

func TestMarkerInsideTextIsNoMarker(t *testing.T) {
	gh := start(t, githubtest.Options{})
	// A Dockerfile line of an earlier report of ours, with another key.
	quoting := gh.Plant(repository, number, githubtest.Workflow(), "<!-- layercause:other -->\n"+marker()+"\n")
	if res := publish(t, client(t, gh), "ours"); res.Did != github.Created || res.ID == quoting {
		t.Errorf("result: %+v", res)
	}
}

func TestOwnDuplicatesGo(t *testing.T) {
	gh := start(t, githubtest.Options{})
	lowest := gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold")
	gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold too")
	other := gh.Plant(repository, number, githubtest.Workflow(), "<!-- layercause:other -->\nof another job")
	res := publish(t, client(t, gh), "new")
	if res.ID != lowest || res.Did != github.Edited || res.Deleted != 1 {
		t.Errorf("result: %+v", res)
	}
	comments := gh.Comments(repository, number)
	if len(comments) != 2 || comments[0].ID != lowest || comments[1].ID != other {
		t.Errorf("comments: %+v", comments)
	}
}

func TestDuplicatesStayWhenTheEditFails(t *testing.T) {
	gh := start(t, githubtest.Options{})
	gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold")
	gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold too")
	gh.Fail(githubtest.Failure{Method: http.MethodPatch, Status: 500, Times: -1})
	if _, err := client(t, gh).Publish(t.Context(), comment("new")); err == nil {
		t.Error("publishing succeeded")
	}
	if n := len(gh.Comments(repository, number)); n != 2 {
		t.Errorf("%d comments are left, want 2", n)
	}
}

func TestQuietCommentIsOnlyUpdated(t *testing.T) {
	gh := start(t, githubtest.Options{})
	c := comment("text")
	c.Sections[0].State = github.Quiet
	res, err := client(t, gh).Publish(t.Context(), c)
	if err != nil || res.Did != github.Skipped || len(gh.Comments(repository, number)) != 0 {
		t.Fatalf("without a comment: %+v, %v", res, err)
	}
	gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold")
	res, err = client(t, gh).Publish(t.Context(), c)
	if err != nil || res.Did != github.Edited {
		t.Errorf("with a comment: %+v, %v", res, err)
	}
}

func TestUserTokenKnowsItself(t *testing.T) {
	gh := start(t, githubtest.Options{Tokens: map[string]githubtest.Identity{
		"ghp_user": {ID: 99, Login: "Maintainer"},
	}})
	// The workflow's own comment is not the user's.
	gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nby the workflow")
	c := clientWith(t, gh, github.Options{Token: "ghp_user"})
	first := publish(t, c, "first")
	second := publish(t, clientWith(t, gh, github.Options{Token: "ghp_user"}), "second")
	if first.Did != github.Created || second.Did != github.Edited || first.ID != second.ID {
		t.Errorf("results: %+v, %+v", first, second)
	}
}

func TestAppTokenLearnsItsNameFromItsComment(t *testing.T) {
	app := githubtest.Identity{ID: 77, Login: "acme-ci[bot]", App: true}
	gh := start(t, githubtest.Options{Tokens: map[string]githubtest.Identity{"ghs_app": app}})
	first := publish(t, clientWith(t, gh, github.Options{Token: "ghs_app"}), "first")
	second := publish(t, clientWith(t, gh, github.Options{Token: "ghs_app"}), "second")
	if second.ID != first.ID || second.Did != github.Edited || second.Deleted != 1 {
		t.Errorf("results: %+v, %+v", first, second)
	}
	named := publish(t, clientWith(t, gh, github.Options{Token: "ghs_app", Author: "acme-ci[bot]"}), "third")
	if named.ID != first.ID || named.Deleted != 0 {
		t.Errorf("with the author given: %+v", named)
	}
	if comments := gh.Comments(repository, number); len(comments) != 1 || !says(comments[0].Body, "third") {
		t.Errorf("comments: %+v", comments)
	}
}

func TestVanishedCommentIsCreatedAnew(t *testing.T) {
	gh := start(t, githubtest.Options{})
	id := gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nold")
	var once sync.Once
	c := clientWith(t, gh, github.Options{HTTPClient: &http.Client{
		Transport: before(http.MethodPatch, func() { once.Do(func() { gh.Remove(id) }) }),
	}})
	res := publish(t, c, "new")
	if res.Did != github.Created || res.ID == id {
		t.Errorf("result: %+v", res)
	}
}

func TestTwoRunsAtOnceLeaveOneComment(t *testing.T) {
	gh := start(t, githubtest.Options{})
	// Another run creates its comment between our list and our creation.
	var once sync.Once
	var rival int64
	c := clientWith(t, gh, github.Options{HTTPClient: &http.Client{
		Transport: before(http.MethodPost, func() {
			once.Do(func() { rival = gh.Plant(repository, number, githubtest.Workflow(), marker()+"\nrival") })
		}),
	}})
	res := publish(t, c, "ours")
	if res.ID != rival || res.Did != github.Edited || res.Deleted != 1 {
		t.Errorf("result: %+v, want the rival's comment %d edited", res, rival)
	}
	if comments := gh.Comments(repository, number); len(comments) != 1 || !says(comments[0].Body, "ours") {
		t.Errorf("comments: %+v", comments)
	}
}

func TestLostAnswerToCreateLeavesOneComment(t *testing.T) {
	for name, failure := range map[string]githubtest.Failure{
		"server error": {Method: http.MethodPost, Status: 502, Apply: true},
		"dropped":      {Method: http.MethodPost, Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			gh.Fail(failure)
			publish(t, client(t, gh), "text")
			if comments := gh.Comments(repository, number); len(comments) != 1 {
				t.Errorf("comments: %+v", comments)
			}
			// Everyone who watches the pull request is notified of each creation.
			if n := sent(gh, http.MethodPost); n != 1 {
				t.Errorf("%d creations were sent", n)
			}
		})
	}
}
