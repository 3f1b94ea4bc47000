package pipeline

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// labelLimit is how many characters of a job's name or a matrix a heading shows.
const labelLimit = 80

// quiet says that the report makes no comment by itself.
func (r *runner) quiet(rep report.Report) bool {
	return r.comment == action.CommentOnLoss && report.Quiet(rep)
}

// commentOn is the comment of this run on a pull request, still without a section.
// One workflow has one, whatever jobs it has.
func (r *runner) commentOn(number int) github.Comment {
	e := r.event
	c := github.Comment{
		Repository: e.Repository, Number: number, Key: github.Key(e.Workflow), Commit: cmp.Or(e.HeadSHA, e.SHA),
	}
	c.Run, _ = strconv.ParseInt(e.RunID, 10, 64) // 0 is none
	c.Attempt, _ = strconv.ParseInt(e.RunAttempt, 10, 64)
	if e.ServerURL != "" && e.Repository != "" {
		c.Runs = e.ServerURL + "/" + e.Repository + "/actions/runs/"
	}
	return c
}

// section is what the build has to say among others of its workflow.
func (r *runner) section(rep report.Report, head *record.Record) github.Section {
	job := jobOf(head)
	s := github.Section{
		Key:   github.Key(job.Name, rep.Build.Dockerfile, rep.Build.Target, strings.Join(head.Invocation.Platforms, ","), job.Matrix),
		Title: sectionTitle(rep, job),
		Text:  func(bytes int) string { return report.CommentWithin(rep, bytes) },
		State: github.Loud, Lost: rep.Totals.LostSeconds,
	}
	switch {
	case rep.Build.Failure != nil || rep.Build.Status == string(record.Failed):
		s.State = github.Failed
	case r.quiet(rep):
		s.State = github.Quiet
	}
	return s
}

// job names the workflow's job that runs the program; nil if none does.
func (r *runner) job() *record.Job {
	if !r.active {
		return nil
	}
	return &record.Job{Name: r.event.Job, Matrix: r.matrix}
}

func jobOf(r *record.Record) record.Job {
	if r.Job == nil {
		return record.Job{}
	}
	return *r.Job
}

// sectionTitle names a build among those of its workflow.
func sectionTitle(rep report.Report, job record.Job) string {
	title := cmp.Or(report.CommentTitle(rep), "A build")
	if job.Name != "" {
		title += ", job " + label(job.Name)
	}
	if job.Matrix != "" {
		title += ", " + label(job.Matrix)
	}
	return title
}

// label writes a name as a code span, in which nothing is interpreted.
func label(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '`':
			return '\''
		case unicode.IsSpace(c):
			return ' '
		case !unicode.IsPrint(c) || c == utf8.RuneError || unicode.Is(unicode.Variation_Selector, c):
			return -1
		}
		return c
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > labelLimit {
		runes = append(runes[:labelLimit-1], '…')
	}
	if len(runes) == 0 {
		return "`?`"
	}
	return "`" + string(runes) + "`"
}
