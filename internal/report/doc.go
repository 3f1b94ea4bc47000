// Package report turns what the earlier stages found into one value, [Report],
// and renders it: as report.json ([JSON]), as the comment on a pull request
// ([Comment]), as a step summary ([Summary]), as a self-contained page ([HTML])
// and as a few lines for a terminal ([Terminal]).
//
// In come the record of a build, what it was compared with, its causes, its
// ledger and the suggestions; out come bytes. The package is pure, and the same
// report always gives the same bytes.
//
// Everything that came from a repository, a build log or a record is hostile.
// It can only enter a rendering as a code span of a [sentence] or through one of
// the few functions in markdown.go, page.go and terminal.go that escape blocks
// of text, so that there is one place each to look at:
//
//	say("…")    words of our own, written as they are
//	code(text)  foreign text: cleaned of control, bidi and invisible characters,
//	            shortened, and escaped by the rendering
//	prose(text) foreign sentences: plain words stay words, the rest becomes code
//
// A comment and a summary have a budget of bytes. Sections are ordered by what
// helps first; those that do not fit are left out whole, and a last line names
// them.
package report
