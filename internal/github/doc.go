// Package github keeps one comment on a pull request up to date, and suggests
// changes on the lines of its diff.
//
// In come a token, the address of the API and the text of the comment; out goes
// what became of it ([Result]), or an [*Error] that says what was being done,
// why GitHub refused, and through [Advice] what the user can do about it.
//
// The comment is found again by two things together: a marker in an HTML comment
// on its first line ([Key]), and its author being the token's own. The marker
// alone is plain text that anybody can write on a public repository. Editing
// rather than posting anew keeps a pull request from filling up, and nobody is
// notified again.
//
// A token made for a workflow cannot ask who it is: GET /user answers 403. It
// writes as github-actions[bot], a name no user can take, so that is assumed. A
// token of another GitHub App shows its name in the first comment it creates:
// an older comment by that author is then edited, and the new one deleted.
//
// The builds of a workflow share the comment: each has a section ([Section]), which
// stands between markers of its own. GitHub has no compare-and-swap for comments, so
// every job writes all sections that it has read together with its own, reads the
// comment back after a while, and writes again what is missing. Where two jobs create
// a comment at the same time, the one with the lowest number stays, and the other
// goes once its sections stand in that one. A section carries the commit and the run
// that it is of, which tells what is out of date.
//
// A suggestion on lines ([Client.Suggest]) is committed with one click, so it is
// made only where the diff shows exactly the lines that it replaces. It carries a
// marker of its own, is made once, and is not made again after somebody resolved
// its thread, which only the GraphQL API tells.
//
//	c, err := github.New(github.Options{Token: token, BaseURL: apiURL})
//	res, err := c.Publish(ctx, github.Comment{
//		Repository: "acme/shop", Number: 7,
//		Key:    github.Key(workflow),
//		Commit: head, Run: run, Attempt: attempt,
//		Sections: []github.Section{{
//			Key: github.Key(job, dockerfile, target), Title: title, Text: render, State: github.Loud,
//		}},
//	})
//	if errors.Is(err, github.ErrReadOnly) {
//		log.Notice(err.Error() + ". " + github.Advice(err))
//	}
package github
