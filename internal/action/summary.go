package action

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// SummaryLimit is the size in bytes up to which GitHub shows a step's summary;
// of a larger one it shows nothing.
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits
const SummaryLimit = 1 << 20

const summaryCut = "\n_%d of %d sections did not fit the summary's limit of 1 MiB and are in the report's files._\n"

// WriteSummary appends Markdown to the file that GITHUB_STEP_SUMMARY names, and
// does nothing when it names none. Sections are written in order and never in
// part: the first that does not fit ends the summary, and a line says how many
// were left out, as does the result.
func WriteSummary(getenv func(string) string, sections ...string) (left int, err error) {
	path := getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return 0, nil
	}
	info, err := os.Stat(path)
	used := 0
	switch {
	case err == nil:
		used = int(info.Size())
	case !errors.Is(err, fs.ErrNotExist):
		return len(sections), fmt.Errorf("writing the summary: %w", err)
	}
	text, left := fitSections(sections, SummaryLimit-used)
	if err := appendFile(path, text); err != nil {
		return len(sections), fmt.Errorf("writing the summary: %w", err)
	}
	return left, nil
}

func fitSections(sections []string, room int) (text string, left int) {
	var b strings.Builder
	// The closing line is only needed once something was left out, so the last
	// section may use its room.
	reserve := len(fmt.Sprintf(summaryCut, len(sections), len(sections)))
	for i, s := range sections {
		if s != "" && !strings.HasSuffix(s, "\n") {
			s += "\n"
		}
		need := b.Len() + len(s)
		if i < len(sections)-1 {
			need += reserve
		}
		if need > room {
			left = len(sections) - i
			break
		}
		b.WriteString(s)
	}
	if left > 0 {
		if line := fmt.Sprintf(summaryCut, left, len(sections)); b.Len()+len(line) <= room {
			b.WriteString(line)
		}
	}
	return b.String(), left
}
