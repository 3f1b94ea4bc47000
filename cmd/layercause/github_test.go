package main

import (
	"net/http/httptest"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/layercause/layercause/internal/github/githubtest"
)

// pretendGitHub is the GitHub of one script. It is started when it is first used.
type pretendGitHub struct{ server *githubtest.Server }

// githubKey finds it among a script's values.
type githubKey struct{}

// gitHub speaks with the script's GitHub, whose address is $GITHUB_API_URL. Any token
// may write there but "read-only".
//
//	github pull REPOSITORY NUMBER COMMIT [FORK BRANCH]
//	github comment REPOSITORY NUMBER FILE    writes the only comment; with ! there is none
func gitHub(ts *testscript.TestScript, neg bool, args []string) {
	gh := ts.Value(githubKey{}).(*pretendGitHub)
	if len(args) < 4 || neg && args[0] != "comment" {
		ts.Fatalf("usage: github pull|comment REPOSITORY NUMBER …")
	}
	number, err := strconv.Atoi(args[2])
	ts.Check(err)
	switch args[0] {
	case "pull":
		gh.start(ts)
		gh.server.AddPull(args[1], number, args[3])
		if len(args) == 6 {
			gh.server.SetBranch(args[1], number, args[4], args[5])
		}
	case "comment":
		list := gh.server.Comments(args[1], number)
		switch {
		case neg && len(list) == 0:
		case neg || len(list) != 1:
			ts.Fatalf("%d comments on %s#%d: %+v", len(list), args[1], number, list)
		default:
			ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(list[0].Body+"\n"), 0o644))
		}
	default:
		ts.Fatalf("github %s is unknown", args[0])
	}
}

func (gh *pretendGitHub) start(ts *testscript.TestScript) {
	if gh.server != nil {
		return
	}
	reader := githubtest.Workflow()
	reader.ReadOnly = true
	server, err := githubtest.New(githubtest.Options{AnyToken: true, Tokens: map[string]githubtest.Identity{"read-only": reader}})
	ts.Check(err)
	listener := httptest.NewServer(server)
	ts.Setenv("GITHUB_API_URL", listener.URL)
	gh.server = server
	ts.Defer(func() {
		listener.Close()
		if v := server.Violations(); len(v) > 0 {
			ts.Fatalf("against GitHub's description: %q", v)
		}
	})
}
