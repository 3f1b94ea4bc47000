package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ReviewComment is a comment on lines of a pull request's diff, which starts a
// thread.
type ReviewComment struct {
	ID         int64    `json:"id"`
	Repository string   `json:"repository"`
	Number     int      `json:"number"`
	Author     Identity `json:"author"`
	Commit     string   `json:"commit"`
	Path       string   `json:"path"`
	StartLine  int      `json:"startLine,omitempty"` // 0 if it is about one line
	Line       int      `json:"line"`
	Body       string   `json:"body"`
	Edits      int      `json:"edits"`
	Resolved   bool     `json:"resolved,omitempty"`
	Outdated   bool     `json:"outdated,omitempty"` // the lines are no more in the diff
}

// PlantReview adds a comment as if its author had written it, and returns its
// number.
func (s *Server) PlantReview(cm ReviewComment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	cm.ID = s.lastID
	s.reviews = append(s.reviews, cm)
	return cm.ID
}

// ReviewComments returns the comments on a pull request's diff, oldest first.
func (s *Server) ReviewComments(repository string, number int) []ReviewComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reviewCommentsOf(repository, number)
}

// ChangeReview changes a comment on a diff as a user or a push could: resolves
// its thread, or makes it outdated.
func (s *Server) ChangeReview(id int64, change func(*ReviewComment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.reviews {
		if s.reviews[i].ID == id {
			change(&s.reviews[i])
		}
	}
}

func (s *Server) reviewCommentsOf(repository string, number int) []ReviewComment {
	var list []ReviewComment
	for _, cm := range s.reviews {
		if cm.Repository == repository && cm.Number == number {
			list = append(list, cm)
		}
	}
	return list
}

func (s *Server) listReviewComments(c call) answer {
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	list := []any{}
	for _, cm := range s.reviewCommentsOf(p.repository, p.number) {
		list = append(list, s.renderReviewComment(c, &cm))
	}
	return page(c, list)
}

// createReview takes all comments of a review, or none.
func (s *Server) createReview(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	var in struct {
		Body     string
		Event    string
		CommitID string `json:"commit_id"`
		Comments []struct {
			Path, Body, Side string
			StartSide        string `json:"start_side"`
			Line             int
			StartLine        *int `json:"start_line"`
		}
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return problem(http.StatusBadRequest, "Problems parsing JSON")
	}
	var wrong []any
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if in.Event == "" || (in.Body == "" && in.Event != "COMMENT") || (in.Body == "" && len(in.Comments) == 0) {
		refuse("Body can't be blank")
	}
	if in.CommitID != "" && !p.has(in.CommitID) {
		refuse("The commit_id is not part of the pull request")
	}
	var made []ReviewComment
	for _, cm := range in.Comments {
		start := 0
		if cm.StartLine != nil {
			if start = *cm.StartLine; start >= cm.Line {
				refuse("start_line must precede the end line.")
			}
			if cm.StartSide != cm.Side {
				refuse("start_side must be the same as side")
			}
		}
		hunk := p.hunkOf(cm.Path, cm.Side, cm.Line)
		switch {
		case hunk < 0:
			refuse("Line could not be resolved")
		case start > 0 && p.hunkOf(cm.Path, cm.Side, start) != hunk:
			refuse("start_line must be part of the same hunk as the line.")
		case cm.Body == "":
			refuse("Body can't be blank")
		case utf8.RuneCountInString(cm.Body) > commentLimit:
			refuse("Body is too long (maximum is %d characters)", commentLimit)
		}
		made = append(made, ReviewComment{
			Repository: p.repository, Number: p.number, Author: c.who, Commit: in.CommitID,
			Path: cm.Path, StartLine: start, Line: cm.Line, Body: cm.Body,
		})
	}
	if len(wrong) > 0 {
		return jsonAnswer(http.StatusUnprocessableEntity, map[string]any{
			"message": "Unprocessable Entity", "errors": wrong,
			"documentation_url": "https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request",
		})
	}
	for _, cm := range made {
		s.lastID++
		cm.ID = s.lastID
		s.reviews = append(s.reviews, cm)
	}
	s.lastID++
	return jsonAnswer(http.StatusOK, s.description.fill("pull-request-review", map[string]any{
		"id": s.lastID, "user": s.user(c.who), "body": in.Body, "state": "COMMENTED", "commit_id": in.CommitID,
	}))
}

func (s *Server) reviewComment(c call) *ReviewComment {
	id, _ := strconv.ParseInt(c.params["comment_id"], 10, 64)
	for i := range s.reviews {
		if cm := &s.reviews[i]; cm.ID == id && cm.Repository == c.params["owner"]+"/"+c.params["repo"] {
			return cm
		}
	}
	return nil
}

func (s *Server) editReviewComment(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	cm := s.reviewComment(c)
	if cm == nil {
		return problem(http.StatusNotFound, "Not Found")
	}
	body, refusal := commentBody(c)
	if refusal != nil {
		return *refusal
	}
	cm.Body = body
	cm.Edits++
	return jsonAnswer(http.StatusOK, s.renderReviewComment(c, cm))
}

func (s *Server) deleteReviewComment(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	cm := s.reviewComment(c)
	if cm == nil {
		return problem(http.StatusNotFound, "Not Found")
	}
	id := cm.ID
	s.reviews = slices.DeleteFunc(s.reviews, func(x ReviewComment) bool { return x.ID == id })
	return answer{status: http.StatusNoContent, header: http.Header{}}
}

func nodeID(id int64) string { return "PRRC_" + strconv.FormatInt(id, 36) }

func (s *Server) renderReviewComment(c call, cm *ReviewComment) map[string]any {
	at := time.Unix(cm.ID, 0).UTC().Format(time.RFC3339)
	values := map[string]any{
		"id":                 cm.ID,
		"node_id":            nodeID(cm.ID),
		"body":               cm.Body,
		"path":               cm.Path,
		"user":               s.user(cm.Author),
		"commit_id":          cm.Commit,
		"original_commit_id": cm.Commit,
		"original_line":      cm.Line,
		"side":               "RIGHT",
		"html_url":           fmt.Sprintf("https://github.test/%s/pull/%d#discussion_r%d", cm.Repository, cm.Number, cm.ID),
		"url":                fmt.Sprintf("%s/repos/%s/pulls/comments/%d", c.base, cm.Repository, cm.ID),
		"created_at":         at,
		"updated_at":         at,
		"author_association": "NONE",
	}
	if !cm.Outdated {
		values["line"], values["position"] = cm.Line, 1
		if cm.StartLine > 0 {
			values["start_line"], values["start_side"] = cm.StartLine, "RIGHT"
		}
	}
	return s.description.fill("pull-request-review-comment", values)
}

// hunkOf is the number of the hunk that shows a line, or -1.
func (p pull) hunkOf(path, side string, line int) int {
	if side != "RIGHT" {
		return -1
	}
	for _, f := range p.files {
		if f.Path != path {
			continue
		}
		hunk, at := -1, 0
		for text := range strings.Lines(f.Patch) {
			switch text[0] {
			case '@':
				hunk++
				_, right, _ := strings.Cut(text, "+")
				right, _, _ = strings.Cut(right, " ")
				right, _, _ = strings.Cut(right, ",")
				at, _ = strconv.Atoi(right)
			case ' ', '+':
				if at == line {
					return hunk
				}
				at++
			}
		}
	}
	return -1
}
