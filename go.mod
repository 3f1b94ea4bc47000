module github.com/layercause/layercause

go 1.26

require (
	github.com/moby/buildkit v0.33.1
	github.com/docker/buildx v0.37.2
	github.com/sethvargo/go-githubactions v1.4.0
	github.com/google/go-github/v60 v60.0.0
	github.com/spf13/cobra v1.10.2
	github.com/google/go-cmp v0.7.0
)
