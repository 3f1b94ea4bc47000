package action

import "testing"

func TestFolders(t *testing.T) {
	f := ReadFolders(envOf(map[string]string{
		"GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/shop", "RUNNER_WORKSPACE": "/home/runner/work/shop",
	}))
	for in, want := range map[string]string{
		".layercause":                  ".layercause",
		"/github/workspace":            ".",
		"/github/workspace/a/b":        "a/b",
		"/github/runner_temp/report":   "/home/runner/work/_temp/report",
		"/github/runner_temporary":     "/github/runner_temporary",
		"/github/home/.cache":          "/home/runner/work/_temp/_github_home/.cache",
		"/tmp/report":                  "/tmp/report",
		"/home/runner/work/_temp/here": "/home/runner/work/_temp/here",
	} {
		if got := f.Host(in); got != want {
			t.Errorf("%s is %s to a later step, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"type=local,dest=/home/runner/work/_temp/c,mode=max": "type=local,dest=/github/runner_temp/c,mode=max",
		"type=local,src=/home/runner/work/shop/shop":         "type=local,src=/github/workspace",
		"lib=/home/runner/work/shop/shop/lib":                "lib=/github/workspace/lib",
		"/home/runner/work/_temp/out":                        "/github/runner_temp/out",
		"type=local,dest=/home/runner/work/shop/shopping":    "type=local,dest=/home/runner/work/shop/shopping",
		"type=registry,ref=a/b":                              "type=registry,ref=a/b",
	} {
		if got := f.Container(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
	for file, want := range map[string]bool{
		"/tmp/cache": true, "/github/workspace/x": false, "/github/../tmp/x": true, "cache": false, "": false,
	} {
		if got := f.Lost(file); got != want {
			t.Errorf("%s is lost: %t", file, got)
		}
	}
}

// TestFoldersElsewhere is about a "run:" step, a runner with a workspace of another
// name, and one that says too little: paths are as they are.
func TestFoldersElsewhere(t *testing.T) {
	for _, env := range []map[string]string{
		nil,
		{"GITHUB_WORKSPACE": "/home/runner/work/shop/shop", "GITHUB_REPOSITORY": "acme/shop", "RUNNER_WORKSPACE": "/home/runner/work/shop"},
		{"GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/shop"},
		{"GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/shop", "RUNNER_WORKSPACE": "/shop"},
	} {
		f := ReadFolders(envOf(env))
		const entry = "type=local,dest=/github/runner_temp/x"
		if f.Host("/github/runner_temp/x") != "/github/runner_temp/x" || f.Container(entry) != entry || f.Lost("/tmp/x") {
			t.Errorf("%v: paths are changed", env)
		}
	}
}
