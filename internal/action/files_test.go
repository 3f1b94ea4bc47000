package action

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readOutputs parses the file the way the runner does.
//
// Source: https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
func readOutputs(text string) (map[string]string, error) {
	got := map[string]string{}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			got[line[:equals]] = line[equals+1:]
		case heredoc < 1 || line[heredoc+2:] == "":
			return nil, fmt.Errorf("the runner rejects the line %q", line)
		default:
			end := line[heredoc+2:]
			var lines []string
			for {
				next, rest, ended := strings.Cut(text, "\n")
				text = rest
				if next == end {
					break
				}
				if !ended {
					return nil, fmt.Errorf("the value of %s does not end", line[:heredoc])
				}
				lines = append(lines, next)
			}
			got[line[:heredoc]] = strings.Join(lines, "\n")
		}
	}
	return got, nil
}

func writeOutputs(t testing.TB, o Outputs) (map[string]string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "output")
	err := WriteOutputs(envOf(map[string]string{"GITHUB_OUTPUT": path}), nil, o)
	b, readErr := os.ReadFile(path)
	if readErr != nil && !os.IsNotExist(readErr) {
		t.Fatal(readErr)
	}
	got, parseErr := readOutputs(string(b))
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	return got, err
}

func TestWriteOutputs(t *testing.T) {
	got, err := writeOutputs(t, Outputs{
		Digest: "sha256:abc", Metadata: "{\n \"a\": 1\n}", Report: ".layercause",
		Measured: true, HitRate: 2.0 / 3, SavedSeconds: 72.12345, LostSeconds: 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"digest": "sha256:abc", "metadata": "{\n \"a\": 1\n}", "report": ".layercause",
		"hit-rate": "0.6667", "saved-seconds": "72.123", "lost-seconds": "0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteOutputsKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(path, []byte("earlier=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteOutputs(envOf(map[string]string{"GITHUB_OUTPUT": path}), nil, Outputs{Digest: "d"}); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	got, err := readOutputs(string(b))
	if diff := cmp.Diff(map[string]string{"earlier": "1", "digest": "d"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestDelimiterInAValueIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output")
	injected := "x\nlayercause_" + knownToken + "\ndigest=evil\n"
	err := WriteOutputs(envOf(map[string]string{"GITHUB_OUTPUT": path}), zeros{}, Outputs{Metadata: injected, ImageID: "id"})
	if err == nil || !strings.Contains(err.Error(), "writing output metadata: ") {
		t.Errorf("got %v", err)
	}
	b, _ := os.ReadFile(path)
	if got, _ := readOutputs(string(b)); cmp.Diff(map[string]string{"imageid": "id"}, got) != "" {
		t.Errorf("outputs: %v", got)
	}
}

// The delimiter of go-githubactions is a text like any other here.
func TestKnownDelimiterInjectsNothing(t *testing.T) {
	value := "x\n_GitHubActionsFileCommandDelimeter_\ndigest<<E\nevil\nE"
	got, err := writeOutputs(t, Outputs{Metadata: value})
	if diff := cmp.Diff(map[string]string{"metadata": value}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestOutputOverTheLimitIsNamed(t *testing.T) {
	got, err := writeOutputs(t, Outputs{Metadata: strings.Repeat("x", outputLimit+1), Digest: "d"})
	if err == nil || !strings.Contains(err.Error(), "metadata") || got["digest"] != "d" || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestNumbersNeverBreakTheFile(t *testing.T) {
	for v, want := range map[float64]string{0: "0", -0.00001: "0", 1: "1", 100: "100", 0.5: "0.5", 1e21: "1000000000000000000000"} {
		if got := decimal(v, 3); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	if _, err := writeOutputs(t, Outputs{Measured: true, HitRate: math.NaN(), LostSeconds: math.Inf(1)}); err != nil {
		t.Error(err)
	}
}

func TestFileErrorsSayWhat(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "file")
	if err := WriteOutputs(envOf(map[string]string{"GITHUB_OUTPUT": missing}), nil, Outputs{Digest: "d"}); err == nil ||
		!strings.HasPrefix(err.Error(), "writing outputs: ") {
		t.Errorf("got %v", err)
	}
	left, err := WriteSummary(envOf(map[string]string{"GITHUB_STEP_SUMMARY": missing}), "a", "b")
	if err == nil || left != 2 || !strings.HasPrefix(err.Error(), "writing the summary: ") {
		t.Errorf("got %d, %v", left, err)
	}
	if err := WriteOutputs(envOf(nil), nil, Outputs{Digest: "d"}); err != nil {
		t.Errorf("outside of a workflow: %v", err)
	}
}

func writeSummary(t *testing.T, before int, sections ...string) (string, int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(path, []byte(strings.Repeat("b", before)), 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := WriteSummary(envOf(map[string]string{"GITHUB_STEP_SUMMARY": path}), sections...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > SummaryLimit {
		t.Errorf("the summary has %d bytes, and GitHub shows nothing of it", len(b))
	}
	return string(b[before:]), left
}

func TestSummaryStaysUnderTheLimit(t *testing.T) {
	big := strings.Repeat("x", SummaryLimit/2)
	if got, left := writeSummary(t, 0, "one", "two\n"); got != "one\ntwo\n" || left != 0 {
		t.Errorf("got %q, %d", got, left)
	}
	if got, left := writeSummary(t, 0, "one", big, big, "four"); left != 2 || !strings.HasPrefix(got, "one\nxxx") ||
		!strings.HasSuffix(got, "_2 of 4 sections did not fit the summary's limit of 1 MiB and are in the report's files._\n") {
		t.Errorf("left %d, end %q", left, got[max(0, len(got)-200):])
	}
	// What earlier commands of the step wrote counts too.
	if got, left := writeSummary(t, SummaryLimit-400, "one", big); left != 1 || !strings.HasPrefix(got, "one\n\n_1 of 2") {
		t.Errorf("left %d, got %q", left, got)
	}
	if got, left := writeSummary(t, SummaryLimit-2, "one"); left != 1 || got != "" {
		t.Errorf("left %d, got %q", left, got)
	}
	// Exactly full.
	if got, left := writeSummary(t, 0, strings.Repeat("x", SummaryLimit-1)); left != 0 || len(got) != SummaryLimit {
		t.Errorf("left %d, %d bytes", left, len(got))
	}
}

// The runner reads back exactly the values written, and no other output.
func FuzzOutputs(f *testing.F) {
	f.Add("sha256:x", "{}\n", "a=b")
	f.Add("x\n_GitHubActionsFileCommandDelimeter_\ny=z", "<<E", "\r\n")
	f.Add("layercause_"+knownToken, "\n\n", "\x00\xff")
	f.Fuzz(func(t *testing.T, digest, metadata, report string) {
		got, err := writeOutputs(t, Outputs{Digest: digest, Metadata: metadata, Report: report})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for name, value := range map[string]string{"digest": digest, "metadata": metadata, "report": report} {
			if value != "" {
				want[name] = value
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
