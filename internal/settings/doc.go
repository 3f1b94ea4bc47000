// Package settings reads .github/layercause.yml, in which a repository says what
// layercause is to leave alone:
//
//	suggestions:
//	  off: [smaller-base, non-root] # rules that are not asked, or all
//	  commits: 100                  # how far back the replay goes
//
// In comes the text or the repository's folder; out come [Settings], with all that
// could be understood, and an [*Error] with the line of the first thing that could
// not. What the file may say is decided here alone; the names of the rules are
// handed in.
package settings
