package github_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

func TestEnterpriseServer(t *testing.T) {
	gh := start(t, githubtest.Options{Prefix: "/api/v3"})
	if !strings.HasSuffix(gh.URL, "/api/v3") {
		t.Fatalf("the server is at %s", gh.URL)
	}
	if res := publish(t, client(t, gh), "text"); res.Did != github.Created {
		t.Errorf("result: %+v", res)
	}
}

func TestNewRejects(t *testing.T) {
	for name, o := range map[string]github.Options{
		"no token":           {},
		"token of two lines": {Token: "one\ntwo"},
		"no URL":             {Token: "x", BaseURL: "api.github.com"},
		"user in URL":        {Token: "x", BaseURL: "https://user:pass@example.com"},
		"file URL":           {Token: "x", BaseURL: "file:///etc"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := github.New(o)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, secret := range []string{"one", "pass@"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestPublishRejectsWhatIsNoThread(t *testing.T) {
	gh := start(t, githubtest.Options{})
	for _, c := range []github.Comment{
		{Repository: "acme", Number: 1},
		{Repository: "acme/shop/../other", Number: 1},
		{Repository: "acme/..", Number: 1},
		{Repository: "acme/a b", Number: 1},
		{Repository: "acme/shop", Number: 0},
	} {
		if _, err := client(t, gh).Publish(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	if n := len(gh.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestPullRequests(t *testing.T) {
	other := strings.Repeat("f", 40)
	gh := githubtest.Start(t, githubtest.Options{})
	gh.AddPull(repository, 12, headSHA)
	gh.AddPull(repository, 7, headSHA)
	gh.AddPull(repository, 8, headSHA) // closed below
	gh.AddPull(repository, 9, other, headSHA)
	gh.AddPull("acme/else", 10, headSHA)
	gh.ClosePull(repository, 8)
	got, err := client(t, gh).PullRequests(t.Context(), repository, headSHA)
	if err != nil || !slices.Equal(got, []int{7, 12}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = client(t, gh).PullRequests(t.Context(), repository, strings.Repeat("0", 40)); err != nil || len(got) != 0 {
		t.Errorf("of a commit without any: %v, %v", got, err)
	}
	if _, err = client(t, gh).PullRequests(t.Context(), repository, "main"); err == nil {
		t.Error("a branch was taken for a commit")
	}
}

// The commits of a fork are not found as the repository's: its branch is asked for.
func TestPullRequestsFrom(t *testing.T) {
	other := strings.Repeat("f", 40)
	const fork, branch = "visitor/shop", "feature/a+b&state=all"
	gh := githubtest.Start(t, githubtest.Options{})
	for n, head := range map[int]string{1: headSHA, 2: headSHA, 3: other, 4: headSHA, 5: headSHA, 6: headSHA} {
		gh.AddPull(repository, n, head)
		gh.SetBranch(repository, n, fork, branch)
	}
	gh.ClosePull(repository, 2)
	gh.SetBranch(repository, 4, fork, "other")
	gh.SetBranch(repository, 5, "visitor/another-fork", branch)
	gh.SetBranch(repository, 6, repository, branch)
	from := github.Branch{Repository: fork, Name: branch, SHA: headSHA}
	got, err := client(t, gh).PullRequestsFrom(t.Context(), repository, from)
	if err != nil || !slices.Equal(got, []int{1}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = client(t, gh).PullRequests(t.Context(), repository, headSHA); err != nil || !slices.Equal(got, []int{6}) {
		t.Errorf("by the commit alone: %v, %v", got, err)
	}
	for _, from := range []github.Branch{
		{Repository: "unknown", Name: branch, SHA: headSHA}, {Repository: fork, SHA: headSHA}, {Repository: fork, Name: branch, SHA: "main"},
	} {
		if got, err := client(t, gh).PullRequestsFrom(t.Context(), repository, from); err == nil {
			t.Errorf("%+v: got %v", from, got)
		}
	}
	gh.Push(repository, 1, other)
	if head, err := client(t, gh).Head(t.Context(), repository, 1); err != nil || head != other {
		t.Errorf("the head is %q, %v", head, err)
	}
	if _, err := client(t, gh).Head(t.Context(), repository, 99); !errors.Is(err, github.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestPullRequestsOverPages(t *testing.T) {
	gh := githubtest.Start(t, githubtest.Options{})
	var want []int
	for n := 1; n <= 130; n++ {
		gh.AddPull(repository, n, headSHA)
		want = append(want, n)
	}
	got, err := client(t, gh).PullRequests(t.Context(), repository, headSHA)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d of %d, %v", len(got), len(want), err)
	}
}

func TestKeyTellsPartsApart(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{"ci", "build", "Dockerfile", ""},
		{"ci", "build", "", "Dockerfile"},
		{"cib", "uild", "Dockerfile", ""},
		{"ci", "build", "Dockerfile", "app"},
		{"ci", "build", "Dockerfile", "", "linux/arm64"},
		{"-->", "<script>", "\n", "\x00"},
	} {
		k := github.Key(parts...)
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q have one key", parts, other)
		}
		seen[k] = parts
		if strings.Trim(k, "0123456789abcdef") != "" || len(k) != 32 {
			t.Errorf("the key %q is not plain", k)
		}
	}
	if github.Key("ci") != key() {
		t.Error("the key of the same build changed")
	}
}
