package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/dockerfile"
)

func TestLint(t *testing.T) {
	tests := []struct {
		name, text string
		want       []dockerfile.Check
	}{
		{"clean", "FROM alpine:3\nRUN true\n", nil},
		{"casing", "FROM alpine:3 as build\nRUN true\n", []dockerfile.Check{
			{Rule: "FromAsCasing", Line: 1, EndLine: 1, Message: "'as' and 'FROM' keywords' casing do not match"},
		}},
		{"a secret's name, and a stage that the last one does not need", "FROM alpine:3 AS a\nARG API_TOKEN=x\nFROM alpine:3\n", []dockerfile.Check{
			{Rule: "SecretsUsedInArgOrEnv", Line: 2, EndLine: 2, Message: `Do not use ARG or ENV instructions for sensitive data (ARG "API_TOKEN")`},
		}},
		{"several lines", "FROM alpine:3\nCMD echo \\\n  hi\n", []dockerfile.Check{
			{Rule: "JSONArgsRecommended", Line: 2, EndLine: 3, Message: "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals"},
		}},
		{"skipped by the file itself", "# check=skip=FromAsCasing\nFROM alpine:3 as build\nRUN true\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := dockerfile.Lint([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLintOfWhatIsNoDockerfile(t *testing.T) {
	for _, text := range []string{"", "RUN true\n", "FROM a\nNONSENSE\n", "FROM a\nCOPY --from=nobody:x\n", "# check=nonsense\nFROM a\n"} {
		if got, err := dockerfile.Lint([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "checking the Dockerfile: ") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzLint(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err1 := dockerfile.Lint(text)
		second, err2 := dockerfile.Lint(text)
		if (err1 == nil) != (err2 == nil) || len(first) != len(second) {
			t.Fatalf("two answers: %v, %v and %v, %v", first, err1, second, err2)
		}
		for _, c := range first {
			if c.Line < 0 || c.EndLine < c.Line || c.Rule == "" {
				t.Fatalf("%+v", c)
			}
		}
	})
}
