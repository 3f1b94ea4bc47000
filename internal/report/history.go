package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// HistorySchema names the format of [History].
const HistorySchema = "layercause.history/v1"

// historyRows is how many files and instructions a history ranks.
const historyRows = 10

// History is a list of builds, grouped by what was built. Its JSON is the output
// of layercause history --format json.
type History struct {
	Schema   string   `json:"schema"`
	Groups   []Group  `json:"groups"`
	Warnings []string `json:"warnings"`
}

// Group are the builds of one Dockerfile, target and set of platforms.
type Group struct {
	Repository string   `json:"repository"`
	Dockerfile string   `json:"dockerfile"`
	Target     string   `json:"target"`
	Platforms  []string `json:"platforms"`
	// Records is how many builds the history holds.
	Records int `json:"records"`
	// Builds are the last ones, the newest first.
	Builds []Past `json:"builds"`
	// Worst counts all the records.
	Worst Worst `json:"worst"`
}

// NewHistory makes a list of builds. Each group is the records of one thing that
// is built, the newest first; of each at most limit builds are listed.
func NewHistory(groups [][]*record.Record, limit int, price timing.Price, warnings []string) History {
	h := History{Schema: HistorySchema, Groups: []Group{}, Warnings: append([]string{}, warnings...)}
	for _, records := range groups {
		if len(records) == 0 {
			continue
		}
		r := records[0]
		g := Group{
			Repository: r.Commit.Repository, Dockerfile: r.Invocation.Dockerfile, Target: r.Invocation.Target,
			Platforms: append([]string{}, r.Invocation.TargetPlatforms()...), Records: len(records),
			Worst: newWorst(records, price, historyRows),
		}
		if g.Dockerfile == "" {
			g.Dockerfile = r.Dockerfile.Path
		}
		for _, x := range records[:min(len(records), limit)] {
			g.Builds = append(g.Builds, newPast(x))
		}
		h.Groups = append(h.Groups, g)
	}
	return h
}

// title names what was built, and how many builds there are.
func (g *Group) title() sentence {
	s := sentence{placeSpan(cleanLine(g.Dockerfile), g.Dockerfile, "")}
	if g.Target != "" {
		s = s.say(", target ").code(g.Target, nameLimit)
	}
	for i, p := range g.Platforms {
		if i == 0 {
			s = s.say(" for ")
		} else {
			s = s.say(", ")
		}
		s = s.code(p, 40)
	}
	if g.Repository != "" {
		s = s.say(" of ").code(g.Repository, nameLimit)
	}
	s = s.say(": " + count(g.Records, "build"))
	if n := len(g.Builds); n < g.Records {
		s = s.say(", the last " + itoa(n) + " listed")
	}
	return s
}

// HistoryJSON writes the history as JSON, indented.
func HistoryJSON(w io.Writer, h History) error {
	if err := encode(w, h); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// HistoryMarkdown writes the history for GitHub.
func HistoryMarkdown(w io.Writer, h History) error {
	var b strings.Builder
	v := newView(&Report{})
	for i := range h.Groups {
		g := &h.Groups[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("### " + g.title().markdownText() + "\n\n" + v.pastGrid("", g.Builds).markdown())
		if g.Worst.Builds == 0 {
			continue
		}
		b.WriteString("\n" + g.Worst.sum().markdownText() + "\n")
		for _, t := range g.Worst.grids() {
			b.WriteString("\n" + t.markdown())
		}
		if len(g.Worst.Files) > 0 {
			b.WriteString("\n<sub>" + alone + "</sub>\n")
		}
	}
	for i, x := range h.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString("- warning: " + prose(x, detailLimit).markdownText() + "\n")
	}
	return written(w, b.String())
}

// HistoryText writes the history for a terminal of 80 columns.
func HistoryText(w io.Writer, h History) error {
	var b strings.Builder
	for i := range h.Groups {
		if i > 0 {
			b.WriteByte('\n')
		}
		h.Groups[i].text(&b)
	}
	for i, x := range h.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		paragraph(&b, words("warning: ").with(prose(x, detailLimit)))
	}
	return written(w, string(inert([]byte(b.String()))))
}

func written(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

func (g *Group) text(b *strings.Builder) {
	paragraph(b, g.title())
	builds := &grid{columns: []string{"Started (UTC)", "Commit", "Branch", "Hit:", "Wall:", "Saved:", "Lost:", "Net:"}}
	below := make([]string, len(g.Builds))
	for i := range g.Builds {
		p := &g.Builds[i]
		builds.row(words(p.minute()), words(p.short()), branchCell(p), words(p.rate()),
			words(duration(p.WallSeconds)), words(p.saved()), words(p.lost()), words(p.net()))
		below[i] = p.cause().text()
		if p.Status == string(record.Failed) {
			below[i] = strings.TrimSuffix("the build failed; "+below[i], "; ")
		}
	}
	b.WriteByte('\n')
	builds.text(b, below)
	if g.Worst.Builds == 0 {
		return
	}
	b.WriteByte('\n')
	paragraph(b, g.Worst.sum())
	for _, t := range g.Worst.grids() {
		b.WriteByte('\n')
		t.text(b, nil)
	}
	if len(g.Worst.Files) > 0 {
		b.WriteByte('\n')
		paragraph(b, words(strings.NewReplacer("“", `"`, "”", `"`).Replace(alone)))
	}
}

// paragraph writes a sentence in lines of at most 80 columns.
func paragraph(b *strings.Builder, s sentence) {
	t := terminal{view: newView(&Report{}), wide: historyWide}
	t.wrapped(s, 0, "")
	b.Write(bytes.TrimRight(t.b.Bytes(), " "))
}
