// Package dockerfile knows where everything in a Dockerfile stands, and edits
// it without touching the rest.
//
// In comes the text of a Dockerfile; out goes a [File]: its stages, its
// instructions with their lines and byte ranges, and which variables each of
// them reads. BuildKit's own parser cuts the text into instructions, so
// continuations, heredocs, parser directives and JSON forms mean here what they
// mean in a build. What BuildKit would refuse later (an unknown flag, say) is
// kept as it stands, because a newer frontend may know it.
//
// The byte ranges of the instructions are in order, disjoint and inside the
// file. That is what makes edits safe: an [Edit] moves, removes and inserts
// whole instructions, every other byte stays, and [Diff] gives the difference
// as a patch for git apply.
//
//	f, err := dockerfile.Parse("Dockerfile", data)
//	e := f.Edit()
//	e.Move(3, 1)
//	patch := dockerfile.Diff("Dockerfile", data, e.Bytes())
//
// The package reads no file and imports no other package of this module.
package dockerfile
