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
// commands and one more that fetches, and does what needs the sources after that. It
// reports false where the two parts would not do what the whole does.
func (p *move) split(i, k int, commands [][]string, lines []string, fetches string) bool {
	var again []int // commands that say how the rest is executed
	for n, words := range commands {
		if n < k && (words[0] == "cd" || words[0] == "set") {
			again = append(again, n)
		}
		if n >= k && slices.ContainsFunc(words, func(w string) bool { return slices.Contains(removing, w) }) {
			return false
		}
	}
	r := newRunText(p.file, i)
	if r == nil || !r.placed {
		return false
	}
	head := r.raw[:r.commands[0].start]
	part := func(text string) []string {
		return strings.Split(strings.ReplaceAll(head+text, "\r\n", "\n"), "\n")
	}
	text := r.raw[r.commands[0].start:r.commands[k-1].end]
	if fetches != "" {
		text = strings.TrimSuffix(text, ";") + " && " + fetches
	}
	above := part(text)
	text = ""
	for _, n := range again {
		text += strings.TrimSuffix(r.raw[r.commands[n].start:r.commands[n].end], ";") + " && "
	}
	below := part(text + r.raw[r.commands[k].start:])
	first, ok := textOf(p.file, above)
	rest, also := textOf(p.file, below)
	if !ok || !also || p.changed(i).Reruns == 0 {
		return false
	}
	p.moved, p.pending = append(p.moved, p.pending...), nil
	p.lines[i], p.first, p.share = lines, i, fetchedOfBuild
	p.fetches, p.above, p.rest, p.below = first, above, rest, below
	if fetches != "" {
		p.leave(i, fetches)
	}
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
