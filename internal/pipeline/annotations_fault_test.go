package pipeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/pipeline"
)

// A job that fails before there is a build to report says why where it is looked at, and
// once.
func TestFaultsBeforeTheBuildAreShown(t *testing.T) {
	for name, c := range map[string]struct {
		input, value string
		dockerfile   string
		want         string
	}{
		"a syntax error": {"INPUT_FILE", "", "FROM scratch\n\nRUNN true ::error::x\n",
			"::error endLine=3,file=Dockerfile,line=3::input file: parsing Dockerfile \"Dockerfile\": line 3: unknown instruction: RUNN%0Ahint: mend the Dockerfile"},
		"no such stage":     {"INPUT_TARGET", "nosuch", "FROM scratch AS only\n", "::error::input target: Dockerfile has no stage \"nosuch\"%0Ahint: the stages are: only"},
		"a malformed input": {"INPUT_PUSH", "perhaps", "FROM scratch\n", "::error::input push: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(c.dockerfile), 0o644); err != nil {
				t.Fatal(err)
			}
			vars := map[string]string{
				"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_WORKSPACE": dir, "INPUT_CONTEXT": dir, "INPUT_COMMENT": "never",
				"INPUT_HISTORY": filepath.Join(dir, "history"), c.input: c.value,
			}
			var out bytes.Buffer
			env := pipeline.Env{
				LookupEnv: func(n string) (string, bool) { v, ok := vars[n]; return v, ok },
				Stdout:    &out, Stderr: &out, Dir: dir, Version: "test",
			}
			code := pipeline.ExitCode(&out, pipeline.Build(t.Context(), env, pipeline.BuildOptions{}))
			errors := 0
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "::error") {
					errors++
				}
			}
			if code != pipeline.ExitUsage || errors != 1 || !strings.Contains(out.String(), "\n"+c.want) {
				t.Errorf("exit code %d:\n%s\nwant it to say\n%s", code, out.String(), c.want)
			}
		})
	}
}
