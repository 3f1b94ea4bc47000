package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

const commentLimit = 65536 // characters

// Comment is one comment on a pull request.
type Comment struct {
	ID         int64    `json:"id"`
	Repository string   `json:"repository"`
	Number     int      `json:"number"`
	Author     Identity `json:"author"`
	Body       string   `json:"body"`
	Edits      int      `json:"edits"` // how often it was edited
}

// Plant adds a comment as if author had written it, and returns its number.
func (s *Server) Plant(repository string, number int, author Identity, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(repository, number, author, body).ID
}

// Remove deletes a comment as its repository's owner could.
func (s *Server) Remove(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeComment(id)
}

// Comments returns the comments of a pull request, oldest first.
func (s *Server) Comments(repository string, number int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commentsOf(repository, number)
}

func (s *Server) commentsOf(repository string, number int) []Comment {
	var list []Comment
	for _, cm := range s.comments {
		if cm.Repository == repository && cm.Number == number {
			list = append(list, cm)
		}
	}
	return list
}

func (s *Server) add(repository string, number int, author Identity, body string) *Comment {
	s.lastID++
	s.comments = append(s.comments, Comment{
		ID: s.lastID, Repository: repository, Number: number, Author: author, Body: body,
	})
	return &s.comments[len(s.comments)-1]
}

func (s *Server) removeComment(id int64) bool {
	for i, cm := range s.comments {
		if cm.ID == id {
			s.comments = append(s.comments[:i], s.comments[i+1:]...)
			return true
		}
	}
	return false
}

func (s *Server) listComments(c call) answer {
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	list := []any{}
	for _, cm := range s.commentsOf(p.repository, p.number) {
		list = append(list, s.render(c, &cm))
	}
	return page(c, list)
}

func (s *Server) createComment(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	if p.locked {
		return problem(http.StatusForbidden, "Unable to create comment because issue is locked.")
	}
	body, refusal := commentBody(c)
	if refusal != nil {
		return *refusal
	}
	cm := s.add(p.repository, p.number, c.who, body)
	a := jsonAnswer(http.StatusCreated, s.render(c, cm))
	a.header.Set("Location", fmt.Sprintf("%s/repos/%s/issues/comments/%d", c.base, p.repository, cm.ID))
	return a
}

func (s *Server) getComment(c call) answer {
	cm := s.commentOf(c)
	if cm == nil {
		return problem(http.StatusNotFound, "Not Found")
	}
	return jsonAnswer(http.StatusOK, s.render(c, cm))
}

func (s *Server) editComment(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	cm := s.commentOf(c)
	if cm == nil {
		return problem(http.StatusNotFound, "Not Found")
	}
	body, refusal := commentBody(c)
	if refusal != nil {
		return *refusal
	}
	cm.Body = body
	cm.Edits++
	return jsonAnswer(http.StatusOK, s.render(c, cm))
}

func (s *Server) deleteComment(c call) answer {
	if c.who.ReadOnly {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	cm := s.commentOf(c)
	if cm == nil || !s.removeComment(cm.ID) {
		return problem(http.StatusNotFound, "Not Found")
	}
	return answer{status: http.StatusNoContent, header: http.Header{}}
}

func (s *Server) commentOf(c call) *Comment {
	id, _ := strconv.ParseInt(c.params["comment_id"], 10, 64)
	for i := range s.comments {
		if cm := &s.comments[i]; cm.ID == id && cm.Repository == c.params["owner"]+"/"+c.params["repo"] {
			return cm
		}
	}
	return nil
}

func commentBody(c call) (string, *answer) {
	var in struct{ Body string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		a := problem(http.StatusBadRequest, "Problems parsing JSON")
		return "", &a
	}
	refuse := func(message string) (string, *answer) {
		a := jsonAnswer(http.StatusUnprocessableEntity, map[string]any{
			"message":           "Validation Failed",
			"documentation_url": "https://docs.github.com/rest/issues/comments",
			"errors": []any{map[string]any{
				"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message,
			}},
		})
		return "", &a
	}
	switch {
	case in.Body == "":
		return refuse("Body cannot be blank")
	case utf8.RuneCountInString(in.Body) > commentLimit:
		return refuse("Body is too long (maximum is 65536 characters)")
	}
	return in.Body, nil
}

func (s *Server) render(c call, cm *Comment) map[string]any {
	at := time.Unix(cm.ID, 0).UTC().Format(time.RFC3339)
	return s.description.fill("issue-comment", map[string]any{
		"id":                 cm.ID,
		"body":               cm.Body,
		"user":               s.user(cm.Author),
		"url":                fmt.Sprintf("%s/repos/%s/issues/comments/%d", c.base, cm.Repository, cm.ID),
		"issue_url":          fmt.Sprintf("%s/repos/%s/issues/%d", c.base, cm.Repository, cm.Number),
		"html_url":           fmt.Sprintf("https://github.test/%s/pull/%d#issuecomment-%d", cm.Repository, cm.Number, cm.ID),
		"created_at":         at,
		"updated_at":         at,
		"author_association": "NONE",
	})
}

// page cuts a list as the query asks, and links to the other pages.
func page(c call, list []any) answer {
	number := atLeast(1, c.URL.Query().Get("page"), 1)
	size := min(atLeast(1, c.URL.Query().Get("per_page"), 30), 100)
	last := max(1, (len(list)+size-1)/size)
	from := min((number-1)*size, len(list))
	a := jsonAnswer(http.StatusOK, list[from:min(from+size, len(list))])
	link := func(number int, rel string) string {
		q := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(size)}}
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, "http://"+c.Host, c.URL.Path, q.Encode(), rel)
	}
	switch {
	case number < last:
		a.header.Set("Link", link(number+1, "next")+", "+link(last, "last"))
	case number > 1:
		a.header.Set("Link", link(number-1, "prev")+", "+link(1, "first"))
	}
	return a
}

func atLeast(least int, text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		return otherwise
	}
	return n
}
