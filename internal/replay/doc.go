// Package replay tells which steps the last commits of a branch would have
// executed again, under the Dockerfile and .dockerignore of then or edited ones.
//
// [Read] takes a [History] from git: which files each commit changed, in content
// or mode, and the texts of the files that say how to build. The work tree is not
// looked at, and nothing is written. [FromRecords] takes one from what earlier builds
// were made of. [History.Replay] is pure: it makes BuildKit's operations of each
// Dockerfile with BuildKit's own frontend, keys them with BuildKit's own code, selects
// the files of each with the code that the causes of a build use, and compares the
// keys of one commit with those of the ones before.
//
//	h, err := replay.Read(ctx, replay.Options{Dir: ".", Commits: 50})
//	…
//	was, err := h.Replay(replay.Recipe{Every: []string{"COMMIT"}})
//	is, err := h.Replay(replay.Recipe{Every: []string{"COMMIT"}, Edits: map[string]replay.Edit{
//		"Dockerfile": {Before: text, After: edited},
//	}})
//
// What a commit's build writes is not known, so what a step reads of another
// stage's output is taken to change whenever that stage is executed
// ([Miss.ByContent]).
package replay
