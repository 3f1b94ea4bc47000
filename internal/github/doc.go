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
// GitHub has no compare-and-swap for comments. When two runs create one at the
// same time, each reads the list back, and the comment with the lowest number
// stays.
//
// A suggestion on lines ([Client.Suggest]) is committed with one click, so it is
// made only where the diff shows exactly the lines that it replaces. It carries a
// marker of its own, is made once, and is not made again after somebody resolved
// its thread, which only the GraphQL API tells.
//
//	c, err := github.New(github.Options{Token: token, BaseURL: apiURL})
//	res, err := c.Publish(ctx, github.Comment{
//		Repository: "acme/shop", Number: 7,
//		Key:  github.Key(workflow, job, dockerfile, target),
//		Body: markdown,
//	})
//	if errors.Is(err, github.ErrReadOnly) {
//		log.Notice(err.Error() + ". " + github.Advice(err))
//	}
package github
