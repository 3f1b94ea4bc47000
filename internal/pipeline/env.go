package pipeline

import (
	"fmt"
	"io"
	"os"
)

// Env is the world outside of the program.
type Env struct {
	LookupEnv func(string) (string, bool)
	// Environ lists the variables as NAME=VALUE; nil is none.
	Environ        func() []string
	Stdout, Stderr io.Writer
	// Dir is the current folder.
	Dir string
	// Executable is the path of the running program.
	Executable string
	// CacheDir is the user's cache folder; empty if there is none.
	CacheDir string
	Version  string
}

// SystemEnv is the real world.
func SystemEnv(version string) Env {
	dir, _ := os.Getwd()
	exe, _ := os.Executable()
	cache, _ := os.UserCacheDir()
	return Env{
		LookupEnv: os.LookupEnv, Environ: os.Environ, Stdout: os.Stdout, Stderr: os.Stderr,
		Dir: dir, Executable: exe, CacheDir: cache, Version: version,
	}
}

func (e Env) getenv(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// inActions says that a GitHub Actions runner runs the program.
func (e Env) inActions() bool { return e.getenv("GITHUB_ACTIONS") == "true" }

// Version prints the program's version.
func Version(env Env) error {
	if _, err := fmt.Fprintln(env.Stdout, "layercause", env.Version); err != nil {
		return classify(err)
	}
	return nil
}
