package advice

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// removing are words of commands that make files go again that an earlier command of
// the same RUN made: in a step of its own they would stay in a layer.
var removing = []string{"rm", "clean", "purge", "prune", "uninstall", "remove", "autoremove", "del", "rmdir"}

// split plans to take a RUN apart that installs packages, by the first k of its
// commands, and does what needs the sources after that. It reports false where the
// two parts would not do what the whole does.
func (p *move) split(i, k int, commands [][]string, lines []string) bool {
	for n, words := range commands {
		if n < k && (words[0] == "cd" || words[0] == "set") {
			return false // it says how the rest is executed
		}
		if n >= k && slices.ContainsFunc(words, func(w string) bool { return slices.Contains(removing, w) }) {
			return false
		}
	}
	r := newRunText(p.file, i)
	if r == nil || !r.placed {
		return false
	}
	part := func(start, end int) []string {
		text := r.raw[:r.commands[0].start] + r.raw[start:end]
		return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	}
	above := part(r.commands[0].start, r.commands[k-1].end)
	below := part(r.commands[k].start, len(r.raw))
	first, ok := textOf(p.file, above)
	rest, also := textOf(p.file, below)
	if !ok || !also || p.changed(i).Reruns == 0 {
		return false
	}
	p.moved, p.pending = append(p.moved, p.pending...), nil
	p.lines[i], p.first, p.share = lines, i, fetchedOfBuild
	p.fetches, p.above, p.rest, p.below = first, above, rest, below
	return true
}

// textOf is the text of the instruction that lines of the file would be.
func textOf(f *dockerfile.File, lines []string) (string, bool) {
	parsed, err := dockerfile.Parse("", []byte(directive(f)+"FROM scratch\n"+strings.Join(lines, "\n")+"\n"))
	if err != nil || len(parsed.Instructions) != 2 {
		return "", false
	}
	return parsed.Instructions[1].Text, true
}
