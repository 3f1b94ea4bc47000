// Package cacheplan chooses the caches of a build that leaves them to layercause,
// with "cache: auto".
//
// In comes a [Situation]: what is built, of which branch, which caches the job can
// reach, and the earlier builds. Out comes a [Plan]: entries of --cache-from and
// --cache-to, and a sentence that says what was chosen and why. The package is
// pure.
//
// A cache belongs to one Dockerfile, context, target and list of platforms, since
// each export replaces what was there. Builds of the default branch, of a protected
// one, and of one that pull requests go to, export everything; others import from
// them, and export only where past builds show that it would have paid.
//
//	plan := cacheplan.Choose(cacheplan.Situation{…})
//	fmt.Println(plan.Why)
package cacheplan
